/*
 * plain.h: text for a person's terminal that holds words of others (names, texts of monitors, replies): none of it may steer the terminal. Pure; any thread.
 */
#ifndef WARDGATE_PLAIN_H
#define WARDGATE_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

/* True for a byte of a control character: those of ASCII, delete, and U+0080 to U+009F, of which both bytes count; line ends, too. */
bool plain_is_control(const char *text, size_t length, size_t index);

/* In place: each byte of a control character becomes a space; line ends stay, but not in a text of one line. */
void plain_mask(char *text, size_t length);
void plain_mask_line(char *text, size_t length);

#endif
