#include "tests/ward/ward_registers.h"

#include <assert.h>
#include <string.h>

#define NO_GLUCOSE 0x7FC00000U /* not a number */

_Static_assert(sizeof(float) == sizeof(uint32_t), "glucose goes out as an IEEE 754 single");

struct vital_register {
    const char *name;
    uint16_t at, step_milli, absent;
};

static const struct vital_register vitals[WARD_VITALS] = {
#define WARD_VITAL_ROW(name, at, step, absent) {#name, at, step, absent},
    WARD_VITAL_LIST(WARD_VITAL_ROW)
#undef WARD_VITAL_ROW
};

static const struct {
    const char *name;
    uint16_t at, bit;
} bits[WARD_BITS] = {
#define WARD_BIT_ROW(name, at, bit) {#name, at, bit},
    WARD_BIT_LIST(WARD_BIT_ROW)
#undef WARD_BIT_ROW
};

enum ward_vital ward_vital_by_name(const char *name)
{
    unsigned i = 0;
    while (i < WARD_VITALS && strcmp(vitals[i].name, name) != 0) {
        i++;
    }
    return (enum ward_vital)i;
}

enum ward_bit ward_bit_by_name(const char *name)
{
    unsigned i = 0;
    while (i < WARD_BITS && strcmp(bits[i].name, name) != 0) {
        i++;
    }
    return (enum ward_bit)i;
}

bool ward_vital_is_cuff(enum ward_vital vital)
{
    return vital == WARD_nibp_sys || vital == WARD_nibp_dia || vital == WARD_nibp_mean;
}

/* Steps, rounded half away from zero. */
static int32_t vital_steps(enum ward_vital vital, int32_t milli)
{
    const int32_t step = vitals[vital].step_milli;
    return (milli + (milli < 0 ? -step : step) / 2) / step;
}

bool ward_vital_fits(enum ward_vital vital, int32_t milli)
{
    if (milli > 100000000 || milli < -100000000) {
        return false;
    }
    if (vital == WARD_glucose) {
        return milli >= 0;
    }
    const int32_t steps = vital_steps(vital, milli);
    return vital == WARD_temp ? steps >= INT16_MIN && steps < INT16_MAX : steps >= 0 && steps < UINT16_MAX;
}

/* Single precision, low word first ("cdab"). */
static void put_glucose(struct ward_bank *bank, int32_t milli)
{
    const float value = (float)milli / 1000.0F;
    uint32_t raw = NO_GLUCOSE;
    if (milli != WARD_ABSENT) {
        memcpy(&raw, &value, sizeof raw);
    }
    bank->input[vitals[WARD_glucose].at] = (uint16_t)raw;
    bank->input[vitals[WARD_glucose].at + 1] = (uint16_t)(raw >> 16);
}

void ward_bank_put(struct ward_bank *bank, enum ward_vital vital, int32_t milli)
{
    assert(milli == WARD_ABSENT || ward_vital_fits(vital, milli));
    if (vital == WARD_glucose) {
        put_glucose(bank, milli);
        return;
    }
    bank->holding[vitals[vital].at] = milli == WARD_ABSENT ? vitals[vital].absent : (uint16_t)vital_steps(vital, milli);
}

void ward_bank_put_bit(struct ward_bank *bank, enum ward_bit bit, bool on)
{
    const uint16_t mask = (uint16_t)(1U << bits[bit].bit);
    uint16_t *word = &bank->holding[bits[bit].at];
    *word = (uint16_t)(on ? *word | mask : *word & ~mask);
}

static int32_t get_glucose(const struct ward_bank *bank)
{
    const unsigned at = vitals[WARD_glucose].at;
    const uint32_t raw = (uint32_t)bank->input[at + 1] << 16 | bank->input[at];
    float value = 0.0F;
    memcpy(&value, &raw, sizeof value);
    return raw == NO_GLUCOSE ? WARD_ABSENT : (int32_t)(value * 1000.0F + 0.5F);
}

int32_t ward_bank_get(const struct ward_bank *bank, enum ward_vital vital)
{
    if (vital == WARD_glucose) {
        return get_glucose(bank);
    }
    const uint16_t raw = bank->holding[vitals[vital].at];
    const int32_t steps = vital == WARD_temp ? (int16_t)raw : raw;
    return raw == vitals[vital].absent ? WARD_ABSENT : steps * vitals[vital].step_milli;
}

bool ward_bank_has_bit(const struct ward_bank *bank, enum ward_bit bit)
{
    return (bank->holding[bits[bit].at] >> bits[bit].bit & 1) != 0;
}

void ward_bank_put_identity(struct ward_bank *bank, const char *identity)
{
    char text[WARD_IDENTITY_LENGTH] = {0};
    memcpy(text, identity, strnlen(identity, sizeof text));
    for (unsigned i = 0; i < WARD_IDENTITY_LENGTH / 2; i++) {
        bank->holding[WARD_IDENTITY_REGISTER + i] = (uint16_t)((uint8_t)text[2 * i] << 8 | (uint8_t)text[2 * i + 1]);
    }
}

static bool bank_read(const struct ward_source *source, enum ward_table table, uint32_t number, uint16_t *out)
{
    const struct ward_bank *bank = (const struct ward_bank *)source; /* its first member */
    if (number >= WARD_REGISTERS) {
        return false;
    }
    *out = table == WARD_HOLDING ? bank->holding[number] : table == WARD_INPUT ? bank->input[number] : 0;
    return true;
}

void ward_bank_clear(struct ward_bank *bank)
{
    *bank = (struct ward_bank){.source = {bank_read}};
}
