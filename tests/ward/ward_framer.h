/*
 * ward_framer.h: puts the bytes that masters write into a pty onto a simulated wire, and finds the requests there.
 *
 * A master writes its whole request at once. On the wire byte k ends (k+1) characters after the write began, or after
 * what was on the wire before it: two masters' writes queue. A request ends where its length says, else at the silence
 * after it (t3.5), like the frame of an unknown function, or garbage. Pure: time is an argument, nanoseconds.
 * Source: Modbus over serial line V1.02, section 2.5.1.1 (t3.5; fixed 1.75 ms above 19200 baud).
 */
#ifndef WARD_FRAMER_H
#define WARD_FRAMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/ward/ward_frame.h"

#define WARD_NEVER INT64_MAX

struct ward_framer {
    int64_t char_ns;    /* one character on the wire */
    int64_t silence_ns; /* t3.5 */
    int64_t busy_ns;    /* the wire carries what masters wrote until here */
    bool used;          /* false until the first byte: busy_ns means nothing */
    int64_t start_ns;   /* of the frame being read */
    int64_t before_ns;  /* end of the masters' bytes before that frame; only with `follows` */
    bool follows;       /* something came before the frame being read */
    size_t length;
    bool overlong;
    uint8_t bytes[WARD_RTU_MAX];
};

/* A frame that was on the wire; the bytes stay valid until the next call. */
struct ward_frame {
    const uint8_t *bytes;
    size_t length;
    bool sound; /* length and CRC are right */
    bool follows;
    int64_t start_ns, end_ns, before_ns;
};

void ward_framer_init(struct ward_framer *framer, int64_t char_ns, int64_t silence_ns);

/* A byte written at now_ns. True when it completes a request. */
bool ward_framer_put(struct ward_framer *framer, int64_t now_ns, uint8_t byte, struct ward_frame *out);

/* When silence will end the frame being read; WARD_NEVER when there is none. */
int64_t ward_framer_deadline(const struct ward_framer *framer);

/* To be called before bytes written at now_ns are put, and at the deadline. True when silence has ended a frame. */
bool ward_framer_end(struct ward_framer *framer, int64_t now_ns, struct ward_frame *out);

#endif
