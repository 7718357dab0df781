#include "drivers/monitor/modbus/answer_time.h"

enum { DEVIATIONS = 4, SMOOTH_SHARE = 8, DEVIATION_SHARE = 4 };

static uint32_t difference(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

/* An eighth, or whatever share, of the way; always a step, so that small numbers do not get stuck. */
static uint32_t approach(uint32_t from, uint32_t to, uint32_t share)
{
    const uint32_t step_us = (difference(from, to) + share - 1) / share;
    return from > to ? from - step_us : from + step_us;
}

static uint32_t trust_after(const struct answer_time *time)
{
    return time->trust_after != 0 ? time->trust_after : ANSWER_TRUST_AFTER;
}

static void learn(struct answer_time *time, uint32_t begun_us)
{
    if (time->smooth_us == 0) {
        time->smooth_us = begun_us > 0 ? begun_us : 1;
        time->deviation_us = begun_us / 2;
        return;
    }
    time->deviation_us = approach(time->deviation_us, difference(time->smooth_us, begun_us), DEVIATION_SHARE);
    time->smooth_us = approach(time->smooth_us, begun_us > 0 ? begun_us : 1, SMOOTH_SHARE);
}

static bool is_steady(const struct answer_time *time, uint32_t begun_us)
{
    const uint32_t aim_us = time->aim.at_us;
    return begun_us > aim_us ? begun_us - aim_us <= ANSWER_STEADY_US + time->grain_us
                             : aim_us - begun_us <= ANSWER_STEADY_US;
}

static void note_steady(struct answer_time *time)
{
    time->steady = (uint16_t)(time->steady < ANSWER_STEADY_MAX ? time->steady + 1U : ANSWER_STEADY_MAX);
}

static void note_unsteady(struct answer_time *time, uint32_t begun_us)
{
    time->steady = (uint16_t)(time->steady > 2 ? time->steady - 2U : 0U);
    if (time->steady < ANSWER_STEADY_AFTER) {
        time->aim = aim_from(begun_us);
    }
}

static void take_aim(struct answer_time *time, uint32_t begun_us)
{
    if (!is_steady(time, begun_us)) {
        note_unsteady(time, begun_us);
        return;
    }
    if (begun_us > time->aim.at_us) {
        aim_later(&time->aim, begun_us - time->aim.at_us);
    } else {
        aim_sooner(&time->aim);
    }
    note_steady(time);
}

uint32_t answer_time_limit_us(const struct answer_time *time)
{
    const uint64_t limit_us = time->smooth_us + UINT64_C(1) * DEVIATIONS * time->deviation_us;
    if (limit_us < time->floor_us) {
        return time->floor_us;
    }
    return limit_us < UINT32_MAX ? (uint32_t)limit_us : UINT32_MAX;
}

void answer_time_note(struct answer_time *time, uint32_t begun_us)
{
    if (begun_us == ANSWER_UNSEEN) {
        aim_sooner(&time->aim);
        note_steady(time);
    } else {
        time->in_time = begun_us <= answer_time_limit_us(time) ? time->in_time : 0;
        learn(time, begun_us);
        take_aim(time, begun_us);
    }
    time->in_time = (uint16_t)(time->in_time < ANSWER_TRUST_MAX ? time->in_time + 1U : ANSWER_TRUST_MAX);
}

void answer_time_failed(struct answer_time *time)
{
    const uint32_t longer = trust_after(time) * 2;
    if (answer_time_is_trusted(time)) {
        time->trust_after = (uint16_t)(longer < ANSWER_TRUST_MAX ? longer : ANSWER_TRUST_MAX);
    }
    time->in_time = 0;
    time->steady = 0;
}

bool answer_time_is_trusted(const struct answer_time *time)
{
    return time->in_time >= trust_after(time);
}

bool answer_time_foresees(const struct answer_time *time, uint32_t *out_us)
{
    *out_us = time->aim.at_us;
    return time->steady >= ANSWER_STEADY_AFTER;
}
