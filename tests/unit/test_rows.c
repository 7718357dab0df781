/* Rows of the store as bytes: what goes in comes out, and nothing else is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/store/rows.h"

static uint64_t random_state;

static uint64_t random_next(void) /* xorshift64 */
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static const struct store_alert sample_alert = {
    .seq = 0x0102030405060708,
    .flags = STORE_ALERT_HIGH | STORE_ALERT_TEST,
    .committed_wall_ms = -1,
    .bed = "b12",
    .alarm = "spo2_low",
    .json = "{\"seq\":1}",
    .json_length = 9,
};
static const struct store_alarm sample_alarm = {
    .bed = "",
    .alarm = "bus_down",
    .priority = 2,
    .ended = true,
    .json = "{}",
    .json_length = 2,
    .snapshot = "snap\0shot",
    .snapshot_length = 9,
};

static void test_alert_round_trip(void **state)
{
    (void)state;
    static struct row row;
    struct store_alert out = {.row = 7};
    assert_int_equal(row_encode_alert(&sample_alert, &row), STATUS_OK);
    assert_int_equal(row_decode_alert(row.bytes, row.size, &out), STATUS_OK);
    assert_int_equal(out.seq, sample_alert.seq);
    assert_int_equal(out.flags, sample_alert.flags);
    assert_int_equal(out.committed_wall_ms, -1);
    assert_string_equal(out.bed, "b12");
    assert_string_equal(out.alarm, "spo2_low");
    assert_int_equal(out.json_length, 9);
    assert_string_equal(out.json, sample_alert.json);
}

static void test_alarm_round_trip(void **state)
{
    (void)state;
    static struct row row;
    struct store_alarm out;
    assert_int_equal(row_encode_alarm(&sample_alarm, &row), STATUS_OK);
    assert_int_equal(row_decode_alarm(row.bytes, row.size, &out), STATUS_OK);
    assert_string_equal(out.bed, "");
    assert_string_equal(out.alarm, "bus_down");
    assert_int_equal(out.priority, 2);
    assert_true(out.ended);
    assert_string_equal(out.json, "{}");
    assert_int_equal(out.snapshot_length, 9);
    assert_memory_equal(out.snapshot, "snap\0shot", 9);
}

static void test_bytes_are_fixed(void **state)
{
    (void)state;
    static struct row row;
    static const unsigned char head[] = {0x08, 7,    6,    5, 4, 3, 2, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
                                         0xFF, 0xFF, 0xFF, 9, 0, 0, 0, 6, 0,    3,    8,    'b',  '1'};
    assert_int_equal(row_encode_alert(&sample_alert, &row), STATUS_OK);
    assert_memory_equal(row.bytes + ROW_SEAL, head, sizeof head);
    assert_int_equal(row.size, ROW_SEAL + 24 + 4 + 9 + 10);
    unsigned char sealed[ROW_SEAL + 9];
    row_seal("123456789", 9, sealed); /* the check value of CRC-32/ISO-HDLC */
    assert_memory_equal(sealed,
                        "\x26\x39\xF4\xCB"
                        "123456789",
                        sizeof sealed);
}

static void test_limits(void **state)
{
    (void)state;
    static struct row row;
    static char json[STORE_VALUE_MAX + 2], name[STORE_KEY_MAX + 2];
    struct store_alert alert = sample_alert, out;
    memset(json, 'x', sizeof json - 1);
    alert.json = json;
    alert.json_length = STORE_VALUE_MAX;
    assert_int_equal(row_encode_alert(&alert, &row), STATUS_OK);
    assert_int_equal(row_decode_alert(row.bytes, row.size, &out), STATUS_OK);
    alert.json_length = STORE_VALUE_MAX + 1;
    assert_int_equal(row_encode_alert(&alert, &row), STATUS_TOO_LARGE);

    memset(name, 'n', STORE_KEY_MAX - 1);
    alert = sample_alert;
    alert.alarm = name;
    assert_int_equal(row_encode_alert(&alert, &row), STATUS_TOO_LARGE);
    alert.bed = "";
    assert_int_equal(row_encode_alert(&alert, &row), STATUS_OK);

    struct store_alarm alarm = sample_alarm;
    alarm.snapshot = json;
    alarm.snapshot_length = STORE_VALUE_MAX - alarm.json_length;
    assert_int_equal(row_encode_alarm(&alarm, &row), STATUS_OK);
    alarm.snapshot_length++;
    assert_int_equal(row_encode_alarm(&alarm, &row), STATUS_TOO_LARGE);
    alarm.snapshot_length = UINT32_MAX;
    assert_int_equal(row_encode_alarm(&alarm, &row), STATUS_TOO_LARGE);
}

static void test_keys(void **state)
{
    (void)state;
    unsigned char low[ROW_KEY_SIZE], high[ROW_KEY_SIZE], key[STORE_KEY_MAX];
    size_t size = 0;
    row_key_write(0xFF, low);
    row_key_write(0x100, high);
    assert_true(memcmp(low, high, sizeof low) < 0);
    assert_int_equal(row_key_read(high), 0x100);
    assert_int_equal(row_alarm_key("b1", "x", key, &size), STATUS_OK);
    assert_int_equal(size, 4);
    assert_memory_equal(key, "b1\0x", 4);
    assert_int_equal(row_alarm_key("", "bus_down", key, &size), STATUS_OK);
    assert_int_equal(size, 9);
    assert_memory_equal(key, "/bus_down", 9);
    char name[STORE_KEY_MAX + 1] = "";
    memset(name, 'n', STORE_KEY_MAX);
    assert_int_equal(row_alarm_key("", name, key, &size), STATUS_TOO_LARGE);
    name[STORE_KEY_MAX - 1] = '\0';
    assert_int_equal(row_alarm_key("", name, key, &size), STATUS_OK);
}

/* Any one bit, any truncation, any byte more: the seal tells. */
static void test_every_flipped_bit_is_seen(void **state)
{
    (void)state;
    static struct row row;
    struct store_alert alert;
    assert_int_equal(row_encode_alert(&sample_alert, &row), STATUS_OK);
    for (size_t bit = 0; bit < row.size * 8; bit++) {
        row.bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
        assert_int_equal(row_decode_alert(row.bytes, row.size, &alert), STATUS_CORRUPT);
        row.bytes[bit / 8] ^= (unsigned char)(1U << bit % 8);
    }
    for (size_t size = 0; size < row.size; size++) {
        assert_int_equal(row_decode_alert(row.bytes, size, &alert), STATUS_CORRUPT);
    }
    assert_int_equal(row_decode_alert(row.bytes, row.size + 1, &alert), STATUS_CORRUPT);
}

/* With a right seal over wrong contents the decoder stands alone; a copy of exactly the row's size lets ASan see any step outside. */
static void decode_sealed(const unsigned char *body, size_t size)
{
    unsigned char *bytes = malloc(ROW_SEAL + size);
    assert_non_null(bytes);
    row_seal(body, size, bytes);
    struct store_alert alert;
    struct store_alarm alarm;
    if (row_decode_alert(bytes, ROW_SEAL + size, &alert) == STATUS_OK) {
        assert_int_equal(24 + strlen(alert.bed) + strlen(alert.alarm) + alert.json_length + 3, size);
        assert_int_equal(alert.json[alert.json_length], '\0');
    }
    if (row_decode_alarm(bytes, ROW_SEAL + size, &alarm) == STATUS_OK) {
        assert_int_equal(12 + strlen(alarm.bed) + strlen(alarm.alarm) + alarm.json_length + alarm.snapshot_length + 4,
                         size);
    }
    free(bytes);
}

static void test_random_bodies(void **state)
{
    (void)state;
    static struct row row, mutant;
    for (unsigned round = 0; round < 200000; round++) {
        mutant.size = random_next() % 64;
        for (size_t i = 0; i < mutant.size; i++) {
            mutant.bytes[i] = (unsigned char)(random_next() % (random_next() % 2 == 0 ? 256 : 12));
        }
        decode_sealed(mutant.bytes, mutant.size);
    }
    for (unsigned round = 0; round < 200000; round++) {
        assert_int_equal(round % 2 == 0 ? row_encode_alert(&sample_alert, &row) : row_encode_alarm(&sample_alarm, &row),
                         STATUS_OK);
        const size_t size = row.size - ROW_SEAL;
        row.bytes[ROW_SEAL + random_next() % size] = (unsigned char)random_next();
        decode_sealed(row.bytes + ROW_SEAL, random_next() % 4 == 0 ? random_next() % size : size);
    }
}

int main(void)
{
    const char *seed = getenv("WARDGATE_TEST_SEED");
    random_state = seed != NULL ? strtoull(seed, NULL, 0) : 0x9E3779B97F4A7C15;
    print_message("seed %#llx (WARDGATE_TEST_SEED)\n", (unsigned long long)random_state);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alert_round_trip),
        cmocka_unit_test(test_alarm_round_trip),
        cmocka_unit_test(test_bytes_are_fixed),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_every_flipped_bit_is_seen),
        cmocka_unit_test(test_random_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
