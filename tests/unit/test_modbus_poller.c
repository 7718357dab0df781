/* What a monitor is asked and when: the grid, probes after a failure, runs that it refuses. Time is made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdalign.h>
#include <string.h>

#include "drivers/monitor/modbus/poller.h"
#include "tests/unit/support/draw.h"

#define SECOND INT64_C(1000000)
#define START  (100 * SECOND)

static alignas(64) unsigned char storage[65536];
static struct arena arena;
static struct profile profile;
static struct profile_channel channels[PROFILE_CHANNELS_MAX];
static struct profile_bit bits[PROFILE_BITS_MAX];
static struct monitor_config config;
static struct poller poller;

static struct profile_channel *add(enum register_table table, uint16_t reg)
{
    struct profile_channel *channel = &channels[profile.channel_count];
    *channel = (struct profile_channel){.vital = (enum vital)profile.channel_count++,
                                        .table = table,
                                        .reg = reg,
                                        .scale_micro = 1000000,
                                        .poll_interval_ms = profile.poll_interval_ms};
    return channel;
}

static int set_up(void **state)
{
    (void)state;
    memset(storage, 0, sizeof storage);
    memset(&poller, 0, sizeof poller);
    arena = (struct arena){.base = storage, .size = sizeof storage};
    profile = (struct profile){.poll_interval_ms = 1000, .channels = channels, .bits = bits};
    config = (struct monitor_config){.address = 1, .profile = &profile};
    return 0;
}

static void make(void)
{
    poller_make(&poller, &arena, &config);
    poller_restart(&poller, START);
}

static uint8_t next_poll(int64_t *out_due_us)
{
    *out_due_us = poller_due_us(&poller);
    return *out_due_us != BUS_NEVER ? poller_turn(&poller, *out_due_us).poll : 0;
}

/* Asked at an instant, answered later. */
static void ask_and_answer(uint8_t poll, int64_t asked_us, int64_t answered_us)
{
    (void)poller_ask(&poller, poll, asked_us, 0);
    poller_answered(&poller, poll, answered_us, 20000);
}

static struct request next_request(void)
{
    int64_t due_us;
    return poller_request(&poller, next_poll(&due_us), &poller, 1);
}

static void test_measuring_takes_the_same(void **state)
{
    (void)state;
    add(TABLE_HOLDING, 0);
    add(TABLE_INPUT, 0);
    struct arena measure = {0};
    struct poller none;
    memset(&none, 0x5A, sizeof none);
    poller_make(&none, &measure, &config);
    assert_int_equal(none.span_count, 0x5A);
    make();
    assert_int_equal(measure.used, arena.used);
}

static void test_the_grid_neither_drifts_nor_catches_up(void **state)
{
    (void)state;
    int64_t due_us;
    add(TABLE_HOLDING, 0);
    make();
    assert_int_equal(next_poll(&due_us), 0);
    assert_int_equal(due_us, START);
    ask_and_answer(0, START, START + 30000);
    (void)next_poll(&due_us);
    assert_int_equal(due_us, START + SECOND);
    ask_and_answer(0, START + 2 * SECOND - 1, START + 2 * SECOND + 30000); /* its turn was still on */
    (void)next_poll(&due_us);
    assert_int_equal(due_us, START + 2 * SECOND);
    assert_int_equal(poller.missed, 0);
    ask_and_answer(0, START + 7 * SECOND + 1, START + 7 * SECOND + 30000); /* turns that are over are left out */
    (void)next_poll(&due_us);
    assert_int_equal(due_us, START + 8 * SECOND);
    assert_int_equal(poller.missed, 5);
}

/* A poll takes longer than the interval: the next turn is on when the answer comes, and no time is left unused. */
static void test_an_interval_shorter_than_a_poll(void **state)
{
    (void)state;
    int64_t due_us;
    int64_t now_us = START;
    profile.poll_interval_ms = 5;
    add(TABLE_HOLDING, 0);
    make();
    for (unsigned i = 0; i < 1000; i++) {
        (void)next_poll(&due_us);
        assert_true(due_us <= now_us && due_us > now_us - 7300); /* not more than the turn that is still on */
        ask_and_answer(0, now_us, now_us + 7000);
        now_us += 7300;
    }
    assert_int_equal(poller.missed, 999 * 7300 / 5000 - 999); /* all turns that came but those asked */
}

static void test_a_skipped_turn_is_the_one_that_is_on(void **state)
{
    (void)state;
    int64_t due_us;
    add(TABLE_HOLDING, 0);
    make();
    ask_and_answer(0, START, START + 30000);
    poller_skipped(&poller, 0, START + 2 * SECOND + 1); /* the line was not free */
    (void)next_poll(&due_us);
    assert_int_equal(due_us, START + 3 * SECOND);
    assert_int_equal(poller.missed, 1);
}

static void test_identity_then_bits_then_values(void **state)
{
    (void)state;
    int64_t due_us;
    add(TABLE_HOLDING, 0);
    bits[0] = (struct profile_bit){.table = TABLE_HOLDING, .reg = 40};
    profile.bit_count = 1;
    profile.identity_register = 90;
    profile.identity_count = 2;
    make();
    static const uint16_t order[] = {90, 40, 0};
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(next_request().first, order[i]);
        ask_and_answer(next_poll(&due_us), START, START + 1000);
    }
    assert_true(due_us < START + SECOND);
}

static void test_an_empty_profile_asks_nothing(void **state)
{
    (void)state;
    int64_t due_us;
    make();
    (void)next_poll(&due_us);
    assert_int_equal(due_us, BUS_NEVER);
}

static void test_after_a_failure_only_probes(void **state)
{
    (void)state;
    int64_t due_us;
    add(TABLE_HOLDING, 0);
    add(TABLE_HOLDING, 5);
    make();
    const struct request poll = next_request();
    poller_failed(&poller, START + 500000);
    assert_int_equal(next_poll(&due_us), POLLER_PROBE);
    assert_int_equal(due_us, START + 500000 + SECOND);
    const struct request probe = next_request();
    assert_int_equal(probe.count, 1);
    assert_int_equal(probe.first, 0);
    assert_int_not_equal(request_data_bytes(&probe), request_data_bytes(&poll));
    poller_recovered(&poller, due_us);
    const int64_t now_us = due_us;
    assert_int_equal(next_poll(&due_us), 0); /* at once, in the same turn */
    assert_true(due_us <= now_us);
}

static void test_probes_come_ever_more_rarely(void **state)
{
    (void)state;
    static const int64_t waits_s[] = {1, 2, 4, 8, 8, 8}; /* over a network */
    int64_t due_us;
    int64_t now_us = START;
    add(TABLE_HOLDING, 0);
    make();
    for (unsigned i = 0; i < 6; i++) {
        poller_failed(&poller, now_us);
        assert_int_equal(next_poll(&due_us), POLLER_PROBE);
        assert_int_equal(due_us - now_us, waits_s[i] * SECOND);
        now_us = due_us;
    }
    for (unsigned i = 0; i < 1000; i++) {
        poller_failed(&poller, now_us);
    }
    (void)next_poll(&due_us);
    assert_int_equal(due_us - now_us, 8 * SECOND);
    poller.probe_ms_max = POLLER_PROBE_MS_LINE;
    poller_failed(&poller, now_us);
    (void)next_poll(&due_us);
    assert_int_equal(due_us - now_us, 2 * SECOND);
}

/* One that answers probes and fails at its polls does not get them at full rate again and again. */
static void test_an_answered_probe_does_not_shorten_the_pauses(void **state)
{
    (void)state;
    static const int64_t waits_s[] = {1, 2, 4, 8, 8};
    int64_t due_us;
    int64_t now_us = START;
    add(TABLE_HOLDING, 0);
    profile.identity_register = 90;
    profile.identity_count = 2;
    make();
    for (unsigned i = 0; i < 5; i++) {
        poller_failed(&poller, now_us);
        (void)next_poll(&due_us);
        assert_int_equal(due_us - now_us, waits_s[i] * SECOND);
        now_us = due_us;
        poller_recovered(&poller, now_us);
        ask_and_answer(next_poll(&due_us), now_us, now_us); /* its identity; then it fails at the values */
    }
    poller_failed(&poller, now_us);
    poller_recovered(&poller, now_us);
    for (unsigned i = 0; i < 2; i++) { /* all is well */
        ask_and_answer(next_poll(&due_us), now_us, now_us);
    }
    poller_failed(&poller, now_us);
    (void)next_poll(&due_us);
    assert_int_equal(due_us - now_us, SECOND);
}

/* One whole answer of a monitor that dribbles may be this machine's doing; its polls would hold the line for longer than its probes. */
static void test_one_that_broke_off_answers_two_probes_in_a_row(void **state)
{
    (void)state;
    int64_t due_us;
    add(TABLE_HOLDING, 0);
    make();
    poller_failed(&poller, START);
    poller.straggles_us = 200000; /* as its line's plan notes it */
    poller_recovered(&poller, START + SECOND);
    assert_true(poller.suspect);
    assert_int_equal(next_poll(&due_us), POLLER_PROBE); /* at once */
    assert_int_equal(due_us, START + SECOND);
    poller_failed(&poller, START + SECOND);
    poller_recovered(&poller, START + 3 * SECOND);
    assert_true(poller.suspect); /* the one before does not count any more */
    poller_recovered(&poller, START + 3 * SECOND);
    assert_false(poller.suspect);
    ask_and_answer(next_poll(&due_us), START + 3 * SECOND, START + 3 * SECOND); /* all is well */
    poller_failed(&poller, START + 4 * SECOND);
    poller_recovered(&poller, START + 5 * SECOND);
    assert_false(poller.suspect);
}

static void test_rare_polls_are_not_probed_more_often(void **state)
{
    (void)state;
    int64_t due_us;
    profile.poll_interval_ms = 60000;
    add(TABLE_HOLDING, 0);
    make();
    poller_failed(&poller, START);
    poller_failed(&poller, START);
    (void)next_poll(&due_us);
    assert_int_equal(due_us, START + 60 * SECOND);
}

/* Rules may have changed: from its next turn on a run is as urgent as they say now. */
static void test_urgency_follows(void **state)
{
    (void)state;
    int64_t due_us;
    add(TABLE_HOLDING, 0);
    make();
    assert_false(poller_turn(&poller, START).pressing);
    config.urgent_vitals = UINT32_C(1) << channels[0].vital;
    ask_and_answer(next_poll(&due_us), START, START + 1000);
    assert_true(poller_turn(&poller, START).pressing);
    config.urgent_vitals = 0;
    ask_and_answer(0, START + SECOND, START + SECOND + 1000);
    assert_false(poller_turn(&poller, START + SECOND).pressing);
}

/* However long it has been away: it may come back as a slower one. */
static void test_full_patience_never_ends(void **state)
{
    (void)state;
    add(TABLE_HOLDING, 0);
    make();
    poller.answer_time.floor_us = 50000;
    for (unsigned i = 0; i < 1000; i++) {
        poller_failed(&poller, START);
    }
    unsigned in_full = 0;
    for (unsigned i = 0; i < 40; i++) {
        poller_failed(&poller, START);
        in_full += poller_patience_us(&poller, 500) == 500000;
    }
    assert_int_equal(in_full, 10);
}

static void test_patience(void **state)
{
    (void)state;
    add(TABLE_HOLDING, 0);
    make();
    poller.answer_time.floor_us = 50000;
    assert_int_equal(poller_patience_us(&poller, 500), 500000);
    for (unsigned i = 0; i < ANSWER_TRUST_AFTER; i++) {
        assert_int_equal(poller_patience_us(&poller, 500), 500000);
        poller_answered(&poller, 0, START, 80000);
    }
    const uint32_t learnt_us = poller_patience_us(&poller, 500);
    assert_in_range(learnt_us, 80000, 90000);
    assert_int_equal(poller_patience_us(&poller, 60), 60000);
    poller_failed(&poller, START);
    assert_int_equal(poller_patience_us(&poller, 500), 500000); /* it may have become slower */
    for (unsigned i = 2; i < 14; i++) {
        poller_failed(&poller, START);
        assert_int_equal(poller_patience_us(&poller, 500), i % 4 == 1 ? 500000 : learnt_us);
    }
    poller_recovered(&poller, START);
    assert_int_equal(poller_patience_us(&poller, 500), 500000);
}

/* One that never answered is not waited for in full each time either. */
static void test_patience_with_the_unknown(void **state)
{
    (void)state;
    add(TABLE_HOLDING, 0);
    make();
    poller.answer_time.floor_us = 50000;
    poller_failed(&poller, START);
    assert_int_equal(poller_patience_us(&poller, 500), 50000); /* it was waited for in full before */
    poller_failed(&poller, START);
    assert_int_equal(poller_patience_us(&poller, 500), 500000);
    poller_failed(&poller, START);
    assert_int_equal(poller_patience_us(&poller, 500), 50000);
}

/* The late answer to any poll, as merged or as cut, of any monitor at the address, must not look like a probe's. */
static void test_a_probe_is_unmistakable(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 500; round++) {
        struct poller all[2];
        struct profile_room rooms[2];
        struct monitor_config configs[2];
        (void)set_up(NULL);
        for (unsigned m = 0; m < 2; m++) {
            profile = (struct profile){.poll_interval_ms = 1000, .channels = channels, .bits = bits};
            for (unsigned i = 0; i < 1 + draw(12); i++) {
                add(chance(70) ? TABLE_HOLDING : TABLE_COIL, (uint16_t)(chance(50) ? draw(60) : 65535 - draw(60)));
            }
            profile_copy(&profile, &rooms[m]);
            configs[m] = (struct monitor_config){.address = 1, .profile = &rooms[m].profile};
            poller_make(&all[m], &arena, &configs[m]);
            poller_restart(&all[m], START);
            for (unsigned i = 0; i < draw(6); i++) {
                (void)poller_refused(&all[m], (uint8_t)draw(all[m].poll_count), START, 2);
            }
        }
        const struct request probe = poller_request(&all[0], POLLER_PROBE, all, 2);
        assert_true((uint32_t)probe.first + probe.count <= 65536);
        for (unsigned m = 0; m < 2; m++) {
            for (uint8_t i = 0; i < all[m].poll_count + all[m].run_count; i++) {
                const struct run run = i < all[m].poll_count ? all[m].polls[i].run : all[m].runs[i - all[m].poll_count];
                const struct request request = request_of_run(all[m].spans, run);
                assert_false(request.table == probe.table &&
                             request_data_bytes(&request) == request_data_bytes(&probe));
            }
        }
    }
}

static void test_a_doubted_monitor_is_probed_in_its_turn(void **state)
{
    (void)state;
    int64_t due_us;
    add(TABLE_HOLDING, 0);
    make();
    ask_and_answer(0, START, START + 1000);
    poller_doubt(&poller);
    assert_int_equal(next_poll(&due_us), POLLER_PROBE);
    assert_int_equal(due_us, START + SECOND);
    poller_failed(&poller, due_us);
    poller_doubt(&poller); /* no sooner for being doubted twice */
    (void)next_poll(&due_us);
    assert_int_equal(due_us, START + 2 * SECOND);
    poller_retry(&poller, START + SECOND);
    (void)next_poll(&due_us);
    assert_int_equal(due_us, START + SECOND);
}

/* Finds the one refused register among twelve, and keeps the others in as few requests as it takes. */
static void test_a_refused_register_is_found(void **state)
{
    (void)state;
    int64_t due_us;
    for (uint16_t i = 0; i < 12; i++) {
        add(TABLE_HOLDING, i);
    }
    make();
    const uint16_t bad = (uint16_t)draw(12);
    unsigned refusals = 0;
    unsigned answers = 0;
    for (unsigned i = 0; i < 40 && answers < 12; i++) {
        const uint8_t poll = next_poll(&due_us);
        const struct request request = next_request();
        if (request_covers(&request, TABLE_HOLDING, bad, 1)) {
            refusals++;
            assert_int_equal(poller_refused(&poller, poll, START, 2), request.count == 1);
            assert_int_equal(poller_refusal(&poller), request.count == 1 ? 2 : 0);
        } else {
            answers++;
            ask_and_answer(poll, START, START + 1000);
        }
        if (due_us > START) {
            break;
        }
    }
    assert_in_range(refusals, 1, 5); /* 12, 6, 3, (2,) 1 */
    assert_in_range(poller.poll_count, 2, 5);
    uint32_t registers = 0;
    for (uint8_t i = 0; i < poller.poll_count; i++) {
        registers += request_of_run(poller.spans, poller.polls[i].run).count;
        if (poller.polls[i].refusal != 0) {
            assert_int_equal(request_of_run(poller.spans, poller.polls[i].run).first, bad);
            assert_int_equal(poller.polls[i].due_us, START + 2 * SECOND);
        }
    }
    assert_int_equal(registers, 12);
}

static void test_a_refused_register_is_tried_again(void **state)
{
    (void)state;
    static const int64_t pauses_s[] = {2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600};
    int64_t now_us = START;
    int64_t due_us;
    add(TABLE_HOLDING, 0);
    add(TABLE_HOLDING, 1);
    make();
    assert_false(poller_refused(&poller, 0, now_us, 2));
    poller_answered(&poller, 0, now_us, 1000);
    for (unsigned i = 0; i < sizeof pauses_s / sizeof pauses_s[0]; i++) {
        assert_true(poller_refused(&poller, 1, now_us, 3));
        assert_int_equal(poller_refusal(&poller), 3);
        assert_int_equal(poller.polls[1].due_us - now_us, pauses_s[i] * SECOND);
        now_us = poller.polls[1].due_us;
    }
    poller_answered(&poller, 1, now_us, 1000); /* it gives it now: all in one request again */
    assert_int_equal(poller_refusal(&poller), 0);
    assert_int_equal(poller.poll_count, 1);
    assert_int_equal(next_request().count, 2);
    (void)next_poll(&due_us);
    assert_true(due_us <= now_us);
}

static void test_a_long_silence_starts_over(void **state)
{
    (void)state;
    add(TABLE_HOLDING, 0);
    add(TABLE_HOLDING, 1);
    make();
    (void)poller_refused(&poller, 0, START, 2);
    poller.decode.marked = 1;
    poller_heard(&poller, START + 5 * SECOND);
    assert_int_equal(poller.decode.marked, 1);
    poller_failed(&poller, START + 6 * SECOND);
    poller_recovered(&poller, START + 15 * SECOND);
    assert_int_equal(poller.decode.marked, 1);
    assert_int_equal(poller.poll_count, 2);
    poller_failed(&poller, START + 16 * SECOND);
    poller_recovered(&poller, START + 27 * SECOND);
    assert_int_equal(poller.decode.marked, 0);
    assert_int_equal(poller.poll_count, 1);
    poller.decode.marked = 1;
    poller_heard(&poller, START + 50 * SECOND); /* kept from asking by a humming line */
    assert_int_equal(poller.decode.marked, 0);
}

static void test_skipped_turns(void **state)
{
    (void)state;
    int64_t due_us;
    add(TABLE_HOLDING, 0);
    make();
    poller_skipped(&poller, 0, START + 300000);
    assert_int_equal(next_poll(&due_us), 0);
    assert_int_equal(due_us, START + SECOND);
    poller_failed(&poller, START + SECOND);
    poller_skipped(&poller, POLLER_PROBE, START + 2 * SECOND);
    assert_int_equal(next_poll(&due_us), POLLER_PROBE);
    assert_int_equal(due_us, START + 3 * SECOND);
}

/* Asked again between two turns: after 100, 200 and 400 ms; the grid stays. */
static void test_a_busy_monitor_is_asked_again_soon(void **state)
{
    (void)state;
    static const int64_t again_ms[] = {100, 300, 700};
    int64_t due_us;
    int64_t now_us = START;
    add(TABLE_HOLDING, 0);
    add(TABLE_INPUT, 0);
    make();
    ask_and_answer(1, START, START + 1000);
    for (unsigned i = 0; i < 3; i++) {
        (void)poller_ask(&poller, 0, now_us, 0);
        poller_busy(&poller, 0, now_us);
        assert_int_equal(next_poll(&due_us), 0);
        assert_int_equal(due_us, START + again_ms[i] * 1000);
        now_us = due_us;
    }
    poller_busy(&poller, 0, now_us); /* enough for this turn */
    (void)next_poll(&due_us);
    assert_int_equal(due_us, START + SECOND);
    (void)poller_ask(&poller, 0, due_us, 0);
    poller_busy(&poller, 0, due_us);
    (void)next_poll(&due_us);
    assert_int_equal(due_us, START + SECOND); /* the other one's */
    ask_and_answer(1, due_us, due_us + 1000);
    (void)next_poll(&due_us);
    assert_int_equal(due_us, START + SECOND + 100000);
    ask_and_answer(0, due_us, due_us + 1000);
    (void)next_poll(&due_us);
    assert_int_equal(due_us, START + 2 * SECOND);
}

static void test_busy_in_quick_turns(void **state)
{
    (void)state;
    int64_t due_us;
    profile.poll_interval_ms = 100;
    add(TABLE_HOLDING, 0);
    make();
    (void)poller_ask(&poller, 0, START, 0);
    poller_busy(&poller, 0, START + 10000);
    (void)next_poll(&due_us);
    assert_int_equal(due_us, START + 100000); /* its next turn comes sooner */
}

static void test_what_was_damaged_is_asked_once_more(void **state)
{
    (void)state;
    int64_t due_us;
    add(TABLE_HOLDING, 0);
    make();
    for (int64_t turn_us = START; turn_us < START + 3 * SECOND; turn_us += SECOND) {
        (void)poller_ask(&poller, 0, turn_us, 0);
        poller_damaged(&poller, 0, turn_us + 20000);
        (void)next_poll(&due_us);
        assert_int_equal(due_us, turn_us + 20000);
        poller_damaged(&poller, 0, turn_us + 40000);
        (void)next_poll(&due_us);
        assert_int_equal(due_us, turn_us + SECOND);
    }
}

/* It may be another one that was plugged in. */
static void test_the_identity_is_asked_first_after_a_failure(void **state)
{
    (void)state;
    int64_t due_us;
    add(TABLE_HOLDING, 0);
    profile.identity_register = 90;
    profile.identity_count = 2;
    make();
    ask_and_answer(next_poll(&due_us), START, START + 1000);
    ask_and_answer(next_poll(&due_us), START, START + 1000);
    assert_int_equal(next_request().first, 0); /* each second; the identity every ten */
    poller_failed(&poller, START + SECOND);
    poller_recovered(&poller, START + 2 * SECOND);
    const uint8_t first = next_poll(&due_us);
    assert_int_equal(next_request().first, 90);
    assert_true(due_us <= START + 2 * SECOND);
    ask_and_answer(first, START + 2 * SECOND, START + 2 * SECOND + 1000);
    assert_int_equal(next_request().first, 0);
    poller_failed(&poller, START + 3 * SECOND);
    poller_recovered(&poller, START + 4 * SECOND);
    assert_true(poller_refused(&poller, next_poll(&due_us), START + 4 * SECOND, 2));
    poller_failed(&poller, START + 5 * SECOND);
    poller_recovered(&poller, START + 6 * SECOND);
    assert_int_equal(next_request().first, 0); /* it has none */
}

int main(void)
{
    draw_seed(20240615);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_measuring_takes_the_same, set_up),
        cmocka_unit_test_setup(test_the_grid_neither_drifts_nor_catches_up, set_up),
        cmocka_unit_test_setup(test_an_interval_shorter_than_a_poll, set_up),
        cmocka_unit_test_setup(test_a_skipped_turn_is_the_one_that_is_on, set_up),
        cmocka_unit_test_setup(test_identity_then_bits_then_values, set_up),
        cmocka_unit_test_setup(test_an_empty_profile_asks_nothing, set_up),
        cmocka_unit_test_setup(test_after_a_failure_only_probes, set_up),
        cmocka_unit_test_setup(test_probes_come_ever_more_rarely, set_up),
        cmocka_unit_test_setup(test_an_answered_probe_does_not_shorten_the_pauses, set_up),
        cmocka_unit_test_setup(test_one_that_broke_off_answers_two_probes_in_a_row, set_up),
        cmocka_unit_test_setup(test_rare_polls_are_not_probed_more_often, set_up),
        cmocka_unit_test_setup(test_urgency_follows, set_up),
        cmocka_unit_test_setup(test_full_patience_never_ends, set_up),
        cmocka_unit_test_setup(test_patience, set_up),
        cmocka_unit_test_setup(test_patience_with_the_unknown, set_up),
        cmocka_unit_test_setup(test_a_probe_is_unmistakable, set_up),
        cmocka_unit_test_setup(test_a_doubted_monitor_is_probed_in_its_turn, set_up),
        cmocka_unit_test_setup(test_a_refused_register_is_found, set_up),
        cmocka_unit_test_setup(test_a_refused_register_is_tried_again, set_up),
        cmocka_unit_test_setup(test_a_long_silence_starts_over, set_up),
        cmocka_unit_test_setup(test_skipped_turns, set_up),
        cmocka_unit_test_setup(test_a_busy_monitor_is_asked_again_soon, set_up),
        cmocka_unit_test_setup(test_busy_in_quick_turns, set_up),
        cmocka_unit_test_setup(test_what_was_damaged_is_asked_once_more, set_up),
        cmocka_unit_test_setup(test_the_identity_is_asked_first_after_a_failure, set_up),
    };
    return cmocka_run_group_tests_name("modbus poller", tests, NULL, NULL);
}
