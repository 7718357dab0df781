/*
 * modbus_peer.h: the other end of a Modbus bus, for tests: monitors on a serial line (a pty, paced byte by byte as
 * the wire would), behind a TCP port, or on a line behind a converter (RTU frames over TCP). It answers as a test's `serve` says, on a thread of its own.
 *
 * What goes out stands in a schedule, so that an answer may come late, early, twice, damaged or into the next request.
 */
#ifndef WARDGATE_TESTS_MODBUS_PEER_H
#define WARDGATE_TESTS_MODBUS_PEER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEER_OUTPUTS     32
#define PEER_CONNECTIONS 16
#define PEER_BYTES_MAX   600

struct peer;

struct peer_request {
    int fd;
    unsigned number; /* of all requests, from 1 */
    uint8_t unit, function;
    uint16_t transaction; /* Modbus TCP */
    uint16_t first, count;
    int64_t at_us;  /* seen */
    int64_t out_us; /* when its last bit would have left the wire */
};

struct peer_output {
    int fd; /* -1: free */
    int64_t at_us;
    uint32_t byte_us;
    bool reset; /* instead of bytes: break the connection; in order when length is 1 */
    size_t length, sent;
    size_t portion; /* bytes at a time: a converter sends what its line said a while */
    uint8_t bytes[PEER_BYTES_MAX];
};

struct peer {
    /* set by the test before peer_open */
    bool tcp;
    bool bare;     /* TCP: RTU frames, without a header */
    uint32_t baud; /* RTU, 8E1; over TCP 0: at once */
    void (*serve)(struct peer *peer, const struct peer_request *request);
    uint16_t (*value)(struct peer *peer, const struct peer_request *request, uint16_t reg);
    atomic_int mode; /* for the test's own use */
    /* for the test to read */
    char device[64]; /* a symlink that stays the same when the line is plugged in again */
    uint16_t port;
    atomic_uint requests[256]; /* by unit */
    atomic_uint newest;        /* number of the newest request */
    atomic_uint connections;
    atomic_llong gap_us_min; /* silence seen before a request */
    atomic_llong late_us;    /* the most that bytes went out too late: this machine is busy */
    /* its own */
    char folder[32];
    int listening, held, wake;
    int fds[PEER_CONNECTIONS];
    uint8_t input[PEER_CONNECTIONS][32];
    size_t input_length[PEER_CONNECTIONS];
    struct peer_output outputs[PEER_OUTPUTS];
    uint32_t char_ns;
    int64_t active_us; /* the newest activity on the wire */
    pthread_mutex_t lock;
    pthread_t thread;
    bool stop;
};

void peer_open(struct peer *peer);
void peer_close(struct peer *peer);

/* The cable of an RTU line is pulled out; and put in again, as another pty. */
void peer_unplug(struct peer *peer);
void peer_plug(struct peer *peer);

/* TCP: nobody listens any more, connections are reset; and listens again at the same port. */
void peer_refuse(struct peer *peer);
void peer_listen(struct peer *peer);

/* What registers hold from now on. */
void peer_set_value(struct peer *peer,
                    uint16_t (*value)(struct peer *peer, const struct peer_request *request, uint16_t reg));

/* From serve: the right answer, or an exception, that begins delay_us after the request is out. */
void peer_answer(struct peer *peer, const struct peer_request *request, int64_t delay_us);
void peer_except(struct peer *peer, const struct peer_request *request, uint8_t code, int64_t delay_us);

/* The bytes of the right answer. peer_seal renews its checksum after a change (RTU). */
size_t peer_frame(struct peer *peer, const struct peer_request *request, uint8_t *frame);
size_t peer_except_frame(struct peer *peer, const struct peer_request *request, uint8_t code, uint8_t *frame);
void peer_seal(struct peer *peer, uint8_t *frame, size_t length);

/* From serve: any bytes at any time, a byte every byte_us (0: as the wire goes). */
void peer_send(struct peer *peer, int fd, int64_t at_us, uint32_t byte_us, const uint8_t *bytes, size_t length);
void peer_hang_up(struct peer *peer, int fd, int64_t at_us, bool reset);

/* From the test: bytes that nobody asked for, on every connection. */
void peer_say(struct peer *peer, const uint8_t *bytes, size_t length);

#endif
