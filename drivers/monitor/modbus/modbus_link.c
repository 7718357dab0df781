#include "drivers/monitor/modbus/modbus_link.h"

#include <assert.h>
#include <errno.h>
#include <modbus.h>
#include <string.h>

#include "hal/net.h"
#include "hal/serial.h"

static char parity_letter(enum parity parity)
{
    static const char letters[] = {[PARITY_NONE] = 'N', [PARITY_EVEN] = 'E', [PARITY_ODD] = 'O'};
    return letters[parity];
}

static modbus_t *make_context(const struct bus_config *config)
{
    modbus_t *context =
        modbus_new_rtu(config->device, (int)config->baud, parity_letter(config->parity), 8, config->stop_bits);
    if (context != NULL) {
        (void)modbus_set_error_recovery(context, MODBUS_ERROR_RECOVERY_NONE);
    }
    return context;
}

void link_make(struct link *link, const struct bus_config *config, bool network, bool rtu)
{
    *link = (struct link){.config = config, .network = network, .rtu = rtu, .fd = -1};
    if (!network) {
        link->context = make_context(config);
    }
}

void link_free(struct link *link)
{
    assert(link->fd < 0);
    modbus_free(link->context);
    link->context = NULL;
}

static enum status open_line(struct link *link)
{
    const struct bus_config *config = link->config;
    const struct serial_settings settings = {.device = config->device,
                                             .baud = config->baud,
                                             .parity = parity_letter(config->parity),
                                             .stop_bits = config->stop_bits};
    const enum status status = serial_open(&settings, &link->fd);
    if (status == STATUS_OK) {
        link->rs485_missing = config->rs485 && serial_set_rs485(link->fd) != STATUS_OK;
        (void)modbus_set_socket(link->context, link->fd);
    }
    return status;
}

enum status link_open(struct link *link)
{
    assert(link->fd < 0);
    if (link->network) {
        return net_connect_start(link->config->host, link->config->port, &link->fd);
    }
    if (link->context == NULL) {
        errno = ENOMEM;
        return STATUS_NO_MEMORY;
    }
    return open_line(link);
}

enum status link_finish(struct link *link)
{
    return net_connect_finish(link->fd);
}

void link_close(struct link *link)
{
    if (link->fd < 0) {
        return;
    }
    if (link->network) {
        net_close(link->fd);
    } else {
        serial_close(link->fd);
    }
    link->fd = -1;
    link->held = 0;
    if (link->context != NULL) {
        (void)modbus_set_socket(link->context, -1);
    }
}

void link_abort(struct link *link)
{
    if (link->network && link->fd >= 0) {
        net_abort(link->fd);
    }
    link_close(link);
}

/* RTU frames to a converter. */
static enum status send_sealed(struct link *link, const uint8_t *raw, size_t length)
{
    uint8_t frame[FRAME_REQUEST];
    memcpy(frame, raw, length);
    frame_seal(frame, length);
    return net_send_whole(link->fd, frame, length + 2);
}

static enum status send_numbered(struct link *link, const uint8_t *raw, size_t length)
{
    link->transaction++;
    uint8_t frame[FRAME_TCP_REQUEST] = {
        (uint8_t)(link->transaction >> 8), (uint8_t)link->transaction, 0, 0, 0, (uint8_t)length};
    memcpy(frame + FRAME_TCP_PDU_OFFSET - 1, raw, length);
    return net_send_whole(link->fd, frame, sizeof frame);
}

static enum status send_by_libmodbus(struct link *link, const uint8_t *raw, size_t length)
{
    return modbus_send_raw_request(link->context, raw, (int)length) > 0 ? STATUS_OK : STATUS_IO;
}

enum status link_send(struct link *link, uint8_t address, const struct request *request)
{
    const uint8_t function = request_function(request);
    const uint8_t raw[] = {address,
                           function,
                           (uint8_t)(request->first >> 8),
                           (uint8_t)request->first,
                           (uint8_t)(request->count >> 8),
                           (uint8_t)request->count};
    assert(function >= 1 && function <= 4);
    if (!link->network) {
        return send_by_libmodbus(link, raw, sizeof raw);
    }
    return link->rtu ? send_sealed(link, raw, sizeof raw) : send_numbered(link, raw, sizeof raw);
}

enum status link_receive(struct link *link, size_t *out_held)
{
    uint8_t *behind = link->frame + link->held;
    const size_t room = sizeof link->frame - link->held;
    size_t got = 0;
    enum status status = STATUS_OK;
    if (room > 0) {
        status =
            link->network ? net_receive(link->fd, behind, room, &got) : serial_receive(link->fd, behind, room, &got);
    }
    if (status == STATUS_OK) {
        link->held += got;
        *out_held = link->held;
    }
    return status;
}

/* Of the frame held first, by what it says itself; 0: it has not said yet. */
static size_t rtu_length(const struct link *link)
{
    return link->held >= FRAME_RTU_HEAD ? frame_rtu_length(link->frame) : 0;
}

/* A frame says how long it is; what stands behind it is another. */
static enum status first_rtu(const struct link *link, const struct expected *expected, const uint8_t **out_pdu)
{
    const size_t length = rtu_length(link);
    if (length == 0 || link->held < length) {
        return STATUS_SHORT_FRAME;
    }
    *out_pdu = link->frame + FRAME_RTU_PDU_OFFSET;
    return frame_check_rtu(link->frame, length, expected);
}

static enum status first_numbered(const struct link *link, const struct expected *expected, const uint8_t **out_pdu)
{
    struct expected numbered = *expected;
    numbered.transaction = link->transaction;
    *out_pdu = link->frame + FRAME_TCP_PDU_OFFSET;
    return frame_check_tcp(link->frame, link->held, &numbered);
}

enum status link_frame(const struct link *link, const struct expected *expected, const uint8_t **out_pdu)
{
    return link->rtu ? first_rtu(link, expected, out_pdu) : first_numbered(link, expected, out_pdu);
}

size_t link_lacks(const struct link *link, size_t answer_bytes)
{
    const size_t length = link->rtu && rtu_length(link) > 0 ? rtu_length(link) : answer_bytes;
    return link->held < length ? length - link->held : 0;
}

void link_take(struct link *link)
{
    const size_t length = link->rtu ? rtu_length(link) : link->held;
    assert(length > 0 && length <= link->held);
    link->held -= length;
    memmove(link->frame, link->frame + length, link->held);
}

enum status link_discard(struct link *link, size_t *out_bytes, size_t *out_kept)
{
    size_t more = 0;
    assert(link->rtu);
    if (!link->network && (serial_pending(link->fd, &more) != STATUS_OK || serial_discard(link->fd) != STATUS_OK)) {
        return STATUS_IO;
    }
    *out_bytes = link->held + more;
    *out_kept = link->held;
    link->held = 0;
    return STATUS_OK;
}
