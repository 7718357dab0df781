/*
 * clock_bridge.h: how the box's hardware clock carries the time over a restart of the box, before any time source can be heard.
 *
 * The break between two boots is of known length, too, when the wall clock had a time source at the end of the boot before, the hardware clock was
 * in step with it then (`in_step`, in the store), that boot ended in order (`ended`), and this boot's wall clock is the hardware clock's again (and puts what the store knows before this boot). Behind
 * a power cut or a kill it is not believed: a clock that stands still without power and goes on from there would say that there was hardly a break. Such a start goes on by a clock that
 * nobody has confirmed yet: its bridge is `open`, until a time source is there and the clock has not moved by more than CLOCK_STEP_MS. Has it, the
 * hardware clock was wrong, and with it the length of the break: windows begin anew where the boot's first start was (gateway_clock.c). A boot that
 * ends with an open bridge is followed by a break of unknown length, whatever its clock says.
 *
 *     none ──start that goes on by the hardware clock──► open ──a time source confirms──► none
 *                                                         │ it does not: told at each look
 *                                                         └──windows have begun anew, in the store, too──► none
 *
 * Stands in the store under a key of its own: a version that does not know it leaves it alone, and then it is of another boot.
 *
 * Pure: clocks are arguments. The caller's memory.
 */
#ifndef WARDGATE_CLOCK_BRIDGE_H
#define WARDGATE_CLOCK_BRIDGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CLOCK_IN_STEP_MS       1500 /* two clocks this close together say the same: the hardware's tells whole seconds */
#define CLOCK_HARDWARE_UNKNOWN INT64_MIN

/* As it stands in the store (STATE_CLOCK_BRIDGE). */
struct clock_bridge {
    char boot_id[40]; /* of the kernel */
    uint8_t in_step;  /* hardware clock and wall clock, at the newest look */
    uint8_t open;
    uint8_t
        ended; /* in order, with the box: the last that this boot's run committed. Gone with the next run's first commit */
    int64_t correction_ms; /* wall time - engine time at this boot's first start, which it went on by */
    int64_t from_ms;       /* engine time of that start */
};

/* What main, who asks the hardware, and commit, who looks at the wall clock, tell each other. */
struct clock_hardware {
    atomic_llong offset_ms; /* hardware clock - CLOCK_BOOTTIME, which does not step; CLOCK_HARDWARE_UNKNOWN. Main's. */
    atomic_llong
        wrong_ms; /* a time source has moved the clock by so much over an open bridge; 0: it has not. Commit's */
    atomic_bool
        anew; /* windows have begun anew: the bridge closes with what the engine said of that. Main's, while commit does not run */
    atomic_bool ends; /* the box is restarted or switched off in order. Main's, before commit_stop */
};

/* wall_offset_ms: wall clock - CLOCK_BOOTTIME. */
bool clock_bridge_in_step(int64_t hardware_offset_ms, int64_t wall_offset_ms);

/* Goes on with what the store had of this boot, else it begins here. goes_on: this start goes on by the hardware clock. */
void clock_bridge_begin(struct clock_bridge *bridge, const char *boot_id, bool goes_on, int64_t correction_ms,
                        int64_t engine_ms);

/* *out_wrong_ms: by how much a time source has moved the clock over an open bridge, beyond CLOCK_STEP_MS; else 0. True when the bridge has changed and
 * is to be stored. */
bool clock_bridge_look(struct clock_bridge *bridge, int64_t correction_ms, bool synced, bool in_step,
                       int64_t *out_wrong_ms);

#endif
