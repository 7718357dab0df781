#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/settings/value.h"
#include "tests/scenario/scene.h"

#define MINUTE_MS 60000

bool scene_read_milli(const char *text, int32_t *out_milli)
{
    int64_t micro = 0;
    const char *unit = NULL;
    if (value_read_quantity(text, &micro, &unit) != VALUE_OK || unit[0] != '\0' || micro % 1000 != 0) {
        return false;
    }
    *out_milli = (int32_t)(micro / 1000);
    return true;
}

/* The last part are seconds, perhaps with decimals. */
bool scene_read_time(const char *text, int64_t *out_ms)
{
    int64_t ms = 0;
    unsigned parts = 0;
    for (const char *colon; (colon = strchr(text, ':')) != NULL; text = colon + 1) {
        char *end = NULL;
        const long whole = strtol(text, &end, 10);
        if (end != colon || end == text || whole < 0 || ++parts > 2) {
            return false;
        }
        ms = (ms + whole) * 60;
    }
    int32_t seconds_milli = 0;
    if (parts == 0 || text[0] < '0' || text[0] > '9' || !scene_read_milli(text, &seconds_milli) ||
        seconds_milli >= MINUTE_MS) {
        return false;
    }
    *out_ms = ms * 1000 + seconds_milli;
    return true;
}

void scene_print_time(int64_t ms, char text[32])
{
    const long long hours = ms / (60LL * MINUTE_MS), minutes = ms / MINUTE_MS % 60, seconds = ms % MINUTE_MS / 1000;
    int length = 0;
    if (hours > 0) {
        length = snprintf(text, 32, "%lld:", hours);
    }
    length += snprintf(text + length, 32 - (size_t)length, "%02lld:%02lld", minutes, seconds);
    if (ms % 1000 != 0) {
        (void)snprintf(text + length, 32 - (size_t)length, ".%03lld", (long long)(ms % 1000));
    }
}

/* One word more. */
static void add(char text[SCENE_TEXT_MAX], const char *word)
{
    const size_t length = strlen(text);
    (void)snprintf(text + length, SCENE_TEXT_MAX - length, "%s%s", length > 0 && word[0] != '\0' ? " " : "", word);
}

static void add_number(char text[SCENE_TEXT_MAX], const char *word, int32_t milli)
{
    char number[VALUE_TEXT_MAX];
    value_print_decimal((int64_t)milli * 1000, number);
    add(text, word);
    add(text, number);
}

static void add_time(char text[SCENE_TEXT_MAX], const char *word, int64_t ms)
{
    char time[32];
    scene_print_time(ms, time);
    add(text, word);
    add(text, time);
}

void scene_print_alert(const struct scene_alert *a, unsigned says, char text[SCENE_TEXT_MAX])
{
    text[0] = '\0';
    add_time(text, "", a->at_ms);
    if (a->bed > 0 && a->bed < SCENE_BEDS_MAX) { /* the gateway's own are said of no bed */
        const char bed[] = {'b', (char)('1' + a->bed), '\0'};
        add(text, bed);
    }
    add(text, alarm_phase_word(a->phase));
    add(text, a->name);
    says &= a->says;
    if ((says & SAYS_PRIORITY) != 0) {
        add(text, priority_word((enum priority)a->priority));
    }
    if ((says & SAYS_STATE) != 0) {
        add(text, "state");
        add(text, alarm_state_word(a->state));
    }
    if ((says & SAYS_VALUE) != 0) {
        add_number(text, "value", a->value_milli);
    }
    if ((says & SAYS_LIMIT) != 0) {
        add_number(text, "limit", a->limit_milli);
    }
    if ((says & SAYS_VIOLATED) != 0) {
        add_time(text, "violated", a->violated_ms);
    }
    if ((says & SAYS_CONDITION) != 0) {
        add_time(text, "condition", a->condition_ms);
    }
    if ((says & SAYS_REASON) != 0) {
        add(text, "reason");
        add(text, a->reason != REASON_NONE ? alarm_reason_word(a->reason) : "none");
    }
    if ((says & SAYS_INACTIVATION) != 0) {
        add(text, "inactivation");
        add(text, alarm_inactivation_word(a->inactivation));
    }
    if ((says & SAYS_PART) != 0) {
        add(text, "part_of");
        add(text, a->part_of);
    }
    if ((says & SAYS_ABOUT) != 0) {
        add(text, "about");
        add(text, a->about[0] != '\0' ? a->about : "nothing");
    }
    if ((says & SAYS_STANDS) != 0) {
        add(text, "stands_for");
        add(text, a->stands_for[0] != '\0' ? a->stands_for : "nothing");
    }
}

void scene_print_estimate(const struct scene_estimate *e, char text[SCENE_TEXT_MAX])
{
    text[0] = '\0';
    add(text, e->name);
    add(text, e->result);
    add(text, "missing");
    add(text, e->missing == 0 ? "none" : "");
    for (unsigned i = 0; i < ESTIMATE_INPUT_COUNT; i++) {
        add(text, (e->missing >> i & 1U) != 0 ? estimate_input_name(i) : "");
    }
}

void scene_print_score(const struct scene_score *s, char text[SCENE_TEXT_MAX])
{
    text[0] = '\0';
    add(text, score_name(s->score));
    if (s->sign == '?') {
        add(text, "unknown");
    } else {
        add_number(text, s->sign == '=' ? "=" : ">=", s->total_milli);
        add(text, s->band);
    }
    add(text, "missing");
    add(text, s->missing == 0 ? "none" : "");
    for (unsigned p = 0; p < SCORE_PART_COUNT; p++) {
        add(text, (s->missing >> p & 1U) != 0 ? score_part_name((enum score_part)p) : "");
    }
}

int scene_word_index(const char *word, const char *(*word_of)(unsigned index), unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(word, word_of(i)) == 0) {
            return (int)i;
        }
    }
    return -1;
}

void scene_fail(struct scene *scene, unsigned line, const char *format, ...)
{
    if (scene->fault[0] != '\0') {
        return;
    }
    va_list arguments;
    const int length = snprintf(scene->fault, sizeof scene->fault, "%u: ", line);
    va_start(arguments, format);
    (void)vsnprintf(scene->fault + length, sizeof scene->fault - (size_t)length, format, arguments);
    va_end(arguments);
}
