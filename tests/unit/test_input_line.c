/*
 * What goes into an engine, as lines and back: an engine that is fed with the lines of another makes the same records, whatever
 * went into that one and whenever it was stepped; and lines that are none are refused with a word that says why.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "app/engine/staffing.h"
#include "app/flow/input_line.h"
#include "tests/unit/support/draw.h"
#include "tests/unit/support/engine_ward.h"

enum { RUNS = 60, ACTIONS = 1500 };

/* One engine, and the digest of what comes out of it. */
struct party {
    struct record_sink sink; /* first */
    struct arena arena;
    struct engine *engine;
    uint64_t records, digest;
};

/* Looks on at `first` and puts what it sees into `second`, by way of lines. */
struct relay {
    struct engine_witness witness; /* first */
    struct party first, second;
    uint64_t last_id;
    uint32_t last_rev;
    char line[INPUT_LINE_MAX];
};

static struct relay relay;

static void put(struct record_sink *sink, const struct record *record)
{
    struct party *party = (struct party *)(void *)sink;
    party->records++;
    party->digest = input_digest_record(party->digest, record);
    if (party == &relay.first && record->kind == RECORD_ALERT) {
        relay.last_id = record->alert.id;
        relay.last_rev = record->alert.rev;
    }
}

static void make_party(struct party *party)
{
    *party = (struct party){.sink = {.put = put}, .digest = INPUT_DIGEST_BEGIN};
    (void)engine_make(&party->arena, &ward_config.engine);
    party->arena = (struct arena){.size = (party->arena.used + 63) / 64 * 64};
    party->arena.base = aligned_alloc(64, party->arena.size);
    assert_non_null(party->arena.base);
    memset(party->arena.base, 0, party->arena.size);
    party->engine = engine_make(&party->arena, &ward_config.engine);
}

static size_t write_input(const struct engine_input *input, char *out)
{
    const struct engine_config *config = &ward_config.engine;
    return input->kind == INPUT_OBSERVATION
               ? input_line_observations(config, input->observation, 1, input->stepped, out, INPUT_LINE_MAX)
               : input_line_other(config, input, out, INPUT_LINE_MAX);
}

static void take(struct engine_witness *witness, const struct engine_input *input)
{
    struct relay *r = (struct relay *)(void *)witness;
    static struct input_line line;
    char again[INPUT_LINE_MAX], fault[200];
    const size_t length = write_input(input, r->line);
    assert_true(length > 0);
    if (!input_line_read(&ward_config.engine, r->line, length, &line, fault, sizeof fault)) {
        fail_msg("%s: %s", fault, r->line);
    }
    assert_int_equal(line.count, 1);
    (void)write_input(&line.inputs[0], again);
    assert_string_equal(again, r->line);
    if (!engine_take(r->second.engine, &line.inputs[0], &r->second.sink)) {
        fail_msg("not taken: %s", r->line);
    }
}

static void give(struct engine_witness *witness, const struct record *record)
{
    (void)witness;
    (void)record;
}

static void configure(void)
{
    ward_clear_config();
    ward_add_channel(VITAL_hr, 1000);
    ward_add_channel(VITAL_spo2, 1000);
    ward_add_channel(VITAL_nibp_sys, 60000);
    ward_config.channels[2].episodic = true;
    struct rule *low =
        ward_add_rule("spo2_low", "share(spo2 < limit, 15s) >= 0.8", "min(spo2, 5s) >= limit", 90, PRIORITY_MEDIUM);
    low->parameters[PARAMETER_LIMIT].settable = true;
    low->parameters[PARAMETER_LIMIT].settable_low_milli = 80000;
    low->parameters[PARAMETER_LIMIT].settable_high_milli = 95000;
    low->foresee_ms = 15 * 60000;
    ward_add_rule("hr_high", "hr > limit", NULL, 120, PRIORITY_HIGH)->latching = true;
    ward_add_signal("probe_off", SIGNAL_sensor_off, 0, 3);
    ward_add_second_bed();
    ward_config.engine.replay = false;
    ward_config.engine.stay_after_ms = 3000;
    ward_config.engine.pause = (struct pause_config){
        .audio_ms = 5000, .audio_ms_max = 15000, .alarm_ms = 4000, .alarm_ms_max = 15000, .reminder_ms = 2000};
    low->escalate_ms = 4000;
    low->escalate_to = PRIORITY_HIGH;
    ward_config.beds[1].reports_alarms = true;
}

static void begin(void)
{
    make_party(&relay.first);
    make_party(&relay.second);
    relay.witness = (struct engine_witness){.takes = take, .gives = give};
    engine_set_witness(relay.first.engine, &relay.witness);
    engine_seed(relay.first.engine, draw(UINT64_MAX));
    engine_clock_synced(relay.first.engine, chance(50));
    if (chance(50)) {
        engine_restore_numbers(relay.first.engine, draw(1000), 1 + draw(1000));
        const struct bed_snapshot stay = {
            .stay = 7,
            .stay_start_ms = -5000,
            .stay_began_ms = -2000,
            .admission_ms = -1000,
            .bed_seq = 3,
            .identity = {-1, 5},
            .pauses = {{-4000, 9000, PAUSE_AUDIO, 0}, {-3000, 7000, PAUSE_ALARM, pause_key("hr_high")}},
            .attributes = {.known = 5, .value_milli = {54000, 0, -28500}, .fed_at_ms = -7200000}};
        engine_restore_bed(relay.first.engine, 1, &stay);
    }
    (chance(50) ? engine_begin : engine_continue)(relay.first.engine, 0);
}

static void end(void)
{
    free(relay.first.arena.base);
    free(relay.second.arena.base);
}

static void step(struct party *party, int64_t until_ms)
{
    while (engine_next(party->engine) <= until_ms) {
        engine_step(party->engine, until_ms, &party->sink);
    }
}

/* ---- anything that may happen ---- */

static struct observation any_observation(int64_t at_ms)
{
    static const enum vital vitals[] = {VITAL_hr, VITAL_spo2, VITAL_nibp_sys};
    struct observation o = {.at_ms = at_ms, .bed = (uint16_t)draw(2), .monitor = (uint8_t)(chance(95) ? 0 : 1)};
    o.kind = (uint8_t)(chance(80) ? (uint64_t)OBSERVATION_VALUE : draw(OBSERVATION_OUTDATED + 1));
    o.vital = o.kind == OBSERVATION_VALUE || o.kind == OBSERVATION_REFUSED ? (uint8_t)vitals[draw(3)] : 0;
    if (o.kind == OBSERVATION_VALUE) {
        o.value_milli = (int32_t)draw(200) * 1000 + (int32_t)draw(3);
        o.quality = (uint8_t)(chance(90) ? (uint64_t)QUALITY_VALID : draw(QUALITY_COUNT));
        o.flags = o.vital == VITAL_nibp_sys && chance(30) ? OBSERVATION_AGE_UNKNOWN : 0;
    } else if (o.kind == OBSERVATION_SIGNAL || o.kind == OBSERVATION_REFUSED) {
        o.value_milli = (int32_t)draw(2);
        o.signal = o.kind == OBSERVATION_SIGNAL ? (uint8_t)(chance(80) ? 3 : 77) : 0;
    } else if (o.kind == OBSERVATION_IDENTITY) {
        o.value_milli = chance(90) ? 42 : -42;
    }
    return o;
}

static void any_command(int64_t at_ms)
{
    static const enum command_kind kinds[] = {
        COMMAND_admit,       COMMAND_discharge, COMMAND_transfer,    COMMAND_away,       COMMAND_back,
        COMMAND_acknowledge, COMMAND_set_limit, COMMAND_reset_limit, COMMAND_test_alert, COMMAND_assign,
        COMMAND_pause,       COMMAND_resume,    COMMAND_describe,    COMMAND_set_staff,  COMMAND_resend};
    struct bed_command c = {
        .kind = (uint8_t)kinds[draw(15)], .role = ROLE_local, .bed = (uint16_t)draw(2), .id = "c\"1", .by = "n"};
    struct bed_view view;
    engine_view_bed(relay.first.engine, c.bed, &view);
    c.stay = chance(90) ? view.stay : 99;
    c.to_bed = c.kind == COMMAND_transfer ? (uint16_t)(1 - c.bed) : 0;
    c.duration_ms = c.kind == COMMAND_away || c.kind == COMMAND_pause ? (uint32_t)draw(20000) : 0;
    c.what = c.kind == COMMAND_pause || c.kind == COMMAND_resume ? (uint8_t)draw(PAUSE_WHAT_COUNT) : 0;
    c.rule = (c.kind == COMMAND_pause || c.kind == COMMAND_resume) && chance(60) ? RULE_NONE : 0;
    c.alarm_id = c.kind == COMMAND_acknowledge ? relay.last_id + 1 - draw(2) : 0;
    c.rev = c.kind == COMMAND_acknowledge ? relay.last_rev : 0;
    c.value_milli = c.kind == COMMAND_set_limit ? (int32_t)(75 + draw(25)) * 1000 : 0;
    if (c.kind == COMMAND_set_staff) {
        c.nurses = (uint8_t)draw(STAFFING_NURSES_MAX + 1);
        c.has_until = chance(60);
        c.until_ms = c.until_wall_ms = c.has_until ? at_ms - 5000 + (int64_t)draw(60000) : 0;
        (void)snprintf(c.reason, sizeof c.reason, "one \"ill\"");
    }
    c.from_seq = c.kind == COMMAND_resend ? draw(40) : 0;
    c.through_seq = c.kind == COMMAND_resend ? draw(60) : 0;
    if (c.kind == COMMAND_describe) {
        c.attribute = (uint8_t)draw(ATTRIBUTE_COUNT);
        c.has_value = chance(80);
        c.value_milli = c.has_value ? (int32_t)draw(30) * 500 : 0;
    }
    c.verdict = chance(90) ? VERDICT_ACCEPTED : VERDICT_EXPIRED;
    engine_command(relay.first.engine, at_ms, &c);
}

static void any_alarm(int64_t at_ms)
{
    static const char *const names[] = {"lead_off", "asystole"};
    struct monitor_alarm a = {.at_ms = at_ms,
                              .bed = 1,
                              .phase = (uint8_t)(chance(70) ? MONITOR_ALARM_PRESENT : MONITOR_ALARM_ENDED),
                              .priority = (uint8_t)(1 + draw(3)),
                              .kind = (uint8_t)draw(2),
                              .vital = chance(50) ? VITAL_hr : VITAL_NONE,
                              .inactivation = (uint8_t)draw(4),
                              .is_repeated = chance(50)};
    (void)snprintf(a.name, sizeof a.name, "%s", names[draw(2)]);
    (void)snprintf(a.text, sizeof a.text, "Asystolie \xC3\xBC \"%d\"", (int)draw(3));
    (void)engine_observe_alarm(relay.first.engine, &a);
}

static void any_action(int64_t at_ms)
{
    const uint64_t which = draw(100);
    if (which < 85) {
        const struct observation o = any_observation(at_ms);
        assert_true(engine_observe(relay.first.engine, &o));
    } else if (which < 90) {
        any_command(at_ms);
        step(&relay.first, at_ms);
    } else if (which < 95) {
        any_alarm(at_ms);
    } else if (which < 98) {
        engine_condition(relay.first.engine, at_ms, BUILTIN_bus_down, chance(50), PRIORITY_NONE, "line-a");
    } else {
        engine_clock_synced(relay.first.engine, chance(50));
    }
}

static void test_the_same_records_whatever_happens(void **state)
{
    (void)state;
    draw_seed(20260201);
    for (unsigned run = 0; run < RUNS; run++) {
        int64_t at_ms = 0;
        configure();
        begin();
        for (unsigned i = 0; i < ACTIONS; i++) {
            at_ms += chance(40) ? 0 : (int64_t)draw(chance(5) ? 20000 : 700);
            at_ms = at_ms < engine_now(relay.first.engine) ? engine_now(relay.first.engine) : at_ms;
            step(&relay.first,
                 chance(15) ? at_ms : at_ms - 1); /* sometimes its own instant, too, and then something more comes */
            any_action(at_ms);
        }
        step(&relay.first, at_ms);
        step(&relay.second, at_ms);
        assert_true(relay.first.records > 20);
        assert_int_equal(relay.second.records, relay.first.records);
        assert_true(relay.second.digest == relay.first.digest);
        end();
    }
}

/* ---- single lines ---- */

static struct input_line line;

static bool read_text(const char *text, char *fault, size_t size)
{
    return input_line_read(&ward_config.engine, text, strlen(text), &line, fault, size);
}

static void test_observations_share_a_line(void **state)
{
    (void)state;
    char fault[200] = "";
    configure();
    assert_true(
        read_text(
            "{\"t\":12.5,\"bed\":\"bed-2\",\"heard\":true,\"hr\":72,\"spo2\":\"0 sensor_off\",\"nibp_sys\":\"120 valid "
            "found\",\"signal.probe_off\":true}",
            fault, sizeof fault) ||
        fault[0] != '\0');
    (void)snprintf(fault, sizeof fault,
                   "{\"t\":12.5,\"bed\":\"%s\",\"heard\":true,\"hr\":72,\"spo2\":\"0 sensor_off\"}",
                   ward_config.beds[1].id);
    char text[200];
    memcpy(text, fault, sizeof text);
    assert_true(read_text(text, fault, sizeof fault));
    assert_int_equal(line.count, 3);
    assert_int_equal(line.observations[0].kind, OBSERVATION_HEARD);
    assert_int_equal(line.observations[1].value_milli, 72000);
    assert_int_equal(line.observations[2].quality, QUALITY_SENSOR_OFF);
    assert_int_equal(line.observations[2].at_ms, 12500);
    assert_int_equal(line.observations[2].bed, 1);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *fault;
    } bad[] = {
        {"", "no flat JSON object"},
        {"[1]", "no flat JSON object"},
        {"{}", "'t' is missing"},
        {"{\"t\":\"noon\",\"bed\":\"@\",\"hr\":1}", "'t' is no time"},
        {"{\"t\":1.0001,\"bed\":\"@\",\"hr\":1}", "'t' is no time"},
        {"{\"t\":1e9,\"bed\":\"@\",\"hr\":1}", "'t' is no time"},
        {"{\"t\":1,\"hr\":1}", "no 'bed' is named"},
        {"{\"t\":1,\"bed\":\"b77\",\"hr\":1}", "'b77' is not in the configuration"},
        {"{\"t\":1,\"bed\":\"@\"}", "nothing was observed"},
        {"{\"t\":1,\"bed\":\"@\",\"hrr\":1}", "'hrr' is no vital (did you mean 'hr'?)"},
        {"{\"t\":1,\"bed\":\"@\",\"hr\":true}", "'hr' is no value"},
        {"{\"t\":1,\"bed\":\"@\",\"hr\":\"72\"}", "'hr' has no quality"},
        {"{\"t\":1,\"bed\":\"@\",\"hr\":\"72 fine\"}", "'fine' is neither"},
        {"{\"t\":1,\"bed\":\"@\",\"hr\":3000000}", "'hr' is no number"},
        {"{\"t\":1,\"bed\":\"@\",\"monitor\":8,\"hr\":1}", "'monitor' is no whole number up to 7"},
        {"{\"t\":1,\"bed\":\"@\",\"signal.other\":true}", "no such signal"},
        {"{\"t\":1,\"bed\":\"@\",\"command\":\"dance\"}", "'command' cannot be 'dance'"},
        {"{\"t\":1,\"bed\":\"@\",\"command\":\"acknowledge\"}", "which alarm?"},
        {"{\"t\":1,\"bed\":\"@\",\"command\":\"admit\",\"hr\":1}", "'hr' has no place"},
        {"{\"t\":1,\"bed\":\"@\",\"command\":\"set_limit\",\"rule\":\"none\",\"value\":1}", "no rule 'none'"},
        {"{\"t\":1,\"input\":\"magic\"}", "no input 'magic'"},
        {"{\"t\":1,\"input\":\"condition\",\"condition\":\"spo2_low\"}", "no condition 'spo2_low'"},
        {"{\"recording\":\"wardgate\",\"version\":2}", "another version"},
    };
    configure();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[200], fault[200];
        const char *at = strchr(bad[i].text, '@');
        if (at != NULL) {
            (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(at - bad[i].text), bad[i].text, ward_config.beds[0].id,
                           at + 1);
        } else {
            (void)snprintf(text, sizeof text, "%s", bad[i].text);
        }
        if (read_text(text, fault, sizeof fault)) {
            fail_msg("not refused: %s", text);
        }
        if (strstr(fault, bad[i].fault) == NULL) {
            fail_msg("'%s' is not said of %s: %s", bad[i].fault, text, fault);
        }
    }
}

static void test_what_cannot_come_where_the_engine_is(void **state)
{
    (void)state;
    const struct observation early = {.at_ms = 500, .kind = OBSERVATION_HEARD};
    const struct engine_input wrong[] = {
        {.kind = INPUT_BEGIN, .at_ms = 2000},
        {.kind = INPUT_SEED, .number = 1},
        {.kind = INPUT_NUMBERS, .number_2 = 1},
        {.kind = INPUT_RESTORE_BEGIN},
        {.kind = INPUT_RESTORE_END},
        {.kind = INPUT_OBSERVATION, .at_ms = 500, .observation = &early},
        {.kind = INPUT_CONDITION, .at_ms = 2000, .number = BUILTIN_sensor_off, .detail = ""},
        {.kind = INPUT_RETIRE, .at_ms = 2000},
    };
    configure();
    make_party(&relay.second);
    struct party *party = &relay.second;
    const struct engine_input first = {.kind = INPUT_OBSERVATION, .at_ms = 500, .observation = &early};
    assert_false(engine_take(party->engine, &first, &party->sink)); /* it has not begun */
    assert_true(engine_take(party->engine, &(struct engine_input){.kind = INPUT_BEGIN, .at_ms = 1000}, &party->sink));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(engine_take(party->engine, &wrong[i], &party->sink));
    }
    free(party->arena.base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_records_whatever_happens), cmocka_unit_test(test_observations_share_a_line),
        cmocka_unit_test(test_what_is_refused), cmocka_unit_test(test_what_cannot_come_where_the_engine_is)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
