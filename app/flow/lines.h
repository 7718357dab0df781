/*
 * lines.h: which lines to monitors are down: those that are not open, and those that are and on which nobody is heard any more.
 *
 * A line that is not open is down after 10 s (LINES_CLOSED_US), or as soon as a monitor on it is silent and it has been closed for 5 s.
 * One that is open is down as soon as a monitor on it is silent, nobody on it was heard for half a time-out, and at least two
 * have missed their word together: on this line or, since a network is one cause, on others over the network that fell quiet
 * within 10 s of it. One monitor that is silent alone is no line's fault. While another line may be next, the first is held back for
 * 1.5 s at most, so that one alert names them all.
 *
 * A line whose thread has made no round for 10 s is down, whatever is known of it: nothing on it is heard (LINE_STUCK).
 *
 * Pure: instants are given. Thread: the engine's.
 */
#ifndef WARDGATE_LINES_H
#define WARDGATE_LINES_H

#include "app/engine/engine.h"

#define LINES_CLOSED_US   10000000
#define LINES_LOST_US     5000000
#define LINES_HELD_US     1500000
#define LINES_TOGETHER_MS 10000
#define LINES_STILL_US    2000000  /* several rounds are missing */
#define LINES_STUCK_US    10000000 /* as thread_stuck has it (conditions.h) */

/* A line as it is seen now. */
struct line_look {
    bool open, networked;
    int64_t still_us; /* since the newest round of its thread */
    struct line_silence silence;
};

enum line_fault { LINE_NOT_OPEN, LINE_UNANSWERED, LINE_OUTDATED, LINE_STUCK };

/* What is kept of it between two looks. */
struct line_kept {
    int64_t open_us;       /* the newest instant at which it was open */
    bool down;             /* told */
    enum line_fault fault; /* of one that is down, as it was when it went */
    enum line_state state; /* for the engine */
};

struct lines {
    struct line_kept *kept;
    struct line_look *looks; /* filled by who asks, before lines_judge */
    uint16_t count;
    int64_t held_us; /* since when the first is held back; 0: none is */
};

void lines_judge(struct lines *lines, int64_t boot_us);

/* "not open" is said by the line's name alone; else " (nobody answers)" and the like. */
const char *line_fault_text(enum line_fault fault);

#endif
