#include "tests/sim/durable.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/audited.h"
#include "tests/sim/process.h"
#include "tests/sim/read.h"
#include "tests/sim/scheduler.h"
#include "tests/sim/witness.h"

struct durable durable = {.next_row = 1, .first_row = 1, .first_waiting = 1};

static int compare_alarm(const struct disk_alarm *alarm, const char *bed, const char *name)
{
    const int beds = strcmp(alarm->bed, bed);
    return beds != 0 ? beds : strcmp(alarm->alarm, name);
}

/* Where it is, or belongs. */
static uint32_t place_of_alarm(const char *bed, const char *name)
{
    uint32_t low = 0, high = durable.alarm_count;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (compare_alarm(&durable.alarms[middle], bed, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct disk_alarm *disk_find_alarm(const char *bed, const char *alarm)
{
    const uint32_t at = place_of_alarm(bed, alarm);
    return at < durable.alarm_count && compare_alarm(&durable.alarms[at], bed, alarm) == 0 ? &durable.alarms[at] : NULL;
}

static void keep_bytes(unsigned char **place, const void *bytes, size_t size)
{
    *place = world_more(*place, size + 1);
    memcpy(*place, bytes, size);
    (*place)[size] = '\0';
}

void durable_put_alarm(const struct store_alarm *alarm)
{
    const uint32_t at = place_of_alarm(alarm->bed, alarm->alarm);
    struct disk_alarm *a = &durable.alarms[at];
    if (at == durable.alarm_count || compare_alarm(a, alarm->bed, alarm->alarm) != 0) {
        assert(durable.alarm_count < ALARMS_MAX);
        memmove(a + 1, a, (durable.alarm_count - at) * sizeof *a);
        durable.alarm_count++;
        *a = (struct disk_alarm){.ended = true};
        (void)snprintf(a->bed, sizeof a->bed, "%s", alarm->bed);
        (void)snprintf(a->alarm, sizeof a->alarm, "%s", alarm->alarm);
    }
    unsigned char *json = (unsigned char *)a->json;
    keep_bytes(&json, alarm->json, alarm->json_length);
    a->json = (char *)json;
    keep_bytes(&a->snapshot, alarm->snapshot, alarm->snapshot_length);
    a->json_length = alarm->json_length;
    a->snapshot_length = alarm->snapshot_length;
    a->priority = alarm->priority;
    a->ended = alarm->ended;
    a->changed_us = scheduler_now_us();
    a->id = read_hex(a->json, "id");
    a->rev = (uint32_t)read_number(a->json, "rev");
}

void durable_drop_oldest(void)
{
    struct kept_row *r = &durable.rows[durable.first_row++ % ROWS];
    if (r->there) {
        assert(!r->alert.waiting);
        durable.history--;
        world_give(r->json);
    }
    *r = (struct kept_row){.there = false};
}

void durable_put_row(const struct store_alert *alert)
{
    struct kept_row *r = &durable.rows[alert->row % ROWS];
    assert(!r->there);
    *r = (struct kept_row){.alert = *alert, .there = true, .put_us = scheduler_now_us()};
    (void)snprintf(r->bed, sizeof r->bed, "%s", alert->bed);
    (void)snprintf(r->alarm, sizeof r->alarm, "%s", alert->alarm);
    unsigned char *json = NULL;
    keep_bytes(&json, alert->json, alert->json_length);
    r->json = (char *)json;
    r->alert.bed = r->bed;
    r->alert.alarm = r->alarm;
    r->alert.json = r->json;
    r->alert.waiting = (alert->flags & STORE_ALERT_SENT) == 0;
    if (r->alert.waiting && alert->row < durable.first_waiting) { /* it was not there yet when those before it went */
        durable.first_waiting = alert->row;
    }
    durable.waiting += r->alert.waiting;
    durable.history += !r->alert.waiting;
}

void durable_mark_delivered(uint64_t row)
{
    struct kept_row *r = row >= durable.first_row && row < durable.next_row ? &durable.rows[row % ROWS] : NULL;
    if (r == NULL || !r->there || !r->alert.waiting) {
        return;
    }
    witness_delivered(&r->alert);
    r->alert.waiting = false;
    durable.waiting--;
    durable.history++;
    while (durable.first_waiting < durable.next_row && !(durable.rows[durable.first_waiting % ROWS].there &&
                                                         durable.rows[durable.first_waiting % ROWS].alert.waiting)) {
        durable.first_waiting++;
    }
}

static uint32_t hash_of(const char *key)
{
    uint32_t hash = 2166136261U;
    for (; *key != '\0'; key++) {
        hash = (hash ^ (unsigned char)*key) * 16777619U;
    }
    return hash;
}

struct state *durable_find_state(const char *key)
{
    const uint32_t hash = hash_of(key);
    for (uint32_t i = 0; i < durable.state_count; i++) {
        if (durable.states[i].hash == hash && strcmp(durable.states[i].key, key) == 0) {
            return &durable.states[i];
        }
    }
    return NULL;
}

void durable_put_state(const char *key, const void *value, size_t size)
{
    struct state *s = durable_find_state(key);
    if (s == NULL) {
        assert(durable.state_count < STATES_MAX);
        s = &durable.states[durable.state_count++];
        (void)snprintf(s->key, sizeof s->key, "%s", key);
        s->hash = hash_of(key);
    }
    if (s->room < size) {
        s->value = world_more(s->value, size);
        s->room = size;
    }
    memcpy(s->value, value, size);
    s->size = size;
}

/* Row numbers count from 1. */
static struct audit_row *audit_row(uint64_t number)
{
    return &durable.audit[number % AUDIT_ROWS];
}

void durable_put_audit(int64_t wall_ms, const char *json, size_t length)
{
    static struct row encoded;
    struct audit_row *row = audit_row(++durable.audit_rows);
    row->wall_ms = wall_ms;
    row->length = (uint32_t)length;
    memcpy(row->json, json, length);
    row->json[length] = '\0';
    const enum status status =
        row_encode_audit(durable.audit_rows, wall_ms, row->json, length, &durable.audit_end, &encoded);
    assert(status == STATUS_OK);
    (void)status;
    memcpy(row->link, durable.audit_end.link, sizeof row->link);
}

void durable_look_at_audit(void)
{
    struct row_end *seen = &durable.audit_seen;
    while (seen->number < durable.audit_rows) {
        const struct audit_row *row = audit_row(seen->number + 1);
        const struct row_audit audit = {.wall_ms = row->wall_ms, .json = row->json, .length = row->length};
        unsigned char wanted[DIGEST_SIZE];
        row_link_audit(++seen->number, &audit, seen->link, wanted);
        audited_chained(seen->number, memcmp(wanted, row->link, sizeof wanted) == 0);
        memcpy(seen->link, row->link, sizeof seen->link);
    }
}

static void forget_states(void)
{
    for (uint32_t i = 0; i < durable.state_count; i++) {
        world_give(durable.states[i].value);
        durable.states[i] = (struct state){.size = 0};
    }
    durable.state_count = 0;
}

static void forget_alarms(void)
{
    for (uint32_t i = 0; i < durable.alarm_count; i++) {
        world_give(durable.alarms[i].json);
        world_give(durable.alarms[i].snapshot);
        durable.alarms[i] = (struct disk_alarm){.ended = true};
    }
    durable.alarm_count = 0;
}

void durable_begin_anew(const char *epoch, uint64_t next_row)
{
    for (; durable.first_row < durable.next_row; durable.first_row++) {
        struct kept_row *r = &durable.rows[durable.first_row % ROWS];
        world_give(r->json);
        *r = (struct kept_row){.there = false};
    }
    durable.first_row = durable.next_row = durable.first_waiting = next_row;
    durable.waiting = durable.history = 0;
    durable.audit_rows = 0;
    durable.audit_end = durable.audit_seen = (struct row_end){.number = 0};
    forget_alarms();
    forget_states();
    (void)snprintf(durable.epoch, sizeof durable.epoch, "%s", epoch);
}

void durable_adopt(const char *epoch)
{
    (void)snprintf(durable.epoch, sizeof durable.epoch, "%s", epoch);
    forget_states();
    for (uint32_t i = 0; i < durable.alarm_count; i++) {
        durable.alarms[i].ended = true;
    }
}

/* ---- the journal ---- */

void durable_put_piece(int64_t at_ms, const unsigned char *bytes, size_t size)
{
    if (durable.next_piece - durable.first_piece == PIECES) {
        durable.first_piece++;
        durable.synced_piece = durable.synced_piece < durable.first_piece ? durable.first_piece : durable.synced_piece;
    }
    struct piece *p = &durable.pieces[durable.next_piece++ % PIECES];
    if (p->room < size) {
        p->bytes = world_more(p->bytes, size);
        p->room = size;
    }
    p->at_ms = at_ms;
    p->size = size;
    memcpy(p->bytes, bytes, size);
}

/* ---- what is asked of it ---- */

const char *disk_epoch(void)
{
    return durable.epoch;
}

uint32_t disk_alarm_count(void)
{
    return durable.alarm_count;
}

const struct disk_alarm *disk_alarm(uint32_t index)
{
    return &durable.alarms[index];
}

uint64_t disk_oldest_waiting(int64_t before_us)
{
    for (uint64_t row = durable.first_waiting; row < durable.next_row; row++) {
        const struct kept_row *r = &durable.rows[row % ROWS];
        if (r->there && r->alert.waiting) {
            return r->put_us < before_us ? row : 0;
        }
    }
    return 0;
}

bool disk_has_audited(const char *command_id)
{
    char wanted[64];
    (void)snprintf(wanted, sizeof wanted, "\"id\":\"%s\"", command_id);
    const uint64_t kept = durable.audit_rows < AUDIT_ROWS ? durable.audit_rows : AUDIT_ROWS;
    for (uint64_t i = 0; i < kept; i++) {
        if (strstr(audit_row(durable.audit_rows - i)->json, wanted) != NULL) {
            return true;
        }
    }
    return false;
}
