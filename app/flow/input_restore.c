/* Lines that hold what an engine begins from, its begin, and the gateway's own conditions. */
#include "app/flow/input_reading.h"

#include <string.h>

#include "app/flow/snapshot_read.h"

/* `count` words of hexadecimal digits, one blank between. */
static bool read_hex_words(struct reading *r, const char *key, uint32_t *out, unsigned count)
{
    char text[ENGINE_LIMITS_PER_BED_MAX * 24] = "";
    char *rest = NULL;
    if (!reading_text(r, key, text, sizeof text)) {
        return false;
    }
    const char *word = strtok_r(text, " ", &rest);
    for (unsigned i = 0; i < count; i++, word = strtok_r(NULL, " ", &rest)) {
        uint64_t number = 0;
        if (word == NULL || strlen(word) > 8 || !reading_parse_unsigned(word, strlen(word), 16, &number)) {
            return reading_refuse(r, "'%s' has not %u numbers", key, count);
        }
        out[i] = (uint32_t)number;
    }
    return word == NULL || reading_refuse(r, "'%s' has more than %u numbers", key, count);
}

/* Four numbers each, as they were written. */
static bool read_pauses(struct reading *r, struct bed_snapshot *stay)
{
    char text[PAUSES_PER_BED_MAX * 48] = "";
    char *rest = NULL;
    uint64_t numbers[4 * PAUSES_PER_BED_MAX] = {0};
    unsigned count = 0;
    if (!reading_text(r, "pauses", text, sizeof text)) {
        return false;
    }
    for (const char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        if (count == 4 * PAUSES_PER_BED_MAX || !reading_parse_unsigned(word, strlen(word), 16, &numbers[count++])) {
            return reading_refuse(r, "'pauses' has not %d numbers", 4 * PAUSES_PER_BED_MAX);
        }
    }
    for (unsigned i = 0; i < PAUSES_PER_BED_MAX; i++) {
        const uint64_t *of = &numbers[4 * i];
        stay->pauses[i].what = of[0] < PAUSE_WHAT_COUNT ? (uint32_t)of[0] : PAUSE_NONE;
        stay->pauses[i].rule_key = (uint32_t)of[1];
        memcpy(&stay->pauses[i].from_ms, &of[2], sizeof(int64_t));
        memcpy(&stay->pauses[i].until_ms, &of[3], sizeof(int64_t));
    }
    return true;
}

static void take_attributes(const uint32_t words[2 * ATTRIBUTE_COUNT], struct attributes *out)
{
    for (unsigned i = 0; i < ATTRIBUTE_COUNT; i++) {
        out->known |= (uint16_t)((words[2 * i] != 0 ? 1U : 0U) << i);
        memcpy(&out->value_milli[i], &words[2 * i + 1], sizeof(int32_t));
    }
}

static bool read_stay(struct reading *r, struct engine_input *input)
{
    struct bed_snapshot *stay = &r->line->stay;
    uint32_t identities[ENGINE_MONITORS_PER_BED_MAX] = {0}, limits[2 * ENGINE_LIMITS_PER_BED_MAX] = {0};
    uint32_t attributes[2 * ATTRIBUTE_COUNT] = {0};
    *stay = (struct bed_snapshot){.stay = 0};
    input->stay = stay;
    if (!reading_bed(r, "bed", &input->bed) || !reading_hex(r, "stay", &stay->stay) ||
        !reading_instant(r, "from", &stay->stay_start_ms) || !reading_instant(r, "began", &stay->stay_began_ms) ||
        !reading_instant(r, "admission", &stay->admission_ms) ||
        !reading_unsigned(r, "bed_seq", UINT64_MAX, &stay->bed_seq) ||
        !reading_number(r, "spo2_scale", UINT8_MAX, &stay->spo2_scale) ||
        !reading_instant(r, "away_until", &stay->away_until_ms) || !reading_instant(r, "away_at", &stay->away_at_ms) ||
        !read_hex_words(r, "identities", identities, ENGINE_MONITORS_PER_BED_MAX) ||
        !read_hex_words(r, "limits", limits, 2 * ENGINE_LIMITS_PER_BED_MAX) || !read_pauses(r, stay) ||
        !read_hex_words(r, "attributes", attributes, 2 * ATTRIBUTE_COUNT) ||
        !reading_instant(r, "fed_at", &stay->attributes.fed_at_ms)) {
        return false;
    }
    memcpy(stay->identity, identities, sizeof identities);
    for (unsigned i = 0; i < ENGINE_LIMITS_PER_BED_MAX; i++) {
        stay->limits[i].key = limits[2 * i];
        memcpy(&stay->limits[i].value_milli, &limits[2 * i + 1], sizeof(int32_t));
    }
    take_attributes(attributes, &stay->attributes);
    return true;
}

static bool read_flags(struct reading *r, struct alert *a, bool *unverified)
{
    bool *const places[] = {&a->clock_synced, &a->test,        &a->unverified, &a->has_value,
                            &a->has_limit,    &a->is_repeated, unverified,     &a->escalated};
    static const char *const words[] = {"synced", "test",     "unverified",     "value",
                                        "limit",  "repeated", "now_unverified", "escalated"};
    char text[96] = "";
    char *rest = NULL;
    if (!reading_text(r, "flags", text, sizeof text)) {
        return false;
    }
    for (const char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        unsigned i = 0;
        while (i < sizeof words / sizeof words[0] && strcmp(words[i], word) != 0) {
            i++;
        }
        if (i == sizeof words / sizeof words[0]) {
            return reading_refuse(r, "'flags' has no '%s'", word);
        }
        *places[i] = true;
    }
    return true;
}

static bool read_alarm_numbers(struct reading *r, struct alert *a)
{
    uint64_t rev = 0;
    const bool read = reading_hex(r, "id", &a->id) && reading_unsigned(r, "rev", UINT32_MAX, &rev) &&
                      reading_unsigned(r, "seq", UINT64_MAX, &a->seq) &&
                      reading_unsigned(r, "bed_seq", UINT64_MAX, &a->bed_seq) && reading_hex(r, "stay", &a->stay) &&
                      reading_milli(r, "value", &a->value_milli) && reading_milli(r, "limit", &a->limit_milli) &&
                      reading_instant(r, "at", &a->at_ms) && reading_instant(r, "violated_at", &a->violated_at_ms) &&
                      reading_instant(r, "condition_at", &a->condition_at_ms) &&
                      reading_instant(r, "raised_at", &a->raised_at_ms) &&
                      reading_instant(r, "pressing_at", &a->pressing_at_ms) &&
                      reading_instant(r, "unseen_since", &a->unseen_since_ms);
    a->rev = (uint32_t)rev;
    return read;
}

static bool read_alarm_words(struct reading *r, struct alert *a)
{
    return reading_number(r, "phase", PHASE_END, &a->phase) && reading_number(r, "state", ALARM_ENDED, &a->state) &&
           reading_number(r, "inactivation", INACTIVATION_ALARM_PAUSED, &a->inactivation) &&
           reading_number(r, "unpaused", INACTIVATION_ALARM_PAUSED, &a->unpaused) &&
           reading_number(r, "priority", PRIORITY_HIGH, &a->priority) &&
           reading_number(r, "kind", KIND_ADVISORY, &a->kind) &&
           reading_number(r, "source", SOURCE_MONITOR, &a->source) &&
           reading_number(r, "reason", REASON_COUNT - 1, &a->reason) &&
           reading_number(r, "vital", VITAL_NONE, &a->vital) &&
           reading_utf8(r, "detail", a->detail, sizeof a->detail) &&
           reading_utf8(r, "reported", a->reported, sizeof a->reported);
}

static bool read_stands_for(struct reading *r, struct alert *a)
{
    char digits[2 * sizeof a->stands_for + 1] = "";
    uint64_t key = 0;
    if (!reading_text(r, "stands_for", digits, sizeof digits) ||
        !reading_unsigned(r, "stands_for_key", UINT32_MAX, &key)) {
        return false;
    }
    for (unsigned i = 0; i < sizeof a->stands_for; i++) {
        uint64_t byte = 0;
        if (!reading_parse_unsigned(digits + (size_t)2 * i, strnlen(digits + (size_t)2 * i, 2), 16, &byte)) {
            return reading_refuse(r, "'stands_for' has not %zu digits", 2 * sizeof a->stands_for);
        }
        a->stands_for[i] = (uint8_t)byte;
    }
    a->stands_for_key = (uint32_t)key;
    return true;
}

static bool read_cause(struct reading *r, struct alert *a)
{
    uint64_t index = 0;
    const bool read = reading_hex(r, "part_of", &a->part_of) &&
                      reading_unsigned(r, "part_of_alarm", BUILTIN_COUNT - 1, &index) && read_stands_for(r, a);
    a->part_of_index = (uint16_t)index;
    return read;
}

static bool read_alarm(struct reading *r, struct engine_input *input)
{
    struct input_line *line = r->line;
    struct alert *a = &line->alarm.last;
    char name[ALARM_NAME_MAX] = "";
    line->alarm = (struct alarm_snapshot){.last = {.vital = VITAL_NONE}};
    uint16_t bed = BED_NONE;
    const struct json_member *place = reading_find(r, "bed");
    if ((place != NULL && place->kind != JSON_NULL && !reading_bed(r, "bed", &bed)) ||
        !reading_text(r, "name", name, sizeof name) || !read_alarm_numbers(r, a) || !read_alarm_words(r, a) ||
        !read_cause(r, a) || !read_flags(r, a, &input->flag)) {
        return false;
    }
    if (!alarm_find(r->config, bed, name, &line->key)) {
        return reading_refuse(r, "there is no alarm '%s'", name);
    }
    a->vital = snapshot_vital(a->vital);
    a->key = line->key;
    input->alarm = &line->alarm;
    input->key = &line->key;
    return true;
}

static bool read_condition(struct reading *r, struct engine_input *input)
{
    char name[INPUT_WORD_MAX] = "";
    uint8_t priority = PRIORITY_NONE;
    r->line->detail[0] = '\0';
    input->detail = r->line->detail;
    if (!reading_text(r, "condition", name, sizeof name) || !reading_flag(r, "on", &input->flag) ||
        !reading_word(r, "priority", reading_priority_word, PRIORITY_HIGH + 1, &priority) ||
        !reading_utf8(r, "detail", r->line->detail, sizeof r->line->detail)) {
        return false;
    }
    input->priority = (enum priority)priority;
    for (unsigned i = BUILTIN_BED_COUNT; i < BUILTIN_COUNT; i++) {
        if (strcmp(builtin_alarm_info((enum builtin_alarm)i)->name, name) == 0) {
            input->number = i;
            return true;
        }
    }
    return reading_refuse(r, "the gateway has no condition '%s'", name);
}

bool input_read_other(struct reading *r, enum engine_input_kind kind)
{
    struct engine_input *input = &r->line->inputs[r->line->count++];
    *input = (struct engine_input){.kind = kind};
    const bool timed = kind == INPUT_RESTORE_BEGIN || kind == INPUT_RESTORE_END || kind >= INPUT_BEGIN;
    if (timed && !reading_place(r, &input->at_ms, &input->stepped)) {
        return false;
    }
    switch (kind) {
    case INPUT_SEED:
        return reading_hex(r, "seed", &input->number);
    case INPUT_CLOCK:
        input->at_ms = INT64_MIN;
        return reading_instant(r, "t", &input->at_ms) && reading_flag(r, "stepped", &input->stepped) &&
               reading_flag(r, "on", &input->flag);
    case INPUT_NUMBERS:
        return reading_unsigned(r, "seq", UINT64_MAX, &input->number) &&
               reading_unsigned(r, "next_id", UINT64_MAX, &input->number_2);
    case INPUT_STAY:
        return read_stay(r, input);
    case INPUT_PAST:
    case INPUT_ALARM:
        return read_alarm(r, input);
    case INPUT_SAID:
        input->detail = r->line->detail;
        return reading_bed(r, "bed", &input->bed) && reading_text(r, "name", r->line->detail, sizeof r->line->detail) &&
               reading_instant(r, "said_at", &input->at_ms);
    case INPUT_CONDITION:
        return read_condition(r, input);
    case INPUT_LINE:
        return reading_unsigned(r, "line", UINT16_MAX, &input->number) &&
               reading_unsigned(r, "state", LINE_DOWN, &input->number_2);
    case INPUT_RESTORE_BEGIN:
    case INPUT_RESTORE_END:
    case INPUT_BEGIN:
    case INPUT_CONTINUE:
    case INPUT_RETIRE:
        return true;
    case INPUT_OBSERVATION:
    case INPUT_REPORTED:
    case INPUT_COMMAND:
    case INPUT_KIND_COUNT:
        break;
    }
    return reading_refuse(r, "'%s' has a form of its own", engine_input_word(kind));
}
