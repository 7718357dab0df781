/*
 * pages.h: looks at an LMDB file before LMDB does.
 *
 * LMDB maps its file and believes it: a damaged page makes it read outside the map or call abort(), and a gateway that dies at every start
 * watches nobody. So the whole structure is read once, at open, by pread and with every number checked: both meta pages, every
 * page reachable from the newest one (kind, bounds, order of keys, depth, counts), overflow pages, and the list of free pages; no page may
 * serve twice. A file that passes is one that LMDB could have written. Contents of values are not looked at (rows.h seals them).
 *
 * Reads each used page about twice: some 50 ms for 100 MB in cache. Allocates one block for its duration.
 * Files of this machine's word size and byte order only (one of another kind is told: OTHER_MACHINE), environments without MDB_DUPSORT; format as of LMDB 0.9 (data version 1).
 * Errors: STATUS_CORRUPT, STATUS_OTHER_MACHINE, STATUS_NOT_FOUND, STATUS_DENIED, STATUS_IO, STATUS_NO_MEMORY. Thread: any.
 */
#ifndef WARDGATE_PAGES_H
#define WARDGATE_PAGES_H

#include "app/engine/status.h"

enum status pages_check(int folder_fd, const char *file) MUST_CHECK;

#endif
