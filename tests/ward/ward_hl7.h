/*
 * ward_hl7.h: what a central station says about a bed: HL7 v2.6 messages in MLLP frames, values (IHE PCD-01) and alarms
 * (PCD-04), from the vitals and bits in a monitor's registers; and what an acknowledgement says.
 *
 * Identifiers and units are those of ISO/IEEE 11073-10101. A value that is absent is sent without its number, OBX-11 X.
 * What the cuff and the glucose meter measured goes out with every message, each with the instant of its measurement
 * (OBX-14, OBX-17 APERIODIC). Pure: instants are arguments, milliseconds of 1970. Written from the standards and from
 * messages of real monitors, not from the gateway's parser.
 */
#ifndef WARD_HL7_H
#define WARD_HL7_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/ward/ward_registers.h"

#define WARD_MESSAGE_MAX    8192
#define WARD_CONTROL_ID_MAX 64

#define WARD_MLLP_BEGIN '\x0b'
#define WARD_MLLP_END   '\x1c'

/* What the registers count, and when the newest was measured; instant 0: there was none yet. */
struct ward_measured {
    uint16_t counter;
    int64_t wall_ms;
};

struct ward_message {
    const char *station, *monitor; /* names */
    const char *place;             /* POC^ROOM^BED */
    const char *device;            /* at most 8 characters, of which an EUI-64 is made */
    const char *control_id;        /* MSH-10 */
    int64_t wall_ms;               /* MSH-7 */
    bool test, unknown_encoding;
    const struct ward_bank *bank;
};

enum ward_phase { WARD_PHASE_START, WARD_PHASE_CONTINUE, WARD_PHASE_END };

/* Each writes a whole frame and returns its length. */
size_t ward_hl7_values(const struct ward_message *message, const struct ward_measured *cuff,
                       const struct ward_measured *glucose, char out[WARD_MESSAGE_MAX]);
size_t ward_hl7_alarm(const struct ward_message *message, enum ward_bit bit, enum ward_phase phase,
                      const char *parent_id, char out[WARD_MESSAGE_MAX]);

/* True for the bits that a monitor tells as alarms of its own. */
bool ward_hl7_is_alarm(enum ward_bit bit);

/* An acknowledgement without its frame: MSA-1 and MSA-2. False when it has no MSA. */
bool ward_hl7_read_answer(const char *bytes, size_t length, char out_code[3], char out_id[WARD_CONTROL_ID_MAX]);

#endif
