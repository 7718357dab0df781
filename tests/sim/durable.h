/*
 * durable.h: what the model of the disk holds: rows of outbox and history, alarms, states, audit log, journal. Outlives every process. disk.c alone
 * changes it, by the changes of a transaction that is committed.
 */
#ifndef WARDGATE_TESTS_SIM_DURABLE_H
#define WARDGATE_TESTS_SIM_DURABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/store/rows.h"
#include "drivers/store/store.h"
#include "tests/sim/disk.h"

#define ROWS         65536U /* of outbox and history together */
#define HISTORY_KEPT 8192U
#define ALARMS_MAX   2048U
#define STATES_MAX   1024U
#define AUDIT_ROWS   4096U
#define PIECES       4096U

struct kept_row {
    struct store_alert alert;
    char bed[STORE_KEY_MAX], alarm[STORE_KEY_MAX];
    char *json;
    int64_t put_us;
    bool there;
};
struct state {
    char key[STORE_KEY_MAX + 1];
    uint32_t hash;
    size_t size, room;
    unsigned char *value;
};
struct audit_row {
    int64_t wall_ms;
    uint32_t length;
    unsigned char link[DIGEST_SIZE];
    char json[STORE_AUDIT_MAX + 1];
};
struct piece {
    int64_t at_ms;
    size_t size, room;
    unsigned char *bytes;
};

struct durable {
    char epoch[STORE_EPOCH_MAX];
    struct kept_row rows[ROWS];
    uint64_t next_row, first_row, first_waiting, waiting, history;
    struct disk_alarm alarms[ALARMS_MAX]; /* in order of bed and alarm */
    uint32_t alarm_count;
    struct state states[STATES_MAX];
    uint32_t state_count;
    struct audit_row audit[AUDIT_ROWS];
    uint64_t audit_rows;
    struct row_end audit_end, audit_seen; /* the newest row; and up to where the chain has been looked at */
    struct piece pieces[PIECES];
    uint64_t first_piece, synced_piece, next_piece;
};
extern struct durable durable;

void durable_put_row(const struct store_alert *alert);
void durable_mark_delivered(uint64_t row);
void durable_drop_oldest(void); /* row; it does not wait */
void durable_put_alarm(const struct store_alarm *alarm);
struct state *durable_find_state(const char *key); /* NULL: there is none */
void durable_put_state(const char *key, const void *value, size_t size);
void durable_put_audit(int64_t wall_ms, const char *json, size_t length);
void durable_look_at_audit(void); /* the chain of its rows, since the last look */
void durable_adopt(const char *epoch);
void durable_begin_anew(const char *epoch, uint64_t next_row); /* all but the journal is gone */
void durable_put_piece(int64_t at_ms, const unsigned char *bytes, size_t size);

#endif
