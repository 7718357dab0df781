#include "tests/powerloss/content.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/bed_numbers.h"

/* FNV-1a */
uint64_t digest_bytes(uint64_t digest, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++) {
        digest = (digest ^ byte[i]) * UINT64_C(0x100000001B3);
    }
    return digest;
}

uint64_t text_digest(const char *text, size_t length)
{
    return digest_bytes(DIGEST_START, text, length);
}

struct reader {
    const struct engine_config *config;
    struct content_of_store *out;
    bool waiting, full;
};

static void add(struct reader *r, const void *bytes, size_t size)
{
    r->out->digest = digest_bytes(r->out->digest, bytes, size);
}

static uint16_t bed_of(const struct reader *r, const char *id)
{
    return id[0] == '\0' ? BED_NONE : bed_index(r->config, id);
}

/* What stands behind `"key":` in a flat object; NULL when nothing does. */
static const char *behind(const char *json, const char *key)
{
    char wanted[32];
    (void)snprintf(wanted, sizeof wanted, "\"%s\":", key);
    const char *found = strstr(json, wanted);
    return found == NULL ? NULL : found + strlen(wanted);
}

static bool number_read(const char *json, const char *key, uint64_t *out)
{
    const char *at = behind(json, key);
    const bool quoted = at != NULL && *at == '"';
    char *end = NULL;
    if (at != NULL) {
        *out = strtoull(at + quoted, &end, quoted ? 16 : 10);
    }
    return at != NULL && end > at + quoted;
}

static void numbers_read(const struct reader *r, const struct store_alert *alert, struct alert_found *out)
{
    char json[STORE_VALUE_MAX + 1];
    uint64_t seq = 0, rev = 0;
    memcpy(json, alert->json, alert->json_length);
    json[alert->json_length] = '\0';
    const char *epoch = behind(json, "epoch");
    const size_t length = strlen(r->out->epoch);
    out->sound = number_read(json, "id", &out->id) && number_read(json, "rev", &rev) && epoch != NULL &&
                 strncmp(epoch + 1, r->out->epoch, length) == 0 && epoch[1 + length] == '"';
    out->rev = (uint32_t)rev;
    if (!out->folded) {
        out->sound = out->sound && number_read(json, "seq", &seq) && seq == alert->seq;
    }
    if (!out->folded && out->bed != BED_NONE) {
        out->sound = out->sound && number_read(json, "bed_seq", &out->bed_seq);
    }
}

static bool see_alert(void *context, const struct store_alert *alert)
{
    struct reader *r = context;
    if (r->out->alert_count == CONTENT_ALERTS_MAX) {
        r->full = true;
        return false;
    }
    struct alert_found *found = &r->out->alerts[r->out->alert_count++];
    *found = (struct alert_found){.row = alert->row,
                                  .seq = alert->seq,
                                  .digest = text_digest(alert->json, alert->json_length),
                                  .bed = bed_of(r, alert->bed),
                                  .waiting = r->waiting,
                                  .alarm = text_digest(alert->alarm, strlen(alert->alarm)),
                                  .folded = (alert->flags & STORE_ALERT_FOLDED) != 0,
                                  .test = (alert->flags & STORE_ALERT_TEST) != 0};
    numbers_read(r, alert, found);
    add(r, &alert->row, sizeof alert->row);
    add(r, &alert->seq, sizeof alert->seq);
    add(r, &alert->flags, sizeof alert->flags);
    add(r, &found->digest, sizeof found->digest);
    add(r, &found->alarm, sizeof found->alarm);
    return true;
}

static bool see_alarm(void *context, const struct store_alarm *alarm)
{
    struct reader *r = context;
    struct alarm_snapshot snapshot;
    if (r->out->alarm_count == CONTENT_ALARMS_MAX || alarm->snapshot_length != sizeof snapshot) {
        r->full = true;
        return false;
    }
    memcpy(&snapshot, alarm->snapshot, sizeof snapshot);
    struct alarm_found *found = &r->out->alarms[r->out->alarm_count++];
    *found = (struct alarm_found){.bed = bed_of(r, alarm->bed),
                                  .ended = alarm->ended,
                                  .folded = alert_is_folded(&snapshot.last),
                                  .id = snapshot.last.id,
                                  .seq = snapshot.last.seq,
                                  .bed_seq = snapshot.last.bed_seq,
                                  .rev = snapshot.last.rev};
    (void)snprintf(found->name, sizeof found->name, "%s", alarm->alarm);
    add(r, alarm->json, alarm->json_length);
    add(r, alarm->snapshot, alarm->snapshot_length);
    add(r, &alarm->ended, sizeof alarm->ended);
    return true;
}

static bool see_audit(void *context, uint64_t row, int64_t wall_ms, const char *json, uint32_t length)
{
    struct reader *r = context;
    char text[STORE_AUDIT_MAX + 1];
    memcpy(text, json, length);
    text[length] = '\0';
    const char *id = behind(text, "id");
    if (r->out->command_count == CONTENT_AUDIT_MAX) {
        r->full = true;
        return false;
    }
    if (id != NULL && *id == '"') {
        r->out->commands[r->out->command_count++] = text_digest(id + 1, strcspn(id + 1, "\""));
    }
    add(r, &row, sizeof row);
    add(r, &wall_ms, sizeof wall_ms);
    add(r, json, length);
    return true;
}

/* True, and the value and its length in the digest, when it is there or never was; the length in any case. */
static bool state_read(struct reader *r, struct store *store, const char *key, void *value, size_t size,
                       size_t *out_length)
{
    *out_length = 0;
    const enum status status = store_get_state(store, key, value, size, out_length);
    r->out->is_empty = r->out->is_empty && *out_length == 0;
    add(r, out_length, sizeof *out_length);
    add(r, value, *out_length);
    return status == STATUS_OK || status == STATUS_NOT_FOUND;
}

static bool states_read(struct reader *r, struct store *store)
{
    static const char *const keys[] = {STATE_CLOCK, STATE_CLOCK_RECORD, STATE_ADMISSIONS, STATE_AUDITED, STATE_SCORES};
    static char value[STORE_STATE_MAX];
    size_t length = 0;
    bool good = state_read(r, store, STATE_NUMBERS, &r->out->numbers, sizeof r->out->numbers, &length);
    r->out->has_numbers = length > 0;
    for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        good = state_read(r, store, keys[i], value, sizeof value, &length) && good;
    }
    for (uint16_t b = 0; b < r->config->bed_count; b++) {
        char key[STORE_KEY_MAX];
        struct bed_found *bed = &r->out->beds[b];
        (void)snprintf(key, sizeof key, STATE_BED "%s", r->config->beds[b].id);
        good = state_read(r, store, key, &bed->snapshot, sizeof bed->snapshot, &length) && good;
        bed->there = length == sizeof bed->snapshot;
        (void)snprintf(key, sizeof key, STATE_MEASUREMENT "%s/nibp_sys", r->config->beds[b].id);
        good = state_read(r, store, key, value, sizeof value, &length) && good;
    }
    return good;
}

bool content_read(struct store *store, const struct engine_config *config, struct content_of_store *out)
{
    struct reader r = {.config = config, .out = out};
    out->digest = DIGEST_START;
    out->alert_count = out->alarm_count = out->command_count = 0;
    (void)snprintf(out->epoch, sizeof out->epoch, "%s", store_epoch(store));
    enum status status = store_each_history(store, 0, UINT32_MAX, see_alert, &r);
    r.waiting = true;
    const enum status outbox = store_each_outbox(store, 0, UINT32_MAX, see_alert, &r);
    const enum status alarms = store_each_alarm(store, see_alarm, &r);
    const enum status audit = store_each_audit(store, STORE_AUDIT_ROWS, see_audit, &r);
    status = status != STATUS_OK ? status : outbox != STATUS_OK ? outbox : alarms != STATUS_OK ? alarms : audit;
    out->is_empty = out->alert_count + out->alarm_count + out->command_count == 0;
    return states_read(&r, store) && status == STATUS_OK && !r.full;
}
