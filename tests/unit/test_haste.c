/*
 * Who gives way on the way of acknowledgements: both threads, but for a second after ours was woken late.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <unistd.h>

#include "drivers/uplink/haste.h"
#include "hal/clock.h"
#include "hal/thread.h"

enum { TRIES = 60 };

/* A library's thread, which says how it is scheduled. */
struct library {
    struct haste haste;
    pthread_t thread;
    sem_t wanted, done;
    bool ends, keeps_way;
    int policy;
};

static void *acknowledge(void *argument)
{
    struct library *library = argument;
    thread_give_way();
    while (sem_wait(&library->wanted) == 0 && !library->ends) {
        haste_acknowledged(&library->haste, &library->keeps_way);
        library->policy = sched_getscheduler(0);
        (void)sem_post(&library->done);
    }
    return NULL;
}

static void take_acknowledgement(struct library *library)
{
    (void)sem_post(&library->wanted);
    (void)sem_wait(&library->done);
}

static void fall_asleep_and_wake(struct library *library, unsigned late_us)
{
    haste_asleep(&library->haste);
    take_acknowledgement(library);
    (void)usleep(late_us);
    haste_awake(&library->haste);
}

static void set_up(struct library *library)
{
    *library = (struct library){.policy = -1};
    assert_int_equal(sem_init(&library->wanted, 0, 0), 0);
    assert_int_equal(sem_init(&library->done, 0, 0), 0);
    assert_int_equal(pthread_create(&library->thread, NULL, acknowledge, library), 0);
    thread_give_way();
}

static void tear_down(struct library *library)
{
    library->ends = true;
    (void)sem_post(&library->wanted);
    assert_int_equal(pthread_join(library->thread, NULL), 0);
    thread_keep_way();
}

static void test_who_is_late_keeps_its_way_for_a_second(void **state)
{
    (void)state;
    struct library library;
    set_up(&library);
    fall_asleep_and_wake(&library, 2 * HASTE_LATE_US);
    const int64_t late_us = clock_boot_us();
    assert_int_equal(sched_getscheduler(0), SCHED_OTHER);
    take_acknowledgement(&library);
    assert_int_equal(library.policy, SCHED_OTHER);
    haste_awake(&library.haste); /* whatever wakes it before a second is over */
    assert_true(sched_getscheduler(0) == SCHED_OTHER || clock_boot_us() - late_us > HASTE_US);
    for (unsigned i = 0; i < TRIES && sched_getscheduler(0) != SCHED_BATCH; i++) { /* this test may be late as well */
        (void)sleep(HASTE_US / 1000000);
        (void)usleep(1000);
        fall_asleep_and_wake(&library, 0);
    }
    assert_int_equal(sched_getscheduler(0), SCHED_BATCH);
    take_acknowledgement(&library);
    assert_int_equal(library.policy, SCHED_BATCH);
    tear_down(&library);
}

static void test_who_was_not_raised_is_not_late(void **state)
{
    (void)state;
    struct library library;
    set_up(&library);
    take_acknowledgement(&library);
    haste_asleep(&library.haste); /* what came before is served */
    (void)usleep(2 * HASTE_LATE_US);
    haste_awake(&library.haste);
    assert_int_equal(sched_getscheduler(0), SCHED_BATCH);
    take_acknowledgement(&library);
    assert_int_equal(library.policy, SCHED_BATCH);
    tear_down(&library);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_late_keeps_its_way_for_a_second),
        cmocka_unit_test(test_who_was_not_raised_is_not_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
