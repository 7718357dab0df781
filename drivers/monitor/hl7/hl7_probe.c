#include "drivers/monitor/hl7/hl7_probe.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "drivers/monitor/hl7/hl7_profile.h"
#include "drivers/monitor/hl7/mllp.h"
#include "drivers/monitor/hl7/origin.h"
#include "hal/clock.h"
#include "hal/net.h"

enum { CALLERS_MAX = 8, BYTES_MAX = 65536, TOLD_MAX = 256, US_PER_MS = 1000, STEP_MS = 200 };

struct caller {
    int fd; /* -1: free */
    size_t length;
    char bytes[BYTES_MAX];
};

/* Whom we have told of already, by a hash of place and ids. */
struct told {
    int32_t hashes[TOLD_MAX];
    unsigned count;
};

static bool is_new(struct told *told, const struct origin *origin)
{
    const int32_t hash = identity_hash(origin, sizeof *origin);
    for (unsigned i = 0; i < told->count; i++) {
        if (told->hashes[i] == hash) {
            return false;
        }
    }
    if (told->count == TOLD_MAX) {
        return false;
    }
    told->hashes[told->count++] = hash;
    return true;
}

/* The most telling of the ids: the device's own, the filler's, the sender's. */
static const char *id_of(const struct origin *origin)
{
    const char *id = "";
    for (int i = ORIGIN_IDS - 1; i >= 0 && id[0] == '\0'; i--) {
        id = origin->ids[i];
    }
    return id;
}

static void tell(struct probe_listener *listener, struct told *told, const struct origin *origin)
{
    struct probe_finding finding = {.kind = "hl7", .profile = hl7_profiles[0]};
    if (!is_new(told, origin)) {
        return;
    }
    const bool has_place = origin->place[0][0] != '\0' || origin->place[1][0] != '\0' || origin->place[2][0] != '\0';
    if (has_place) {
        (void)snprintf(finding.place, sizeof finding.place, "%.31s^%.31s^%.31s", origin->place[0], origin->place[1],
                       origin->place[2]);
    } else {
        (void)snprintf(finding.place, sizeof finding.place, "%.63s", id_of(origin));
    }
    (void)snprintf(finding.identity, sizeof finding.identity, "%.63s", id_of(origin));
    listener->found(listener, &finding);
}

static void take_message(struct probe_listener *listener, struct told *told, const char *bytes, size_t length)
{
    struct message message;
    struct origin origin;
    struct text segment;
    memset(&origin, 0, sizeof origin); /* it is hashed whole */
    if (!message_open(bytes, length, &message)) {
        return;
    }
    origin_read_id(&message, message_field(&message, message.header, 3), ORIGIN_SENDER, &origin);
    for (struct text rest = message.bytes; message_next(&rest, &segment);) {
        if (message_segment_is(&message, segment, "PV1")) {
            origin_read_place(&message, message_field(&message, segment, 3), &origin);
        } else if (message_segment_is(&message, segment, "OBR")) {
            origin_read_id(&message, message_field(&message, segment, 3), ORIGIN_FILLER, &origin);
            tell(listener, told, &origin);
        }
    }
}

static void take_messages(struct probe_listener *listener, struct told *told, struct caller *caller)
{
    for (;;) {
        size_t stray = 0;
        const size_t lead = mllp_lead(caller->bytes, caller->length, &stray);
        const size_t left = caller->length - lead;
        memmove(caller->bytes, caller->bytes + lead, left);
        caller->length = left;
        const size_t end = left > 0 ? mllp_end(caller->bytes, left, 1) : 0;
        if (left == 0 || end == left) {
            break; /* the rest has not come yet */
        }
        take_message(listener, told, caller->bytes + 1, end - 1);
        const size_t used = caller->bytes[end] == MLLP_END ? end + 1 : end;
        memmove(caller->bytes, caller->bytes + used, left - used);
        caller->length = left - used;
    }
    caller->length = caller->length == BYTES_MAX ? 0 : caller->length; /* too long to be looked at */
}

static void hang_up(struct caller *caller)
{
    if (caller->fd >= 0) {
        net_close(caller->fd);
    }
    caller->fd = -1;
    caller->length = 0;
}

static void take_call(int listening, struct caller *callers)
{
    int fd = -1;
    if (net_accept(listening, &fd) != STATUS_OK) {
        return;
    }
    for (unsigned i = 0; i < CALLERS_MAX; i++) {
        if (callers[i].fd < 0) {
            callers[i] = (struct caller){.fd = fd};
            return;
        }
    }
    net_close(fd);
}

static void hear(struct probe_listener *listener, struct told *told, struct caller *caller)
{
    size_t got = 0;
    if (net_receive(caller->fd, caller->bytes + caller->length, BYTES_MAX - caller->length, &got) != STATUS_OK) {
        hang_up(caller);
        return;
    }
    caller->length += got;
    take_messages(listener, told, caller);
}

static void wait_once(int listening, struct caller *callers, struct probe_listener *listener, struct told *told)
{
    struct pollfd waits[CALLERS_MAX + 1] = {{.fd = listening, .events = POLLIN}};
    for (unsigned i = 0; i < CALLERS_MAX; i++) {
        waits[i + 1] = (struct pollfd){.fd = callers[i].fd, .events = POLLIN};
    }
    if (poll(waits, CALLERS_MAX + 1, STEP_MS) <= 0) {
        return;
    }
    for (unsigned i = 0; i < CALLERS_MAX; i++) {
        if (callers[i].fd >= 0 && waits[i + 1].revents != 0) {
            hear(listener, told, &callers[i]);
        }
    }
    if (waits[0].revents != 0) {
        take_call(listening, callers);
    }
}

enum status hl7_probe(const struct probe_target *target, struct probe_listener *listener)
{
    static struct caller callers[CALLERS_MAX]; /* too large for a stack; there is one probe at a time */
    struct told told = {.count = 0};
    int listening = -1;
    const enum status status = net_listen(target->host, target->port, &listening);
    if (status != STATUS_OK) {
        return status;
    }
    for (unsigned i = 0; i < CALLERS_MAX; i++) {
        callers[i] = (struct caller){.fd = -1};
    }
    const int64_t begin_us = clock_boot_us();
    for (int64_t gone_ms = 0; gone_ms < target->listen_ms && listener->go_on(listener);
         gone_ms = (clock_boot_us() - begin_us) / US_PER_MS) {
        listener->progress(listener, (unsigned)gone_ms, target->listen_ms, "listening");
        wait_once(listening, callers, listener, &told);
    }
    for (unsigned i = 0; i < CALLERS_MAX; i++) {
        hang_up(&callers[i]);
    }
    net_close(listening);
    return STATUS_OK;
}
