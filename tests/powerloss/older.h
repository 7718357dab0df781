/*
 * older.h: makes a store's files what the wardgate before would have written, so that a start brings them forward.
 */
#ifndef WARDGATE_TESTS_OLDER_H
#define WARDGATE_TESTS_OLDER_H

#include <stdbool.h>

/* From STORE_SCHEMA to the schema before it, which knows no links between rows of the audit log. */
bool older_make(const char *path);

#endif
