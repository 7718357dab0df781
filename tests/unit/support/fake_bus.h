/*
 * fake_bus.h: lines of which only the health figures are there, for tests of whoever looks at them. Included by one file of a program.
 */
#ifndef WARDGATE_TESTS_FAKE_BUS_H
#define WARDGATE_TESTS_FAKE_BUS_H

#include "app/flow/acquire.h"

#define FAKE_MONITORS_MAX 8

struct bus {
    struct bus_health health;
    struct monitor_health monitors[FAKE_MONITORS_MAX];
};

static inline const struct bus_health *fake_bus_health(const struct bus *bus)
{
    return &bus->health;
}

static const struct monitor_driver fake_bus_driver = {.kind = "fake", .health = fake_bus_health};

/* A line that has not been opened yet. */
static inline struct acquire_bus fake_bus_init(struct bus *bus)
{
    bus->health.monitors = bus->monitors;
    atomic_store(&bus->health.state, BUS_CLOSED);
    atomic_store(&bus->health.last_error, STATUS_OK);
    return (struct acquire_bus){.driver = &fake_bus_driver, .bus = bus};
}

#endif
