/*
 * message.h: one HL7 v2 message taken apart: segments, fields, repetitions, components, and its texts as UTF-8.
 *
 * Nothing is copied but by message_text. The delimiters are those of its own MSH-1 and MSH-2. Segments end with CR,
 * LF or both. Pure; the bytes are the caller's and stay until it is done. Thread: any. Source: HL7 v2.6 chapters 2.5
 * to 2.7 and 2.14.9 (MSH).
 */
#ifndef WARDGATE_HL7_MESSAGE_H
#define WARDGATE_HL7_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "drivers/monitor/hl7/text.h"

enum charset { CHARSET_ASCII, CHARSET_UTF8, CHARSET_LATIN1 };

struct message {
    struct text bytes;
    struct text header;                                      /* its MSH segment */
    char field, component, repetition, escape, subcomponent; /* 0: the message has none */
    enum charset charset;                                    /* of its texts; ASCII until the caller has read MSH-18 */
};

/* False when it does not begin with an MSH segment, or that has no usable delimiters or holds control characters (a
 * damaged message, or one of UTF-16): nothing in it can be read. */
bool message_open(const char *bytes, size_t length, struct message *out);

/* The next segment that is not empty, moving `rest` on behind it; false at the end. Begin with message.bytes. */
bool message_next(struct text *rest, struct text *out_segment);

/* True when the segment's name is this one. */
bool message_segment_is(const struct message *message, struct text segment, const char *name);

/* True when a segment begins as every segment must: three capitals or digits, then a field or nothing. */
bool message_segment_is_sound(const struct message *message, struct text segment);

/* Field n as HL7 numbers it (MSH-1 is the delimiter itself), all its repetitions; empty when there is none. */
struct text message_field(const struct message *message, struct text segment, unsigned n);
struct text message_repetition(const struct message *message, struct text field, unsigned n);

/* Component n of the first repetition, blanks at its ends removed. */
struct text message_component(const struct message *message, struct text field, unsigned n);

/* Whether a repeating field has this word (in any case) in one of its first eight repetitions' first two components. */
bool message_field_has(const struct message *message, struct text field, const char *word);

/*
 * A text as UTF-8 with a NUL: escapes resolved (\F\ \S\ \T\ \R\ \E\ \X..\, others dropped), converted from the
 * message's character set, what is no character or a control replaced by '?', cut to `size` at a whole character.
 */
void message_text(const struct message *message, struct text text, char *out, size_t size);

#endif
