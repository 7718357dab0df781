/*
 * codes.h: which of our vitals an observation identifier (OBX-3) means, and which unit OBX-6.
 *
 * Codes are IEEE 11073-10101 (partition * 65536 + term) and its reference ids; the few of other systems say so in the
 * table. Both the name and the number are looked at: where they contradict each other, the identifier means nothing.
 * Pure; constant data. Thread: any.
 */
#ifndef WARDGATE_HL7_CODES_H
#define WARDGATE_HL7_CODES_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/vital.h"
#include "drivers/monitor/hl7/message.h"

/* An identifier of type CWE: its first triplet, or its alternate one. */
struct code {
    uint32_t number; /* 0: none */
    struct text reference, system;
};
struct code code_of(const struct message *message, struct text field);

/* The vital that a field of type CWE means. out_rank: of several identifiers for one vital the smaller rank is the
 * better source. False: none of ours. */
bool codes_find_vital(const struct message *message, struct text field, enum vital *out_vital, unsigned *out_rank);

/* How a value of OBX-6's unit becomes the vital's; false: no unit, not known, or not one for this vital. */
bool codes_find_unit(const struct message *message, struct text field, enum vital vital, struct unit_conversion *out);

#endif
