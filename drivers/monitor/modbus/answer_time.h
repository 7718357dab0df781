/*
 * answer_time.h: how long a monitor takes until its answer begins, learnt from its answers. Pure.
 *
 * Smoothed time and mean deviation as TCP keeps them (RFC 6298), in whole µs. A monitor is trusted once so many answers in
 * a row came within what was learnt; until then, and after every failure, it is waited for in full. One that was cut short
 * although it was trusted has to earn that with twice as many answers each time: so a monitor that is slow now and
 * then, be it once in a thousand answers, is soon waited for in full for good.
 *
 * Of one that began at nearly the same time ANSWER_STEADY_AFTER times in a row it is foreseen when its next answer is
 * whole: nobody watches for the beginning, and when it was there, nobody knows since when (ANSWER_UNSEEN). Looking a
 * little sooner each time tells (aim.h). One that is off now and then is believed again; off for good, it is watched.
 */
#ifndef WARDGATE_ANSWER_TIME_H
#define WARDGATE_ANSWER_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/monitor/modbus/aim.h"

#define ANSWER_UNSEEN       UINT32_MAX /* it was there as foreseen */
#define ANSWER_TRUST_AFTER  32U
#define ANSWER_TRUST_MAX    8192U
#define ANSWER_STEADY_US    200U /* so much one whose answers can be foreseen may be off */
#define ANSWER_STEADY_AFTER 4U
#define ANSWER_STEADY_MAX   8U

struct answer_time {
    uint32_t floor_us;                /* nothing shorter is made of it */
    uint32_t grain_us;                /* so exactly it is known when one began that was not there as foreseen: a byte */
    uint32_t smooth_us, deviation_us; /* 0 and 0: it never answered */
    uint16_t in_time;                 /* answers in a row, at most ANSWER_TRUST_MAX */
    uint16_t trust_after;             /* 0: ANSWER_TRUST_AFTER */
    uint16_t steady;                  /* one more for each that was, two less for each that was not */
    struct aim aim;                   /* at its beginning */
};

void answer_time_note(struct answer_time *time, uint32_t begun_us);
void answer_time_failed(struct answer_time *time);

/* As long as an answer can take by what was learnt. */
uint32_t answer_time_limit_us(const struct answer_time *time);
bool answer_time_is_trusted(const struct answer_time *time);

/* True when its next answer need not be watched: by *out_us after the request it has begun, as a rule. */
bool answer_time_foresees(const struct answer_time *time, uint32_t *out_us);

#endif
