/*
 * hal.h: hal/clock, wake, thread and watch on the scheduler, and what the world may do to the box's clocks.
 *
 * The box boots at an instant of the world; its wall clock runs with it until somebody sets it. Nothing of them goes by the real time.
 */
#ifndef WARDGATE_TESTS_SIM_HAL_H
#define WARDGATE_TESTS_SIM_HAL_H

#include <stdbool.h>
#include <stdint.h>

struct wake;

void hal_boot(void);                   /* another boot: its clock begins anew, the wall clock does not */
void hal_set_wall_ms(int64_t wall_ms); /* steps */
void hal_set_synced(bool synced);
int64_t hal_synced_since_us(void);     /* world time since when it is as clock_is_synchronised says */
int64_t hal_true_wall_ms(void);        /* what a clock that nobody set wrongly would say */
int64_t hal_world_us(int64_t boot_us); /* of an instant of this boot */

/* The calling fiber waits for a descriptor of a wake (poll); true: it was raised. */
bool hal_poll(const int *fds, unsigned count, int64_t wait_us);
void hal_forget_wakes(void); /* the process is gone, and its descriptors */

#endif
