/*
 * adopt.h: which wardgate.yaml is in force, with all that it names: data/etc is that of the boot partition once that is good, else
 * stays what it was.
 *
 *            boot partition cannot be read, no wardgate.yaml, or one that `wardgate check` refuses
 *           ┌───────────────────────────────────────────────► OLDER (or NONE: nothing was ever good)
 *     read ─┤ the same files as when it was last taken ─────► SAME, or OTHER where data/etc was restored since
 *           │ no wardgate.yaml, and data/etc was restored ──► OTHER
 *           └ others, and good ──► data/etc.new ──exchange──► NEW
 *
 * The exchange is one step of the file system: a cut leaves the old folder or the new one. What is in keys, and every private key, stays
 * where it was when the boot partition has none of that name; so does the certificate of the log server that the network.yaml in
 * force names, and what is none of these files (fileset.h), such as ssh/. Thread: that of a command.
 */
#ifndef WARDGATE_ADOPT_H
#define WARDGATE_ADOPT_H

#include "app/box/box.h"
#include "app/box/fileset.h"

/* Goes on with what a cut has left half done: before anything is read of data/etc. */
void adopt_settle(const struct box_places *places);

/* Behind adopt_settle. also: files of data/etc that another file there names, which stay like keys do; NULL: none.
 * Writes ward, since_ms, ward_problems, notes, and the gateway's id if the boot partition gives one. */
void adopt_run(const struct box_places *places, int64_t wall_ms, const struct fileset *also,
               struct box_outcome *outcome);

#endif
