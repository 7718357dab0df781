/*
 * vital.h: the closed list of vital signs and room values, one line an entry; code, documents and tests grow from it.
 *
 * Names as in the MQTT payloads; MDC codes are IEEE 11073-10101 (CF_CODE10 = partition * 65536 + term); units are UCUM;
 * LOINC codes only where one was verified (0-length otherwise). Values are int32 thousandths of the unit.
 * A continuous vital is observed at every poll; an episodic one once per measurement (a cuff, a thermometer).
 * Thread: any; constant data.
 */
#ifndef WARDGATE_VITAL_H
#define WARDGATE_VITAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VITAL_MINUTE_MS 60000

/*  name, title, unit, MDC, LOINC, kind, stale time, places */
#define VITAL_LIST(X)                                                                             \
    X(hr, "Heart rate (ECG)", "/min", 147842, "8867-4", CONTINUOUS, 10000, 0)                     \
    X(pulse, "Pulse rate", "/min", 149530, "8889-8", CONTINUOUS, 10000, 0)                        \
    X(spo2, "Oxygen saturation (pulse)", "%", 150456, "59408-5", CONTINUOUS, 10000, 0)            \
    X(perfusion, "Perfusion index", "%", 150488, "61006-3", CONTINUOUS, 10000, 1)                 \
    X(resp, "Respiration rate", "/min", 151562, "9279-1", CONTINUOUS, 10000, 0)                   \
    X(nibp_sys, "Cuff pressure, systolic", "mm[Hg]", 150021, "8480-6", EPISODIC, 75 * 60000, 0)   \
    X(nibp_dia, "Cuff pressure, diastolic", "mm[Hg]", 150022, "8462-4", EPISODIC, 75 * 60000, 0)  \
    X(nibp_mean, "Cuff pressure, mean", "mm[Hg]", 150023, "8478-0", EPISODIC, 75 * 60000, 0)      \
    X(abp_sys, "Arterial pressure, systolic", "mm[Hg]", 150037, "76215-3", CONTINUOUS, 10000, 0)  \
    X(abp_dia, "Arterial pressure, diastolic", "mm[Hg]", 150038, "76213-8", CONTINUOUS, 10000, 0) \
    X(abp_mean, "Arterial pressure, mean", "mm[Hg]", 150039, "76214-6", CONTINUOUS, 10000, 0)     \
    X(cvp, "Central venous pressure, mean", "mm[Hg]", 150087, "60985-9", CONTINUOUS, 10000, 0)    \
    X(icp, "Intracranial pressure, mean", "mm[Hg]", 153611, "60956-0", CONTINUOUS, 10000, 0)      \
    X(temp, "Temperature", "Cel", 150344, "8310-5", CONTINUOUS, 10000, 1)                         \
    X(temp_core, "Core temperature", "Cel", 150368, "8329-5", CONTINUOUS, 10000, 1)               \
    X(temp_skin, "Skin temperature", "Cel", 150388, "39106-0", CONTINUOUS, 10000, 1)              \
    X(etco2, "End-tidal carbon dioxide", "mm[Hg]", 151728, "19891-1", CONTINUOUS, 10000, 0)       \
    X(fio2, "Inspired oxygen", "%", 152196, "3150-0", CONTINUOUS, 10000, 0)                       \
    X(glucose, "Glucose", "mmol/L", 160020, "15074-8", EPISODIC, 360 * 60000, 1)                  \
    X(st_ii, "ST deviation, lead II", "mm", 131842, "", CONTINUOUS, 10000, 1)                     \
    X(pvc_rate, "Premature ventricular beats", "/min", 148066, "", CONTINUOUS, 10000, 0)          \
    X(room_pressure, "Room pressure difference", "Pa", 0, "", CONTINUOUS, 10000, 1)               \
    X(room_temp, "Room temperature", "Cel", 0, "", CONTINUOUS, 10000, 1)                          \
    X(humidity, "Relative humidity", "%", 0, "", CONTINUOUS, 10000, 0)                            \
    X(insulation, "Insulation resistance", "kOhm", 0, "", CONTINUOUS, 10000, 0)                   \
    X(gas_pressure, "Medical gas pressure", "kPa", 0, "", CONTINUOUS, 10000, 0)                   \
    X(consciousness, "Consciousness (ACVPU)", "1", 0, "", EPISODIC, 12 * 3600000, 0)              \
    X(oxygen_flow, "Oxygen flow (0: air)", "L/min", 0, "", EPISODIC, 12 * 3600000, 1)             \
    X(cap_refill, "Capillary refill time", "s", 0, "", EPISODIC, 6 * 3600000, 1)                  \
    X(effort, "Respiratory effort", "1", 0, "", EPISODIC, 6 * 3600000, 0)                         \
    X(wbc, "White cell count", "10*9/L", 0, "", EPISODIC, 24 * 3600000, 1)                        \
    X(oxygen_device, "Oxygen device", "1", 0, "", EPISODIC, 12 * 3600000, 0)

enum vital {
#define VITAL_ENUM(name, title, unit, mdc, loinc, kind, stale, places) VITAL_##name,
    VITAL_LIST(VITAL_ENUM)
#undef VITAL_ENUM
        VITAL_COUNT
};
#define VITAL_NONE VITAL_COUNT

enum vital_kind { VITAL_CONTINUOUS, VITAL_EPISODIC };

/* Ages of the classes: adult from 18 years, adolescent from 13, child from 5, toddler from 1, infant from 3 months,
 * neonate below (the bands of Bedside PEWS, Parshuram 2009). */
#define PATIENT_CLASS_LIST(X) X(adult) X(adolescent) X(child) X(toddler) X(infant) X(neonate)

enum patient_class {
#define PATIENT_CLASS_ENUM(name) CLASS_##name,
    PATIENT_CLASS_LIST(PATIENT_CLASS_ENUM)
#undef PATIENT_CLASS_ENUM
        CLASS_COUNT
};

struct vital_info {
    const char *name;
    const char *title;
    const char *unit; /* UCUM */
    const char *loinc;
    uint32_t mdc; /* 0: none verified */
    enum vital_kind kind;
    uint32_t stale_ms; /* continuous: at most 10 s without a valid value; episodic: how long a measurement counts */
    uint8_t places;    /* decimal places a screen shows */
};

/* What can be believed of a vital in a class of patients: outside it a value is implausible (thousandths). */
struct vital_range {
    int32_t low_milli, high_milli;
    uint32_t rate_milli_per_s; /* largest believable change (belief.h); 0: any */
};

const struct vital_info *vital_info(enum vital vital);
struct vital_range vital_range(enum vital vital, enum patient_class patient_class);

/* VITAL_NONE and CLASS_COUNT when the name is not on the list. */
enum vital vital_by_name(const char *name, size_t length);
enum patient_class patient_class_by_name(const char *name);
const char *patient_class_name(enum patient_class patient_class);

/*
 * Converts a value in a unit (UCUM or a common spelling) to the vital's canonical unit:
 * canonical = (value + offset) * multiplier / divisor, exact, then rounded to thousandths half away from zero.
 */
struct unit_conversion {
    int64_t multiplier, divisor; /* positive */
    int64_t offset_milli;        /* thousandths of the foreign unit */
};

/* False when the unit cannot measure this vital. */
bool unit_find(enum vital vital, const char *unit, struct unit_conversion *out);

/* value_micro is in millionths of the foreign unit. False when the result does not fit int32 thousandths. */
bool unit_convert(const struct unit_conversion *conversion, int64_t value_micro, int32_t *out_milli);

/* The units a vital can be given in, for an error message; comma-separated, into the caller's text. */
void unit_names(enum vital vital, char *text, size_t size);

#endif
