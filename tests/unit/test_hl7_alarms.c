/* PCD-04: from the facets of an alarm to one struct monitor_alarm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "app/engine/alert.h"
#include "tests/unit/support/hl7_bench.h"

static const char *const places[] = {"ICU^1^A", "ICU^1^B", NULL};

static int open_bench(void **state)
{
    (void)state;
    bench_open(BENCH_BEDSIDE, places);
    return 0;
}

static void say(const char *groups)
{
    static unsigned number;
    bench_sayf("MSH|^~\\&|GW|VENDOR|||%s||ORU^R40^ORU_R40|%u|P|2.6|||AL|NE||UNICODE UTF-8\r%s", bench_time(0), ++number,
               groups);
    assert_int_equal(bench.result, ACK_TAKEN);
}

/* One alarm at ICU^1^A; each text is whole OBX segments. */
static const struct monitor_alarm *alarm_of(const char *event, const char *facets)
{
    char text[2048];
    bench_forget();
    (void)snprintf(text, sizeof text, "PID|||X\rPV1||I|ICU^1^A\rOBR|1||7|196616^MDC_EVT_ALARM^MDC\r%s%s", event,
                   facets);
    say(text);
    return bench.alarm_count > 0 ? &bench.alarms[bench.alarm_count - 1] : NULL;
}

#define EVENT(value)        "OBX|1|CWE|196616^MDC_EVT_ALARM^MDC|1.7.0.1.1|" value "|||||||R\r"
#define LEAD_OFF            EVENT("196882^MDC_EVT_LEADS_OFF^MDC")
#define PHASE(word)         "OBX|3|ST|68481^MDC_ATTR_EVENT_PHASE^MDC|1.7.0.1.3|" word "\r"
#define STATE(word)         "OBX|4|ST|68482^MDC_ATTR_ALARM_STATE^MDC|1.7.0.1.4|" word "\r"
#define INACTIVATION(words) "OBX|5|ST|68483^MDC_ATTR_ALARM_INACTIVATION_STATE^MDC|1.7.0.1.5|" words "\r"
#define PRIORITY(word)      "OBX|6|ST|68484^MDC_ATTR_ALARM_PRIORITY^MDC|1.7.0.1.6|" word "\r"
#define TYPE(word)          "OBX|7|ST|68485^MDC_ATTR_ALERT_TYPE^MDC|1.7.0.1.7|" word "\r"

static void test_phases(void **state)
{
    (void)state;
    static const struct {
        const char *facets;
        uint8_t phase;
        bool is_repeated;
    } cases[] = {{PHASE("start") STATE("active"), MONITOR_ALARM_PRESENT, false},
                 {PHASE("update") STATE("active"), MONITOR_ALARM_PRESENT, false},
                 {PHASE("escalate") STATE("active"), MONITOR_ALARM_PRESENT, false},
                 {PHASE("de-escalate") STATE("active"), MONITOR_ALARM_PRESENT, false},
                 {PHASE("deescalate") STATE("active"), MONITOR_ALARM_PRESENT, false},
                 {PHASE("continue") STATE("active"), MONITOR_ALARM_PRESENT, true},
                 {PHASE("Continue"), MONITOR_ALARM_PRESENT, true},
                 {PHASE("present"), MONITOR_ALARM_PRESENT, true},
                 {PHASE("tpoint"), MONITOR_ALARM_PRESENT, false},
                 {PHASE("end") STATE("inactive"), MONITOR_ALARM_ENDED, false},
                 {PHASE("end") STATE("active"), MONITOR_ALARM_ENDED, false},
                 {PHASE("reset"), MONITOR_ALARM_ENDED, false},
                 {PHASE("update") STATE("inactive"), MONITOR_ALARM_ENDED, false},
                 {STATE("off"), MONITOR_ALARM_ENDED, false},
                 {PHASE("update") STATE("latched"), MONITOR_ALARM_PRESENT, false},
                 {"", MONITOR_ALARM_PRESENT, false},
                 {PHASE("nonsense"), MONITOR_ALARM_PRESENT, false},
                 /* the older numbers, other names, numbers alone, names alone */
                 {"OBX|3|ST|68165^MDC_ATTR_EVENT_PHASE^MDC||end\r", MONITOR_ALARM_ENDED, false},
                 {"OBX|3|ST|68165^^MDC||end\r", MONITOR_ALARM_ENDED, false},
                 {"OBX|3|ST|^MDC_ATTR_EVT_PHASE^MDC||end\r", MONITOR_ALARM_ENDED, false},
                 {"OBX|4|ST|68166^MDC_ATTR_ALERT_STATE^MDC||inactive\r", MONITOR_ALARM_ENDED, false},
                 {"OBX|3|ST|68481^^MDC||end\r", MONITOR_ALARM_ENDED, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct monitor_alarm *alarm = alarm_of(LEAD_OFF, cases[i].facets);
        assert_non_null(alarm);
        assert_string_equal(alarm->name, "leads_off");
        assert_int_equal(alarm->phase, cases[i].phase);
        assert_int_equal(alarm->is_repeated, cases[i].is_repeated);
    }
}

/* An event without duration is told, although it is over when it is: both, in this order. */
static void test_time_point(void **state)
{
    (void)state;
    assert_non_null(alarm_of(LEAD_OFF, PHASE("tpoint") STATE("inactive") PRIORITY("PH")));
    assert_int_equal(bench.alarm_count, 2);
    assert_int_equal(bench.alarms[0].phase, MONITOR_ALARM_PRESENT);
    assert_int_equal(bench.alarms[1].phase, MONITOR_ALARM_ENDED);
    assert_string_equal(bench.alarms[1].name, bench.alarms[0].name);
    assert_int_equal(bench.alarms[0].priority, PRIORITY_HIGH);
}

static void test_priorities(void **state)
{
    (void)state;
    static const struct {
        const char *facets;
        uint8_t priority, kind;
    } cases[] = {{PRIORITY("PH") TYPE("SP"), PRIORITY_HIGH, KIND_PHYSIOLOGICAL},
                 {PRIORITY("PM") TYPE("ST"), PRIORITY_MEDIUM, KIND_TECHNICAL},
                 {PRIORITY("PL") TYPE("SA"), PRIORITY_LOW, KIND_ADVISORY},
                 {PRIORITY("PN") TYPE("ST"), PRIORITY_NONE, KIND_TECHNICAL},
                 {PRIORITY("ph") TYPE("st"), PRIORITY_HIGH, KIND_TECHNICAL},
                 {"OBX|6|ST|68168^MDC_ATTR_ALARM_PRIORITY^MDC||PH\r", PRIORITY_HIGH, KIND_PHYSIOLOGICAL},
                 /* nothing is said: it is taken to matter */
                 {"", PRIORITY_MEDIUM, KIND_PHYSIOLOGICAL},
                 {PRIORITY("PU"), PRIORITY_MEDIUM, KIND_PHYSIOLOGICAL},
                 {PRIORITY("PI") TYPE("ST"), PRIORITY_LOW, KIND_TECHNICAL},
                 {TYPE("SA"), PRIORITY_NONE, KIND_ADVISORY},
                 /* OBX-8 */
                 {"OBX|3|ST|68481^^MDC||start|||A~PL~ST\r", PRIORITY_LOW, KIND_TECHNICAL},
                 {"OBX|3|ST|68481^^MDC||start|||L~PM~SP\r", PRIORITY_MEDIUM, KIND_PHYSIOLOGICAL},
                 {"OBX|3|ST|68481^^MDC||start|||PH\r", PRIORITY_HIGH, KIND_PHYSIOLOGICAL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct monitor_alarm *alarm = alarm_of(LEAD_OFF, cases[i].facets);
        assert_non_null(alarm);
        assert_int_equal(alarm->priority, cases[i].priority);
        assert_int_equal(alarm->kind, cases[i].kind);
    }
}

static void test_inactivations(void **state)
{
    (void)state;
    static const struct {
        const char *facets;
        uint8_t inactivation;
    } cases[] = {{INACTIVATION("enabled"), INACTIVATION_NONE},
                 {INACTIVATION("audio-paused"), INACTIVATION_AUDIO_PAUSED},
                 {INACTIVATION("audio-off"), INACTIVATION_AUDIO_PAUSED},
                 {INACTIVATION("alarm-paused"), INACTIVATION_ALARM_PAUSED},
                 {INACTIVATION("alarm-off"), INACTIVATION_ALARM_PAUSED},
                 {INACTIVATION("alert-acknowledged"), INACTIVATION_ACKNOWLEDGED},
                 {INACTIVATION("enabled~alert-acknowledged~audio-paused"), INACTIVATION_AUDIO_PAUSED},
                 {"OBX|5|ST|68167^^MDC||alarm-off\r", INACTIVATION_ALARM_PAUSED},
                 {"", INACTIVATION_NONE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct monitor_alarm *alarm = alarm_of(LEAD_OFF, cases[i].facets);
        assert_non_null(alarm);
        assert_int_equal(alarm->inactivation, cases[i].inactivation);
    }
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *event, *facets, *name, *text;
        uint8_t vital;
    } cases[] = {
        {LEAD_OFF, "", "leads_off", "leads_off", VITAL_NONE},
        {EVENT("199684^MDC_EVT_ECG_ASYSTOLE^MDC"), "", "ecg_asystole", "ecg_asystole", VITAL_NONE},
        {EVENT("199684^^MDC"), "", "199684", "199684", VITAL_NONE},
        {EVENT("199684"), "", "199684", "199684", VITAL_NONE},
        {EVENT("Leads off, left arm!"), "", "leads_off_left_arm", "Leads off, left arm!", VITAL_NONE},
        {EVENT("^^"), "", "alarm", "^^", VITAL_NONE},
        {EVENT(""), "", "alarm", "alarm", VITAL_NONE},
        {EVENT("199684^MDC_EVT_ECG_ASYSTOLE^MDC^^^^^^** ASYSTOLE"), "", "ecg_asystole", "** ASYSTOLE", VITAL_NONE},
        {LEAD_OFF,
         "OBX|8|ST|68546^MDC_ATTR_ALERT_TEXT^MDC||EKG: Kabel pr\xc3\xbc"
         "fen\r",
         "leads_off",
         "EKG: Kabel pr\xc3\xbc"
         "fen",
         VITAL_NONE},
        {"OBX|1|ST|0^MDCX_EVT_ALERT_ADVISORY^MDC|1.0.0.0.1|Recheck BP\r", "", "alert_advisory", "Recheck BP",
         VITAL_NONE},
        {"OBX|1|ST|199680^MDC_EVT_APNEA^MDC|1.0.0.0.1|\r", "", "apnea", "apnea", VITAL_NONE},
        /* limits are told apart by what they are about */
        {"OBX|1|ST|196674^MDC_EVT_LO_VAL_LT_LIM^MDC|1.1.1.1.1|SpO2 low\r",
         "OBX|2|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.1.1.1.2|82|262688^MDC_DIM_PERCENT^MDC|90-100\r",
         "lo_val_lt_lim_spo2", "SpO2 low", VITAL_spo2},
        {"OBX|1|ST|196648^MDC_EVT_HI^MDC|1.1.1.1.1|\r",
         "OBX|2|ST|68480^MDC_ATTR_ALERT_SOURCE^MDC|1.1.1.1.2|147842^MDC_ECG_HEART_RATE^MDC\r", "hi_hr", "hi_hr",
         VITAL_hr},
        {"OBX|1|ST|196648^MDC_EVT_HI^MDC|1.1.1.1.1|\r",
         "OBX|2|NM|151868^MDC_VOL_AWAY_TIDAL^MDC|1.1.1.1.2|900|263762^MDC_DIM_MILLI_L^MDC\r", "hi_vol_away_tidal",
         "hi_vol_away_tidal", VITAL_NONE},
        {EVENT("196652^MDC_EVT_HI_VAL_GT_LIM^MDC"), "OBX|2|NM|151562^MDC_RESP_RATE^MDC||40|/min\r",
         "hi_val_gt_lim_resp", "hi_val_gt_lim_resp", VITAL_resp},
        {EVENT("199684^MDC_EVT_A_NAME_THAT_IS_FAR_TOO_LONG_TO_BE_KEPT_AS_IT_IS^MDC"), "",
         "a_name_that_is_far_too_long_to_be_kept", "a_name_that_is_far_too_long_to_be_kept", VITAL_NONE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct monitor_alarm *alarm = alarm_of(cases[i].event, cases[i].facets);
        assert_non_null(alarm);
        assert_string_equal(alarm->name, cases[i].name);
        assert_string_equal(alarm->text, cases[i].text);
        assert_int_equal(alarm->vital, cases[i].vital);
    }
}

/* Heartbeats are signs of life; facets without an event are nothing. */
static void test_heartbeats(void **state)
{
    (void)state;
    assert_null(alarm_of("OBX|1|ST|0^MDC_EVT_WATCHDOG^MDC|1.0.0.0.1|\r", STATE("active") PRIORITY("PN")));
    assert_int_equal(bench_count(OBSERVATION_HEARD), 1);
    assert_null(alarm_of("OBX|1|ST|258047^MDC_EVT_ACTIVE^MDC|1.0.0.0.1|alive\r", PRIORITY("PN")));
    assert_non_null(alarm_of("OBX|1|ST|258047^MDC_EVT_ACTIVE^MDC|1.0.0.0.1|burning\r", PRIORITY("PH")));
    assert_null(alarm_of("", PHASE("start") PRIORITY("PH")));
    assert_int_equal(bench_count(OBSERVATION_HEARD), 1);
    assert_null(alarm_of("OBX|1||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0|||||||X\r", ""));
}

/* Several alarms of several beds in one message; values of an alarm are no observations. */
static void test_many(void **state)
{
    (void)state;
    say("PID|||X\rPV1||I|ICU^1^A\rOBR|1\r" LEAD_OFF PRIORITY("PL") EVENT("199680^MDC_EVT_APNEA^MDC")
            PRIORITY("PH") "PID|||Y\rPV1||I|ICU^1^B\rOBR|2\r" EVENT(
                "199854^MDC_EVT_DESAT^MDC") "OBX|2|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC||70|%|||||R\r" PHASE("end"));
    assert_int_equal(bench.alarm_count, 3);
    assert_string_equal(bench.alarms[0].name, "leads_off");
    assert_int_equal(bench.alarms[0].priority, PRIORITY_LOW);
    assert_string_equal(bench.alarms[1].name, "apnea");
    assert_int_equal(bench.alarms[1].priority, PRIORITY_HIGH);
    assert_int_equal(bench.alarms[1].bed, 0);
    assert_string_equal(bench.alarms[2].name, "desat");
    assert_int_equal(bench.alarms[2].bed, 1);
    assert_int_equal(bench.alarms[2].phase, MONITOR_ALARM_ENDED);
    assert_int_equal(bench_count(OBSERVATION_VALUE), 0);
    assert_int_equal(bench_count(OBSERVATION_HEARD), 2);
}

/* A message cannot flood the ward with alarms. */
static void test_flood(void **state)
{
    (void)state;
    static char groups[50000] = "PV1||I|ICU^1^A\rOBR|1\r";
    size_t length = strlen(groups);
    for (unsigned i = 0; i < 2 * INTAKE_ALARMS_MAX; i++) {
        length += (size_t)snprintf(groups + length, sizeof groups - length,
                                   "OBX|1|ST|196616^MDC_EVT_ALARM^MDC||alarm %u\r", i);
    }
    say(groups);
    assert_int_equal(bench.alarm_count, INTAKE_ALARMS_MAX);
    assert_int_equal(bench.health.refused, 1);
}

static bool is_name(const char *name)
{
    return name[0] != '\0' && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

/* A limit event under the number of the plain one has its text as its name: there is room for what it is about, too. */
static void test_long_limit_name(void **state)
{
    (void)state;
    static const char source[] = "OBX|2|ST|68480^MDC_ATTR_ALERT_SOURCE^MDC||150456^MDC_PULS_OXIM_SAT_O2^MDC\r";
    static const char *const events[] = {
        "OBX|1|CWE|196616^MDC_EVT_HI^MDC||^^^^^^^^a text that is longer than any name of an alarm may be\r",
        "OBX|1|CWE|196616^MDC_EVT_ALARM^MDC||196616^MDC_EVT_HI^MDC^^^^^^a text that is longer than any name may be\r"};
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        const struct monitor_alarm *alarm = alarm_of(events[i], source);
        if (alarm == NULL) {
            fail_msg("event %zu gives no alarm", i);
            return;
        }
        assert_non_null(memchr(alarm->name, '\0', sizeof alarm->name));
        assert_true(is_name(alarm->name));
    }
}

/* What a demonstration, a test or a retraction says is no alarm of a patient. */
static void test_not_real(void **state)
{
    (void)state;
    static const char demo_phase[] = LEAD_OFF "OBX|3|ST|68481^MDC_ATTR_EVENT_PHASE^MDC||start|||DEMO\r";
    const char *const events[] = {"OBX|1|ST|196882^MDC_EVT_LEADS_OFF^MDC||x|||DEMO|||R\r",
                                  "OBX|1|ST|196882^MDC_EVT_LEADS_OFF^MDC||x|||PH~SP~TEST\r",
                                  "OBX|1|ST|196882^MDC_EVT_LEADS_OFF^MDC||x||||||W\r",
                                  "OBX|1|ST|196882^MDC_EVT_LEADS_OFF^MDC||x||||||D\r", demo_phase};
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        assert_null(alarm_of(events[i], PRIORITY("PH") TYPE("SP")));
        assert_int_equal(bench.health.refused, i + 1);
    }
    say("PV1||I|ICU^1^A\rOBR|1\rOBX|1|ST|199680^MDC_EVT_APNEA^MDC||x|||DEMO\r" LEAD_OFF);
    assert_int_equal(bench.alarm_count, 1); /* each for itself */
    assert_string_equal(bench.alarms[0].name, "leads_off");
}

/* Whatever a text holds, a name is a name, and neither runs over. */
static void test_wild_texts(void **state)
{
    (void)state;
    static char long_text[200];
    memset(long_text, 'a', MONITOR_ALARM_TEXT_MAX - 2);
    memcpy(long_text + MONITOR_ALARM_TEXT_MAX - 2, "\xe2\x82\xac", 3);
    const char *const texts[] = {"\xff\xfe\x80 alarm", "\\X00\\\\X0A\\x", "___",    "a__b",
                                 "/+#/../..",          "\xe2\x82\xac",    long_text};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char event[512];
        (void)snprintf(event, sizeof event, "OBX|1|ST|196616^MDC_EVT_ALARM^MDC||%s\r", texts[i]);
        (void)alarm_of(event, "");
        assert_int_equal(bench.alarm_count, 1);
        assert_true(is_name(bench.alarms[0].name));
        assert_non_null(memchr(bench.alarms[0].text, '\0', MONITOR_ALARM_TEXT_MAX));
        assert_null(strpbrk(bench.alarms[0].text, "\n\r"));
    }
    assert_int_equal(strlen(bench.alarms[0].text), MONITOR_ALARM_TEXT_MAX - 2); /* cut at a whole character */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_phases, open_bench),     cmocka_unit_test_setup(test_time_point, open_bench),
        cmocka_unit_test_setup(test_priorities, open_bench), cmocka_unit_test_setup(test_inactivations, open_bench),
        cmocka_unit_test_setup(test_names, open_bench),      cmocka_unit_test_setup(test_heartbeats, open_bench),
        cmocka_unit_test_setup(test_many, open_bench),       cmocka_unit_test_setup(test_wild_texts, open_bench),
        cmocka_unit_test_setup(test_flood, open_bench),      cmocka_unit_test_setup(test_long_limit_name, open_bench),
        cmocka_unit_test_setup(test_not_real, open_bench),
    };
    return cmocka_run_group_tests_name("hl7 alarms", tests, NULL, NULL);
}
