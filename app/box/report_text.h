/*
 * report_text.h: the report of a box, for the person who flashed it: what is wrong, where, what to do.
 *
 * The same facts give the same text, the instant aside, so that what has not changed need not be written. No patient data. Pure.
 */
#ifndef WARDGATE_REPORT_TEXT_H
#define WARDGATE_REPORT_TEXT_H

#include <stdio.h>

#include "app/box/facts.h"

/* "gw-7e watches 8 beds", or what is worse. */
void report_headline(const struct facts *facts, FILE *stream);

/* The headline, and below it what is wrong. */
void report_brief(const struct facts *facts, FILE *stream);

/* All of it but the instant. */
void report_body(const struct facts *facts, FILE *stream);

/* report.txt: with the instant, and line ends that every laptop shows. The caller frees it; NULL: out of memory. */
char *report_file(const struct facts *facts, const char *body);

#endif
