#include "drivers/monitor/modbus/modbus_link.h"

#include <assert.h>
#include <errno.h>
#include <modbus.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#include "hal/net.h"
#include "hal/serial.h"

_Static_assert(FRAME_MAX == MODBUS_MAX_ADU_LENGTH, "libmodbus writes up to its own length into our buffer");

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
        /* The shortest it knows: all it shall read is there. 0 between bytes: no time of its own for them. */
        (void)modbus_set_response_timeout(context, 0, 1);
        (void)modbus_set_byte_timeout(context, 0, 0);
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
    if (status == STATUS_OK && config->rs485) {
        link->rs485_missing = serial_set_rs485(link->fd) != STATUS_OK;
    }
    return status;
}

/* It waits by select, which knows no larger ones. */
static enum status lend_descriptor(struct link *link)
{
    if (link->fd >= FD_SETSIZE) {
        link_close(link);
        errno = EMFILE;
        return STATUS_TOO_LARGE;
    }
    (void)modbus_set_socket(link->context, link->fd);
    return STATUS_OK;
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
    const enum status status = open_line(link);
    return status == STATUS_OK ? lend_descriptor(link) : status;
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
    (void)modbus_set_slave(link->context, raw[0]); /* it drops answers of others unchecked */
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

/* No more than a frame and a byte, which tells that there is more. */
static enum status read_on(struct link *link, size_t *out_bytes)
{
    size_t got = 0;
    const size_t room = sizeof link->frame - link->held;
    const enum status status = room > 0 ? net_receive(link->fd, link->frame + link->held, room, &got) : STATUS_OK;
    if (status == STATUS_OK) {
        link->held += got;
        *out_bytes = link->held;
    }
    return status;
}

enum status link_pending(struct link *link, size_t *out_bytes)
{
    if (!link->network) {
        return serial_pending(link->fd, out_bytes);
    }
    return link->rtu ? net_peek(link->fd, link->frame, sizeof link->frame, out_bytes) : read_on(link, out_bytes);
}

enum status link_discard(struct link *link, size_t pending, size_t *out_kept)
{
    assert(link->rtu);
    if (link->network) {
        *out_kept = pending; /* peeked at */
        return net_skip(link->fd, pending);
    }
    const ssize_t got = read(link->fd, link->frame, sizeof link->frame);
    *out_kept = got > 0 ? (size_t)got : 0;
    return serial_discard(link->fd);
}

static enum status take_from_line(struct link *link, const struct expected *expected, size_t pending,
                                  const uint8_t **out_pdu)
{
    size_t left = 0;
    const int got = modbus_receive_confirmation(link->context, link->frame);
    const bool whole = got >= 0 || errno == EMBBADCRC; /* 0: another address */
    if (serial_pending(link->fd, &left) != STATUS_OK) {
        return STATUS_IO;
    }
    size_t length = left < pending ? pending - left : 0; /* about: more may have come meanwhile */
    if (got > 0) {
        length = (size_t)got;
    } else if (whole) {
        length = frame_rtu_length(link->frame);
    }
    *out_pdu = link->frame + FRAME_RTU_PDU_OFFSET;
    return frame_check_rtu(link->frame, length, expected);
}

/* A frame says how long it is: what stands behind it stays. */
static enum status take_from_converter(struct link *link, const struct expected *expected, size_t pending,
                                       const uint8_t **out_pdu)
{
    size_t length = pending;
    if (pending >= FRAME_RTU_MIN && frame_rtu_length(link->frame) < pending) {
        length = frame_rtu_length(link->frame);
    }
    const enum status status = frame_check_rtu(link->frame, length, expected);
    if (status != STATUS_SHORT_FRAME && net_skip(link->fd, length) != STATUS_OK) {
        return STATUS_IO;
    }
    *out_pdu = link->frame + FRAME_RTU_PDU_OFFSET;
    return status;
}

static enum status take_numbered(struct link *link, const struct expected *expected, size_t pending,
                                 const uint8_t **out_pdu)
{
    struct expected numbered = *expected;
    numbered.transaction = link->transaction;
    const enum status status = frame_check_tcp(link->frame, pending, &numbered);
    if (status == STATUS_OK || status == STATUS_EXCEPTION) {
        link->held = 0;
        *out_pdu = link->frame + FRAME_TCP_PDU_OFFSET;
    }
    return status;
}

enum status link_take(struct link *link, const struct expected *expected, size_t pending, const uint8_t **out_pdu)
{
    if (!link->network) {
        return take_from_line(link, expected, pending, out_pdu);
    }
    return link->rtu ? take_from_converter(link, expected, pending, out_pdu)
                     : take_numbered(link, expected, pending, out_pdu);
}
