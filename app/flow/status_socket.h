/*
 * status_socket.h: the local socket over which `wardgate status` asks a running gateway how it is.
 *
 * A request is one word and a newline, `text` or `json`; the answer is the report, then the end of the stream. Whoever may open the socket file
 * (mode 0660) may ask. Thread: main's; a client that stalls holds it for at most STATUS_CLIENT_MS each way.
 */
#ifndef WARDGATE_STATUS_SOCKET_H
#define WARDGATE_STATUS_SOCKET_H

#include "app/engine/status.h"
#include "app/flow/report.h"

#define STATUS_CLIENT_MS       200  /* longest that a client may hold the gateway */
#define STATUS_ANSWER_MS       3000 /* longest that a client waits for it */
#define STATUS_SOCKET_PATH_MAX 108  /* sun_path */

/* Listens; a left-over socket is removed; one that somebody listens at, or another kind of file, is STATUS_BUSY. */
enum status status_socket_open(const char *path, int *out_fd) MUST_CHECK;
void status_socket_close(const char *path, int fd);

/* Answers one client that waits on fd. buffer: REPORT_TEXT_MAX bytes. */
void status_socket_serve(int fd, const struct report *report, char *buffer);

/* The client's side: asks for `word`, writes the answer into out. STATUS_TIMEOUT: the gateway is there and does not answer. */
enum status status_socket_ask(const char *path, const char *word, char *out, size_t size,
                              size_t *out_length) MUST_CHECK;

#endif
