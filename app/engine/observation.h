/*
 * observation.h: one value of one channel at one instant, with its quality: what drivers give and the engine takes.
 *
 * Time is engine time: milliseconds that run like CLOCK_BOOTTIME and never step, anchored to the wall clock at start
 * (so they look like Unix time). In a replay it is the time of the recording. Signed, because a replay may begin at 0.
 * Values are int32 thousandths of the vital's one canonical unit (vital.h).
 * Plain data, 24 bytes: copied through rings, owned by nobody.
 */
#ifndef WARDGATE_OBSERVATION_H
#define WARDGATE_OBSERVATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/vital.h"

/* Why a value is not valid; the second column is the word in the `invalid` object of a vitals payload. */
#define QUALITY_LIST(X)           \
    X(VALID, "valid")             \
    X(NEVER, "never")             \
    X(ABSENT, "absent")           \
    X(SENSOR_OFF, "sensor_off")   \
    X(IMPLAUSIBLE, "implausible") \
    X(RATE, "rate")               \
    X(SPIKE, "spike")             \
    X(FROZEN, "frozen")           \
    X(STALE, "stale")             \
    X(NO_ANSWER, "no_answer")     \
    X(IDENTITY, "identity")       \
    X(DEMO, "demo")               \
    X(STANDBY, "standby")         \
    X(LATE, "late") /* beyond the bound within which observations are put in order; it says nothing of now */

enum quality {
#define QUALITY_ENUM(name, word) QUALITY_##name,
    QUALITY_LIST(QUALITY_ENUM)
#undef QUALITY_ENUM
        QUALITY_COUNT
};

enum observation_kind {
    OBSERVATION_VALUE,    /* `vital` has `value_milli` under `quality` */
    OBSERVATION_HEARD,    /* the monitor answered a whole poll or spoke: it is alive, whatever its values */
    OBSERVATION_SIGNAL,   /* the monitor's signal number `signal` (a bit of its profile) is on (1) or off (0) */
    OBSERVATION_LOST,     /* observations of this monitor were dropped by a full ring: its channels have a hole */
    OBSERVATION_IDENTITY, /* the monitor says who it is: `value_milli` is identity_hash of its serial number or id */
    OBSERVATION_REFUSED,  /* the monitor has no register for `vital`, it says (1), or has one after all (0) */
    OBSERVATION_OUTDATED /* the monitor spoke, but nothing that it said is current, by its clock and ours; until HEARD */
};

enum {
    OBSERVATION_AGE_UNKNOWN = 1, /* flag: an episodic value found in a register, measured at an unknown instant */
    OBSERVATION_ENTERED = 2      /* flag: by a person, in a run before; only while that is restored */
};

struct observation {
    int64_t at_ms;
    int32_t value_milli;
    uint16_t bed;    /* index of the bed in the configuration */
    uint8_t monitor; /* index of the monitor at its bed; the first that gives a vital wins */
    uint8_t kind;    /* enum observation_kind */
    uint8_t vital;   /* enum vital */
    uint8_t quality; /* enum quality */
    uint8_t signal;  /* OBSERVATION_SIGNAL: index into the monitor's list of signals */
    uint8_t flags;
};

_Static_assert(sizeof(struct observation) == 24, "observations are copied by the million: keep them small");

/* The word of a quality as payloads show it; never NULL. */
const char *quality_word(enum quality quality);

/* An identity as 32 bits (FNV-1a): enough to tell one monitor from another. Never 0, which stands for none. */
int32_t identity_hash(const void *bytes, size_t length);

#define MONITOR_ALARM_NAME_MAX 40
#define MONITOR_ALARM_TEXT_MAX 96

enum monitor_alarm_phase {
    MONITOR_ALARM_PRESENT, /* it began, changed, or is said to be there still */
    MONITOR_ALARM_ENDED
};

/* An alarm of the monitor itself, as its protocol names it (IHE PCD-04). Plain data, copied through rings. */
struct monitor_alarm {
    int64_t at_ms; /* as an observation's */
    uint16_t bed;
    uint8_t monitor;
    uint8_t phase;                     /* enum monitor_alarm_phase */
    uint8_t priority;                  /* enum priority (rule.h): the monitor's */
    uint8_t kind;                      /* enum alarm_kind (alert.h) */
    uint8_t vital;                     /* enum vital that it is about, or VITAL_NONE */
    uint8_t inactivation;              /* enum alarm_inactivation (alert.h): at the monitor */
    bool is_repeated;                  /* said again at intervals while present: silence then means that nobody knows */
    char name[MONITOR_ALARM_NAME_MAX]; /* lower case, digits and underscores: "lead_off"; what tells it from others */
    char text[MONITOR_ALARM_TEXT_MAX]; /* the monitor's words, UTF-8; no patient data */
};

/* Where a driver puts what it decodes. */
struct observation_sink {
    void (*put)(struct observation_sink *sink, const struct observation *observation);
    void (*put_alarm)(struct observation_sink *sink, const struct monitor_alarm *alarm);
};

#endif
