#include "drivers/monitor/modbus/modbus_link.h"

#include <assert.h>
#include <errno.h>
#include <modbus.h>
#include <sys/select.h>

#include "hal/net.h"
#include "hal/serial.h"

_Static_assert(FRAME_MAX == MODBUS_MAX_ADU_LENGTH, "libmodbus writes up to its own length into our buffer");

static char parity_letter(enum parity parity)
{
    static const char letters[] = {[PARITY_NONE] = 'N', [PARITY_EVEN] = 'E', [PARITY_ODD] = 'O'};
    return letters[parity];
}

void link_make(struct link *link, const struct bus_config *config, bool tcp)
{
    modbus_t *context =
        tcp ? modbus_new_tcp(NULL, config->port)
            : modbus_new_rtu(config->device, (int)config->baud, parity_letter(config->parity), 8, config->stop_bits);
    *link = (struct link){.config = config, .context = context, .tcp = tcp, .fd = -1};
    if (context != NULL) {
        /* The shortest it knows: all it shall read is there. 0 between bytes: no time of its own for them. */
        (void)modbus_set_response_timeout(context, 0, 1);
        (void)modbus_set_byte_timeout(context, 0, 0);
        (void)modbus_set_error_recovery(context, MODBUS_ERROR_RECOVERY_NONE);
    }
}

void link_free(struct link *link)
{
    assert(link->fd < 0);
    modbus_free(link->context);
    link->context = NULL;
}

static enum status open_descriptor(const struct bus_config *config, bool tcp, int *out_fd)
{
    if (tcp) {
        return net_connect_start(config->host, config->port, out_fd);
    }
    const struct serial_settings settings = {.device = config->device,
                                             .baud = config->baud,
                                             .parity = parity_letter(config->parity),
                                             .stop_bits = config->stop_bits};
    return serial_open(&settings, out_fd);
}

enum status link_open(struct link *link)
{
    assert(link->fd < 0);
    if (link->context == NULL) {
        errno = ENOMEM;
        return STATUS_NO_MEMORY;
    }
    const enum status status = open_descriptor(link->config, link->tcp, &link->fd);
    if (status != STATUS_OK) {
        return status;
    }
    if (link->fd >= FD_SETSIZE) {
        link_close(link);
        errno = EMFILE;
        return STATUS_TOO_LARGE;
    }
    (void)modbus_set_socket(link->context, link->fd);
    return STATUS_OK;
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
    if (link->tcp) {
        net_close(link->fd);
    } else {
        serial_close(link->fd);
    }
    link->fd = -1;
    if (link->context != NULL) {
        (void)modbus_set_socket(link->context, -1);
    }
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
    if (!link->tcp) {
        (void)modbus_set_slave(link->context, address); /* it drops answers of others unchecked */
    }
    return modbus_send_raw_request(link->context, raw, sizeof raw) > 0 ? STATUS_OK : STATUS_IO;
}

enum status link_pending(struct link *link, size_t *out_bytes)
{
    return link->tcp ? net_peek(link->fd, link->frame, sizeof link->frame, out_bytes)
                     : serial_pending(link->fd, out_bytes);
}

enum status link_discard(struct link *link)
{
    assert(!link->tcp);
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

/* What was peeked at is checked before libmodbus, which believes every header, may read it. */
static enum status take_from_connection(struct link *link, const struct expected *expected, size_t pending,
                                        const uint8_t **out_pdu)
{
    const enum status status = frame_check_tcp(link->frame, pending, expected);
    if (status != STATUS_OK && status != STATUS_EXCEPTION) {
        return status;
    }
    if (modbus_receive_confirmation(link->context, link->frame) != (int)pending) {
        return STATUS_IO;
    }
    *out_pdu = link->frame + FRAME_TCP_PDU_OFFSET;
    return frame_check_tcp(link->frame, pending, expected);
}

enum status link_take(struct link *link, const struct expected *expected, size_t pending, const uint8_t **out_pdu)
{
    return link->tcp ? take_from_connection(link, expected, pending, out_pdu)
                     : take_from_line(link, expected, pending, out_pdu);
}
