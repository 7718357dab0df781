/*
 * older_store.h: makes a store's files what a wardgate before would have written, so that a start brings them forward.
 */
#ifndef WARDGATE_TESTS_OLDER_STORE_H
#define WARDGATE_TESTS_OLDER_STORE_H

#include <stdbool.h>

/* From STORE_SCHEMA to 4, where alerts that wait stand in a table of their own, or to 3, which knows no links between rows of the audit log either. The store
 * is not open. */
bool older_store_make(const char *path, unsigned schema);

#endif
