/* The journal on its way into the store: when it is put and synced, what of it is committed with alerts, and its form. */
#include "tests/unit/support/commit_rig.h"

#include "tests/unit/support/draw.h"
#include "tests/unit/support/journal_seen.h"

static struct commit_rig_rows rows;

static void read_state(const char *key, void *value, size_t size)
{
    size_t length = 0;
    assert_int_equal(store_get_state(commit_rig_store(), key, value, size, &length), STATUS_OK);
    assert_int_equal(length, size);
}

static void test_journal_is_written_each_interval(void **state)
{
    (void)state;
    commit_rig_make(true);
    for (unsigned i = 0; i < 4; i++) {
        observe(1, VITAL_spo2, 97000 + (int32_t)i);
        commit_rig_round(200000);
    }
    assert_int_equal(read_journal().rows, 0);
    commit_rig_round(300000);
    struct journal_seen seen = read_journal();
    assert_int_equal(seen.pieces, 1);
    assert_int_equal(seen.count, 4);
    assert_int_equal(seen.last.value_milli, 97003);
    assert_int_equal(seen.last.bed, 1);
    assert_int_equal(seen.last.vital, VITAL_spo2);
    assert_int_equal(seen.last.at_ms, RIG_ANCHOR_MS + 1000 + 600);
    for (unsigned i = 0; i < 200; i++) {
        observe(0, VITAL_spo2, 90000);
        commit_rig_round(1000000);
    }
    seen = read_journal();
    assert_int_equal(seen.rows, 201);
    assert_int_equal(atomic_load(&commit_rig.board.journal_dropped), 0);
}

static void test_large_journal_does_not_wait(void **state)
{
    (void)state;
    commit_rig_make(true);
    for (int32_t i = 0; i < 7000; i++) {
        observe(0, VITAL_spo2, INT32_MAX - i);
    }
    for (unsigned i = 0; i < 4; i++) {
        commit_rig_round(0);
    }
    assert_in_range(read_journal().count, 5000, 5600);
    commit_rig_round(1000000);
    const struct journal_seen seen = read_journal();
    assert_int_equal(seen.count, 7000);
    assert_int_equal(seen.last.value_milli, INT32_MAX - 6999);
}

static void test_measurements_outlive_the_journal(void **state)
{
    (void)state;
    struct observation o;
    size_t length = 0;
    commit_rig_make(true);
    commit_rig_measurement(0, VITAL_nibp_sys, 120000);
    commit_rig_measurement(0, VITAL_nibp_sys, 130000);
    observe(0, VITAL_nibp_sys, 99000); /* what the engine did not take for a measurement */
    observe(0, VITAL_spo2, 97000);
    commit_rig_round(1000000);
    read_state(STATE_MEASUREMENT "b01/nibp_sys", &o, sizeof o);
    assert_int_equal(o.value_milli, 130000);
    assert_int_equal(store_get_state(commit_rig_store(), STATE_MEASUREMENT "b01/spo2", &o, sizeof o, &length),
                     STATUS_NOT_FOUND);
}

static void test_other_beds_begin_another_journal(void **state)
{
    (void)state;
    char beds[16];
    size_t length = 0;
    commit_rig_make(true);
    observe(1, VITAL_spo2, 97000);
    commit_rig_round(1000000);
    assert_int_equal(store_get_state(commit_rig_store(), STATE_BEDS, beds, sizeof beds, &length), STATUS_OK);
    assert_int_equal(length, 8);
    assert_memory_equal(beds, "b01\0b02", 8);
    commit_rig_unmake();

    commit_rig_make(true);
    observe(1, VITAL_spo2, 98000);
    commit_rig_round(1000000);
    assert_int_equal(read_journal().count, 2);
    commit_rig_unmake();

    commit_rig.beds[0].id = "b03";
    commit_rig.numbers = (struct bed_numbers){.count = 0};
    commit_rig_make(true);
    assert_int_equal(read_journal().count, 2); /* a restart may still use it, under the old list */
    observe(1, VITAL_spo2, 99000);
    commit_rig_round(1000000);
    assert_int_equal(read_journal().count, 1);
    assert_int_equal(store_get_state(commit_rig_store(), STATE_BEDS, beds, sizeof beds, &length), STATUS_OK);
    assert_memory_equal(beds, "b03\0b02", 8);
}

/* What the journal holds means the same beds as before. */
static void test_more_beds_go_on_with_the_journal(void **state)
{
    (void)state;
    char beds[16];
    size_t length = 0;
    commit_rig_make(true);
    observe(1, VITAL_spo2, 97000);
    commit_rig_round(1000000);
    commit_rig_unmake();

    commit_rig.beds[0].id = "b03"; /* b01 is gone, b02 stands where it stood */
    commit_rig_make(true);
    observe(1, VITAL_spo2, 99000);
    commit_rig_round(1000000);
    assert_int_equal(read_journal().count, 2);
    assert_int_equal(read_journal().last.bed, 1);
    observe(0, VITAL_spo2, 98000);
    commit_rig_round(1000000);
    assert_int_equal(read_journal().count, 3);
    assert_int_equal(read_journal().last.bed, 2);
    assert_int_equal(store_get_state(commit_rig_store(), STATE_BEDS, beds, sizeof beds, &length), STATUS_OK);
    assert_int_equal(length, 12);
    assert_memory_equal(beds, "b01\0b02\0b03", 12);
}

/* As many read as can at a time, each inside the one before; the innermost has a round made. */
static bool read_within(void *context, const struct store_alert *alert)
{
    unsigned *readers = context;
    (void)alert;
    ++*readers;
    if (store_each_outbox(commit_rig_store(), 0, 1, read_within, context) == STATUS_BUSY) {
        observe(1, VITAL_spo2, 98000);
        commit_rig_alert(1, PHASE_END);
        commit_rig_round(1000000);
    }
    return false;
}

/* Nobody can say then which beds the numbers mean: what is there may still be of the same ones. */
static void test_a_list_that_cannot_be_read_is_no_other_one(void **state)
{
    (void)state;
    unsigned readers = 0;
    commit_rig_make(true);
    commit_rig_alert(1, PHASE_START);
    observe(1, VITAL_spo2, 97000);
    commit_rig_round(1000000);
    commit_rig_unmake();

    commit_rig_make(true);
    assert_int_equal(store_each_outbox(commit_rig_store(), 0, 1, read_within, &readers), STATUS_OK);
    assert_true(readers > 4);
    commit_rig_outbox(&rows);
    assert_int_equal(rows.count, 2); /* the alert did not wait for it */
    assert_int_equal(read_journal().count, 1);
    assert_int_equal(atomic_load(&commit_rig.board.journal_dropped), 1);
    observe(1, VITAL_spo2, 99000);
    commit_rig_round(1000000);
    assert_int_equal(read_journal().count, 2);
}

/* ---- what is not synced yet is committed with the alerts ---- */

enum { INTERVAL_MS = 5000 };

static struct journal_seen read_tail(void)
{
    static unsigned char bytes[COMMIT_JOURNAL_BYTES];
    struct journal_seen seen = {0};
    struct state_tail tail = {.size = 0};
    size_t length = 0, done = 0;
    if (store_get_state(commit_rig_store(), STATE_TAIL, &tail, sizeof tail, &length) != STATUS_OK) {
        return seen;
    }
    for (unsigned i = 0; done < tail.size; i++, done += length) {
        char key[STORE_KEY_MAX];
        (void)snprintf(key, sizeof key, STATE_TAIL "/%u", i);
        assert_int_equal(store_get_state(commit_rig_store(), key, bytes + done, sizeof bytes - done, &length),
                         STATUS_OK);
    }
    assert_int_equal(done, tail.size);
    see_bytes(&seen, bytes, tail.size);
    return seen;
}

static void make_slow(void)
{
    commit_rig_make(true);
    commit_rig.commit.config.journal_interval_ms = INTERVAL_MS;
    commit_rig.commit.journal_due_us = commit_rig.now_us + INTERVAL_MS * 1000;
    commit_rig_round(0); /* the clock is put */
}

static void test_an_alert_brings_what_it_rests_on(void **state)
{
    (void)state;
    make_slow();
    observe(1, VITAL_spo2, 97000);
    observe(0, VITAL_spo2, 84000);
    commit_rig_alert(0, PHASE_START);
    commit_rig_round(10000);
    assert_int_equal(read_journal().rows, 0); /* its beat is not due */
    struct journal_seen tail = read_tail();
    assert_int_equal(tail.count, 2);
    assert_int_equal(tail.last.value_milli, 84000);
    observe(0, VITAL_spo2, 83000);
    commit_rig_round(10000);
    assert_int_equal(read_tail().count, 2);
    commit_rig_measurement(0, VITAL_nibp_sys, 120000); /* rests on nothing */
    commit_rig_round(10000);
    assert_int_equal(read_tail().count, 2);
    observe(0, VITAL_spo2, 96000);
    commit_rig_alert(0, PHASE_END);
    commit_rig_round(10000);
    tail = read_tail();
    assert_int_equal(tail.count, 4);
    assert_int_equal(tail.last.value_milli, 96000);
}

/* The file has it after a second at most; of the tail it stays part until it is synced. */
static void test_the_tail_reaches_back_to_the_sync(void **state)
{
    (void)state;
    make_slow();
    for (unsigned second = 1; second <= 12; second++) {
        observe(0, VITAL_spo2, 97000 + (int32_t)second);
        commit_rig_alert(0, second % 2 == 1 ? PHASE_START : PHASE_END);
        commit_rig_round(1000000);
        assert_int_equal(read_journal().count, second);
        assert_int_equal(read_journal().rows, second);
        const struct journal_seen tail = read_tail();
        assert_int_equal(tail.last.value_milli, 97000 + (int32_t)second);
        assert_int_equal(tail.count, second <= 5 ? second : second <= 10 ? second - 5 : second - 10);
    }
}

static void test_a_long_tail(void **state)
{
    (void)state;
    make_slow();
    for (int32_t i = 0; i < 2500; i++) {
        observe(0, VITAL_spo2, INT32_MAX - i);
    }
    commit_rig_alert(0, PHASE_START);
    commit_rig_round(10000);
    const struct journal_seen tail = read_tail();
    assert_int_equal(tail.count, 2500);
    assert_int_equal(tail.last.value_milli, INT32_MAX - 2499);
}

/* Numbers of beds that mean others by now. */
static void test_the_tail_of_other_beds_goes(void **state)
{
    (void)state;
    make_slow();
    observe(1, VITAL_spo2, 97000);
    commit_rig_alert(0, PHASE_START);
    commit_rig_round(10000);
    assert_int_equal(read_tail().count, 1);
    commit_rig_unmake();
    commit_rig.beds[0].id = "b03";
    commit_rig.numbers = (struct bed_numbers){.count = 0};
    make_slow();
    assert_int_equal(read_tail().count, 1); /* a restart may still use it, under the old list */
    observe(0, VITAL_spo2, 97000);
    commit_rig_round(INTERVAL_MS * 1000);
    assert_int_equal(read_tail().count, 0);
    commit_rig_alert(0, PHASE_START);
    commit_rig_round(10000);
    assert_int_equal(read_tail().count, 0); /* all of it is synced */
}

/* A run that is killed before the journal has what its alert rests on, and then the next one. */
static void test_a_tail_outlives_the_next_alert(void **state)
{
    (void)state;
    make_slow();
    observe(0, VITAL_spo2, 151000);
    commit_rig_alert(0, PHASE_START);
    commit_rig_round(10000);
    commit_rig_unmake();
    make_slow();
    commit_rig_alert(1, PHASE_START);
    commit_rig_round(10000);
    assert_int_equal(read_journal().count, 0);
    assert_int_equal(read_tail().count, 1);
    assert_int_equal(read_tail().last.value_milli, 151000);
    commit_rig_unmake();
    make_slow();
    observe(1, VITAL_spo2, 80000);
    commit_rig_alert(1, PHASE_END);
    commit_rig_round(10000);
    assert_int_equal(read_tail().count, 2);
    assert_int_equal(read_tail().last.value_milli, 80000);
    commit_rig_round(1000000);
    assert_int_equal(read_journal().count, 2);
}

/* What the journal has survives whatever ends the program: it is not carried on once more. */
static void test_a_tail_that_the_journal_has_stays_there(void **state)
{
    (void)state;
    make_slow();
    observe(0, VITAL_spo2, 97000);
    commit_rig_round(1000000);
    observe(0, VITAL_spo2, 96000);
    commit_rig_alert(0, PHASE_START);
    commit_rig_round(10000);
    assert_int_equal(read_tail().count, 2);
    assert_int_equal(read_journal().count, 1);
    commit_rig_unmake();
    make_slow();
    commit_rig_alert(1, PHASE_START);
    commit_rig_round(10000);
    assert_int_equal(read_tail().count, 1);
    assert_int_equal(read_tail().last.value_milli, 96000);
    commit_rig_round(1000000);
    assert_int_equal(read_journal().count, 2);
    commit_rig_unmake();
    make_slow();
    commit_rig_round(1000000);
    assert_int_equal(read_journal().count, 2);
    assert_int_equal(read_journal().rows, 2);
}

static void test_a_put_that_fails_is_tried_again(void **state)
{
    (void)state;
    make_slow();
    struct commit *c = &commit_rig.commit;
    observe(0, VITAL_spo2, 97000);
    commit_rig.now_us += 1000000;
    (void)commit_step(c, commit_rig.now_us);
    assert_int_equal(c->writer.batch.journal_goes, BATCH_PUTS_JOURNAL);
    assert_true(writer_step(&c->writer));
    c->writer.batch.journal_status = STATUS_IO;
    (void)commit_step(c, commit_rig.now_us);
    observe(0, VITAL_spo2, 96000);
    commit_rig_round(1000000);
    assert_int_equal(read_journal().last.value_milli, 96000);
    assert_int_equal(c->writer.batch.journal_from, 0);
    assert_int_equal(atomic_load(&commit_rig.board.journal_dropped), 0);
}

/* ---- its form ---- */

static void expect_same(const struct observation *left, const struct observation *right)
{
    assert_true(left->at_ms == right->at_ms);
    assert_int_equal(left->value_milli, right->value_milli);
    assert_int_equal(left->bed, right->bed);
    assert_int_equal(left->monitor << 8 | left->kind, right->monitor << 8 | right->kind);
    assert_int_equal(left->vital << 8 | left->quality, right->vital << 8 | right->quality);
    assert_int_equal(left->signal << 8 | left->flags, right->signal << 8 | right->flags);
}

static void test_journal_form(void **state)
{
    (void)state;
    static struct commit_journal row;
    static struct observation out[COMMIT_JOURNAL_PIECE];
    const struct observation wanted[] = {
        {-5, INT32_MIN, 65535, 1, 2, 3, 4, 5, 6},
        {-1000, INT32_MAX, 0, 0, 0, 255, 0, 0, 0},
        {-1000, 0, 0, 0, 0, 255, 0, 0, 0},
        {INT64_MAX / 2, -36800, 0, 0, 0, 255, 0, 0, 1},
        {INT64_MIN / 2, 97000, 127, 255, 0, 1, 0, 0, 0},
        {INT64_MIN / 2, 97001, 128, 255, 0, 2, 0, 255, 0},
        {INT64_MIN / 2, 128000, 16383, 255, 255, 2, 0, 0, 0},
        {INT64_MIN / 2, 97010, 16384, 255, 0, 1, 255, 0, 0},
    };
    enum { WANTED = sizeof wanted / sizeof wanted[0] };
    size_t at = 0;
    for (unsigned i = 0; i < WANTED; i++) {
        assert_true(commit_journal_add(&row, &wanted[i]));
    }
    assert_int_equal(commit_journal_next(row.bytes, row.size, &at, out, COMMIT_JOURNAL_PIECE), WANTED);
    assert_int_equal(at, row.size);
    for (unsigned i = 0; i < WANTED; i++) {
        expect_same(&out[i], &wanted[i]);
    }
    at = 0;
    assert_int_equal(commit_journal_next(row.bytes, row.size, &at, out, WANTED - 1), 0);
    for (size_t size = 0; size < row.size; size++) {
        at = 0;
        assert_int_equal(commit_journal_next(row.bytes, size, &at, out, COMMIT_JOURNAL_PIECE), 0);
        assert_int_equal(at, size);
    }
    row.bytes[8] ^= 4; /* another version */
    at = 0;
    assert_int_equal(commit_journal_next(row.bytes, row.size, &at, out, COMMIT_JOURNAL_PIECE), 0);
}

static void test_a_full_row(void **state)
{
    (void)state;
    static struct commit_journal row;
    struct observation o = {.at_ms = 1, .value_milli = INT32_MIN, .flags = 1};
    struct journal_seen seen = {0};
    commit_journal_empty(&row);
    while (commit_journal_add(&row, &o)) {
        o.bed ^= 65535;
        o.vital ^= 255;
        o.at_ms = -o.at_ms * 2 > 1 << 30 || o.at_ms < -(1 << 30) ? 1 : -o.at_ms * 2;
    }
    assert_true(commit_journal_is_full(&row) && row.size <= COMMIT_JOURNAL_BYTES);
    see_bytes(&seen, row.bytes, row.size);
    assert_int_equal(seen.count, row.count);
    assert_in_range(seen.pieces, COMMIT_JOURNAL_BYTES / STORE_PIECE_MAX, COMMIT_JOURNAL_BYTES / STORE_PIECE_MAX + 1);
    commit_journal_empty(&row);
    assert_true(commit_journal_add(&row, &o));
    assert_int_equal(row.count, 1);
}

/* A ward that is polled: less than three bytes a value. */
static void test_how_small_it_is(void **state)
{
    (void)state;
    static struct commit_journal row;
    commit_journal_empty(&row);
    for (uint16_t bed = 0; bed < 64; bed++) {
        struct observation o = {.at_ms = 1000 + bed * 7, .bed = bed, .kind = OBSERVATION_HEARD};
        assert_true(commit_journal_add(&row, &o));
        o.kind = OBSERVATION_VALUE;
        for (uint8_t vital = 0; vital < 12; vital++) {
            o.vital = (uint8_t)(2 * vital);
            o.value_milli = vital % 4 == 3 ? 36700 + bed * 100 : 60000 + 1000 * vital + bed * 1000;
            assert_true(commit_journal_add(&row, &o));
        }
    }
    assert_int_equal(row.count, 64 * 13);
    assert_in_range(row.size, 64 * 13 * 2, 64 * 13 * 3);
}

/* As runs of before left it: pieces of 16 bytes an entry. */
static void test_the_form_of_before(void **state)
{
    (void)state;
    unsigned char piece[16 + 2 * 16] = {[8] = 1, [10] = 2};
    struct observation out[2];
    const unsigned char entry[16] = {232, 3, 0, 0, 232, 122, 1, 0, 1, 1, 2, 3, 4, 5, 6, 7};
    size_t at = 0;
    piece[0] = 10;
    memcpy(piece + 32, entry, sizeof entry);
    assert_int_equal(commit_journal_next(piece, sizeof piece, &at, out, 2), 2);
    assert_int_equal(at, sizeof piece);
    expect_same(&out[0], &(struct observation){.at_ms = 10});
    expect_same(&out[1], &(struct observation){1010, 97000, 257, 2, 3, 4, 5, 6, 7});
    at = 0;
    assert_int_equal(commit_journal_next(piece, sizeof piece, &at, out, 1), 0);
    at = 0;
    assert_int_equal(commit_journal_next(piece, sizeof piece - 1, &at, out, 2), 0);
}

/* A row may go on behind it. */
static void test_a_piece_is_taken_as_it_is(void **state)
{
    (void)state;
    static struct commit_journal from, row;
    const struct observation o = {.at_ms = 1000, .value_milli = 97000, .vital = VITAL_spo2};
    struct observation out[2];
    unsigned char before[16] = {[8] = 1};
    size_t at = 0;
    commit_journal_empty(&from);
    commit_journal_empty(&row);
    assert_true(commit_journal_add(&from, &o));
    commit_journal_close(&from);
    assert_true(commit_journal_take(&row, from.bytes, from.size, 1));
    assert_true(commit_journal_add(&row, &(struct observation){.at_ms = 2000, .value_milli = 1}));
    assert_int_equal(row.count, 2);
    assert_int_equal(commit_journal_next(row.bytes, row.size, &at, out, 2), 1);
    expect_same(&out[0], &o);
    assert_int_equal(commit_journal_next(row.bytes, row.size, &at, out, 2), 1);
    assert_int_equal(out[0].at_ms, 2000);
    commit_journal_close(&row);
    assert_false(
        commit_journal_take(&row, before, sizeof before, 0)); /* whoever reads it takes all behind it for its own */
    while (commit_journal_take(&row, from.bytes, from.size, 1)) {
    }
    assert_true(row.size > COMMIT_JOURNAL_BYTES - from.size && row.size <= COMMIT_JOURNAL_BYTES);
    assert_true(commit_journal_is_full(&row));
}

/* Whatever stands there: no more than a piece may hold, and the end is come to. */
static void test_damaged_pieces(void **state)
{
    (void)state;
    static struct commit_journal row, damaged;
    static struct observation out[COMMIT_JOURNAL_PIECE];
    draw_seed(7);
    commit_journal_empty(&row);
    for (unsigned i = 0; i < 200; i++) {
        const struct observation o = {.at_ms = (int64_t)draw(100000),
                                      .value_milli = (int32_t)draw(UINT32_MAX),
                                      .bed = (uint16_t)draw(300),
                                      .vital = (uint8_t)draw(VITAL_COUNT),
                                      .kind = (uint8_t)draw(3)};
        assert_true(commit_journal_add(&row, &o));
        if (draw(40) == 0) {
            commit_journal_close(&row);
        }
    }
    for (unsigned i = 0; i < 20000; i++) {
        damaged = row;
        for (uint64_t changes = 1 + draw(4); changes > 0; changes--) {
            damaged.bytes[draw(damaged.size)] = (unsigned char)draw(256);
        }
        for (size_t at = 0, from = 0; at < damaged.size; from = at) {
            assert_true(commit_journal_next(damaged.bytes, damaged.size, &at, out, COMMIT_JOURNAL_PIECE) <=
                        COMMIT_JOURNAL_PIECE);
            assert_true(at > from && at <= damaged.size);
        }
    }
}

int main(void)
{
#define JOURNAL_TEST(test) cmocka_unit_test_setup_teardown(test, commit_rig_setup, commit_rig_teardown)
    const struct CMUnitTest tests[] = {
        JOURNAL_TEST(test_journal_is_written_each_interval),
        JOURNAL_TEST(test_large_journal_does_not_wait),
        JOURNAL_TEST(test_measurements_outlive_the_journal),
        JOURNAL_TEST(test_other_beds_begin_another_journal),
        JOURNAL_TEST(test_more_beds_go_on_with_the_journal),
        JOURNAL_TEST(test_a_list_that_cannot_be_read_is_no_other_one),
        JOURNAL_TEST(test_an_alert_brings_what_it_rests_on),
        JOURNAL_TEST(test_the_tail_reaches_back_to_the_sync),
        JOURNAL_TEST(test_a_long_tail),
        JOURNAL_TEST(test_the_tail_of_other_beds_goes),
        JOURNAL_TEST(test_a_tail_outlives_the_next_alert),
        JOURNAL_TEST(test_a_tail_that_the_journal_has_stays_there),
        JOURNAL_TEST(test_a_put_that_fails_is_tried_again),
        cmocka_unit_test(test_journal_form),
        cmocka_unit_test(test_a_full_row),
        cmocka_unit_test(test_how_small_it_is),
        cmocka_unit_test(test_the_form_of_before),
        cmocka_unit_test(test_a_piece_is_taken_as_it_is),
        cmocka_unit_test(test_damaged_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
