/*
 * ack.h: acknowledgements: which ones a message asks for, and what they say.
 *
 * Original mode (MSH-15 and MSH-16 empty): always one, AA, AE or AR. Otherwise the two fields say when: AL always, NE
 * never, ER only in case of an error, SU only of success. A message that asks for both an accept and an application
 * acknowledgement gets both, CA first (of what was not even accepted only CE or CR); one that asks for an accept
 * acknowledgement alone, as PCD-01 and PCD-04 do (AL, NE), gets it as AA, AE or AR, as the monitors in use expect.
 *
 * Pure; thread: any. Source: HL7 v2.6 chapter 2.9 and tables 0008 and 0155.
 */
#ifndef WARDGATE_HL7_ACK_H
#define WARDGATE_HL7_ACK_H

#include <stddef.h>
#include <stdint.h>

#include "drivers/monitor/hl7/message.h"

#define ACK_BYTES_MAX      1024 /* with its frame */
#define ACK_CONTROL_ID_MAX 199  /* of MSH-10, HL7 v2.6 */

/* What became of a message. REFUSED: of a kind that is never taken; FAILED: damaged or not understood. */
enum ack_result { ACK_TAKEN, ACK_FAILED, ACK_REFUSED };

struct ack_stamp {
    uint64_t id;      /* our MSH-10; no two acknowledgements have the same. The second of a pair takes the next one. */
    int64_t local_ms; /* the box's wall clock, in its own zone, of 1970 */
    int32_t utc_offset_s;
};

/* Writes the acknowledgements that the message wants, framed, into `out` of 2 * ACK_BYTES_MAX; 0 bytes when it wants
 * none or has no readable MSH-10. `reason`: a few words for MSA-3, or NULL. */
size_t ack_write(const struct message *message, enum ack_result result, const char *reason,
                 const struct ack_stamp *stamp, char *out);

#endif
