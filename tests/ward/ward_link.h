/*
 * ward_link.h: what monitors hang on: a serial line (a pty) or a TCP socket with many unit ids behind it, an oximeter's
 * own line (a pty), a central station that calls.
 *
 * This is the common part: names, the monitors by unit id, counters, the log of the wire. Everything about ptys is in
 * ward_serial.c, about sockets in ward_tcp.c, about oximeters in ward_oximeter.c, about central stations in
 * ward_central.c. One thread. Times are nanoseconds since the ward's start.
 */
#ifndef WARD_LINK_H
#define WARD_LINK_H

#include <limits.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/ward/ward_framer.h"
#include "tests/ward/ward_hl7.h"
#include "tests/ward/ward_loop.h"
#include "tests/ward/ward_masimo.h"
#include "tests/ward/ward_monitor.h"
#include "tests/ward/ward_nonin.h"
#include "tests/ward/ward_outlet.h"

#define WARD_CONNECTIONS_MAX 512 /* of the whole ward */
#define WARD_UNITS           256
#define WARD_BEDS_MAX        64 /* behind one central station */
#define WARD_ANSWER_MAX      4096

enum ward_link_kind { WARD_SERIAL, WARD_TCP, WARD_OXIMETER, WARD_CENTRAL };

struct ward_link_counts {
    uint64_t requests, answered, unknown_unit, writes_refused;
    uint64_t lost;                                             /* answers that found the queue full */
    uint64_t gap_violations, collisions, bad_crc, wrong_speed; /* serial lines */
    uint64_t connections, bad_headers;                         /* TCP */
    uint64_t received;                                         /* bytes that an oximeter was sent and did not read */
    uint64_t messages, sent_again;                             /* central stations */
    uint64_t accepted, failed, rejected, unexpected; /* acknowledgements AA, AE, AR; of no message under way */
    int64_t smallest_gap_ns;                         /* WARD_NEVER before the first */
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

struct ward_format;

/* An oximeter: it hangs on a line of its own, which has its name. */
struct ward_oximeter {
    const struct ward_format *format;
    struct ward_monitor *monitor;
    int64_t next_ns; /* when it says the next frame */
    struct ward_nonin nonin;
};

/* An alarm that a monitor tells by itself. */
struct ward_told_alarm {
    bool told;       /* the start was sent, the end was not */
    int64_t next_ns; /* when it says again that it goes on */
    char parent[WARD_CONTROL_ID_MAX];
};

struct ward_central_bed {
    struct ward_monitor *monitor;
    int64_t next_ns; /* when its values are sent again */
    struct ward_measured cuff, glucose;
    struct ward_told_alarm alarms[WARD_BITS];
};

/* A central station: calls the gateway and sends HL7 messages for its beds. */
struct ward_central {
    struct sockaddr_in address;
    int fd; /* -1: not connected */
    bool unplugged, deaf;
    bool spoken, again; /* something went out on this connection; it begins with what the last one left */
    int64_t call_ns;    /* when to call, while there is no connection */
    struct ward_watch watch;
    int64_t every_ns, clock_ns; /* between messages of a bed; how far its clock is ahead */
    int64_t next_ns;            /* when to look at the beds again */
    int64_t give_up_ns;         /* what is awaited by then never comes; WARD_NEVER: nothing is awaited */
    uint64_t number;            /* of the last message */
    size_t turn, bed_count;     /* whose turn it is */
    struct ward_central_bed beds[WARD_BEDS_MAX];
    bool half;       /* the message under way is to be cut */
    unsigned copies; /* of it, still to be sent after it */
    unsigned answers_due;
    size_t length, sent; /* of it; 0: none */
    char control_id[WARD_CONTROL_ID_MAX];
    char message[WARD_MESSAGE_MAX];
    size_t answer_length;
    char answer[WARD_ANSWER_MAX];
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

/* What becomes of a connection after an answer on it. */
enum ward_tcp_manners { WARD_TCP_KEEPS, WARD_TCP_CLOSES, WARD_TCP_RESETS };

struct ward_tcp {
    struct sockaddr_in address;
    int listener; /* -1 while connections are refused */
    enum ward_tcp_manners manners;
    size_t slots; /* connections at a time, more are dropped at once; 0: any number */
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
    FILE *stamps;    /* NULL: none */
    uint32_t random; /* for noise */
    union {
        struct ward_serial serial; /* of an oximeter, too */
        struct ward_tcp tcp;
        struct ward_central central;
    };
    struct ward_oximeter oximeter;
};

/* True when it is a pty, whose bytes take their time. */
bool ward_link_is_wire(const struct ward_link *link);

/* A request for `unit`. False when nobody answers; the counters have it either way. */
bool ward_link_ask(struct ward_link *link, int64_t now_ns, uint8_t unit, const uint8_t *pdu, size_t length,
                   struct ward_reply *out);

/* Characters and silence of a serial line: 11 bits a character, 10 without parity and with one stop bit. */
int64_t ward_link_char_ns(unsigned baud, bool parity, unsigned stop_bits);
int64_t ward_link_silence_ns(unsigned baud, int64_t char_ns);

/* An answer that nobody asked for, from the first monitor: twelve holding registers that all read 77. */
void ward_link_make_unasked(const struct ward_link *link, struct ward_reply *out);

/* The next byte of the link's noise. */
uint8_t ward_link_noise(struct ward_link *link);

/* Writes what is due. False when the other side is gone. */
bool ward_link_pump(struct ward_link *link, struct ward_outlet *outlet, int fd, int64_t now_ns);

/* One frame into the log, if there is one: `MM:SS.mmm > hex`, `>` from the master, `<` from a monitor. */
void ward_link_log(struct ward_link *link, int64_t at_ns, char direction, const uint8_t *bytes, size_t length);

/* Opens a new log; NULL ends the logging. False when the file cannot be written. */
bool ward_link_log_to(struct ward_link *link, const char *path);

/* Opens a new file for the exact time of each answer: `NANOSECONDS HEX`, CLOCK_MONOTONIC right before its last byte is
 * handed to the system, so that others on the machine can compare. Whole on disk once it is ended by NULL. */
bool ward_link_stamp_to(struct ward_link *link, const char *path);

#endif
