/*
 * hl7_rig.h: the listening HL7 bus on one side, monitors that call it over loopback on the other; for tests.
 *
 * There is one at a time. What is put stands in the bench (hl7_bench.h). The bus's clock stands still until a test
 * moves it, but its wall clock is the system's.
 */
#ifndef WARDGATE_TESTS_HL7_RIG_H
#define WARDGATE_TESTS_HL7_RIG_H

#include "drivers/monitor/hl7/hl7_driver.h"
#include "tests/unit/support/hl7_bench.h"

struct hl7_rig {
    struct bus_config config;
    struct bus *bus;
    const struct bus_health *health;
    int64_t now_us;
    unsigned rounds; /* of the bus */
};

extern struct hl7_rig hl7_rig;

/* Monitors at beds from 0 on, by their addresses (ended by NULL). Listens at a free port of 127.0.0.1. */
void hl7_rig_open(unsigned profile, const char *const *places);
void hl7_rig_close(void);

/* A port that nobody listens at. */
uint16_t hl7_rig_free_port(void);

/* A monitor calls; its end of the connection, which never blocks. */
int hl7_rig_call(void);

/* The same, of one whose system holds little of what the test does not hear. */
int hl7_rig_call_deaf(void);

/* Runs the bus until it has nothing to do. */
void hl7_rig_run(void);

/* Moves the bus's clock on, a second at a time. */
void hl7_rig_pass_s(unsigned seconds);

/* Sends all of it while the bus runs. False: the bus does not take it, or hung up. */
bool hl7_rig_send(int fd, const char *bytes, size_t length);

/* In a frame: the bytes between 0x0B and 0x1C 0x0D. */
bool hl7_rig_say(int fd, const char *text);

/* What has come back, with a NUL; returns its length. */
size_t hl7_rig_hear(int fd, char *bytes, size_t size);

/* How many acknowledgements of a code stand in a text; how many came since the last look. */
unsigned hl7_rig_count_acks(const char *bytes, const char *code);
unsigned hl7_rig_heard(int fd, const char *code);

/* By the bus's health. */
unsigned hl7_rig_connections(void);

/* True when the bus has hung up. */
bool hl7_rig_is_gone(int fd);

/* A message of a bed's saturation under a new MSH-10. Good until the fourth call after. */
const char *hl7_rig_message(const char *place, int spo2);

#endif
