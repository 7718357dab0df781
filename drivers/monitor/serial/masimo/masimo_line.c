/*
 * Masimo lines of text: ASCII 1 of the Radical-7 and Rad-87, one a second, and the trend of the Rad-8, one in 2 s; 9600 8N1.
 *
 *   ASCII 1  MM/dd/yy HH:mm:ss SN=0000070986 SPO2=098% BPM=070 PI=04.69% SPCO=--.-% ... ALARM=0000 EXC=000800
 *   Rad-8    MM/dd/yy HH:mm:ss SpO2=097 PR=069 PI=04.69 EXC=800:SET
 *
 * EXC, exceptions: 001 no sensor  002 sensor defective  004 weak pulses  008 pulse search  010 interference  020 sensor
 * off  040 too much light  080 sensor unknown  400 doubtful signal  800 SET (measures as usual)
 *
 * A value is absent when it is dashes or zero: 000 is also sent with no exception at all. No value counts with 001 002
 * 020 080 (the sensor's doing: sensor off), 008 or 010 (which may as well be the patient's: absent). With 004, 040 and 400
 * values stand. ALARM is passed over: the meaning of its bits is not published. So is the date: it is the monitor's
 * own clock, and only tells where a line begins.
 *
 * There is no checksum. A line must be whole, printable, with saturation, rate and EXC once each in their form; a wrong
 * bit in a digit that passes gives one wrong value for one line. A serial number is another one when two lines in a
 * row say so; until then what those lines say is nobody's, and not used.
 *
 * Source: Rad-8 and Rad-57 operator's manuals (exceptions, trend lines); Rad-87 operator's manual (settings of the line).
 */
#include <string.h>

#include "drivers/monitor/serial/oximeter.h"
#include "drivers/monitor/serial/protocols.h"

#define ASCII1_MS 1000
#define RAD8_MS   2000

enum { LINE_MAX = 250, DIGITS_MAX = 3, EXC_DIGITS_MIN = 3, EXC_DIGITS_MAX = 8 };
enum {
    EXC_LOW_PERFUSION = 0x004,
    EXC_INTERFERENCE = 0x010,
    EXC_AMBIENT_LIGHT = 0x040,
    EXC_LOW_SIGNAL_IQ = 0x400,
    EXC_SENSOR = 0x001 | 0x002 | 0x020 | 0x080,
    EXC_FAULT = EXC_SENSOR | 0x008 | EXC_INTERFERENCE
};

enum { BIT_SENSOR_OFF, BIT_LOW_PERFUSION, BIT_LOW_SIGNAL_IQ, BIT_INTERFERENCE, BIT_AMBIENT_LIGHT, BIT_COUNT };

enum field { FIELD_SPO2, FIELD_RATE, FIELD_PI, FIELD_EXC, FIELD_SERIAL, FIELD_COUNT };
#define FIELD_BIT(field) (1U << (field))
#define FIELDS_NEEDED    (FIELD_BIT(FIELD_SPO2) | FIELD_BIT(FIELD_RATE) | FIELD_BIT(FIELD_EXC))

/* The fields' names, in upper case; NULL: it has none. */
struct layout {
    const char *keys[FIELD_COUNT];
};
static const struct layout ascii1 = {{"SPO2", "BPM", "PI", "EXC", "SN"}};
static const struct layout rad8 = {{"SPO2", "PR", "PI", "EXC", NULL}};

struct line {
    unsigned fields; /* bit per enum field: it is there */
    int32_t milli[FIELD_PI + 1];
    uint32_t exceptions;
    int32_t serial; /* identity_hash */
};

struct masimo_memory {
    int32_t serial, doubted; /* of lines believed; of the newest line that said another */
    bool is_doubted;
};

_Static_assert(sizeof(struct masimo_memory) <= PROTOCOL_MEMORY, "take has no other memory");
_Static_assert(LINE_MAX < PROTOCOL_FRAME_MAX, "a line and its end must fit");

struct text {
    const char *at;
    size_t length;
};

/* --- fields -------------------------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_unavailable(struct text text)
{
    bool has_dash = false;
    for (size_t i = 0; i < text.length; i++) {
        if (text.at[i] != '-' && text.at[i] != '.' && text.at[i] != '%') {
            return false;
        }
        has_dash = has_dash || text.at[i] == '-';
    }
    return has_dash;
}

/* "098%", "04.69": up to three digits, up to three more behind a point. Dashes are 0, which is absent, too. */
static bool read_number(struct text text, int32_t *out_milli)
{
    static const int32_t units[DIGITS_MAX + 1] = {1000, 100, 10, 1};
    int32_t milli = 0;
    size_t i = 0;
    if (is_unavailable(text)) {
        *out_milli = 0;
        return true;
    }
    for (; i < text.length && i < DIGITS_MAX && is_digit(text.at[i]); i++) {
        milli = milli * 10 + (text.at[i] - '0') * 1000;
    }
    const size_t whole = i;
    if (i < text.length && text.at[i] == '.') {
        i++;
        for (size_t place = 1; i < text.length && place <= DIGITS_MAX && is_digit(text.at[i]); place++, i++) {
            milli += (text.at[i] - '0') * units[place];
        }
    }
    i += i < text.length && text.at[i] == '%' ? 1 : 0;
    *out_milli = milli;
    return whole > 0 && i == text.length;
}

static int hex_digit(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    const char upper = (char)(c & ~0x20);
    return upper >= 'A' && upper <= 'F' ? upper - 'A' + 10 : -1;
}

/* "800", "000800", "820:OffPat,SET": the words say the same as the bits. */
static bool read_exceptions(struct text text, uint32_t *out)
{
    uint32_t bits = 0;
    size_t i = 0;
    for (; i < text.length && i < EXC_DIGITS_MAX && hex_digit(text.at[i]) >= 0; i++) {
        bits = bits << 4 | (uint32_t)hex_digit(text.at[i]);
    }
    *out = bits;
    return i >= EXC_DIGITS_MIN && (i == text.length || text.at[i] == ':');
}

static bool is_key(struct text text, const char *key)
{
    if (key == NULL || strlen(key) != text.length) {
        return false;
    }
    for (size_t i = 0; i < text.length; i++) {
        const char c = text.at[i];
        if ((c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c) != key[i]) {
            return false;
        }
    }
    return true;
}

static enum field find_field(const struct layout *layout, struct text key)
{
    enum field field = FIELD_SPO2;
    while (field < FIELD_COUNT && !is_key(key, layout->keys[field])) {
        field++;
    }
    return field;
}

static bool read_field(enum field field, struct text value, struct line *line)
{
    if ((line->fields & FIELD_BIT(field)) != 0) {
        return false; /* twice */
    }
    line->fields |= FIELD_BIT(field);
    switch (field) {
    case FIELD_SPO2:
    case FIELD_RATE:
    case FIELD_PI:
        return read_number(value, &line->milli[field]);
    case FIELD_EXC:
        return read_exceptions(value, &line->exceptions);
    case FIELD_SERIAL:
        line->serial = is_unavailable(value) ? 0 : identity_hash(value.at, value.length);
        return true;
    case FIELD_COUNT:
        break;
    }
    return true;
}

/* --- lines --------------------------------------------------------------------------------------------------- */

static bool is_end(uint8_t byte)
{
    return byte == '\r' || byte == '\n';
}

/* STATUS_EMPTY: as far as it goes. */
static enum status match_date(const uint8_t *bytes, size_t count)
{
    static const char form[] = "00/00/00 00:00:00 ";
    for (size_t i = 0; form[i] != '\0'; i++) {
        if (i == count) {
            return STATUS_EMPTY;
        }
        if (form[i] == '0' ? !is_digit((char)bytes[i]) : bytes[i] != (uint8_t)form[i]) {
            return STATUS_NOT_FOUND;
        }
    }
    return STATUS_OK;
}

/* The length of a line that begins here. */
static enum status measure_line(const uint8_t *bytes, size_t count, size_t *out_length)
{
    for (size_t i = 0; i < LINE_MAX; i++) {
        if (i == count) {
            return STATUS_EMPTY;
        }
        if (is_end(bytes[i])) {
            *out_length = i;
            return STATUS_OK;
        }
        if (bytes[i] < ' ' || bytes[i] > '~') {
            return STATUS_CORRUPT;
        }
    }
    return STATUS_LONG_FRAME;
}

static struct text next_word(struct text *rest)
{
    struct text word = *rest;
    const char *space = memchr(rest->at, ' ', rest->length);
    word.length = space != NULL ? (size_t)(space - rest->at) : rest->length;
    const size_t taken = word.length + (space != NULL ? 1 : 0);
    rest->at += taken;
    rest->length -= taken;
    return word;
}

static enum status read_line(const struct layout *layout, struct text rest, struct line *out)
{
    struct line line = {0};
    while (rest.length > 0) {
        const struct text word = next_word(&rest);
        const char *equals = memchr(word.at, '=', word.length);
        if (equals == NULL) {
            continue;
        }
        const struct text key = {word.at, (size_t)(equals - word.at)};
        const struct text value = {equals + 1, word.length - key.length - 1};
        const enum field field = find_field(layout, key);
        if (field != FIELD_COUNT && !read_field(field, value, &line)) {
            return STATUS_CORRUPT;
        }
    }
    if ((line.fields & FIELDS_NEEDED) != FIELDS_NEEDED) {
        return STATUS_SHORT_FRAME;
    }
    *out = line;
    return STATUS_OK;
}

static struct cut find_line(const struct layout *layout, const uint8_t *bytes, size_t count)
{
    size_t length = 0;
    struct line line;
    if (is_end(bytes[0])) {
        return (struct cut){STATUS_EMPTY, 1}; /* what is left of the line before */
    }
    enum status status = match_date(bytes, count);
    if (status == STATUS_OK) {
        status = measure_line(bytes, count, &length);
    }
    if (status == STATUS_OK) {
        status = read_line(layout, (struct text){(const char *)bytes, length}, &line);
    }
    if (status == STATUS_EMPTY) {
        return (struct cut){status, 0};
    }
    return (struct cut){status, status == STATUS_OK ? length + 1 : 1};
}

static uint32_t bit_if(uint32_t flags, unsigned bit)
{
    return flags != 0 ? UINT32_C(1) << bit : 0;
}

static void add_value(struct reading *out, const struct line *line, enum field field, enum vital vital)
{
    const int32_t milli = line->milli[field];
    enum quality quality = milli == 0 || (line->exceptions & EXC_FAULT) != 0 ? QUALITY_ABSENT : QUALITY_VALID;
    if ((line->exceptions & EXC_SENSOR) != 0) {
        quality = QUALITY_SENSOR_OFF;
    }
    if ((line->fields & FIELD_BIT(field)) != 0) {
        reading_add(out, vital, quality, milli);
    }
}

static bool is_the_same(struct masimo_memory *memory, int32_t serial)
{
    if (serial == memory->serial || (memory->is_doubted && serial == memory->doubted)) {
        memory->serial = serial;
        memory->is_doubted = false;
        return true;
    }
    memory->doubted = serial;
    memory->is_doubted = true;
    return false;
}

static bool take_line(const struct layout *layout, void *memory, const uint8_t *frame, size_t length,
                      struct reading *out)
{
    const struct text text = {(const char *)frame, length - 1};
    struct line line;
    if (read_line(layout, text, &line) != STATUS_OK || !is_the_same(memory, line.serial)) {
        return false;
    }
    *out = (struct reading){.identity = line.serial};
    add_value(out, &line, FIELD_RATE, VITAL_pulse);
    add_value(out, &line, FIELD_SPO2, VITAL_spo2);
    add_value(out, &line, FIELD_PI, VITAL_perfusion);
    out->bits_on = bit_if(line.exceptions & EXC_SENSOR, BIT_SENSOR_OFF) |
                   bit_if(line.exceptions & EXC_LOW_PERFUSION, BIT_LOW_PERFUSION) |
                   bit_if(line.exceptions & EXC_LOW_SIGNAL_IQ, BIT_LOW_SIGNAL_IQ) |
                   bit_if(line.exceptions & EXC_INTERFERENCE, BIT_INTERFERENCE) |
                   bit_if(line.exceptions & EXC_AMBIENT_LIGHT, BIT_AMBIENT_LIGHT);
    return true;
}

/* --- the protocols ------------------------------------------------------------------------------------------- */

static struct cut find_ascii1(const uint8_t *bytes, size_t count)
{
    return find_line(&ascii1, bytes, count);
}

static struct cut find_rad8(const uint8_t *bytes, size_t count)
{
    return find_line(&rad8, bytes, count);
}

static bool take_ascii1(void *memory, const uint8_t *frame, size_t length, bool follows, struct reading *out)
{
    (void)follows;
    return take_line(&ascii1, memory, frame, length, out);
}

static bool take_rad8(void *memory, const uint8_t *frame, size_t length, bool follows, struct reading *out)
{
    (void)follows;
    return take_line(&rad8, memory, frame, length, out);
}

static const struct profile_bit bits[BIT_COUNT] = {[BIT_SENSOR_OFF] = OXIMETER_SENSOR_OFF,
                                                   [BIT_LOW_PERFUSION] = OXIMETER_LOW_PERFUSION,
                                                   [BIT_LOW_SIGNAL_IQ] = OXIMETER_LOW_SIGNAL_IQ,
                                                   [BIT_INTERFERENCE] = OXIMETER_INTERFERENCE,
                                                   [BIT_AMBIENT_LIGHT] = OXIMETER_AMBIENT_LIGHT};

#define LINE_PROFILE(form, words, interval_ms)                                                         \
    {                                                                                                  \
        .name = "masimo-" form, .protocol = PROTOCOL_SERIAL, .title = "Masimo " words,                 \
        .poll_interval_ms = (interval_ms), .channel_count = 3,                                         \
        .channels = (const struct profile_channel[]){PROTOCOL_CHANNEL(pulse, interval_ms, false),      \
                                                     PROTOCOL_CHANNEL(spo2, interval_ms, false),       \
                                                     PROTOCOL_CHANNEL(perfusion, interval_ms, false)}, \
        .bit_count = BIT_COUNT, .bits = bits                                                           \
    }

const struct profile masimo_ascii1_profile = LINE_PROFILE("ascii1", "Radical-7 or Rad-87, ASCII 1", ASCII1_MS);
const struct profile masimo_rad8_profile = LINE_PROFILE("rad8", "Rad-8, trend lines", RAD8_MS);

const struct protocol masimo_ascii1_protocol = {.profile = &masimo_ascii1_profile,
                                                .bauds = {9600},
                                                .usual_bytes = 150,
                                                .sure_frames = 1,
                                                .find = find_ascii1,
                                                .take = take_ascii1};

const struct protocol masimo_rad8_protocol = {.profile = &masimo_rad8_profile,
                                              .bauds = {9600},
                                              .usual_bytes = 60,
                                              .sure_frames = 1,
                                              .find = find_rad8,
                                              .take = take_rad8};
