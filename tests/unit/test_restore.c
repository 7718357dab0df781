/* Going on after a restart, over the real store: numbers, stays, windows, alarms; and what must not come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/draw.h"
#include "tests/unit/support/restore_bench.h"

static struct restore_counts counts;
static struct record taken[64];
static unsigned taken_count;

static void take(struct record_sink *sink, const struct record *record)
{
    (void)sink;
    assert_true(taken_count < 64);
    taken[taken_count++] = *record;
}

static void step_until(int64_t until_ms)
{
    struct record_sink sink = {.put = take};
    while (engine_next(engine) <= until_ms) {
        engine_step(engine, until_ms, &sink);
    }
}

static int64_t found_ms; /* a break */

static enum status restore_as(enum restore_break how)
{
    taken_count = 0;
    const enum status status = restore_engine(store, &config, engine, NOW_MS, KEEP_MS, how, found_ms, &counts);
    assert_true(engine_now(engine) <= NOW_MS);
    engine_begin(engine, NOW_MS);
    step_until(NOW_MS);
    return status;
}

static enum status restore(bool continuous)
{
    return restore_as(continuous ? RESTORE_UNBROKEN : RESTORE_BROKEN);
}

/* Without reading on, "vital value quality" of those that have a value. */
static const char *view_of(uint16_t bed)
{
    static char text[256];
    struct bed_view view;
    size_t length = 0;
    text[0] = '\0';
    engine_view_bed(engine, bed, &view);
    for (unsigned i = 0; i < view.vital_count; i++) {
        const struct vital_view *v = &view.vitals[i];
        if (v->quality != QUALITY_NEVER) {
            length += (size_t)snprintf(text + length, sizeof text - length, "%s%s %d %s", length > 0 ? ", " : "",
                                       vital_info((enum vital)v->vital)->name, v->value_milli / 1000,
                                       quality_word((enum quality)v->quality));
        }
    }
    return text;
}

static unsigned alerts_named(const char *wanted, uint16_t bed)
{
    unsigned found = 0;
    for (unsigned i = 0; i < taken_count; i++) {
        char name[ALARM_NAME_MAX];
        if (taken[i].kind == RECORD_ALERT) {
            alarm_name(&config, &taken[i].alert, name);
            found += strcmp(name, wanted) == 0 && taken[i].alert.key.bed == bed ? 1 : 0;
        }
    }
    return found;
}

/* ---- numbers, stays, windows ---- */

static void test_an_empty_store(void **state)
{
    (void)state;
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.alarms + counts.alarms_gone + counts.observations, 0);
    assert_string_equal(view_of(0), "");
    assert_int_equal(taken_count, 0);
}

static void test_windows_and_numbers_go_on(void **state)
{
    (void)state;
    struct bed_view view;
    put_ward();
    journal_beds(60, 0, (const int32_t[]){130, 80}, 2);
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.observations, 120);
    assert_string_equal(view_of(0), "hr 130 valid");
    assert_string_equal(view_of(1), "hr 80 valid");
    engine_view_bed(engine, 0, &view);
    assert_int_equal(view.stay, 11);
    assert_int_equal(view.stay_start_ms, STAY_MS);
    /* The window is whole: the alarm whose start was not committed starts at once, with the numbers that follow. */
    assert_int_equal(alerts_named("hr_high", 0), 1);
    assert_int_equal(alerts_named("hr_high", 1), 0);
    assert_int_equal(taken[0].alert.seq, 41);
    assert_int_equal(taken[0].alert.id, 90);
    assert_int_equal(taken[0].alert.bed_seq, 6);
    assert_int_equal(taken[0].alert.stay, 11);
}

/* What is from before an earlier break stays in the journal, and stands close by when the wall clock had fallen behind. */
static void test_a_break_before_the_last_run_is_not_bridged(void **state)
{
    (void)state;
    struct state_clock clock = {.boot_id = "boot", .unbroken_from_ms = NOW_MS - 20000};
    const struct observation pressure = observation(NOW_MS - 30000, 0, VITAL_nibp_sys, 120);
    put_ward();
    put_state(STATE_CLOCK, &clock, sizeof clock);
    put_state(STATE_MEASUREMENT "b1/nibp_sys", &pressure, sizeof pressure);
    journal_beds(60, 0, (const int32_t[]){130, 80}, 2);
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.observations, 40);
    assert_string_equal(view_of(0), "hr 130 valid");
    open_engine();
    clock.unbroken_from_ms = NOW_MS;
    put_state(STATE_CLOCK, &clock, sizeof clock);
    assert_int_equal(restore(true), STATUS_OK);
    assert_string_equal(view_of(0), "");
}

static void test_a_break_of_unknown_length_empties_windows(void **state)
{
    (void)state;
    struct bed_view view;
    put_ward();
    put_alarm("b1", "hr_high", false);
    journal_hr(60, 0, 0, 130);
    assert_int_equal(restore(false), STATUS_OK);
    assert_int_equal(counts.observations, 0);
    assert_int_equal(counts.alarms, 1);
    assert_string_equal(view_of(0), "");
    engine_view_bed(engine, 0, &view);
    assert_int_equal(view.stay, 11);
    assert_int_equal(view.alarm_count, 1); /* it stays, and says that it is not verified */
    assert_int_equal(alerts_named("hr_high", 0), 1);
    assert_int_equal(taken[0].alert.reason, REASON_UNVERIFIED);
    assert_int_equal(taken[0].alert.phase, PHASE_UPDATE);
    assert_int_equal(taken[0].alert.id, ALARM_ID);
    assert_int_equal(taken[0].alert.rev, 2);
}

/* A power cut took the journal's last seconds; with the newest alert they were committed. */
static void test_the_tail_goes_on_where_the_journal_ends(void **state)
{
    (void)state;
    put_ward();
    put_alarm("b1", "hr_high", false);
    journal_hr(60, 10, 0, 80);
    row_hr(10, 0, 0, 130);
    put_tail();
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.observations, 60);
    assert_string_equal(view_of(0), "hr 130 valid");
    assert_int_equal(taken_count, 0); /* the alarm that is active goes on */
}

static void test_without_its_tail_an_alarm_would_end(void **state)
{
    (void)state;
    put_ward();
    put_alarm("b1", "hr_high", false);
    journal_hr(60, 0, 0, 80);
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(alerts_named("hr_high", 0), 1);
    assert_int_equal(taken[0].alert.phase, PHASE_END);
}

/* The program was killed: the journal has all of the tail, and what came after it. Nothing is fed twice. */
static void test_a_tail_that_the_journal_has_too(void **state)
{
    (void)state;
    put_ward();
    journal_hr(60, 20, 0, 80);
    row_hr(20, 10, 0, 90);
    put_tail();
    flush_journal(NOW_MS - 10500);
    journal_hr(10, 0, 0, 100);
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.observations, 60);
    assert_string_equal(view_of(0), "hr 100 valid");
}

/* Of what was not synced the journal lost any part: here the first half of the tail, and the tail its second. */
static void test_the_tail_fills_what_the_journal_lost(void **state)
{
    (void)state;
    put_ward();
    journal_hr(60, 20, 0, 80);
    row_hr(20, 10, 0, 90);
    put_tail();
    commit_journal_empty(&row);
    row_hr(15, 5, 0, 90);
    flush_journal(NOW_MS - 5500);
    journal_hr(5, 0, 0, 100);
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.observations, 60);
    assert_string_equal(view_of(0), "hr 100 valid");
}

static void test_an_old_tail_is_past(void **state)
{
    (void)state;
    put_ward();
    row_hr(700, 690, 0, 130);
    put_tail();
    flush_journal(NOW_MS - 690000);
    journal_hr(60, 0, 0, 80);
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.observations, 60);
    assert_string_equal(view_of(0), "hr 80 valid");
}

static void test_a_damaged_tail(void **state)
{
    (void)state;
    for (unsigned damage = 0; damage < 3; damage++) {
        const struct state_tail sizes[] = {{.size = STORE_PIECE_MAX + 5}, {.size = UINT32_MAX}, {.size = 3}};
        assert_int_equal(restore_tear_down(state), 0);
        assert_int_equal(restore_set_up(state), 0);
        put_ward();
        row_hr(10, 0, 0, 130);
        put_tail();
        commit_journal_empty(&row);
        put_state(STATE_TAIL, &sizes[damage], sizeof sizes[damage]);
        journal_hr(60, 0, 0, 80);
        assert_int_equal(restore(true), STATUS_CORRUPT);
        assert_int_equal(counts.observations, 60);
        assert_string_equal(view_of(0), "hr 80 valid");
    }
}

static void test_only_what_the_journal_must_keep_is_fed(void **state)
{
    (void)state;
    put_ward();
    journal_hr(700, 690, 0, 70); /* older than KEEP_MS */
    journal_hr(5, 0, 0, 80);
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.observations, 5);
}

/* An empty bed's monitor says "no value" all the time; then somebody comes. A restart soon after must not trip over what was before. */
static void test_what_was_before_the_stay_stays_there(void **state)
{
    (void)state;
    put_ward();
    put_stay("b1", 11, NOW_MS - 30000);
    journal_hr(60, 30, 0, 200);
    struct observation o = observation(NOW_MS - 31000, 0, VITAL_hr, 0);
    o.quality = QUALITY_ABSENT;
    journal(&o);
    o.kind = OBSERVATION_LOST;
    journal(&o);
    o = observation(NOW_MS - 31000, 0, VITAL_nibp_sys, 60); /* another patient's */
    journal(&o);
    put_measurement("b1", &o);
    flush_journal(NOW_MS - 30500);
    journal_hr(30, 0, 0, 80);
    assert_int_equal(restore(true), STATUS_OK);
    assert_true(counts.observations >= 30);
    assert_string_equal(view_of(0), "hr 80 valid");
    assert_int_equal(taken_count, 0);
}

static void test_a_vacant_bed_collects_its_seconds_again(void **state)
{
    (void)state;
    put_ward();
    put_stay("b1", 0, 0);
    journal_hr(20, 0, 0, 80);
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.observations, 20);
    for (int s = 0; s < 11; s++) {
        const struct observation o = observation(NOW_MS + s * 1000 + 10, 0, VITAL_hr, 80);
        step_until(o.at_ms - 1);
        assert_true(engine_observe(engine, &o));
    }
    step_until(NOW_MS + 10010);
    assert_int_equal(alerts_named("admission_not_entered", 0), 1); /* 30 s after the first of them */
}

/* ---- beds and rules that are others now ---- */

static void test_beds_are_found_by_name(void **state)
{
    (void)state;
    put_ward();
    put_stay("b3", 13, STAY_MS);
    put_state(STATE_BEDS, "b1\0b2\0b3", sizeof "b1\0b2\0b3");
    journal_beds(20, 0, (const int32_t[]){70, 80, 90, 100}, 4); /* no bed had the last index */
    make_config("b3", "b1");
    open_engine();
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.observations, 40);
    assert_string_equal(view_of(0), "hr 90 valid");
    assert_string_equal(view_of(1), "hr 70 valid");
}

static void test_a_journal_whose_beds_nobody_knows_is_left(void **state)
{
    (void)state;
    put_ward();
    put_state(STATE_BEDS, "", 0);
    journal_hr(20, 0, 0, 70);
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.observations, 0);
    assert_string_equal(view_of(0), "");
}

static bool note_active(void *context, const struct store_alarm *alarm)
{
    char *text = context;
    const size_t length = strlen(text);
    assert_int_equal(alarm->json_length, 2);
    assert_int_equal(alarm->priority, PRIORITY_MEDIUM);
    if (!alarm->ended) {
        (void)snprintf(text + length, 256 - length, "%s%s/%s", length > 0 ? " " : "", alarm->bed, alarm->alarm);
    }
    return true;
}

/* A bed that was away from the configuration comes back vacant: nobody knows who is in it. Its numbering goes on. */
static void test_a_bed_that_goes_ends_its_stay(void **state)
{
    (void)state;
    put_ward();
    make_config("b1", "b3");
    open_engine();
    assert_int_equal(restore(true), STATUS_OK);
    make_config("b1", "b2");
    open_engine();
    assert_int_equal(restore(true), STATUS_OK);
    struct bed_view view;
    engine_view_bed(engine, 0, &view);
    assert_int_equal(view.stay, 11);
    engine_view_bed(engine, 1, &view);
    assert_int_equal(view.stay, 0);
    struct bed_snapshot bed;
    size_t length = 0;
    assert_int_equal(store_get_state(store, STATE_BED "b2", &bed, sizeof bed, &length), STATUS_OK);
    assert_int_equal(bed.bed_seq, 5);
}

/* One for 30 s more, one that ended while nobody ran. */
static void put_pauses(void)
{
    struct bed_snapshot bed = {.stay = 11, .stay_start_ms = STAY_MS, .bed_seq = 5};
    bed.pauses[0] = (struct pause){NOW_MS - 60000, NOW_MS + 30000, PAUSE_AUDIO, 0};
    bed.pauses[1] = (struct pause){NOW_MS - 60000, NOW_MS - 1, PAUSE_ALARM, pause_key("hr_high")};
    put_state(STATE_BED "b1", &bed, sizeof bed);
}

static void test_pauses_go_on(void **state)
{
    (void)state;
    struct bed_view view;
    put_ward();
    put_pauses();
    assert_int_equal(restore(true), STATUS_OK);
    engine_view_bed(engine, 0, &view);
    assert_int_equal(view.pauses[0].what, PAUSE_AUDIO);
    assert_int_equal(view.pauses[0].until_ms, NOW_MS + 30000);
    assert_int_equal(view.pauses[1].what, PAUSE_NONE);
    assert_int_equal(alerts_named("alarms_paused", 0), 1);
}

/* Nobody knows how long ago somebody asked for it. */
static void test_a_break_of_unknown_length_ends_pauses(void **state)
{
    (void)state;
    struct bed_view view;
    put_ward();
    put_pauses();
    assert_int_equal(restore(false), STATUS_OK);
    engine_view_bed(engine, 0, &view);
    assert_int_equal(view.pauses[0].what, PAUSE_NONE);
    assert_int_equal(view.pauses[1].what, PAUSE_NONE);
    assert_int_equal(alerts_named("alarms_paused", 0), 0);
    assert_int_equal(taken[0].kind, RECORD_BED); /* the store shall know it, too */
}

/* The hardware clock that a start went on by was wrong: what is from before that start is not joined any more, what came since is. */
static void test_a_break_that_is_found_later(void **state)
{
    (void)state;
    struct state_clock clock = {.boot_id = "boot"};
    struct bed_view view;
    put_ward();
    put_alarm("b1", "hr_high", false);
    put_state(STATE_CLOCK, &clock, sizeof clock);
    journal_beds(60, 0, (const int32_t[]){80, 130}, 2);
    found_ms = NOW_MS - 5000;
    assert_int_equal(restore_as(RESTORE_BREAK_FOUND), STATUS_OK);
    assert_int_equal(counts.observations, 10);
    assert_string_equal(view_of(0), "hr 80 valid");
    engine_view_bed(engine, 0, &view);
    assert_int_equal(view.stay, 11);
    assert_int_equal(view.alarm_count, 1);
    assert_true(taken[0].alert.unverified); /* until data confirm or clear it */
    assert_int_equal(alerts_named("hr_high", 0), 1);
    assert_int_equal(alerts_named("hr_high", 1),
                     0); /* 40 of its 60 s are of before: its window is not whole any more */
    assert_int_equal(restore_unbroken_from_ms(store),
                     0); /* nothing is written here: an opening that fails now would have no numbers */
}

static void test_a_break_that_is_found_later_ends_pauses_of_before(void **state)
{
    (void)state;
    struct bed_snapshot bed = {.stay = 11, .stay_start_ms = STAY_MS, .bed_seq = 5};
    struct bed_view view;
    put_ward();
    bed.pauses[0] = (struct pause){NOW_MS - 60000, NOW_MS + 30000, PAUSE_AUDIO, 0};
    bed.pauses[1] = (struct pause){NOW_MS - 10000, NOW_MS + 30000, PAUSE_ALARM, pause_key("hr_high")};
    put_state(STATE_BED "b1", &bed, sizeof bed);
    found_ms = NOW_MS - 30000;
    assert_int_equal(restore_as(RESTORE_BREAK_FOUND), STATUS_OK);
    engine_view_bed(engine, 0, &view);
    assert_int_equal(view.pauses[0].what, PAUSE_NONE);
    assert_int_equal(view.pauses[1].what, PAUSE_ALARM); /* somebody asked for it after the break */
    assert_int_equal(view.pauses[1].until_ms, NOW_MS + 30000);
}

static void test_alarms_whose_rule_or_bed_is_gone(void **state)
{
    char active[256] = "";
    (void)state;
    put_ward();
    put_alarm("b1", "hr_high", false);
    put_alarm("b1", "nibp_sys_low", true);
    put_alarm("b1", "hr_low", false);
    put_alarm("b1", "hr_low.not_monitored", false);
    put_alarm("b1", "monitor.vtach", false);
    put_alarm("b9", "hr_high", false);
    put_alarm("", "uplink_down", false);
    put_alarm("", "hr_high", false);
    put_alarm("b1", "uplink_down", false);
    put_alarm("", "monitor_silent", false);
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.alarms, 2);
    assert_int_equal(counts.alarms_gone, 7);
    /* No one could ever end those: their topics are to be emptied. */
    assert_int_equal(store_each_alarm(store, note_active, active), STATUS_OK);
    assert_string_equal(active, "/uplink_down b1/hr_high");
    step_until(NOW_MS + 9000);
    assert_int_equal(alerts_named("hr_high", 0), 0); /* unknown ends nothing */
}

/* However many: a ward may have lost a rule that every bed had an alarm of. */
static void test_many_alarms_are_gone(void **state)
{
    (void)state;
    char active[256] = "";
    put_ward();
    put_alarm("b1", "hr_high", false);
    for (unsigned i = 0; i < 150; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "gone_%u", i);
        put_alarm("b2", name, false);
    }
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.alarms, 1);
    assert_int_equal(counts.alarms_gone, 150);
    assert_int_equal(store_each_alarm(store, note_active, active), STATUS_OK);
    assert_string_equal(active, "b1/hr_high");
}

/* A monitor's own alarm is known by its name alone, and only where the configuration says that a monitor tells any. */
static void test_alarms_that_a_monitor_names(void **state)
{
    (void)state;
    char active[256] = "";
    put_ward();
    beds[1].reports_alarms = true;
    open_engine();
    put_alarm_of("b2", "monitor.vtach", false, "vtach");
    put_alarm_of("b2", "monitor.lead_off.not_monitored", false, "lead_off");
    put_alarm_of("b2", "monitor.asystole", false, "A name that is none");
    put_alarm_of("b2", "monitor.apnoea", true, "apnoea");
    put_alarm_of("b1", "monitor.vtach", false, "vtach");
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.alarms, 2);
    assert_int_equal(counts.alarms_gone, 2);
    assert_int_equal(store_each_alarm(store, note_active, active), STATUS_OK);
    assert_string_equal(active, "b2/monitor.lead_off.not_monitored b2/monitor.vtach");
}

/* ---- measurements ---- */

static void test_a_measurement_older_than_the_journal(void **state)
{
    (void)state;
    struct bed_view view;
    const struct observation o = observation(NOW_MS - 1800000, 5, VITAL_nibp_sys, 85); /* of a bed index of that day */
    put_ward();
    put_measurement("b2", &o);
    journal_hr(20, 0, 1, 80);
    assert_int_equal(restore(true), STATUS_OK);
    assert_string_equal(view_of(1), "hr 80 valid, nibp_sys 85 valid");
    engine_view_bed(engine, 1, &view);
    assert_int_equal(view.vitals[1].at_ms, NOW_MS - 1800000);
    assert_int_equal(alerts_named("nibp_sys_low", 1), 1);
    assert_int_equal(alerts_named("nibp_sys_low", 0), 0);
}

static void test_a_measurement_that_the_journal_lost(void **state)
{
    (void)state;
    const struct observation o = observation(NOW_MS - 30000, 1, VITAL_nibp_sys, 110);
    put_ward();
    put_measurement("b2", &o);
    journal_hr(60, 0, 1, 80);
    assert_int_equal(restore(true), STATUS_OK);
    assert_string_equal(view_of(1), "hr 80 valid, nibp_sys 110 valid");
}

static void test_measurements_that_cannot_be(void **state)
{
    (void)state;
    put_ward();
    put_stay("b2", 0, 0);
    struct observation o = observation(NOW_MS + 1000, 0, VITAL_nibp_sys, 110);
    put_measurement("b1", &o); /* from the future */
    o.at_ms = INT64_MIN;
    put_measurement("b2", &o); /* of nobody */
    assert_int_equal(restore(true), STATUS_OK);
    assert_int_equal(counts.observations, 0);
    open_engine();
    o = observation(NOW_MS - 1000, 0, VITAL_nibp_sys, 110);
    o.vital = VITAL_hr;
    put_state(STATE_MEASUREMENT "b1/nibp_sys", &o, sizeof o);
    assert_int_equal(restore(true), STATUS_OK);
    assert_string_equal(view_of(0), "");
}

/* An alarm that ended 30 s ago: what held before does not count for the next one, though the journal has it. */
static void test_the_past_of_an_alarm(void **state)
{
    (void)state;
    for (int known = 0; known < 2; known++) {
        if (known == 1) {
            assert_int_equal(restore_tear_down(state), 0);
            assert_int_equal(restore_set_up(state), 0);
        }
        rules[0].delay_ms = 45000;
        open_engine();
        put_ward();
        struct alarm_snapshot snapshot;
        memset(&snapshot, 0, sizeof snapshot);
        snapshot.last = (struct alert){.state = ALARM_ENDED,
                                       .vital = VITAL_hr,
                                       .id = ALARM_ID,
                                       .rev = 2,
                                       .stay = known == 1 ? 11 : 10,
                                       .raised_at_ms = NOW_MS - 40000,
                                       .at_ms = NOW_MS - 30000};
        const struct store_alarm alarm = {.bed = "b1",
                                          .alarm = "hr_high",
                                          .ended = true,
                                          .json = "{}",
                                          .json_length = 2,
                                          .snapshot = &snapshot,
                                          .snapshot_length = sizeof snapshot};
        assert_int_equal(store_begin(store), STATUS_OK);
        assert_int_equal(store_put_alarm(store, &alarm), STATUS_OK);
        assert_int_equal(store_commit(store), STATUS_OK);
        journal_beds(90, 0, (const int32_t[]){130, 80}, 2);
        assert_int_equal(restore(true), STATUS_OK);
        assert_int_equal(alerts_named("hr_high", 0), known == 1 ? 0 : 1); /* of another stay it says nothing */
    }
}

/* ---- damage ---- */

static void test_damaged_rows_do_no_harm(void **state)
{
    (void)state;
    unsigned char bytes[STORE_PIECE_MAX];
    draw_seed(5);
    put_ward();
    journal_hr(60, 40, 0, 80);
    for (unsigned i = 0; i < 200; i++) {
        const size_t size = 1 + draw(400);
        for (size_t b = 0; b < size; b++) {
            bytes[b] = (unsigned char)draw(256);
        }
        assert_int_equal(store_journal_put(store, NOW_MS - 40000 + (int)i, bytes, size), STATUS_OK);
    }
    for (unsigned i = 0; i < 200; i++) { /* rows of ours with damaged bytes */
        for (unsigned n = 0; n < 10; n++) {
            const struct observation o = observation(NOW_MS - 39000 + (int)(i * 10 + n), 0, VITAL_hr, 80);
            journal(&o);
        }
        for (uint64_t changes = draw(4); changes > 0; changes--) {
            row.bytes[draw(row.size)] = (unsigned char)draw(256);
        }
        flush_journal(NOW_MS - 39000 + (int)(i * 10 + 9));
    }
    journal_hr(20, 0, 0, 90);
    assert_int_equal(restore(true), STATUS_OK);
    assert_true(counts.observations >= 40);
    assert_string_equal(view_of(0), "hr 90 valid");
}

/* Of numbers that cannot be read only this is sure: none may be given twice. */
static void test_damaged_numbers(void **state)
{
    (void)state;
    struct test_alert alert;
    put_ward();
    put_alarm("b1", "hr_low", false);
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_alert(store, test_alert_make(&alert, 55, 100)), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);
    assert_int_equal(restore_check(store, &config), STATUS_OK);
    put_state(STATE_NUMBERS, "?", 1);
    assert_int_equal(restore_check(store, &config), STATUS_CORRUPT);
    journal_beds(60, 0, (const int32_t[]){130, 80}, 2);
    assert_int_equal(restore(true), STATUS_CORRUPT);
    assert_int_equal(alerts_named("hr_high", 0), 1);
    assert_int_equal(taken[0].alert.seq, 56);
    assert_true(taken[0].alert.id > ALARM_ID + 1000);
    assert_int_equal(taken[0].alert.stay, 11);
}

static void test_a_damaged_bed(void **state)
{
    (void)state;
    put_ward();
    put_state(STATE_BED "b1", "?", 1);
    assert_int_equal(restore_check(store, &config), STATUS_CORRUPT);
    journal_beds(60, 0, (const int32_t[]){130, 80}, 2);
    assert_int_equal(restore(true), STATUS_CORRUPT);
    assert_int_equal(alerts_named("hr_high", 0), 0); /* nobody knows whose these were */
    assert_string_equal(view_of(1), "hr 80 valid");
}

static void put_alert_of(const char *bed, uint64_t seq, uint64_t bed_seq, bool is_delivered)
{
    char json[160];
    const int length =
        snprintf(json, sizeof json, "{\"seq\":%llu,\"text\":\"\\\"bed_seq\\\":9000\",\"bed_seq\":%llu,\"bed\":\"%s\"}",
                 (unsigned long long)seq, (unsigned long long)bed_seq, bed);
    const struct store_alert alert = {.seq = seq,
                                      .flags = is_delivered ? STORE_ALERT_SENT : 0,
                                      .bed = bed,
                                      .alarm = "test_alert",
                                      .json = json,
                                      .json_length = (uint32_t)length};
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_alert(store, &alert), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);
}

/* Its numbers go on behind the newest that any row tells of: an alarm's, a waiting alert's, a delivered one's. */
static void test_the_numbers_of_a_damaged_bed(void **state)
{
    (void)state;
    static const struct {
        uint64_t waiting, delivered, other, next;
    } cases[] = {{0, 0, 0, 6}, {17, 0, 0, 18}, {17, 23, 0, 24}, {17, 23, 4711, 24}, {31, 23, 4711, 32}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (i > 0) {
            assert_int_equal(restore_tear_down(state), 0);
            assert_int_equal(restore_set_up(state), 0);
        }
        put_ward();
        put_alarm("b1", "hr_high", false); /* 5 */
        if (cases[i].waiting != 0) {
            put_alert_of("b1", 50, cases[i].waiting, false);
        }
        if (cases[i].delivered != 0) {
            put_alert_of("b1", 51, cases[i].delivered, true);
        }
        if (cases[i].other != 0) {
            put_alert_of("b2", 52, cases[i].other, true);
        }
        put_state(STATE_BED "b1", "?", 1);
        assert_int_equal(restore(true), STATUS_CORRUPT);
        const struct bed_command test = {.kind = COMMAND_test_alert, .bed = 0};
        engine_command(engine, engine_now(engine) + 1, &test);
        step_until(engine_now(engine));
        assert_int_equal(alerts_named("test_alert", 0), 1);
        for (unsigned t = 0; t < taken_count; t++) {
            if (taken[t].kind == RECORD_ALERT && taken[t].bed == 0) {
                assert_int_equal(taken[t].alert.bed_seq, cases[i].next);
                break;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_empty_store, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_windows_and_numbers_go_on, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_break_before_the_last_run_is_not_bridged, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_break_of_unknown_length_empties_windows, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(test_the_tail_goes_on_where_the_journal_ends, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(test_without_its_tail_an_alarm_would_end, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_tail_that_the_journal_has_too, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_the_tail_fills_what_the_journal_lost, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_an_old_tail_is_past, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_damaged_tail, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_only_what_the_journal_must_keep_is_fed, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_what_was_before_the_stay_stays_there, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_vacant_bed_collects_its_seconds_again, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(test_beds_are_found_by_name, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_journal_whose_beds_nobody_knows_is_left, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_bed_that_goes_ends_its_stay, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_pauses_go_on, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_break_of_unknown_length_ends_pauses, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_break_that_is_found_later, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_break_that_is_found_later_ends_pauses_of_before, restore_set_up,
                                        restore_tear_down),
        cmocka_unit_test_setup_teardown(test_alarms_whose_rule_or_bed_is_gone, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_many_alarms_are_gone, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_alarms_that_a_monitor_names, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_measurement_older_than_the_journal, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_measurement_that_the_journal_lost, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_measurements_that_cannot_be, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_the_past_of_an_alarm, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_damaged_rows_do_no_harm, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_damaged_numbers, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_a_damaged_bed, restore_set_up, restore_tear_down),
        cmocka_unit_test_setup_teardown(test_the_numbers_of_a_damaged_bed, restore_set_up, restore_tear_down),
    };
    return cmocka_run_group_tests_name("restore", tests, NULL, NULL);
}
