/*
 * ward.h: the whole simulated ward in one structure, and its limits. Made by ward_file.c, moved by ward.c.
 */
#ifndef WARD_H
#define WARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/ward/ward_command.h"
#include "tests/ward/ward_console.h"
#include "tests/ward/ward_link.h"

#define WARD_LINKS_MAX    320
#define WARD_MONITORS_MAX 512
#define WARD_TIMED_MAX    256

/* A command for later. */
struct ward_timed {
    int64_t due_ns;    /* WARD_NEVER: done */
    int64_t period_ns; /* 0: once */
    struct ward_command command;
};

struct ward {
    struct ward_loop loop;
    struct ward_pool pool;
    struct ward_console console;
    size_t link_count, monitor_count, timed_count;
    struct ward_link links[WARD_LINKS_MAX];
    struct ward_monitor monitors[WARD_MONITORS_MAX];
    struct ward_timed timed[WARD_TIMED_MAX];
    bool quiet, stop;
};

/* NULL when there is none of that name. Defined in ward_command.c. */
struct ward_link *ward_link_by_name(struct ward *ward, const char *name);
struct ward_monitor *ward_monitor_by_name(struct ward *ward, const char *name);

#endif
