#include "app/engine/entry.h"

#include <stddef.h>
#include <string.h>

#define CODES_MAX 12

struct code {
    const char *all;
    const char *words[CODES_MAX];
};

static const struct code *code_of(enum vital vital)
{
    static const struct code consciousness = {"alert, new_confusion, voice, pain, unresponsive",
                                              {"alert", "new_confusion", "voice", "pain", "unresponsive"}};
    static const struct code effort = {"normal, mild, moderate, severe", {"normal", "mild", "moderate", "severe"}};
    static const struct code oxygen_device = {"air, nasal_cannula, simple_mask, venturi_mask, reservoir_mask, "
                                              "tracheostomy_mask, humidified, high_flow_nasal, "
                                              "cpap, niv, invasive_ventilation, other",
                                              {"air", "nasal_cannula", "simple_mask", "venturi_mask", "reservoir_mask",
                                               "tracheostomy_mask", "humidified", "high_flow_nasal", "cpap", "niv",
                                               "invasive_ventilation", "other"}};
    if (vital == VITAL_consciousness) {
        return &consciousness;
    }
    if (vital == VITAL_oxygen_device) {
        return &oxygen_device;
    }
    return vital == VITAL_effort ? &effort : NULL;
}

const char *entry_word(enum vital vital, int32_t value_milli)
{
    const struct code *code = code_of(vital);
    const int32_t index = value_milli / 1000;
    const bool whole = value_milli >= 0 && value_milli % 1000 == 0 && index < CODES_MAX;
    return code != NULL && whole ? code->words[index] : NULL;
}

bool entry_value(enum vital vital, const char *word, int32_t *out_milli)
{
    const struct code *code = code_of(vital);
    for (int32_t i = 0; code != NULL && i < CODES_MAX && code->words[i] != NULL; i++) {
        if (strcmp(code->words[i], word) == 0) {
            *out_milli = i * 1000;
            return true;
        }
    }
    return false;
}

const char *entry_words(enum vital vital)
{
    const struct code *code = code_of(vital);
    return code != NULL ? code->all : "";
}

bool entry_is_sound(enum vital vital, enum patient_class patient_class, int32_t value_milli)
{
    const struct vital_range range = vital_range(vital, patient_class);
    const bool coded = code_of(vital) != NULL;
    return coded ? entry_word(vital, value_milli) != NULL
                 : value_milli >= range.low_milli && value_milli <= range.high_milli;
}

static bool is_near(const struct kept_value *there, int64_t at_ms)
{
    const int64_t apart_ms = there->at_ms - at_ms;
    return there->entered && apart_ms > -ENTRY_SLACK_MS && apart_ms < ENTRY_SLACK_MS;
}

bool entries_find(const struct entries *entries, int64_t at_ms, int32_t *out_milli)
{
    for (unsigned i = 0; i < entries->count; i++) {
        if (is_near(&entries->list[i], at_ms)) {
            *out_milli = entries->list[i].value_milli;
            return true;
        }
    }
    return false;
}

/* An entry that corrects one takes its place. */
static bool correct(struct entries *entries, const struct kept_value *entry)
{
    for (unsigned i = 0; i < entries->count && entry->entered; i++) {
        if (is_near(&entries->list[i], entry->at_ms)) {
            entries->list[i].value_milli = entry->value_milli;
            return true;
        }
    }
    return false;
}

void entries_put(struct entries *entries, const struct kept_value *entry)
{
    if (correct(entries, entry)) {
        return;
    }
    unsigned at = 0;
    while (at < entries->count && entries->list[at].at_ms > entry->at_ms) {
        at++;
    }
    if (at == ENTRY_KEPT) {
        return;
    }
    const bool replaces = at < entries->count && entries->list[at].at_ms == entry->at_ms;
    if (!replaces) {
        const unsigned last = entries->count < ENTRY_KEPT ? entries->count++ : ENTRY_KEPT - 1U;
        memmove(&entries->list[at + 1], &entries->list[at], (last - at) * sizeof entries->list[0]);
    }
    entries->list[at] = *entry;
}

bool entries_take_back(struct entries *entries, int64_t at_ms)
{
    if (entries->count == 0 || !is_near(&entries->list[0], at_ms)) {
        return false;
    }
    entries->count--;
    memmove(&entries->list[0], &entries->list[1], entries->count * sizeof entries->list[0]);
    return true;
}

bool entries_is_entered(const struct entries *entries, int64_t at_ms)
{
    for (unsigned i = 0; entries != NULL && i < entries->count; i++) {
        if (entries->list[i].at_ms == at_ms) {
            return entries->list[i].entered;
        }
    }
    return false;
}
