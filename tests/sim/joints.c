#include "tests/sim/joints.h"

#include <inttypes.h>
#include <string.h>

#include "hal/clock.h"
#include "tests/sim/bedside.h"
#include "tests/sim/box.h"
#include "tests/sim/disk.h"
#include "tests/sim/hal.h"
#include "tests/sim/invariant.h"
#include "tests/sim/judge.h"
#include "tests/sim/process.h"
#include "tests/sim/scheduler.h"

#define SECOND_US INT64_C(1000000)
#define STEADY_US (40 * SECOND_US) /* a hardware clock is asked every 10 s until it is in step */
#define OFF_MS    4000             /* what steps of the wall clock that are none, and whole seconds, leave */
/* A time source says that it was wrong, and windows begin anew; not with a line that hangs, which is waited for. */
#define NOTICE_US (60 * SECOND_US)

static struct {
    bool is_known; /* the newest boot in the store: */
    char boot_id[sizeof(((struct state_clock *)0)->boot_id)];
    int64_t unbroken_from_ms;
    int64_t off_ms;      /* engine time - the world's, in it */
    int64_t off_most_ms; /* in any boot that the store knows: what is ahead of now is no past to go on from */
    bool is_false;       /* it was joined to another, or one before it was, which had another offset */
    int64_t well_us;     /* since then nothing has kept the gateway from seeing that; 0: it could not */
    bool carries;        /* this boot's clock, as it begins */
    bool was_steady;     /* the boot before ended with a time source that had been there for long */
    bool was_kept;       /* and with a hardware clock */
    bool was_orderly;    /* and not because the power went, or a watchdog reset the box */
    bool was_ending;     /* or at least the gateway was told to end in order, and may have, before the power went */
    bool was_wrong; /* a boot that the store knows nothing of had a hardware clock that was wrong, and left it so */
    bool has_put;   /* a run of this boot has committed anything */
} j;

static int64_t since(int64_t us)
{
    return scheduler_now_us() - us;
}

static bool is_steady(void)
{
    return process_up_us() > STEADY_US && since(hal_set_us()) > STEADY_US && since(disk_well_since_us()) > STEADY_US &&
           clock_is_synchronised() && since(hal_synced_since_us()) > STEADY_US;
}

void joints_end_boot(bool is_orderly, bool is_ending)
{
    j.was_orderly = is_orderly || (j.was_orderly && !j.has_put); /* of the run that the store knows */
    j.was_ending = is_ending || is_orderly || (j.was_ending && !j.has_put);
    j.was_wrong = !j.has_put && (j.was_wrong || hal_hardware() == HARDWARE_WRONG);
    j.has_put = false;
    j.was_steady = is_steady();
    j.was_kept = hal_hardware() != HARDWARE_ABSENT;
}

void joints_forget(void)
{
    memset(&j, 0, sizeof j);
}

void joints_begin_boot(void)
{
    j.carries =
        clock_is_synchronised() || (j.was_kept && j.was_orderly && hal_hardware() == HARDWARE_RIGHT && !j.was_wrong);
}

/* The first process of a boot whose clocks are as they were when it started, from a store that was within reach. */
static bool must_join(void)
{
    const bool is_first = clock_boot_us() - process_life_us() < HAL_BOOT_US + SECOND_US;
    return j.was_steady && j.carries && j.off_most_ms - j.off_ms <= OFF_MS && is_first && !judge_disk_was_ill();
}

static void check_begins(bool is_joined, int64_t off_ms)
{
    const bool is_other = off_ms - j.off_ms > OFF_MS || j.off_ms - off_ms > OFF_MS;
    const bool is_false = is_joined && (j.is_false || is_other), is_wrong = hal_hardware() == HARDWARE_WRONG;
    if (is_false && ((!is_wrong && !j.was_wrong) || !j.was_ending)) {
        invariant_broken(INVARIANT_joined, "windows go on over a break that nobody knows, off by %" PRId64 " ms",
                         off_ms - j.off_ms);
    }
    if (!is_joined && must_join()) {
        invariant_broken(INVARIANT_joined, "windows begin empty, and the length of the break was known");
    }
    j.is_false = is_false;
    invariant_holds(INVARIANT_joined);
}

void joints_put(const struct state_clock *clock)
{
    const int64_t off_ms = clock->anchor_ms - hal_world_us(0) / 1000;
    const bool is_joined = clock->unbroken_from_ms < clock->anchor_ms + HAL_BOOT_US / 1000;
    const bool is_other =
        strcmp(j.boot_id, clock->boot_id) != 0 || off_ms != j.off_ms; /* in one boot: of an empty store */
    if (!j.is_known || is_other) {
        if (j.is_known) {
            check_begins(is_joined, off_ms);
        }
        memcpy(j.boot_id, clock->boot_id, sizeof j.boot_id);
        j.is_known = true;
        j.off_ms = off_ms;
        j.off_most_ms = off_ms > j.off_most_ms ? off_ms : j.off_most_ms;
        j.was_steady = false;
    } else if (clock->unbroken_from_ms != j.unbroken_from_ms) {
        /* found: all begins anew from the store, as with a reload */
        j.is_false = j.is_false && is_joined;
        box_note_signal();
        process_disturb();
    }
    j.unbroken_from_ms = clock->unbroken_from_ms;
    j.has_put = true;
}

static bool can_see(void)
{
    bool lines_well = true;
    for (unsigned b = 0; b < WARD_BEDS; b++) {
        lines_well = lines_well && bedside_line_is_well(b);
    }
    return lines_well && process_up_us() > SECOND_US && disk_is_well() && clock_is_synchronised();
}

void joints_judge(void)
{
    j.well_us = !j.is_false || !can_see() ? 0 : j.well_us != 0 ? j.well_us : scheduler_now_us();
    if (j.well_us != 0 && since(j.well_us) > NOTICE_US) {
        invariant_broken(INVARIANT_joined,
                         "a hardware clock was wrong, a time source says so for %" PRId64 " s, and windows go on by it",
                         since(j.well_us) / SECOND_US);
    }
}
