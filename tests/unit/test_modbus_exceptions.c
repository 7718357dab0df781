/* Monitors that answer with exceptions: each code has its own treatment, one register that is not there costs nothing
 * but itself, and whoever answers is alive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/monitor/modbus/exception.h"
#include "tests/unit/support/emulated.h"
#include "tests/unit/support/modbus_rig.h"

#define BAUD        57600
#define INTERVAL_MS 60
#define TIMEOUT_MS  90
#define THINK_US    3000

#define ANY_REGISTER           0xFF
#define MODE(code, reg, times) ((code) << 16 | (reg) << 8 | (times))
#define ALWAYS                 0xFF

/* Monitor 1 answers with an exception to the next so many requests for the register, as the mode says. */
static void serve_exceptions(struct peer *peer, const struct peer_request *request)
{
    const int mode = atomic_load(&peer->mode);
    const int reg = mode >> 8 & 0xFF;
    const int times = mode & 0xFF;
    const bool asked = reg == ANY_REGISTER || (request->first <= reg && reg < request->first + request->count);
    if (request->unit != 1 || times == 0 || !asked) {
        peer_answer(peer, request, THINK_US);
        return;
    }
    if (times != ALWAYS) {
        atomic_store(&peer->mode, mode - 1);
    }
    peer_except(peer, request, (uint8_t)(mode >> 16), THINK_US);
}

static void except(uint8_t code, int reg, int times)
{
    atomic_store(&rig.peer.mode, MODE(code, reg, times));
}

static void heal(void)
{
    atomic_store(&rig.peer.mode, 0);
}

static void open_rig(uint16_t monitors)
{
    rig_open(BAUD, monitors, INTERVAL_MS, TIMEOUT_MS, serve_exceptions);
}

static const struct monitor_health *monitor_health(void)
{
    return &rig.driver->health(rig.bus)->monitors[0];
}

static unsigned refusals(enum vital vital, bool refused)
{
    return rig_count_of(0, OBSERVATION_REFUSED, vital, refused);
}

static unsigned values_of(enum vital vital)
{
    unsigned values = 0;
    for (unsigned i = 0; i < rig.count; i++) {
        values += rig.seen[i].kind == OBSERVATION_VALUE && rig.seen[i].vital == vital && rig.seen[i].bed == 0;
    }
    return values;
}

/* --- the table ----------------------------------------------------------------------------------------------- */

static void test_every_code_has_a_treatment(void **state)
{
    (void)state;
    static const enum exception_treatment treatments[] = {
        EXCEPTION_SKIP, EXCEPTION_REFUSED, EXCEPTION_REFUSED, EXCEPTION_REFUSED, EXCEPTION_SKIP, EXCEPTION_BUSY,
        EXCEPTION_BUSY, EXCEPTION_SKIP,    EXCEPTION_RETRY,   EXCEPTION_SKIP,    EXCEPTION_AWAY, EXCEPTION_AWAY};
    for (unsigned code = 0; code <= UINT8_MAX; code++) {
        const bool listed = code < sizeof treatments / sizeof treatments[0];
        assert_int_equal(exception_treatment((uint8_t)code), listed ? treatments[code] : EXCEPTION_SKIP);
    }
}

/* Every code, known or not, for a while: the monitor is alive, but behind a gateway that says otherwise; its neighbour
 * keeps its rate; the code is shown, and forgotten when it answers well. */
static void test_whoever_answers_is_alive(void **state)
{
    (void)state;
    static const uint8_t codes[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x0A, 0x0B, 0x42, 0xFF};
    for (unsigned i = 0; i < sizeof codes; i++) {
        const bool away = exception_treatment(codes[i]) == EXCEPTION_AWAY;
        open_rig(2);
        rig_start();
        assert_true(rig_run_until_values(0, 1, 1000));
        except(codes[i], ANY_REGISTER, ALWAYS);
        rig_run_ms(INTERVAL_MS);
        rig_forget();
        rig_run_ms(300);
        assert_int_equal(rig_count(0, OBSERVATION_VALUE), 0);
        assert_int_equal(rig_count(0, OBSERVATION_HEARD) > 0, !away);
        assert_int_equal(rig_answering(0), !away);
        assert_true(rig_failures(0, STATUS_EXCEPTION) >= 2);
        assert_int_equal(atomic_load(&monitor_health()->exceptions), codes[i]);
        assert_true(rig_run_until_values(1, 2, 1000));
        heal();
        assert_true(rig_run_until_values(0, 1, 3000));
        rig_run_ms(100);
        assert_int_equal(atomic_load(&monitor_health()->exceptions), 0);
        if (i + 1 < sizeof codes) {
            rig_close();
        }
    }
}

/* --- not this time ------------------------------------------------------------------------------------------- */

static void test_a_failed_monitor_is_asked_in_its_turn(void **state)
{
    (void)state;
    open_rig(1);
    rig_start();
    assert_true(rig_run_until_values(0, 1, 1000));
    except(0x04, ANY_REGISTER, ALWAYS);
    const unsigned before = atomic_load(&rig.peer.requests[1]);
    rig_run_ms(600);
    assert_in_range(atomic_load(&rig.peer.requests[1]) - before, 7, 12);
    assert_true(rig_count(0, OBSERVATION_HEARD) >= 7);
    heal();
    assert_true(rig_run_until_values(0, 2, 400)); /* without a pause */
}

/* The first turn ends in an exception, so many times; the next one would be in 2 s. */
static void start_slow_rig(uint8_t code, int times)
{
    rig_open(BAUD, 1, 2000, TIMEOUT_MS, serve_exceptions);
    except(code, ANY_REGISTER, times);
    rig_start();
}

static void test_a_busy_monitor_is_asked_again_soon(void **state)
{
    (void)state;
    for (uint8_t code = 0x05; code <= 0x06; code++) {
        start_slow_rig(code, 2);
        assert_true(rig_run_until_values(0, 1, 1500));
        assert_int_equal(rig_failures(0, STATUS_EXCEPTION), 2);
        assert_int_equal(atomic_load(&rig.peer.requests[1]), 3);
        if (code == 0x05) {
            rig_close();
        }
    }
}

static void test_a_monitor_that_stays_busy_is_not_pestered(void **state)
{
    (void)state;
    start_slow_rig(0x06, ALWAYS);
    rig_run_ms(1800);
    assert_int_equal(atomic_load(&rig.peer.requests[1]), 1 + 3);
}

static void test_damaged_memory_is_read_once_more(void **state)
{
    (void)state;
    start_slow_rig(0x08, 1);
    assert_true(rig_run_until_values(0, 1, 1000));
    assert_int_equal(atomic_load(&rig.peer.requests[1]), 2);
    rig_close();
    start_slow_rig(0x08, ALWAYS);
    rig_run_ms(1000);
    assert_int_equal(atomic_load(&rig.peer.requests[1]), 2);
    assert_int_equal(rig_count(0, OBSERVATION_VALUE), 0);
}

/* --- registers that are not there ---------------------------------------------------------------------------- */

static void test_a_register_that_is_not_there(void **state)
{
    (void)state;
    open_rig(2);
    except(0x02, 5, ALWAYS);
    rig_start();
    rig_run_ms(600);
    assert_int_equal(values_of((enum vital)5), 0);
    for (unsigned vital = 0; vital < RIG_REGISTERS; vital++) {
        assert_true(vital == 5 || values_of((enum vital)vital) >= 2);
        assert_int_equal(refusals((enum vital)vital, true), vital == 5);
    }
    assert_in_range(rig_failures(0, STATUS_EXCEPTION), 3, 6);
    assert_int_equal(atomic_load(&rig.driver->health(rig.bus)->refused), rig_failures(0, STATUS_EXCEPTION));
    assert_int_equal(atomic_load(&monitor_health()->exceptions), 2); /* still, though the others answer well */
    assert_true(rig_values(1) >= 2);
    heal();
    rig_run_ms(2100); /* tried again 2 s after it was refused */
    assert_true(values_of((enum vital)5) >= 1);
    assert_int_equal(refusals((enum vital)5, false), 1);
    assert_int_equal(rig_count(0, OBSERVATION_REFUSED), 2);
    assert_int_equal(atomic_load(&monitor_health()->exceptions), 0);
    const unsigned requests = atomic_load(&monitor_health()->polls);
    rig_run_ms(300);
    assert_in_range(atomic_load(&monitor_health()->polls) - requests, 3, 7); /* all in one again */
}

/* A line that was away: it may be another monitor now, so everything is asked again, and what it has not is found
 * again. */
static void test_asked_again_after_the_cable_was_out(void **state)
{
    (void)state;
    open_rig(1);
    except(0x02, 5, ALWAYS);
    rig_start();
    rig_run_ms(400);
    peer_unplug(&rig.peer);
    rig_run_ms(100);
    peer_plug(&rig.peer);
    heal();
    (void)rig_retry_ms();
    assert_true(rig_run_until_values(0, 1, 1000));
    assert_int_equal(refusals((enum vital)5, false), 1);
}

/* Counter, bits and identity have registers like any value. */
static void make_everything_missing_in_turn(uint16_t missing)
{
    rig_open(0, 1, INTERVAL_MS, TIMEOUT_MS, serve_exceptions);
    rig.numbered = false;
    rig.channels[3].episodic = true;
    rig.channels[3].has_changed_by = true;
    rig.channels[3].changed_by = 13;
    rig.bits[0].reg = 14;
    rig.bits[1].reg = 15;
    rig.profile.bit_count = 2;
    rig.profile.identity_register = 16;
    rig.profile.identity_count = 2;
    except(0x02, missing, ALWAYS);
    rig_start();
    rig_run_ms(250);
}

static void test_any_register_costs_only_itself(void **state)
{
    (void)state;
    for (uint16_t missing = 0; missing < 18; missing++) {
        make_everything_missing_in_turn(missing);
        for (unsigned vital = 0; vital < RIG_REGISTERS; vital++) {
            const unsigned values = values_of((enum vital)vital);
            assert_true(vital == missing ? values == 0 : values >= 1);
            assert_int_equal(refusals((enum vital)vital, true), vital == missing);
        }
        for (uint8_t bit = 0; bit < 2; bit++) {
            unsigned signals = 0;
            for (unsigned i = 0; i < rig.count; i++) {
                signals += rig.seen[i].kind == OBSERVATION_SIGNAL && rig.seen[i].signal == bit;
            }
            assert_int_equal(signals, missing != 14 + bit);
        }
        assert_int_equal(rig_count(0, OBSERVATION_IDENTITY) > 0, missing < 16);
        assert_int_equal(atomic_load(&monitor_health()->exceptions), missing == 12 ? 0 : 2);
        if (missing < 17) {
            rig_close();
        }
    }
}

int main(void)
{
    if (emulated_is_too_busy()) {
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_has_a_treatment),
        cmocka_unit_test_teardown(test_whoever_answers_is_alive, rig_tear_down),
        cmocka_unit_test_teardown(test_a_failed_monitor_is_asked_in_its_turn, rig_tear_down),
        cmocka_unit_test_teardown(test_a_busy_monitor_is_asked_again_soon, rig_tear_down),
        cmocka_unit_test_teardown(test_a_monitor_that_stays_busy_is_not_pestered, rig_tear_down),
        cmocka_unit_test_teardown(test_damaged_memory_is_read_once_more, rig_tear_down),
        cmocka_unit_test_teardown(test_a_register_that_is_not_there, rig_tear_down),
        cmocka_unit_test_teardown(test_asked_again_after_the_cable_was_out, rig_tear_down),
        cmocka_unit_test_teardown(test_any_register_costs_only_itself, rig_tear_down),
    };
    return cmocka_run_group_tests_name("modbus exceptions", tests, NULL, NULL);
}
