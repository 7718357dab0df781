/*
 * writer_staff.h: the staff on duty as somebody told, and its row in the store.
 *
 * Noted with the row that the command has in the audit log, put with the next group that commits, and shown on the board only then. Private
 * to app/flow/writer*.c. Thread: the writer's.
 */
#ifndef WARDGATE_WRITER_STAFF_H
#define WARDGATE_WRITER_STAFF_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/bed_command.h"
#include "app/engine/staffing.h"
#include "app/engine/status.h"
#include "app/flow/board.h"
#include "drivers/store/store.h"

struct writer_staff {
    struct staffing_told told;
    bool is_to_put; /* it has changed since the store was told */
};

/* What was told before. */
void writer_staff_learn(struct writer_staff *staff, struct store *store, struct board *board);

/* A command at wall_ms; does nothing with one that is no set_staff, or was refused. */
void writer_staff_note(struct writer_staff *staff, const struct bed_command *command, int64_t wall_ms);

/* A store that knows nothing is to be told with the next group. */
void writer_staff_tell_all(struct writer_staff *staff);

/* In a transaction; nothing when the store has it. */
enum status writer_staff_put(const struct writer_staff *staff, struct store *store) MUST_CHECK;
void writer_staff_done(struct writer_staff *staff, struct board *board); /* it was committed */

#endif
