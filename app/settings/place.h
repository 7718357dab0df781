/*
 * place.h: where messages on an HL7 bus say that a monitor stands: PV1-3 as POC^ROOM^BED, of which an empty part fits
 * all, or a device id (anything without a ^).
 *
 * Pure; thread: any. Source: HL7 v2.6 chapter 3.4.3.3 (PL data type), IHE PCD TF-2 appendix B.
 */
#ifndef WARDGATE_PLACE_H
#define WARDGATE_PLACE_H

#include <stdbool.h>

/* NULL, or what is wrong with it and what to do. */
const char *place_fault(const char *text);

/* True for ^^, which fits every message. */
bool place_fits_all(const char *text);

/* True when both are the same: a device id whatever its capitals. */
bool place_is_same(const char *a, const char *b);

/* True when one message can fit both, so that two beds could claim it. Two device ids only when they are the same; a
 * device id and a location are told apart by the message that has both. */
bool place_may_be_same(const char *a, const char *b);

#endif
