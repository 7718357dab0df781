/* From lines into a new store. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/backup/state.h"
#include "app/backup/state_internal.h"
#include "app/flow/commit.h"
#include "app/flow/snapshot_read.h"

enum { GROUP_ROWS = 16, ESCAPED_MAX = 6 * STORE_VALUE_MAX + 1 };

enum entry_kind { ENTRY_STATE, ENTRY_ALARM, ENTRY_ALERT };

/* One line, read. */
struct entry {
    enum entry_kind kind;
    char bed[STORE_KEY_MAX], alarm[STORE_KEY_MAX], key[STORE_KEY_MAX + 1];
    char json[ESCAPED_MAX];
    unsigned char bytes[STORE_STATE_MAX];
    size_t size;
    bool ended;
    uint64_t priority, seq, flags, committed_ms;
};

/* ---- a line ---- */

static bool read_state(const struct json_line *line, struct entry *out)
{
    out->kind = ENTRY_STATE;
    return json_line_words(line, "key", out->key, sizeof out->key) &&
           json_line_hex(line, "bytes", out->bytes, sizeof out->bytes, &out->size) &&
           state_is_known(out->key, out->bytes, out->size);
}

static bool read_names(const struct json_line *line, struct entry *out)
{
    return json_line_words(line, "bed", out->bed, sizeof out->bed) &&
           json_line_words(line, "alarm", out->alarm, sizeof out->alarm) &&
           strlen(out->bed) + strlen(out->alarm) + 1 <= STORE_KEY_MAX && out->alarm[0] != '\0' &&
           json_line_words(line, "alert", out->json, sizeof out->json) && strlen(out->json) <= STORE_VALUE_MAX;
}

static bool read_alarm(const struct json_line *line, struct entry *out)
{
    struct alarm_snapshot snapshot;
    out->kind = ENTRY_ALARM;
    return read_names(line, out) && json_line_number(line, "priority", UINT8_MAX, &out->priority) &&
           json_line_flag(line, "ended", &out->ended) &&
           json_line_hex(line, "bytes", out->bytes, STORE_VALUE_MAX, &out->size) &&
           strlen(out->json) + out->size <= STORE_VALUE_MAX && snapshot_read_alarm(out->bytes, out->size, &snapshot);
}

static bool read_alert(const struct json_line *line, struct entry *out)
{
    out->kind = ENTRY_ALERT;
    return read_names(line, out) && json_line_number(line, "seq", INT64_MAX, &out->seq) &&
           json_line_number(line, "flags", UINT16_MAX, &out->flags) &&
           json_line_number(line, "committed_ms", INT64_MAX, &out->committed_ms);
}

static bool read_entry(const struct json_line *line, struct entry *out)
{
    char kind[16] = "";
    if (!json_line_words(line, "kind", kind, sizeof kind)) {
        return false;
    }
    return strcmp(kind, "state") == 0   ? read_state(line, out)
           : strcmp(kind, "alarm") == 0 ? read_alarm(line, out)
                                        : strcmp(kind, "alert") == 0 && read_alert(line, out);
}

/* ---- all of them ---- */

typedef enum status entry_visit(void *context, const struct entry *entry);

/* *out_line: where it ended, when it did not end well. */
static enum status each_entry(const unsigned char *lines, size_t size, entry_visit *visit, void *context,
                              unsigned *out_line)
{
    struct json_walk walk = {(const char *)lines, (const char *)lines + size, 0};
    struct entry *entry = malloc(sizeof *entry);
    struct json_line *line = malloc(sizeof *line);
    bool is_sound = true;
    enum status status = entry == NULL || line == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    while (status == STATUS_OK && json_lines_next(&walk, line, &is_sound)) {
        status = read_entry(line, entry) ? visit(context, entry) : STATUS_INVALID;
    }
    *out_line = walk.number;
    free(line);
    free(entry);
    return status == STATUS_OK && !is_sound ? STATUS_INVALID : status;
}

struct checking {
    state_visit *visit;
    void *context;
    struct state_summary *summary;
};

static enum status check_entry(void *context, const struct entry *entry)
{
    struct checking *c = context;
    struct bed_snapshot bed;
    if (entry->kind == ENTRY_STATE && strncmp(entry->key, STATE_BED, strlen(STATE_BED)) == 0 &&
        snapshot_read_bed(entry->bytes, entry->size, &bed)) {
        struct state_bed told = {.bed = entry->key + strlen(STATE_BED)};
        state_count_bed(&bed, c->summary->engine_ms, c->summary, &told);
        c->visit(c->context, &told);
    }
    c->summary->alarms += entry->kind == ENTRY_ALARM && !entry->ended ? 1 : 0;
    c->summary->waiting += entry->kind == ENTRY_ALERT ? 1 : 0;
    return STATUS_OK;
}

bool state_check(const unsigned char *lines, size_t size, state_visit *visit, void *context, struct state_summary *out,
                 char why[ARCHIVE_WHY_MAX])
{
    assert(visit != NULL && out != NULL && why != NULL);
    struct checking c = {visit, context, out};
    unsigned line = 0;
    const int64_t engine_ms = out->engine_ms;
    *out = (struct state_summary){.engine_ms = engine_ms};
    const enum status status = each_entry(lines, size, check_entry, &c, &line);
    if (status != STATUS_OK) {
        (void)snprintf(why, ARCHIVE_WHY_MAX, "line %u of its store is %s", line,
                       status == STATUS_INVALID ? "of no form that this wardgate knows" : status_text(status));
    }
    return status == STATUS_OK;
}

struct putting {
    struct store *store;
    bool keeps_stays, is_open;
    int64_t engine_ms;
    uint32_t rows; /* in the transaction that is open */
};

static bool belongs_to_stay(const char *key)
{
    return strncmp(key, STATE_MEASUREMENT, strlen(STATE_MEASUREMENT)) == 0 ||
           strncmp(key, STATE_ENTRIES, strlen(STATE_ENTRIES)) == 0;
}

/* The count of its alerts goes on, and nothing else. */
static enum status put_vacant(const struct putting *p, const struct entry *entry)
{
    struct bed_snapshot bed;
    if (!snapshot_read_bed(entry->bytes, entry->size, &bed)) {
        return STATUS_CORRUPT;
    }
    const struct bed_snapshot vacant = {.bed_seq = bed.bed_seq, .stay_start_ms = p->engine_ms};
    return store_put_state(p->store, entry->key, &vacant, sizeof vacant);
}

static enum status put_state(const struct putting *p, const struct entry *entry)
{
    if (!p->keeps_stays && belongs_to_stay(entry->key)) {
        return STATUS_OK;
    }
    if (!p->keeps_stays && strncmp(entry->key, STATE_BED, strlen(STATE_BED)) == 0) {
        return put_vacant(p, entry);
    }
    return store_put_state(p->store, entry->key, entry->bytes, entry->size);
}

static enum status put_alarm(const struct putting *p, const struct entry *entry)
{
    const struct store_alarm alarm = {.bed = entry->bed,
                                      .alarm = entry->alarm,
                                      .priority = (uint8_t)entry->priority,
                                      .ended = entry->ended || !p->keeps_stays,
                                      .json = entry->json,
                                      .json_length = (uint32_t)strlen(entry->json),
                                      .snapshot = entry->bytes,
                                      .snapshot_length = (uint32_t)entry->size};
    return store_put_alarm(p->store, &alarm);
}

static enum status put_alert(const struct putting *p, const struct entry *entry)
{
    const struct store_alert alert = {.seq = entry->seq,
                                      .flags = (uint16_t)(entry->flags & ~(unsigned)STORE_ALERT_SENT),
                                      .committed_wall_ms = (int64_t)entry->committed_ms,
                                      .bed = entry->bed,
                                      .alarm = entry->alarm,
                                      .json = entry->json,
                                      .json_length = (uint32_t)strlen(entry->json)};
    return store_put_alert(p->store, &alert);
}

static enum status close_group(struct putting *p)
{
    const bool was_open = p->is_open;
    p->is_open = false;
    p->rows = 0;
    return was_open ? store_commit(p->store) : STATUS_OK;
}

static enum status put_entry(void *context, const struct entry *entry)
{
    struct putting *p = context;
    enum status status = STATUS_OK;
    if (!p->is_open) {
        status = store_begin(p->store);
        p->is_open = status == STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = entry->kind == ENTRY_STATE   ? put_state(p, entry)
                 : entry->kind == ENTRY_ALARM ? put_alarm(p, entry)
                                              : put_alert(p, entry);
        p->is_open = status == STATUS_OK; /* a failed write has ended it */
    }
    return status == STATUS_OK && ++p->rows >= GROUP_ROWS ? close_group(p) : status;
}

/* A row of the journal with nothing that anybody reads in it: engine time never falls behind that instant, whatever the clock of the box says. */
static enum status put_instant(struct putting *p)
{
    const enum status status = store_journal_put(p->store, p->engine_ms, "", 1);
    return status == STATUS_OK ? store_journal_sync(p->store) : status;
}

enum status state_put(const unsigned char *lines, size_t size, bool keeps_stays, int64_t engine_ms, struct store *store)
{
    assert(store != NULL);
    struct putting p = {.store = store, .keeps_stays = keeps_stays, .engine_ms = engine_ms};
    unsigned line = 0;
    enum status status = each_entry(lines, size, put_entry, &p, &line);
    status = status == STATUS_OK ? close_group(&p) : status;
    if (p.is_open) {
        store_abort(store);
    }
    return status == STATUS_OK ? put_instant(&p) : status;
}
