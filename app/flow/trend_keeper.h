/*
 * trend_keeper.h: makes the rows of trends.h: looks at what the board shows of each bed about once a second, and writes a row a minute.
 *
 *     CLOSED ──trend_keeper_tend: opened──► OPEN ──a write failed, or took long──► RESTING ──tend, after a rest──► CLOSED
 *        └─────────── main's ──────────┘     └──────────── the writer's ────────┘     └──────────── main's ───────┘
 *
 * It has no thread and no wake-up of its own: commit's thread lets the writer look when it has the journal to write anyway, and write when nothing else
 * waits, TREND_ROWS_MOST rows a transaction: so an alert waits for one such transaction at most. While rows of a minute wait, it does not look. What is
 * slow (opening: the whole file is read, or reserved) main does, and only after the store, whose lock keeps another gateway out.
 *
 * What it counts is what the gateway used and showed: values that were judged valid, of the monitor that counted, each once (by its instant). A row is of one
 * stay: with another one the minute begins anew. What it takes from a value that comes more often than it looks is the newest.
 * Where rows cannot be written, that minute is lost; the keeper rests for TREND_REST_US, or, when the disk needed longer than TREND_SLOW_US,
 * for TREND_LONG_REST_US. The log says so, once.
 *
 * Threads: init, tend and close are main's (close: the writer does not run); look, waits and write are of whoever's turn it is (writer.h). Memory
 * from the arena.
 */
#ifndef WARDGATE_TREND_KEEPER_H
#define WARDGATE_TREND_KEEPER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "app/engine/arena.h"
#include "app/engine/engine.h"
#include "app/engine/status.h"
#include "app/flow/board.h"
#include "drivers/store/store.h"
#include "drivers/store/trends.h"

#define TREND_ROWS_MOST    64U       /* of a transaction */
#define TREND_SLOW_US      500000    /* half of what commit waits before alerts go out not durable */
#define TREND_REST_US      60000000  /* after a write that failed */
#define TREND_LONG_REST_US 600000000 /* after one that took long */

struct trend_channel {
    int64_t seen_ms; /* instant of the newest that was counted */
    int64_t sum_milli;
    int32_t min_milli, max_milli;
    uint32_t count;
};

struct trend_bed {
    uint64_t version, stay;
    struct trend_channel *channels; /* of each of `vitals`; as many as the bed has channels */
    uint8_t vitals[VITAL_COUNT], count;
};

struct trend_keeper_config {
    struct trends_config trends; /* minutes 0: none are kept */
    const struct engine_config *engine;
    struct board *board;
    _Atomic(struct store *) *store; /* while it is NULL nobody holds the folder's lock */
};

enum trend_state { TREND_CLOSED, TREND_OPEN, TREND_RESTING };

struct trend_keeper {
    struct trend_keeper_config config;
    struct trend_bed *beds;
    struct trends *trends; /* NULL: not open */
    int64_t minute;        /* under way; -1: none */
    bool is_over;          /* that minute: its rows from bed `next` on wait */
    uint16_t next;         /* bed */
    enum status status;    /* of the newest write */
    int64_t took_us;       /* by the newest write */
    atomic_bool written;   /* a write went well since it was opened */
    atomic_int state;      /* enum trend_state: says whose all of this is */
    enum status told;      /* the newest trouble that the log has */
    int64_t due_us;        /* of tend: when it may open */
    atomic_bool replaced;  /* a damaged one was set aside since start */
    atomic_bool failing;   /* the newest minute could not be written, or the disk is too slow: for whoever shows it */
};

void trend_keeper_init(struct trend_keeper *keeper, struct arena *arena, const struct trend_keeper_config *config);

/* Opens, closes what failed, and says in the log what there is to be said; once a second or so. */
void trend_keeper_tend(struct trend_keeper *keeper, int64_t now_us);
void trend_keeper_close(struct trend_keeper *keeper); /* does nothing when nothing is open; tend would open it again */

void trend_keeper_look(struct trend_keeper *keeper, int64_t wall_ms);
/* Rows wait. stopping: those of the minute under way, too. */
bool trend_keeper_waits(const struct trend_keeper *keeper, bool stopping);
/* One transaction of them. What has come meanwhile is looked at behind the last. */
void trend_keeper_write(struct trend_keeper *keeper, int64_t wall_ms);

#endif
