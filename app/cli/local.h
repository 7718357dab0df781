/*
 * local.h: what the commands that talk to a running gateway share (app/flow/local_socket.h).
 */
#ifndef WARDGATE_LOCAL_H
#define WARDGATE_LOCAL_H

#include <stddef.h>

#include "app/settings/settings.h"
#include "drivers/store/store.h"

/* Asks the gateway that runs with this configuration, which answers `ok` or `failed` and words. The exit status of the
 * command that asks: COMMAND_OK for `ok`, COMMAND_USAGE for a faulty configuration. *out_answer is the caller's to free;
 * NULL: there was none, which was told. *out_words points into it. It is plain (plain.h). */
int local_ask(const char *configuration, const char *request, int wait_ms, size_t size, char **out_answer,
              const char **out_words);

/* What the reply to a command says to a person; words that are no reply stay as they are. */
void local_reply_text(const char *words, char *out, size_t size);

/* Root reads the store as its owner does, from here on: a gateway can then end one that was stopped inside a read and holds up its store. */
void local_become_owner(const struct settings *settings);

/* The same until local_come_back, for a command that needs root's rights again. */
struct store *local_store_for_a_while(const struct settings *settings);
void local_come_back(void);

/* The store of that configuration, for reading, whether a gateway has it open or not (store.h); store_close ends it. NULL: there is none that can be read,
 * which was told. */
struct store *local_store(const struct settings *settings);

#endif
