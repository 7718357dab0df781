/*
 * epochs.h: the epochs whose numbers the present one goes on with, as they stand in the store (STATE_EPOCHS, commit.h).
 *
 * An epoch ends when it cannot be known which of its names were given (around.h): the next one takes the store over with all that is in it, and counts on
 * from there. So a seq names one alert of the store, whichever of these epochs it is of. Plain data; the caller's memory. Bound: EPOCHS_KEPT, then
 * the oldest is forgotten: its alerts are not sent again on request any more.
 */
#ifndef WARDGATE_EPOCHS_H
#define WARDGATE_EPOCHS_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/store/store.h"

#define EPOCHS_KEPT 16

struct epochs {
    uint32_t count;
    char names[EPOCHS_KEPT][STORE_EPOCH_MAX]; /* oldest first */
};

/* Those of this store; none when it has no such list. */
void epochs_read(struct epochs *epochs, struct store *store);
void epochs_add(struct epochs *epochs, const char *name);
bool epochs_has(const struct epochs *epochs, const char *name);
const char *epochs_newest(const struct epochs *epochs); /* NULL: there is none */

#endif
