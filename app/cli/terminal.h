/*
 * terminal.h: the terminal as a whole screen with keys, given back as it was on every way out.
 *
 * While it is open it shows its other screen, without a cursor, and gives keys as they are pressed. terminal_close gives it back; so does a stop (Ctrl-Z)
 * until the program goes on, and a fault that ends the program. Only SIGKILL cannot be met: `reset` mends what that leaves.
 * There is one: its state is this file's, because signals know no other. One thread.
 */
#ifndef WARDGATE_TERMINAL_H
#define WARDGATE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

#include "app/engine/status.h"

struct terminal_events {
    bool keys;    /* terminal_read has some */
    bool other;   /* the other descriptor is ready */
    bool changed; /* another size, or the program was stopped: all is to be drawn anew */
    bool ended;   /* a signal asks for the end, or the terminal has gone */
};

bool terminal_is_capable(void); /* standard output is a terminal that can do more than print lines (TERM) */

enum status terminal_open(void) MUST_CHECK;
void terminal_close(void);

void terminal_size(int *out_rows, int *out_cols);
bool terminal_write(const char *bytes, size_t length); /* false: it has gone */
size_t terminal_read(char *out, size_t size);

/* Waits for keys, for `fd` to be readable (-1: none), a signal, or the end of that time. */
void terminal_wait(int fd, int wait_ms, struct terminal_events *out);

#endif
