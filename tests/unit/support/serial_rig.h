/*
 * serial_rig.h: a bus of the serial driver on one side of a pty, a monitor's voice on the other, and what was observed;
 * for tests.
 *
 * The driver reads no clock, so time is the rig's own and passes as fast as the test likes. There is one at a time.
 */
#ifndef WARDGATE_TESTS_SERIAL_RIG_H
#define WARDGATE_TESTS_SERIAL_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "drivers/monitor/serial/protocols.h"
#include "drivers/monitor/serial/serial_driver.h"
#include "tests/unit/support/serial_frames.h"

#define RIG_SEEN_MAX 4096
#define RIG_MS       INT64_C(1000)

static struct {
    struct observation_sink sink; /* first */
    char folder[32];
    char device[64]; /* a symlink that stays the same when the line is plugged in again */
    int master, held;
    struct profile profile; /* a copy, as the settings make one */
    struct monitor_config monitor;
    struct bus_config config;
    struct bus *bus;
    int64_t now_us;
    unsigned count;
    struct observation seen[RIG_SEEN_MAX];
} rig;

static inline void rig_record(struct observation_sink *sink, const struct observation *observation)
{
    assert_ptr_equal(sink, &rig.sink);
    assert_true(rig.count < RIG_SEEN_MAX);
    assert_int_equal(observation->at_ms, rig.now_us / 1000);
    rig.seen[rig.count++] = *observation;
}

static inline void rig_plug(void)
{
    char name[64];
    struct termios raw;
    rig.master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(rig.master >= 0 && grantpt(rig.master) == 0 && unlockpt(rig.master) == 0);
    assert_int_equal(ptsname_r(rig.master, name, sizeof name), 0);
    rig.held = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC); /* raw from the beginning */
    assert_true(rig.held >= 0 && tcgetattr(rig.held, &raw) == 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(rig.held, TCSANOW, &raw), 0);
    assert_int_equal(symlink(name, rig.device), 0);
}

static inline void rig_unplug(void)
{
    assert_int_equal(unlink(rig.device), 0);
    (void)close(rig.held);
    (void)close(rig.master);
}

static inline void rig_start(const struct profile *profile)
{
    static _Alignas(64) unsigned char storage[16384];
    struct arena measure = {0};
    memset(&rig, 0, sizeof rig);
    memset(storage, 0, sizeof storage);
    (void)strcpy(rig.folder, "/tmp/wardgate-serial-XXXXXX");
    assert_non_null(mkdtemp(rig.folder));
    (void)snprintf(rig.device, sizeof rig.device, "%s/line", rig.folder);
    rig_plug();
    rig.sink.put = rig_record;
    rig.profile = *profile;
    rig.monitor = (struct monitor_config){.bed = 3, .monitor = 1, .profile = &rig.profile};
    rig.config = (struct bus_config){.name = "ox",
                                     .kind = "serial",
                                     .device = rig.device,
                                     .baud = 9600,
                                     .parity = PARITY_NONE,
                                     .stop_bits = 1,
                                     .monitors = &rig.monitor,
                                     .monitor_count = 1};
    assert_null(serial_driver.make(&measure, &rig.config));
    assert_true(measure.used <= sizeof storage);
    struct arena arena = {.base = storage, .size = measure.used};
    rig.bus = serial_driver.make(&arena, &rig.config);
    assert_int_equal(arena.used, measure.used);
    rig.now_us = 5000 * RIG_MS;
    serial_driver.start(rig.bus, rig.now_us);
}

static inline void rig_end(void)
{
    serial_driver.stop(rig.bus);
    rig_unplug();
    (void)rmdir(rig.folder);
}

static inline const struct bus_health *rig_health(void)
{
    return serial_driver.health(rig.bus);
}

static inline int rig_fd(void)
{
    bool writable = true;
    const int fd = serial_driver.descriptor(rig.bus, &writable);
    assert_false(writable);
    return fd;
}

/* As the runner: on_ready when the line has something to say, if only that it is gone. */
static inline void rig_serve(int wait_ms)
{
    struct pollfd line = {.fd = rig_fd(), .events = POLLIN};
    if (line.fd >= 0 && poll(&line, 1, wait_ms) > 0) {
        serial_driver.on_ready(rig.bus, rig.now_us, &rig.sink);
    }
}

/* Time passes, with every deadline in it. */
static inline void rig_pass_ms(int64_t ms)
{
    const int64_t until_us = rig.now_us + ms * RIG_MS;
    while (serial_driver.next_deadline(rig.bus) <= until_us) {
        const int64_t deadline_us = serial_driver.next_deadline(rig.bus);
        rig.now_us = deadline_us > rig.now_us ? deadline_us : rig.now_us;
        rig_serve(0);
        if (serial_driver.next_deadline(rig.bus) <= rig.now_us) {
            serial_driver.on_deadline(rig.bus, rig.now_us, &rig.sink);
            assert_true(serial_driver.next_deadline(rig.bus) > rig.now_us);
        }
    }
    rig.now_us = until_us;
    rig_serve(0);
}

/* The bytes are on the line, whole. */
static inline void rig_write(const uint8_t *bytes, size_t length)
{
    int pending = 0;
    int before = 0;
    (void)ioctl(rig.held, FIONREAD, &before);
    assert_int_equal(write(rig.master, bytes, length), (ssize_t)length);
    for (int i = 0; i < 2000 && pending < before + (int)length; i++) {
        (void)ioctl(rig.held, FIONREAD, &pending);
        if (pending < before + (int)length) {
            (void)poll(NULL, 0, 1);
        }
    }
    assert_int_equal(pending, before + (int)length);
}

static inline void rig_say(const uint8_t *bytes, size_t length)
{
    rig_write(bytes, length);
    rig_serve(1000);
}

static inline unsigned rig_values(enum vital vital)
{
    unsigned values = 0;
    for (unsigned i = 0; i < rig.count; i++) {
        values += rig.seen[i].kind == OBSERVATION_VALUE && rig.seen[i].vital == vital;
    }
    return values;
}

static inline const struct observation *rig_newest(enum vital vital)
{
    for (unsigned i = rig.count; i > 0; i--) {
        if (rig.seen[i - 1].kind == OBSERVATION_VALUE && rig.seen[i - 1].vital == vital) {
            return &rig.seen[i - 1];
        }
    }
    return NULL;
}

static inline bool rig_answering(void)
{
    return atomic_load(&rig_health()->monitors[0].answering);
}

static inline unsigned rig_failures(enum status status)
{
    return atomic_load(&rig_health()->monitors[0].failures[status]);
}

static inline void assert_state(enum bus_state state, enum status last_error)
{
    assert_int_equal(atomic_load(&rig_health()->state), state);
    assert_int_equal(atomic_load(&rig_health()->last_error), last_error);
}

/* NULL: nobody knows. */
static inline void assert_speaks(const char *name)
{
    const char *speaks = atomic_load(&rig_health()->speaks);
    if (name == NULL || speaks == NULL) {
        assert_ptr_equal(speaks, name);
    } else {
        assert_string_equal(speaks, name);
    }
}

#endif
