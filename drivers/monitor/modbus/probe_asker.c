#include "drivers/monitor/modbus/probe_asker.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "hal/clock.h"
#include "hal/net.h"
#include "hal/serial.h"

enum {
    US_PER_MS = 1000,
    QUIET_SERIAL_MS = 30, /* so long a silence ends an answer; adapters hold bytes back for up to 16 ms inside of one */
    QUIET_NETWORK_MS = 60,
    HEADER_BYTES = 6, /* before what the length of a TCP header counts */
    CRC_BYTES = 2,
    EXCEPTION_MARK = 0x80,
    GATEWAY_PATH_UNAVAILABLE = 0x0A,
    GATEWAY_TARGET_SILENT = 0x0B,
    READ_HOLDING = 3,
    REGISTER_BYTES = 2,
    ENCAPSULATED = 0x2B,
    DEVICE_IDENTIFICATION = 0x0E,
    BASIC_OBJECTS = 1,
    OBJECTS_OFFSET = 7 /* function, type, code, conformity, more, next, count */
};

void asker_make(struct asker *asker, int fd, enum asker_form form, struct wire wire, uint32_t answer_ms)
{
    *asker = (struct asker){.fd = fd, .form = form, .wire = wire, .answer_ms = answer_ms};
}

static bool is_tcp(const struct asker *asker)
{
    return asker->form == ASKER_TCP;
}

static size_t pdu_offset(const struct asker *asker)
{
    return is_tcp(asker) ? FRAME_TCP_PDU_OFFSET : FRAME_RTU_PDU_OFFSET;
}

static size_t wrap(const struct asker *asker, uint8_t address, const uint8_t *pdu, size_t length, uint8_t *out)
{
    memset(out, 0, FRAME_TCP_PDU_OFFSET);
    memcpy(out + pdu_offset(asker), pdu, length);
    if (is_tcp(asker)) {
        out[HEADER_BYTES - 1] = (uint8_t)(length + 1);
        out[HEADER_BYTES] = address;
        return FRAME_TCP_PDU_OFFSET + length;
    }
    out[0] = address;
    frame_seal(out, length + 1);
    return length + 1 + CRC_BYTES;
}

/* True when more bytes came before the instant. */
static bool wait_for_bytes(struct asker *asker, int64_t until_us)
{
    struct pollfd wait = {.fd = asker->fd, .events = POLLIN};
    const int64_t left_us = until_us - clock_boot_us();
    if (left_us <= 0 || poll(&wait, 1, (int)((left_us + US_PER_MS - 1) / US_PER_MS)) <= 0) {
        return false;
    }
    const ssize_t got = read(asker->fd, asker->frame + asker->length, sizeof asker->frame - asker->length);
    if (got > 0) {
        asker->length += (size_t)got;
    }
    return got > 0;
}

/* Of a reading function's answer or an exception the length is known; others end when the line falls silent. */
static bool is_whole(const struct asker *asker)
{
    if (is_tcp(asker)) {
        return asker->length >= HEADER_BYTES && asker->length >= HEADER_BYTES + (size_t)asker->frame[HEADER_BYTES - 1];
    }
    return asker->length >= FRAME_RTU_MIN && asker->frame[1] != ENCAPSULATED &&
           asker->length >= frame_rtu_length(asker->frame);
}

/* All that comes until the answer is whole, or its time is over and the line has fallen silent. */
static void receive(struct asker *asker, int64_t first_by_us)
{
    const int64_t quiet_us = (int64_t)US_PER_MS * (asker->form == ASKER_SERIAL ? QUIET_SERIAL_MS : QUIET_NETWORK_MS) +
                             wire_us(&asker->wire, 4);
    int64_t until_us = first_by_us;
    asker->length = 0;
    while (asker->length < sizeof asker->frame && !is_whole(asker) && wait_for_bytes(asker, until_us)) {
        const int64_t silent_us = clock_boot_us() + quiet_us;
        until_us = silent_us > first_by_us ? silent_us : first_by_us;
    }
}

static enum status send_request(struct asker *asker, const uint8_t *bytes, size_t length)
{
    if (asker->form != ASKER_SERIAL) {
        return net_send_whole(asker->fd, bytes, length);
    }
    clock_sleep_until_us(clock_boot_us() + (int64_t)asker->wire.gap_us + US_PER_MS);
    const enum status status = serial_discard(asker->fd);
    if (status != STATUS_OK) {
        return status;
    }
    return write(asker->fd, bytes, length) == (ssize_t)length ? STATUS_OK : STATUS_IO;
}

static enum status check(const struct asker *asker, uint8_t address, uint8_t function, const uint8_t **out_pdu)
{
    const size_t offset = pdu_offset(asker);
    const size_t tail = is_tcp(asker) ? 0 : CRC_BYTES;
    if (asker->length < offset + 2 + tail) {
        return STATUS_SHORT_FRAME;
    }
    const uint8_t *frame = asker->frame;
    if (is_tcp(asker) ? (frame[2] | frame[3] | frame[4]) != 0 : frame_crc(frame, asker->length) != 0) {
        return is_tcp(asker) ? STATUS_BAD_HEADER : STATUS_BAD_CHECKSUM;
    }
    if (frame[offset - 1] != address) {
        return STATUS_WRONG_ADDRESS;
    }
    if ((frame[offset] & ~(unsigned)EXCEPTION_MARK) != function) {
        return STATUS_WRONG_FUNCTION;
    }
    *out_pdu = frame + offset;
    return (frame[offset] & EXCEPTION_MARK) != 0 ? STATUS_EXCEPTION : STATUS_OK;
}

static enum status ask(struct asker *asker, uint8_t address, const uint8_t *request, size_t length,
                       const uint8_t **out_pdu)
{
    uint8_t bytes[FRAME_MAX];
    if (asker->status != STATUS_OK) {
        return asker->status;
    }
    const size_t wrapped = wrap(asker, address, request, length, bytes);
    asker->status = send_request(asker, bytes, wrapped);
    if (asker->status != STATUS_OK) {
        return asker->status;
    }
    const int64_t out_us = clock_boot_us() + wire_us(&asker->wire, (uint32_t)wrapped);
    receive(asker, out_us + (int64_t)asker->answer_ms * US_PER_MS);
    if (asker->length > 0) {
        return check(asker, address, request[0], out_pdu);
    }
    if (asker->form != ASKER_SERIAL) {
        asker->status = asker->reconnect(asker, asker->context);
    }
    return STATUS_TIMEOUT;
}

bool asker_is_there(struct asker *asker, uint8_t address)
{
    static const uint8_t request[] = {READ_HOLDING, 0, 0, 0, 1};
    const uint8_t *pdu = NULL;
    const enum status status = ask(asker, address, request, sizeof request, &pdu);
    if (pdu == NULL) {
        return false;
    }
    /* A gateway says these two for somebody who is not there; an adapter that hears itself says what was asked. */
    return (status == STATUS_OK && pdu[1] == REGISTER_BYTES) ||
           (status == STATUS_EXCEPTION && pdu[1] != GATEWAY_PATH_UNAVAILABLE && pdu[1] != GATEWAY_TARGET_SILENT);
}

enum status asker_read(struct asker *asker, uint8_t address, const struct request *request, const uint8_t **out_data)
{
    const uint8_t bytes[] = {request_function(request), (uint8_t)(request->first >> 8), (uint8_t)request->first,
                             (uint8_t)(request->count >> 8), (uint8_t)request->count};
    const size_t answer_bytes = 2U + request_data_bytes(request);
    const uint8_t *pdu = NULL;
    const enum status status = ask(asker, address, bytes, sizeof bytes, &pdu);
    if (status != STATUS_OK) {
        return status;
    }
    const size_t tail = is_tcp(asker) ? 0 : CRC_BYTES;
    if (pdu[1] != request_data_bytes(request) || asker->length != pdu_offset(asker) + answer_bytes + tail) {
        return STATUS_WRONG_LENGTH;
    }
    *out_data = pdu + 2;
    return STATUS_OK;
}

static void add_words(char text[PROBE_IDENTITY_MAX], const uint8_t *words, size_t length)
{
    size_t used = strlen(text);
    if (used > 0 && length > 0 && used + 1 < PROBE_IDENTITY_MAX) {
        text[used++] = ' ';
    }
    for (size_t i = 0; i < length && used + 1 < PROBE_IDENTITY_MAX; i++) {
        text[used++] = words[i] >= ' ' && words[i] <= '~' ? (char)words[i] : '?';
    }
    text[used] = '\0';
}

void asker_identify(struct asker *asker, uint8_t address, char text[PROBE_IDENTITY_MAX])
{
    static const uint8_t request[] = {ENCAPSULATED, DEVICE_IDENTIFICATION, BASIC_OBJECTS, 0};
    const uint8_t *pdu = NULL;
    text[0] = '\0';
    if (ask(asker, address, request, sizeof request, &pdu) != STATUS_OK) {
        return;
    }
    const uint8_t *end = asker->frame + asker->length - (is_tcp(asker) ? 0 : CRC_BYTES);
    if (end - pdu < OBJECTS_OFFSET || pdu[1] != DEVICE_IDENTIFICATION) {
        return;
    }
    const uint8_t *object = pdu + OBJECTS_OFFSET;
    while (end - object >= 2 && end - object - 2 >= object[1]) {
        add_words(text, object + 2, object[1]);
        object += 2 + object[1];
    }
}
