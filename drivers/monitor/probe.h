/*
 * probe.h: looking for monitors on a line that nobody watches yet: what a driver is given and what it tells.
 *
 * For `wardgate probe` alone: unlike everything else in a driver it blocks, on the command line's own thread, until all
 * has been looked at or the listener says stop. It opens the line itself, so that one in use is refused
 * (STATUS_BUSY), listens before it asks, and asks by reading functions only.
 */
#ifndef WARDGATE_PROBE_H
#define WARDGATE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/monitor/driver.h"

#define PROBE_IDENTITY_MAX 128
#define PROBE_PLACE_MAX    100

struct probe_target {
    const char *device; /* serial, or NULL */
    uint32_t baud;      /* serial: 0 for the usual ones */
    const char *host;   /* network: a numeric address; hl7: the one to listen at */
    uint16_t port;
    uint8_t first, last;                   /* Modbus addresses to ask */
    uint32_t answer_ms;                    /* Modbus: how long each is given to begin its answer */
    uint32_t listen_ms;                    /* for what monitors say unasked */
    const struct profile *const *profiles; /* those that may be recognised, ended by NULL */
};

struct probe_finding {
    const char *kind; /* of bus */
    uint32_t baud;    /* serial */
    enum parity parity;
    uint8_t stop_bits;
    uint8_t address;                   /* Modbus */
    char place[PROBE_PLACE_MAX];       /* hl7: PV1-3, or the device's id; else "" */
    char identity[PROBE_IDENTITY_MAX]; /* as it calls itself, or "" */
    const struct profile *profile;     /* the one that fits best; NULL: none of them */
    uint16_t others;                   /* so many more fit */
};

struct probe_listener {
    void (*progress)(struct probe_listener *listener, unsigned done, unsigned total, const char *text);
    void (*found)(struct probe_listener *listener, const struct probe_finding *finding);
    void (*warn)(struct probe_listener *listener, const char *text);
    bool (*go_on)(struct probe_listener *listener);
};

#endif
