#include "tests/ward/ward_file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/ward/ward.h"
#include "tests/ward/ward_serial.h"
#include "tests/ward/ward_tcp.h"

enum {
    LINE_LENGTH_MAX = 1024,
    WORDS_MAX = 32,
    UNIT_MAX = 247,
    CUFF_PERIOD_MS_MIN = 30000,
    CUFF_PERIOD_MS_MAX = 3600000,
    CUFF_PERIOD_MS_DEFAULT = 300000
};

/* One item of the description. */
struct item {
    struct ward *ward;
    char **words;
    size_t count;
    char why[200];
};

__attribute__((format(printf, 2, 3))) static bool fail(struct item *item, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(item->why, sizeof item->why, format, arguments);
    va_end(arguments);
    return false;
}

/* The value of `key=` from the given word on; NULL when it is not there. */
static const char *option(const struct item *item, size_t from, const char *key)
{
    const char *value = NULL;
    for (size_t i = from; i < item->count; i++) {
        if (ward_text_option(item->words[i], key, &value)) {
            return value;
        }
    }
    return NULL;
}

static bool option_number(const struct item *item, size_t from, const char *key, int64_t low, int64_t high,
                          int64_t *out)
{
    const char *value = option(item, from, key);
    return value == NULL || ward_text_number(value, low, high, out);
}

static bool option_duration(const struct item *item, size_t from, const char *key, int64_t *out_ns)
{
    const char *value = option(item, from, key);
    return value == NULL || ward_text_duration(value, out_ns);
}

/* Every word from `from` on must be one of the keys, a zero-terminated list: "baud=", or "strict" for a plain word. */
static bool options_known(struct item *item, size_t from, const char *const keys[])
{
    for (size_t i = from; i < item->count; i++) {
        const char *const *key = keys;
        while (*key != NULL && (strncmp(item->words[i], *key, strlen(*key)) != 0 ||
                                ((*key)[strlen(*key) - 1] != '=' && strcmp(item->words[i], *key) != 0))) {
            key++;
        }
        if (*key == NULL) {
            return fail(item, "%.60s is not known here, remove it", item->words[i]);
        }
    }
    return true;
}

static bool name_is_free(struct item *item, const char *name)
{
    if (!ward_text_is_name(name)) {
        return fail(item, "%.40s is not a name, use a letter, then letters, digits, - or _", name);
    }
    if (ward_command_is_word(name) || ward_link_by_name(item->ward, name) != NULL ||
        ward_monitor_by_name(item->ward, name) != NULL) {
        return fail(item, "%s is taken, choose another name", name);
    }
    return true;
}

/* A new link, not yet counted: NULL when there is no room or its name is not free. */
static struct ward_link *link_new(struct item *item, enum ward_link_kind kind)
{
    struct ward *ward = item->ward;
    if (item->count < 3) {
        fail(item, "write %s", kind == WARD_SERIAL ? "line NAME PATH [OPTIONS]" : "tcp NAME HOST:PORT [OPTIONS]");
        return NULL;
    }
    if (ward->link_count == WARD_LINKS_MAX) {
        fail(item, "more than %d lines, start a second ward", WARD_LINKS_MAX);
        return NULL;
    }
    if (!name_is_free(item, item->words[1])) {
        return NULL;
    }
    struct ward_link *link = &ward->links[ward->link_count];
    *link = (struct ward_link){.kind = kind, .loop = &ward->loop, .random = (uint32_t)ward->link_count};
    snprintf(link->name, sizeof link->name, "%s", item->words[1]);
    link->counts.smallest_gap_ns = WARD_NEVER;
    return link;
}

static bool serial_options(struct item *item, struct ward_link *link)
{
    static const char *const keys[] = {"baud=", "parity=", "stop=", "turnaround=", "strict", NULL};
    int64_t baud = 19200;
    int64_t stop_bits = 1;
    const char *parity = option(item, 3, "parity");
    parity = parity == NULL ? "even" : parity;
    if (!options_known(item, 3, keys)) {
        return false;
    }
    if (!option_number(item, 3, "baud", 1200, 230400, &baud) || !ward_serial_knows_baud((unsigned)baud)) {
        return fail(item, "baud is none a terminal has, use 9600, 19200 ...");
    }
    if (!option_number(item, 3, "stop", 1, 2, &stop_bits)) {
        return fail(item, "stop is 1 or 2");
    }
    if (strcmp(parity, "even") != 0 && strcmp(parity, "odd") != 0 && strcmp(parity, "none") != 0) {
        return fail(item, "parity is even, odd or none");
    }
    if (!option_duration(item, 3, "turnaround", &link->turnaround_ns)) {
        return fail(item, "turnaround is a duration like 2ms");
    }
    link->serial.baud = (unsigned)baud;
    link->serial.stop_bits = (unsigned)stop_bits;
    link->serial.parity = strcmp(parity, "even") == 0 ? 'E' : strcmp(parity, "odd") == 0 ? 'O' : 'N';
    for (size_t i = 3; i < item->count; i++) {
        link->serial.strict = link->serial.strict || strcmp(item->words[i], "strict") == 0;
    }
    return true;
}

static bool item_line(struct item *item)
{
    struct ward_link *link = link_new(item, WARD_SERIAL);
    if (link == NULL || !serial_options(item, link)) {
        return false;
    }
    link->serial.master = link->serial.slave = -1;
    if ((size_t)snprintf(link->serial.path, sizeof link->serial.path, "%s", item->words[2]) >=
        sizeof link->serial.path) {
        return fail(item, "the path is too long");
    }
    if (!ward_serial_plug(link)) {
        return fail(item, "cannot make a pty at %.100s (%s), choose a path in a folder that exists", item->words[2],
                    strerror(errno));
    }
    item->ward->link_count++;
    return true;
}

static bool tcp_address(const char *text, struct sockaddr_in *out)
{
    char host[INET_ADDRSTRLEN];
    const char *colon = strrchr(text, ':');
    int64_t port = 0;
    *out = (struct sockaddr_in){.sin_family = AF_INET};
    if (colon == NULL || (size_t)(colon - text) >= sizeof host || !ward_text_number(colon + 1, 0, 65535, &port)) {
        return false;
    }
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    out->sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, host, &out->sin_addr) == 1;
}

static bool item_tcp(struct item *item)
{
    static const char *const keys[] = {"turnaround=", "baud=", NULL};
    struct ward_link *link = link_new(item, WARD_TCP);
    int64_t baud = 0;
    if (link == NULL || !options_known(item, 3, keys)) {
        return false;
    }
    if (!option_duration(item, 3, "turnaround", &link->turnaround_ns) ||
        !option_number(item, 3, "baud", 1200, 230400, &baud)) {
        return fail(item, "turnaround is a duration like 1ms, baud a number");
    }
    if (!tcp_address(item->words[2], &link->tcp.address)) {
        return fail(item, "%.60s is not an address, write 127.0.0.1:15021", item->words[2]);
    }
    link->tcp.listener = -1;
    link->tcp.pool = &item->ward->pool;
    link->tcp.char_ns = baud == 0 ? 0 : ward_link_char_ns((unsigned)baud, true, 1);
    link->tcp.silence_ns = ward_link_silence_ns((unsigned)baud, link->tcp.char_ns);
    if (!ward_tcp_listen(link)) {
        return fail(item, "cannot listen on %.60s (%s), choose another port", item->words[2], strerror(errno));
    }
    item->ward->link_count++;
    return true;
}

static bool monitor_generated(struct item *item, struct ward_monitor *monitor, int64_t unit)
{
    static const char *const keys[] = {"seed=", "cuff=", "identity=", NULL};
    int64_t seed = unit;
    int64_t cuff_ns = CUFF_PERIOD_MS_DEFAULT * WARD_MS;
    if (!options_known(item, 5, keys)) {
        return false;
    }
    if (!option_number(item, 5, "seed", 0, INT32_MAX, &seed) || !option_duration(item, 5, "cuff", &cuff_ns) ||
        cuff_ns < CUFF_PERIOD_MS_MIN * WARD_MS || cuff_ns > CUFF_PERIOD_MS_MAX * WARD_MS) {
        return fail(item, "seed is a number, cuff a duration of 30s to 60min");
    }
    ward_patient_init(&monitor->patient, (uint32_t)seed, cuff_ns / WARD_MS);
    return true;
}

static bool monitor_recording(struct item *item, struct ward_monitor *monitor)
{
    static const char *const keys[] = {"speed=", "offset=", "map=", "absent=", "identity=", NULL};
    const char *map = option(item, 6, "map");
    int64_t speed = 1;
    int64_t offset_ns = 0;
    if (item->count < 6 || map == NULL) {
        return fail(item, "write monitor NAME LINE UNIT recording FILE map=COLUMN=vital,...,COLUMN=time [OPTIONS]");
    }
    if (!options_known(item, 6, keys)) {
        return false;
    }
    if (!option_number(item, 6, "speed", 1, 10000, &speed) || !option_duration(item, 6, "offset", &offset_ns)) {
        return fail(item, "speed is a whole number, offset a duration like 1680s");
    }
    FILE *file = fopen(item->words[5], "re");
    if (file == NULL) {
        return fail(item, "cannot read %.100s (%s), start the ward where that path leads", item->words[5],
                    strerror(errno));
    }
    char why[100];
    const bool loaded = ward_recording_load(&monitor->recording, file, map, option(item, 6, "absent"), why, sizeof why);
    fclose(file);
    if (!loaded) {
        return fail(item, "%.80s: %s", item->words[5], why);
    }
    monitor->recorded = true;
    monitor->recording.speed = speed;
    monitor->recording.offset_ms = offset_ns / WARD_MS;
    return true;
}

static bool monitor_registers(struct item *item, struct ward_monitor *monitor)
{
    static const char *const keys[] = {NULL};
    if (item->count < 6 || !options_known(item, 6, keys)) {
        return item->count < 6 ? fail(item, "write monitor NAME LINE UNIT registers FILE") : false;
    }
    FILE *file = fopen(item->words[5], "re");
    if (file == NULL) {
        return fail(item, "cannot read %.100s (%s), start the ward where that path leads", item->words[5],
                    strerror(errno));
    }
    char why[100];
    const bool loaded = ward_map_load(&monitor->map, file, why, sizeof why);
    fclose(file);
    if (!loaded) {
        return fail(item, "%.80s: %s", item->words[5], why);
    }
    monitor->mapped = true;
    return true;
}

/* Where the monitor hangs and under which name. */
static bool monitor_place(struct item *item, struct ward_monitor *monitor, int64_t *unit)
{
    if (!name_is_free(item, item->words[1])) {
        return false;
    }
    monitor->link = ward_link_by_name(item->ward, item->words[2]);
    if (monitor->link == NULL) {
        return fail(item, "there is no line %.32s, write it above its monitors", item->words[2]);
    }
    if (!ward_text_number(item->words[3], 1, UNIT_MAX, unit)) {
        return fail(item, "unit %.20s is not in 1..%d", item->words[3], UNIT_MAX);
    }
    if (monitor->link->by_unit[*unit] != NULL) {
        return fail(item, "unit %s of %s is %s already, choose another", item->words[3], monitor->link->name,
                    monitor->link->by_unit[*unit]->name);
    }
    const char *identity = option(item, 5, "identity");
    snprintf(monitor->name, sizeof monitor->name, "%s", item->words[1]);
    snprintf(monitor->identity, sizeof monitor->identity, "%.*s", WARD_IDENTITY_LENGTH,
             identity == NULL ? monitor->name : identity);
    monitor->unit = (uint8_t)*unit;
    return true;
}

static bool monitor_source(struct item *item, struct ward_monitor *monitor, int64_t unit)
{
    if (strcmp(item->words[4], "generated") == 0) {
        return monitor_generated(item, monitor, unit);
    }
    if (strcmp(item->words[4], "recording") == 0) {
        return monitor_recording(item, monitor);
    }
    if (strcmp(item->words[4], "registers") == 0) {
        return monitor_registers(item, monitor);
    }
    return fail(item, "%.32s is no source, write generated, recording or registers", item->words[4]);
}

static bool item_monitor(struct item *item)
{
    struct ward *ward = item->ward;
    int64_t unit = 0;
    if (item->count < 5) {
        return fail(item, "write monitor NAME LINE UNIT generated|recording|registers [OPTIONS]");
    }
    if (ward->monitor_count == WARD_MONITORS_MAX) {
        return fail(item, "more than %d monitors, start a second ward", WARD_MONITORS_MAX);
    }
    struct ward_monitor *monitor = &ward->monitors[ward->monitor_count];
    memset(monitor, 0, sizeof *monitor);
    if (!monitor_place(item, monitor, &unit)) {
        return false;
    }
    if (!monitor_source(item, monitor, unit)) {
        return false;
    }
    monitor->link->by_unit[unit] = monitor;
    ward->monitor_count++;
    return true;
}

static bool item_at(struct item *item)
{
    struct ward *ward = item->ward;
    struct ward_timed timed = {0};
    const bool repeats = item->count > 3 && strcmp(item->words[2], "every") == 0;
    const size_t from = repeats ? 4 : 2;
    if (item->count < from || !ward_text_duration(item->words[1], &timed.due_ns) ||
        (repeats && (!ward_text_duration(item->words[3], &timed.period_ns) || timed.period_ns < WARD_S))) {
        return fail(item, "write at TIME [every PERIOD] SUBJECT VERB [ARGUMENTS], a period of at least 1s");
    }
    if (ward->timed_count == WARD_TIMED_MAX) {
        return fail(item, "more than %d timed commands, use standard input", WARD_TIMED_MAX);
    }
    if (!ward_command_parse(ward, item->words + from, item->count - from, &timed.command, item->why,
                            sizeof item->why)) {
        return false;
    }
    ward->timed[ward->timed_count++] = timed;
    return true;
}

static bool item_control(struct item *item)
{
    if (item->count != 2 || item->ward->console.listener.fd >= 0) {
        return fail(item, "write control PATH, once");
    }
    return ward_console_listen(item->ward, item->words[1]) ||
           fail(item, "cannot listen on %.100s (%s), choose another path", item->words[1], strerror(errno));
}

static bool item_read(struct item *item)
{
    static const struct {
        const char *name;
        bool (*read)(struct item *item);
    } items[] = {
        {"line", item_line}, {"tcp", item_tcp}, {"monitor", item_monitor}, {"at", item_at}, {"control", item_control}};
    if (item->count > WORDS_MAX) {
        return fail(item, "more than %d words", WORDS_MAX);
    }
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        if (strcmp(items[i].name, item->words[0]) == 0) {
            return items[i].read(item);
        }
    }
    return fail(item, "%.32s is no item, write line, tcp, monitor, at or control", item->words[0]);
}

static bool line_read(struct item *item, char *line)
{
    char expanded[LINE_LENGTH_MAX];
    if (strlen(line) == LINE_LENGTH_MAX - 1) {
        return fail(item, "longer than %d characters", LINE_LENGTH_MAX - 2);
    }
    line[strcspn(line, "#")] = '\0'; /* a variable in a comment need not exist */
    if (!ward_text_expand(line, expanded, sizeof expanded)) {
        return fail(item, "%.190s", expanded);
    }
    item->count = ward_text_split(expanded, item->words, WORDS_MAX);
    return item->count == 0 || item_read(item);
}

bool ward_file_load(struct ward *ward, const char *path)
{
    char line[LINE_LENGTH_MAX];
    char *words[WORDS_MAX];
    struct item item = {.ward = ward, .words = words};
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr, "ward: cannot read %s (%s)\n", path, strerror(errno));
        return false;
    }
    bool good = true;
    for (unsigned number = 1; good && fgets(line, sizeof line, file) != NULL; number++) {
        good = line_read(&item, line);
        if (!good) {
            fprintf(stderr, "ward: %s:%u: %s\n", path, number, item.why);
        }
    }
    fclose(file);
    return good;
}
