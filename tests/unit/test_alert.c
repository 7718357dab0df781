/* The words of alarms in payloads, and the closed list of those that no rules file defines. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/engine/alert.h"
#include "app/engine/rule.h"

static void check_words(const char *(*word)(unsigned), const char *const *expected, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        assert_string_equal(word(i), expected[i]);
    }
    assert_string_equal(word(count), "unknown");
    assert_string_equal(word(UINT32_MAX), "unknown");
}

static void test_words(void **state)
{
    (void)state;
    check_words(alarm_kind_word, (const char *const[]){"physiological", "technical", "advisory"}, 3);
    check_words(alarm_source_word, (const char *const[]){"rule", "monitor"}, 2);
    check_words(alarm_state_word, (const char *const[]){"inactive", "active", "latched", "ended"}, 4);
    check_words(alarm_phase_word,
                (const char *const[]){"start", "update", "escalate", "deescalate", "acknowledge", "end"}, 6);
    check_words(alarm_inactivation_word, (const char *const[]){"none", "acknowledged", "audio_paused", "alarm_paused"},
                4);
    assert_string_equal(alarm_reason_word(REASON_NONE), "");
    assert_string_equal(alarm_reason_word(REASON_NOT_MONITORED), "not_monitored");
    assert_string_equal(alarm_reason_word(REASON_UNVERIFIED), "unverified");
    assert_string_equal(alarm_reason_word(REASON_COUNT), "unknown");
}

static void test_words_stand_at_their_enumerators(void **state)
{
    (void)state;
    assert_string_equal(alarm_kind_word(KIND_ADVISORY), "advisory");
    assert_string_equal(alarm_source_word(SOURCE_MONITOR), "monitor");
    assert_string_equal(alarm_state_word(ALARM_ENDED), "ended");
    assert_string_equal(alarm_phase_word(PHASE_DEESCALATE), "deescalate");
    assert_string_equal(alarm_phase_word(PHASE_END), "end");
    assert_string_equal(alarm_inactivation_word(INACTIVATION_ALARM_PAUSED), "alarm_paused");
    assert_string_equal(priority_word(PRIORITY_NONE), "none");
    assert_string_equal(priority_word(PRIORITY_LOW), "low");
    assert_string_equal(priority_word(PRIORITY_MEDIUM), "medium");
    assert_string_equal(priority_word(PRIORITY_HIGH), "high");
    assert_string_equal(priority_word((enum priority)99), "unknown");
}

static void test_unknown_after(void **state)
{
    (void)state;
    assert_int_equal(rule_unknown_after_ms(PRIORITY_HIGH), 30000);
    assert_int_equal(rule_unknown_after_ms(PRIORITY_MEDIUM), 60000);
    assert_int_equal(rule_unknown_after_ms(PRIORITY_LOW), 120000);
    assert_int_equal(rule_unknown_after_ms(PRIORITY_NONE), 120000);
}

static bool is_topic_word(const char *name)
{
    for (const char *c = name; *c != '\0'; c++) {
        if (!islower((unsigned char)*c) && *c != '_') {
            return false;
        }
    }
    return *name != '\0';
}

static void test_builtin_alarms(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BUILTIN_COUNT; i++) {
        const struct builtin_alarm_info *info = builtin_alarm_info((enum builtin_alarm)i);
        assert_true(is_topic_word(info->name));
        assert_true(strlen(info->name) < ALARM_NAME_MAX);
        assert_true(strlen(info->text) > 0 && strlen(info->advice) > 0);
        assert_int_equal(info->at_bed, i < BUILTIN_BED_COUNT);
        assert_true(info->kind == KIND_TECHNICAL || info->kind == KIND_ADVISORY);
        /* An advisory makes no sound, but for the one that is there to try the chain. */
        assert_true(info->kind == KIND_TECHNICAL || info->priority == PRIORITY_NONE || i == BUILTIN_test_alert);
        for (unsigned other = 0; other < i; other++) {
            assert_string_not_equal(info->name, builtin_alarm_info((enum builtin_alarm)other)->name);
        }
    }
    const struct builtin_alarm_info *pulse = builtin_alarm_info(BUILTIN_no_pulse_signal);
    assert_string_equal(pulse->name, "no_pulse_signal");
    assert_string_equal(pulse->text, "No pulse signal, check patient");
    assert_string_equal(pulse->advice, "Check the patient at once");
    assert_int_equal(pulse->priority, PRIORITY_HIGH);
    assert_true(pulse->at_bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_words_stand_at_their_enumerators),
        cmocka_unit_test(test_unknown_after),
        cmocka_unit_test(test_builtin_alarms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
