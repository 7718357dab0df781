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
#define WARD_PLACE_MAX  64

enum ward_fault_kind {
    WARD_FAULT_CRC,
    WARD_FAULT_TRUNCATE,  /* value: bytes left */
    WARD_FAULT_LATE,      /* value: nanoseconds */
    WARD_FAULT_DRIBBLE,   /* value: nanoseconds between bytes */
    WARD_FAULT_EXCEPTION, /* value: the code */
    WARD_FAULT_MISSING,   /* value: the register, of any table; answers to requests for it are exception 02 */
    WARD_FAULT_WRONG_UNIT,
    WARD_FAULT_WRONG_LENGTH,
    WARD_FAULT_WRONG_NUMBER, /* over TCP: the number of another transaction */
    WARD_FAULT_DUPLICATE,    /* of a message, from here on */
    WARD_FAULT_ENCODING,     /* an unknown character set */
    WARD_FAULT_TEST,         /* marked as a test */
    WARD_FAULT_HALF,         /* cut in the middle, then the connection closed */
    WARD_FAULT_LOSE_ALARM,   /* of an alarm, never sent */
    WARD_FAULTS
};

struct ward_fault {
    int64_t left; /* answers, frames or messages still to spoil; WARD_UNTIL_TOLD: all */
    int64_t value;
};

/* What a test says a vital is, instead of its source. */
struct ward_override {
    bool set;
    int32_t milli;
};

struct ward_monitor_counts {
    uint64_t requests, answered, exceptions, writes_refused, ignored;
    uint64_t told; /* frames or messages of a monitor that talks unasked */
};

struct ward_link;

struct ward_monitor {
    char name[WARD_NAME_MAX];
    struct ward_link *link;
    uint8_t unit;               /* 0: it is not asked by number */
    char place[WARD_PLACE_MAX]; /* behind a central station: POC^ROOM^BED */
    bool recorded;              /* plays `recording`, else `patient` is generated */
    bool mapped;                /* or serves the registers of `map`, which stand still */
    bool counting;              /* or shows in every answer other values than in the one before */
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
    uint32_t shown; /* times that its registers were made, for `counting` */
    struct ward_bank bank;
};

/* A request to this monitor. False when it stays silent. */
bool ward_monitor_answer(struct ward_monitor *monitor, int64_t now_ns, const uint8_t *pdu, size_t length,
                         struct ward_reply *out);

/* Holding registers of a monitor that counts: 0..10 move by one from answer to answer, up and down between the two; 11
 * reads the one and the other by turns. */
#define WARD_COUNTING_LOW       300
#define WARD_COUNTING_HIGH      800
#define WARD_COUNTING_REGISTERS 11

/* The registers as of now, for a monitor that shows them in another way. */
void ward_monitor_show(struct ward_monitor *monitor, int64_t now_ns);

/* True when the fault spoils what is sent now; counts it. */
bool ward_monitor_spoils(struct ward_monitor *monitor, enum ward_fault_kind kind);

/* The patient reaches now_ns; to be called before an event begins. */
void ward_monitor_advance(struct ward_monitor *monitor, int64_t now_ns);

/* Ends silence and every fault of its answers. */
void ward_monitor_heal(struct ward_monitor *monitor);

#endif
