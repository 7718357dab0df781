/*
 * erlang.h: how likely it is that no bed is free, from the load that a ward is offered and the beds it has.
 *
 * Load is the mean number of patients that would be in the ward if there were always room: arrivals a day times the
 * mean stay in days. Erlang B: who finds no bed goes elsewhere. Erlang C: who finds none waits. Both suppose that
 * patients come independently of each other; what they say is an estimate for planning, nothing about tonight.
 *
 * Source: A. K. Erlang 1917; the recursion B(0) = 1, B(k) = a B(k-1) / (k + a B(k-1)); C = B / (1 - rho (1 - B)) with
 * rho = a / c; mean queue C rho / (1 - rho); mean wait, in mean stays, C / (c - a).
 * Pure: integers only, in 36 binary places, whose error shrinks with each step of the recursion: the six places given
 * are right, and the same on every CPU. Thread: any.
 */
#ifndef WARDGATE_ERLANG_H
#define WARDGATE_ERLANG_H

#include <stdbool.h>
#include <stdint.h>

#define ERLANG_BEDS_MAX       1024U
#define ERLANG_LOAD_MILLI_MAX 1000000U /* more is computed as this, which no ward of so few beds can tell apart */

struct erlang {
    bool overloaded;        /* load at or above the beds: everybody waits, and the queue has no end */
    uint32_t blocked_micro; /* probability that no bed is free (B) */
    uint32_t waiting_micro; /* probability of waiting (C); overloaded: 1 */
    uint64_t queue_micro;   /* mean number of patients waiting; overloaded: 0, and means nothing */
    uint32_t wait_micro;    /* mean wait of all who come, in mean stays; overloaded: likewise */
};

/* beds from 0 (never one free) to ERLANG_BEDS_MAX. */
void erlang_compute(uint32_t load_milli, uint16_t beds, struct erlang *out);

#endif
