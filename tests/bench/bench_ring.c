/*
 * bench_ring.c: the ring between two threads on two cores, against Concurrency Kit's ck_ring (0.7.1, libck-dev).
 *
 * Elements are observations. Round trip: one element through one ring and back through another, the median of many.
 * Batches: what a producer puts 32 at a time and a consumer takes up to 32 at a time, elements a second. Both rings take
 * turns within one process; of each the median of the turns counts. ck_ring knows no batches: there they are 32 calls.
 *
 * Prints one JSON object a line.
 */
#include <ck_ring.h>
#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/engine/observation.h"
#include "app/flow/ring.h"

#define SLOTS 4096U /* as of a runner */

enum {
    BATCH = 32,
    TRIPS = 5000,
    ELEMENTS = 1 << 20,
    SPINS = 4096, /* then who else wants the core gets it: on a machine that is not idle nobody spins against himself */
    TURNS = 5
};

CK_RING_PROTOTYPE(observation, observation)

/* There and back. */
enum { THERE, BACK, WAYS };

static struct ring ours[WAYS];
static alignas(64) struct ck_ring ck[WAYS];
static alignas(64) struct observation ck_slots[WAYS][SLOTS];
static alignas(64) unsigned char storage[WAYS * SLOTS * sizeof(struct observation)];

/* What is measured, of ours and of ck's. count is what is offered or the most that is taken; returns how many were. */
struct contender {
    uint32_t (*put)(unsigned way, struct observation *from, uint32_t count);
    uint32_t (*take)(unsigned way, struct observation *to, uint32_t count);
};

static uint32_t put_ours(unsigned way, struct observation *from, uint32_t count)
{
    return ring_push_batch(&ours[way], from, count);
}

static uint32_t take_ours(unsigned way, struct observation *to, uint32_t count)
{
    return ring_pop(&ours[way], to, count);
}

static uint32_t put_ck(unsigned way, struct observation *from, uint32_t count)
{
    uint32_t done = 0;
    while (done < count && ck_ring_enqueue_spsc_observation(&ck[way], ck_slots[way], &from[done])) {
        done++;
    }
    return done;
}

static uint32_t take_ck(unsigned way, struct observation *to, uint32_t count)
{
    uint32_t done = 0;
    while (done < count && ck_ring_dequeue_spsc_observation(&ck[way], ck_slots[way], &to[done])) {
        done++;
    }
    return done;
}

static atomic_bool other_is_there;

static const struct contender contenders[] = {{put_ours, take_ours}, {put_ck, take_ck}};
enum { OURS, CK, CONTENDERS };

static void fail(const char *what)
{
    (void)fprintf(stderr, "bench_ring: %s\n", what);
    exit(EXIT_FAILURE);
}

static void pin(unsigned core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    if (pthread_setaffinity_np(pthread_self(), sizeof set, &set) != 0) {
        fail("two cores are needed");
    }
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int compare(const void *left, const void *right)
{
    const double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

static double median(double *numbers, size_t count)
{
    qsort(numbers, count, sizeof *numbers, compare);
    return numbers[count / 2];
}

static void wait_on(unsigned *spins)
{
    if (++*spins % SPINS == 0) {
        (void)sched_yield();
    }
    ck_pr_stall();
}

static void put_one(const struct contender *c, unsigned way, struct observation *from)
{
    for (unsigned spins = 0; c->put(way, from, 1) == 0;) {
        wait_on(&spins);
    }
}

static void take_one(const struct contender *c, unsigned way, struct observation *to)
{
    for (unsigned spins = 0; c->take(way, to, 1) == 0;) {
        wait_on(&spins);
    }
}

/* ---- round trips ---- */

static void *send_back(void *argument)
{
    const struct contender *c = argument;
    struct observation o;
    pin(1);
    for (unsigned i = 0; i < TRIPS; i++) {
        take_one(c, THERE, &o);
        put_one(c, BACK, &o);
    }
    return NULL;
}

static void send(const struct contender *c, double *took_ns)
{
    struct observation o = {.value_milli = 0}, back;
    for (int32_t i = 0; i < TRIPS; i++) {
        const int64_t from_ns = now_ns();
        o.value_milli = i;
        put_one(c, THERE, &o);
        take_one(c, BACK, &back);
        took_ns[i] = (double)(now_ns() - from_ns);
        if (back.value_milli != i) {
            fail("another element came back");
        }
    }
}

/* ns, the median. */
static double round_trip(const struct contender *c)
{
    static double took_ns[TRIPS];
    pthread_t other;
    if (pthread_create(&other, NULL, send_back, (void *)(uintptr_t)c) != 0) {
        fail("no thread");
    }
    send(c, took_ns);
    (void)pthread_join(other, NULL);
    return median(took_ns, TRIPS);
}

/* ---- batches ---- */

static void *take_all(void *argument)
{
    const struct contender *c = argument;
    struct observation taken[BATCH];
    int32_t next = 0;
    unsigned spins = 0;
    pin(1);
    atomic_store(&other_is_there, true);
    while (next < ELEMENTS) {
        const uint32_t count = c->take(THERE, taken, BATCH);
        if (count == 0) {
            wait_on(&spins);
        }
        for (uint32_t i = 0; i < count; i++) {
            if (taken[i].value_milli != next++) {
                fail("elements are not in order");
            }
        }
    }
    return NULL;
}

/* Million elements a second. */
static double batches(const struct contender *c)
{
    struct observation batch[BATCH];
    unsigned spins = 0;
    pthread_t other;
    memset(batch, 0, sizeof batch);
    atomic_store(&other_is_there, false);
    if (pthread_create(&other, NULL, take_all, (void *)(uintptr_t)c) != 0) {
        fail("no thread");
    }
    while (!atomic_load(&other_is_there)) {
        wait_on(&spins);
    }
    const int64_t from_ns = now_ns();
    for (int32_t next = 0; next < ELEMENTS; next += BATCH) {
        for (int32_t i = 0; i < BATCH; i++) {
            batch[i].value_milli = next + i;
        }
        for (uint32_t done = 0; done < BATCH;) {
            const uint32_t count = c->put(THERE, batch + done, BATCH - done);
            done += count;
            if (count == 0) {
                wait_on(&spins);
            }
        }
    }
    (void)pthread_join(other, NULL);
    return ELEMENTS * 1e3 / (double)(now_ns() - from_ns);
}

/* ---- all of it ---- */

static void take_turns(double (*measure)(const struct contender *), double medians[CONTENDERS])
{
    double found[CONTENDERS][TURNS];
    for (unsigned turn = 0; turn < TURNS; turn++) {
        for (unsigned i = 0; i < CONTENDERS; i++) {
            found[i][turn] = measure(&contenders[i]);
        }
    }
    for (unsigned i = 0; i < CONTENDERS; i++) {
        medians[i] = median(found[i], TURNS);
    }
}

static void report(const char *figure, const char *case_word, const char *bound, const double medians[CONTENDERS],
                   const char *unit)
{
    printf("{\"figure\":\"%s\",\"case\":\"%s\",\"value\":%.3f,\"unit\":\"times ck_ring\",\"limit\":1,\"bound\":\"%s\","
           "\"ours\":%.1f,\"reference\":\"ck_ring\",\"reference_value\":%.1f,\"reference_unit\":\"%s\"}\n",
           figure, case_word, medians[OURS] / medians[CK], bound, medians[OURS], medians[CK], unit);
}

int main(void)
{
    double medians[CONTENDERS];
    struct arena arena = {.base = storage, .size = sizeof storage};
    pin(0);
    for (unsigned way = 0; way < WAYS; way++) {
        ring_init(&ours[way], &arena, SLOTS, sizeof(struct observation));
        ck_ring_init(&ck[way], SLOTS);
    }
    take_turns(round_trip, medians);
    report("ring_round_trip", "two cores, observations, p50", "most", medians, "ns");
    take_turns(batches, medians);
    report("ring_batches", "two cores, 32 observations at a time", "least", medians, "million/s");
    return EXIT_SUCCESS;
}
