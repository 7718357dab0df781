/*
 * profile.h: the register map of one monitor model, as plain data.
 *
 * Read from config/profiles/NAME.yaml by app/settings, used by the Modbus driver; constant while the gateway runs. The serial and HL7 drivers
 * bring theirs as constants: of their channels only vital, period, episodic and how they are judged (stale_after_ms, frozen_after_ms, median)
 * count, of their bits name, meaning, vitals and text. Registers are numbered
 * from 0 as on the wire. A raw value v becomes v * scale_micro + offset_micro millionths of the profile's unit, then is converted
 * to the vital's canonical unit.
 */
#ifndef WARDGATE_PROFILE_H
#define WARDGATE_PROFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "app/engine/vital.h"

#define PROFILE_NAME_MAX               32
#define PROFILE_ABSENT_MAX             8
#define PROFILE_CHANNELS_MAX           VITAL_COUNT
#define PROFILE_BITS_MAX               32
#define PROFILE_IDENTITY_REGISTERS_MAX 16

enum register_table { TABLE_HOLDING, TABLE_INPUT, TABLE_COIL, TABLE_DISCRETE };
enum register_type { TYPE_U16, TYPE_S16, TYPE_U32, TYPE_S32, TYPE_F32 };

/* How the bytes A (most significant) to D of a 32-bit value stand in its two registers. */
enum word_order { WORDS_ABCD, WORDS_CDAB, WORDS_BADC, WORDS_DCBA };

struct profile_channel {
    enum vital vital;
    enum register_table table;
    uint16_t reg;
    enum register_type type;
    enum word_order words;
    int64_t scale_micro; /* 1000000: as it is; at most 1000 in absolute value */
    int64_t offset_micro;
    struct unit_conversion unit;
    uint32_t absent[PROFILE_ABSENT_MAX]; /* raw codes (as read, 16 or 32 bits) that mean "no value" */
    uint8_t absent_count;
    bool has_range;
    int32_t low_milli, high_milli; /* canonical; beside the class's plausible range, where this one is narrower */
    uint32_t poll_interval_ms;
    bool episodic;
    bool has_changed_by; /* a counter, timestamp or status register in the same table tells a new measurement */
    uint16_t changed_by;
    uint32_t stale_after_ms;  /* how long a value is current; 0: as the vital has it */
    uint32_t frozen_after_ms; /* the very same number for so long is not believed; 0: however long */
    bool median;              /* spikes are cut off */
};

struct profile_bit {
    char name[PROFILE_NAME_MAX];
    enum register_table table;
    uint16_t reg;
    uint8_t bit;     /* 0..15; 0 for coils and discrete inputs */
    uint8_t means;   /* enum signal_meaning (app/engine/signal.h) */
    uint32_t vitals; /* bit per enum vital; 0: the whole monitor */
    char text[96];
};

/* What a profile is spoken over. Profiles in files are all Modbus; the others come with their driver. */
enum profile_protocol { PROTOCOL_MODBUS, PROTOCOL_SERIAL, PROTOCOL_HL7 };

struct profile {
    char name[PROFILE_NAME_MAX];
    enum profile_protocol protocol;
    char title[96];
    uint32_t poll_interval_ms;
    uint16_t identity_register;
    uint8_t identity_count; /* 0: none */
    uint8_t channel_count, bit_count;
    const struct profile_channel *channels; /* in list order of vitals; at most PROFILE_CHANNELS_MAX */
    const struct profile_bit *bits;         /* at most PROFILE_BITS_MAX */
};

/* A profile with room of its own for as much as may be in one. */
struct profile_room {
    struct profile profile;
    struct profile_channel channels[PROFILE_CHANNELS_MAX];
    struct profile_bit bits[PROFILE_BITS_MAX];
};

static inline void profile_copy(const struct profile *from, struct profile_room *to)
{
    *to = (struct profile_room){.profile = *from};
    if (from->channel_count > 0) {
        memcpy(to->channels, from->channels, from->channel_count * sizeof to->channels[0]);
    }
    if (from->bit_count > 0) {
        memcpy(to->bits, from->bits, from->bit_count * sizeof to->bits[0]);
    }
    to->profile.channels = to->channels;
    to->profile.bits = to->bits;
}

#endif
