/*
 * ward_registers.h: the registers every simulated monitor serves: config/profiles/generic-vitals.yaml seen from the
 * other side. Holding 0..11 (vitals, cuff counter, status bits) and 90..93 (identity), input 7..8 (glucose) and 20 (its
 * counter); what else lies in 0..99 reads 0, behind it is nothing. A glucose without a value is no number (NaN).
 *
 * Values are thousandths of the profile's unit. Pure.
 */
#ifndef WARD_REGISTERS_H
#define WARD_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

#define WARD_REGISTERS 100
#define WARD_ABSENT    INT32_MIN /* a vital without a value */

#define WARD_CUFF_COUNTER      9
#define WARD_GLUCOSE_COUNTER   20 /* input table */
#define WARD_IDENTITY_LENGTH   8  /* characters in 90..93, two a register */
#define WARD_IDENTITY_REGISTER 90
#define WARD_SENSOR_BITS       10
#define WARD_ALARM_BITS        11

/*     name       register  thousandths of a step  absent  */
#define WARD_VITAL_LIST(X)        \
    X(hr, 0, 1000, 0xFFFF)        \
    X(spo2, 1, 1000, 0xFFFF)      \
    X(resp, 2, 1000, 0xFFFF)      \
    X(temp, 3, 100, 0x7FFF)       \
    X(nibp_sys, 4, 1000, 0xFFFF)  \
    X(nibp_dia, 5, 1000, 0xFFFF)  \
    X(nibp_mean, 6, 1000, 0xFFFF) \
    X(pulse, 7, 1000, 0xFFFF)     \
    X(perfusion, 8, 10, 0xFFFF)   \
    X(glucose, 7, 1, 0)

enum ward_vital {
#define WARD_VITAL_ENUM(name, at, step, absent) WARD_##name,
    WARD_VITAL_LIST(WARD_VITAL_ENUM)
#undef WARD_VITAL_ENUM
        WARD_VITALS
};

/*     name           register          bit */
#define WARD_BIT_LIST(X)                  \
    X(probe_off, WARD_SENSOR_BITS, 0)     \
    X(leads_off, WARD_SENSOR_BITS, 1)     \
    X(cuff_busy, WARD_SENSOR_BITS, 2)     \
    X(standby, WARD_SENSOR_BITS, 3)       \
    X(demo, WARD_SENSOR_BITS, 4)          \
    X(alarms_paused, WARD_SENSOR_BITS, 5) \
    X(asystole, WARD_ALARM_BITS, 0)       \
    X(vtach, WARD_ALARM_BITS, 3)          \
    X(apnoea, WARD_ALARM_BITS, 4)         \
    X(limit, WARD_ALARM_BITS, 8)          \
    X(battery_low, WARD_ALARM_BITS, 12)

enum ward_bit {
#define WARD_BIT_ENUM(name, at, bit) WARD_BIT_##name,
    WARD_BIT_LIST(WARD_BIT_ENUM)
#undef WARD_BIT_ENUM
        WARD_BITS
};

/* In the order of the functions 01 to 04 that read them. */
enum ward_table { WARD_COILS, WARD_DISCRETE, WARD_HOLDING, WARD_INPUT };

/* Registers to read from; the first member of whatever serves them. */
struct ward_source {
    /* False when there is no such register. */
    bool (*read)(const struct ward_source *source, enum ward_table table, uint32_t number, uint16_t *out);
};

struct ward_bank {
    struct ward_source source;
    uint16_t holding[WARD_REGISTERS];
    uint16_t input[WARD_REGISTERS];
};

/* WARD_VITALS, WARD_BITS when there is none of that name. */
enum ward_vital ward_vital_by_name(const char *name);
enum ward_bit ward_bit_by_name(const char *name);

/* True for the vitals whose measurements the cuff counter counts. */
bool ward_vital_is_cuff(enum ward_vital vital);

/* True when the vital's register can hold the value. */
bool ward_vital_fits(enum ward_vital vital, int32_t milli);

/* `milli` may be WARD_ABSENT; a value that the register cannot hold is our bug. */
void ward_bank_put(struct ward_bank *bank, enum ward_vital vital, int32_t milli);
void ward_bank_put_bit(struct ward_bank *bank, enum ward_bit bit, bool on);

/* What a vital's register shows, WARD_ABSENT for its absent code; for monitors that have no registers. */
int32_t ward_bank_get(const struct ward_bank *bank, enum ward_vital vital);
bool ward_bank_has_bit(const struct ward_bank *bank, enum ward_bit bit);

/* All registers 0; bits (01, 02) always are. */
void ward_bank_clear(struct ward_bank *bank);

/* The first 8 characters; a shorter text is filled with zeros. */
void ward_bank_put_identity(struct ward_bank *bank, const char *identity);

#endif
