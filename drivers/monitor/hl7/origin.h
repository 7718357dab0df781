/*
 * origin.h: where a group of observations comes from, which of our monitors that is, and who that monitor says it is.
 *
 * A monitor is found by its device id (address without ^) or by the place in PV1-3 (POC^ROOM^BED, an empty part fits
 * all); where a message has both, the device id decides: that of OBX-18, else of OBR-3, else of MSH-3. Pure but for
 * the memory, which is the caller's. Thread: the bus's.
 */
#ifndef WARDGATE_HL7_ORIGIN_H
#define WARDGATE_HL7_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/monitor/driver.h"
#include "drivers/monitor/hl7/message.h"

#define ORIGIN_TEXT_MAX 64
#define ORIGIN_NONE     UINT16_MAX

/* Whose id is it: of the sender of the message (MSH-3), of the filler of the order (OBR-3), of the device (OBX-18), each
 * nearer to the patient. The first two may be a gateway's. */
enum origin_id { ORIGIN_SENDER, ORIGIN_FILLER, ORIGIN_DEVICE, ORIGIN_IDS };

struct origin {
    char place[3][ORIGIN_TEXT_MAX]; /* PV1-3: point of care, room, bed */
    char ids[ORIGIN_IDS][ORIGIN_TEXT_MAX];
    bool device_is_typed; /* OBX-18 is said to be an EUI-64: surely the device's own */
};

void origin_read_place(const struct message *message, struct text field, struct origin *origin);

/* MSH-3 (type HD), OBR-3 and OBX-18 (type EI). An empty field leaves no id. */
void origin_read_id(const struct message *message, struct text field, enum origin_id which, struct origin *origin);

/* Index into config->monitors, or ORIGIN_NONE. */
uint16_t origin_find(const struct bus_config *config, const struct origin *origin);

/*
 * Who speaks. A device's own id is its identity at once. An id of the sender or filler may stand for a gateway with
 * many beds behind it, which must not look like one monitor at all of them: it counts only when it has come from one
 * place alone for ORIGIN_PROOF_MS; and never again once it came back to a place that it had left. A monitor found by
 * its device id is that id with the newest place it named: at another place it is somebody else's monitor.
 */
#define ORIGIN_PROOF_MS 60000
#define ORIGIN_SENDERS  128

struct origin_sender {
    int32_t id; /* identity_hash; 0: free */
    uint16_t monitor, monitor_before;
    bool shared; /* a gateway's */
    int64_t since_ms;
};

struct origin_memory {
    struct origin_sender senders[ORIGIN_SENDERS];
    unsigned next;
};

/* Per monitor. */
struct origin_monitor {
    int32_t place;      /* identity_hash of the newest place named; 0: none yet */
    bool has_device_id; /* its device has an id of its own: others no longer count */
};

/* The message itself has groups of several monitors: ids of its sender are a gateway's. */
void origin_note_shared(struct origin_memory *memory, const struct origin *origin);

/* False: it cannot be told. at_ms: CLOCK_BOOTTIME. */
bool origin_identify(struct origin_memory *memory, struct origin_monitor *state, const struct bus_config *config,
                     uint16_t monitor, const struct origin *origin, int64_t at_ms, int32_t *out_identity);

#endif
