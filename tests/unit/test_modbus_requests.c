/* From profiles to requests: what is merged, what is not, how refused runs are cut, and how long a poll takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "drivers/monitor/modbus/describe.h"
#include "drivers/monitor/modbus/requests.h"
#include "tests/unit/support/draw.h"

/* Of the newest profile. */
static struct profile_channel channels[PROFILE_CHANNELS_MAX];
static struct profile_bit bits[PROFILE_BITS_MAX];

static struct profile empty_profile(void)
{
    return (struct profile){.name = "test", .poll_interval_ms = 1000, .channels = channels, .bits = bits};
}

static struct profile_channel *add(struct profile *profile, enum register_table table, uint16_t reg)
{
    struct profile_channel *channel = &channels[profile->channel_count];
    *channel = (struct profile_channel){.vital = (enum vital)profile->channel_count,
                                        .table = table,
                                        .reg = reg,
                                        .type = TYPE_U16,
                                        .scale_micro = 1000000,
                                        .poll_interval_ms = 1000};
    profile->channel_count++;
    return channel;
}

static struct request nth(const struct request_plan *plan, uint8_t index)
{
    assert_in_range(index, 0, plan->run_count - 1);
    return request_of_run(plan->spans, plan->runs[index]);
}

static void assert_request(const struct request_plan *plan, uint8_t index, enum register_table table, unsigned first,
                           unsigned count)
{
    const struct request request = nth(plan, index);
    assert_int_equal(request.table, table);
    assert_int_equal(request.first, first);
    assert_int_equal(request.count, count);
}

static void test_neighbours_are_merged(void **state)
{
    (void)state;
    struct profile profile = empty_profile();
    struct request_plan plan;
    add(&profile, TABLE_HOLDING, 5);
    add(&profile, TABLE_HOLDING, 0);
    add(&profile, TABLE_HOLDING, 1)->type = TYPE_F32;
    requests_plan(&profile, &plan);
    assert_int_equal(plan.run_count, 1);
    assert_request(&plan, 0, TABLE_HOLDING, 0, 6);
    assert_int_equal(nth(&plan, 0).interval_ms, 1000);
}

static void test_largest_hole(void **state)
{
    (void)state;
    struct profile profile = empty_profile();
    struct request_plan plan;
    add(&profile, TABLE_INPUT, 10);
    add(&profile, TABLE_INPUT, 11 + REQUEST_HOLE_MAX);
    requests_plan(&profile, &plan);
    assert_int_equal(plan.run_count, 1);
    channels[1].reg++;
    requests_plan(&profile, &plan);
    assert_int_equal(plan.run_count, 2);
    assert_request(&plan, 0, TABLE_INPUT, 10, 1);
    assert_request(&plan, 1, TABLE_INPUT, 12 + REQUEST_HOLE_MAX, 1);
}

static void test_tables_and_intervals_stay_apart(void **state)
{
    (void)state;
    struct profile profile = empty_profile();
    struct request_plan plan;
    add(&profile, TABLE_HOLDING, 0);
    add(&profile, TABLE_INPUT, 1);
    add(&profile, TABLE_COIL, 2);
    add(&profile, TABLE_DISCRETE, 3);
    add(&profile, TABLE_HOLDING, 1)->poll_interval_ms = 250;
    requests_plan(&profile, &plan);
    assert_int_equal(plan.run_count, 5);
    assert_request(&plan, 0, TABLE_HOLDING, 1, 1);
    assert_int_equal(nth(&plan, 0).interval_ms, 250);
    static const uint8_t functions[] = {3, 3, 4, 1, 2};
    for (uint8_t i = 0; i < 5; i++) {
        const struct request request = nth(&plan, i);
        assert_int_equal(request_function(&request), functions[i]);
        assert_int_equal(request_data_bytes(&request), i < 3 ? 2 : 1);
    }
}

static void test_limits_of_a_request(void **state)
{
    (void)state;
    struct profile profile = empty_profile();
    struct request_plan plan;
    for (uint16_t i = 0; i < 14; i++) {
        add(&profile, TABLE_HOLDING, (uint16_t)(i * 9)); /* up to register 117 */
    }
    add(&profile, TABLE_HOLDING, 124)->type = TYPE_U32; /* the 126th would be its second half */
    requests_plan(&profile, &plan);
    assert_int_equal(plan.run_count, 2);
    assert_request(&plan, 0, TABLE_HOLDING, 0, 118);
    assert_request(&plan, 1, TABLE_HOLDING, 124, 2);
    channels[14].reg = 123;
    requests_plan(&profile, &plan);
    assert_int_equal(plan.run_count, 1);
    assert_request(&plan, 0, TABLE_HOLDING, 0, 125);
    const struct request whole = nth(&plan, 0);
    assert_int_equal(request_data_bytes(&whole), 250);
}

static void test_bits_are_bounded(void **state)
{
    (void)state;
    struct profile profile = empty_profile();
    struct request_plan plan;
    struct profile_channel *far = add(&profile, TABLE_COIL, 1999);
    far->has_changed_by = true;
    far->episodic = true;
    far->changed_by = 0;
    requests_plan(&profile, &plan);
    assert_int_equal(plan.run_count, 1);
    const struct request request = nth(&plan, 0);
    assert_int_equal(request.count, 2000);
    assert_int_equal(request_data_bytes(&request), 250);
    far->reg = 2000;
    requests_plan(&profile, &plan);
    assert_int_equal(plan.run_count, 2);
}

/* The counter of a measurement must fit its values: they come in one answer, whatever lies between. */
static void test_counter_is_read_with_its_values(void **state)
{
    (void)state;
    struct profile profile = empty_profile();
    struct request_plan plan;
    struct profile_channel *glucose = add(&profile, TABLE_INPUT, 7);
    glucose->type = TYPE_F32;
    glucose->episodic = glucose->has_changed_by = true;
    glucose->changed_by = 40;
    requests_plan(&profile, &plan);
    assert_int_equal(plan.run_count, 1);
    assert_request(&plan, 0, TABLE_INPUT, 7, 34);
    glucose->changed_by = 2;
    glucose->reg = 60;
    requests_plan(&profile, &plan);
    assert_int_equal(plan.run_count, 1);
    assert_request(&plan, 0, TABLE_INPUT, 2, 60);
    glucose->reg = 200; /* too far for one request */
    requests_plan(&profile, &plan);
    assert_int_equal(plan.run_count, 2);
}

static void test_bits_and_doubles(void **state)
{
    (void)state;
    struct profile profile = empty_profile();
    struct request_plan plan;
    add(&profile, TABLE_HOLDING, 0);
    add(&profile, TABLE_HOLDING, 0);
    for (uint8_t i = 0; i < 16; i++) {
        bits[i] = (struct profile_bit){.table = TABLE_HOLDING, .reg = 3, .bit = i};
    }
    profile.bit_count = 16;
    requests_plan(&profile, &plan);
    assert_int_equal(plan.span_count, 2);
    assert_int_equal(plan.run_count, 1);
    assert_request(&plan, 0, TABLE_HOLDING, 0, 4);
}

static void test_identity_alone_or_along(void **state)
{
    (void)state;
    struct profile profile = empty_profile();
    struct request_plan plan;
    add(&profile, TABLE_HOLDING, 0);
    profile.identity_register = 90;
    profile.identity_count = 4;
    requests_plan(&profile, &plan);
    assert_int_equal(plan.run_count, 2);
    assert_request(&plan, 1, TABLE_HOLDING, 90, 4);
    assert_int_equal(nth(&plan, 1).interval_ms, REQUEST_IDENTITY_INTERVAL_MS);
    profile.identity_register = 3;
    requests_plan(&profile, &plan);
    assert_int_equal(plan.run_count, 1);
    assert_request(&plan, 0, TABLE_HOLDING, 0, 7);
    assert_int_equal(nth(&plan, 0).interval_ms, 1000);
}

static void test_last_register(void **state)
{
    (void)state;
    struct profile profile = empty_profile();
    struct request_plan plan;
    add(&profile, TABLE_HOLDING, 65535);
    add(&profile, TABLE_HOLDING, 65530);
    requests_plan(&profile, &plan);
    assert_int_equal(plan.run_count, 1);
    assert_request(&plan, 0, TABLE_HOLDING, 65530, 6);
}

static void test_cutting(void **state)
{
    (void)state;
    struct profile profile = empty_profile();
    struct request_plan plan;
    struct run left;
    struct run right;
    static const uint16_t registers[] = {0, 1, 2, 9, 10, 12};
    for (unsigned i = 0; i < 6; i++) {
        add(&profile, TABLE_HOLDING, registers[i]);
    }
    requests_plan(&profile, &plan);
    assert_int_equal(plan.run_count, 1);
    assert_true(run_cut(plan.spans, plan.runs[0], &left, &right)); /* at the hole from 3 to 8 */
    assert_int_equal(left.to, 3);
    assert_int_equal(right.from, 3);
    assert_int_equal(request_of_run(plan.spans, right).first, 9);
    assert_true(run_cut(plan.spans, left, &left, &right)); /* no hole: in the middle */
    assert_int_equal(left.to, 1);
    assert_int_equal(right.to, 3);
    assert_false(run_cut(plan.spans, left, &left, &right));
}

/* Any profile: everything is read, by requests within the limits, none of which reads a span twice. */
static void test_any_profile(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        struct profile profile = empty_profile();
        struct request_plan plan;
        const unsigned count = 1 + (unsigned)draw(PROFILE_CHANNELS_MAX);
        for (unsigned i = 0; i < count; i++) {
            struct profile_channel *channel =
                add(&profile, (enum register_table)draw(4), (uint16_t)draw(draw(2) ? 60 : 3000));
            channel->type = (enum register_type)draw(5);
            channel->poll_interval_ms = draw(2) ? 1000 : 500;
            channel->has_changed_by = chance(20);
            channel->changed_by = (uint16_t)draw(3000);
        }
        profile.bit_count = (uint8_t)draw(PROFILE_BITS_MAX + 1);
        for (unsigned i = 0; i < profile.bit_count; i++) {
            bits[i] = (struct profile_bit){.table = (enum register_table)draw(4), .reg = (uint16_t)draw(100)};
        }
        profile.identity_count = (uint8_t)draw(5);
        profile.identity_register = (uint16_t)draw(200);
        requests_plan(&profile, &plan);
        uint8_t next = 0;
        for (uint8_t r = 0; r < plan.run_count; r++) {
            const struct request request = nth(&plan, r);
            assert_int_equal(plan.runs[r].from, next);
            next = plan.runs[r].to;
            assert_in_range(request.count, 1, table_is_bits(request.table) ? REQUEST_BITS_MAX : REQUEST_REGISTERS_MAX);
            for (uint8_t s = plan.runs[r].from; s < next; s++) {
                const struct span *span = &plan.spans[s];
                assert_true(request_covers(&request, span->table, span->first, span->end - span->first));
                assert_int_equal(span->interval_ms, request.interval_ms);
            }
        }
        assert_int_equal(next, plan.span_count);
        for (unsigned i = 0; i < count; i++) {
            const struct profile_channel *channel = &profile.channels[i];
            bool read = false;
            for (uint8_t r = 0; r < plan.run_count; r++) {
                const struct request request = nth(&plan, r);
                read |= request_covers(&request, channel->table, channel->reg, channel_registers(channel)) &&
                        request.interval_ms == channel->poll_interval_ms;
            }
            assert_true(read);
        }
    }
}

/* Times by hand: 11 bits a character, and the legal limits of transactions a second that the standard's rules give for
 * 12 registers and 2 ms of turnaround. */
static void test_times(void **state)
{
    (void)state;
    const struct request twelve = {.table = TABLE_HOLDING, .count = 12};
    static const struct {
        uint32_t baud, gap_us, poll_us;
    } lines[] = {{9600, 4011, 50417}, {19200, 2006, 25210}, {38400, 1750, 14350}, {115200, 1750, 7284}};
    for (unsigned i = 0; i < 4; i++) {
        const struct wire wire = wire_of(lines[i].baud, PARITY_EVEN, 1);
        assert_int_equal(wire.gap_us, lines[i].gap_us);
        assert_in_range(wire_poll_us(&wire, &twelve, 2000), lines[i].poll_us - 3, lines[i].poll_us + 3);
    }
    const struct wire eight_n_one = wire_of(9600, PARITY_NONE, 1);
    assert_int_equal(wire_us(&eight_n_one, 96), 100001); /* 10 bits; a nanosecond a byte rounded up */
    assert_int_equal(eight_n_one.gap_us, 4011);
    const struct wire network = {0};
    assert_int_equal(wire_poll_us(&network, &twelve, 2000), 2000);
    assert_int_equal(wire_answer_bytes(&twelve), 29);
}

/* --- for a person -------------------------------------------------------------------------------------------- */

static struct bus_request described[8];
static unsigned described_count;

static void keep_described(void *context, const struct bus_request *request)
{
    assert_ptr_equal(context, described);
    assert_in_range(described_count, 0, 7);
    described[described_count++] = *request;
}

static void describe(const struct profile *profile, struct bus_config config)
{
    const struct monitor_config monitor = {.address = 1, .profile = profile};
    config.monitors = &monitor;
    config.monitor_count = 1;
    described_count = 0;
    modbus_each_request(&config, keep_described, described);
}

static void test_a_request_says_what_it_reads(void **state)
{
    (void)state;
    struct profile profile = empty_profile();
    add(&profile, TABLE_HOLDING, 0)->vital = VITAL_hr;
    add(&profile, TABLE_HOLDING, 2)->vital = VITAL_insulation;
    channels[1].type = TYPE_U32;
    add(&profile, TABLE_INPUT, 7)->vital = VITAL_spo2;
    bits[0] = (struct profile_bit){.table = TABLE_HOLDING, .reg = 4};
    profile.bit_count = 1;
    profile.identity_register = 90;
    profile.identity_count = 4;
    describe(&profile, (struct bus_config){.host = "::1"});
    assert_int_equal(described_count, 3);
    assert_string_equal(described[0].text, "holding 0-4 (5): hr insulation bits");
    assert_string_equal(described[1].text, "holding 90-93 (4): identity");
    assert_string_equal(described[2].text, "input 7-7 (1): spo2");
    assert_int_equal(described[0].interval_ms, 1000);
    assert_int_equal(described[0].wire_us, 0);
}

static void test_what_does_not_fit_is_counted(void **state)
{
    (void)state;
    struct profile profile = empty_profile();
    for (unsigned i = 0; i < VITAL_COUNT; i++) {
        add(&profile, TABLE_DISCRETE, (uint16_t)(60000 + i));
    }
    describe(&profile, (struct bus_config){.host = "::1"});
    assert_int_equal(described_count, 1);
    unsigned named = 0;
    for (const char *at = strchr(described[0].text, ':'); (at = strchr(at + 1, ' ')) != NULL;) {
        named++;
    }
    char end[8];
    (void)snprintf(end, sizeof end, " +%u", VITAL_COUNT - (named - 1));
    assert_in_range(strlen(described[0].text), 50, sizeof described[0].text - 1);
    assert_string_equal(described[0].text + strlen(described[0].text) - strlen(end), end);
}

/* Of a line, and of a converter's where it is known: of 8N1, which is the quickest. */
static void test_how_long_it_holds_the_line(void **state)
{
    (void)state;
    struct profile profile = empty_profile();
    add(&profile, TABLE_HOLDING, 0);
    describe(&profile,
             (struct bus_config){.device = "/dev/ttyS0", .baud = 9600, .parity = PARITY_EVEN, .stop_bits = 1});
    assert_in_range(described[0].wire_us, 25000, 26000); /* 15 characters of 11 bits, twice 3.5 */
    describe(&profile, (struct bus_config){.host = "10.0.0.1", .baud = 9600});
    assert_in_range(described[0].wire_us, 23500, 24500);
    describe(&profile, (struct bus_config){.host = "10.0.0.1"});
    assert_int_equal(described[0].wire_us, 0);
}

int main(void)
{
    draw_seed(20240612);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_neighbours_are_merged),
        cmocka_unit_test(test_largest_hole),
        cmocka_unit_test(test_tables_and_intervals_stay_apart),
        cmocka_unit_test(test_limits_of_a_request),
        cmocka_unit_test(test_bits_are_bounded),
        cmocka_unit_test(test_counter_is_read_with_its_values),
        cmocka_unit_test(test_bits_and_doubles),
        cmocka_unit_test(test_identity_alone_or_along),
        cmocka_unit_test(test_last_register),
        cmocka_unit_test(test_cutting),
        cmocka_unit_test(test_any_profile),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_a_request_says_what_it_reads),
        cmocka_unit_test(test_what_does_not_fit_is_counted),
        cmocka_unit_test(test_how_long_it_holds_the_line),
    };
    return cmocka_run_group_tests_name("modbus requests", tests, NULL, NULL);
}
