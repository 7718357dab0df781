#include "tests/unit/support/modbus_peer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "drivers/monitor/modbus/frame.h"
#include "hal/clock.h"

#define TICK_US         20000
#define CONVERTER_BYTES 8 /* a packet each byte would be held up by the acknowledgements */

static void must(bool good, const char *what)
{
    if (!good) {
        perror(what);
        abort();
    }
}

/* --- the schedule -------------------------------------------------------------------------------------------- */

static struct peer_output *free_output(struct peer *peer)
{
    for (unsigned i = 0; i < PEER_OUTPUTS; i++) {
        if (peer->outputs[i].fd < 0) {
            return &peer->outputs[i];
        }
    }
    must(false, "peer: schedule is full");
    return NULL;
}

void peer_send(struct peer *peer, int fd, int64_t at_us, uint32_t byte_us, const uint8_t *bytes, size_t length)
{
    struct peer_output *output = free_output(peer);
    assert(length <= PEER_BYTES_MAX);
    *output = (struct peer_output){.fd = fd, .at_us = at_us, .byte_us = byte_us, .portion = 1, .length = length};
    if (byte_us == 0) {
        output->byte_us = peer->char_ns / 1000;
        output->portion = peer->tcp ? CONVERTER_BYTES : 1;
    }
    memcpy(output->bytes, bytes, length);
}

void peer_hang_up(struct peer *peer, int fd, int64_t at_us, bool reset)
{
    *free_output(peer) = (struct peer_output){.fd = fd, .at_us = at_us, .reset = true, .length = reset ? 0 : 1};
}

static size_t next_portion(const struct peer_output *output)
{
    const size_t left = output->length - output->sent;
    return output->byte_us > 0 && output->portion < left ? output->portion : left;
}

static int64_t due_us(const struct peer_output *output)
{
    return output->at_us + (int64_t)(output->sent + next_portion(output)) * output->byte_us;
}

static void drop(struct peer *peer, int fd, bool reset)
{
    for (unsigned i = 0; i < PEER_OUTPUTS; i++) {
        if (peer->outputs[i].fd == fd) {
            peer->outputs[i].fd = -1;
        }
    }
    for (unsigned i = 0; i < PEER_CONNECTIONS; i++) {
        if (peer->fds[i] == fd) {
            const struct linger at_once = {.l_onoff = 1};
            if (reset) {
                (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
            }
            (void)close(fd);
            peer->fds[i] = -1;
        }
    }
}

static void put_out(struct peer *peer, struct peer_output *output)
{
    if (output->reset) {
        drop(peer, output->fd, output->length == 0);
        return;
    }
    const size_t chunk = next_portion(output);
    peer->active_us = clock_boot_us(); /* before: the other side sees the byte sooner than this thread goes on */
    if (write(output->fd, output->bytes + output->sent, chunk) < 0) {
        output->fd = -1; /* the line is gone */
        return;
    }
    output->sent += chunk;
    if (output->sent == output->length) {
        output->fd = -1;
    }
}

/* Until when nothing is due. */
static int64_t run_outputs(struct peer *peer)
{
    for (;;) {
        struct peer_output *first = NULL;
        for (unsigned i = 0; i < PEER_OUTPUTS; i++) {
            struct peer_output *output = &peer->outputs[i];
            if (output->fd >= 0 && (first == NULL || due_us(output) < due_us(first))) {
                first = output;
            }
        }
        const int64_t now_us = clock_boot_us();
        if (first == NULL || due_us(first) > now_us) {
            return first != NULL && due_us(first) < now_us + TICK_US ? due_us(first) : now_us + TICK_US;
        }
        if (now_us - due_us(first) > atomic_load(&peer->late_us)) {
            atomic_store(&peer->late_us, now_us - due_us(first));
        }
        put_out(peer, first);
    }
}

static bool has_header(const struct peer *peer)
{
    return peer->tcp && !peer->bare;
}

/* --- answers ------------------------------------------------------------------------------------------------- */

void peer_seal(struct peer *peer, uint8_t *frame, size_t length)
{
    if (!has_header(peer)) {
        frame_seal(frame, length - 2);
    }
}

static size_t finish(struct peer *peer, const struct peer_request *request, uint8_t *frame, size_t pdu_length)
{
    if (has_header(peer)) {
        memset(frame, 0, 6);
        frame[0] = (uint8_t)(request->transaction >> 8);
        frame[1] = (uint8_t)request->transaction;
        frame[4] = (uint8_t)((pdu_length + 1) >> 8);
        frame[5] = (uint8_t)(pdu_length + 1);
        frame[6] = request->unit;
        return 7 + pdu_length;
    }
    frame[0] = request->unit;
    peer_seal(peer, frame, pdu_length + 3);
    return pdu_length + 3;
}

size_t peer_frame(struct peer *peer, const struct peer_request *request, uint8_t *frame)
{
    uint8_t *pdu = frame + (has_header(peer) ? 7 : 1);
    const bool bits = request->function <= 2;
    const size_t bytes = bits ? (request->count + 7U) / 8 : 2U * request->count;
    pdu[0] = request->function;
    pdu[1] = (uint8_t)bytes;
    memset(pdu + 2, 0, bytes);
    for (unsigned i = 0; i < request->count; i++) {
        const uint16_t value = peer->value(peer, request, (uint16_t)(request->first + i));
        if (bits) {
            pdu[2 + i / 8] |= (uint8_t)((value & 1) << i % 8);
        } else {
            pdu[2 + 2 * i] = (uint8_t)(value >> 8);
            pdu[3 + 2 * i] = (uint8_t)value;
        }
    }
    return finish(peer, request, frame, 2 + bytes);
}

size_t peer_except_frame(struct peer *peer, const struct peer_request *request, uint8_t code, uint8_t *frame)
{
    uint8_t *pdu = frame + (has_header(peer) ? 7 : 1);
    pdu[0] = request->function | 0x80;
    pdu[1] = code;
    return finish(peer, request, frame, 2);
}

void peer_answer(struct peer *peer, const struct peer_request *request, int64_t delay_us)
{
    uint8_t frame[PEER_BYTES_MAX];
    const size_t length = peer_frame(peer, request, frame);
    peer_send(peer, request->fd, request->out_us + delay_us, 0, frame, length);
}

void peer_except(struct peer *peer, const struct peer_request *request, uint8_t code, int64_t delay_us)
{
    uint8_t frame[PEER_BYTES_MAX];
    const size_t length = peer_except_frame(peer, request, code, frame);
    peer_send(peer, request->fd, request->out_us + delay_us, 0, frame, length);
}

/* --- requests ------------------------------------------------------------------------------------------------ */

static void take_request(struct peer *peer, int fd, const uint8_t *bytes)
{
    const uint8_t *pdu = bytes + (has_header(peer) ? 7 : 1);
    struct peer_request request = {
        .fd = fd, .number = atomic_fetch_add(&peer->newest, 1) + 1, .function = pdu[0], .at_us = clock_boot_us()};
    request.unit = pdu[-1];
    request.first = (uint16_t)(pdu[1] << 8 | pdu[2]);
    request.count = (uint16_t)(pdu[3] << 8 | pdu[4]);
    request.out_us = request.at_us + (8 * (int64_t)peer->char_ns + 999) / 1000;
    if (has_header(peer)) {
        must(memcmp(bytes + 2, (const uint8_t[]){0, 0, 0, 6}, 4) == 0, "peer: bad header of a request");
        request.transaction = (uint16_t)(bytes[0] << 8 | bytes[1]);
    } else {
        must((bytes[6] | bytes[7] << 8) == frame_crc(bytes, 6), "peer: bad checksum in a request");
        if (peer->active_us != 0 && request.at_us - peer->active_us < atomic_load(&peer->gap_us_min)) {
            atomic_store(&peer->gap_us_min, request.at_us - peer->active_us);
        }
    }
    peer->active_us = request.out_us;
    must(request.function >= 1 && request.function <= 4, "peer: not a reading function");
    atomic_fetch_add(&peer->requests[request.unit], 1);
    peer->serve(peer, &request);
}

static void take_input(struct peer *peer, unsigned index)
{
    const size_t whole = has_header(peer) ? 12 : 8;
    size_t *length = &peer->input_length[index];
    const ssize_t got = read(peer->fds[index], peer->input[index] + *length, whole - *length);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EIO)) {
        drop(peer, peer->fds[index], false);
        return;
    }
    *length += got > 0 ? (size_t)got : 0;
    if (*length == whole) {
        *length = 0;
        take_request(peer, peer->fds[index], peer->input[index]);
    }
}

static void take_connection(struct peer *peer)
{
    const int fd = accept4(peer->listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    for (unsigned i = 0; i < PEER_CONNECTIONS && fd >= 0; i++) {
        if (peer->fds[i] < 0) {
            peer->fds[i] = fd;
            peer->input_length[i] = 0;
            atomic_fetch_add(&peer->connections, 1);
            const int on = 1; /* as converters and monitors do */
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            return;
        }
    }
    must(fd < 0, "peer: too many connections");
}

static void wait_for_input(struct peer *peer, struct pollfd *descriptors, int64_t until_us)
{
    for (unsigned i = 0; i < PEER_CONNECTIONS; i++) {
        descriptors[i] = (struct pollfd){.fd = peer->fds[i], .events = POLLIN};
    }
    descriptors[PEER_CONNECTIONS] = (struct pollfd){.fd = peer->listening, .events = POLLIN};
    descriptors[PEER_CONNECTIONS + 1] = (struct pollfd){.fd = peer->wake, .events = POLLIN};
    const int64_t left_us = until_us - clock_boot_us();
    const struct timespec wait = {.tv_nsec = left_us > 0 ? (long)left_us * 1000 : 0};
    (void)pthread_mutex_unlock(&peer->lock);
    if (ppoll(descriptors, PEER_CONNECTIONS + 2, &wait, NULL) < 0) {
        memset(descriptors, 0, (PEER_CONNECTIONS + 2) * sizeof *descriptors);
    }
    (void)pthread_mutex_lock(&peer->lock);
}

static void *run(void *argument)
{
    struct peer *peer = argument;
    struct pollfd descriptors[PEER_CONNECTIONS + 2];
    (void)pthread_mutex_lock(&peer->lock);
    while (!peer->stop) {
        wait_for_input(peer, descriptors, run_outputs(peer));
        uint64_t raised;
        (void)!read(peer->wake, &raised, sizeof raised);
        for (unsigned i = 0; i < PEER_CONNECTIONS; i++) {
            if (descriptors[i].revents != 0 && peer->fds[i] == descriptors[i].fd) {
                take_input(peer, i);
            }
        }
        if (descriptors[PEER_CONNECTIONS].revents != 0 && peer->listening >= 0) {
            take_connection(peer);
        }
    }
    (void)pthread_mutex_unlock(&peer->lock);
    return NULL;
}

/* --- opening ------------------------------------------------------------------------------------------------- */

static void lock(struct peer *peer)
{
    (void)pthread_mutex_lock(&peer->lock);
}

static void unlock(struct peer *peer)
{
    const uint64_t one = 1;
    (void)pthread_mutex_unlock(&peer->lock);
    (void)!write(peer->wake, &one, sizeof one);
}

static void plug(struct peer *peer)
{
    char name[64];
    struct termios raw;
    const int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    must(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0, "peer: pty");
    must(ptsname_r(master, name, sizeof name) == 0, "peer: ptsname");
    peer->held = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC); /* or the master would report a hang-up */
    must(peer->held >= 0 && tcgetattr(peer->held, &raw) == 0, "peer: slave");
    cfmakeraw(&raw);
    must(tcsetattr(peer->held, TCSANOW, &raw) == 0, "peer: raw");
    must(symlink(name, peer->device) == 0, "peer: symlink");
    peer->fds[0] = master;
    peer->input_length[0] = 0;
}

static void start_listening(struct peer *peer)
{
    const int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(peer->port)};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    must(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0, "peer: socket");
    must(bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 8) == 0, "peer: listen");
    must(getsockname(fd, (struct sockaddr *)&address, &size) == 0, "peer: getsockname");
    peer->port = ntohs(address.sin_port);
    peer->listening = fd;
}

void peer_open(struct peer *peer)
{
    (void)snprintf(peer->folder, sizeof peer->folder, "/tmp/wardgate-peer-XXXXXX");
    must(mkdtemp(peer->folder) != NULL, "peer: mkdtemp");
    (void)snprintf(peer->device, sizeof peer->device, "%s/line", peer->folder);
    peer->char_ns = peer->baud == 0 ? 0 : (uint32_t)(11000000000ULL / peer->baud);
    peer->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    peer->listening = peer->held = -1;
    for (unsigned i = 0; i < PEER_CONNECTIONS; i++) {
        peer->fds[i] = -1;
    }
    for (unsigned i = 0; i < PEER_OUTPUTS; i++) {
        peer->outputs[i].fd = -1;
    }
    atomic_store(&peer->gap_us_min, INT64_MAX);
    if (peer->tcp) {
        start_listening(peer);
    } else {
        plug(peer);
    }
    must(pthread_mutex_init(&peer->lock, NULL) == 0, "peer: mutex");
    must(pthread_create(&peer->thread, NULL, run, peer) == 0, "peer: thread");
}

void peer_unplug(struct peer *peer)
{
    lock(peer);
    (void)unlink(peer->device);
    drop(peer, peer->fds[0], false);
    (void)close(peer->held);
    peer->held = -1;
    peer->active_us = 0;
    unlock(peer);
}

void peer_plug(struct peer *peer)
{
    lock(peer);
    plug(peer);
    unlock(peer);
}

void peer_refuse(struct peer *peer)
{
    lock(peer);
    (void)close(peer->listening);
    peer->listening = -1;
    for (unsigned i = 0; i < PEER_CONNECTIONS; i++) {
        if (peer->fds[i] >= 0) {
            drop(peer, peer->fds[i], true);
        }
    }
    unlock(peer);
}

void peer_listen(struct peer *peer)
{
    lock(peer);
    start_listening(peer);
    unlock(peer);
}

void peer_set_value(struct peer *peer,
                    uint16_t (*value)(struct peer *peer, const struct peer_request *request, uint16_t reg))
{
    lock(peer);
    peer->value = value;
    unlock(peer);
}

void peer_say(struct peer *peer, const uint8_t *bytes, size_t length)
{
    lock(peer);
    for (unsigned i = 0; i < PEER_CONNECTIONS; i++) {
        if (peer->fds[i] >= 0) {
            peer_send(peer, peer->fds[i], clock_boot_us(), 0, bytes, length);
        }
    }
    unlock(peer);
}

void peer_close(struct peer *peer)
{
    lock(peer);
    peer->stop = true;
    unlock(peer);
    (void)pthread_join(peer->thread, NULL);
    for (unsigned i = 0; i < PEER_CONNECTIONS; i++) {
        if (peer->fds[i] >= 0) {
            (void)close(peer->fds[i]);
        }
    }
    if (peer->listening >= 0) {
        (void)close(peer->listening);
    }
    if (peer->held >= 0) {
        (void)close(peer->held);
    }
    (void)close(peer->wake);
    (void)unlink(peer->device);
    (void)rmdir(peer->folder);
    (void)pthread_mutex_destroy(&peer->lock);
}
