/*
 * ward_nonin.h: what a Nonin oximeter says: data formats 2, 7 and 8, from the vitals in a monitor's registers.
 *
 * 2 and 7 are 75 frames of 5 bytes a second, 25 of them a packet; 8 is 4 bytes once a second. The values for displays,
 * which are all that format 8 has, are fresh every 1.5 s and stay for 10 s after the finger is gone, with the sensor's
 * alarm set; the others go at once.
 *
 * Pure: the caller keeps the state, zeroed at first, and asks for one frame after another. Written from the layouts in
 * the Nonin 9560 Bluetooth specification, not from the gateway's decoder.
 */
#ifndef WARD_NONIN_H
#define WARD_NONIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/ward/ward_registers.h"

#define WARD_NONIN_FAST_HZ   75 /* formats 2 and 7 */
#define WARD_NONIN_FRAME_MAX 5

struct ward_nonin {
    unsigned frame;       /* of the packet, from 0 */
    unsigned pulse, spo2; /* of the packet, or 511 and 127 */
    unsigned shown_pulse, shown_spo2;
    unsigned shown_for;  /* frames since the display was fresh */
    unsigned off_for;    /* frames since the finger was gone */
    uint32_t beat;       /* phase of the pulse wave, 2^32 is one beat */
    unsigned since_beat; /* frames */
    bool begun;
};

/* Each writes one frame and returns its length. */
size_t ward_nonin_df2(struct ward_nonin *nonin, const struct ward_bank *bank, uint8_t frame[WARD_NONIN_FRAME_MAX]);
size_t ward_nonin_df7(struct ward_nonin *nonin, const struct ward_bank *bank, uint8_t frame[WARD_NONIN_FRAME_MAX]);
size_t ward_nonin_df8(struct ward_nonin *nonin, const struct ward_bank *bank, uint8_t frame[WARD_NONIN_FRAME_MAX]);

#endif
