/* longjmp from stack to stack is what this file is about: no check of it that knows one stack only. */
#undef _FORTIFY_SOURCE
#include "tests/sim/scheduler.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
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
    int top; /* no fiber from here on was ever used */
    int current;
    int64_t now_us;
    bool leaving;
    unsigned spins;
    jmp_buf world;
} s = {.current = -1};

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
    self->state = FIBER_FREE;
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
            *f = (struct fiber){.state = FIBER_READY, .name = name, .run = run, .argument = argument};
            prepare(f, stacks[i]);
            s.top = i >= s.top ? i + 1 : s.top;
            return i;
        }
    }
    return -1;
}

/* ---- waiting ---- */

void scheduler_wait_until(int64_t world_us)
{
    struct fiber *self = &s.fibers[s.current];
    self->state = world_us > s.now_us ? FIBER_WAITING : FIBER_READY;
    self->until_us = world_us;
    give_back();
}

void scheduler_hang_until(int64_t world_us)
{
    struct fiber *self = &s.fibers[s.current];
    self->state = FIBER_HANGING;
    self->until_us = world_us;
    give_back();
}

void scheduler_wake(int fiber)
{
    struct fiber *f = &s.fibers[fiber];
    if (f->state == FIBER_WAITING) {
        f->state = FIBER_READY;
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
    s.fibers[s.current].state = FIBER_READY;
    give_back();
}

/* ---- the world's side ---- */

static int draw_ready(void)
{
    int ready[SCHEDULER_FIBERS], count = 0;
    for (int i = 0; i < s.top; i++) {
        if (s.fibers[i].state == FIBER_READY) {
            ready[count++] = i;
        }
    }
    if (count == 0) {
        return -1;
    }
    return count == 1 ? ready[0] : ready[chance_draw((uint64_t)count)];
}

static int64_t next_instant(int64_t until_us)
{
    for (int i = 0; i < s.top; i++) {
        const struct fiber *f = &s.fibers[i];
        if ((f->state == FIBER_WAITING || f->state == FIBER_HANGING) && f->until_us < until_us) {
            until_us = f->until_us;
        }
    }
    return until_us;
}

static void wake_due(void)
{
    for (int i = 0; i < s.top; i++) {
        struct fiber *f = &s.fibers[i];
        if ((f->state == FIBER_WAITING || f->state == FIBER_HANGING) && f->until_us <= s.now_us) {
            f->state = FIBER_READY;
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

void scheduler_end_all(void)
{
    for (int i = 0; i < SCHEDULER_FIBERS; i++) {
        s.fibers[i].state = FIBER_FREE;
    }
}
