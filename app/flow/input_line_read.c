/*
 * Lines as inputs of an engine. What a line is, one of its keys says: `recording`, `input`, `command`, `alarm`; without any of them it holds
 * observations. A key that is not asked for is a fault: a word misspelt must not change what is replayed in silence.
 */
#include <inttypes.h>
#include <string.h>

#include "app/engine/suggest.h"
#include "app/flow/input_reading.h"

/* --- observations -------------------------------------------------------------------------------------------- */

/* "72", or "0 sensor_off", "120 valid found" as a text. */
static bool read_value(struct reading *r, const struct json_member *m, struct observation *o)
{
    char text[INPUT_WORD_MAX];
    int64_t milli = 0;
    if (m->kind == JSON_NUMBER) {
        const bool read = reading_parse_milli(m->value, m->value_length, INT32_MAX, &milli);
        o->value_milli = (int32_t)milli;
        return read || reading_refuse(r, "'%.*s' is no number with at most three places", (int)m->key_length, m->key);
    }
    if (!json_read_text(m, text, sizeof text)) {
        return reading_refuse(r, "'%.*s' is no value", (int)m->key_length, m->key);
    }
    bool has_quality = false;
    char *rest = NULL;
    for (const char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        unsigned quality = 0;
        while (quality < QUALITY_COUNT && strcmp(quality_word((enum quality)quality), word) != 0) {
            quality++;
        }
        if (strcmp(word, "found") == 0) {
            o->flags |= OBSERVATION_AGE_UNKNOWN;
        } else if (strcmp(word, "entered") == 0) {
            o->flags |= OBSERVATION_ENTERED;
        } else if (quality < QUALITY_COUNT) {
            o->quality = (uint8_t)quality;
            has_quality = true;
        } else if (reading_parse_milli(word, strlen(word), INT32_MAX, &milli)) {
            o->value_milli = (int32_t)milli;
        } else {
            return reading_refuse(r, "'%s' is neither a number nor a quality nor 'found' or 'entered'", word);
        }
    }
    return has_quality || reading_refuse(r, "'%.*s' has no quality in its text", (int)m->key_length, m->key);
}

static bool read_bool(struct reading *r, const struct json_member *m, struct observation *o)
{
    o->value_milli = m->kind == JSON_TRUE ? 1 : 0;
    return m->kind == JSON_TRUE || m->kind == JSON_FALSE ||
           reading_refuse(r, "'%.*s' is neither true nor false", (int)m->key_length, m->key);
}

static bool read_identity(struct reading *r, const struct json_member *m, struct observation *o)
{
    uint64_t hash = 0;
    if (m->kind != JSON_TEXT || m->value_length > 8 || !reading_parse_unsigned(m->value, m->value_length, 16, &hash)) {
        return reading_refuse(r, "'identity' is no text of 8 hexadecimal digits");
    }
    const uint32_t bits = (uint32_t)hash;
    memcpy(&o->value_milli, &bits, sizeof bits);
    return true;
}

/* By its name, or by its number if the configuration has none for it. */
static bool read_signal(struct reading *r, const struct json_member *m, const char *name, struct observation *o)
{
    const struct bed_config *bed = &r->config->beds[o->bed];
    const size_t length = (size_t)(m->key + m->key_length - name);
    uint64_t number = UINT64_MAX;
    for (unsigned i = 0; i < bed->signal_count; i++) {
        const struct signal_config *signal = &bed->signals[i];
        if (signal->monitor == o->monitor && strlen(signal->name) == length &&
            memcmp(signal->name, name, length) == 0) {
            number = signal->number;
        }
    }
    if (number > UINT8_MAX && (!reading_parse_unsigned(name, length, 10, &number) || number > UINT8_MAX)) {
        return reading_refuse(r, "'%.*s': the bed has no such signal", (int)m->key_length, m->key);
    }
    o->kind = OBSERVATION_SIGNAL;
    o->signal = (uint8_t)number;
    return read_bool(r, m, o);
}

static bool refuse_key(struct reading *r, const struct json_member *m)
{
    const char *names[VITAL_COUNT];
    for (unsigned v = 0; v < VITAL_COUNT; v++) {
        names[v] = vital_info((enum vital)v)->name;
    }
    const char *near = suggest(m->key, m->key_length, names, VITAL_COUNT);
    return reading_refuse(r, "'%.*s' is no vital%s%s%s", (int)m->key_length, m->key,
                          near != NULL ? " (did you mean '" : "", near != NULL ? near : "", near != NULL ? "'?)" : "");
}

static bool has_head(const struct json_member *m, const char *head, const char **out_rest)
{
    const size_t length = strlen(head);
    *out_rest = m->key + length;
    return m->key_length > length && memcmp(m->key, head, length) == 0;
}

static bool read_observation(struct reading *r, const struct json_member *m, struct observation *o)
{
    static const struct {
        const char *key;
        enum observation_kind kind;
    } plain[] = {{"heard", OBSERVATION_HEARD}, {"lost", OBSERVATION_LOST}, {"outdated", OBSERVATION_OUTDATED}};
    const char *rest = NULL;
    for (unsigned i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (json_member_is(m, plain[i].key)) {
            o->kind = (uint8_t)plain[i].kind;
            return m->kind == JSON_TRUE || reading_refuse(r, "'%s' can only be true", plain[i].key);
        }
    }
    if (json_member_is(m, "identity")) {
        o->kind = OBSERVATION_IDENTITY;
        return read_identity(r, m, o);
    }
    if (has_head(m, "signal.", &rest)) {
        return read_signal(r, m, rest, o);
    }
    const bool refused = has_head(m, "refused.", &rest);
    const char *name = refused ? rest : m->key;
    const enum vital vital = vital_by_name(name, (size_t)(m->key + m->key_length - name));
    if (vital == VITAL_NONE) {
        return refuse_key(r, m);
    }
    o->kind = refused ? OBSERVATION_REFUSED : OBSERVATION_VALUE;
    o->vital = (uint8_t)vital;
    return refused ? read_bool(r, m, o) : read_value(r, m, o);
}

static bool read_observations(struct reading *r)
{
    struct input_line *line = r->line;
    struct observation o = {.quality = QUALITY_VALID};
    if (!reading_place(r, &o.at_ms, &line->stepped) || !reading_bed(r, "bed", &o.bed) ||
        !reading_monitor(r, &o.monitor)) {
        return false;
    }
    for (unsigned i = 0; i < r->count; i++) {
        if ((r->asked >> i & 1U) != 0) {
            continue;
        }
        if (line->count == INPUT_LINE_OBSERVATIONS) {
            return reading_refuse(r, "more than %d observations in one line", INPUT_LINE_OBSERVATIONS);
        }
        struct observation *next = &line->observations[line->count];
        *next = o;
        if (!read_observation(r, &r->members[i], next)) {
            return false;
        }
        r->asked |= UINT32_C(1) << i;
        line->inputs[line->count] = (struct engine_input){.kind = INPUT_OBSERVATION,
                                                          .at_ms = o.at_ms,
                                                          .stepped = line->stepped && line->count == 0,
                                                          .observation = next};
        line->count++;
    }
    return line->count > 0 || reading_refuse(r, "nothing was observed");
}

/* --- marks --------------------------------------------------------------------------------------------------- */

static bool read_head(struct reading *r)
{
    struct input_line *line = r->line;
    char recording[INPUT_WORD_MAX] = "";
    uint64_t version = 0;
    line->mark = INPUT_MARK_HEAD;
    line->head = (struct input_head){.configuration = 0};
    if (!reading_text(r, "recording", recording, sizeof recording) ||
        !reading_unsigned(r, "version", UINT32_MAX, &version) ||
        !reading_text(r, "program", line->head.program, INPUT_WORD_MAX) ||
        !reading_hex(r, "configuration", &line->head.configuration) ||
        !reading_text(r, "gateway", line->head.gateway, INPUT_WORD_MAX) ||
        !reading_text(r, "boot", line->head.boot, INPUT_WORD_MAX) ||
        !reading_text(r, "epoch", line->head.epoch, INPUT_WORD_MAX)) {
        return false;
    }
    return (strcmp(recording, "wardgate") == 0 && version == INPUT_LINE_VERSION) ||
           reading_refuse(r,
                          "it is a recording of another program or of another version (%" PRIu64 ", this one reads %d)",
                          version, INPUT_LINE_VERSION);
}

static bool read_check(struct reading *r)
{
    struct input_line *line = r->line;
    line->mark = INPUT_MARK_CHECK;
    return reading_place(r, &line->at_ms, &line->stepped) &&
           reading_unsigned(r, "records", UINT64_MAX, &line->records) && reading_hex(r, "digest", &line->digest);
}

static bool read_input(struct reading *r)
{
    struct input_line *line = r->line;
    char word[INPUT_WORD_MAX] = "";
    if (!reading_text(r, "input", word, sizeof word)) {
        return false;
    }
    if (strcmp(word, "check") == 0) {
        return read_check(r);
    }
    if (strcmp(word, "dropped") == 0) {
        line->mark = INPUT_MARK_DROPPED;
        return reading_unsigned(r, "records", UINT64_MAX, &line->records);
    }
    if (strcmp(word, "end") == 0) {
        line->mark = INPUT_MARK_END;
        return reading_text(r, "why", word, sizeof word);
    }
    for (unsigned kind = 0; kind < INPUT_KIND_COUNT; kind++) {
        if (strcmp(engine_input_word(kind), word) == 0) {
            return input_read_other(r, (enum engine_input_kind)kind);
        }
    }
    return reading_refuse(r, "there is no input '%s'", word);
}

static bool is_all_asked(struct reading *r)
{
    for (unsigned i = 0; i < r->count; i++) {
        if ((r->asked >> i & 1U) == 0) {
            return reading_refuse(r, "'%.*s' has no place in this line, or stands in it twice",
                                  (int)r->members[i].key_length, r->members[i].key);
        }
    }
    return true;
}

bool input_line_read(const struct engine_config *config, const char *bytes, size_t length, struct input_line *out,
                     char *fault, size_t fault_size)
{
    struct reading r = {.config = config, .line = out, .fault = fault, .fault_size = fault_size};
    fault[0] = '\0';
    out->mark = INPUT_MARK_NONE;
    out->count = 0;
    out->stepped = out->any_stay = out->any_alarm = false;
    out->alarm_name[0] = '\0';
    if (!json_read_object(bytes, length, r.members, JSON_MEMBERS_MAX, &r.count)) {
        return reading_refuse(&r, "it is no flat JSON object of at most %d members", JSON_MEMBERS_MAX);
    }
    const bool read = reading_find(&r, "recording") != NULL ? read_head(&r)
                      : reading_find(&r, "input") != NULL   ? read_input(&r)
                      : reading_find(&r, "command") != NULL ? input_read_command(&r)
                      : reading_find(&r, "alarm") != NULL   ? input_read_reported(&r)
                                                            : read_observations(&r);
    return read && is_all_asked(&r);
}
