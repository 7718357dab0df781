/*
 * keepsake.h: a little memory that outlives the program, whatever ends it, but not the box: a page that the system keeps under a name.
 *
 * Nothing of it ever touches a disk, so to write it never waits and never fails: it is where to note what a disk that fails cannot take. One name a folder
 * (device and inode): a folder that is made anew, copied, or put back from elsewhere has another, or finds what was noted of the one before it.
 * Whoever opens it first finds zeros.
 * Thread: any; what several threads write is theirs to order. Bound: KEEPSAKE_BYTES; one page a folder stays until the box is started again.
 */
#ifndef WARDGATE_KEEPSAKE_H
#define WARDGATE_KEEPSAKE_H

#include "app/engine/status.h"

#define KEEPSAKE_BYTES 512

/* The folder is there. STATUS_DENIED: somebody else's, or another file's; STATUS_IO: the system has none to give. */
enum status keepsake_open(const char *folder, void **out) MUST_CHECK;

void keepsake_close(void *keepsake); /* what is in it stays; NULL is allowed */

#endif
