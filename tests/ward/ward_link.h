/*
 * ward_link.h: what monitors hang on: a serial line (a pty) or a TCP socket with many unit ids behind it.
 *
 * This is the common part: names, the monitors by unit id, counters, the log of the wire. Everything about ptys is in
 * ward_serial.c, about sockets in ward_tcp.c. One thread. Times are nanoseconds since the ward's start.
 */
#ifndef WARD_LINK_H
#define WARD_LINK_H

#include <limits.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/ward/ward_framer.h"
#include "tests/ward/ward_loop.h"
#include "tests/ward/ward_monitor.h"
#include "tests/ward/ward_outlet.h"

#define WARD_CONNECTIONS_MAX 512 /* of the whole ward */
#define WARD_UNITS           256

enum ward_link_kind { WARD_SERIAL, WARD_TCP };

struct ward_link_counts {
    uint64_t requests, answered, unknown_unit, writes_refused;
    uint64_t lost;                                             /* answers that found the queue full */
    uint64_t gap_violations, collisions, bad_crc, wrong_speed; /* serial lines */
    uint64_t connections, bad_headers;                         /* TCP */
    int64_t smallest_gap_ns;                                   /* WARD_NEVER before the first */
};

struct ward_serial {
    char path[PATH_MAX];
    unsigned baud;
    char parity;
    unsigned stop_bits;
    bool strict;
    int master, slave; /* -1 while unplugged; the slave stays open so that a client may come and go */
    struct ward_watch watch;
    struct ward_framer framer;
    struct ward_outlet outlet;
};

struct ward_connection {
    int fd; /* -1: free */
    struct ward_link *link;
    struct ward_watch watch;
    uint16_t transaction; /* of the last request */
    size_t in_length;
    uint8_t in[2 * WARD_ADU_MAX];
    struct ward_outlet outlet;
};

/* The connections of all TCP links; those in use lie below `high`. */
struct ward_pool {
    size_t high;
    struct ward_connection connections[WARD_CONNECTIONS_MAX];
};

struct ward_tcp {
    struct sockaddr_in address;
    int listener; /* -1 while connections are refused */
    struct ward_watch watch;
    struct ward_pool *pool;
    int64_t char_ns, silence_ns; /* of the serial line behind a gateway; 0: none */
    int64_t busy_ns;             /* that line is busy until then */
};

struct ward_link {
    char name[WARD_NAME_MAX];
    enum ward_link_kind kind;
    int64_t turnaround_ns;
    struct ward_loop *loop;
    struct ward_monitor *by_unit[WARD_UNITS];
    struct ward_link_counts counts;
    FILE *log;       /* NULL: not logged */
    uint32_t random; /* for noise */
    union {
        struct ward_serial serial;
        struct ward_tcp tcp;
    };
};

/* A request for `unit`. False when nobody answers; the counters have it either way. */
bool ward_link_ask(struct ward_link *link, int64_t now_ns, uint8_t unit, const uint8_t *pdu, size_t length,
                   struct ward_reply *out);

/* Characters and silence of a serial line: 11 bits a character, 10 without parity and with one stop bit. */
int64_t ward_link_char_ns(unsigned baud, bool parity, unsigned stop_bits);
int64_t ward_link_silence_ns(unsigned baud, int64_t char_ns);

/* An answer that nobody asked for, from the first monitor: twelve holding registers that all read 77. */
void ward_link_make_unasked(const struct ward_link *link, struct ward_reply *out);

/* Writes what is due. False when the other side is gone. */
bool ward_link_pump(struct ward_link *link, struct ward_outlet *outlet, int fd, int64_t now_ns);

/* One frame into the log, if there is one: `MM:SS.mmm > hex`, `>` from the master, `<` from a monitor. */
void ward_link_log(struct ward_link *link, int64_t at_ns, char direction, const uint8_t *bytes, size_t length);

/* Opens a new log; NULL ends the logging. False when the file cannot be written. */
bool ward_link_log_to(struct ward_link *link, const char *path);

#endif
