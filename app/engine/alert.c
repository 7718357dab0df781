#include "app/engine/alert.h"

#include <assert.h>
#include <stddef.h>

#define WORD_OF(words, index) ((index) < sizeof(words) / sizeof(words)[0] ? (words)[index] : "unknown")

const struct builtin_alarm_info *builtin_alarm_info(enum builtin_alarm alarm)
{
    enum { AT_GATEWAY, AT_BED };
    static const struct builtin_alarm_info alarms[BUILTIN_COUNT] = {
#define BUILTIN_INFO(name, place, kind, priority, text, advice) \
    {#name, text, advice, KIND_##kind, PRIORITY_##priority, AT_##place == AT_BED},
        BUILTIN_ALARM_LIST(BUILTIN_INFO)
#undef BUILTIN_INFO
    };
    assert((unsigned)alarm < (unsigned)BUILTIN_COUNT);
    return &alarms[alarm];
}

bool alert_is_folded(const struct alert *alert)
{
    return alert->part_of != 0;
}

bool alert_stands_for(const struct alert *alert, unsigned index)
{
    return index < STANDS_FOR_MAX && (alert->stands_for[index / 8] >> index % 8 & 1U) != 0;
}

const char *alarm_kind_word(unsigned kind)
{
    static const char *const words[] = {"physiological", "technical", "advisory"};
    return WORD_OF(words, kind);
}

const char *alarm_source_word(unsigned source)
{
    static const char *const words[] = {"rule", "monitor"};
    return WORD_OF(words, source);
}

const char *alarm_state_word(unsigned state)
{
    static const char *const words[] = {"inactive", "active", "latched", "ended"};
    return WORD_OF(words, state);
}

const char *alarm_phase_word(unsigned phase)
{
    static const char *const words[] = {"start", "update", "escalate", "deescalate", "acknowledge", "end"};
    return WORD_OF(words, phase);
}

const char *alarm_inactivation_word(unsigned inactivation)
{
    static const char *const words[] = {"none", "acknowledged", "audio_paused", "alarm_paused"};
    return WORD_OF(words, inactivation);
}

const char *alarm_reason_word(unsigned reason)
{
    static const char *const words[REASON_COUNT] = {
#define REASON_WORD(name, word) word,
        REASON_LIST(REASON_WORD)
#undef REASON_WORD
    };
    return WORD_OF(words, reason);
}
