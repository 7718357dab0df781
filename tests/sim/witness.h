/*
 * witness.h: sees what is committed and what arrives at the broker, keeps it, and holds each against the invariants. No part of the gateway.
 *
 * An epoch's alerts stand under their seq. Whatever can be judged at the moment that it happens is judged here; what needs time is in judge.h.
 */
#ifndef WARDGATE_TESTS_SIM_WITNESS_H
#define WARDGATE_TESTS_SIM_WITNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/store/store.h"
#include "tests/sim/bedside.h"

/* The disk's side: a transaction has become durable, change by change. */
void witness_committed(const struct store_alert *alert);
void witness_alarm(const struct store_alarm *alarm);
void witness_state(const char *key, const void *value, size_t size);
void witness_delivered(const struct store_alert *alert);
/* By a gateway of this epoch, which began behind another one, or behind none (""). */
void witness_adopted(const char *epoch, const char *behind);
void witness_renamed(const char *epoch);
void witness_replaced(const char *epoch); /* all that was stored is gone, under this name it begins anew */
void witness_commit_ends(void);

/* The broker's side; bed -1: the gateway's own. */
void witness_arrived(int bed, const char *json, size_t length, uint32_t connection);
void witness_vitals(int bed, const char *json, size_t length);
void witness_reply(int bed, const char *json);
void witness_record_arrived(const char *json, size_t length); /* of alerts that will not come */

/* What judge.h and the nurse ask. */
uint64_t witness_stay(int bed);    /* as committed; 0: vacant, or not known */
int32_t witness_identity(int bed); /* of the monitor that is known to belong there, as committed; 0: none */
int64_t witness_vitals_us(int bed, bool whole); /* when they last came; whole: with every value */
uint64_t witness_alerts(void);                  /* committed in all */
uint64_t witness_arrivals(void);
/* Committed in this epoch, or one that it goes on with, or in that of a store that was set aside, before then, not arrived and in no record that has: the
 * first such seq; 0: none. */
uint64_t witness_missing(int64_t before_us);
void witness_box_was_off(void); /* what waited in a store that was set aside before, or is next, nobody can know */

#endif
