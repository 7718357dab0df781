/*
 * reference_loop: the polls that a bare libmodbus loop gets through a line, which keeps the silence of 3.5 characters
 * before each request and does nothing else: no decoding, no rules, no broker.
 *
 *     reference_loop DEVICE BAUD MONITORS SECONDS     8E1, 12 holding registers of the units 1..MONITORS in turn
 *
 * Prints {"answered":N,"failed":N,"seconds":S,"cpu_ms":C,"switches":N}.
 */
#include <stdlib.h>

#include <modbus.h>

#include "tests/bench/reference_line.h"

static void poll_line(modbus_t *line, long baud, int monitors, int64_t end_ns, struct reference_tally *tally)
{
    uint16_t registers[REFERENCE_REGISTERS];
    for (int unit = 1; reference_now_ns() < end_ns; unit = unit % monitors + 1) {
        (void)modbus_set_slave(line, unit);
        if (modbus_read_registers(line, 0, REFERENCE_REGISTERS, registers) == REFERENCE_REGISTERS) {
            tally->answered++;
        } else {
            tally->failed++;
        }
        reference_sleep_until(reference_now_ns() + reference_silence_ns(baud));
    }
}

int main(int argc, char **argv)
{
    const long baud = argc == 5 ? strtol(argv[2], NULL, 10) : 0;
    const int monitors = argc == 5 ? (int)strtol(argv[3], NULL, 10) : 0;
    modbus_t *line = baud > 0 && monitors > 0 ? modbus_new_rtu(argv[1], (int)baud, 'E', 8, 1) : NULL;
    if (line == NULL || modbus_connect(line) != 0) {
        (void)fprintf(stderr, "usage: reference_loop DEVICE BAUD MONITORS SECONDS (no such device?)\n");
        return 2;
    }
    struct reference_tally tally;
    reference_begin(&tally);
    poll_line(line, baud, monitors, tally.start_ns + strtol(argv[4], NULL, 10) * REFERENCE_SECOND_NS, &tally);
    reference_print(&tally);
    modbus_close(line);
    modbus_free(line);
    return 0;
}
