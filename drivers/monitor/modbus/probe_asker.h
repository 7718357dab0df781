/*
 * probe_asker.h: asks Modbus monitors one thing after another and waits for each answer; for modbus_probe.c alone.
 *
 * Knows no monitor and no profile. Every answer is checked whole: checksum or header, address, function. After a silence on a network
 * the connection is made anew, so that an answer that comes late is never taken for the next. Thread: the caller's.
 */
#ifndef WARDGATE_PROBE_ASKER_H
#define WARDGATE_PROBE_ASKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/status.h"
#include "drivers/monitor/modbus/frame.h"
#include "drivers/monitor/modbus/requests.h"
#include "drivers/monitor/probe.h"

enum asker_form { ASKER_SERIAL, ASKER_TCP, ASKER_RTU_OVER_TCP };

struct asker {
    int fd;
    enum asker_form form;
    struct wire wire;
    uint32_t answer_ms;
    enum status status; /* other than OK: the line or the connection is gone, and nothing more can be asked */
    enum status (*reconnect)(struct asker *asker, const void *context); /* network */
    const void *context;
    uint8_t frame[FRAME_MAX];
    size_t length;
};

void asker_make(struct asker *asker, int fd, enum asker_form form, struct wire wire, uint32_t answer_ms);

/* Does anybody answer at this address, be it by an exception? */
bool asker_is_there(struct asker *asker, uint8_t address);

/* What it calls itself: maker, product, revision; "" when it does not say. Printable ASCII. */
void asker_identify(struct asker *asker, uint8_t address, char text[PROBE_IDENTITY_MAX]);

/* STATUS_OK: *out_data has the request's data until the next call. STATUS_EXCEPTION; STATUS_TIMEOUT; others: no sound answer. */
enum status asker_read(struct asker *asker, uint8_t address, const struct request *request,
                       const uint8_t **out_data) MUST_CHECK;

#endif
