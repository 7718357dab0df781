#include "tests/unit/support/hl7_rig.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hal/clock.h"

struct hl7_rig hl7_rig;

static alignas(64) unsigned char storage[1 << 23];

static struct sockaddr_in address_of(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static void must(bool done, const char *what)
{
    if (!done) {
        perror(what);
        abort();
    }
}

uint16_t hl7_rig_free_port(void)
{
    struct sockaddr_in address = address_of(0);
    socklen_t size = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    must(fd >= 0 && bind(fd, (struct sockaddr *)(void *)&address, sizeof address) == 0 &&
             getsockname(fd, (struct sockaddr *)(void *)&address, &size) == 0,
         "a free port");
    (void)close(fd);
    return ntohs(address.sin_port);
}

void hl7_rig_open(unsigned profile, const char *const *places)
{
    bench_open(profile, places);
    bench.now.wall_ms = clock_wall_ms();
    memset(&hl7_rig, 0, sizeof hl7_rig);
    hl7_rig.config = bench.config;
    hl7_rig.config.host = "127.0.0.1";
    hl7_rig.config.port = hl7_rig_free_port();
    struct arena measure = {.base = NULL};
    (void)hl7_driver.make(&measure, &hl7_rig.config);
    assert(measure.used <= sizeof storage);
    memset(storage, 0, sizeof storage);
    struct arena arena = {.base = storage, .size = measure.used};
    hl7_rig.bus = hl7_driver.make(&arena, &hl7_rig.config);
    hl7_rig.health = hl7_driver.health(hl7_rig.bus);
    hl7_rig.now_us = clock_boot_us();
    hl7_driver.start(hl7_rig.bus, hl7_rig.now_us);
}

void hl7_rig_close(void)
{
    hl7_driver.stop(hl7_rig.bus);
}

static int call(int buffer_bytes)
{
    const struct sockaddr_in address = address_of(hl7_rig.config.port);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    must(fd >= 0, "socket");
    if (buffer_bytes > 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const int done = connect(fd, (const struct sockaddr *)(const void *)&address, sizeof address);
    must(done == 0 || errno == EINPROGRESS, "connect");
    hl7_rig_run();
    return fd;
}

int hl7_rig_call(void)
{
    return call(0);
}

int hl7_rig_call_deaf(void)
{
    return call(4096);
}

/* One round; false when there was nothing to do for ms. */
static bool run_once(int ms)
{
    bool writable = false;
    struct pollfd descriptor = {.fd = hl7_driver.descriptor(hl7_rig.bus, &writable), .events = POLLIN};
    must(!writable, "the descriptor is for reading");
    if (poll(&descriptor, 1, ms) <= 0) {
        return false;
    }
    hl7_driver.on_ready(hl7_rig.bus, hl7_rig.now_us, &bench.sink);
    hl7_rig.rounds++;
    return true;
}

void hl7_rig_run(void)
{
    for (int i = 0; i < 20000; i++) {
        if (!run_once(2)) {
            return;
        }
    }
    fprintf(stderr, "hl7 rig: the bus never comes to rest\n");
    abort();
}

void hl7_rig_pass_s(unsigned seconds)
{
    for (unsigned i = 0; i < seconds; i++) {
        hl7_rig.now_us += 1000000;
        if (hl7_driver.next_deadline(hl7_rig.bus) <= hl7_rig.now_us) {
            hl7_driver.on_deadline(hl7_rig.bus, hl7_rig.now_us, &bench.sink);
        }
    }
    hl7_rig_run();
}

bool hl7_rig_send(int fd, const char *bytes, size_t length)
{
    for (int idle = 0; length > 0 && idle < 20;) {
        const ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) {
            return false;
        }
        idle = sent > 0 ? 0 : idle + 1;
        bytes += sent > 0 ? sent : 0;
        length -= sent > 0 ? (size_t)sent : 0;
        if (length > 0) {
            (void)run_once(2);
        }
    }
    hl7_rig_run();
    return length == 0;
}

bool hl7_rig_say(int fd, const char *text)
{
    static char frame[1 << 16];
    const int length = snprintf(frame, sizeof frame, "\x0b%s\x1c\r", text);
    must(length > 0 && (size_t)length < sizeof frame, "a frame");
    return hl7_rig_send(fd, frame, (size_t)length);
}

size_t hl7_rig_hear(int fd, char *bytes, size_t size)
{
    size_t used = 0;
    for (;;) {
        const ssize_t got = recv(fd, bytes + used, size - 1 - used, MSG_DONTWAIT);
        if (got <= 0) {
            break;
        }
        used += (size_t)got;
    }
    bytes[used] = '\0';
    return used;
}

unsigned hl7_rig_count_acks(const char *bytes, const char *code)
{
    char head[16];
    unsigned count = 0;
    (void)snprintf(head, sizeof head, "\rMSA|%s|", code);
    for (; (bytes = strstr(bytes, head)) != NULL; bytes++) {
        count++;
    }
    return count;
}

unsigned hl7_rig_heard(int fd, const char *code)
{
    static char bytes[1 << 20];
    (void)hl7_rig_hear(fd, bytes, sizeof bytes);
    return hl7_rig_count_acks(bytes, code);
}

unsigned hl7_rig_connections(void)
{
    return hl7_rig.health->connections;
}

bool hl7_rig_is_gone(int fd)
{
    char bytes[512];
    hl7_rig_run();
    for (;;) {
        const ssize_t got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN)) {
            return true;
        }
        if (got < 0) {
            return false;
        }
    }
}

const char *hl7_rig_message(const char *place, int spo2)
{
    static char texts[4][512];
    static unsigned next, number;
    char *text = texts[next++ % 4];
    bench.now.wall_ms = clock_wall_ms() + (int64_t)number; /* each is newer than the one before */
    (void)snprintf(text, sizeof texts[0],
                   "MSH|^~\\&|MON|V|||%s||ORU^R01^ORU_R01|%u|P|2.6|||AL|NE||UNICODE UTF-8\rPID|||X\rPV1||I|%s\r"
                   "OBR|1\rOBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC||%d|%%|||||R\r",
                   bench_time(0), ++number, place, spo2);
    return text;
}
