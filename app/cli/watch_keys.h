/*
 * watch_keys.h: what keys do to the screens of `wardgate status --watch`. Pure; one thread.
 */
#ifndef WARDGATE_WATCH_KEYS_H
#define WARDGATE_WATCH_KEYS_H

#include "app/cli/keys.h"
#include "app/cli/watch_view.h"

enum watch_act { WATCH_DRAW, WATCH_ASK /* and ask the gateway at once */, WATCH_QUIT };

/* page: rows that a page key goes by. */
enum watch_act watch_press(struct watch_state *state, int key, const struct watch_ward *ward,
                           const struct watch_lists *lists, int page);

#endif
