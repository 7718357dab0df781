/*
 * Registers as a person writes them, and what the Modbus driver makes of them without a monitor: the two halves of
 * `wardgate check --profile`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/registers.h"
#include "app/settings/settings.h"
#include "drivers/monitor/modbus/modbus_driver.h"

static struct registers registers;

static uint16_t value_at(enum register_table table, uint32_t reg)
{
    uint16_t value = 0;
    assert_true(registers_find(&registers, table, reg, &value));
    return value;
}

static void every_way_to_write_a_register(void **state)
{
    (void)state;
    assert_true(registers_read("0=72,1=0x61, 65535=65535\n3=-20\tinput:7=16576 # a remark, 9=9\r\n"
                               "coil:3=1 discrete:0=0\nholding:4=0XffFF 0x10=16\n#end",
                               &registers));
    assert_int_equal(registers.count, 9);
    assert_int_equal(value_at(TABLE_HOLDING, 0), 72);
    assert_int_equal(value_at(TABLE_HOLDING, 1), 97);
    assert_int_equal(value_at(TABLE_HOLDING, 65535), 65535);
    assert_int_equal(value_at(TABLE_HOLDING, 3), 0xFFEC);
    assert_int_equal(value_at(TABLE_INPUT, 7), 16576);
    assert_int_equal(value_at(TABLE_COIL, 3), 1);
    assert_int_equal(value_at(TABLE_DISCRETE, 0), 0);
    assert_int_equal(value_at(TABLE_HOLDING, 4), 0xFFFF);
    assert_int_equal(value_at(TABLE_HOLDING, 16), 16);
    uint16_t value = 0;
    assert_false(registers_find(&registers, TABLE_HOLDING, 9, &value)); /* a remark */
    assert_false(registers_find(&registers, TABLE_INPUT, 0, &value));
}

static void the_last_of_one_place_counts(void **state)
{
    (void)state;
    assert_true(registers_read("5=1 5=2 input:5=3", &registers));
    assert_int_equal(registers.count, 2);
    assert_int_equal(value_at(TABLE_HOLDING, 5), 2);
}

static void nothing_is_no_register(void **state)
{
    (void)state;
    static const char *const texts[] = {"", " ,\n", "# 0=1"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_true(registers_read(texts[i], &registers));
        assert_int_equal(registers.count, 0);
    }
}

static void what_is_no_register_is_named(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "1",       "1=",         "=1",       "a=1",      "1=a",       "1=0x",
        "0x=1",    "65536=0",    "-1=0",     "1=65536",  "1=-32769",  "1=1.5",
        "1==1",    "inputs:1=1", "input:=1", "coil:1=2", "coil:1=-1", "1=99999999999999999999",
        "1=1;2=2", "+1=1",       "1=0x1G"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[64];
        (void)snprintf(text, sizeof text, "0=1, %s ,2=2", wrong[i]);
        assert_false(registers_read(text, &registers));
        assert_string_equal(registers.wrong, wrong[i]);
    }
    assert_false(registers_read("a-word-that-is-far-too-long-to-be-any-register", &registers));
    assert_int_equal(strlen(registers.wrong), sizeof registers.wrong - 1);
}

static void as_many_as_there_is_room_for(void **state)
{
    (void)state;
    static char text[REGISTERS_MAX * 8 + 16];
    size_t length = 0;
    for (unsigned i = 0; i <= REGISTERS_MAX; i++) {
        if (i == REGISTERS_MAX) {
            assert_true(registers_read(text, &registers));
            assert_int_equal(registers.count, REGISTERS_MAX);
        }
        length += (size_t)snprintf(text + length, sizeof text - length, "%u=1 ", i);
    }
    assert_false(registers_read(text, &registers));
    assert_string_equal(registers.wrong, "");
}

/* --- what the driver makes of them --- */

static struct {
    struct observation_sink sink;
    struct observation values[VITAL_COUNT];
    unsigned value_count, signals_on, signals;
    int32_t identity;
} seen;

static void put(struct observation_sink *sink, const struct observation *observation)
{
    (void)sink;
    assert_int_equal(observation->at_ms + observation->bed + observation->monitor, 0);
    if (observation->kind == OBSERVATION_VALUE) {
        seen.values[observation->vital] = *observation;
        seen.value_count++;
    } else if (observation->kind == OBSERVATION_SIGNAL) {
        seen.signals++;
        seen.signals_on |= observation->value_milli != 0 ? 1U << observation->signal : 0;
    } else if (observation->kind == OBSERVATION_IDENTITY) {
        seen.identity = observation->value_milli;
    }
}

static void decode(const char *file, const char *text)
{
    static struct settings_report report;
    static struct profile_room room;
    memset(&seen, 0, sizeof seen);
    seen.sink.put = put;
    assert_true(settings_load_profile(file, &room, &report));
    assert_true(registers_read(text, &registers));
    const struct register_image image = {registers.values, registers.count};
    modbus_rtu_driver.decode_registers(&room.profile, &image, &seen.sink);
}

static void assert_value(enum vital vital, enum quality quality, int32_t value_milli)
{
    assert_int_equal(seen.values[vital].quality, quality);
    assert_int_equal(seen.values[vital].value_milli, value_milli);
}

static void a_first_poll_of_the_generic_module(void **state)
{
    (void)state;
    decode("config/profiles/generic-vitals.yaml", "0=72 1=97 2=0xFFFF 3=-20 4=120 5=80 6=93 7=400 8=215 9=3 10=1 11=8 "
                                                  "input:7=0x6666 input:8=0x40A6 input:20=1 90=1 91=2 92=3 93=4");
    assert_value(VITAL_hr, QUALITY_VALID, 72000);
    assert_value(VITAL_spo2, QUALITY_SENSOR_OFF, 97000); /* its bit stands behind it, in the same request */
    assert_value(VITAL_resp, QUALITY_ABSENT, 0);
    assert_value(VITAL_temp, QUALITY_VALID, -2000);
    assert_value(VITAL_nibp_sys, QUALITY_VALID, 120000);
    assert_int_equal(seen.values[VITAL_nibp_sys].flags, OBSERVATION_AGE_UNKNOWN);
    assert_value(VITAL_glucose, QUALITY_VALID, 5200); /* 5.2 as a float, its words the other way round */
    assert_int_equal(seen.signals, 11);
    assert_int_equal(seen.signals_on, 1U << 0 | 1U << 7); /* probe_off and vtach */
    assert_int_not_equal(seen.identity, 0);
}

static void each_value_is_put_once(void **state)
{
    (void)state;
    decode("config/profiles/generic-vitals.yaml", "");
    assert_int_equal(seen.value_count, 10);
    assert_int_equal(seen.signals_on, 0);
    assert_value(VITAL_hr, QUALITY_VALID, 0);
}

/* What one request reads of the monitor's state holds for values that an earlier one reads. */
static void a_bit_of_a_later_request_counts(void **state)
{
    (void)state;
    char folder[] = "/tmp/wardgate-check-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/late.yaml", folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    (void)fputs("profile: late\n"
                "channels:\n"
                "  hr: {register: 0, type: u16, unit: \"/min\"}\n"
                "  temp: {register: 500, table: input, type: u32, words: dcba, unit: \"[degF]\", scale: 0.1}\n"
                "bits:\n"
                "  demo: {table: discrete, register: 9, means: demo, channels: [hr]}\n",
                file);
    assert_int_equal(fclose(file), 0);
    decode(path, "0=60 discrete:9=1 input:500=0xDA03 input:501=0");
    assert_value(VITAL_hr, QUALITY_DEMO, 60000);
    assert_value(VITAL_temp, QUALITY_VALID, 37000); /* 986 tenths of a degree Fahrenheit */
    assert_int_equal(seen.value_count, 2);
    assert_int_equal(remove(path) + remove(folder), 0);
}

static void a_profile_by_itself_may_be_wrong(void **state)
{
    (void)state;
    static struct settings_report report;
    static struct profile_room room;
    static const struct {
        const char *file, *message;
    } cases[] = {
        {"no/such.yaml", "there is no such file"},
        {"config/profiles", "a profile is in a file of its name, NAME.yaml"},
        {"tests/data/config/bad/profiles/other-name.yaml", "is \"plain\", but the file is that of \"other-name\""},
        {"tests/data/config/bad/profiles/no-channels.yaml", "is empty: the vitals it gives"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(&room, 0x5A, sizeof room);
        assert_false(settings_load_profile(cases[i].file, &room, &report));
        assert_true(report.fault_count > 0);
        assert_non_null(strstr(report.faults[0].message, cases[i].message));
        assert_int_equal(room.profile.channel_count, 0x5A); /* untouched */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_write_a_register),    cmocka_unit_test(the_last_of_one_place_counts),
        cmocka_unit_test(nothing_is_no_register),           cmocka_unit_test(what_is_no_register_is_named),
        cmocka_unit_test(as_many_as_there_is_room_for),     cmocka_unit_test(a_first_poll_of_the_generic_module),
        cmocka_unit_test(each_value_is_put_once),           cmocka_unit_test(a_bit_of_a_later_request_counts),
        cmocka_unit_test(a_profile_by_itself_may_be_wrong),
    };
    return cmocka_run_group_tests_name("check_profile", tests, NULL, NULL);
}
