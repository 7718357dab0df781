/*
 * modbus_rig.h: a Modbus bus of the driver's on one side, a peer on the other, and what was observed; for tests.
 *
 * Each monitor has a heart rate in holding register 0 and 11 registers behind it, in one request; the bed of an
 * observation is the monitor's index. The heart rate is the number of the request that the answer belongs to. There
 * is one request at a time, so a value with another number than the newest request's came from an answer to an
 * older one: that ends the test at once. So do values of RIG_BAD and above, which stand only in answers that must
 * never be believed.
 */
#ifndef WARDGATE_TESTS_MODBUS_RIG_H
#define WARDGATE_TESTS_MODBUS_RIG_H

#include "drivers/monitor/driver.h"
#include "drivers/monitor/modbus/modbus_driver.h"
#include "tests/unit/support/modbus_peer.h"

#define RIG_MONITORS  8
#define RIG_SEEN_MAX  8192
#define RIG_REGISTERS 12
#define RIG_BITS      2
#define RIG_BAD       40000
#define RIG_GAP_US    1750 /* of a line above 19200 baud */

struct rig {
    struct observation_sink sink; /* first */
    struct peer peer;
    struct profile profile;
    struct profile_channel channels[RIG_REGISTERS];
    struct profile_bit bits[RIG_BITS];
    struct monitor_config monitors[RIG_MONITORS];
    struct bus_config config;
    const struct monitor_driver *driver;
    struct bus *bus;
    bool numbered; /* heart rates are numbers of requests; the usual */
    int64_t started_us;
    unsigned wakes;  /* of the driver */
    int64_t late_us; /* the most that a wake came too late */
    unsigned count;
    struct observation seen[RIG_SEEN_MAX];
};

/* There is one at a time. */
extern struct rig rig;

/* Polls every interval_ms, addresses from 1, a line of so many baud (0: TCP). Change rig.config, rig.profile, rig.channels,
 * rig.bits and rig.monitors before rig_start. */
void rig_open(uint32_t baud, uint16_t monitors, uint32_t interval_ms, uint32_t timeout_ms,
              void (*serve)(struct peer *peer, const struct peer_request *request));
/* RTU over TCP: of a line of so many baud that nobody was told of (config.baud 0: not). */
void rig_open_converter(uint32_t baud, uint16_t monitors, uint32_t interval_ms, uint32_t timeout_ms,
                        void (*serve)(struct peer *peer, const struct peer_request *request));

void rig_start(void);
void rig_close(void);
int rig_tear_down(void **state); /* as cmocka wants it */

/* Runs the bus as its runner would. */
void rig_run_ms(unsigned ms);

/* While the bus is closed: tries to open it now, and tells how long it would have waited from now on. */
unsigned rig_retry_ms(void);

/* Until a monitor was observed with at least so many valid values since the call; false after ms, not counting those for
 * which this machine stood still. */
bool rig_run_until_values(uint16_t monitor, unsigned values, unsigned ms);

/* Until a failure of a monitor was counted more often than `before`; false after ms, as above. */
bool rig_run_until_failure(uint16_t monitor, enum status status, unsigned before, unsigned ms);

/* True when this machine was too busy to keep the rig's time, by more than RIG_STALL_US at once: what a test then
 * measures is the machine. It skips what it would ask of the times. */
#define RIG_STALL_US 8000
bool rig_was_stalled(void);

/* To the next deadline and no further, however late it is by then. */
void rig_step(void);

/* From a `serve`: as peer_frame, but of values that must never be believed. */
size_t rig_bad_frame(struct peer *peer, const struct peer_request *request, uint8_t *frame);

/* From a `serve`: as peer_answer, but one answer of a monitor after the other, however slow it is. */
void rig_answer_in_turn(struct peer *peer, const struct peer_request *request, int64_t delay_us);

/* Heart rates of a monitor: how many valid ones were seen, the newest. RIG_BAD and above ends the test at once. */
unsigned rig_values(uint16_t monitor);
int32_t rig_newest(uint16_t monitor);
/* Observations of a kind from a monitor, and those of them about a vital with a value. */
unsigned rig_count(uint16_t monitor, enum observation_kind kind);
unsigned rig_count_of(uint16_t monitor, enum observation_kind kind, enum vital vital, int32_t value_milli);
const struct bus_health *rig_health(void);
unsigned rig_failures(uint16_t monitor, enum status status);
bool rig_answering(uint16_t monitor);
void rig_forget(void);

#endif
