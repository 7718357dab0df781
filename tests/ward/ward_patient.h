/*
 * ward_patient.h: a generated patient: smooth, believable vitals from a seed, a cuff that measures every few minutes,
 * and events that push the vitals away from where they like to be.
 *
 * Deterministic: the same seed, events and times give the same vitals. Vitals move in steps of 250 ms towards their
 * targets; with several events at once the later one decides. Everything runs faster than life, so that a
 * demonstration does not take an afternoon. Time is milliseconds since the ward's start and must not fall. Pure.
 */
#ifndef WARD_PATIENT_H
#define WARD_PATIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/ward/ward_registers.h"

#define WARD_PATIENT_EVENTS_MAX 8
#define WARD_PATIENT_FOREVER    INT64_MAX

struct ward_event; /* a kind of event: desaturation, apnoea ... */

struct ward_patient {
    uint32_t random;
    int64_t time_ms;
    int32_t base[WARD_VITALS];  /* where a vital rests */
    int32_t level[WARD_VITALS]; /* where it is, without the wander */
    int32_t wander[WARD_VITALS];
    int32_t measured[WARD_VITALS]; /* the last pressures and the last glucose */
    struct {
        const struct ward_event *event;
        int64_t since_ms, until_ms;
    } events[WARD_PATIENT_EVENTS_MAX];
    unsigned event_count;
    int64_t cuff_period_ms, cuff_next_ms;
    bool cuff_busy;
    uint16_t cuff_counter, glucose_counter;
    int64_t glucose_next_ms;
    uint32_t breath; /* phase of the breathing, 2^32 is one breath */
};

void ward_patient_init(struct ward_patient *patient, uint32_t seed, int64_t cuff_period_ms);

/* NULL when there is no event of that name. */
const struct ward_event *ward_event_by_name(const char *name);

/* The event begins at the time the patient was last advanced to. `recover` ends all others. */
void ward_patient_begin(struct ward_patient *patient, const struct ward_event *event, int64_t until_ms);

void ward_patient_advance(struct ward_patient *patient, int64_t now_ms);
void ward_patient_write(const struct ward_patient *patient, struct ward_bank *bank);

#endif
