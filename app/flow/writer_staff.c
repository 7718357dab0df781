#include "app/flow/writer_staff.h"

#include <stddef.h>

#include "app/flow/commit.h"

void writer_staff_learn(struct writer_staff *staff, struct store *store, struct board *board)
{
    struct staffing_told found;
    size_t length = 0;
    if (store_get_state(store, STATE_STAFF, &found, sizeof found, &length) == STATUS_OK && length == sizeof found) {
        staff->told = found;
        board_put_staff(board, &staff->told);
    }
}

void writer_staff_note(struct writer_staff *staff, const struct bed_command *command, int64_t wall_ms)
{
    if (command->kind != COMMAND_set_staff || command->verdict != VERDICT_ACCEPTED) {
        return;
    }
    staff->told = (struct staffing_told){.at_ms = wall_ms,
                                         .until_ms = command->has_until ? command->until_wall_ms : 0,
                                         .nurses = command->nurses,
                                         .is_told = true};
    staff->is_to_put = true;
}

void writer_staff_tell_all(struct writer_staff *staff)
{
    staff->is_to_put = staff->told.is_told;
}

enum status writer_staff_put(const struct writer_staff *staff, struct store *store)
{
    return staff->is_to_put ? store_put_state(store, STATE_STAFF, &staff->told, sizeof staff->told) : STATUS_OK;
}

void writer_staff_done(struct writer_staff *staff, struct board *board)
{
    if (staff->is_to_put) {
        staff->is_to_put = false;
        board_put_staff(board, &staff->told);
    }
}
