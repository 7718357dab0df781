/* From the store into lines. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/backup/state.h"
#include "app/backup/state_internal.h"
#include "app/flow/commit.h"
#include "app/flow/json.h"
#include "app/flow/snapshot_read.h"
#include "hal/clock.h"

enum { PAGE_ROWS = 256 };

struct saving {
    struct json_lines *text;
    struct state_summary *summary;
    uint64_t after, last_row;
    uint32_t seen;
    char line[JSON_LINE_MAX];
    char hex[2 * STORE_STATE_MAX + 1];
};
_Static_assert(sizeof(((struct saving *)0)->hex) + 256 < JSON_LINE_MAX, "the largest state is a line");

/* Engine time goes on without steps; after another start of the box nobody knows it better than the clock. */
static void note_clock(const void *value, size_t size, struct state_summary *summary)
{
    struct state_clock clock;
    char boot[sizeof clock.boot_id] = "";
    if (size < offsetof(struct state_clock, unbroken_from_ms) || size > sizeof clock) {
        return;
    }
    clock = (struct state_clock){.anchor_ms = 0};
    memcpy(&clock, value, size);
    clock_boot_id(boot);
    if (strncmp(boot, clock.boot_id, sizeof boot) == 0) {
        summary->engine_ms = clock_boot_us() / 1000 + clock.anchor_ms;
    }
}

static void count_bed(const void *value, size_t size, struct state_summary *summary)
{
    struct bed_snapshot bed;
    if (snapshot_read_bed(value, size, &bed)) {
        state_count_bed(&bed, summary->engine_ms, summary, NULL);
    }
}

static bool save_state(void *context, const char *key, const void *value, size_t size)
{
    struct saving *s = context;
    struct json json;
    if (strcmp(key, STATE_CLOCK) == 0) {
        note_clock(value, size, s->summary);
    }
    if (!state_is_kept(key) || size > STORE_STATE_MAX) {
        return true;
    }
    if (strncmp(key, STATE_BED, strlen(STATE_BED)) == 0) {
        count_bed(value, size, s->summary);
    }
    json_print_hex(value, size, s->hex);
    json_begin(&json, s->line, sizeof s->line);
    json_text(&json, "kind", "state");
    json_text(&json, "key", key);
    json_text(&json, "bytes", s->hex);
    return json_lines_add(s->text, s->line, json_end(&json));
}

static void put_json(struct json *json, const char *bytes, uint32_t length)
{
    json_text_open(json, "alert", JSON_LINE_MAX);
    json_text_add(json, bytes, length);
    json_text_close(json);
}

static bool save_alarm(void *context, const struct store_alarm *alarm)
{
    struct saving *s = context;
    struct json json;
    s->summary->alarms += alarm->ended ? 0 : 1;
    json_print_hex(alarm->snapshot, alarm->snapshot_length, s->hex);
    json_begin(&json, s->line, sizeof s->line);
    json_text(&json, "kind", "alarm");
    json_text(&json, "bed", alarm->bed);
    json_text(&json, "alarm", alarm->alarm);
    json_unsigned(&json, "priority", alarm->priority);
    json_bool(&json, "ended", alarm->ended);
    put_json(&json, alarm->json, alarm->json_length);
    json_text(&json, "bytes", s->hex);
    return json_lines_add(s->text, s->line, json_end(&json));
}

/* What came later belongs to a later present; but a record that came may stand for what was taken out since. */
static bool save_alert(void *context, const struct store_alert *alert)
{
    struct saving *s = context;
    struct json json;
    s->after = alert->row;
    s->seen++;
    if (alert->row > s->last_row && (alert->flags & STORE_ALERT_OMITS) == 0) {
        return true;
    }
    json_begin(&json, s->line, sizeof s->line);
    json_text(&json, "kind", "alert");
    json_text(&json, "bed", alert->bed);
    json_text(&json, "alarm", alert->alarm);
    json_unsigned(&json, "seq", alert->seq);
    json_unsigned(&json, "flags", alert->flags);
    json_unsigned(&json, "committed_ms", alert->committed_wall_ms < 0 ? 0 : (uint64_t)alert->committed_wall_ms);
    put_json(&json, alert->json, alert->json_length);
    const size_t length = json_end(&json);
    if (length >= s->text->size_max - s->text->size) {
        s->summary->left_out++;
        return true;
    }
    s->summary->waiting++;
    return json_lines_add(s->text, s->line, length);
}

/* Page by page, so that no page of the store is kept from the gateway for long. */
static enum status save_waiting(struct saving *s, struct store *store)
{
    enum status status = STATUS_OK, worst = STATUS_OK;
    do {
        const uint64_t before = s->after;
        s->seen = 0;
        status = store_each_outbox(store, s->after, PAGE_ROWS, save_alert, s);
        worst = status == STATUS_OK ? worst : status;
        if (s->after == before) {
            break;
        }
    } while ((status == STATUS_OK || status == STATUS_CORRUPT) && s->seen > 0 && s->text->status == STATUS_OK);
    return worst;
}

enum status state_save(struct store *store, int64_t wall_ms, struct json_lines *out, struct state_summary *summary)
{
    assert(store != NULL && out != NULL && summary != NULL);
    struct saving *s = malloc(sizeof *s);
    struct store_present present;
    if (s == NULL) {
        return STATUS_NO_MEMORY;
    }
    *summary = (struct state_summary){.engine_ms = wall_ms};
    s->text = out;
    s->summary = summary;
    s->after = s->seen = 0;
    const struct store_present_visits visits = {save_state, save_alarm, s};
    enum status status = store_each_present(store, &visits, &present);
    if (status == STATUS_OK || status == STATUS_CORRUPT) {
        s->last_row = present.last_row;
        (void)snprintf(summary->epoch, sizeof summary->epoch, "%s", present.epoch);
        const enum status waiting = save_waiting(s, store);
        status = status == STATUS_OK ? waiting : status;
    }
    free(s);
    return out->status != STATUS_OK ? out->status : status;
}
