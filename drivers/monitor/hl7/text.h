/*
 * text.h: parts of a message without copying them: where a text begins and how long it is; and the numbers, codes and
 * instants that such texts stand for.
 *
 * Pure; nothing needs a NUL at its end. The bytes are the caller's. Outputs are written only on success. Thread: any.
 */
#ifndef WARDGATE_HL7_TEXT_H
#define WARDGATE_HL7_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    const char *at;
    size_t length;
};

#define TEXT_NONE ((struct text){.at = "", .length = 0})

bool text_is(struct text text, const char *word);
bool text_begins(struct text text, const char *head);

/* Without regard to the case of ASCII letters. */
bool text_is_word(struct text text, const char *word);

struct text text_trimmed(struct text text); /* without blanks at its ends */

/* The n-th part (from 1) between separators; empty when there are fewer, or when the separator is 0 and n not 1. */
struct text text_part(struct text text, char separator, unsigned n);

/* A decimal number (HL7 type NM) as millionths; what is finer is cut off. False: no number, or over 12 digits before
 * the point. */
bool text_number(struct text text, int64_t *out_micro);

/* An IEEE 11073-10101 code as partition * 65536 + term: decimal, or "pppp-tttt" in hexadecimal (Philips). */
bool text_code(struct text text, uint32_t *out_code);

/*
 * An instant (HL7 type DTM): YYYYMMDDHHMM[SS[.S[S[S[S]]]]][+/-ZZZZ]; a date alone is none. Mindray also writes
 * milliseconds without the point.
 */
struct text_instant {
    int64_t local_ms; /* of 1970 in its own zone */
    int32_t offset_s; /* east of UTC; 0 when it has none */
    bool has_offset;
};
bool text_instant(struct text text, struct text_instant *out);

#endif
