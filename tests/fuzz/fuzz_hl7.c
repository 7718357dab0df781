/*
 * libFuzzer: any bytes as a stream of HL7 messages; bytes between frames are tried as a message of their own, so that
 * the fuzzer need not find frames first. The corpus to begin with: tests/data/hl7.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/fuzz_hl7.c
 */
#include <assert.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/monitor/hl7/hl7_profile.h"
#include "drivers/monitor/hl7/intake.h"
#include "drivers/monitor/hl7/mllp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MONITORS = 3 };

static void put(struct observation_sink *sink, const struct observation *observation)
{
    (void)sink;
    assert(observation->bed < MONITORS && observation->vital < VITAL_COUNT && observation->quality < QUALITY_COUNT);
}

static void put_alarm(struct observation_sink *sink, const struct monitor_alarm *alarm)
{
    (void)sink;
    assert(alarm->bed < MONITORS && alarm->vital <= VITAL_NONE && alarm->name[0] != '\0');
    assert(memchr(alarm->name, '\0', sizeof alarm->name) != NULL &&
           memchr(alarm->text, '\0', sizeof alarm->text) != NULL);
}

static void take(struct intake *intake, const char *bytes, size_t length)
{
    static char acks[2 * ACK_BYTES_MAX];
    static struct observation_sink sink = {.put = put, .put_alarm = put_alarm};
    const struct moment now = {.wall_ms = INT64_C(1575632092000), .at_ms = 1000000};
    const struct ack_stamp stamp = {.id = 1, .local_ms = now.wall_ms};
    struct message message;
    enum ack_result result = ACK_TAKEN;
    const char *reason = NULL;
    char *copy = malloc(length > 0 ? length : 1); /* of its own, so that reading beyond it is seen */
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, bytes, length);
    if (intake_take(intake, copy, length, &now, &sink, &message, &result, &reason)) {
        assert(ack_write(&message, result, reason, &stamp, acks) <= sizeof acks);
    }
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static alignas(64) unsigned char storage[1 << 17];
    static struct monitor_health monitor_health[MONITORS];
    static struct bus_health health = {.monitors = monitor_health};
    const struct monitor_config monitors[MONITORS] = {
        {.bed = 0, .place = "00A0370098007A80", .profile = hl7_profiles[0]},
        {.bed = 1, .place = "ICU^B1^", .profile = hl7_profiles[1]},
        {.bed = 2, .place = "^^", .profile = hl7_profiles[2]}};
    const struct bus_config config = {.monitors = monitors, .monitor_count = MONITORS, .believe_debug = true};
    struct arena arena = {.base = storage, .size = sizeof storage};
    struct intake intake;
    const char *bytes = (const char *)data;
    memset(storage, 0, sizeof storage);
    intake_make(&intake, &arena, &config, &health);
    while (size > 0) {
        size_t stray = 0;
        const size_t lead = mllp_lead(bytes, size, &stray);
        if (lead > 0) {
            take(&intake, bytes, lead);
        }
        bytes += lead;
        size -= lead;
        if (size == 0) {
            break;
        }
        const size_t end = mllp_end(bytes, size, 0);
        take(&intake, bytes + 1, end - 1);
        bytes += end;
        size -= end;
    }
    return 0;
}
