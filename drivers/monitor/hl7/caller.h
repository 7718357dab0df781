/*
 * caller.h: what a connection of a monitor holds: bytes that came and are no whole message yet, and acknowledgements
 * that did not go out yet. No I/O: the bus reads into it and writes out of it.
 *
 * A message that outgrows the connection's own CALLER_BYTES moves into one of the few large blocks that all
 * connections share. While none is free the connection waits and is not read (the sender's network holds the rest
 * back); whoever has a block loses its connection when the message is not whole in CALLER_LARGE_MS. A message over
 * CALLER_MESSAGE_MAX is refused and passed over up to its end. A connection whose acknowledgements are not taken is
 * not read either.
 *
 * Storage: the arena's. Thread: the bus's.
 */
#ifndef WARDGATE_HL7_CALLER_H
#define WARDGATE_HL7_CALLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/arena.h"
#include "drivers/monitor/hl7/ack.h"

#define CALLER_BYTES       16384
#define CALLER_MESSAGE_MAX (1024 * 1024) /* without its frame */
#define CALLER_LARGE_BYTES (CALLER_MESSAGE_MAX + 2)
#define CALLER_LARGE_COUNT 3
#define CALLER_LARGE_MS    30000
#define CALLER_OUT_BYTES   (4 * ACK_BYTES_MAX)

struct caller_block {
    char *bytes;
    bool is_taken;
};

struct caller {
    uint64_t number;            /* of the connection: no two have the same */
    int fd;                     /* -1: free */
    char *own;                  /* CALLER_BYTES */
    struct caller_block *large; /* holds the bytes instead; NULL: own does */
    size_t length;              /* bytes held, from `begin` on */
    size_t begin;
    size_t looked;      /* of these, how many were looked through for the message's end */
    bool is_skipping;   /* up to the end of a message that is too long */
    bool is_waiting;    /* for a large block */
    bool has_spoken;    /* a whole message came */
    bool reads, writes; /* what the bus waits for */
    int64_t opened_us, spoken_us;
    int64_t large_us; /* since when it has or wants a large block */
    int64_t stuck_us; /* since when acknowledgements wait; 0: none do */
    char *out;        /* CALLER_OUT_BYTES */
    size_t out_length;
};

void caller_make(struct caller *caller, struct arena *arena);

/* A new connection. */
void caller_open(struct caller *caller, int fd, uint64_t number, int64_t now_us);

/* Gives back what it holds; the descriptor is the caller's of this function. */
void caller_close(struct caller *caller);

/* Where to receive, and how many bytes fit; 0: first caller_make_room. */
char *caller_space(struct caller *caller, size_t *out_size);

/* So many bytes were received there. */
void caller_received(struct caller *caller, size_t length);

enum caller_room { CALLER_ROOM, CALLER_TOO_LONG, CALLER_WAITS };

/* When caller_space is full: a large block, if one is free. CALLER_TOO_LONG: it has one already. */
enum caller_room caller_make_room(struct caller *caller, struct caller_block blocks[CALLER_LARGE_COUNT],
                                  int64_t now_us);

enum caller_found { CALLER_NOTHING, CALLER_MESSAGE };

/* The next whole message, until the next call. out_stray: bytes outside messages, and half ones, that were dropped. */
enum caller_found caller_next(struct caller *caller, struct text *out_message, unsigned *out_stray);

/* All that was held of a message that is too long; the rest of it will be dropped. */
struct text caller_skip(struct caller *caller);

/* After the messages have been used: what is left moves to the front, and out of a large block when it fits. */
void caller_compact(struct caller *caller);

/* True while the acknowledgements of another message fit. */
bool caller_can_answer(const struct caller *caller);

#endif
