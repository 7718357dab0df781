/*
 * content.h: all that the `alerts` environment of a store holds, read through store.h, with a digest of it.
 */
#ifndef WARDGATE_TESTS_CONTENT_H
#define WARDGATE_TESTS_CONTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/engine.h"
#include "app/flow/commit.h"
#include "drivers/store/store.h"

enum { CONTENT_ALERTS_MAX = 8192, CONTENT_ALARMS_MAX = 128, CONTENT_AUDIT_MAX = 4096, CONTENT_BEDS_MAX = 4 };

struct alert_found {
    uint64_t row, seq, bed_seq, id, digest, alarm; /* alarm: text_digest of its name */
    uint32_t rev;
    uint16_t bed; /* index; BED_NONE: the gateway's */
    bool waiting; /* in the outbox, else in history */
    bool folded, test;
    bool sound; /* its json has the numbers that an alert has, and the store's epoch */
};
struct alarm_found {
    uint16_t bed;
    bool ended, folded;
    uint64_t id, seq, bed_seq;
    uint32_t rev;
    char name[ALARM_NAME_MAX];
};
struct bed_found {
    bool there;
    struct bed_snapshot snapshot;
};

struct content_of_store {
    uint64_t digest; /* of everything but the epoch */
    char epoch[STORE_EPOCH_MAX];
    uint32_t alert_count, alarm_count, command_count;
    bool is_empty, has_numbers;
    struct state_numbers numbers;
    struct alert_found alerts[CONTENT_ALERTS_MAX]; /* history, then outbox */
    struct alarm_found alarms[CONTENT_ALARMS_MAX];
    uint64_t commands[CONTENT_AUDIT_MAX]; /* of audit rows: text_digest of the command's id */
    struct bed_found beds[CONTENT_BEDS_MAX];
};

/* False: a part of it could not be read. */
bool content_read(struct store *store, const struct engine_config *config, struct content_of_store *out);

uint64_t digest_bytes(uint64_t digest, const void *bytes, size_t size);
uint64_t text_digest(const char *text, size_t length);
#define DIGEST_START UINT64_C(0xCBF29CE484222325)

#endif
