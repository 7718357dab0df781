/* The Modbus driver on a serial line that hums, with monitors that refuse or are gone, and with a cable that is
 * pulled out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "hal/clock.h"
#include "tests/unit/support/draw.h"
#include "tests/unit/support/modbus_rig.h"

#define BAUD        57600
#define GAP_US      1750
#define INTERVAL_MS 60
#define TIMEOUT_MS  90
#define THINK_US    3000

static void serve_well(struct peer *peer, const struct peer_request *request)
{
    peer_answer(peer, request, THINK_US);
}

static void open_rig(uint16_t monitors, void (*serve)(struct peer *peer, const struct peer_request *request))
{
    rig_open(BAUD, monitors, INTERVAL_MS, TIMEOUT_MS, serve);
}

static int tear_down(void **state)
{
    (void)state;
    rig_close();
    return 0;
}

static const struct bus_health *health(void)
{
    return rig.driver->health(rig.bus);
}

/* --- noise --------------------------------------------------------------------------------------------------- */

static void test_noise_between_polls(void **state)
{
    (void)state;
    static const uint8_t noise[] = {0x00, 0xFF, 0x01, 0x03, 0x18};
    open_rig(2, serve_well);
    rig_start();
    for (unsigned i = 0; i < 12; i++) {
        rig_run_ms(25 + (unsigned)draw(30));
        peer_say(&rig.peer, noise, 1 + draw(sizeof noise));
    }
    assert_true(rig_failures(0, STATUS_UNASKED) + rig_failures(1, STATUS_UNASKED) >= 1);
    assert_true(rig_run_until_values(0, 3, 3000));
    assert_true(rig_run_until_values(1, 3, 3000));
    assert_true(atomic_load(&health()->gap_us_min) >= GAP_US);
}

/* A whole good-looking frame that nobody asked for is noise, too. */
static void test_an_unasked_frame(void **state)
{
    (void)state;
    uint8_t frame[PEER_BYTES_MAX];
    const struct peer_request as_if = {.unit = 1, .function = 3, .count = RIG_REGISTERS};
    open_rig(1, serve_well);
    rig_start();
    for (unsigned i = 0; i < 5; i++) {
        assert_true(rig_run_until_values(0, 1, 1000));
        size_t length = peer_frame(&rig.peer, &as_if, frame);
        memset(frame + 3, 0xEE, 2 * RIG_REGISTERS);
        peer_seal(&rig.peer, frame, length);
        peer_say(&rig.peer, frame, length);
    }
    assert_true(rig_failures(0, STATUS_UNASKED) >= 3);
}

static void test_a_humming_line_does_not_wedge(void **state)
{
    (void)state;
    static uint8_t hum[PEER_BYTES_MAX];
    memset(hum, 0xAA, sizeof hum);
    open_rig(2, serve_well);
    rig_start();
    assert_true(rig_run_until_values(1, 1, 1000));
    const unsigned wakes = rig.wakes;
    for (unsigned i = 0; i < 5; i++) {
        peer_say(&rig.peer, hum, sizeof hum); /* 115 ms */
        rig_run_ms(100);
    }
    assert_true(rig.wakes - wakes < 2000);
    assert_true(rig_failures(0, STATUS_UNASKED) > 0 && rig_failures(1, STATUS_UNASKED) > 0); /* each in its turn */
    assert_true(rig_run_until_values(0, 1, 2000));
    assert_true(rig_run_until_values(1, 1, 1000));
}

/* --- exceptions ---------------------------------------------------------------------------------------------- */

/* Mode: the exception that monitor 1 answers with; above 255 the one, below the register that it has not, plus 1. */
static void serve_exceptions(struct peer *peer, const struct peer_request *request)
{
    const int mode = request->unit == 1 ? atomic_load(&peer->mode) : 0;
    const int reg = (mode & 255) - 1;
    if (mode > 0 && (reg < 0 || (request->first <= reg && reg < request->first + request->count))) {
        peer_except(peer, request, (uint8_t)(mode >> 8), THINK_US);
    } else {
        peer_answer(peer, request, THINK_US);
    }
}

static void test_a_busy_monitor(void **state)
{
    (void)state;
    open_rig(2, serve_exceptions);
    rig_start();
    assert_true(rig_run_until_values(0, 1, 1000));
    atomic_store(&rig.peer.mode, 6 << 8);
    rig_forget();
    rig_run_ms(300);
    assert_true(rig_failures(0, STATUS_EXCEPTION) >= 3);
    assert_true(rig_answering(0));
    assert_true(rig_values(0) <= 1); /* one may have been under way */
    assert_true(rig_values(1) >= 3);
    atomic_store(&rig.peer.mode, 0);
    assert_true(rig_run_until_values(0, 2, 400)); /* without a pause */
}

static unsigned values_of(enum vital vital)
{
    unsigned values = 0;
    for (unsigned i = 0; i < rig.count; i++) {
        values += rig.seen[i].kind == OBSERVATION_VALUE && rig.seen[i].vital == vital && rig.seen[i].bed == 0;
    }
    return values;
}

static void test_a_register_that_is_not_there(void **state)
{
    (void)state;
    open_rig(2, serve_exceptions);
    atomic_store(&rig.peer.mode, (2 << 8) + 5 + 1);
    rig_start();
    rig_run_ms(400);
    assert_int_equal(values_of((enum vital)5), 0);
    for (unsigned vital = 0; vital < RIG_REGISTERS; vital++) {
        assert_true(vital == 5 || values_of((enum vital)vital) >= 2);
    }
    assert_in_range(rig_failures(0, STATUS_EXCEPTION), 3, 6);
    assert_true(rig_values(1) >= 2);
    atomic_store(&rig.peer.mode, 0);
    rig_run_ms(2100); /* tried again 2 s after it was refused */
    assert_true(values_of((enum vital)5) >= 1);
    const unsigned requests = atomic_load(&health()->monitors[0].polls);
    rig_run_ms(300);
    assert_in_range(atomic_load(&health()->monitors[0].polls) - requests, 3, 7); /* all in one again */
}

/* --- monitors and lines that are gone ------------------------------------------------------------------------ */

static void serve_but_one(struct peer *peer, const struct peer_request *request)
{
    if (request->unit != 2 || atomic_load(&peer->mode) != 0) {
        peer_answer(peer, request, THINK_US);
    }
}

static void test_a_dead_monitor_costs_little(void **state)
{
    (void)state;
    open_rig(4, serve_but_one);
    rig_start();
    rig_run_ms(800);
    assert_in_range(atomic_load(&rig.peer.requests[2]), 2, 6);
    for (uint16_t i = 0; i < 4; i++) {
        assert_true(i == 1 || rig_values(i) >= 7);
    }
    assert_false(rig_answering(1));
    assert_int_equal(rig_values(1), 0);
    atomic_store(&rig.peer.mode, 1);
    assert_true(rig_run_until_values(1, 3, 4000)); /* at full rate again */
    assert_true(atomic_load(&health()->gap_us_min) >= GAP_US);
    assert_true(atomic_load(&rig.peer.gap_us_min) >= GAP_US);
}

static void serve_two(struct peer *peer, const struct peer_request *request)
{
    if (request->unit >= 7) {
        peer_answer(peer, request, THINK_US);
    }
}

/* Most beds of a line are empty: whoever is due goes before the next probe. */
static void test_many_dead_monitors(void **state)
{
    (void)state;
    open_rig(8, serve_two);
    rig_start();
    rig_run_ms(1000); /* each of the six was asked in vain, and probed */
    rig_forget();
    rig_run_ms(1000);
    assert_true(rig_values(6) >= 5);
    assert_true(rig_values(7) >= 5);
    for (unsigned unit = 1; unit <= 6; unit++) {
        assert_true(atomic_load(&rig.peer.requests[unit]) >= 2);
    }
}

static void test_unplugged_and_plugged_in_again(void **state)
{
    (void)state;
    open_rig(2, serve_well);
    rig_start();
    assert_true(rig_run_until_values(1, 2, 1000));
    peer_unplug(&rig.peer);
    rig_run_ms(150);
    assert_int_equal(atomic_load(&health()->state), BUS_CLOSED);
    assert_int_not_equal(atomic_load(&health()->last_error), STATUS_OK);
    assert_false(rig_answering(0));
    peer_plug(&rig.peer);
    (void)rig_retry_ms();
    assert_true(rig_run_until_values(0, 2, 2000));
    assert_int_equal(atomic_load(&health()->state), BUS_OPEN);
    assert_int_equal(atomic_load(&health()->last_error), STATUS_OK);
    assert_int_equal(atomic_load(&health()->opened), 2);
}

static void test_missing_at_the_start(void **state)
{
    (void)state;
    open_rig(1, serve_well);
    peer_unplug(&rig.peer);
    rig_start();
    assert_int_equal(atomic_load(&health()->last_error), STATUS_NOT_FOUND);
    assert_int_equal(atomic_load(&health()->last_errno), ENOENT);
    static const unsigned waits_ms[] = {1000, 2000, 4000, 5000, 5000};
    for (unsigned i = 0; i < 5; i++) {
        assert_in_range(rig_retry_ms(), waits_ms[i] - 100, waits_ms[i] + 100);
    }
    peer_plug(&rig.peer);
    (void)rig_retry_ms();
    assert_true(rig_run_until_values(0, 1, 2000));
}

static void test_a_line_in_use_is_left_alone(void **state)
{
    (void)state;
    open_rig(1, serve_well);
    const int other = open(rig.peer.device, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
    rig_start();
    assert_int_equal(atomic_load(&health()->last_error), STATUS_BUSY);
    (void)close(other);
    (void)rig_retry_ms();
    assert_true(rig_run_until_values(0, 1, 2000));
}

int main(void)
{
    draw_seed(20240619);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_noise_between_polls, tear_down),
        cmocka_unit_test_teardown(test_an_unasked_frame, tear_down),
        cmocka_unit_test_teardown(test_a_humming_line_does_not_wedge, tear_down),
        cmocka_unit_test_teardown(test_a_busy_monitor, tear_down),
        cmocka_unit_test_teardown(test_a_register_that_is_not_there, tear_down),
        cmocka_unit_test_teardown(test_a_dead_monitor_costs_little, tear_down),
        cmocka_unit_test_teardown(test_many_dead_monitors, tear_down),
        cmocka_unit_test_teardown(test_unplugged_and_plugged_in_again, tear_down),
        cmocka_unit_test_teardown(test_missing_at_the_start, tear_down),
        cmocka_unit_test_teardown(test_a_line_in_use_is_left_alone, tear_down),
    };
    return cmocka_run_group_tests_name("modbus line", tests, NULL, NULL);
}
