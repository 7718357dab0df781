/* PCD-01: which values count, in which units, when they are current, and what is given only once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "drivers/monitor/hl7/codes.h"
#include "tests/unit/support/hl7_bench.h"

#define SPO2    "150456^MDC_PULS_OXIM_SAT_O2^MDC"
#define PULSE   "149530^MDC_PULS_OXIM_PULS_RATE^MDC"
#define SYS     "150021^MDC_PRESS_BLD_NONINV_SYS^MDC"
#define DIA     "150022^MDC_PRESS_BLD_NONINV_DIA^MDC"
#define TEMP    "150364^MDC_TEMP_BODY^MDC"
#define ETCO2   "151708^MDC_CONC_AWAY_CO2_ET^MDC"
#define MMHG    "266016^MDC_DIM_MMHG^MDC"
#define PERC    "262688^MDC_DIM_PERCENT^MDC"
#define BPM     "264864^MDC_DIM_BEAT_PER_MIN^MDC"
#define STEP_MS 5000

static const char *const places[] = {"ICU^1^A", NULL};

static int open_bedside(void **state)
{
    (void)state;
    bench_open(BENCH_BEDSIDE, places);
    return 0;
}

static void assert_value(enum vital vital, int32_t milli)
{
    const struct observation *o = bench_value(0, vital);
    assert_non_null(o);
    assert_int_equal(o->quality, QUALITY_VALID);
    assert_int_equal(o->value_milli, milli);
}

/* A message of one order: OBX segments as they come, times as given. */
static void say(int64_t sent_ms, const char *order_time, const char *results)
{
    static unsigned number = 50000;
    bench_sayf(HEADER_R01 "PID|||X\rPV1||I|ICU^1^A\rOBR|1||||||%s\r%s", bench_time(sent_ms), ++number, order_time,
               results);
    assert_int_equal(bench.result, ACK_TAKEN);
}

/* --- identifiers --------------------------------------------------------------------------------------------- */

static void test_identifiers(void **state)
{
    (void)state;
    static const struct {
        const char *identifier;
        enum vital vital;
    } cases[] = {{"147842^MDC_ECG_HEART_RATE^MDC", VITAL_hr},
                 {"147842^MDC_ECG_CARD_BEAT_RATE^MDC", VITAL_hr},
                 {"^MDC_ECG_HEART_RATE^MDC", VITAL_hr},
                 {"0^MDC_ECG_HEART_RATE^MDC", VITAL_hr},
                 {"147842^HR^MDC", VITAL_hr},
                 {"147842^^MDC", VITAL_hr},
                 {"0002-4182^HR^MDIL", VITAL_hr},
                 {"0002-4bb8^SpO2^MDIL", VITAL_spo2},
                 {"0002-4a05^NBPs^MDIL", VITAL_nibp_sys},
                 {"0002-4a06^NBPd^MDIL", VITAL_nibp_dia},
                 {"0002-f0c7^Temp1^MDIL", VITAL_temp},
                 {"131072^ECG_HR^EHC", VITAL_hr},
                 {"393216^NIBP_SYS^EHC", VITAL_nibp_sys},
                 {"327680^SPO2_SPO2^EHC", VITAL_spo2},
                 {"8867-4^Heart rate^LN^147842^MDC_ECG_HEART_RATE^MDC", VITAL_hr},
                 {"188452^MDC_TEMP_AXILLA^MDC", VITAL_temp},
                 {"188496^MDC_TEMP_AXIL^MDC", VITAL_temp},
                 {"150301^MDC_PRESS_CUFF_SYS^MDC", VITAL_nibp_sys},
                 {"150033^MDC_PRESS_BLD_ART_SYS^MDC", VITAL_abp_sys},
                 {"150084^MDC_PRESS_BLD_VEN_CENT^MDC", VITAL_cvp},
                 {" 150456 ^ MDC_PULS_OXIM_SAT_O2 ^MDC", VITAL_spo2},
                 /* contradictions, other systems, other things */
                 {"150456^MDC_ECG_HEART_RATE^MDC", VITAL_NONE},
                 {"1^MDC_ECG_HEART_RATE^MDC", VITAL_NONE},
                 {"147842^HR^99LOCAL", VITAL_NONE},
                 {"147842", VITAL_NONE},
                 {"^ECG_HR^EHC", VITAL_NONE},
                 {"131072^^MDC", VITAL_NONE}, /* a number of Edan's alone */
                 {"458752^TEMP_T9^MDC", VITAL_NONE},
                 {"150020^MDC_PRESS_BLD_NONINV^MDC", VITAL_NONE},
                 {"69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC", VITAL_NONE},
                 {"", VITAL_NONE},
                 {"^^", VITAL_NONE}};
    struct message message;
    static const char header[] = "MSH|^~\\&|";
    assert_true(message_open(header, sizeof header - 1, &message));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enum vital vital = VITAL_NONE;
        unsigned rank = 0;
        const struct text field = {cases[i].identifier, strlen(cases[i].identifier)};
        assert_int_equal(codes_find_vital(&message, field, &vital, &rank), cases[i].vital != VITAL_NONE);
        assert_int_equal(vital, cases[i].vital);
    }
}

/* --- units --------------------------------------------------------------------------------------------------- */

static void test_units(void **state)
{
    static const struct {
        const char *identifier, *value, *unit;
        enum vital vital;
        int32_t milli;
    } cases[] = {{SPO2, "97", PERC, VITAL_spo2, 97000},
                 {SPO2, "97", "%", VITAL_spo2, 97000},
                 {SPO2, "97", "%^percent^UCUM", VITAL_spo2, 97000},
                 {SPO2, "97", "^MDC_DIM_PERCENT^MDC", VITAL_spo2, 97000},
                 {PULSE, "71", "/min", VITAL_pulse, 71000},
                 {PULSE, "71", "{beats}/min^^UCUM", VITAL_pulse, 71000},
                 {PULSE, "71", "0004-0aa0^bpm^MDIL", VITAL_pulse, 71000},
                 {TEMP, "99.5", "266560^MDC_DIM_FAHR^MDC", VITAL_temp, 37500},
                 {TEMP, "99.5", "[degF]", VITAL_temp, 37500},
                 {TEMP, "37.25", "268192^MDC_DIM_DEGC^MDC", VITAL_temp, 37250},
                 {ETCO2, "5.3", "265987^MDC_DIM_KILO_PASCAL^MDC", VITAL_etco2, 39753},
                 {ETCO2, "38", MMHG, VITAL_etco2, 38000},
                 {"150087^MDC_PRESS_BLD_VEN_CENT_MEAN^MDC", "10", "266048^MDC_DIM_CM_H2O^MDC", VITAL_cvp, 7356},
                 {"131842^MDC_ECG_AMPL_ST_II^MDC", "-0.12", "266418^MDC_DIM_MILLI_VOLT^MDC", VITAL_st_ii, -1200},
                 {"160020^MDC_CONC_GLU_GEN^MDC", "180", "264274^MDC_DIM_MILLI_G_PER_DL^MDC", VITAL_glucose, 9991}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)open_bedside(state);
        bench_say_value(cases[i].identifier, cases[i].value, cases[i].unit);
        assert_int_equal(bench.monitor_health[0].failures[STATUS_INVALID], 0);
        assert_value(cases[i].vital, cases[i].milli);
    }
}

static void test_unusable(void **state)
{
    static const struct {
        const char *identifier, *value, *unit;
    } cases[] = {{SPO2, "97", ""},
                 {SPO2, "97", "262656^MDC_DIM_DIMLESS^MDC"},
                 {SPO2, "97", MMHG},
                 {SPO2, "97", "262688^MDC_DIM_MMHG^MDC"},
                 {SPO2, "97", "262688^%^LOCAL"},
                 {ETCO2, "5", PERC},
                 {TEMP, "37", "furlong"},
                 {SPO2, "9 7", PERC},
                 {SPO2, "97a", PERC},
                 {SPO2, "1e2", PERC},
                 {SPO2, "999999999999", PERC},
                 {SPO2, "9999999999999999", PERC}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)open_bedside(state);
        bench_say_value(cases[i].identifier, cases[i].value, cases[i].unit);
        assert_int_equal(bench_values(0), 0);
        assert_int_equal(bench.monitor_health[0].failures[STATUS_INVALID], 1);
        assert_int_equal(bench_count(OBSERVATION_HEARD), 1);
        assert_int_equal(bench.result, ACK_TAKEN);
    }
}

/* --- status -------------------------------------------------------------------------------------------------- */

static void test_status(void **state)
{
    static const struct {
        const char *rest; /* OBX-2, then from OBX-5 on */
        const char *type;
        int quality; /* -1: nothing is put */
    } cases[] = {{"97|%|||||R", "NM", QUALITY_VALID},
                 {"97|%|||||F", "NM", QUALITY_VALID},
                 {"97|%||N|||R", "NM", QUALITY_VALID},
                 {"97|%||L~ALACT|||F", "NM", QUALITY_VALID},
                 {"97|%||DEMO|||R", "NM", QUALITY_DEMO},
                 {"97|%||L~DEMO|||R", "NM", QUALITY_DEMO},
                 {"97|%||TEST|||R", "NM", QUALITY_DEMO},
                 {"97|%||INV|||R", "NM", QUALITY_ABSENT},
                 {"97|%||NAV|||R", "NM", QUALITY_ABSENT},
                 {"|%|||||R", "NM", QUALITY_ABSENT},
                 {"\"\"|%|||||R", "NM", QUALITY_ABSENT},
                 {"---|%|||||R", "NM", QUALITY_ABSENT},
                 {"||||||X", "", QUALITY_ABSENT},
                 {"97|%|||||X", "NM", QUALITY_ABSENT},
                 {"97|%|||||D", "NM", -1},
                 {"97|%|||||W", "NM", -1},
                 {"97|%|||||", "NM", -1},
                 {"97|%|||||P", "NM", -1},
                 {"97|%|||||R", "ST", -1},
                 {"97|%|||||R", "", -1},
                 {">^97|%|||||R", "SN", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char results[128];
        (void)open_bedside(state);
        (void)snprintf(results, sizeof results, "OBX|1|%s|" SPO2 "|1.1.1.1|%s\r", cases[i].type, cases[i].rest);
        say(0, bench_time(0), results);
        const struct observation *o = bench_value(0, VITAL_spo2);
        assert_int_equal(o != NULL ? o->quality : -1, cases[i].quality);
        assert_int_equal(bench.health.refused, cases[i].quality == QUALITY_DEMO ? 1 : 0);
    }
}

/* --- instants ------------------------------------------------------------------------------------------------ */

static void say_at(int64_t ms, const char *value)
{
    char results[160];
    (void)snprintf(results, sizeof results, "OBX|1|NM|" SPO2 "||%s|%%|||||R|||%s\r", value, bench_time(ms));
    say(0, bench_time(0), results);
}

static void test_current(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        bool current;
    } cases[] = {{0, true}, {-60000, true}, {-60001, false}, {10000, true}, {10001, false}, {-86400000, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        (void)open_bedside(state);
        say_at(cases[i].ms, "97");
        assert_int_equal(bench_values(0), cases[i].current ? 1 : 0);
        assert_int_equal(bench.monitor_health[0].failures[STATUS_OUTDATED], cases[i].current ? 0 : 1);
        /* a monitor of which nothing is current is not watched, however much it says */
        assert_int_equal(bench_count(OBSERVATION_HEARD), cases[i].current ? 1 : 0);
        assert_int_equal(bench_count(OBSERVATION_OUTDATED), cases[i].current ? 0 : 1);
        assert_int_equal(bench.monitor_health[0].answering, cases[i].current);
        assert_int_equal(bench.monitor_health[0].outdated, !cases[i].current);
    }
}

/* OBX-14, else OBR-7, else MSH-7; one that cannot be read is not passed over. */
static void test_whose_instant(void **state)
{
    static const struct {
        const char *order, *own;
        bool current;
    } cases[] = {{"", "", true},
                 {"20200101000000", "", false},
                 {"20200101000000", "now", true},
                 {"now", "20200101000000", false},
                 {"now", "20261121", false},
                 {"garbage", "", false},
                 {"garbage", "now", true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char results[160];
        (void)open_bedside(state);
        const char *own = strcmp(cases[i].own, "now") == 0 ? bench_time(0) : cases[i].own;
        const char *order = strcmp(cases[i].order, "now") == 0 ? bench_time(0) : cases[i].order;
        (void)snprintf(results, sizeof results, "OBX|1|NM|" SPO2 "||97|%%|||||R|||%s\r", own);
        say(0, order, results);
        assert_int_equal(bench_values(0), cases[i].current ? 1 : 0);
    }
    (void)open_bedside(state);
    say(-61000, "", "OBX|1|NM|" SPO2 "||97|%|||||R\r");
    assert_int_equal(bench_values(0), 0); /* MSH-7 */
}

/* A time without an offset is in the zone of MSH-7, or else in the box's. */
static void test_zones(void **state)
{
    static const char results[] = "OBX|1|NM|" SPO2 "||97|%|||||R|||20261121130000\r";
    (void)open_bedside(state);
    bench_sayf("MSH|^~\\&|M||||20261121130000+0100||ORU^R01|a|P|2.6\rPV1|||ICU^1^A\rOBR|1\r%s", results);
    assert_value(VITAL_spo2, 97000);
    (void)open_bedside(state);
    bench_sayf("MSH|^~\\&|M||||20261121130000||ORU^R01|a|P|2.6\rPV1|||ICU^1^A\rOBR|1\r%s", results);
    assert_int_equal(bench_values(0), 0);
    (void)open_bedside(state);
    bench.now.utc_offset_s = 3600;
    bench_sayf("MSH|^~\\&|M||||20261121130000||ORU^R01|a|P|2.6\rPV1|||ICU^1^A\rOBR|1\r%s", results);
    assert_value(VITAL_spo2, 97000);
}

/* A box in 1970: what the senders' clocks say is current is, and nothing that waited behind it. */
static void test_without_a_time_source(void **state)
{
    (void)state;
    static const int64_t box_ms = 20000;
    const int64_t now_ms = BENCH_WALL_MS - box_ms;
    (void)open_bedside(state);
    bench.now.wall_ms = box_ms;
    say(now_ms, "", "OBX|1|NM|" SPO2 "||97|%|||||R\r");
    assert_int_equal(bench_values(0), 0); /* only a clock that is wrong */
    assert_int_equal(atomic_load(&bench.monitor_health[0].failures[STATUS_OUTDATED]), 1);
    bench.now.is_doubtful = true;
    say(now_ms, "", "OBX|1|NM|" SPO2 "||97|%|||||R\r");
    assert_value(VITAL_spo2, 97000);
    bench_pass_ms(STEP_MS);
    say(now_ms, "", "OBX|1|NM|" SPO2 "||96|%|||||R\r");
    assert_value(VITAL_spo2, 96000);
    bench_pass_ms(STEP_MS);
    say(now_ms - 60001, "", "OBX|1|NM|" SPO2 "||95|%|||||R\r"); /* it waited for over a minute */
    assert_value(VITAL_spo2, 96000);
    assert_int_equal(atomic_load(&bench.monitor_health[0].failures[STATUS_OUTDATED]), 2);
    bench.now = (struct moment){.wall_ms = BENCH_WALL_MS + 2 * STEP_MS,
                                .at_ms = bench.now.at_ms}; /* its time source is found */
    bench_pass_ms(STEP_MS);
    say(0, "", "OBX|1|NM|" SPO2 "||94|%|||||R\r");
    assert_value(VITAL_spo2, 94000);
    say(-60001, "", "OBX|1|NM|" SPO2 "||93|%|||||R\r");
    assert_value(VITAL_spo2, 94000);
}

/* The same again, or what came late, is no news; nor is more than the profile has room for. */
static void test_only_newer(void **state)
{
    (void)state;
    say_at(-STEP_MS, "97");
    say_at(-STEP_MS, "97");
    assert_int_equal(atomic_load(&bench.monitor_health[0].failures[STATUS_OUTDATED]), 0);
    say_at(-2 * STEP_MS, "96"); /* overtaken on its way */
    assert_int_equal(bench_values(0), 2);
    assert_int_equal(bench_value(0, VITAL_spo2)->quality, QUALITY_LATE);
    say_at(-STEP_MS + 1000, "95"); /* a second later: thinned */
    assert_int_equal(bench_values(0), 2);
    assert_int_equal(atomic_load(&bench.monitor_health[0].failures[STATUS_OUTDATED]), 0);
    say_at(0, "94");
    assert_int_equal(bench_values(0), 3);
    assert_value(VITAL_spo2, 94000);
    say_at(1000, ""); /* that it is gone is told at once, and so is that it is back */
    assert_int_equal(bench_value(0, VITAL_spo2)->quality, QUALITY_ABSENT);
    say_at(2000, "93");
    assert_value(VITAL_spo2, 93000);
}

/* What was remembered lies in the future when the box's clock was wrong and is set back. */
static void test_clock_set_back(void **state)
{
    (void)state;
    say_at(0, "97");
    bench.now.wall_ms -= 3600000;
    bench.now.at_ms += STEP_MS;
    say_at(0, "96");
    assert_value(VITAL_spo2, 96000);
    assert_int_equal(bench_values(0), 2);
}

static void test_fast_profile(void **state)
{
    (void)state;
    bench_open(BENCH_FAST, places);
    for (int i = 0; i < 10; i++) {
        bench_pass_ms(1000);
        say_at(0, "97");
    }
    assert_int_equal(bench_values(0), 10);
    bench_open(BENCH_BEDSIDE, places);
    for (int i = 0; i < 60; i++) {
        bench_pass_ms(1000);
        say_at(0, "97");
    }
    assert_int_equal(bench_values(0), 15); /* one in 4 s: 1.25 a period */
}

/* --- sources ------------------------------------------------------------------------------------------------- */

static void test_best_source(void **state)
{
    (void)state;
    static const char both[] = "OBX|1|NM|151658^MDC_PULS_OXIM_PLETH_RESP_RATE^MDC||12|/min|||||R\r"
                               "OBX|2|NM|151562^MDC_RESP_RATE^MDC||15|/min|||||R\r"
                               "OBX|3|NM|151578^MDC_TTHOR_RESP_RATE^MDC||14|/min|||||R\r";
    say(0, bench_time(0), both);
    assert_value(VITAL_resp, 15000);
    bench_pass_ms(STEP_MS);
    say(0, bench_time(0), "OBX|1|NM|151658^MDC_PULS_OXIM_PLETH_RESP_RATE^MDC||12|/min|||||R\r");
    assert_int_equal(bench_values(0), 1); /* the better one is still there */
    bench_pass_ms(VALUES_SOURCE_MS);
    say(0, bench_time(0), "OBX|1|NM|151658^MDC_PULS_OXIM_PLETH_RESP_RATE^MDC||12|/min|||||R\r");
    assert_value(VITAL_resp, 12000);
    say(100, bench_time(STEP_MS), "OBX|1|NM|151562^MDC_RESP_RATE^MDC||16|/min|||||R\r");
    assert_value(VITAL_resp, 16000);
}

/* One that has a value goes before a better one that has none. */
static void test_source_without_value(void **state)
{
    (void)state;
    say(0, bench_time(0),
        "OBX|1|NM|149530^MDC_PULS_OXIM_PULS_RATE^MDC||---|/min|||||R\r"
        "OBX|2|NM|149514^MDC_PULS_RATE^MDC||80|/min|||||R\r");
    assert_value(VITAL_pulse, 80000);
    assert_int_equal(bench_values(0), 1);
}

/* Nor does it matter that they stand in two orders of one instant. */
static void test_sources_of_two_orders(void **state)
{
    (void)state;
    const char *const off = "OBX|1|NM|" PULSE "||||||||X\r",
                      *on = "OBX|2|NM|149522^MDC_BLD_PULS_RATE_INV^MDC||70|/min|||||R\r";
    for (int i = 0; i < 4; i++) {
        char results[400];
        const char *instant = bench_time(0);
        (void)snprintf(results, sizeof results, "%sOBR|2||||||%s\r%s", i % 2 == 0 ? off : on, instant,
                       i % 2 == 0 ? on : off);
        bench_forget();
        say(0, instant, results);
        assert_value(VITAL_pulse, 70000);
        assert_int_equal(bench_value(0, VITAL_pulse)->quality, QUALITY_VALID);
        bench_pass_ms(STEP_MS);
    }
}

/* Two probes with one code: the first, unless the other is newer. */
static void test_same_code_twice(void **state)
{
    (void)state;
    say(0, bench_time(0), "OBX|1|NM|" SPO2 "|1.1.1.1|97|%|||||R\rOBX|2|NM|" SPO2 "|1.2.1.1|88|%|||||R\r");
    assert_value(VITAL_spo2, 97000);
    assert_int_equal(bench_values(0), 1);
}

/* --- measurements -------------------------------------------------------------------------------------------- */

static void say_cuff(int64_t ms, const char *sys, const char *dia, const char *mode)
{
    char results[320];
    const char *at = ms == INT64_MAX ? "" : bench_time(ms);
    (void)snprintf(results, sizeof results,
                   "OBX|1|NM|" SYS "||%s|" MMHG "|||||R|||%s|||%s\rOBX|2|NM|" DIA "||%s|" MMHG "|||||R|||%s|||%s\r",
                   sys, at, mode, dia, at, mode);
    say(0, bench_time(0), results);
}

static void test_measured_once(void **state)
{
    (void)state;
    say_cuff(-2000, "120", "80", "^APERIODIC");
    assert_int_equal(bench_values(0), 2);
    assert_int_equal(bench_value(0, VITAL_nibp_sys)->flags, 0);
    for (int i = 0; i < 20; i++) {
        bench_pass_ms(STEP_MS);
        say_cuff(-2000 - (i + 1) * STEP_MS, "120", "80", "^APERIODIC");
    }
    assert_int_equal(bench_values(0), 2); /* the same one all the time, then an old one */
    say_cuff(-1000, "120", "80", "^APERIODIC");
    assert_int_equal(bench_values(0), 4); /* measured again, the same values */
    say_cuff(-1000, "121", "80", "^APERIODIC");
    assert_int_equal(bench_values(0), 5); /* corrected */
    say_cuff(-30000, "150", "90", "^APERIODIC");
    assert_int_equal(bench_values(0), 5); /* one from before */
}

static void test_old_measurement(void **state)
{
    (void)state;
    say_cuff(-1440000, "120", "80", "^APERIODIC");
    assert_int_equal(bench_value(0, VITAL_nibp_sys)->flags, OBSERVATION_AGE_UNKNOWN);
    say_cuff(-1440000, "120", "80", "^APERIODIC");
    assert_int_equal(bench_values(0), 2);
    say_cuff(3600000, "130", "85", "^APERIODIC"); /* its clock is an hour ahead */
    assert_int_equal(bench_value(0, VITAL_nibp_sys)->flags, OBSERVATION_AGE_UNKNOWN);
    say_cuff(3600000, "130", "85", "^APERIODIC");
    assert_int_equal(bench_values(0), 4);
}

/* Without an instant of its own a cuff value that is sent again and again is one measurement. */
static void test_measurement_without_instant(void **state)
{
    (void)state;
    say_cuff(INT64_MAX, "120", "80", "");
    assert_int_equal(bench_values(0), 2);
    assert_int_equal(bench_value(0, VITAL_nibp_dia)->flags, OBSERVATION_AGE_UNKNOWN); /* it stood there */
    bench_pass_ms(STEP_MS);
    say_cuff(INT64_MAX, "120", "80", "");
    assert_int_equal(bench_values(0), 2);
    bench_pass_ms(STEP_MS);
    say_cuff(INT64_MAX, "125", "80", ""); /* one of the two is another: both were measured */
    assert_int_equal(bench_values(0), 4);
    assert_int_equal(bench_value(0, VITAL_nibp_dia)->flags, 0);
    bench_pass_ms(STEP_MS);
    say_cuff(INT64_MAX, "125", "80", "^APERIODIC"); /* OBR-7 is its instant */
    assert_int_equal(bench_values(0), 6);
}

static void test_failed_measurement(void **state)
{
    (void)state;
    say_cuff(0, "120", "80", "^APERIODIC");
    bench_pass_ms(STEP_MS);
    say_cuff(0, "---", "", "^APERIODIC");
    assert_int_equal(bench_values(0), 2);
}

/* The thermometer of a spot check is a measurement; beside a bed it is a probe. */
static void test_thermometer(void **state)
{
    (void)state;
    static const char result[] = "OBX|1|NM|" TEMP "||37|Cel|||||R|||20261121115930+0000|||^APERIODIC\r";
    for (unsigned i = 0; i < 2; i++) {
        bench_open(i == 0 ? BENCH_SPOT : BENCH_BEDSIDE, places);
        say(0, bench_time(0), result);
        bench_pass_ms(STEP_MS);
        say(0, bench_time(0), result);
        assert_int_equal(bench_values(0), 1);
        bench_pass_ms(60000);
        say(0, bench_time(0), result);
        assert_int_equal(bench_values(0), 1);
        assert_int_equal(bench.monitor_health[0].failures[STATUS_OUTDATED], i); /* a probe should have news */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identifiers),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_unusable),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_current),
        cmocka_unit_test(test_whose_instant),
        cmocka_unit_test(test_zones),
        cmocka_unit_test(test_without_a_time_source),
        cmocka_unit_test_setup(test_only_newer, open_bedside),
        cmocka_unit_test_setup(test_clock_set_back, open_bedside),
        cmocka_unit_test(test_fast_profile),
        cmocka_unit_test_setup(test_best_source, open_bedside),
        cmocka_unit_test_setup(test_source_without_value, open_bedside),
        cmocka_unit_test_setup(test_sources_of_two_orders, open_bedside),
        cmocka_unit_test_setup(test_same_code_twice, open_bedside),
        cmocka_unit_test_setup(test_measured_once, open_bedside),
        cmocka_unit_test_setup(test_old_measurement, open_bedside),
        cmocka_unit_test_setup(test_measurement_without_instant, open_bedside),
        cmocka_unit_test_setup(test_failed_measurement, open_bedside),
        cmocka_unit_test(test_thermometer),
    };
    return cmocka_run_group_tests_name("hl7 values", tests, NULL, NULL);
}
