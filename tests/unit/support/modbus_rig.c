#include "tests/unit/support/modbus_rig.h"

#include <assert.h>
#include <poll.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hal/clock.h"

struct rig rig;

static alignas(64) unsigned char storage[1 << 18];

static bool is_wrong(struct rig *self, const struct observation *observation)
{
    const unsigned newest = atomic_load(&self->peer.newest) % RIG_BAD;
    const bool older =
        self->numbered && observation->vital == VITAL_hr && observation->value_milli != (int32_t)newest * 1000;
    return older || observation->value_milli >= RIG_BAD * 1000;
}

static void record(struct observation_sink *sink, const struct observation *observation)
{
    struct rig *self = (struct rig *)(void *)sink;
    if (self->count == RIG_SEEN_MAX) {
        fprintf(stderr, "rig: too many observations\n");
        abort();
    }
    self->seen[self->count++] = *observation;
    if (observation->kind == OBSERVATION_VALUE && is_wrong(self, observation)) {
        fprintf(stderr, "rig: a wrong value was believed: %d, request %u\n", observation->value_milli,
                atomic_load(&self->peer.newest));
        abort();
    }
}

/* Whether what is written into a frame must never be believed; the peer's thread only. */
static bool is_bad;

static uint16_t number_or_bad(struct peer *peer, const struct peer_request *request, uint16_t reg)
{
    (void)peer;
    if (is_bad) {
        return (uint16_t)(RIG_BAD + request->number % 100 + reg);
    }
    return reg == 0 ? (uint16_t)(request->number % RIG_BAD) : reg;
}

size_t rig_bad_frame(struct peer *peer, const struct peer_request *request, uint8_t *frame)
{
    is_bad = true;
    const size_t length = peer_frame(peer, request, frame);
    is_bad = false;
    return length;
}

void rig_answer_in_turn(struct peer *peer, const struct peer_request *request, int64_t delay_us)
{
    static int64_t free_us[256];
    uint8_t frame[PEER_BYTES_MAX];
    const size_t length = peer_frame(peer, request, frame);
    int64_t *mine = &free_us[request->unit];
    const int64_t begin_us = request->out_us + delay_us > *mine ? request->out_us + delay_us : *mine;
    *mine = begin_us + (int64_t)length * peer->char_ns / 1000 + RIG_GAP_US;
    peer_send(peer, request->fd, begin_us, 0, frame, length);
}

static void make_profile(uint32_t interval_ms)
{
    rig.profile =
        (struct profile){.name = "rig", .poll_interval_ms = interval_ms, .channels = rig.channels, .bits = rig.bits};
    for (uint8_t i = 0; i < RIG_REGISTERS; i++) {
        struct profile_channel *channel = &rig.channels[i];
        *channel = (struct profile_channel){.vital = (enum vital)i,
                                            .table = TABLE_HOLDING,
                                            .reg = i,
                                            .type = TYPE_U16,
                                            .scale_micro = 1000000,
                                            .unit = {.multiplier = 1, .divisor = 1},
                                            .poll_interval_ms = interval_ms};
    }
    rig.profile.channel_count = RIG_REGISTERS;
}

static void open_over(const struct monitor_driver *driver, uint32_t baud, uint16_t monitors, uint32_t interval_ms,
                      uint32_t timeout_ms, void (*serve)(struct peer *peer, const struct peer_request *request))
{
    memset(&rig, 0, sizeof rig);
    rig.sink.put = record;
    rig.numbered = true;
    rig.driver = driver;
    rig.peer.tcp = driver != &modbus_rtu_driver;
    rig.peer.bare = driver == &modbus_rtu_over_tcp_driver;
    rig.peer.baud = baud;
    rig.peer.serve = serve;
    rig.peer.value = number_or_bad;
    peer_open(&rig.peer);
    make_profile(interval_ms);
    for (uint16_t i = 0; i < monitors; i++) {
        rig.monitors[i] =
            (struct monitor_config){.bed = i, .monitor = 0, .address = (uint8_t)(i + 1), .profile = &rig.profile};
    }
    rig.config = (struct bus_config){.name = "rig",
                                     .device = rig.peer.tcp ? NULL : rig.peer.device,
                                     .host = "127.0.0.1",
                                     .port = rig.peer.port,
                                     .baud = rig.peer.baud,
                                     .parity = PARITY_EVEN,
                                     .stop_bits = 1,
                                     .timeout_ms = timeout_ms,
                                     .monitors = rig.monitors,
                                     .monitor_count = monitors};
}

void rig_open(uint32_t baud, uint16_t monitors, uint32_t interval_ms, uint32_t timeout_ms,
              void (*serve)(struct peer *peer, const struct peer_request *request))
{
    open_over(baud == 0 ? &modbus_tcp_driver : &modbus_rtu_driver, baud, monitors, interval_ms, timeout_ms, serve);
}

void rig_open_converter(uint32_t baud, uint16_t monitors, uint32_t interval_ms, uint32_t timeout_ms,
                        void (*serve)(struct peer *peer, const struct peer_request *request))
{
    open_over(&modbus_rtu_over_tcp_driver, baud, monitors, interval_ms, timeout_ms, serve);
}

void rig_start(void)
{
    struct arena measure = {0};
    (void)rig.driver->make(&measure, &rig.config);
    assert(measure.used <= sizeof storage);
    memset(storage, 0, sizeof storage);
    struct arena arena = {.base = storage, .size = measure.used};
    rig.bus = rig.driver->make(&arena, &rig.config);
    rig.started_us = clock_boot_us();
    rig.driver->start(rig.bus, rig.started_us);
}

void rig_close(void)
{
    if (rig.bus != NULL) {
        rig.driver->stop(rig.bus);
    }
    peer_close(&rig.peer);
}

/* For how long it slept too long: what waits for something does not count that as waiting. */
static int64_t run_once(int64_t until_us)
{
    bool writable = false;
    struct pollfd descriptor = {.fd = rig.driver->descriptor(rig.bus, &writable)};
    descriptor.events = writable ? POLLOUT : POLLIN;
    const int64_t deadline_us = rig.driver->next_deadline(rig.bus);
    const int64_t wake_us = deadline_us < until_us ? deadline_us : until_us;
    const int64_t begin_us = clock_boot_us();
    const int64_t left_us = wake_us - begin_us;
    const int64_t wait_us = left_us > 0 ? left_us : 0;
    const struct timespec wait = {.tv_sec = (time_t)(wait_us / 1000000), .tv_nsec = (long)(wait_us % 1000000) * 1000};
    const bool ready = ppoll(&descriptor, 1, &wait, NULL) > 0;
    if (ready) {
        rig.driver->on_ready(rig.bus, clock_boot_us(), &rig.sink);
    }
    const int64_t now_us = clock_boot_us();
    const int64_t asleep_us = now_us - (wake_us > begin_us ? wake_us : begin_us);
    rig.late_us = now_us - wake_us > rig.late_us ? now_us - wake_us : rig.late_us;
    if (rig.driver->next_deadline(rig.bus) <= now_us) {
        rig.driver->on_deadline(rig.bus, now_us, &rig.sink);
    }
    rig.wakes++;
    return asleep_us > 0 ? asleep_us : 0;
}

bool rig_was_stalled(void)
{
    return rig.late_us > RIG_STALL_US || atomic_load(&rig.peer.late_us) > RIG_STALL_US;
}

void rig_run_ms(unsigned ms)
{
    const int64_t until_us = clock_boot_us() + ms * INT64_C(1000);
    while (clock_boot_us() < until_us) {
        (void)run_once(until_us);
    }
}

unsigned rig_retry_ms(void)
{
    assert(atomic_load(&rig.driver->health(rig.bus)->state) == BUS_CLOSED);
    bool writable = false;
    const int64_t now_us = clock_boot_us();
    const int64_t left_us = rig.driver->next_deadline(rig.bus) - now_us;
    rig.driver->on_deadline(rig.bus, now_us, &rig.sink);
    struct pollfd descriptor = {.fd = rig.driver->descriptor(rig.bus, &writable), .events = POLLOUT};
    if (writable && poll(&descriptor, 1, 1000) > 0) {
        rig.driver->on_ready(rig.bus, clock_boot_us(), &rig.sink);
    }
    return (unsigned)(left_us / 1000);
}

static bool is_heart_rate(const struct observation *observation, uint16_t monitor)
{
    return observation->kind == OBSERVATION_VALUE && observation->vital == VITAL_hr && observation->bed == monitor &&
           observation->quality == QUALITY_VALID;
}

bool rig_run_until_values(uint16_t monitor, unsigned values, unsigned ms)
{
    int64_t until_us = clock_boot_us() + ms * INT64_C(1000);
    const unsigned from = rig_values(monitor);
    while (rig_values(monitor) < from + values) {
        if (clock_boot_us() >= until_us) {
            return false;
        }
        until_us += run_once(until_us);
    }
    return true;
}

bool rig_run_until_failure(uint16_t monitor, enum status status, unsigned before, unsigned ms)
{
    int64_t until_us = clock_boot_us() + ms * INT64_C(1000);
    while (rig_failures(monitor, status) <= before && clock_boot_us() < until_us) {
        until_us += run_once(until_us);
    }
    return rig_failures(monitor, status) > before;
}

void rig_step(void)
{
    clock_sleep_until_us(rig.driver->next_deadline(rig.bus));
    rig.driver->on_deadline(rig.bus, clock_boot_us(), &rig.sink);
}

unsigned rig_values(uint16_t monitor)
{
    unsigned values = 0;
    for (unsigned i = 0; i < rig.count; i++) {
        values += is_heart_rate(&rig.seen[i], monitor);
    }
    return values;
}

int32_t rig_newest(uint16_t monitor)
{
    for (unsigned i = rig.count; i > 0; i--) {
        if (is_heart_rate(&rig.seen[i - 1], monitor)) {
            return rig.seen[i - 1].value_milli / 1000;
        }
    }
    return -1;
}

unsigned rig_count(uint16_t monitor, enum observation_kind kind)
{
    unsigned count = 0;
    for (unsigned i = 0; i < rig.count; i++) {
        count += rig.seen[i].bed == monitor && rig.seen[i].kind == kind;
    }
    return count;
}

unsigned rig_count_of(uint16_t monitor, enum observation_kind kind, enum vital vital, int32_t value_milli)
{
    unsigned count = 0;
    for (unsigned i = 0; i < rig.count; i++) {
        const struct observation *seen = &rig.seen[i];
        count += seen->bed == monitor && seen->kind == kind && seen->vital == vital && seen->value_milli == value_milli;
    }
    return count;
}

unsigned rig_failures(uint16_t monitor, enum status status)
{
    return atomic_load(&rig.driver->health(rig.bus)->monitors[monitor].failures[status]);
}

bool rig_answering(uint16_t monitor)
{
    return atomic_load(&rig.driver->health(rig.bus)->monitors[monitor].answering);
}

void rig_forget(void)
{
    rig.count = 0;
}

const struct bus_health *rig_health(void)
{
    return rig.driver->health(rig.bus);
}

int rig_tear_down(void **state)
{
    (void)state;
    rig_close();
    return 0;
}
