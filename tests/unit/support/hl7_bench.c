#include "tests/unit/support/hl7_bench.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct bench bench;

static alignas(64) unsigned char storage[1 << 18];

static void record(struct observation_sink *sink, const struct observation *observation)
{
    struct bench *self = (struct bench *)(void *)sink;
    if (self->count == BENCH_SEEN_MAX) {
        fprintf(stderr, "hl7 bench: too many observations\n");
        abort();
    }
    self->seen[self->count++] = *observation;
}

static void record_alarm(struct observation_sink *sink, const struct monitor_alarm *alarm)
{
    struct bench *self = (struct bench *)(void *)sink;
    if (self->alarm_count == BENCH_SEEN_MAX) {
        fprintf(stderr, "hl7 bench: too many alarms\n");
        abort();
    }
    self->alarms[self->alarm_count++] = *alarm;
}

void bench_open(unsigned profile, const char *const *places)
{
    uint16_t count = 0;
    memset(&bench, 0, sizeof bench);
    for (; places[count] != NULL; count++) {
        bench.monitors[count] =
            (struct monitor_config){.bed = count, .place = places[count], .profile = hl7_profiles[profile]};
    }
    bench.sink = (struct observation_sink){.put = record, .put_alarm = record_alarm};
    bench.config = (struct bus_config){.name = "bench", .monitors = bench.monitors, .monitor_count = count};
    bench.health.monitors = bench.monitor_health;
    bench.now = (struct moment){.wall_ms = BENCH_WALL_MS, .at_ms = 1000000};
    memset(storage, 0, sizeof storage);
    struct arena arena = {.base = storage, .size = sizeof storage};
    intake_make(&bench.intake, &arena, &bench.config, &bench.health);
}

void bench_take(const char *bytes, size_t length)
{
    static uint64_t number;
    struct message message;
    const struct ack_stamp stamp = {.id = number += 2, .local_ms = bench.now.wall_ms};
    char *copy = malloc(length > 0 ? length : 1); /* of its own, so that reading beyond it is seen */
    memcpy(copy, bytes, length);
    bench.reason = NULL;
    bench.ack_length = 0;
    bench.read =
        intake_take(&bench.intake, copy, length, &bench.now, &bench.sink, &message, &bench.result, &bench.reason);
    if (bench.read) {
        bench.ack_length = ack_write(&message, bench.result, bench.reason, &stamp, bench.ack);
    }
    bench.ack[bench.ack_length] = '\0';
    free(copy);
}

void bench_say(const char *text)
{
    bench_take(text, strlen(text));
}

void bench_sayf(const char *format, ...)
{
    static char text[1 << 16];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    bench_say(text);
}

void bench_pass_ms(int64_t ms)
{
    bench.now.wall_ms += ms;
    bench.now.at_ms += ms;
}

void bench_forget(void)
{
    bench.count = 0;
    bench.alarm_count = 0;
}

size_t bench_read_sample(const char *name, char *bytes, size_t size)
{
    char path[128];
    (void)snprintf(path, sizeof path, "tests/data/hl7/%s", name);
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        fprintf(stderr, "cannot open %s, run this at the root of the project\n", path);
        abort();
    }
    const size_t length = fread(bytes, 1, size, stream);
    (void)fclose(stream);
    return length;
}

const char *bench_time(int64_t ms)
{
    static char texts[4][64];
    static unsigned next;
    char *text = texts[next++ % 4];
    const int64_t wall_ms = bench.now.wall_ms + ms;
    const time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    (void)gmtime_r(&seconds, &utc);
    const size_t length = strftime(text, sizeof texts[0], "%Y%m%d%H%M%S", &utc);
    (void)snprintf(text + length, sizeof texts[0] - length, ".%03d+0000", (int)(wall_ms % 1000));
    return text;
}

const struct observation *bench_value(uint16_t bed, enum vital vital)
{
    for (unsigned i = bench.count; i > 0; i--) {
        const struct observation *o = &bench.seen[i - 1];
        if (o->kind == OBSERVATION_VALUE && o->bed == bed && o->vital == vital) {
            return o;
        }
    }
    return NULL;
}

unsigned bench_count(enum observation_kind kind)
{
    unsigned count = 0;
    for (unsigned i = 0; i < bench.count; i++) {
        count += bench.seen[i].kind == kind ? 1 : 0;
    }
    return count;
}

unsigned bench_values(uint16_t bed)
{
    unsigned count = 0;
    for (unsigned i = 0; i < bench.count; i++) {
        count += bench.seen[i].kind == OBSERVATION_VALUE && bench.seen[i].bed == bed ? 1 : 0;
    }
    return count;
}

void bench_say_value(const char *identifier, const char *value, const char *unit)
{
    static unsigned number;
    bench_sayf(HEADER_R01 "PID|||X\rPV1||I|ICU^1^A\rOBR|1||||||%s\rOBX|1|NM|%s|1.1.1.1|%s|%s|||||R\r", bench_time(0),
               ++number, bench_time(0), identifier, value, unit);
}
