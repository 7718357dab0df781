/*
 * watch_text.h: values, ages and marks as `wardgate status --watch` writes them: short, and the same in every panel.
 * Pure; any thread.
 */
#ifndef WARDGATE_WATCH_TEXT_H
#define WARDGATE_WATCH_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "app/cli/screen.h"
#include "app/cli/watch_ward.h"

#define WATCH_SHORT_MAX 32

const char *watch_mark(unsigned priority); /* "!!!", "!!", "!", "" */
enum style watch_priority_style(unsigned priority);

void watch_age_text(int64_t age_ms, char text[WATCH_SHORT_MAX]);   /* "4s", "12m", "3h", "2d" */
void watch_span_text(int64_t seconds, char text[WATCH_SHORT_MAX]); /* "04:12", "2d 04:12" */
void watch_milli_text(int32_t milli, int places, char text[WATCH_SHORT_MAX]);
const char *watch_unit_text(enum vital vital, bool unicode); /* "mmHg" of "mm[Hg]" */
const char *watch_invalid_text(const char *why);             /* at most 4 letters */

/* A value that nobody should read as live any more: `since_ms` after the report. */
bool watch_is_live(const struct watch_vital *vital, int64_t since_ms);

#endif
