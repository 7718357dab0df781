/*
 * mllp.h: where messages begin and end in a stream of bytes: 0x0B, the message, 0x1C 0x0D.
 *
 * Pure functions over the caller's bytes. The carriage return behind 0x1C is not waited for, because there are
 * senders that leave it out and then wait for their acknowledgement; it is passed over like any line end between
 * messages. None of the three bytes can stand inside a message but the carriage return. Thread: any. Source: HL7
 * Transport Specification: MLLP, release 1.
 */
#ifndef WARDGATE_HL7_MLLP_H
#define WARDGATE_HL7_MLLP_H

#include <stddef.h>

#define MLLP_BEGIN    '\x0b'
#define MLLP_END      '\x1c'
#define MLLP_END_LAST '\x0d'

/* How many bytes stand before the first message begins (all of them when none does). out_stray: how many of these
 * nobody expects there, line ends not counted. */
size_t mllp_lead(const char *bytes, size_t length, size_t *out_stray);

/* bytes[0] is MLLP_BEGIN: the index of the byte that ends this message, which is MLLP_END, or MLLP_BEGIN when another
 * message begins in the middle of it; `length` when it has not come yet. The bytes before `from` were looked at
 * before. */
size_t mllp_end(const char *bytes, size_t length, size_t from);

#endif
