#include "app/flow/command_read.h"

#include <assert.h>
#include <string.h>

#include "app/engine/staffing.h"
#include "app/flow/bed_numbers.h"
#include "app/flow/json_read.h"
#include "app/flow/timebase.h"
#include "app/settings/value.h"

#define NUMBER_TEXT_MAX 32
#define ID_DIGITS       16
#define SEQ_MAX         INT64_C(1000000000000) /* in millionths it is a number still */
#define OF(name)        (1U << COMMAND_##name)
#define OF_ALL          (OF(COUNT_OF_KINDS) - 1U)

enum { COMMAND_COUNT_OF_KINDS = COMMAND_KIND_COUNT }; /* for OF */

_Static_assert(COMMAND_KEYS_MAX <= JSON_MEMBERS_MAX, "a payload may have all of them");

struct reading {
    const struct engine_config *config;
    struct bed_command *command;
    struct command_times *times;
    bool is_local;
};

const char *command_fault_text(unsigned fault)
{
    static const char *const texts[] = {
#define COMMAND_KEY_TEXT(name, wanted) #name,
        COMMAND_KEY_LIST(COMMAND_KEY_TEXT)
#undef COMMAND_KEY_TEXT
            [COMMAND_FAULT_FORM] = "not a flat JSON object",
        [COMMAND_FAULT_UNKNOWN_KEY] = "a key that is unknown, or there twice",
        [COMMAND_FAULT_TOO_LONG] = "too long",
    };
    return fault < sizeof texts / sizeof texts[0] ? texts[fault] : "";
}

const char *command_fault_wanted(unsigned fault)
{
    static const char *const texts[] = {
#define COMMAND_KEY_WANTED(name, wanted) wanted,
        COMMAND_KEY_LIST(COMMAND_KEY_WANTED)
#undef COMMAND_KEY_WANTED
    };
    return fault < sizeof texts / sizeof texts[0] ? texts[fault] : "";
}

/* ---- one key each: false when its value is none that this key can have ---- */

static bool read_word(const struct json_member *m, char *out, size_t size)
{
    if (!json_read_text(m, out, size) || strchr(out, ' ') != NULL) {
        out[0] = '\0'; /* half a word would be answered, and recorded, as if it had been sent */
    }
    return out[0] != '\0';
}

static bool read_hex(const struct json_member *m, uint64_t *out)
{
    char text[ID_DIGITS + 1];
    uint64_t number = 0;
    if (!json_read_text(m, text, sizeof text) || strlen(text) != ID_DIGITS ||
        strspn(text, "0123456789abcdef") != ID_DIGITS) {
        return false;
    }
    for (const char *c = text; *c != '\0'; c++) {
        number = number << 4 | (unsigned)(*c <= '9' ? *c - '0' : *c - 'a' + 10);
    }
    *out = number;
    return number != 0; /* 0 stands for none */
}

/* A number whose millionths are a multiple of step, within its bounds, in units of step. */
static bool read_number(const struct json_member *m, int64_t step, int64_t least, int64_t most, int64_t *out)
{
    char text[NUMBER_TEXT_MAX];
    int64_t micro = 0;
    const char *unit = "";
    if (m->kind != JSON_NUMBER || m->value_length >= sizeof text) {
        return false;
    }
    memcpy(text, m->value, m->value_length);
    text[m->value_length] = '\0';
    if (value_read_quantity(text, &micro, &unit) != VALUE_OK || *unit != '\0' || micro % step != 0) {
        return false;
    }
    *out = micro / step;
    return *out >= least && *out <= most;
}

static bool read_schema(struct reading *r, const struct json_member *m)
{
    (void)r;
    char text[2];
    return json_read_text(m, text, sizeof text) && strcmp(text, "1") == 0;
}

static bool read_id(struct reading *r, const struct json_member *m)
{
    return read_word(m, r->command->id, sizeof r->command->id);
}

static bool read_by(struct reading *r, const struct json_member *m)
{
    return read_word(m, r->command->by, sizeof r->command->by);
}

static bool read_command(struct reading *r, const struct json_member *m)
{
    char text[COMMAND_ID_MAX];
    if (!read_word(m, text, sizeof text)) {
        return false;
    }
    for (unsigned kind = 0; kind < COMMAND_KIND_COUNT; kind++) {
        if (strcmp(text, command_word(kind)) == 0) {
            r->command->kind = (uint8_t)kind;
            return true;
        }
    }
    r->command->verdict = VERDICT_UNKNOWN_COMMAND;
    return true;
}

static bool read_stay(struct reading *r, const struct json_member *m)
{
    r->times->has_stay = true;
    return m->kind == JSON_NULL || read_hex(m, &r->command->stay);
}

static bool read_time(const struct json_member *m, int64_t *out_ms)
{
    char text[48];
    return json_read_text(m, text, sizeof text) && time_read(text, out_ms);
}

static bool read_at(struct reading *r, const struct json_member *m)
{
    r->times->has_at = true;
    return read_time(m, &r->times->at_wall_ms);
}

static bool read_expires_at(struct reading *r, const struct json_member *m)
{
    r->times->has_expires = true;
    return read_time(m, &r->times->expires_wall_ms);
}

static bool read_alarm_id(struct reading *r, const struct json_member *m)
{
    return read_hex(m, &r->command->alarm_id);
}

static bool read_rev(struct reading *r, const struct json_member *m)
{
    int64_t rev = 0;
    const bool good = read_number(m, 1000000, 1, UINT32_MAX, &rev);
    r->command->rev = good ? (uint32_t)rev : 0;
    return good;
}

static bool read_what(struct reading *r, const struct json_member *m)
{
    char text[COMMAND_ID_MAX];
    for (uint8_t what = PAUSE_AUDIO; read_word(m, text, sizeof text) && what < PAUSE_WHAT_COUNT; what++) {
        if (strcmp(text, pause_word(what)) == 0) {
            r->command->what = what;
            return true;
        }
    }
    return false;
}

static bool read_rule(struct reading *r, const struct json_member *m)
{
    char text[RULE_NAME_MAX];
    if (!read_word(m, text, sizeof text)) {
        return false;
    }
    for (uint16_t i = 0; i < r->config->rule_count; i++) {
        if (strcmp(text, r->config->rules[i].name) == 0) {
            r->command->rule = i;
            return true;
        }
    }
    r->command->verdict = VERDICT_UNKNOWN_RULE;
    return true;
}

/* Of the rule, which was read before. */
static bool find_parameter(struct reading *r, const char *name)
{
    const uint16_t rule = r->command->rule;
    for (uint8_t i = 0; rule < r->config->rule_count && i < PARAMETERS_MAX; i++) {
        const char *there = r->config->rules[rule].parameters[i].name;
        if (there != NULL && strcmp(there, name) == 0) {
            r->command->parameter = i;
            return true;
        }
    }
    return false;
}

static bool read_parameter(struct reading *r, const struct json_member *m)
{
    char text[RULE_NAME_MAX];
    if (!read_word(m, text, sizeof text)) {
        return false;
    }
    r->command->verdict = find_parameter(r, text) ? r->command->verdict : VERDICT_UNKNOWN_RULE;
    return true;
}

/* Before the value, whose words depend on it. */
static bool read_vital(struct reading *r, const struct json_member *m)
{
    char text[COMMAND_ID_MAX];
    const enum vital vital = read_word(m, text, sizeof text) ? vital_by_name(text, strlen(text)) : VITAL_NONE;
    r->command->vital = (uint8_t)vital;
    return vital != VITAL_NONE;
}

static bool read_coded(struct reading *r, const struct json_member *m)
{
    char text[COMMAND_ID_MAX];
    const bool named = r->command->kind == COMMAND_observe && r->command->vital < VITAL_COUNT;
    return named && read_word(m, text, sizeof text) &&
           entry_value((enum vital)r->command->vital, text, &r->command->value_milli);
}

/* Before the value, too. */
static bool read_attribute(struct reading *r, const struct json_member *m)
{
    char text[COMMAND_ID_MAX];
    r->command->attribute = read_word(m, text, sizeof text) ? attribute_by_name(text) : ATTRIBUTE_NONE;
    return r->command->attribute != ATTRIBUTE_NONE;
}

/* False: a number may stand there still. */
static bool read_told(struct reading *r, const struct json_member *m, bool *good)
{
    char text[COMMAND_ID_MAX];
    r->command->has_value = m->kind != JSON_NULL;
    if (m->kind == JSON_TEXT) {
        *good = r->command->attribute < ATTRIBUTE_COUNT && read_word(m, text, sizeof text) &&
                attribute_value(r->command->attribute, text, &r->command->value_milli);
    }
    return m->kind == JSON_TEXT || m->kind == JSON_NULL;
}

static bool read_value(struct reading *r, const struct json_member *m)
{
    int64_t milli = 0;
    bool told = true;
    if (r->command->kind == COMMAND_describe && read_told(r, m, &told)) {
        return told;
    }
    if (m->kind == JSON_TEXT) {
        return read_coded(r, m);
    }
    const bool good = read_number(m, 1000, INT32_MIN, INT32_MAX, &milli);
    r->command->value_milli = good ? (int32_t)milli : 0;
    return good;
}

static bool read_observed_at(struct reading *r, const struct json_member *m)
{
    r->times->has_observed = true;
    return read_time(m, &r->times->observed_wall_ms);
}

static bool read_scale(struct reading *r, const struct json_member *m)
{
    int64_t scale = 0;
    const bool good = read_number(m, 1000000, SCORING_SPO2_SCALE_1, SCORING_SPO2_SCALE_2, &scale);
    r->command->scale = (uint8_t)scale;
    return good;
}

static bool read_reason(struct reading *r, const struct json_member *m)
{
    return json_read_text(m, r->command->reason, sizeof r->command->reason) &&
           strspn(r->command->reason, " ") < strlen(r->command->reason);
}

static bool read_duration(struct reading *r, const struct json_member *m)
{
    char text[VALUE_TEXT_MAX];
    int64_t ms = 0;
    if (!json_read_text(m, text, sizeof text) || value_read_duration(text, &ms) != VALUE_OK || ms < 1 ||
        ms > AWAY_MS_MAX) {
        return false;
    }
    r->command->duration_ms = (uint32_t)ms;
    return true;
}

static bool read_to_bed(struct reading *r, const struct json_member *m)
{
    char text[COMMAND_ID_MAX];
    if (!read_word(m, text, sizeof text)) {
        return false;
    }
    r->command->to_bed = bed_index(r->config, text);
    r->command->verdict = r->command->to_bed == BED_NONE ? VERDICT_UNKNOWN_BED : r->command->verdict;
    return true;
}

static bool read_priority(struct reading *r, const struct json_member *m)
{
    char text[COMMAND_ID_MAX];
    for (uint8_t p = PRIORITY_LOW; read_word(m, text, sizeof text) && p <= PRIORITY_HIGH; p++) {
        if (strcmp(text, priority_word((enum priority)p)) == 0) {
            r->command->priority = p;
            return true;
        }
    }
    return false;
}

static bool read_nurses(struct reading *r, const struct json_member *m)
{
    int64_t nurses = 0;
    const bool good = read_number(m, 1000000, 0, STAFFING_NURSES_MAX, &nurses);
    r->command->nurses = good ? (uint8_t)nurses : 0;
    return good;
}

static bool read_until(struct reading *r, const struct json_member *m)
{
    r->times->has_until = true;
    return read_time(m, &r->times->until_wall_ms);
}

static bool read_seq(const struct json_member *m, uint64_t *out)
{
    int64_t seq = 0;
    const bool good = read_number(m, 1000000, 1, SEQ_MAX, &seq);
    *out = good ? (uint64_t)seq : 0;
    return good;
}

static bool read_from_seq(struct reading *r, const struct json_member *m)
{
    return read_seq(m, &r->command->from_seq);
}

static bool read_through_seq(struct reading *r, const struct json_member *m)
{
    return read_seq(m, &r->command->through_seq);
}

/* ---- all keys ---- */

/* In this order they are read. */
static const struct key {
    const char *name;
    bool (*read)(struct reading *r, const struct json_member *m);
    uint32_t may, must; /* bit per command: have it */
    bool local_may_omit;
} keys[COMMAND_KEYS_MAX] = {
    [COMMAND_KEY_id] = {"id", read_id, OF_ALL, OF_ALL, true},
    [COMMAND_KEY_by] = {"by", read_by, OF_ALL, OF_ALL, true},
    [COMMAND_KEY_command] = {"command", read_command, OF_ALL, OF_ALL, false},
    [COMMAND_KEY_schema] = {"schema", read_schema, OF_ALL, 0, false},
    [COMMAND_KEY_stay] = {"stay", read_stay, OF_ALL, OF_ALL, true},
    [COMMAND_KEY_at] = {"at", read_at, OF_ALL, OF_ALL, true},
    [COMMAND_KEY_expires_at] = {"expires_at", read_expires_at, OF_ALL, 0, false},
    [COMMAND_KEY_alarm_id] = {"alarm_id", read_alarm_id, OF(acknowledge), OF(acknowledge), false},
    [COMMAND_KEY_rev] = {"rev", read_rev, OF(acknowledge), OF(acknowledge), false},
    [COMMAND_KEY_what] = {"what", read_what, OF(pause) | OF(resume), OF(pause), false},
    [COMMAND_KEY_rule] = {"rule", read_rule, OF(set_limit) | OF(reset_limit) | OF(pause) | OF(resume),
                          OF(set_limit) | OF(reset_limit), false},
    [COMMAND_KEY_parameter] = {"parameter", read_parameter, OF(set_limit) | OF(reset_limit), 0, false},
    [COMMAND_KEY_vital] = {"vital", read_vital, OF(observe) | OF(retract), OF(observe) | OF(retract), false},
    [COMMAND_KEY_attribute] = {"attribute", read_attribute, OF(describe), OF(describe), false},
    [COMMAND_KEY_value] = {"value", read_value, OF(set_limit) | OF(observe) | OF(describe),
                           OF(set_limit) | OF(observe) | OF(describe), false},
    [COMMAND_KEY_observed_at] = {"observed_at", read_observed_at, OF(observe) | OF(retract), OF(observe) | OF(retract),
                                 true},
    [COMMAND_KEY_scale] = {"scale", read_scale, OF(set_scale), OF(set_scale), false},
    [COMMAND_KEY_reason] = {"reason", read_reason, OF(set_scale) | OF(set_staff), OF(set_scale) | OF(set_staff), false},
    [COMMAND_KEY_duration] = {"duration", read_duration, OF(away) | OF(pause), 0, false},
    [COMMAND_KEY_to_bed] = {"to_bed", read_to_bed, OF(transfer), OF(transfer), false},
    [COMMAND_KEY_priority] = {"priority", read_priority, OF(test_alert), 0, false},
    [COMMAND_KEY_nurses] = {"nurses", read_nurses, OF(set_staff), OF(set_staff), false},
    [COMMAND_KEY_until] = {"until", read_until, OF(set_staff), 0, false},
    [COMMAND_KEY_from_seq] = {"from_seq", read_from_seq, OF(resend), OF(resend), false},
    [COMMAND_KEY_through_seq] = {"through_seq", read_through_seq, OF(resend), 0, false},
};

static unsigned find_key(const struct json_member *m)
{
    unsigned key = 0;
    while (key < COMMAND_KEYS_MAX && !json_member_is(m, keys[key].name)) {
        key++;
    }
    return key;
}

/* Sorts members by key; false when one is unknown or there twice. */
static bool sort_members(const struct json_member *members, unsigned count,
                         const struct json_member *sorted[COMMAND_KEYS_MAX])
{
    bool good = true;
    for (unsigned i = 0; i < count; i++) {
        const unsigned key = find_key(&members[i]);
        if (key < COMMAND_KEYS_MAX && sorted[key] == NULL) {
            sorted[key] = &members[i];
        } else {
            good = false;
        }
    }
    return good;
}

/* The commands whose keys count: before the word is read, and for one that nobody knows, all of them. */
static uint32_t commands_meant(const struct reading *r)
{
    return r->command->kind < COMMAND_KIND_COUNT ? 1U << r->command->kind : OF_ALL;
}

static bool read_key(struct reading *r, const struct key *key, const struct json_member *member)
{
    const uint32_t meant = commands_meant(r);
    if (member == NULL) {
        return (key->must & meant) != meant || (r->is_local && key->local_may_omit);
    }
    return (key->may & meant) != 0 && key->read(r, member);
}

static void refuse(struct bed_command *command, unsigned fault)
{
    command->verdict = VERDICT_MALFORMED;
    command->fault = (uint8_t)fault;
}

/* What a key that was left out means. */
static void fill_in(struct reading *r)
{
    struct bed_command *c = r->command;
    const bool names_rule = c->kind == COMMAND_set_limit || c->kind == COMMAND_reset_limit;
    if (c->duration_ms == 0 && c->kind == COMMAND_away) {
        c->duration_ms = AWAY_MS_DEFAULT;
    }
    if (names_rule && c->verdict == VERDICT_ACCEPTED && c->parameter == UINT8_MAX && !find_parameter(r, "limit")) {
        c->verdict = VERDICT_UNKNOWN_RULE;
    }
}

void command_read(const struct engine_config *config, const char *json, size_t length, struct bed_command *out,
                  struct command_times *out_times)
{
    struct json_member members[COMMAND_KEYS_MAX];
    const struct json_member *sorted[COMMAND_KEYS_MAX] = {NULL};
    struct reading r = {.config = config, .command = out, .times = out_times, .is_local = out->role == ROLE_local};
    unsigned count = 0;
    *out = (struct bed_command){.bed = out->bed,
                                .role = out->role,
                                .origin = out->origin,
                                .kind = COMMAND_KIND_COUNT,
                                .to_bed = BED_NONE,
                                .rule = RULE_NONE,
                                .parameter = UINT8_MAX,
                                .vital = VITAL_NONE,
                                .attribute = ATTRIBUTE_NONE,
                                .priority = PRIORITY_LOW};
    *out_times = (struct command_times){.has_at = false};
    if (!json_read_object(json, length, members, COMMAND_KEYS_MAX, &count)) {
        refuse(out, COMMAND_FAULT_FORM);
        return;
    }
    const bool known = sort_members(members, count, sorted);
    for (unsigned key = 0; key < COMMAND_KEYS_MAX; key++) {
        if (!read_key(&r, &keys[key], sorted[key])) {
            refuse(out, key);
            return;
        }
    }
    if (!known) {
        refuse(out, COMMAND_FAULT_UNKNOWN_KEY);
    }
    fill_in(&r);
}

void command_place(const struct command_times *times, int64_t correction_ms, struct bed_command *out)
{
    out->has_observed = times->has_observed;
    out->observed_wall_ms = times->observed_wall_ms;
    out->observed_ms = times->observed_wall_ms - correction_ms;
    out->has_until = times->has_until;
    out->until_wall_ms = times->until_wall_ms;
    out->until_ms = times->until_wall_ms - correction_ms;
}
