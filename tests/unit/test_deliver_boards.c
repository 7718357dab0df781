/*
 * Boards that say that they are there, over a real broker: what the others get to know of them, and what becomes of those
 * that lie, come in crowds, or are of another broker.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/timex.h>

#include "tests/unit/support/deliver_bench.h"

static struct bench *bench;
static atomic_bool clock_is_kept;

/* What the kernel says of its time source (hal/clock.h). */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): glibc names it __ntx */
int adjtimex(struct timex *buf)
{
    memset(buf, 0, sizeof *buf);
    buf->status = atomic_load(&clock_is_kept) ? 0 : STA_UNSYNC;
    return TIME_OK;
}

static void open_bench(void)
{
    atomic_store(&clock_is_kept, true);
    bench = bench_open();
    bench->config.commands.roles = 1U << ROLE_nurse;
    broker_start(&bench->broker);
}

static void say(const char *name, const char *payload, bool retained)
{
    char port[16], topic[128];
    (void)snprintf(port, sizeof port, "%d", bench->broker.port);
    (void)snprintf(topic, sizeof topic, BASE "board/%s", name);
    const char *arguments[16] = {"mosquitto_pub", "-h", "127.0.0.1", "-p", port, "-q", "1", "-t", topic, "-m", payload};
    arguments[11] = retained ? "-r" : NULL;
    test_need(test_run(arguments) == 0, "mosquitto_pub");
}

static const char *body(const char *name, bool visible, int expires_in_s)
{
    static char text[256];
    char at[TIME_TEXT_MAX], expires_at[TIME_TEXT_MAX];
    time_text(clock_wall_ms(), at);
    time_text(clock_wall_ms() + expires_in_s * 1000, expires_at);
    (void)snprintf(
        text, sizeof text,
        "{\"schema\":\"1\",\"board\":\"%s\",\"at\":\"%s\",\"expires_at\":\"%s\",\"visible\":%s,\"sound\":\"on\"}", name,
        at, expires_at, visible ? "true" : "false");
    return text;
}

static struct presence_count count_now(void)
{
    struct presence presence;
    board_take_boards(&bench->board, &presence);
    return presence_count(&presence, clock_boot_us());
}

static bool wait_looking(unsigned looking)
{
    const int64_t until_ms = test_now_ms() + BENCH_WAIT_MS;
    while (count_now().looking != looking && test_now_ms() < until_ms) {
        (void)usleep(5000);
    }
    return count_now().looking == looking;
}

static bool wait_count(atomic_ullong *count, unsigned long long wanted)
{
    const int64_t until_ms = test_now_ms() + BENCH_WAIT_MS;
    while (atomic_load(count) < wanted && test_now_ms() < until_ms) {
        (void)usleep(5000);
    }
    return atomic_load(count) == wanted;
}

static void test_it_comes_hides_and_goes(void **state)
{
    (void)state;
    open_bench();
    bench_go_online(bench);
    assert_int_equal(count_now().there, 0);
    say("wall", body("wall", true, 60), true);
    assert_true(wait_looking(1));
    assert_int_equal(atomic_load(&bench->board.boards_lately), 1);
    say("wall", body("wall", false, 60), true);
    assert_true(wait_looking(0));
    assert_int_equal(count_now().there, 1);
    say("wall", body("wall", true, 60), true);
    assert_true(wait_looking(1));
    say("wall", "", true); /* the will */
    assert_true(wait_looking(0));
    assert_int_equal(count_now().there, 0);
    assert_int_equal(atomic_load(&bench->board.boards_lately), 1); /* it was there within the minute */
    bench_close(bench);
}

/* By when it came, whatever its own clock says; what stood there before counts until it expires. */
static void test_whose_clock_counts(void **state)
{
    (void)state;
    open_bench();
    say("old", body("old", true, -5), true);
    say("short", body("short", true, 3), true);
    say("long", body("long", true, 86400), true);
    bench_go_online(bench);
    assert_true(wait_looking(2));
    assert_true(count_now().next_us - clock_boot_us() <= 3000000);
    assert_true(wait_looking(1)); /* long; and that for a minute */
    assert_true(count_now().next_us - clock_boot_us() <= PRESENCE_LASTS_US);
    say("slow", body("slow", true, -86400), true); /* it comes now */
    assert_true(wait_looking(2));
    bench_close(bench);
}

/* In 1970 nobody knows what has expired: a minute. */
static void test_a_clock_without_a_time_source(void **state)
{
    (void)state;
    open_bench();
    atomic_store(&clock_is_kept, false);
    say("old", body("old", true, -5), true);
    bench_go_online(bench);
    assert_true(wait_looking(1));
    assert_true(count_now().next_us - clock_boot_us() > PRESENCE_LASTS_US - 10000000);
    bench_close(bench);
}

static void test_what_is_not_understood_is_counted(void **state)
{
    (void)state;
    char longer[UPLINK_PAYLOAD_MAX + 64];
    open_bench();
    bench_go_online(bench);
    memset(longer, ' ', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    memcpy(longer, body("wall", true, 60), strlen(body("wall", true, 60)));
    say("wall", "{\"schema\":\"1\"}", false);
    say("wall", longer, false);
    say("7e", body("7e", true, 60), false);
    say("hall", body("wall", true, 60), false);
    assert_true(wait_count(&bench->board.boards_bad, 4));
    assert_int_equal(count_now().there, 0);
    assert_true(bench->config.link != NULL);
    say("wall", body("wall", true, 60), false);
    assert_true(wait_looking(1));
    bench_close(bench);
}

/* Thousands of names: some are known, the others are counted, and a command is taken in between. */
static void test_a_crowd(void **state)
{
    (void)state;
    open_bench();
    bench_go_online(bench);
    for (int i = 0; i < PRESENCE_BOARDS_MAX + 8; i++) {
        char name[PRESENCE_NAME_MAX];
        (void)snprintf(name, sizeof name, "b%d", i);
        say(name, body(name, true, 60), false);
    }
    assert_true(wait_looking(PRESENCE_BOARDS_MAX));
    assert_true(wait_count(&bench->board.boards_dropped, 8));
    assert_int_equal(atomic_load(&bench->board.commands_dropped), 0);
    bench_close(bench);
}

/* Those of the broker before are not here. */
static void test_another_connection_begins_anew(void **state)
{
    (void)state;
    open_bench();
    bench_go_online(bench);
    say("wall", body("wall", true, 60), false);
    assert_true(wait_looking(1));
    const int64_t known_us = atomic_load(&bench->board.boards_known_us);
    broker_signal(&bench->broker, SIGTERM);
    assert_true(bench_wait_connected(bench, false, BENCH_WAIT_MS));
    assert_int_equal(count_now().looking, 1); /* until there is another connection nothing is known */
    broker_start(&bench->broker);
    assert_true(bench_wait_connected(bench, true, BENCH_WAIT_MS));
    assert_true(wait_looking(0));
    assert_int_equal(atomic_load(&bench->board.boards_lately), 0);
    assert_true(atomic_load(&bench->board.boards_known_us) > known_us);
    bench_close(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_comes_hides_and_goes),
        cmocka_unit_test(test_whose_clock_counts),
        cmocka_unit_test(test_a_clock_without_a_time_source),
        cmocka_unit_test(test_what_is_not_understood_is_counted),
        cmocka_unit_test(test_a_crowd),
        cmocka_unit_test(test_another_connection_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
