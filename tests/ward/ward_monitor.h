/*
 * ward_monitor.h: one simulated monitor: whose vitals it shows, what is wrong with it, what it was asked.
 *
 * Pure but for the recording's rows. Times are nanoseconds since the ward's start and do not fall.
 */
#ifndef WARD_MONITOR_H
#define WARD_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/ward/ward_frame.h"
#include "tests/ward/ward_map.h"
#include "tests/ward/ward_patient.h"
#include "tests/ward/ward_recording.h"
#include "tests/ward/ward_text.h"

#define WARD_UNTIL_TOLD (-1)

enum ward_fault_kind {
    WARD_FAULT_CRC,
    WARD_FAULT_TRUNCATE,  /* value: bytes left */
    WARD_FAULT_LATE,      /* value: nanoseconds */
    WARD_FAULT_DRIBBLE,   /* value: nanoseconds between bytes */
    WARD_FAULT_EXCEPTION, /* value: the code */
    WARD_FAULT_WRONG_UNIT,
    WARD_FAULT_WRONG_LENGTH,
    WARD_FAULTS
};

struct ward_fault {
    int64_t left; /* answers still to spoil; WARD_UNTIL_TOLD: all */
    int64_t value;
};

/* What a test says a vital is, instead of its source. */
struct ward_override {
    bool set;
    int32_t milli;
};

struct ward_monitor_counts {
    uint64_t requests, answered, exceptions, writes_refused, ignored;
};

struct ward_link;

struct ward_monitor {
    char name[WARD_NAME_MAX];
    struct ward_link *link;
    uint8_t unit;
    bool recorded; /* plays `recording`, else `patient` is generated */
    bool mapped;   /* or serves the registers of `map`, which stand still */
    struct ward_patient patient;
    struct ward_recording recording;
    struct ward_map map;
    struct ward_override overrides[WARD_VITALS];
    bool bits[WARD_BITS]; /* on, whatever the source says */
    uint16_t cuff_bumps, glucose_bumps;
    char identity[WARD_IDENTITY_LENGTH + 1];
    struct ward_fault faults[WARD_FAULTS];
    int64_t silent_until_ns;
    struct ward_monitor_counts counts;
    struct ward_bank bank;
};

/* A request to this monitor. False when it stays silent. */
bool ward_monitor_answer(struct ward_monitor *monitor, int64_t now_ns, const uint8_t *pdu, size_t length,
                         struct ward_reply *out);

/* The patient reaches now_ns; to be called before an event begins. */
void ward_monitor_advance(struct ward_monitor *monitor, int64_t now_ns);

/* Ends silence and every fault of its answers. */
void ward_monitor_heal(struct ward_monitor *monitor);

#endif
