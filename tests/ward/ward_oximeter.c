#include "tests/ward/ward_oximeter.h"

#include <assert.h>
#include <string.h>

#include "tests/ward/ward_serial.h"

enum { FRAME_MAX = 256, BITS_A_BYTE = 10 };

_Static_assert(FRAME_MAX <= WARD_ADU_MAX && WARD_MASIMO_LINE_MAX <= FRAME_MAX, "a frame is one sending");

struct ward_format {
    const char *name;
    int64_t step_ns; /* from frame to frame */
    size_t bytes;    /* of a frame, at most */
    bool has_checksum;
    size_t (*make)(struct ward_link *link, int64_t now_ns, uint8_t frame[FRAME_MAX]);
};

static size_t make_df2(struct ward_link *link, int64_t now_ns, uint8_t frame[FRAME_MAX])
{
    (void)now_ns;
    return ward_nonin_df2(&link->oximeter.nonin, &link->oximeter.monitor->bank, frame);
}

static size_t make_df7(struct ward_link *link, int64_t now_ns, uint8_t frame[FRAME_MAX])
{
    (void)now_ns;
    return ward_nonin_df7(&link->oximeter.nonin, &link->oximeter.monitor->bank, frame);
}

static size_t make_df8(struct ward_link *link, int64_t now_ns, uint8_t frame[FRAME_MAX])
{
    (void)now_ns;
    return ward_nonin_df8(&link->oximeter.nonin, &link->oximeter.monitor->bank, frame);
}

static size_t make_ascii1(struct ward_link *link, int64_t now_ns, uint8_t frame[FRAME_MAX])
{
    const struct ward_monitor *monitor = link->oximeter.monitor;
    return ward_masimo_ascii1(&monitor->bank, monitor->identity, ward_loop_wall_ms(link->loop, now_ns), (char *)frame);
}

static size_t make_rad8(struct ward_link *link, int64_t now_ns, uint8_t frame[FRAME_MAX])
{
    return ward_masimo_rad8(&link->oximeter.monitor->bank, ward_loop_wall_ms(link->loop, now_ns), (char *)frame);
}

#define FAST_STEP_NS (WARD_S / WARD_NONIN_FAST_HZ)

static const struct ward_format formats[] = {{"nonin-df2", FAST_STEP_NS, 5, true, make_df2},
                                             {"nonin-df7", FAST_STEP_NS, 5, true, make_df7},
                                             {"nonin-df8", WARD_S, 4, false, make_df8},
                                             {"masimo-ascii1", WARD_S, 150, false, make_ascii1},
                                             {"masimo-rad8", 2 * WARD_S, 60, false, make_rad8}};

const struct ward_format *ward_format_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(formats[i].name, name) == 0) {
            return &formats[i];
        }
    }
    return NULL;
}

bool ward_format_fits(const struct ward_format *format, unsigned baud)
{
    return (int64_t)format->bytes * BITS_A_BYTE * WARD_S / baud <= format->step_ns;
}

bool ward_format_has_checksum(const struct ward_format *format)
{
    return format->has_checksum;
}

int64_t ward_oximeter_next(const struct ward_link *link)
{
    const int64_t byte_ns = ward_serial_next(link);
    return link->oximeter.next_ns < byte_ns ? link->oximeter.next_ns : byte_ns;
}

static void oximeter_say(struct ward_link *link, int64_t at_ns)
{
    struct ward_monitor *monitor = link->oximeter.monitor;
    uint8_t frame[FRAME_MAX];
    ward_monitor_show(monitor, at_ns);
    size_t length = link->oximeter.format->make(link, at_ns, frame);
    if (at_ns < monitor->silent_until_ns || link->serial.master < 0) {
        return;
    }
    if (ward_monitor_spoils(monitor, WARD_FAULT_CRC)) {
        frame[length - 1] ^= 0x01U;
    }
    if (ward_monitor_spoils(monitor, WARD_FAULT_TRUNCATE) &&
        (size_t)monitor->faults[WARD_FAULT_TRUNCATE].value < length) {
        length = (size_t)monitor->faults[WARD_FAULT_TRUNCATE].value;
    }
    monitor->counts.told++;
    link->counts.lost += ward_serial_say(link, at_ns, frame, length) ? 0 : 1;
}

void ward_oximeter_run(struct ward_link *link, int64_t now_ns)
{
    while (link->oximeter.next_ns <= now_ns) {
        oximeter_say(link, link->oximeter.next_ns);
        link->oximeter.next_ns += link->oximeter.format->step_ns;
    }
}
