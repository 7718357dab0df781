#include "tests/ward/ward_nonin.h"

enum { NO_PULSE = 511, NO_SPO2 = 127, PACKET_FRAMES = 25, FIRMWARE = 48 };
enum { FRESH_MS = 1500, HELD_MS = 10000, BEAT_FRAMES = 12, WEAK_MILLI = 400, MARGINAL_MILLI = 1000 };

static bool is_off(const struct ward_bank *bank)
{
    return ward_bank_has_bit(bank, WARD_BIT_probe_off);
}

static unsigned read_value(const struct ward_bank *bank, enum ward_vital vital, unsigned most, unsigned none)
{
    const int32_t milli = ward_bank_get(bank, vital);
    if (milli == WARD_ABSENT || is_off(bank)) {
        return none;
    }
    const unsigned value = (unsigned)milli / 1000U;
    return value < most ? value : most;
}

/* A pulse of 0 is none that could be counted. */
static unsigned read_pulse(const struct ward_bank *bank)
{
    const unsigned pulse = read_value(bank, WARD_pulse, 321, NO_PULSE);
    return pulse == 0 ? NO_PULSE : pulse;
}

static unsigned read_spo2(const struct ward_bank *bank)
{
    return read_value(bank, WARD_spo2, 100, NO_SPO2);
}

/* What is made for displays. */
static void display_advance(struct ward_nonin *n, const struct ward_bank *bank, unsigned hz)
{
    n->shown_for++;
    n->off_for = is_off(bank) ? n->off_for + 1 : 0;
    const bool held = n->off_for > 0 && n->off_for * 1000U < HELD_MS * hz;
    const bool fresh = !n->begun || n->shown_for * 1000U >= FRESH_MS * hz;
    n->begun = true;
    if (!held && (fresh || n->off_for > 0)) {
        n->shown_pulse = read_pulse(bank);
        n->shown_spo2 = read_spo2(bank);
        n->shown_for = 0;
    }
}

static void wave_advance(struct ward_nonin *n, unsigned pulse)
{
    const uint32_t before = n->beat;
    n->since_beat++;
    if (pulse != NO_PULSE) {
        n->beat += (uint32_t)(((uint64_t)pulse << 32) / (60U * WARD_NONIN_FAST_HZ));
        n->since_beat = n->beat < before ? 0 : n->since_beat;
    }
}

/* 16 bits: steep up, slowly down, and flat without a pulse. */
static unsigned wave_level(const struct ward_nonin *n, unsigned pulse)
{
    const unsigned phase = n->beat >> 16;
    if (pulse == NO_PULSE) {
        return 32768;
    }
    return phase < 16384 ? 16384 + 2 * phase : 49152 - 2 * (phase - 16384) / 3;
}

/* 01 good, 10 weak, 11 marginal, told for some frames after each beat. */
static unsigned pulse_bits(const struct ward_nonin *n, const struct ward_bank *bank)
{
    const int32_t perfusion = ward_bank_get(bank, WARD_perfusion);
    if (n->pulse == NO_PULSE || n->since_beat >= BEAT_FRAMES) {
        return 0;
    }
    return perfusion < WEAK_MILLI ? 2 : perfusion < MARGINAL_MILLI ? 3 : 1;
}

static uint8_t fast_status(const struct ward_nonin *n, const struct ward_bank *bank)
{
    const bool off = is_off(bank);
    const unsigned out_of_track = !off && n->pulse == NO_PULSE ? 0x10 : 0;
    return (uint8_t)(0x80U | out_of_track | (off ? 0x08U : 0U) | pulse_bits(n, bank) << 1 | (n->frame == 0 ? 1U : 0U));
}

/* The numbered byte of a packet: a value, the upper or the lower part of one, or nothing. */
static uint8_t fast_value(const struct ward_nonin *n, const struct ward_bank *bank)
{
    const unsigned pulse = n->pulse;
    switch (n->frame + 1) {
    case 1:
    case 14:
        return (uint8_t)(pulse >> 7);
    case 2:
    case 15:
        return (uint8_t)(pulse & 0x7FU);
    case 3:
    case 10:
    case 11:
    case 16:
        return (uint8_t)n->spo2;
    case 4:
        return FIRMWARE;
    case 8:
        return ward_bank_has_bit(bank, WARD_BIT_battery_low) ? 1 : 0;
    case 9:
    case 17:
        return (uint8_t)n->shown_spo2;
    case 20:
    case 22:
        return (uint8_t)(n->shown_pulse >> 7);
    case 21:
    case 23:
        return (uint8_t)(n->shown_pulse & 0x7FU);
    default:
        return 0;
    }
}

static void fast_advance(struct ward_nonin *n, const struct ward_bank *bank)
{
    n->frame = n->begun ? (n->frame + 1) % PACKET_FRAMES : 0;
    if (n->frame == 0) {
        n->pulse = read_pulse(bank);
        n->spo2 = read_spo2(bank);
    }
    display_advance(n, bank, WARD_NONIN_FAST_HZ);
    wave_advance(n, n->pulse);
}

static size_t fast_close(uint8_t frame[WARD_NONIN_FRAME_MAX])
{
    frame[4] = (uint8_t)(frame[0] + frame[1] + frame[2] + frame[3]);
    return 5;
}

size_t ward_nonin_df2(struct ward_nonin *nonin, const struct ward_bank *bank, uint8_t frame[WARD_NONIN_FRAME_MAX])
{
    fast_advance(nonin, bank);
    frame[0] = 0x01;
    frame[1] = fast_status(nonin, bank);
    frame[2] = (uint8_t)(wave_level(nonin, nonin->pulse) >> 8);
    frame[3] = fast_value(nonin, bank);
    return fast_close(frame);
}

size_t ward_nonin_df7(struct ward_nonin *nonin, const struct ward_bank *bank, uint8_t frame[WARD_NONIN_FRAME_MAX])
{
    fast_advance(nonin, bank);
    const unsigned level = wave_level(nonin, nonin->pulse);
    frame[0] = fast_status(nonin, bank);
    frame[1] = (uint8_t)(level >> 8);
    frame[2] = (uint8_t)level;
    frame[3] = fast_value(nonin, bank);
    return fast_close(frame);
}

size_t ward_nonin_df8(struct ward_nonin *nonin, const struct ward_bank *bank, uint8_t frame[WARD_NONIN_FRAME_MAX])
{
    display_advance(nonin, bank, 1);
    const unsigned pulse = nonin->shown_pulse;
    const int32_t perfusion = ward_bank_get(bank, WARD_perfusion);
    const bool has_pulse = pulse != NO_PULSE && perfusion != WARD_ABSENT;
    const unsigned weak = has_pulse && perfusion < WEAK_MILLI ? 0x10 : 0;
    const unsigned marginal = has_pulse && weak == 0 && perfusion < MARGINAL_MILLI ? 0x08 : 0;
    const unsigned out_of_track = pulse == NO_PULSE && !is_off(bank) ? 0x20 : 0;
    frame[0] = (uint8_t)(0x80U | out_of_track | weak | marginal | pulse >> 7);
    frame[1] = (uint8_t)(pulse & 0x7FU);
    frame[2] = (uint8_t)nonin->shown_spo2;
    frame[3] = (uint8_t)((is_off(bank) ? 0x08U : 0U) | (ward_bank_has_bit(bank, WARD_BIT_battery_low) ? 0x01U : 0U));
    return 4;
}
