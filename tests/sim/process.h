/*
 * process.h: the gateway's process: gateway_run as it is, on a fiber of its own, with memory that ends with it.
 *
 * What it asks of the system beside hal is answered here (the linker's --wrap, see the Makefile): its heap, signals, poll, random names, its end, its log.
 */
#ifndef WARDGATE_TESTS_SIM_PROCESS_H
#define WARDGATE_TESTS_SIM_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"

/* Reads the configuration that processes run with; false: it was told on standard error what is wrong. */
bool process_configure(const char *file);
void process_show_log(bool show);
void PRINTF_LIKE(1, 2) process_tell(const char *format, ...); /* the world's own lines in that log */

void process_start(void);
void process_signal(int number); /* SIGTERM, SIGHUP */
void process_kill(void);         /* as by SIGKILL: nothing of it is left, the broker notices */
bool process_is_up(void);
int64_t process_life_us(void);     /* world time since it was started; 0: it is not up */
int64_t process_up_us(void);       /* the same, or since a part of it was held; 0: also while one is */
void process_disturb(void);        /* process_up_us counts from now */
bool process_was_signalled(void);  /* not long ago */
void process_go_on_in_place(void); /* kills it; the next one is started in its place, if nothing comes between */
bool process_starts_anew(void);    /* that is what it ends for: in its place */
void process_die(void);            /* a fiber of it, at this very point; does not come back */
bool process_is_dying(void);       /* the world is to kill it at once */

/* Memory of the world, which no kill takes. */
void *world_take(size_t size);
void *world_more(void *memory, size_t size);
void world_give(void *memory);

#endif
