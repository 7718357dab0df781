#include "drivers/monitor/hl7/alarms.h"

#include <stdio.h>
#include <string.h>

#include "app/engine/alert.h"
#include "drivers/monitor/hl7/codes.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { PARTITION_EVENTS = 3, EVENT_ALARM = 196616, EVENT_ACTIVE = 258047, REPETITIONS_MAX = 8 };

enum facet {
    FACET_NONE,
    FACET_SOURCE,
    FACET_PHASE,
    FACET_STATE,
    FACET_INACTIVATION,
    FACET_PRIORITY,
    FACET_TYPE,
    FACET_TEXT
};

/* The older number is 0 where there is none. */
static const struct {
    enum facet facet;
    const char *reference;
    uint32_t number, older;
} facets[] = {
    {FACET_SOURCE, "MDC_ATTR_ALERT_SOURCE", 68480, 68164},
    {FACET_PHASE, "MDC_ATTR_EVENT_PHASE", 68481, 68165},
    {FACET_PHASE, "MDC_ATTR_EVT_PHASE", 68481, 68165},
    {FACET_STATE, "MDC_ATTR_ALARM_STATE", 68482, 68166},
    {FACET_STATE, "MDC_ATTR_ALERT_STATE", 68482, 68166},
    {FACET_INACTIVATION, "MDC_ATTR_ALARM_INACTIVATION_STATE", 68483, 68167},
    {FACET_PRIORITY, "MDC_ATTR_ALARM_PRIORITY", 68484, 68168},
    {FACET_TYPE, "MDC_ATTR_ALERT_TYPE", 68485, 0},
    {FACET_TEXT, "MDC_ATTR_ALERT_TEXT", 68546, 0},
};

static enum facet facet_of(const struct code *code)
{
    for (size_t i = 0; i < COUNT(facets); i++) {
        if (text_is(code->reference, facets[i].reference)) {
            return facets[i].facet;
        }
    }
    for (size_t i = 0; i < COUNT(facets) && code->number != 0; i++) {
        if (code->number == facets[i].number || code->number == facets[i].older) {
            return facets[i].facet;
        }
    }
    return FACET_NONE;
}

static bool is_event(const struct code *code)
{
    return text_begins(code->reference, "MDC_EVT_") || text_begins(code->reference, "MDCX_EVT_") ||
           code->number >> 16 == PARTITION_EVENTS;
}

bool alarms_is_event(const struct message *message, struct text segment)
{
    const struct code code = code_of(message, message_field(message, segment, 3));
    return facet_of(&code) == FACET_NONE && is_event(&code);
}

/* --- names --------------------------------------------------------------------------------------------------- */

/* Lower case letters, digits, and underscores between them. */
static void write_name(struct text text, char out[MONITOR_ALARM_NAME_MAX])
{
    size_t used = 0;
    for (size_t i = 0; i < text.length && used + 1 < MONITOR_ALARM_NAME_MAX; i++) {
        const char c = text.at[i];
        const bool is_capital = c >= 'A' && c <= 'Z';
        if (is_capital || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
            out[used++] = is_capital ? (char)(c - 'A' + 'a') : c;
        } else if (used > 0 && out[used - 1] != '_') {
            out[used++] = '_';
        }
    }
    while (used > 0 && out[used - 1] == '_') {
        used--;
    }
    out[used] = '\0';
}

static struct text without_head(struct text reference)
{
    static const char *const heads[] = {"MDC_EVT_", "MDCX_EVT_", "MDC_"};
    for (size_t i = 0; i < COUNT(heads); i++) {
        if (text_begins(reference, heads[i])) {
            const size_t length = strlen(heads[i]);
            return (struct text){reference.at + length, reference.length - length};
        }
    }
    return reference;
}

/* By its name, else by its number; empty when it has neither. */
static void name_code(const struct code *code, char out[MONITOR_ALARM_NAME_MAX])
{
    write_name(without_head(code->reference), out);
    if (out[0] == '\0' && code->number != 0) {
        (void)snprintf(out, MONITOR_ALARM_NAME_MAX, "%lu", (unsigned long)code->number);
    }
}

/* --- facets -------------------------------------------------------------------------------------------------- */

static bool is_limit_event(const struct code *code)
{
    static const struct {
        uint32_t number;
        const char *reference;
    } events[] = {{196648, "MDC_EVT_HI"}, {196650, "MDC_EVT_HI_GT_LIM"}, {196652, "MDC_EVT_HI_VAL_GT_LIM"},
                  {196670, "MDC_EVT_LO"}, {196672, "MDC_EVT_LO_LT_LIM"}, {196674, "MDC_EVT_LO_VAL_LT_LIM"}};
    for (size_t i = 0; i < COUNT(events); i++) {
        if (text_is(code->reference, events[i].reference) ||
            (code->reference.length == 0 && code->number == events[i].number)) {
            return true;
        }
    }
    return false;
}

/* The plain "alarm" event has the real one as its value, coded or as words; others are it themselves. */
static void take_event(const struct message *message, struct text segment, struct alarm_facts *facts)
{
    const struct text value = message_field(message, segment, 5);
    const struct code own = code_of(message, message_field(message, segment, 3));
    const struct code said = code_of(message, value);
    const struct text original = message_component(message, value, 9);
    const struct code *event = own.number == EVENT_ALARM && is_event(&said) ? &said : &own;
    const bool is_coded = said.reference.length > 0 || is_event(&said);
    facts->begun = true;
    facts->is_limit = event->number != EVENT_ALARM && is_limit_event(event);
    facts->is_watchdog = text_is(event->reference, "MDC_EVT_WATCHDOG");
    facts->is_sign_of_life = text_is(event->reference, "MDC_EVT_ACTIVE") || event->number == EVENT_ACTIVE;
    message_text(message, original.length > 0 || is_coded ? original : message_repetition(message, value, 1),
                 facts->text, sizeof facts->text);
    name_code(event, facts->name);
    if (event->number == EVENT_ALARM) {
        write_name((struct text){facts->text, strlen(facts->text)}, facts->name);
    }
    if (facts->name[0] == '\0') {
        write_name((struct text){"alarm", 5}, facts->name); /* without a letter or a digit */
    }
}

static void take_source(const struct message *message, struct text field, struct alarm_facts *facts)
{
    enum vital vital = VITAL_NONE;
    unsigned rank = 0;
    const struct code code = code_of(message, field);
    if (codes_find_vital(message, field, &vital, &rank)) {
        facts->vital = (uint8_t)vital;
        (void)snprintf(facts->source, sizeof facts->source, "%s", vital_info(vital)->name);
    } else if (code.number != 0) {
        name_code(&code, facts->source);
    }
}

static void take_phase(struct text value, struct alarm_facts *facts)
{
    static const struct {
        const char *word;
        enum alarm_said said;
    } phases[] = {{"start", SAID_BEGIN},       {"update", SAID_BEGIN},     {"escalate", SAID_BEGIN},
                  {"de-escalate", SAID_BEGIN}, {"deescalate", SAID_BEGIN}, {"tpoint", SAID_ONCE},
                  {"continue", SAID_AGAIN},    {"present", SAID_AGAIN},    {"end", SAID_END},
                  {"reset", SAID_END}};
    for (size_t i = 0; i < COUNT(phases); i++) {
        if (text_is_word(value, phases[i].word)) {
            facts->said = phases[i].said;
        }
    }
}

/* Several may hold at once: the one that takes away most. */
static void take_inactivation(const struct message *message, struct text field, struct alarm_facts *facts)
{
    static const struct {
        const char *word;
        uint8_t inactivation;
    } states[] = {{"alert-acknowledged", INACTIVATION_ACKNOWLEDGED},
                  {"audio-paused", INACTIVATION_AUDIO_PAUSED},
                  {"audio-off", INACTIVATION_AUDIO_PAUSED},
                  {"alarm-paused", INACTIVATION_ALARM_PAUSED},
                  {"alarm-off", INACTIVATION_ALARM_PAUSED}};
    for (unsigned r = 1; r <= REPETITIONS_MAX; r++) {
        const struct text word = message_component(message, message_repetition(message, field, r), 1);
        for (size_t i = 0; i < COUNT(states); i++) {
            if (text_is_word(word, states[i].word) && states[i].inactivation > facts->inactivation) {
                facts->inactivation = states[i].inactivation;
            }
        }
    }
}

/* PI and PU (indeterminate, unknown) say nothing. */
static void take_priority(struct text word, struct alarm_facts *facts)
{
    static const struct {
        const char *word;
        enum priority priority;
    } priorities[] = {{"PH", PRIORITY_HIGH}, {"PM", PRIORITY_MEDIUM}, {"PL", PRIORITY_LOW}, {"PN", PRIORITY_NONE}};
    for (size_t i = 0; i < COUNT(priorities); i++) {
        if (text_is_word(word, priorities[i].word)) {
            facts->priority = (uint8_t)priorities[i].priority;
            facts->has_priority = true;
        }
    }
}

static void take_kind(struct text word, struct alarm_facts *facts)
{
    static const struct {
        const char *word;
        enum alarm_kind kind;
    } kinds[] = {{"SP", KIND_PHYSIOLOGICAL}, {"ST", KIND_TECHNICAL}, {"SA", KIND_ADVISORY}};
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (text_is_word(word, kinds[i].word)) {
            facts->kind = (uint8_t)kinds[i].kind;
            facts->has_kind = true;
        }
    }
}

/* Of a demonstration or test, or taken back (OBX-11 wrong or deleted). */
static bool is_unreal(const struct message *message, struct text segment)
{
    const struct text flags = message_field(message, segment, 8);
    const struct text status = message_component(message, message_field(message, segment, 11), 1);
    return message_field_has(message, flags, "DEMO") || message_field_has(message, flags, "TEST") ||
           (alarms_is_event(message, segment) && (text_is(status, "W") || text_is(status, "D")));
}

/* What OBX-8 says counts until a facet says it again. */
static void take_flags(const struct message *message, struct text field, struct alarm_facts *facts)
{
    for (unsigned r = 1; r <= REPETITIONS_MAX; r++) {
        const struct text word = message_component(message, message_repetition(message, field, r), 1);
        take_priority(word, facts);
        take_kind(word, facts);
    }
}

void alarms_take(const struct message *message, struct text segment, struct alarm_facts *facts)
{
    const struct text field = message_field(message, segment, 3), value = message_field(message, segment, 5);
    const struct text word = message_component(message, value, 1);
    const struct code code = code_of(message, field);
    const enum facet facet = facet_of(&code);
    if (facet == FACET_NONE && is_event(&code)) {
        *facts = (struct alarm_facts){.vital = VITAL_NONE};
        take_event(message, segment, facts);
    }
    facts->is_unreal = facts->is_unreal || is_unreal(message, segment);
    take_flags(message, message_field(message, segment, 8), facts);
    switch (facet) {
    case FACET_SOURCE:
        take_source(message, value, facts);
        break;
    case FACET_PHASE:
        take_phase(word, facts);
        break;
    case FACET_STATE:
        facts->is_off = text_is_word(word, "inactive") || text_is_word(word, "off");
        break;
    case FACET_INACTIVATION:
        take_inactivation(message, value, facts);
        break;
    case FACET_PRIORITY:
        take_priority(word, facts);
        break;
    case FACET_TYPE:
        take_kind(word, facts);
        break;
    case FACET_TEXT:
        message_text(message, message_repetition(message, value, 1), facts->text, sizeof facts->text);
        break;
    case FACET_NONE:
        if (!is_event(&code) && facts->source[0] == '\0') {
            take_source(message, field, facts); /* the measured value itself */
        }
        break;
    }
}

/* --- the alarm ----------------------------------------------------------------------------------------------- */

/* What a monitor leaves unsaid is taken to matter. */
static enum priority usual_priority(uint8_t kind)
{
    if (kind == KIND_PHYSIOLOGICAL) {
        return PRIORITY_MEDIUM;
    }
    return kind == KIND_TECHNICAL ? PRIORITY_LOW : PRIORITY_NONE;
}

/* What is too long is cut. */
static void append_name(char name[MONITOR_ALARM_NAME_MAX], const char *tail)
{
    const size_t used = strlen(name);
    (void)snprintf(name + used, MONITOR_ALARM_NAME_MAX - used, "_%s", tail);
}

bool alarms_is_over(const struct alarm_facts *facts)
{
    return facts->said == SAID_ONCE && facts->is_off;
}

bool alarms_conclude(const struct alarm_facts *facts, struct monitor_alarm *out)
{
    const uint8_t kind = facts->has_kind ? facts->kind : (uint8_t)KIND_PHYSIOLOGICAL;
    const uint8_t priority = facts->has_priority ? facts->priority : (uint8_t)usual_priority(kind);
    const bool is_heartbeat = facts->is_watchdog || (facts->is_sign_of_life && priority == PRIORITY_NONE);
    if (!facts->begun || facts->is_unreal || is_heartbeat) {
        return false;
    }
    const bool has_ended = facts->said == SAID_END || (facts->is_off && facts->said != SAID_ONCE);
    out->phase = has_ended ? MONITOR_ALARM_ENDED : MONITOR_ALARM_PRESENT;
    out->priority = priority;
    out->kind = kind;
    out->vital = facts->vital;
    out->inactivation = facts->inactivation;
    out->is_repeated = facts->said == SAID_AGAIN;
    memcpy(out->name, facts->name, sizeof out->name);
    if (facts->is_limit && facts->source[0] != '\0') {
        append_name(out->name, facts->source);
    }
    memcpy(out->text, facts->text, sizeof out->text);
    if (out->text[0] == '\0') {
        memcpy(out->text, out->name, sizeof out->name);
    }
    return true;
}
