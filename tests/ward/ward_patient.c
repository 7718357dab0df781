#include "tests/ward/ward_patient.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEP_MS = 250,
    CUFF_TAKES_MS = 15000,
    GLUCOSE_PERIOD_MS = 15 * 60000,
    EFFECTS_MAX = 5,
    DEFAULT_RATE = 1000 /* thousandths a second, for a vital that goes home */
};

/* From after_ms into the event the vital heads for the target, or has no value. */
struct effect {
    enum ward_vital vital;
    int32_t target; /* WARD_ABSENT: no value */
    int32_t rate;   /* thousandths a second; 0: no effect here, the end of the list */
    int32_t after_ms;
};

struct ward_event {
    const char *name;
    struct effect effects[EFFECTS_MAX];
    enum ward_bit bit; /* WARD_BITS: none */
    int32_t bit_after_ms;
    bool cuff_now; /* a pressure is measured at once */
    bool ends_all;
};

static const struct ward_event events[] = {
    {"desaturation",
     {{WARD_spo2, 82000, 2000, 0}, {WARD_hr, 108000, 800, 0}, {WARD_resp, 26000, 400, 0}},
     WARD_BITS,
     0,
     false,
     false},
    {"tachycardia", {{WARD_hr, 154000, 5000, 0}}, WARD_BITS, 0, false, false},
    {"bradycardia", {{WARD_hr, 36000, 4000, 0}}, WARD_BITS, 0, false, false},
    {"apnoea", {{WARD_resp, 0, 8000, 0}, {WARD_spo2, 80000, 700, 15000}}, WARD_BIT_apnoea, 20000, false, false},
    {"hypotension",
     {{WARD_nibp_sys, 74000, 9000, 0}, {WARD_nibp_dia, 41000, 6000, 0}, {WARD_hr, 112000, 800, 0}},
     WARD_BITS,
     0,
     true,
     false},
    {"fever", {{WARD_temp, 39500, 60, 0}, {WARD_hr, 104000, 500, 0}}, WARD_BITS, 0, false, false},
    {"asystole",
     {{WARD_hr, 0, 80000, 0},
      {WARD_resp, 0, 4000, 5000},
      {WARD_spo2, WARD_ABSENT, 1, 1000},
      {WARD_pulse, WARD_ABSENT, 1, 1000},
      {WARD_perfusion, WARD_ABSENT, 1, 1000}},
     WARD_BIT_asystole,
     4000,
     false,
     false},
    {"probe_off",
     {{WARD_spo2, WARD_ABSENT, 1, 0}, {WARD_pulse, WARD_ABSENT, 1, 0}, {WARD_perfusion, WARD_ABSENT, 1, 0}},
     WARD_BIT_probe_off,
     0,
     false,
     false},
    {"leads_off", {{WARD_hr, WARD_ABSENT, 1, 0}, {WARD_resp, WARD_ABSENT, 1, 0}}, WARD_BIT_leads_off, 0, false, false},
    {"recover", {{WARD_hr, 0, 0, 0}}, WARD_BITS, 0, false, true},
};

/* Resting value, how much it differs between patients, and how far it wanders by itself (thousandths). */
static const struct {
    int32_t rest, spread, wander;
} habits[WARD_VITALS] = {
    [WARD_hr] = {74000, 12000, 1500},
    [WARD_spo2] = {97200, 1200, 350},
    [WARD_resp] = {15000, 2500, 700},
    [WARD_temp] = {36800, 350, 40},
    [WARD_nibp_sys] = {122000, 14000, 4000},
    [WARD_nibp_dia] = {74000, 8000, 3000},
    [WARD_nibp_mean] = {0, 0, 0},
    [WARD_pulse] = {0, 0, 600},
    [WARD_perfusion] = {3200, 1500, 300},
    [WARD_glucose] = {5900, 900, 300},
};

const struct ward_event *ward_event_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        if (strcmp(events[i].name, name) == 0) {
            return &events[i];
        }
    }
    return NULL;
}

/* xorshift32; uniform in -span..span. */
static int32_t patient_random(struct ward_patient *p, int32_t span)
{
    p->random ^= p->random << 13;
    p->random ^= p->random >> 17;
    p->random ^= p->random << 5;
    return (int32_t)(p->random % (2U * (uint32_t)span + 1U)) - span;
}

/* What the events make of a vital: its target and how fast it goes there. True when it has no value. */
static bool patient_target(const struct ward_patient *p, enum ward_vital vital, int32_t *target, int32_t *rate)
{
    bool absent = false;
    *target = p->base[vital];
    *rate = DEFAULT_RATE;
    for (unsigned i = 0; i < p->event_count; i++) {
        for (const struct effect *e = p->events[i].event->effects; e < p->events[i].event->effects + EFFECTS_MAX; e++) {
            if (e->rate == 0 || e->vital != vital || p->time_ms < p->events[i].since_ms + e->after_ms) {
                continue;
            }
            if (e->target == WARD_ABSENT) {
                absent = true;
            } else {
                *target = e->target;
                *rate = e->rate;
            }
        }
    }
    return absent;
}

static int32_t approach(int32_t from, int32_t to, int32_t most)
{
    if (abs(to - from) <= most) {
        return to;
    }
    return from < to ? from + most : from - most;
}

static void patient_move(struct ward_patient *p)
{
    for (unsigned v = 0; v < WARD_VITALS; v++) {
        int32_t target = 0;
        int32_t rate = 0;
        (void)patient_target(p, (enum ward_vital)v, &target, &rate);
        p->level[v] = approach(p->level[v], target, rate * STEP_MS / 1000 + 1);
        const int32_t reach = habits[v].wander;
        p->wander[v] += patient_random(p, reach / 4) - p->wander[v] / 16;
        p->wander[v] = p->wander[v] > reach ? reach : p->wander[v] < -reach ? -reach : p->wander[v];
    }
    const uint32_t turns_per_min = (uint32_t)p->level[WARD_resp] / 1000U;
    p->breath += turns_per_min * (uint32_t)((1ULL << 32) * STEP_MS / 60000);
}

/* A pulse is needed to measure a pressure: without one all three are absent. */
static void cuff_measure(struct ward_patient *p)
{
    const bool pulse = p->level[WARD_hr] > 0;
    const int32_t sys = p->level[WARD_nibp_sys] + p->wander[WARD_nibp_sys];
    const int32_t dia = p->level[WARD_nibp_dia] + p->wander[WARD_nibp_dia];
    p->measured[WARD_nibp_sys] = pulse ? sys : WARD_ABSENT;
    p->measured[WARD_nibp_dia] = pulse ? dia : WARD_ABSENT;
    p->measured[WARD_nibp_mean] = pulse ? dia + (sys - dia) / 3 : WARD_ABSENT;
    p->cuff_counter++;
}

static void patient_measure(struct ward_patient *p)
{
    if (p->time_ms >= p->cuff_next_ms) {
        cuff_measure(p);
        p->cuff_next_ms += p->cuff_period_ms;
    }
    p->cuff_busy = p->time_ms >= p->cuff_next_ms - CUFF_TAKES_MS;
    if (p->time_ms >= p->glucose_next_ms) {
        p->measured[WARD_glucose] = p->level[WARD_glucose] + p->wander[WARD_glucose];
        p->glucose_counter++;
        p->glucose_next_ms += GLUCOSE_PERIOD_MS;
    }
}

static void patient_end_events(struct ward_patient *p)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < p->event_count; i++) {
        if (p->time_ms < p->events[i].until_ms) {
            p->events[kept++] = p->events[i];
        }
    }
    p->event_count = kept;
}

void ward_patient_init(struct ward_patient *patient, uint32_t seed, int64_t cuff_period_ms)
{
    assert(cuff_period_ms >= 2 * CUFF_TAKES_MS);
    memset(patient, 0, sizeof *patient);
    patient->random = seed * 2654435761U | 1U;
    for (unsigned v = 0; v < WARD_VITALS; v++) {
        patient->base[v] = habits[v].rest + patient_random(patient, habits[v].spread);
        patient->level[v] = patient->base[v];
    }
    patient->cuff_period_ms = cuff_period_ms;
    patient->cuff_next_ms = CUFF_TAKES_MS + 1000 * (20 + patient_random(patient, 20));
    patient->glucose_next_ms = 1000 * (60 + patient_random(patient, 40));
    patient->measured[WARD_glucose] = patient->base[WARD_glucose];
    patient->glucose_counter = 1;
    cuff_measure(patient);
}

void ward_patient_begin(struct ward_patient *patient, const struct ward_event *event, int64_t until_ms)
{
    if (event->ends_all) {
        patient->event_count = 0;
        return;
    }
    if (patient->event_count == WARD_PATIENT_EVENTS_MAX) { /* the oldest gives way */
        memmove(patient->events, patient->events + 1, sizeof patient->events - sizeof patient->events[0]);
        patient->event_count--;
    }
    patient->events[patient->event_count].event = event;
    patient->events[patient->event_count].since_ms = patient->time_ms;
    patient->events[patient->event_count].until_ms = until_ms;
    patient->event_count++;
    if (event->cuff_now) {
        patient->cuff_next_ms = patient->time_ms + CUFF_TAKES_MS;
    }
}

void ward_patient_advance(struct ward_patient *patient, int64_t now_ms)
{
    while (patient->time_ms + STEP_MS <= now_ms) {
        patient->time_ms += STEP_MS;
        patient_end_events(patient);
        patient_move(patient);
        patient_measure(patient);
    }
}

/* The heart speeds up with the breath in and slows with the breath out: a triangle of 1.5 beats. */
static int32_t breath_sway(const struct ward_patient *p)
{
    const int32_t phase = (int32_t)(p->breath >> 16); /* 0..65535 */
    return (abs(phase - 32768) - 16384) * 1500 / 16384;
}

static int32_t patient_shown(const struct ward_patient *p, enum ward_vital vital)
{
    int32_t target = 0;
    int32_t rate = 0;
    if (patient_target(p, vital, &target, &rate)) {
        return WARD_ABSENT;
    }
    const int32_t level = vital == WARD_pulse ? p->level[WARD_hr] : p->level[vital];
    if (level == 0) {
        return 0; /* a heart or a breath that stands still does not wander */
    }
    const bool heart = vital == WARD_hr || vital == WARD_pulse;
    const int32_t value = level + p->wander[vital] + (heart ? breath_sway(p) : 0);
    return value < 0 ? 0 : vital == WARD_spo2 && value > 100000 ? 100000 : value;
}

static bool patient_has_bit(const struct ward_patient *p, enum ward_bit bit)
{
    for (unsigned i = 0; i < p->event_count; i++) {
        const struct ward_event *event = p->events[i].event;
        if (event->bit == bit && p->time_ms >= p->events[i].since_ms + event->bit_after_ms) {
            return true;
        }
    }
    return bit == WARD_BIT_cuff_busy && p->cuff_busy;
}

void ward_patient_write(const struct ward_patient *patient, struct ward_bank *bank)
{
    for (unsigned v = 0; v < WARD_VITALS; v++) {
        const enum ward_vital vital = (enum ward_vital)v;
        const bool episodic = ward_vital_is_cuff(vital) || vital == WARD_glucose;
        ward_bank_put(bank, vital, episodic ? patient->measured[v] : patient_shown(patient, vital));
    }
    for (unsigned b = 0; b < WARD_BITS; b++) {
        ward_bank_put_bit(bank, (enum ward_bit)b, patient_has_bit(patient, (enum ward_bit)b));
    }
    bank->holding[WARD_CUFF_COUNTER] = patient->cuff_counter;
    bank->input[WARD_GLUCOSE_COUNTER] = patient->glucose_counter;
}
