#include "tests/sim/hal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/clock.h"
#include "hal/keepsake.h"
#include "hal/thread.h"
#include "hal/wake.h"
#include "hal/watch.h"
#include "tests/powerloss/chance.h"
#include "tests/sim/scheduler.h"

#define BEGIN_WALL_MS INT64_C(1767225600000) /* 2026-01-01 */
#define DEAD_MS       1000000                /* 1970 */
enum { WAKES_MAX = 64, FIRST_FD = 0x7000 };

/* IDLE: nobody waits by wake_wait_until; also of one that is watched. */
enum wake_state { WAKE_IDLE, WAKE_RAISED, WAKE_SLEEPING, WAKE_LENT };

/* What stands behind a descriptor: a wake, or a watch. */
struct descriptor {
    bool used;
    int sleeper;    /* fiber that waits for it, or in it (a watch); -1: none */
    int watch;      /* descriptor of the watch that it is in; -1: none */
    uint32_t token; /* in that */
    struct wake *wake;
};

static struct {
    struct descriptor descriptors[WAKES_MAX];
    int top; /* no descriptor from here on is used */
    int64_t booted_us, wall_offset_ms, set_us, synced_since_us;
    unsigned boots;
    bool synced;
    enum hal_hardware hardware;
    int64_t hardware_offset_ms; /* beside the true time */
    _Alignas(64) unsigned char keepsake[KEEPSAKE_BYTES];
} hal = {.synced = true};

/* ---- clocks ---- */

int64_t clock_boot_us(void)
{
    return scheduler_now_us() - hal.booted_us;
}

int64_t hal_true_wall_ms(void)
{
    return BEGIN_WALL_MS + scheduler_now_us() / 1000;
}

int64_t clock_wall_ms(void)
{
    return hal_true_wall_ms() + hal.wall_offset_ms;
}

int32_t clock_utc_offset_s(int64_t wall_ms)
{
    (void)wall_ms;
    return 0;
}

bool clock_is_synchronised(void)
{
    return hal.synced;
}

int64_t hal_world_us(int64_t boot_us)
{
    return boot_us >= SCHEDULER_NEVER / 2 ? SCHEDULER_NEVER : boot_us + hal.booted_us;
}

/* The kernel writes it while the clock has a time source. */
static void keep_hardware_clock(void)
{
    if (hal.synced) {
        hal.hardware_offset_ms = hal.wall_offset_ms;
    }
}

bool clock_hardware_ms(const char *file, int64_t *out_ms)
{
    (void)file;
    keep_hardware_clock();
    const int64_t ms = hal_true_wall_ms() + hal.hardware_offset_ms;
    *out_ms = ms - ms % 1000 + 500;
    return hal.hardware != HARDWARE_ABSENT;
}

enum hal_hardware hal_hardware(void)
{
    return hal.hardware;
}

void clock_sleep_until_us(int64_t boot_us)
{
    scheduler_hang_until(hal_world_us(boot_us));
}

void clock_boot_id(char text[37])
{
    (void)snprintf(text, 37, "00000000-0000-0000-0000-%012u", hal.boots);
}

/* By hours, or by seconds, which is worse: then what is from before the break seems to stand close by. */
static int64_t draw_wrong_ms(void)
{
    const int64_t hours_ms = (int64_t)(1 + chance_draw(6)) * 3600000;
    return chance_is(50) ? -3000 - (int64_t)chance_draw(60000) : chance_is(50) ? hours_ms : -hours_ms;
}

void hal_boot(enum hal_hardware hardware)
{
    int64_t now_ms = DEAD_MS;
    hal_set_synced(false);
    hal.boots++;
    hal.booted_us = scheduler_now_us() - HAL_BOOT_US;
    hal.hardware = hardware;
    if (hardware == HARDWARE_DEAD) {
        hal.hardware_offset_ms = DEAD_MS - hal_true_wall_ms();
    } else if (hardware == HARDWARE_WRONG) {
        hal.hardware_offset_ms += draw_wrong_ms();
    }
    (void)clock_hardware_ms(CLOCK_HARDWARE, &now_ms);
    hal_set_wall_ms(hardware != HARDWARE_ABSENT ? now_ms : DEAD_MS);
    memset(hal.keepsake, 0, sizeof hal.keepsake);
}

void hal_set_wall_ms(int64_t wall_ms)
{
    keep_hardware_clock();
    hal.wall_offset_ms = wall_ms - hal_true_wall_ms();
    hal.set_us = scheduler_now_us();
}

int64_t hal_set_us(void)
{
    return hal.set_us;
}

void hal_set_synced(bool synced)
{
    keep_hardware_clock();
    hal.synced_since_us = hal.synced != synced ? scheduler_now_us() : hal.synced_since_us;
    hal.synced = synced;
}

int64_t hal_synced_since_us(void)
{
    return hal.synced_since_us;
}

/* ---- memory that outlives the process ---- */

enum status keepsake_open(const char *folder, void **out)
{
    (void)folder;
    *out = hal.keepsake;
    return STATUS_OK;
}

void keepsake_close(void *keepsake)
{
    (void)keepsake;
}

/* ---- descriptors ---- */

static int take_descriptor(struct wake *wake)
{
    for (int i = 0; i < WAKES_MAX; i++) {
        if (!hal.descriptors[i].used) {
            hal.descriptors[i] = (struct descriptor){.used = true, .sleeper = -1, .watch = -1, .wake = wake};
            hal.top = i >= hal.top ? i + 1 : hal.top;
            return FIRST_FD + i;
        }
    }
    return -1;
}

static struct descriptor *descriptor_of(int fd)
{
    assert(fd >= FIRST_FD && fd < FIRST_FD + WAKES_MAX && hal.descriptors[fd - FIRST_FD].used);
    return &hal.descriptors[fd - FIRST_FD];
}

void hal_forget_wakes(void)
{
    memset(hal.descriptors, 0, sizeof hal.descriptors);
    hal.top = 0;
}

/* ---- wakes ---- */

enum status wake_open(struct wake *wake)
{
    const int fd = take_descriptor(wake);
    if (fd < 0) {
        return STATUS_IO;
    }
    wake->fd = fd;
    atomic_init(&wake->state, WAKE_IDLE);
    return STATUS_OK;
}

void wake_close(struct wake *wake)
{
    if (wake->fd >= 0) {
        descriptor_of(wake->fd)->used = false;
        wake->fd = -1;
    }
}

static void set_state(struct wake *wake, enum wake_state state)
{
    atomic_store_explicit(&wake->state, (int)state, memory_order_relaxed);
}

static enum wake_state state_of(const struct wake *wake)
{
    return (enum wake_state)atomic_load_explicit(&wake->state, memory_order_relaxed);
}

void wake_raise(struct wake *wake)
{
    enum wake_state before = state_of(wake);
    set_state(wake, WAKE_RAISED);
    if (before == WAKE_LENT) {
        wake = wake->lent_to;
        before = state_of(wake);
        set_state(wake, WAKE_RAISED);
    }
    if (before == WAKE_RAISED) {
        return;
    }
    const struct descriptor *d = descriptor_of(wake->fd);
    const int sleeper = d->watch >= 0 ? descriptor_of(d->watch)->sleeper : d->sleeper;
    if (sleeper >= 0) {
        scheduler_wake(sleeper);
    }
}

void wake_clear(struct wake *wake)
{
    set_state(wake, WAKE_IDLE);
}

bool wake_wait_until(struct wake *wake, int64_t boot_us)
{
    if (state_of(wake) != WAKE_RAISED) {
        set_state(wake, WAKE_SLEEPING);
        descriptor_of(wake->fd)->sleeper = scheduler_self();
        scheduler_wait_until(hal_world_us(boot_us));
        descriptor_of(wake->fd)->sleeper = -1;
    }
    const bool raised = state_of(wake) == WAKE_RAISED;
    set_state(wake, WAKE_IDLE);
    return raised;
}

void wake_lend(struct wake *wake, struct wake *other)
{
    assert(other != wake);
    wake->lent_to = other;
    set_state(wake, WAKE_LENT);
    wake_raise(wake);
}

bool wake_take(struct wake *wake)
{
    const bool raised = state_of(wake) == WAKE_RAISED;
    set_state(wake, WAKE_LENT);
    return raised;
}

void wake_reclaim(struct wake *wake)
{
    if (state_of(wake) == WAKE_LENT) {
        set_state(wake, WAKE_IDLE);
    }
}

static bool is_raised(int fd)
{
    const struct descriptor *d = descriptor_of(fd);
    return d->wake != NULL && state_of(d->wake) == WAKE_RAISED;
}

bool hal_poll(const int *fds, unsigned count, int64_t wait_us)
{
    bool raised = false;
    for (unsigned i = 0; i < count; i++) {
        raised = raised || is_raised(fds[i]);
        descriptor_of(fds[i])->sleeper = scheduler_self();
    }
    if (!raised) {
        scheduler_wait_until(scheduler_now_us() + wait_us);
    }
    for (unsigned i = 0; i < count; i++) {
        descriptor_of(fds[i])->sleeper = -1;
        raised = raised || is_raised(fds[i]);
    }
    return raised;
}

/* ---- watches ---- */

enum status watch_open(int *out_watch)
{
    *out_watch = take_descriptor(NULL);
    return *out_watch >= 0 ? STATUS_OK : STATUS_IO;
}

void watch_close(int watch)
{
    descriptor_of(watch)->used = false;
}

enum status watch_set(int watch, int fd, uint32_t token, bool reads, bool writes)
{
    (void)reads;
    (void)writes;
    descriptor_of(fd)->watch = watch;
    descriptor_of(fd)->token = token;
    return STATUS_OK;
}

void watch_end(int watch, int fd)
{
    (void)watch;
    descriptor_of(fd)->watch = -1;
}

static size_t find_ready(int watch, struct watch_ready *out, size_t size)
{
    size_t count = 0;
    for (int i = 0; i < hal.top && count < size; i++) {
        const struct descriptor *d = &hal.descriptors[i];
        if (d->used && d->watch == watch && d->wake != NULL && state_of(d->wake) == WAKE_RAISED) {
            out[count++] = (struct watch_ready){.token = d->token, .readable = true};
        }
    }
    return count;
}

size_t watch_wait(int watch, int64_t wait_us, struct watch_ready *out, size_t size)
{
    size_t count = find_ready(watch, out, size);
    if (count == 0 && wait_us > 0) {
        descriptor_of(watch)->sleeper = scheduler_self();
        scheduler_wait_until(scheduler_now_us() + wait_us);
        descriptor_of(watch)->sleeper = -1;
        count = find_ready(watch, out, size);
    }
    return count;
}

/* ---- threads ---- */

enum status thread_start(struct thread *thread, const char *name, void *(*run)(void *), void *argument)
{
    const int fiber = scheduler_spawn(name, run, argument);
    if (fiber < 0) {
        return STATUS_NO_MEMORY;
    }
    thread->id = (pthread_t)fiber;
    thread->running = true;
    return STATUS_OK;
}

void thread_set_slack_us(uint32_t slack_us)
{
    (void)slack_us;
}

void thread_give_way(void)
{
}

void thread_keep_way(void)
{
}

void thread_join(struct thread *thread)
{
    (void)!thread_join_until(thread, INT64_MAX);
}

bool thread_join_until(struct thread *thread, int64_t boot_us)
{
    thread->running = thread->running && !scheduler_join((int)thread->id, hal_world_us(boot_us));
    return !thread->running;
}

bool thread_is_beyond_reach(const struct thread *thread)
{
    (void)thread;
    return false;
}
