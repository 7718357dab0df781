/*
 * keys.h: what was pressed, from the bytes of a terminal (ECMA-48 as xterm, linux, tmux and screen send it).
 *
 * An escape by itself cannot be told from the beginning of a longer key but by time: who reads calls keys_flush when nothing has followed
 * for a moment. Sequences that are none of these keys are passed over whole. Pure; one thread.
 */
#ifndef WARDGATE_KEYS_H
#define WARDGATE_KEYS_H

#include <stdbool.h>
#include <stddef.h>

/* Others are the byte itself. */
enum key {
    KEY_NONE = 0,
    KEY_TAB = '\t',
    KEY_ENTER = '\r',
    KEY_ESCAPE = 27,
    KEY_ERASE = 127,
    KEY_UP = 256,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_HOME,
    KEY_END,
    KEY_BACK_TAB
};

struct keys {
    char sequence[16]; /* begun with an escape, and not ended */
    size_t length;
};

int keys_take(struct keys *keys, char byte); /* the key that ends with this byte; KEY_NONE: none yet, or none of ours */
int keys_flush(struct keys *keys);           /* KEY_ESCAPE where one stands by itself, else KEY_NONE */

#endif
