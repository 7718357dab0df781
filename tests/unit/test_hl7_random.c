/* Damaged messages and streams: whatever comes, nothing is read beyond its end, and what is put is well formed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/engine/alert.h"
#include "drivers/monitor/hl7/caller.h"
#include "drivers/monitor/hl7/mllp.h"
#include "tests/unit/support/draw.h"
#include "tests/unit/support/hl7_bench.h"

#define ROUNDS 20000

static const char *const samples[] = {"mindray_vs900_oru_r01.hl7",           "mindray_vs8_demo_oru_r01.hl7",
                                      "mindray_leadoff_oru_r40_excerpt.hl7", "ge_mural_oru_r40.hl7",
                                      "draeger_watchdog_oru_r40.hl7",        "draeger_watchdog_ack.hl7"};
enum { SAMPLES = sizeof samples / sizeof samples[0], SAMPLE_MAX = 4096 };

/* --- messages ------------------------------------------------------------------------------------------------ */

/* Lone bytes, lost and doubled parts, delimiters and words where they do not belong. */
static size_t damage(char *bytes, size_t length)
{
    static const char *const words[] = {"|",
                                        "^",
                                        "~",
                                        "\\",
                                        "&",
                                        "\r",
                                        "\n",
                                        "\\X",
                                        "\\F\\",
                                        "MSH|",
                                        "OBX|",
                                        "OBR|",
                                        "PV1|",
                                        "DEMO",
                                        "NM",
                                        "-",
                                        ".",
                                        "9999999999999",
                                        "20261121120000+9999",
                                        "\xc3",
                                        "\x0b"};
    for (uint64_t i = draw(6); i > 0 && length > 0; i--) {
        const size_t at = draw(length), rest = length - at;
        if (chance(40)) {
            bytes[at] = (char)draw(256);
        } else if (chance(30)) {
            const size_t cut = 1 + draw(rest < 40 ? rest : 40);
            memmove(bytes + at, bytes + at + cut, rest - cut);
            length -= cut;
        } else if (chance(50) && length < SAMPLE_MAX) {
            const size_t from = draw(length),
                         most = length - from < SAMPLE_MAX - length ? length - from : SAMPLE_MAX - length;
            char part[SAMPLE_MAX];
            memcpy(part, bytes + from, most);
            memmove(bytes + at + most, bytes + at, rest);
            memcpy(bytes + at, part, most);
            length += most;
        } else {
            const char *word = words[draw(sizeof words / sizeof words[0])];
            const size_t size = strlen(word) < rest ? strlen(word) : rest;
            memcpy(bytes + at, word, size);
        }
    }
    for (size_t i = 0; i < length; i++) { /* these end a message, so no message has them */
        bytes[i] = bytes[i] == MLLP_BEGIN || bytes[i] == MLLP_END ? '?' : bytes[i];
    }
    return chance(10) ? draw(length + 1) : length;
}

static bool is_utf8_line(const char *text)
{
    while (*text != '\0') {
        const unsigned char c = (unsigned char)*text++;
        const int follow = c < 0x80 ? 0 : c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc2 ? 1 : -1;
        if (c < 0x20 || c == 0x7f || follow < 0 || c > 0xf4) {
            return false;
        }
        for (int i = 0; i < follow; i++, text++) {
            if (((unsigned char)*text & 0xc0) != 0x80) {
                return false;
            }
        }
    }
    return true;
}

static void check_observations(void)
{
    for (unsigned i = 0; i < bench.count; i++) {
        const struct observation *o = &bench.seen[i];
        assert_true(o->bed < bench.config.monitor_count);
        assert_int_equal(o->at_ms, bench.now.at_ms);
        assert_true(o->kind == OBSERVATION_VALUE || o->kind == OBSERVATION_HEARD || o->kind == OBSERVATION_IDENTITY ||
                    o->kind == OBSERVATION_OUTDATED);
        assert_true(o->kind != OBSERVATION_VALUE || o->vital < VITAL_COUNT);
        assert_true(o->quality == QUALITY_VALID || o->quality == QUALITY_ABSENT || o->quality == QUALITY_DEMO ||
                    (o->quality == QUALITY_LATE && o->kind == OBSERVATION_VALUE));
        assert_true(o->kind != OBSERVATION_IDENTITY || o->value_milli != 0);
    }
}

static void check_alarms(void)
{
    for (unsigned i = 0; i < bench.alarm_count; i++) {
        const struct monitor_alarm *alarm = &bench.alarms[i];
        assert_true(alarm->bed < bench.config.monitor_count);
        assert_true(alarm->phase <= MONITOR_ALARM_ENDED && alarm->priority <= PRIORITY_HIGH);
        assert_true(alarm->kind <= KIND_ADVISORY && alarm->vital <= VITAL_NONE);
        assert_true(alarm->inactivation <= INACTIVATION_ALARM_PAUSED);
        assert_non_null(memchr(alarm->name, '\0', sizeof alarm->name));
        assert_non_null(memchr(alarm->text, '\0', sizeof alarm->text));
        assert_true(strlen(alarm->name) > 0);
        assert_int_equal(strspn(alarm->name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(alarm->name));
        assert_true(is_utf8_line(alarm->text));
    }
}

/* One frame, one header, one or two answers with a code of the closed list. */
static void check_ack(void)
{
    unsigned frames = 0;
    for (size_t i = 0; i < bench.ack_length; i++) {
        frames += bench.ack[i] == MLLP_BEGIN ? 1 : 0;
    }
    assert_true(bench.ack_length <= 2 * ACK_BYTES_MAX && frames <= 2);
    if (bench.ack_length > 0) {
        const char *answer = strstr(bench.ack, "\rMSA");
        static const char *const codes[] = {"AA", "AE", "AR", "CA", "CE", "CR"};
        bool known = false;
        assert_non_null(answer);
        for (unsigned i = 0; i < 6; i++) {
            known = known || memcmp(answer + 5, codes[i], 2) == 0;
        }
        assert_true(known);
        assert_memory_equal(bench.ack + bench.ack_length - 3, "\r\x1c\r", 3);
    }
}

/* Instants of the samples, so that their values are current. */
static const int64_t sample_ms[SAMPLES] = {INT64_C(1575632092000), INT64_C(1785156264000), 0, 0, 0, 0};

static void test_damaged_samples(void **state)
{
    (void)state;
    static const char *const places[] = {"00A0370098007A80", "ICU^^", "^^", "00A037009B023649", NULL};
    static char originals[SAMPLES][SAMPLE_MAX];
    size_t lengths[SAMPLES];
    unsigned values = 0, alarms = 0, refusals = 0;
    for (unsigned i = 0; i < SAMPLES; i++) {
        lengths[i] = bench_read_sample(samples[i], originals[i], SAMPLE_MAX);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        if (round % 20 == 0) {
            bench_open(BENCH_SPOT, places); /* what is remembered keeps most of it from being news */
        }
        char bytes[SAMPLE_MAX];
        const uint64_t which = draw(SAMPLES);
        memcpy(bytes, originals[which], lengths[which]);
        bench_forget();
        bench.now.at_ms += 100;
        bench.now.wall_ms = sample_ms[which] + (int64_t)draw(5000);
        bench.config.believe_debug = chance(50);
        bench_take(bytes, damage(bytes, lengths[which]));
        check_observations();
        check_alarms();
        check_ack();
        values += bench_count(OBSERVATION_VALUE);
        alarms += bench.alarm_count;
        refusals += bench.read && bench.result != ACK_TAKEN ? 1 : 0;
    }
    printf("%u values, %u alarms, %u not taken\n", values, alarms, refusals);
    assert_true(values > 100 && alarms > 100 && refusals > 100); /* not all of it was nonsense */
}

/* --- streams ------------------------------------------------------------------------------------------------- */

/* The same stream cut in two ways gives the same messages, and every byte is either in one, stray, or still held. */
static unsigned feed(struct caller *caller, struct caller_block *blocks, const char *bytes, size_t length,
                     size_t step_max, uint64_t *out_hash)
{
    unsigned count = 0, stray = 0;
    for (size_t at = 0; at < length;) {
        size_t space = 0;
        char *to = caller_space(caller, &space);
        size_t step = 1 + draw(step_max);
        step = step < length - at ? step : length - at;
        step = step < space ? step : space;
        assert_true(step > 0);
        memcpy(to, bytes + at, step);
        caller_received(caller, step);
        at += step;
        struct text message;
        while (caller_next(caller, &message, &stray) == CALLER_MESSAGE) {
            count++;
            for (size_t i = 0; i < message.length; i++) {
                *out_hash = (*out_hash ^ (unsigned char)message.at[i]) * UINT64_C(1099511628211);
            }
            *out_hash = (*out_hash ^ 256) * UINT64_C(1099511628211);
        }
        caller_compact(caller);
        (void)caller_space(caller, &space);
        if (space == 0 && caller_make_room(caller, blocks, 0) == CALLER_TOO_LONG) {
            (void)caller_skip(caller);
            caller_compact(caller);
        }
    }
    return count;
}

static void test_streams(void **state)
{
    (void)state;
    enum { STREAM = 60000 };
    static char stream[STREAM], large[CALLER_LARGE_COUNT][CALLER_LARGE_BYTES];
    static alignas(64) unsigned char storage[2][1 << 16];
    unsigned total = 0;
    for (unsigned round = 0; round < 100; round++) {
        struct caller_block blocks[CALLER_LARGE_COUNT];
        struct caller callers[2];
        uint64_t hashes[2] = {0};
        unsigned counts[2];
        for (size_t i = 0; i < STREAM; i++) { /* some have long messages, some short ones */
            const bool mark = draw(round % 2 == 0 ? 60 : 12000) == 0;
            stream[i] = mark ? (chance(50) ? MLLP_BEGIN : MLLP_END) : (char)('a' + draw(26));
        }
        for (unsigned i = 0; i < CALLER_LARGE_COUNT; i++) {
            blocks[i] = (struct caller_block){.bytes = large[i]};
        }
        for (unsigned i = 0; i < 2; i++) {
            struct arena arena = {.base = storage[i], .size = sizeof storage[i]};
            caller_make(&callers[i], &arena);
            caller_open(&callers[i], 7, 1, 0);
            counts[i] = feed(&callers[i], blocks, stream, STREAM, i == 0 ? 100 : 9000, &hashes[i]);
            caller_close(&callers[i]);
        }
        assert_int_equal(counts[0], counts[1]);
        assert_true(hashes[0] == hashes[1]);
        total += counts[0];
        for (unsigned i = 0; i < CALLER_LARGE_COUNT; i++) {
            assert_false(blocks[i].is_taken);
        }
    }
    assert_true(total > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_damaged_samples), cmocka_unit_test(test_streams)};
    draw_seed(20261121);
    return cmocka_run_group_tests_name("hl7 random", tests, NULL, NULL);
}
