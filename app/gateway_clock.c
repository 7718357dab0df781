/*
 * The hardware clock: whether the wall clock is in step with it, for the next start of the box, and what becomes of windows when it was wrong over the
 * last one (app/flow/clock_bridge.h).
 *
 * It is asked here, by main, since a board's bus may take its time, and commit's does not wait. Only while there is a time source: the kernel writes the
 * hardware clock within seconds of that, and every 11 min after it. Until the two are in step it is asked every 10 s, then every 10 min, and once more at the end.
 */
#include <inttypes.h>

#include "app/flow/log.h"
#include "app/gateway_internal.h"
#include "hal/clock.h"

#define ASK_US      600000000
#define ASK_SOON_US 10000000
#define ANEW_US     10000000 /* the store, or a line, did not let it: tried again */

static bool is_in_step(struct gateway *g)
{
    const int64_t wall_offset_ms = clock_wall_ms() - clock_boot_us() / 1000;
    return clock_bridge_in_step(atomic_load(&g->clock_hardware.offset_ms), wall_offset_ms);
}

bool gateway_ask_hardware_clock(struct gateway *g)
{
    int64_t hardware_ms = 0;
    const bool is_there = clock_hardware_ms(CLOCK_HARDWARE, &hardware_ms);
    g->hardware_us = clock_boot_us();
    atomic_store(&g->clock_hardware.offset_ms, is_there ? hardware_ms - g->hardware_us / 1000 : CLOCK_HARDWARE_UNKNOWN);
    return is_in_step(g);
}

static void begin_anew(struct gateway *g, int64_t now_us, int64_t wrong_ms)
{
    if (g->anew_us != 0 && now_us - g->anew_us < ANEW_US) {
        return;
    }
    const bool is_told = g->anew_us != 0;
    g->anew_us = now_us;
    if (gateway_begin_windows_anew(g, is_told)) {
        g->anew_us = 0;
        atomic_store(&g->clock_hardware.wrong_ms, 0);
        log_warning("the hardware clock was off by %" PRId64
                    " s over the restart of the box, so nobody knows how long that took: windows begin "
                    "anew where the gateway started, active alarms are unverified until data confirm them",
                    (wrong_ms < 0 ? -wrong_ms : wrong_ms) / 1000);
    }
}

void gateway_look_at_clock(struct gateway *g, int64_t now_us)
{
    const int64_t wrong_ms = atomic_load(&g->clock_hardware.wrong_ms);
    const int64_t pause_us = is_in_step(g) ? ASK_US : ASK_SOON_US;
    if (now_us - g->hardware_us >= pause_us && clock_is_synchronised()) {
        (void)gateway_ask_hardware_clock(g);
    }
    if (wrong_ms != 0) {
        begin_anew(g, now_us, wrong_ms);
    }
}
