/*
 * edition.h: which of two versions is the newer. Pure.
 *
 * Numbers between dots count as numbers, one that is missing as 0; then a part behind a `-` is before the same without it (0.3.0-rc1 before 0.3.0). What stands
 * behind a `+` (the commit) says nothing.
 */
#ifndef WARDGATE_EDITION_H
#define WARDGATE_EDITION_H

/* Below 0: a is older than b; above: newer. */
int edition_compare(const char *a, const char *b);

#endif
