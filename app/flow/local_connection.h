/*
 * local_connection.h: the local socket as bytes: listening at a file, one line in, an answer out. No call waits longer than it is told.
 *
 * Thread: any, each with its own descriptors. Errors: STATUS_BUSY, STATUS_DENIED, STATUS_NOT_FOUND (nobody listens), STATUS_TIMEOUT,
 * STATUS_TOO_LARGE (the path), STATUS_CLOSED (no answer), STATUS_IO.
 */
#ifndef WARDGATE_LOCAL_CONNECTION_H
#define WARDGATE_LOCAL_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>

#include "app/engine/status.h"

#define CONNECTION_PATH_MAX 108 /* sun_path */

/* Listens, without blocking; a left-over socket is removed; one that somebody listens at, or another kind of file, is STATUS_BUSY. */
enum status connection_listen(const char *path, int *out_fd) MUST_CHECK;
void connection_close(const char *path, int fd); /* fd -1: does nothing */

/* The next client, if one waits; nothing that is done with it then takes longer than wait_ms. */
bool connection_accept(int fd, int wait_ms, int *out_client);
unsigned connection_user(int client); /* its user's number */

/* One line, its end cut off, within wait_ms. False: none came, or one that does not fit. */
bool connection_read_line(int client, int wait_ms, char *out, size_t size);
bool connection_send(int client, const char *bytes, size_t length); /* false: it has gone, or does not read */

/* The other side: asks, and writes the whole answer into out, with a NUL. STATUS_TIMEOUT: the gateway is there and does not answer for wait_ms. */
enum status connection_ask(const char *path, const char *request, int wait_ms, char *out, size_t size,
                           size_t *out_length) MUST_CHECK;

/* The same for one who waits for more than the gateway: asks, and does not wait. The answer comes at *out_fd, which does not block and is the caller's
 * to close. */
enum status connection_begin(const char *path, const char *request, int *out_fd) MUST_CHECK;

#endif
