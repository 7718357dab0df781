/*
 * ward_loop.h: the one wait of the program: descriptors that can be read, and the next moment something is due.
 *
 * The loop reads the clock and hands the time to everybody else: nanoseconds since ward_loop_open. One thread.
 */
#ifndef WARD_LOOP_H
#define WARD_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* Somebody who wants to know when fd can be read. Lives as long as it is watched: until the fd is closed. */
struct ward_watch {
    int fd;
    void (*on_ready)(void *owner, int64_t now_ns);
    void *owner;
};

struct ward_loop {
    int epoll, timer;
    int64_t epoch_ns;
};

bool ward_loop_open(struct ward_loop *loop);
void ward_loop_close(struct ward_loop *loop);

/* False when the descriptor cannot be watched (errno EPERM: a regular file, always ready). */
bool ward_loop_watch(struct ward_loop *loop, struct ward_watch *watch);

/* For a descriptor that stays open. */
void ward_loop_forget(struct ward_loop *loop, const struct ward_watch *watch);

int64_t ward_loop_now(const struct ward_loop *loop);

/* The wall clock at now_ns, for what monitors say the time is: milliseconds of 1970. */
int64_t ward_loop_wall_ms(const struct ward_loop *loop, int64_t now_ns);

/* Returns when due_ns is reached or something was ready and has been called. */
void ward_loop_wait(struct ward_loop *loop, int64_t due_ns);

#endif
