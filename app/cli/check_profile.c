#include "app/cli/check_profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/cli/command.h"
#include "app/cli/registers.h"
#include "app/engine/signal.h"
#include "app/gateway.h"
#include "app/settings/value.h"

#define TEXT_MAX 65536

static const char driver_kind[] = "modbus-rtu"; /* what profiles in files are for */

/* What the driver makes of the registers. */
struct reading {
    struct observation_sink sink; /* first: what the driver puts arrives here */
    const struct registers *registers;
    struct observation values[VITAL_COUNT];
    bool has_value[VITAL_COUNT];
    uint32_t bits_on;
    uint32_t absent; /* bit per vital: its registers hold none, whatever the bits say of it */
};

static void take(struct observation_sink *sink, const struct observation *observation)
{
    struct reading *reading = (struct reading *)(void *)sink;
    if (observation->kind == OBSERVATION_VALUE) {
        reading->values[observation->vital] = *observation;
        reading->has_value[observation->vital] = true;
    } else if (observation->kind == OBSERVATION_SIGNAL && observation->value_milli != 0) {
        reading->bits_on |= UINT32_C(1) << observation->signal;
    }
}

static void decode(const struct profile *profile, const struct registers *registers, struct reading *out)
{
    const struct register_image image = {registers->values, registers->count};
    *out = (struct reading){.sink = {.put = take}, .registers = registers};
    gateway_driver(driver_kind)->decode_registers(profile, &image, &out->sink);
}

/* Read once more as if there were no bits. */
static uint32_t find_absent(const struct profile *profile, const struct registers *registers)
{
    static struct reading bare;
    static struct profile without_bits;
    uint32_t absent = 0;
    without_bits = *profile;
    without_bits.bit_count = 0;
    decode(&without_bits, registers, &bare);
    for (unsigned v = 0; v < VITAL_COUNT; v++) {
        const bool is_absent = bare.has_value[v] && bare.values[v].quality == QUALITY_ABSENT;
        absent |= is_absent ? UINT32_C(1) << v : 0;
    }
    return absent;
}

static void make_reading(const struct profile *profile, const struct registers *registers, struct reading *out)
{
    decode(profile, registers, out);
    out->absent = find_absent(profile, registers);
}

/* --- channels ------------------------------------------------------------------------------------------------ */

static bool is_wide(const struct profile_channel *channel)
{
    return channel->type == TYPE_U32 || channel->type == TYPE_S32 || channel->type == TYPE_F32;
}

/* "0x0048", or both registers of a 32-bit value; false when one is not given. */
static bool print_raw(const struct registers *registers, const struct profile_channel *channel, char *text, size_t size)
{
    uint16_t first = 0, second = 0;
    if (!registers_find(registers, channel->table, channel->reg, &first)) {
        return false;
    }
    if (!is_wide(channel)) {
        (void)snprintf(text, size, "0x%04X", first);
        return true;
    }
    if (!registers_find(registers, channel->table, channel->reg + UINT32_C(1), &second)) {
        return false;
    }
    (void)snprintf(text, size, "0x%04X 0x%04X", first, second);
    return true;
}

static void print_type(const struct profile_channel *channel)
{
    static const char *const types[] = {
        [TYPE_U16] = "u16", [TYPE_S16] = "s16", [TYPE_U32] = "u32", [TYPE_S32] = "s32", [TYPE_F32] = "f32"};
    static const char *const orders[] = {
        [WORDS_ABCD] = "abcd", [WORDS_CDAB] = "cdab", [WORDS_BADC] = "badc", [WORDS_DCBA] = "dcba"};
    char text[64], scale[20] = "", offset[20] = "";
    if (channel->scale_micro != 1000000) {
        (void)snprintf(scale, sizeof scale, " x %g", (double)channel->scale_micro / 1e6);
    }
    if (channel->offset_micro != 0) {
        (void)snprintf(offset, sizeof offset, " + %g", (double)channel->offset_micro / 1e6);
    }
    (void)snprintf(text, sizeof text, "%s%s%s%s%s", types[channel->type], is_wide(channel) ? " " : "",
                   is_wide(channel) ? orders[channel->words] : "", scale, offset);
    (void)printf(" %-20s", text);
}

/* As it was read, not rounded as screens show it: a wrong scale must be seen. */
static void print_value(const struct reading *reading, const struct observation *value)
{
    char text[VALUE_TEXT_MAX] = "-";
    if ((reading->absent >> value->vital & 1U) == 0) {
        value_print_decimal((int64_t)value->value_milli * 1000, text);
    }
    (void)printf(" %10s %-8s %s%s", text, vital_info((enum vital)value->vital)->unit,
                 quality_word((enum quality)value->quality),
                 (value->flags & OBSERVATION_AGE_UNKNOWN) != 0 ? ", age unknown" : "");
}

static void print_channel(const struct reading *reading, const struct profile_channel *channel)
{
    char raw[32] = "";
    (void)printf("  %-8s %5u  %-12s", register_table_word(channel->table), channel->reg,
                 vital_info(channel->vital)->name);
    print_type(channel);
    if (!print_raw(reading->registers, channel, raw, sizeof raw)) {
        (void)printf(" %-13s%s", "-", reading->registers->count > 0 ? "  not given" : "");
    } else {
        (void)printf(" %-13s", raw);
        if (reading->has_value[channel->vital]) {
            print_value(reading, &reading->values[channel->vital]);
        } else {
            (void)printf("  none now: the cuff inflates");
        }
    }
    (void)putchar('\n');
}

/* --- bits ---------------------------------------------------------------------------------------------------- */

static const char *meaning_word(unsigned means)
{
    static const char *const words[] = {
#define MEANING_WORD(name) #name,
        SIGNAL_MEANING_LIST(MEANING_WORD)
#undef MEANING_WORD
    };
    return words[means];
}

static void print_vitals(uint32_t vitals)
{
    for (unsigned v = 0; v < VITAL_COUNT; v++) {
        if ((vitals >> v & 1U) != 0) {
            (void)printf(" %s", vital_info((enum vital)v)->name);
        }
    }
}

static void print_bit(const struct reading *reading, const struct profile_bit *bit, unsigned index)
{
    uint16_t word = 0;
    const bool is_given = registers_find(reading->registers, bit->table, bit->reg, &word);
    const char *state = (reading->bits_on >> index & 1U) != 0 ? "ON" : "off";
    (void)printf("  %-8s %5u.%-2u %-5s %-20s %-20s", register_table_word(bit->table), bit->reg, bit->bit,
                 is_given ? state : "-", bit->name, meaning_word(bit->means));
    if (bit->vitals != 0) {
        print_vitals(bit->vitals);
    } else {
        (void)printf(" all");
    }
    (void)printf("%s%s\n", strcmp(bit->text, bit->name) != 0 ? ": " : "",
                 strcmp(bit->text, bit->name) != 0 ? bit->text : "");
}

/* --- requests ------------------------------------------------------------------------------------------------ */

#define REQUESTS_MAX 128

struct requests {
    struct bus_request requests[REQUESTS_MAX];
    unsigned count;
};

static void note_request(void *context, const struct bus_request *request)
{
    struct requests *requests = context;
    if (requests->count < REQUESTS_MAX) {
        requests->requests[requests->count++] = *request;
    }
}

static void list_requests(const struct profile *profile, uint32_t baud, struct requests *out)
{
    const struct monitor_config monitor = {.address = 1, .profile = profile};
    const struct bus_config bus = {.name = "line",
                                   .kind = driver_kind,
                                   .device = "line",
                                   .baud = baud,
                                   .parity = PARITY_EVEN,
                                   .stop_bits = 1,
                                   .monitors = &monitor,
                                   .monitor_count = 1};
    out->count = 0;
    gateway_driver(driver_kind)->each_request(&bus, note_request, out);
}

static void print_requests(const struct profile *profile)
{
    static struct requests slow, fast;
    double slow_permille = 0, fast_permille = 0;
    list_requests(profile, 9600, &slow);
    list_requests(profile, 19200, &fast);
    (void)printf("\nrequests %84s %12s\n", "9600 baud", "19200 baud");
    for (unsigned i = 0; i < slow.count; i++) {
        const struct bus_request *request = &slow.requests[i];
        const double interval_us = request->interval_ms * 1000.0;
        (void)printf("  every %6.1f s  %-63s %9.1f ms %9.1f ms\n", request->interval_ms / 1000.0, request->text,
                     request->wire_us / 1000.0, fast.requests[i].wire_us / 1000.0);
        slow_permille += request->wire_us * 1000.0 / interval_us;
        fast_permille += fast.requests[i].wire_us * 1000.0 / interval_us;
    }
    (void)printf("  load of the line %72.1f %%  %9.1f %%\n", slow_permille / 10.0, fast_permille / 10.0);
}

/* --- the whole ----------------------------------------------------------------------------------------------- */

static void print_profile(const struct profile *profile, const struct registers *registers)
{
    static struct reading reading;
    make_reading(profile, registers, &reading);
    (void)printf("profile %s: %s\n", profile->name, profile->title);
    if (profile->identity_count > 0) {
        (void)printf("identity in holding %u-%u\n", profile->identity_register,
                     profile->identity_register + profile->identity_count - 1U);
    }
    (void)printf("\nchannels\n");
    for (unsigned i = 0; i < profile->channel_count; i++) {
        print_channel(&reading, &profile->channels[i]);
    }
    (void)printf("%s", profile->bit_count > 0 ? "\nbits\n" : "");
    for (unsigned i = 0; i < profile->bit_count; i++) {
        print_bit(&reading, &profile->bits[i], i);
    }
    print_requests(profile);
}

/* The text of a file; NULL: told. */
static char *read_text(const char *file)
{
    char *text = calloc(1, TEXT_MAX);
    FILE *stream = fopen(file, "re");
    if (stream == NULL || text == NULL || fread(text, 1, TEXT_MAX, stream) == TEXT_MAX || ferror(stream) != 0) {
        command_complain("the registers cannot be read (%s), name a file of at most 64 KiB or write 0=72,1=97", file);
        free(text);
        text = NULL;
    }
    if (stream != NULL) {
        (void)fclose(stream);
    }
    return text;
}

static bool read_registers(const char *given, struct registers *out)
{
    char *text = strchr(given, '=') != NULL ? strdup(given) : read_text(given);
    const bool is_sound = text != NULL && registers_read(text, out);
    if (text != NULL && !is_sound && out->wrong[0] != '\0') {
        command_complain("'%s' is no register (%s), write REGISTER=VALUE, input:REGISTER=VALUE or coil:NUMBER=1",
                         out->wrong, "--registers");
    } else if (text != NULL && !is_sound) {
        command_complain("too many registers (%s), give at most %d", "--registers", REGISTERS_MAX);
    }
    free(text);
    return is_sound;
}

static bool read_profile(const char *file, struct profile_room *out)
{
    struct settings_report *report = calloc(1, sizeof *report);
    if (report == NULL) {
        command_complain("out of memory while reading the profile (%s), free some and try again", file);
        return false;
    }
    const bool is_sound = settings_load_profile(file, out, report);
    settings_print_report(report, stderr, isatty(STDERR_FILENO) == 1);
    free(report);
    return is_sound;
}

int check_profile(const char *file, const char *given)
{
    static struct registers registers;
    static struct profile_room room;
    const bool is_sound = read_profile(file, &room);
    if ((given != NULL && !read_registers(given, &registers)) || !is_sound) {
        return COMMAND_USAGE;
    }
    print_profile(&room.profile, &registers);
    return COMMAND_OK;
}
