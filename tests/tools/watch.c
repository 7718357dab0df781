/*
 * watch: the ward as an MQTT subscriber sees it, on a terminal: a row a bed, and below it the alerts as they come.
 *
 *     watch BROKER BASE [SECONDS]        watch tcp://127.0.0.1:1883 wardgate/demo/ward 30
 *
 * Knows nothing but the topics. On a terminal it redraws; elsewhere it prints alerts line by line and the beds at the end.
 * Ends after SECONDS (0: when interrupted); exit status 0 only if alerts came.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <MQTTClient.h>

#define JSMN_STATIC
#define JSMN_PARENT_LINKS
#include <jsmn.h>

enum {
    BEDS_MAX = 64,
    ALARMS_MAX = 16,
    ALERTS_MAX = 12,
    TEXT_MAX = 64,
    LINE_MAX = 200,
    TOKENS_MAX = 512,
    BEAT_MS = 250
};

static const char *const SHOWN[] = {"hr", "pulse", "spo2", "resp", "nibp_sys", "temp"};
enum { SHOWN_COUNT = sizeof SHOWN / sizeof SHOWN[0] };

struct alarm {
    char name[TEXT_MAX], priority[TEXT_MAX], kind[TEXT_MAX];
};

struct bed {
    char id[TEXT_MAX];
    char vitals[SHOWN_COUNT][TEXT_MAX];
    struct alarm alarms[ALARMS_MAX];
};

struct screen {
    struct bed beds[BEDS_MAX];
    int bed_count;
    char alerts[ALERTS_MAX][LINE_MAX];
    unsigned long alert_count;
    bool terminal;
    time_t started;
};

static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

/* The text of member `key` of a flat object, or of an object one level down ("invalid", "hr"). */
static bool find_member(const char *json, const jsmntok_t *tokens, int count, const char *key, char *out, size_t size)
{
    for (int i = 1; i + 1 < count; i++) {
        const jsmntok_t *t = &tokens[i];
        if (t->type == JSMN_STRING && t->size == 1 && (size_t)(t->end - t->start) == strlen(key) &&
            strncmp(json + t->start, key, strlen(key)) == 0) {
            (void)snprintf(out, size, "%.*s", tokens[i + 1].end - tokens[i + 1].start, json + tokens[i + 1].start);
            return true;
        }
    }
    return false;
}

static int parse(const char *json, int length, jsmntok_t *tokens)
{
    jsmn_parser parser;
    jsmn_init(&parser);
    return jsmn_parse(&parser, json, (size_t)length, tokens, TOKENS_MAX);
}

static struct bed *find_bed(struct screen *screen, const char *id)
{
    int at = 0;
    while (at < screen->bed_count && strcmp(screen->beds[at].id, id) < 0) {
        at++;
    }
    if (at < screen->bed_count && strcmp(screen->beds[at].id, id) == 0) {
        return &screen->beds[at];
    }
    if (screen->bed_count == BEDS_MAX) {
        return NULL;
    }
    memmove(&screen->beds[at + 1], &screen->beds[at], (size_t)(screen->bed_count - at) * sizeof screen->beds[0]);
    screen->bed_count++;
    memset(&screen->beds[at], 0, sizeof screen->beds[at]);
    (void)snprintf(screen->beds[at].id, TEXT_MAX, "%s", id);
    return &screen->beds[at];
}

static void take_vitals(struct bed *bed, const char *json, const jsmntok_t *tokens, int count)
{
    for (int i = 0; i < SHOWN_COUNT; i++) {
        if (!find_member(json, tokens, count, SHOWN[i], bed->vitals[i], TEXT_MAX)) {
            (void)snprintf(bed->vitals[i], TEXT_MAX, "-");
        }
        for (char *c = strchr(bed->vitals[i], '_'); c != NULL; c = strchr(c, '_')) {
            *c = ' '; /* "no answer" */
        }
    }
}

/* The retained state of an alarm; an empty payload has ended it. */
static void take_alarm(struct bed *bed, const char *name, const char *json, const jsmntok_t *tokens, int count)
{
    struct alarm *empty = NULL;
    struct alarm *found = NULL;
    for (int i = 0; i < ALARMS_MAX; i++) {
        if (strcmp(bed->alarms[i].name, name) == 0) {
            found = &bed->alarms[i];
        } else if (bed->alarms[i].name[0] == '\0' && empty == NULL) {
            empty = &bed->alarms[i];
        }
    }
    found = found != NULL ? found : empty;
    if (found == NULL) {
        return;
    }
    memset(found, 0, sizeof *found);
    if (count > 0) {
        (void)snprintf(found->name, TEXT_MAX, "%s", name);
        (void)find_member(json, tokens, count, "priority", found->priority, TEXT_MAX);
        (void)find_member(json, tokens, count, "kind", found->kind, TEXT_MAX);
    }
}

static void take_alert(struct screen *screen, const char *json, const jsmntok_t *tokens, int count)
{
    char bed[TEXT_MAX] = "gateway";
    char at[TEXT_MAX] = "1970-01-01T00:00:00Z";
    char phase[TEXT_MAX] = "";
    char priority[TEXT_MAX] = "";
    char rule[TEXT_MAX] = "";
    char text[LINE_MAX] = "";
    char value[TEXT_MAX] = "";
    (void)find_member(json, tokens, count, "bed", bed, sizeof bed);
    (void)find_member(json, tokens, count, "at", at, sizeof at);
    (void)find_member(json, tokens, count, "phase", phase, sizeof phase);
    (void)find_member(json, tokens, count, "priority", priority, sizeof priority);
    (void)find_member(json, tokens, count, "rule", rule, sizeof rule);
    (void)find_member(json, tokens, count, "text", text, sizeof text);
    (void)find_member(json, tokens, count, "value", value, sizeof value);
    const bool has_value = strcmp(value, "null") != 0;
    memmove(screen->alerts[1], screen->alerts[0], sizeof screen->alerts - sizeof screen->alerts[0]);
    (void)snprintf(screen->alerts[0], LINE_MAX, "%.8s  %-8.8s %-6.6s %-10.10s %-26.26s %.70s%s%.12s", at + 11, bed,
                   priority, phase, rule, text, has_value ? "  now " : "", has_value ? value : "");
    screen->alert_count++;
    if (!screen->terminal) {
        (void)puts(screen->alerts[0]);
        (void)fflush(stdout);
    }
}

/* <base>/<bed>/<leaf>: the rest of the topic after the base. */
static void take(struct screen *screen, const char *rest, const char *json, int length)
{
    static jsmntok_t tokens[TOKENS_MAX];
    const char *slash = strchr(rest, '/');
    const int count = length > 0 ? parse(json, length, tokens) : 0;
    char id[TEXT_MAX];
    if (slash == NULL || count < 0) {
        return;
    }
    const char *leaf = slash + 1;
    (void)snprintf(id, sizeof id, "%.*s", (int)(slash - rest), rest);
    if (strcmp(leaf, "alert") == 0 || (strcmp(id, "gateway") == 0 && strstr(leaf, "/alert") != NULL)) {
        take_alert(screen, json, tokens, count);
        return;
    }
    if (strcmp(id, "gateway") == 0) {
        return;
    }
    struct bed *bed = find_bed(screen, id);
    if (bed != NULL && strcmp(leaf, "vitals") == 0) {
        take_vitals(bed, json, tokens, count);
    } else if (bed != NULL && strncmp(leaf, "alarm/", 6) == 0) {
        take_alarm(bed, leaf + 6, json, tokens, count);
    }
}

static int weight(const char *priority)
{
    return strcmp(priority, "high") == 0     ? 3
           : strcmp(priority, "medium") == 0 ? 2
           : strcmp(priority, "low") == 0    ? 1
                                             : 0;
}

/* Of two that are equally urgent the patient's own comes first. */
static int rank(const struct alarm *alarm)
{
    return 2 * weight(alarm->priority) + (strcmp(alarm->kind, "physiological") == 0 ? 1 : 0);
}

/* NULL: nothing but advisories. */
static const struct alarm *worst(const struct bed *bed)
{
    const struct alarm *found = NULL;
    for (int i = 0; i < ALARMS_MAX; i++) {
        const struct alarm *a = &bed->alarms[i];
        if (weight(a->priority) > 0 && (found == NULL || rank(a) > rank(found))) {
            found = a;
        }
    }
    return found;
}

static void draw_beds(const struct screen *screen)
{
    static const char *const colours[] = {"\033[0m", "\033[1;36m", "\033[1;33m", "\033[1;31m"};
    (void)printf("%-8s", "bed");
    for (int i = 0; i < SHOWN_COUNT; i++) {
        (void)printf("%11s", SHOWN[i]);
    }
    (void)printf("   alarm\n");
    for (int b = 0; b < screen->bed_count; b++) {
        const struct bed *bed = &screen->beds[b];
        const struct alarm *alarm = worst(bed);
        (void)printf("%-8s", bed->id);
        for (int i = 0; i < SHOWN_COUNT; i++) {
            (void)printf("%11.10s", bed->vitals[i]);
        }
        if (alarm == NULL) {
            (void)printf("\n");
        } else if (screen->terminal) {
            (void)printf("   %s%s %s\033[0m\n", colours[weight(alarm->priority)], alarm->priority, alarm->name);
        } else {
            (void)printf("   %s %s\n", alarm->priority, alarm->name);
        }
    }
}

static void draw(const struct screen *screen)
{
    (void)printf(
        "\033[H\033[2J\033[1mwardgate\033[0m  the ward as a subscriber sees it, %lu alerts in %ld s. Ctrl-C ends it.\n"
        "Secondary information: do not rely on it for alarms.\n\n",
        screen->alert_count, (long)(time(NULL) - screen->started));
    draw_beds(screen);
    (void)printf("\nalerts\n");
    for (int i = 0; i < ALERTS_MAX && screen->alerts[i][0] != '\0'; i++) {
        (void)printf("%s\n", screen->alerts[i]);
    }
    (void)fflush(stdout);
}

static void listen_for(MQTTClient client, struct screen *screen, const char *base, long seconds)
{
    const size_t base_length = strlen(base);
    time_t drawn = 0;
    while (stopping == 0 && (seconds == 0 || time(NULL) - screen->started < seconds)) {
        char *topic = NULL;
        int topic_length = 0;
        MQTTClient_message *message = NULL;
        if (MQTTClient_receive(client, &topic, &topic_length, &message, BEAT_MS) < 0) {
            (void)fprintf(stderr, "watch: the broker is gone\n");
            return;
        }
        if (message != NULL) {
            if (strlen(topic) > base_length) {
                take(screen, topic + base_length + 1, message->payload, message->payloadlen);
            }
            MQTTClient_freeMessage(&message);
            MQTTClient_free(topic);
        }
        if (screen->terminal && time(NULL) != drawn) {
            drawn = time(NULL);
            draw(screen);
        }
    }
}

static int run(const char *broker, const char *base, long seconds)
{
    static struct screen screen;
    MQTTClient client = NULL;
    MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
    char filter[256];
    char id[32];
    (void)snprintf(filter, sizeof filter, "%s/#", base);
    (void)snprintf(id, sizeof id, "watch-%ld", (long)getpid());
    screen.terminal = isatty(STDOUT_FILENO) == 1;
    screen.started = time(NULL);
    if (MQTTClient_create(&client, broker, id, MQTTCLIENT_PERSISTENCE_NONE, NULL) != MQTTCLIENT_SUCCESS ||
        MQTTClient_connect(client, &options) != MQTTCLIENT_SUCCESS ||
        MQTTClient_subscribe(client, filter, 1) != MQTTCLIENT_SUCCESS) {
        (void)fprintf(stderr, "watch: no broker at %s\n", broker);
        return 2;
    }
    listen_for(client, &screen, base, seconds);
    if (!screen.terminal) {
        (void)puts("");
        draw_beds(&screen);
    }
    (void)printf("%lu alerts in %ld s\n", screen.alert_count, (long)(time(NULL) - screen.started));
    (void)MQTTClient_disconnect(client, 100);
    MQTTClient_destroy(&client);
    return screen.alert_count > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc < 3 || argc > 4) {
        (void)fprintf(stderr, "usage: watch BROKER BASE [SECONDS]\n");
        return 2;
    }
    const struct sigaction stop = {.sa_handler = on_signal};
    (void)sigaction(SIGINT, &stop, NULL);
    (void)sigaction(SIGTERM, &stop, NULL);
    return run(argv[1], argv[2], argc == 4 ? strtol(argv[3], NULL, 10) : 0);
}
