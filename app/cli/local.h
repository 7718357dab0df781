/*
 * local.h: what the commands that talk to a running gateway share (app/flow/local_socket.h).
 */
#ifndef WARDGATE_LOCAL_H
#define WARDGATE_LOCAL_H

#include <stdbool.h>
#include <stddef.h>

/* Asks the gateway that runs with this configuration. The answer is the caller's to free; NULL: there was none, which was told. */
char *local_ask(const char *configuration, const char *request, int wait_ms, size_t size);

/* The same, for requests answered by `ok` or `failed`: true for ok; *out_words are what follows, in the answer. */
bool local_ask_for(const char *configuration, const char *request, int wait_ms, size_t size, char **out_answer,
                   const char **out_words);

#endif
