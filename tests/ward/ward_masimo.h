/*
 * ward_masimo.h: what a Masimo oximeter says: a line of text a second (ASCII 1) or every other second (trend of the
 * Rad-8), from the vitals in a monitor's registers.
 *
 * Pure. Written from the lines in the operator's manuals of the Rad-8 and the Radical-7, not from the gateway's
 * decoder.
 */
#ifndef WARD_MASIMO_H
#define WARD_MASIMO_H

#include <stddef.h>
#include <stdint.h>

#include "tests/ward/ward_registers.h"

#define WARD_MASIMO_LINE_MAX 200

/* Each writes one line with its end, no zero behind it, and returns its length. wall_ms: of 1970. */
size_t ward_masimo_ascii1(const struct ward_bank *bank, const char *serial, int64_t wall_ms,
                          char line[WARD_MASIMO_LINE_MAX]);
size_t ward_masimo_rad8(const struct ward_bank *bank, int64_t wall_ms, char line[WARD_MASIMO_LINE_MAX]);

#endif
