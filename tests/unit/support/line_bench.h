/*
 * line_bench.h: the plan of a line over simulated time, for tests. A poll takes what the wire says, a silent monitor as long as it is
 * waited for. Included by one file of a program, behind cmocka.h.
 */
#ifndef WARDGATE_TESTS_LINE_BENCH_H
#define WARDGATE_TESTS_LINE_BENCH_H

#include <stdalign.h>
#include <string.h>

#include "drivers/monitor/modbus/line_plan.h"

#define SECOND     INT64_C(1000000)
#define START      (1000 * SECOND)
#define MONITORS   64
#define TIMEOUT_MS 500
#define SLACK_US   32000
#define THINK_US   2000

static alignas(64) unsigned char storage[1 << 20];
static struct profile profiles[MONITORS];
static struct profile_channel channels[MONITORS][PROFILE_CHANNELS_MAX];
static struct monitor_config configs[MONITORS];
static struct poller pollers[MONITORS];
static struct line_plan plan;
static struct wire wire;
static int64_t now_us;
static bool silent[MONITORS];
static unsigned asked[MONITORS];  /* polls */
static unsigned urgent[MONITORS]; /* those of them that are urgent */
static unsigned probed[MONITORS];
static int64_t newest_us[MONITORS]; /* its newest poll began */
static int64_t busy_us;

static inline int set_up(void **state)
{
    (void)state;
    memset(storage, 0, sizeof storage);
    memset(profiles, 0, sizeof profiles);
    memset(configs, 0, sizeof configs);
    memset(silent, 0, sizeof silent);
    plan = (struct line_plan){.pollers = pollers, .timeout_ms = TIMEOUT_MS, .slack_us = SLACK_US};
    wire = wire_of(19200, PARITY_EVEN, 1);
    return 0;
}

/* A run of ten registers that is merged with no other. */
static inline void add_run(struct profile *profile, enum register_table table, uint32_t interval_ms)
{
    const uint16_t first = (uint16_t)(profile->channel_count * 100U);
    for (uint16_t i = 0; i < 12; i += 4) {
        channels[profile - profiles][profile->channel_count] =
            (struct profile_channel){.vital = (enum vital)profile->channel_count,
                                     .table = table,
                                     .reg = (uint16_t)(first + i),
                                     .type = TYPE_U32,
                                     .poll_interval_ms = interval_ms};
        profile->channel_count++;
    }
}

static inline struct profile *add_monitor(uint32_t interval_ms)
{
    struct profile *profile = &profiles[plan.count];
    *profile = (struct profile){.poll_interval_ms = interval_ms, .channels = channels[plan.count]};
    add_run(profile, TABLE_HOLDING, interval_ms);
    configs[plan.count] = (struct monitor_config){.address = (uint8_t)(plan.count + 1), .profile = profile};
    plan.count++;
    return profile;
}

static inline void add_monitors(unsigned count, uint32_t interval_ms)
{
    for (unsigned i = 0; i < count; i++) {
        (void)add_monitor(interval_ms);
    }
}

static inline void forget(void)
{
    memset(asked, 0, sizeof asked);
    memset(urgent, 0, sizeof urgent);
    memset(probed, 0, sizeof probed);
    busy_us = 0;
}

static inline void begin(void)
{
    struct arena arena = {.base = storage, .size = sizeof storage};
    for (unsigned i = 0; i < plan.count; i++) {
        poller_make(&pollers[i], &arena, &configs[i]);
        pollers[i].answer_time.floor_us = 50000;
        pollers[i].probe_ms_max = POLLER_PROBE_MS_LINE;
    }
    line_plan_spread(&plan, &wire);
    now_us = START;
    for (unsigned i = 0; i < plan.count; i++) {
        poller_restart(&pollers[i], now_us);
    }
    forget();
}

static inline void answer(const struct line_turn *turn, unsigned monitor)
{
    struct poller *poller = turn->poller;
    const struct request request = poller_request(poller, turn->poll, pollers, plan.count);
    const int64_t from_us = now_us;
    now_us += wire_poll_us(&wire, &request, THINK_US);
    if (turn->poll == POLLER_PROBE) {
        probed[monitor]++;
        poller_recovered(poller, now_us);
        line_plan_held(&plan, turn->others_us, from_us, now_us);
    } else {
        asked[monitor]++;
        urgent[monitor] += poller->polls[turn->poll].urgent ? 1U : 0U;
        newest_us[monitor] = from_us;
        poller_heard(poller, now_us);
        poller_answered(poller, turn->poll, now_us, THINK_US);
    }
}

static inline void stay_silent(const struct line_turn *turn, unsigned monitor)
{
    const uint32_t patience_us = poller_patience_us(turn->poller, TIMEOUT_MS);
    const int64_t from_us = now_us;
    probed[monitor] += turn->poll == POLLER_PROBE ? 1U : 0U;
    now_us += wire_us(&wire, WIRE_REQUEST_BYTES) + patience_us + (patience_us == TIMEOUT_MS * 1000U ? SLACK_US : 0);
    poller_failed(turn->poller, now_us);
    line_plan_held(&plan, turn->others_us, from_us, now_us);
}

/* One exchange; false when there is none before until_us. */
static inline bool step(int64_t until_us)
{
    const struct line_turn turn = line_plan_next(&plan, now_us, wire_us(&wire, WIRE_REQUEST_BYTES) + wire.gap_us);
    if (turn.at_us >= until_us) {
        now_us = until_us;
        return false;
    }
    assert_true(turn.at_us >= now_us);
    now_us = turn.at_us;
    line_plan_ask(&plan, turn.poller, turn.poll, now_us);
    const unsigned monitor = (unsigned)(turn.poller - pollers);
    if (silent[monitor]) {
        stay_silent(&turn, monitor);
    } else {
        answer(&turn, monitor);
    }
    busy_us += now_us - turn.at_us;
    return true;
}

static inline void run_for(int64_t us)
{
    const int64_t until_us = now_us + us;
    while (step(until_us)) {
    }
}

static inline unsigned missed(void)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < plan.count; i++) {
        sum += pollers[i].missed;
    }
    return sum;
}

#endif
