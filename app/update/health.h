/*
 * health.h: whether the gateway of this box runs well, asked of it over its local socket (app/flow/report_rows.h).
 *
 * Well is: it answers, none of its parts is stuck, its store takes commits, and what worked before the update works: each line (a serial port, or a port that
 * monitors call) is open, and asked if it was asked before; of the network's links, which a monitor that is switched off can hold up, at least one. Whether monitors answer
 * is not asked: a ward where all are unplugged is no reason to go back.
 * Thread: that of a command.
 */
#ifndef WARDGATE_HEALTH_H
#define WARDGATE_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEALTH_WHY_MAX    256
#define HEALTH_BEFORE_MAX 16384

struct health {
    bool good;
    uint64_t uptime_s; /* of the gateway's process */
    char version[128];
    char why[HEALTH_WHY_MAX]; /* not good: what is wrong, in words */
};

/* before: what health_note wrote; "": nothing is known. */
void health_look(const char *socket, const char *before, struct health *out);

/* What works now, for health_look after an update: lines `line NAME` and `link NAME`. Its length; 0 and "": nothing does, or no gateway answers. */
size_t health_note(const char *socket, char *out, size_t size);

/* The same of rows that were had already (a test). */
void health_judge(const char *rows, const char *before, struct health *out);
size_t health_note_rows(const char *rows, char *out, size_t size);

#endif
