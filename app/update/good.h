/*
 * good.h: whether the version that runs is one to stay with (wardgate-good.service).
 *
 *     first     no version has run well here yet: waited for, however long it takes
 *     proven    this version has run well in this slot before: good at once
 *     trial     another one has, and can still be started: good within a time, or the box goes back to it
 *
 * Where the record of that is gone (DATA/update/good), as the whole data partition may be, GRUB's notes say what is proven; what is not, and could be gone
 * back from, is given up at once: it may be why.
 *
 * What being marked good does: GRUB counts no tries and gives several from then on; the store may take this version's form at its next opening, and where the
 * other slot's could not read that, the other slot is not started any more, before the store may.
 * Thread: that of a command.
 */
#ifndef WARDGATE_GOOD_H
#define WARDGATE_GOOD_H

#include <stddef.h>

#include "app/update/install.h"

enum good_end {
    GOOD_MARKED,
    GOOD_NOT_YET, /* and there is nothing to go back to, or GRUB would not do so any more */
    GOOD_GIVEN_UP /* on trial: the box is to be started again */
};

struct good_times {
    int for_s, within_s, look_ms;
};

/* As RAUC tells them, which may take until its service is there. GOOD_MARKED: *out has them. Else it does not tell, and said is what to write into the log: a
 * version on trial, as far as the records say, is given up, for nobody could mark it. */
enum good_end good_slots(const struct update_box *box, const struct good_times *times, struct slots *out, char *said,
                         size_t size);

/* Notes an update that the box went back from; into said what it was, "" when there was none. To be called at each start. */
void good_look_back(const struct update_box *box, const struct slots *slots, char *said, size_t size);

/* said: what to write into the log; never empty. */
enum good_end good_wait(const struct update_box *box, const struct slots *slots, const struct good_times *times,
                        char *said, size_t size);

#endif
