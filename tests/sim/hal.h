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

/* What becomes of the box's hardware clock while it has no power. */
enum hal_hardware { HARDWARE_RIGHT, HARDWARE_ABSENT, HARDWARE_DEAD, HARDWARE_WRONG };

#define HAL_BOOT_US 20000000 /* what comes before the gateway takes its time */

/* Another boot: its clock begins anew; the wall clock is the hardware clock's, or in 1970. */
void hal_boot(enum hal_hardware hardware);
enum hal_hardware hal_hardware(void);  /* of this boot */
void hal_set_wall_ms(int64_t wall_ms); /* steps */
int64_t hal_set_us(void);              /* world time of the newest of these */
void hal_set_synced(bool synced);
int64_t hal_synced_since_us(void);     /* world time since when it is as clock_is_synchronised says */
int64_t hal_true_wall_ms(void);        /* what a clock that nobody set wrongly would say */
int64_t hal_world_us(int64_t boot_us); /* of an instant of this boot */

/* The calling fiber waits for a descriptor of a wake (poll); true: it was raised. */
bool hal_poll(const int *fds, unsigned count, int64_t wait_us);
void hal_forget_wakes(void); /* the process is gone, and its descriptors */

#endif
