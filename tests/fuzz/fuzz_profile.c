/*
 * libFuzzer: any bytes as a profile, decoded from registers that are taken from the same bytes; what is read of it keeps
 * its bounds, and no request goes beyond what the wire allows.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/fuzz_profile.c
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/settings/settings.h"
#include "drivers/monitor/modbus/modbus_driver.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REGISTERS = 128 };

static char folder[] = "/dev/shm/wardgate-fuzz-XXXXXX";
static char path[64];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (mkdtemp(folder) == NULL) {
        abort();
    }
    (void)snprintf(path, sizeof path, "%s/p.yaml", folder);
    return 0;
}

static void check_profile(const struct profile *profile)
{
    assert(profile->channel_count > 0 && profile->channel_count <= PROFILE_CHANNELS_MAX);
    assert(profile->bit_count <= PROFILE_BITS_MAX && profile->identity_count <= PROFILE_IDENTITY_REGISTERS_MAX);
    for (unsigned i = 0; i < profile->channel_count; i++) {
        const struct profile_channel *channel = &profile->channels[i];
        assert((unsigned)channel->vital < VITAL_COUNT && channel->absent_count <= PROFILE_ABSENT_MAX);
        assert(i == 0 || channel->vital > channel[-1].vital);
        assert(channel->poll_interval_ms > 0 && channel->unit.divisor > 0);
    }
}

static void put(struct observation_sink *sink, const struct observation *observation)
{
    (void)sink;
    assert(observation->kind != OBSERVATION_VALUE || observation->vital < VITAL_COUNT);
    assert(observation->quality < QUALITY_COUNT);
}

static void visit(void *context, const struct bus_request *request)
{
    (void)context;
    assert(request->interval_ms > 0 && request->wire_us > 0);
}

/* The registers of every table are the bytes of the profile itself. */
static void decode(const struct profile *profile, const uint8_t *data, size_t size)
{
    static struct register_value values[REGISTERS];
    struct observation_sink sink = {.put = put};
    const struct monitor_config monitor = {.address = 1, .profile = profile};
    const struct bus_config bus = {.name = "line",
                                   .kind = "modbus-rtu",
                                   .device = "line",
                                   .baud = 9600,
                                   .parity = PARITY_EVEN,
                                   .stop_bits = 1,
                                   .monitors = &monitor,
                                   .monitor_count = 1};
    for (unsigned i = 0; i < REGISTERS; i++) {
        const uint8_t high = data[2 * i % size], low = data[(2 * i + 1) % size];
        values[i] =
            (struct register_value){(enum register_table)(i % 4), (uint16_t)(i / 4), (uint16_t)(high << 8 | low)};
    }
    const struct register_image image = {values, REGISTERS};
    modbus_rtu_driver.decode_registers(profile, &image, &sink);
    modbus_rtu_driver.each_request(&bus, visit, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct settings_report report;
    static struct profile_room room;
    FILE *stream = fopen(path, "we");
    if (stream == NULL || fwrite(data, 1, size, stream) != size || fclose(stream) != 0) {
        abort();
    }
    const bool is_good = settings_load_profile(path, &room, &report);
    assert(is_good == (report.fault_count == 0));
    if (is_good) {
        check_profile(&room.profile);
        decode(&room.profile, data, size);
    }
    return 0;
}
