/*
 * ward_console.h: commands that come while the ward runs: standard input, and a unix socket if the description asks.
 *
 * Each line is answered by `ok`, by `error: why`, or, for `report`, by one line of JSON. `quit` ends the ward. The end
 * of standard input ends nothing.
 */
#ifndef WARD_CONSOLE_H
#define WARD_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include "tests/ward/ward_loop.h"

#define WARD_CLIENTS_MAX 8

struct ward;

struct ward_client {
    struct ward *ward;
    struct ward_watch watch; /* fd -1: free */
    int out;
    size_t length;
    char line[1024];
};

struct ward_console {
    struct ward_client stdin_client;
    struct ward_client clients[WARD_CLIENTS_MAX];
    struct ward_watch listener; /* fd -1: no socket */
    struct sockaddr_un address;
};

void ward_console_init(struct ward *ward);

/* Opens the unix socket. False with errno set. */
bool ward_console_listen(struct ward *ward, const char *path);

/* Begins to read standard input. */
void ward_console_start(struct ward *ward);

void ward_console_close(struct ward *ward);

#endif
