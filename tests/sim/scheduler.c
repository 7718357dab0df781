/* longjmp from stack to stack is what this file is about: no check of it that knows one stack only. */
#undef _FORTIFY_SOURCE
#include "tests/sim/scheduler.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "tests/powerloss/chance.h"

#define STACK_BYTES (256 * 1024)

enum fiber_state { FIBER_FREE, FIBER_READY, FIBER_WAITING, FIBER_HANGING };

struct fiber {
    enum fiber_state state;
    const char *name;
    void *(*run)(void *);
    void *argument;
    int64_t until_us;
    bool begun;
    jmp_buf place;
    ucontext_t first;
};

static struct {
    struct fiber fibers[SCHEDULER_FIBERS];
    uint32_t ready, waiting; /* a bit a fiber, of those in these states; hanging is waiting */
    uint32_t held;
    int current;
    int64_t now_us;
    bool leaving;
    unsigned spins;
    jmp_buf world;
} s = {.current = -1};

_Static_assert(SCHEDULER_FIBERS <= 32, "a bit each");

static _Alignas(64) unsigned char stacks[SCHEDULER_FIBERS][STACK_BYTES];

int64_t scheduler_now_us(void)
{
    return s.now_us;
}

int scheduler_self(void)
{
    return s.current;
}

const char *scheduler_name(int fiber)
{
    return fiber < 0 ? "world" : s.fibers[fiber].name;
}

bool scheduler_is_alive(int fiber)
{
    return s.fibers[fiber].state != FIBER_FREE;
}

static void set_state(int fiber, enum fiber_state state)
{
    const uint32_t bit = UINT32_C(1) << fiber;
    s.fibers[fiber].state = state;
    s.ready = state == FIBER_READY ? s.ready | bit : s.ready & ~bit;
    s.waiting = state == FIBER_WAITING || state == FIBER_HANGING ? s.waiting | bit : s.waiting & ~bit;
}

/* ---- from stack to stack ---- */

static void give_back(void)
{
    struct fiber *self = &s.fibers[s.current];
    if (_setjmp(self->place) == 0) {
        _longjmp(s.world, 1);
    }
}

static void enter(void)
{
    struct fiber *self = &s.fibers[s.current];
    (void)self->run(self->argument);
    set_state(s.current, FIBER_FREE);
    for (int i = 0; i < SCHEDULER_FIBERS; i++) {
        scheduler_wake(i); /* who joins looks again */
    }
    _longjmp(s.world, 1);
}

static void go_on(int fiber)
{
    struct fiber *f = &s.fibers[fiber];
    s.current = fiber;
    s.now_us++;
    if (_setjmp(s.world) == 0) {
        if (f->begun) {
            _longjmp(f->place, 1);
        }
        f->begun = true;
        (void)setcontext(&f->first);
    }
    s.current = -1;
}

static void prepare(struct fiber *f, unsigned char *stack)
{
    (void)getcontext(&f->first);
    f->first.uc_stack.ss_sp = stack;
    f->first.uc_stack.ss_size = STACK_BYTES;
    f->first.uc_link = NULL;
    makecontext(&f->first, enter, 0);
}

int scheduler_spawn(const char *name, void *(*run)(void *), void *argument)
{
    for (int i = 0; i < SCHEDULER_FIBERS; i++) {
        struct fiber *f = &s.fibers[i];
        if (f->state == FIBER_FREE) {
            *f = (struct fiber){.name = name, .run = run, .argument = argument};
            set_state(i, FIBER_READY);
            prepare(f, stacks[i]);
            return i;
        }
    }
    return -1;
}

/* ---- waiting ---- */

void scheduler_wait_until(int64_t world_us)
{
    set_state(s.current, world_us > s.now_us ? FIBER_WAITING : FIBER_READY);
    s.fibers[s.current].until_us = world_us;
    give_back();
}

void scheduler_hang_until(int64_t world_us)
{
    set_state(s.current, FIBER_HANGING);
    s.fibers[s.current].until_us = world_us;
    give_back();
}

void scheduler_wake(int fiber)
{
    if (s.fibers[fiber].state == FIBER_WAITING) {
        set_state(fiber, FIBER_READY);
    }
}

bool scheduler_join(int fiber, int64_t world_us)
{
    while (scheduler_is_alive(fiber) && s.now_us < world_us) {
        scheduler_wait_until(world_us);
    }
    return !scheduler_is_alive(fiber);
}

void scheduler_leave(void)
{
    s.leaving = true;
    set_state(s.current, FIBER_READY);
    give_back();
}

/* ---- the world's side ---- */

static int draw_ready(void)
{
    uint32_t ready = s.ready & ~s.held;
    if (ready == 0) {
        return -1;
    }
    if ((ready & (ready - 1)) != 0) {
        for (uint64_t skip = chance_draw((uint64_t)__builtin_popcount(ready)); skip > 0; skip--) {
            ready &= ready - 1;
        }
    }
    return __builtin_ctz(ready);
}

static int64_t next_instant(int64_t until_us)
{
    for (uint32_t left = s.waiting; left != 0; left &= left - 1) {
        const struct fiber *f = &s.fibers[__builtin_ctz(left)];
        until_us = f->until_us < until_us ? f->until_us : until_us;
    }
    return until_us;
}

static void wake_due(void)
{
    for (uint32_t left = s.waiting; left != 0; left &= left - 1) {
        const int fiber = __builtin_ctz(left);
        if (s.fibers[fiber].until_us <= s.now_us) {
            set_state(fiber, FIBER_READY);
        }
    }
}

static void note_spin(void)
{
    if (++s.spins > SCHEDULER_SPIN) {
        (void)fprintf(stderr, "sim: the gateway spins, nobody waits (newest: %s)\n", scheduler_name(draw_ready()));
        abort();
    }
}

void scheduler_run_until(int64_t world_us)
{
    s.leaving = false;
    while (!s.leaving) {
        const int fiber = draw_ready();
        if (fiber >= 0) {
            note_spin();
            go_on(fiber);
            continue;
        }
        s.spins = 0;
        const int64_t next_us = next_instant(world_us);
        s.now_us = next_us > s.now_us ? next_us : s.now_us;
        wake_due();
        if (s.now_us >= world_us) {
            return;
        }
    }
}

bool scheduler_hold(const char *name)
{
    for (int i = 0; i < SCHEDULER_FIBERS; i++) {
        if (scheduler_is_alive(i) && s.fibers[i].begun && strcmp(s.fibers[i].name, name) == 0) {
            s.held |= UINT32_C(1) << i;
        }
    }
    return s.held != 0;
}

void scheduler_release(void)
{
    s.held = 0;
}

void scheduler_end_all(void)
{
    s.held = 0;
    for (int i = 0; i < SCHEDULER_FIBERS; i++) {
        set_state(i, FIBER_FREE);
    }
}
