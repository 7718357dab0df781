/*
 * bench_windows.c: what an observation costs that four windows look at, against copying it into a ring.
 *
 * One channel at 1 Hz; windows of 16, 60, 300 and 3600 s (or observations), each with mean, max and min; with standard
 * deviation and slope as well; and as a rule asks, which compares each aggregate with a limit and then wants to know
 * when it may change. The calls are the engine's own (expression_evaluate.c): one put, then each window. Full windows
 * throughout. Copy and windows take turns within one process, on the same values; of each the fastest turn counts.
 *
 * The worst operation is that over the positions of a history, of the fastest of 20 identical runs through it: the
 * machine's noise strikes elsewhere each time. It is timed twice: a put with its 12 answers, and each call by itself.
 *
 * Prints one JSON object a line.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/engine/window.h"

enum {
    PERIOD_MS = 1000,
    SPANS = 4,
    WINDOWS_MAX = SPANS * 5,
    TURN = 8192,       /* observations of one turn */
    TURNS = 60,        /* of each kind */
    WARM_UP = 2,       /* turns that fill the windows and are not timed */
    TOOTH = 700,       /* observations: deeper than most windows, and often enough to matter */
    LONG_TOOTH = 4000, /* cuts off more than the longest window holds */
    POSITIONS = 9500,  /* of the worst operation */
    REPEATS = 20,
    STORAGE_BYTES = 4 << 20,
    LIMIT_TIMES = 45,
    LIMIT_WORST_NS = 1000
};

enum shape { RANDOM, FALLING, SAWTOOTH };
enum ask { ANSWERS, COMPARISONS };

static const char *const shape_words[] = {"random", "falling", "sawtooth"};
static const uint32_t lengths[SPANS] = {16, 60, 300, 3600};
static const enum aggregate aggregates[] = {AGGREGATE_MEAN, AGGREGATE_MAX, AGGREGATE_MIN, AGGREGATE_STDDEV,
                                            AGGREGATE_SLOPE};

/* The least that a window needs of an observation. */
struct held {
    int64_t at_ms;
    int32_t value_milli;
};

struct bench {
    unsigned aggregate_count; /* for each length, the first so many on the list */
    bool by_number;
    enum ask ask;
    struct series *series;
    struct window *windows[WINDOWS_MAX];
    unsigned window_count;
    size_t bytes;
};

struct ring {
    struct held observations[4096];
    uint32_t head;
};

static _Alignas(64) unsigned char storage[STORAGE_BYTES];
static _Alignas(64) struct ring ring;
static int32_t values[TURN];
static volatile int64_t sink; /* answers are used */

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* ---- values ---- */

/* xorshift64*, Vigna 2016. */
static int32_t next_random(void)
{
    static uint64_t state = 20240229;
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (int32_t)((state * 2685821657736338717ULL) >> 33) % 120000;
}

static void fill_values(enum shape shape)
{
    for (int32_t i = 0; i < TURN; i++) {
        values[i] = shape == RANDOM ? 40000 + next_random() : shape == FALLING ? -10 * i : -10 * (i % TOOTH);
    }
}

/* Falling goes on falling from turn to turn. */
static int32_t base_of(enum shape shape, int64_t turn)
{
    return shape == FALLING ? (int32_t)(turn * -10 * TURN) : 0;
}

/* ---- what is measured ---- */

static struct window_spec spec_of(const struct bench *bench, unsigned length, unsigned aggregate)
{
    struct window_spec spec = {.vital = VITAL_hr, .aggregate = aggregates[aggregate], .coverage_permille = 700};
    if (bench->by_number) {
        spec.count = lengths[length];
    } else {
        spec.span_ms = lengths[length] * PERIOD_MS;
    }
    return spec;
}

/* Everything out of `arena`; pointers are NULL while it only measures. */
static void make_from(struct bench *bench, struct arena *arena)
{
    struct series_config config = {.period_ms = PERIOD_MS};
    for (unsigned i = 0; i < SPANS * bench->aggregate_count; i++) {
        const struct window_spec spec = spec_of(bench, i / bench->aggregate_count, i % bench->aggregate_count);
        series_demand_add(&config.demand, &spec);
    }
    bench->series = series_make(arena, &config);
    bench->bytes = arena->used;
    bench->window_count = 0;
    for (unsigned i = 0; i < SPANS * bench->aggregate_count; i++) {
        const struct window_spec spec = spec_of(bench, i / bench->aggregate_count, i % bench->aggregate_count);
        bench->windows[bench->window_count++] = window_make(arena, bench->series, &spec);
    }
}

static void make(struct bench *bench)
{
    struct arena arena = {.base = NULL};
    make_from(bench, &arena);
    assert(arena.used <= sizeof(storage));
    memset(storage, 0, sizeof(storage));
    arena = (struct arena){.base = storage, .size = sizeof(storage)};
    make_from(bench, &arena);
}

static int64_t ask_all(const struct bench *bench, int64_t now_ms)
{
    int64_t total = 0;
    struct window *const *end = bench->windows + bench->window_count;
    for (struct window *const *window = bench->windows; window < end; window++) {
        total += window_answer_inline(*window, now_ms).value_micro;
    }
    return total;
}

static int64_t compare_all(const struct bench *bench, int64_t now_ms)
{
    int64_t total = 0;
    for (unsigned i = 0; i < bench->window_count; i++) {
        total += (int64_t)window_compare(bench->windows[i], COMPARISON_LT, 60000000, now_ms);
    }
    for (unsigned i = 0; i < bench->window_count; i++) {
        total += window_next_change(bench->windows[i], now_ms);
    }
    return total;
}

/* One call an observation, as it is for the windows. */
__attribute__((noinline, aligned(64))) static void ring_put(struct ring *to, int64_t at_ms, int32_t value_milli)
{
    to->observations[to->head++ % (sizeof(to->observations) / sizeof(to->observations[0]))] =
        (struct held){.at_ms = at_ms, .value_milli = value_milli};
}

static double copy_turn_ns(enum shape shape, int64_t turn)
{
    const int32_t base = base_of(shape, turn);
    int64_t at_ms = turn * TURN * PERIOD_MS;
    const int64_t from_ns = now_ns();
    for (uint32_t i = 0; i < TURN; i++, at_ms += PERIOD_MS) {
        ring_put(&ring, at_ms, base + values[i]);
    }
    return (double)(now_ns() - from_ns) / TURN;
}

static double windows_turn_ns(const struct bench *bench, enum shape shape, int64_t turn)
{
    const int32_t base = base_of(shape, turn);
    int64_t at_ms = turn * TURN * PERIOD_MS, total = 0;
    const int64_t from_ns = now_ns();
    for (uint32_t i = 0; i < TURN; i++, at_ms += PERIOD_MS) {
        (void)series_put(bench->series, at_ms, base + values[i]);
        total += bench->ask == ANSWERS ? ask_all(bench, at_ms) : compare_all(bench, at_ms);
    }
    const int64_t to_ns = now_ns();
    sink = total;
    return (double)(to_ns - from_ns) / TURN;
}

static void report_times(const char *figure, const char *case_word, double windows_ns, double copy_ns, bool limited)
{
    printf("{\"figure\":\"%s\",\"case\":\"%s\",\"value\":%.1f,\"unit\":\"times the copy\",", figure, case_word,
           windows_ns / copy_ns);
    if (limited) {
        printf("\"limit\":%d,\"bound\":\"most\",", LIMIT_TIMES);
    }
    printf("\"ns\":%.1f,\"reference\":\"copy into a ring\",\"reference_value\":%.3f,\"reference_unit\":\"ns\"}\n",
           windows_ns, copy_ns);
}

static void measure_average(struct bench *bench, const char *figure, const char *suffix, enum shape shape, bool limited)
{
    double copy_ns = 1e9, windows_ns = 1e9;
    make(bench);
    fill_values(shape);
    for (int64_t turn = 0; turn < WARM_UP + TURNS; turn++) {
        const double copied_ns = copy_turn_ns(shape, turn), asked_ns = windows_turn_ns(bench, shape, turn);
        if (turn >= WARM_UP) {
            copy_ns = copied_ns < copy_ns ? copied_ns : copy_ns;
            windows_ns = asked_ns < windows_ns ? asked_ns : windows_ns;
        }
    }
    char case_word[64];
    (void)snprintf(case_word, sizeof(case_word), "%s%s", shape_words[shape], suffix);
    report_times(figure, case_word, windows_ns, copy_ns, limited);
}

/* ---- the worst operation ---- */

/* Small, for the caches: in nanoseconds of the put, and of each answer if they are timed one at a time. */
static uint32_t best_ns[POSITIONS][1 + SPANS * 3];

static void note_best(unsigned position, unsigned operation, int64_t spent_ns)
{
    uint32_t *best = &best_ns[position][operation];
    *best = spent_ns < *best ? (uint32_t)spent_ns : *best;
}

/* Every so often a monitor is silent for half the longest window: half of it leaves at once. */
static int64_t instant_of(unsigned position, bool gaps)
{
    return ((int64_t)position + (gaps ? (int64_t)(position / 4500) * 1800 : 0)) * PERIOD_MS;
}

static int32_t value_of(enum shape shape, unsigned position)
{
    return shape == SAWTOOTH  ? -(int32_t)(position % LONG_TOOTH)
           : shape == FALLING ? -(int32_t)position
                              : values[position % TURN];
}

/* One at a time: each call has its own time; all in one otherwise. */
static void run_through(const struct bench *bench, enum shape shape, bool gaps, bool one_at_a_time)
{
    int64_t total = 0;
    series_reset(bench->series, 0);
    for (unsigned position = 0; position < POSITIONS; position++) {
        const int64_t at_ms = instant_of(position, gaps);
        const int32_t value_milli = value_of(shape, position);
        int64_t from_ns = now_ns();
        (void)series_put(bench->series, at_ms, value_milli);
        if (!one_at_a_time) {
            total += ask_all(bench, at_ms);
            note_best(position, 0, now_ns() - from_ns);
            continue;
        }
        note_best(position, 0, now_ns() - from_ns);
        for (unsigned i = 0; i < bench->window_count; i++) {
            from_ns = now_ns();
            total += window_answer_inline(bench->windows[i], at_ms).value_micro;
            note_best(position, 1 + i, now_ns() - from_ns);
        }
    }
    sink = total;
}

static uint32_t find_worst_ns(const struct bench *bench, enum shape shape, bool gaps, bool one_at_a_time)
{
    const unsigned operations = one_at_a_time ? 1 + bench->window_count : 1;
    memset(best_ns, UINT8_MAX, sizeof(best_ns));
    for (unsigned repeat = 0; repeat < REPEATS; repeat++) {
        run_through(bench, shape, gaps, one_at_a_time);
    }
    uint32_t worst_ns = 0;
    for (unsigned position = 0; position < POSITIONS; position++) {
        for (unsigned operation = 0; operation < operations; operation++) {
            const uint32_t spent_ns = best_ns[position][operation];
            worst_ns = spent_ns > worst_ns ? spent_ns : worst_ns;
        }
    }
    return worst_ns;
}

static void measure_worst(struct bench *bench, enum shape shape, bool gaps)
{
    make(bench);
    fill_values(RANDOM);
    for (int one_at_a_time = 0; one_at_a_time <= 1; one_at_a_time++) {
        printf("{\"figure\":\"four_windows_worst\",\"case\":\"%s%s%s, %s\",\"value\":%" PRIu32
               ",\"unit\":\"ns\",\"limit\":%d,\"bound\":\"most\"}\n",
               shape_words[shape], gaps ? " with gaps" : "", bench->by_number ? " by number" : "",
               one_at_a_time ? "one call" : "put and 12 answers", find_worst_ns(bench, shape, gaps, one_at_a_time != 0),
               LIMIT_WORST_NS);
    }
}

static void report_memory(const char *case_word, struct bench *bench, unsigned held)
{
    make(bench);
    printf("{\"figure\":\"four_windows_memory\",\"case\":\"%s\",\"value\":%.1f,\"unit\":\"bytes per held "
           "observation\"}\n",
           case_word, (double)bench->bytes / held);
}

int main(void)
{
    for (enum shape shape = RANDOM; shape <= SAWTOOTH; shape++) {
        measure_average(&(struct bench){.aggregate_count = 3}, "four_windows", "", shape, true);
        measure_average(&(struct bench){.aggregate_count = 3, .by_number = true}, "four_windows", " by number", shape,
                        true);
        measure_average(&(struct bench){.aggregate_count = 5}, "four_windows_stddev_slope", "", shape, false);
        measure_average(&(struct bench){.aggregate_count = 3, .ask = COMPARISONS}, "four_windows_rule", "", shape,
                        false);
    }
    for (enum shape shape = RANDOM; shape <= SAWTOOTH; shape++) {
        measure_worst(&(struct bench){.aggregate_count = 3}, shape, false);
        measure_worst(&(struct bench){.aggregate_count = 3}, shape, true);
        measure_worst(&(struct bench){.aggregate_count = 3, .by_number = true}, shape, false);
    }
    report_memory("in time, of 300 s and 1 h", &(struct bench){.aggregate_count = 3}, 3600);
    report_memory("by number", &(struct bench){.aggregate_count = 3, .by_number = true}, 3600);
    return 0;
}
