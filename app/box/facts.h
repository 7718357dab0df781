/*
 * facts.h: all that the report of a box is made of, taken at one instant: what setup came to, what the running gateway says of its lines
 * (rows of its local socket, app/flow/report_rows.h), the box's interfaces, clock and slot.
 *
 * No vital sign, alarm or state of a bed is in it. About 3 MiB, most of it never touched. Thread: that of a command.
 */
#ifndef WARDGATE_FACTS_H
#define WARDGATE_FACTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "app/box/box.h"
#include "app/cli/watch_ward.h"
#include "app/update/record.h"
#include "app/update/slots.h"

#define FACTS_INTERFACES_MAX 16
#define FACTS_ADDRESSES_MAX  4
#define FACTS_ADDRESS_MAX    64

struct facts_interface {
    char name[16];
    char mac[18];
    bool is_up, has_link;
    char addresses[FACTS_ADDRESSES_MAX][FACTS_ADDRESS_MAX]; /* with the length of the network; "": no more */
};

struct facts {
    bool has_outcome;
    struct box_outcome outcome;
    enum status gateway; /* STATUS_OK: `ward` is what it says */
    long process;        /* of the gateway, that runs; 0: there is none, or none is known */
    long answered;       /* the one that last answered */
    bool has_request;    /* there is a request for a certificate */
    struct watch_ward ward;
    struct facts_interface interfaces[FACTS_INTERFACES_MAX];
    unsigned interface_count;
    char slot[SLOT_WORD_MAX]; /* "": not known */
    bool has_failed_update;
    struct record_of_update failed_update; /* the one that was given up last */
    bool is_synchronised;
    int64_t wall_ms;
    bool is_data_lost;         /* what the box keeps is in memory */
    bool is_full;              /* there is room for nothing beside the store, which has its own */
    char wrong[BOX_NOTES_MAX]; /* lines on what is wrong with the box itself: run/data-lost, run/wrong.d, network */
    char notes[BOX_NOTES_MAX]; /* lines that other parts of the box want to be told besides: run/report.d */
    /* what is asked, found again when the configuration is another */
    char socket[256];
    struct timespec changed;
    ino_t inode;
};

/* facts: zeros. */
void facts_init(struct facts *facts);

/* Looks again. */
void facts_take(struct facts *facts, const struct box_places *places);

/* What the box is like as a whole, the worst first. */
#define BOX_STATE_LIST(X)                                                                                        \
    X(NOTHING, "NOTHING IS WATCHED: there is no good configuration")                                             \
    X(NOT_RUNNING, "NOTHING IS WATCHED: the gateway does not answer")                                            \
    X(STARTING, "NOTHING IS WATCHED YET: the gateway was started, but does not answer")                          \
    X(LOST, "NO BROKER IS REACHED AND NOTHING IS KEPT: no screen sees alerts, and they are gone with the power") \
    X(WRONG, "A CONFIGURATION IS WRONG: an older one, or a default, is in force")                                \
    X(NO_MONITORS, "NO MONITOR ANSWERS")                                                                         \
    X(NO_BROKER, "NO BROKER IS REACHED: alerts are stored, screens do not see them")                             \
    X(NOT_KEPT, "NOTHING IS KEPT: what was not sent is gone with the power")                                     \
    X(FAULTY, "SOMETHING IS WRONG WITH THIS BOX")                                                                \
    X(FULL, "THE DISK IS FULL: changed files are not taken, no log is kept")                                     \
    X(WATCHES, "watches")

enum box_state {
#define BOX_STATE_ENUM(name, text) BOX_STATE_##name,
    BOX_STATE_LIST(BOX_STATE_ENUM)
#undef BOX_STATE_ENUM
};

/* What was not sent outlives a power cut. */
bool facts_are_kept(const struct facts *facts);

enum box_state facts_state(const struct facts *facts);
const char *facts_state_text(enum box_state state);

#endif
