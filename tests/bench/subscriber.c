/*
 * subscriber: when each message came, to the nanosecond: the far end of what the measurements time.
 *
 *     subscriber PORT TOPIC...      lines of NANOSECONDS TOPIC PAYLOAD, CLOCK_MONOTONIC, until SIGTERM
 *
 * MQTT 3.1.1 at QoS 0 over a plain socket at 127.0.0.1, without a library: what arrives is stamped before anything else
 * is done with it. Prints `subscribed` first; the lines come at the end, or when there are many.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PACKET_MAX = 1 << 18, TOPIC_MAX = 120, PUBLISH = 3, SUBACK = 9 };

static uint8_t packets[PACKET_MAX];
static volatile sig_atomic_t stopping;

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static bool say(int fd, const uint8_t *bytes, size_t length)
{
    return send(fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length;
}

/* Clean session, no keep-alive, the process as client id. */
static bool say_connect(int fd)
{
    uint8_t packet[32] = {0x10, 0, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 0, 0, 0};
    const int length = snprintf((char *)packet + 14, sizeof packet - 14, "bench-%ld", (long)getpid());
    packet[13] = (uint8_t)length;
    packet[1] = (uint8_t)(12 + length);
    return say(fd, packet, 14 + (size_t)length);
}

static bool say_subscribe(int fd, const char *topic)
{
    uint8_t packet[8 + TOPIC_MAX] = {0x82, 0, 0, 1, 0};
    const size_t length = strlen(topic);
    if (length >= TOPIC_MAX) {
        return false;
    }
    packet[1] = (uint8_t)(length + 5);
    packet[5] = (uint8_t)length;
    memcpy(packet + 6, topic, length);
    return say(fd, packet, length + 7);
}

/* Whole length of the packet at the start of what came, and where its content begins; 0 while some is missing. */
static size_t packet_length(const uint8_t *bytes, size_t length, size_t *out_content)
{
    size_t rest = 0;
    for (size_t i = 1; i < length && i <= 4; i++) {
        rest |= (size_t)(bytes[i] & 0x7F) << (7 * (i - 1));
        if ((bytes[i] & 0x80) == 0) {
            *out_content = i + 1;
            return i + 1 + rest <= length ? i + 1 + rest : 0;
        }
    }
    return 0;
}

static void take(int64_t at_ns, const uint8_t *packet, size_t content, size_t length)
{
    if (packet[0] >> 4 == SUBACK) {
        (void)puts("subscribed");
        (void)fflush(stdout);
        return;
    }
    const size_t topic = packet[0] >> 4 == PUBLISH ? (size_t)packet[content] << 8 | packet[content + 1] : 0;
    if (topic > 0 && content + 2 + topic <= length) {
        (void)printf("%lld %.*s ", (long long)at_ns, (int)topic, (const char *)packet + content + 2);
        (void)fwrite(packet + content + 2 + topic, 1, length - content - 2 - topic, stdout);
        (void)putchar('\n');
    }
}

/* False when the broker is gone. */
static bool listen_once(int fd, size_t *filled)
{
    const ssize_t got = recv(fd, packets + *filled, sizeof packets - *filled, 0);
    const int64_t at_ns = now_ns();
    if (got <= 0) {
        return got < 0 && errno == EINTR;
    }
    *filled += (size_t)got;
    size_t at = 0;
    size_t content = 0;
    for (size_t length; (length = packet_length(packets + at, *filled - at, &content)) > 0; at += length) {
        take(at_ns, packets + at, content, length);
    }
    *filled -= at;
    memmove(packets, packets + at, *filled);
    return *filled < sizeof packets;
}

static int dial(long port)
{
    const struct sockaddr_in broker = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)&broker, sizeof broker) == 0 ? fd : -1;
}

int main(int argc, char **argv)
{
    const struct sigaction stop = {.sa_handler = on_signal};
    size_t filled = 0;
    const int fd = argc >= 3 ? dial(strtol(argv[1], NULL, 10)) : -1;
    bool alive = fd >= 0 && say_connect(fd);
    for (int i = 2; i < argc; i++) {
        alive = alive && say_subscribe(fd, argv[i]);
    }
    if (!alive) {
        (void)fprintf(stderr, "usage: subscriber PORT TOPIC... (no broker there?)\n");
        return 2;
    }
    (void)sigaction(SIGTERM, &stop, NULL);
    (void)sigaction(SIGINT, &stop, NULL);
    while (stopping == 0 && alive) {
        alive = listen_once(fd, &filled);
    }
    (void)close(fd);
    return 0;
}
