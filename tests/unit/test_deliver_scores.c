/* When the retained scores and estimates are published: what is news, what is not, and when they are emptied. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/support/deliver_bench.h"

static const struct estimate_model risk = {.name = "risk", .title = "R", .source = "S", .inputs = 1};
static struct engine_config engine;
static struct payload_context context;

static struct bench *start(struct observer *observer)
{
    struct bench *bench = bench_open();
    engine = bench_engine;
    engine.models = &risk;
    engine.model_count = 1;
    engine.pressure_scheme = PRESSURE_acc_aha_2017;
    context = bench_context;
    context.config = &engine;
    bench->config.context = &context;
    bench->config.publish_interval_ms = 100;
    broker_start(&bench->broker);
    observer_open(observer, &bench->broker, BASE "b01/score/#");
    bench_go_online(bench);
    return bench;
}

/* Occupied, one score complete with that many points, and the model's probability. */
static struct bed_view view_of(struct bench *bench, uint64_t stay, int32_t points, int32_t probability_micro)
{
    struct bed_view view = {.bed = 0, .stay = stay, .monitored = stay != 0, .at_ms = bench_now_ms(bench)};
    view.scoring.scores = 1U << SCORE_qsofa;
    view.scoring.results[SCORE_qsofa] = (struct score_result){
        .complete = true, .has_least = true, .total_milli = points * 1000, .least_milli = points * 1000};
    view.estimates.kept = 1U << ESTIMATE_PRESSURE | 1U << ESTIMATE_MODEL_0;
    view.estimates.results[ESTIMATE_MODEL_0] =
        (struct estimate_result){.complete = true, .probability_micro = probability_micro};
    view.estimates.results[ESTIMATE_PRESSURE].missing = 1U << INPUT_OF_nibp_sys | 1U << INPUT_OF_nibp_dia;
    return view;
}

static void put(struct bench *bench, const struct bed_view *view)
{
    (void)board_put(&bench->board, view);
    wake_raise(deliver_wake(bench->deliver));
}

static void expect(struct observer *observer, const char *topic, const char *part)
{
    struct seen seen = {0};
    assert_true(observer_next(observer, BENCH_WAIT_MS, &seen));
    assert_string_equal(seen.topic, topic);
    assert_int_equal(seen.qos, 1);
    if (part == NULL) {
        assert_string_equal(seen.payload, "");
    } else if (!seen_has(&seen, part)) {
        fail_msg("no %s in %s", part, seen.payload);
    }
}

static void expect_all(struct observer *observer, const char *qsofa, const char *risk_part)
{
    expect(observer, BASE "b01/score/qsofa", qsofa);
    expect(observer, BASE "b01/score/blood_pressure", "\"missing\":[\"nibp_sys\",\"nibp_dia\"]");
    expect(observer, BASE "b01/score/risk", risk_part);
}

static void expect_nothing(struct observer *observer)
{
    struct seen seen = {0};
    if (observer_next(observer, 700, &seen)) {
        fail_msg("%s: %s", seen.topic, seen.payload);
    }
}

static void test_what_is_news(void **state)
{
    (void)state;
    struct observer observer;
    struct bench *bench = start(&observer);
    struct bed_view view = view_of(bench, 7, 1, 202555);
    put(bench, &view);
    expect_all(&observer, "\"total\":1,", "\"probability\":0.203,");
    view.at_ms += 1; /* the same, and a probability that shows the same */
    view.estimates.results[ESTIMATE_MODEL_0].probability_micro = 203400;
    put(bench, &view);
    expect_nothing(&observer);
    view.estimates.results[ESTIMATE_MODEL_0].probability_micro = 203500;
    put(bench, &view);
    expect(&observer, BASE "b01/score/risk", "\"probability\":0.204,");
    expect_nothing(&observer);
    view.scoring.results[SCORE_qsofa].total_milli = view.scoring.results[SCORE_qsofa].least_milli = 2000;
    put(bench, &view);
    expect(&observer, BASE "b01/score/qsofa", "\"total\":2,");
    view.estimates.results[ESTIMATE_PRESSURE] = (struct estimate_result){.complete = true, .category = 4};
    put(bench, &view);
    expect(&observer, BASE "b01/score/blood_pressure", "\"category\":\"crisis\"");
    view.estimates.results[ESTIMATE_MODEL_0] = (struct estimate_result){.missing = 1};
    put(bench, &view);
    expect(&observer, BASE "b01/score/risk", "\"probability\":null,");
    expect_nothing(&observer);
    observer_close(&observer);
    bench_close(bench);
}

/* The next patient's at once, though it says the same; nobody's is nothing. */
static void test_stays(void **state)
{
    (void)state;
    struct observer observer;
    struct bench *bench = start(&observer);
    struct bed_view view = view_of(bench, 7, 1, 500000);
    put(bench, &view);
    expect_all(&observer, "\"stay\":\"0000000000000007\"", "\"stay\":\"0000000000000007\"");
    view.stay = 8;
    put(bench, &view);
    expect_all(&observer, "\"stay\":\"0000000000000008\"", "\"stay\":\"0000000000000008\"");
    view.stay = 0;
    put(bench, &view);
    expect(&observer, BASE "b01/score/qsofa", NULL);
    expect(&observer, BASE "b01/score/blood_pressure", NULL);
    expect(&observer, BASE "b01/score/risk", NULL);
    expect_nothing(&observer);
    observer_close(&observer);
    bench_close(bench);
}

/* One that is kept nowhere has no topic, whatever its result. */
static void test_what_is_not_kept(void **state)
{
    (void)state;
    struct observer observer;
    struct bench *bench = start(&observer);
    struct bed_view view = view_of(bench, 7, 1, 500000);
    view.estimates.kept = 0;
    put(bench, &view);
    expect(&observer, BASE "b01/score/qsofa", "\"total\":1,");
    expect_nothing(&observer);
    observer_close(&observer);
    bench_close(bench);
}

/* A broker that knows nothing is told all of it again. */
static void test_a_new_connection(void **state)
{
    (void)state;
    struct observer observer;
    struct bench *bench = start(&observer);
    struct bed_view view = view_of(bench, 7, 1, 500000);
    put(bench, &view);
    expect_all(&observer, "\"total\":1,", "\"probability\":0.5,");
    observer_close(&observer);
    broker_signal(&bench->broker, SIGTERM);
    assert_true(bench_wait_connected(bench, false, BENCH_WAIT_MS));
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "b01/score/#");
    expect_all(&observer, "\"total\":1,", "\"probability\":0.5,");
    observer_close(&observer);
    bench_close(bench);
}

/* What was taken out of the configuration is emptied at every bed; what is kept is left alone. */
static void test_what_is_gone(void **state)
{
    (void)state;
    static struct score_names known;
    struct observer observer;
    struct bench *bench = bench_open();
    memset(&known, 0, sizeof known);
    engine = bench_engine;
    engine.models = &risk;
    engine.model_count = 1;
    score_names_add(&known, &engine);
    assert_int_equal(known.count, 1);
    engine.model_count = 0;
    engine.pressure_scheme = PRESSURE_esc_2018;
    score_names_add(&known, &engine);
    assert_int_equal(known.count, 2); /* the one that is gone is not forgotten */
    context = bench_context;
    context.config = &engine;
    bench->config.context = &context;
    bench->config.known_scores = &known;
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "+/score/#");
    bench_start(bench);
    expect(&observer, BASE "b01/score/risk", NULL);
    expect(&observer, BASE "b02/score/risk", NULL);
    expect(&observer, BASE "b03/score/risk", NULL);
    expect_nothing(&observer);
    observer_close(&observer);
    bench_close(bench);
}

static void know(struct bench *bench, struct score_names *known)
{
    memset(known, 0, sizeof *known);
    score_names_add(known, &engine);
    context = bench_context;
    context.config = &engine;
    bench->config.context = &context;
    bench->config.known_scores = known;
}

/* The others have it still; this one had it while it was an adult's. */
static void test_what_is_gone_at_one_bed(void **state)
{
    (void)state;
    static struct score_names known;
    struct bed_config beds[3];
    struct observer observer;
    struct bench *bench = bench_open();
    engine = bench_engine;
    assert_int_equal(engine.bed_count, 3);
    memcpy(beds, engine.beds, sizeof beds);
    beds[1].patient_class = CLASS_child;
    beds[0].scores = 1U << SCORE_qsofa;
    engine.beds = beds;
    engine.models = &risk;
    engine.model_count = 1;
    know(bench, &known);
    assert_int_equal(known.count, 2);
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "+/score/#");
    bench_start(bench);
    expect(&observer, BASE "b02/score/qsofa", NULL);
    expect(&observer, BASE "b03/score/qsofa", NULL);
    expect(&observer, BASE "b02/score/risk", NULL);
    expect_nothing(&observer);
    observer_close(&observer);
    bench_close(bench);
}

/* Its estimates are emptied like its scores, each once. */
static void test_a_bed_that_is_gone(void **state)
{
    (void)state;
    static struct score_names known;
    static struct bed_numbers known_beds;
    const struct bed_config gone = {.id = "b07", .scores = 1U << SCORE_qsofa};
    const struct engine_config before = {
        .beds = &gone, .bed_count = 1, .models = &risk, .model_count = 1, .pressure_scheme = PRESSURE_esc_2018};
    struct observer observer;
    struct bench *bench = bench_open();
    known_beds = (struct bed_numbers){.count = 0};
    assert_true(bed_numbers_add(&known_beds, &before));
    engine = before;
    know(bench, &known);
    engine = bench_engine;
    bench->config.known_beds = &known_beds;
    broker_start(&bench->broker);
    observer_open(&observer, &bench->broker, BASE "b07/#");
    bench_start(bench);
    expect(&observer, BASE "b07/vitals", NULL);
    expect(&observer, BASE "b07/settings", NULL);
    for (enum score score = 0; score < SCORE_COUNT; score++) {
        char topic[64];
        (void)snprintf(topic, sizeof topic, BASE "b07/score/%s", score_name(score));
        expect(&observer, topic, NULL);
    }
    expect(&observer, BASE "b07/score/blood_pressure", NULL);
    expect(&observer, BASE "b07/score/risk", NULL);
    expect_nothing(&observer);
    observer_close(&observer);
    bench_close(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_news),       cmocka_unit_test(test_stays),
        cmocka_unit_test(test_what_is_not_kept),   cmocka_unit_test(test_a_new_connection),
        cmocka_unit_test(test_what_is_gone),       cmocka_unit_test(test_what_is_gone_at_one_bed),
        cmocka_unit_test(test_a_bed_that_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
