#include "tests/powerloss/verdict.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/powerloss/chance.h"
#include "tests/powerloss/content.h"
#include "tests/powerloss/minutes.h"
#include "tests/powerloss/run.h"
#include "tests/powerloss/witness.h"

static struct content_of_store found, later;
static uint32_t index_of[WITNESS_SEQS_MAX]; /* 1 + the alert of this seq in `found`; 0: it is not there */
static uint64_t oldest_seq;

/* What the disk may hold, from the marks before the cut. */
static struct {
    const struct mark *last, *under_way; /* the latter NULL: nothing was */
    uint32_t cut;
} due;

static char *reason;

static enum invariant broken(enum invariant invariant, const char *format, ...) PRINTF_LIKE(2, 3);
static enum invariant broken(enum invariant invariant, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reason, 200, format, arguments);
    va_end(arguments);
    return invariant;
}

const char *invariant_name(unsigned invariant)
{
    static const char *const names[] = {"",
#define INVARIANT_NAME(number, name, text) [number] = #name,
                                        INVARIANT_LIST(INVARIANT_NAME)
#undef INVARIANT_NAME
    };
    return names[invariant];
}

static void find_due(uint32_t cut)
{
    bool begun = false;
    due.last = due.under_way = NULL;
    due.cut = cut;
    for (uint32_t i = 0; i < witness->mark_count; i++) {
        const struct mark *mark = &witness->marks[i];
        if (mark->at <= cut && mark->kind == MARK_BEGUN) {
            begun = true;
        } else if (mark->at <= cut) {
            due.last = mark;
            begun = false;
        } else if (begun && mark->kind == MARK_DONE) {
            due.under_way = mark;
            return;
        }
    }
}

/* ---- what is read against what was told ---- */

static enum invariant check_once(void)
{
    memset(index_of, 0, sizeof index_of);
    oldest_seq = UINT64_MAX;
    for (uint32_t i = 0; i < found.alert_count; i++) {
        const struct alert_found *alert = &found.alerts[i];
        if (alert->folded) {
            continue;
        }
        if (alert->seq >= WITNESS_SEQS_MAX) {
            return broken(INVARIANT_content, "seq %llu was never given", (unsigned long long)alert->seq);
        }
        if (index_of[alert->seq] != 0) {
            return broken(INVARIANT_once, "seq %llu is there twice", (unsigned long long)alert->seq);
        }
        index_of[alert->seq] = i + 1;
        oldest_seq = alert->seq < oldest_seq ? alert->seq : oldest_seq;
    }
    return INVARIANT_NONE;
}

/* History gives its oldest rows up when the map fills. */
static enum invariant check_committed(void)
{
    for (uint64_t seq = 0; seq <= witness->seq_most; seq++) {
        const struct told *told = &witness->told[seq];
        const bool had = told->asked_at != AT_NEVER && told->asked_at <= due.cut;
        if (told->committed_at == AT_NEVER || told->committed_at > due.cut) {
            continue;
        }
        if (index_of[seq] == 0 && !(had && seq < oldest_seq)) {
            return broken(INVARIANT_committed, "seq %llu was committed at %u and is lost", (unsigned long long)seq,
                          told->committed_at);
        }
        if (index_of[seq] != 0 && !had && !found.alerts[index_of[seq] - 1].waiting) {
            return broken(INVARIANT_committed, "seq %llu left the outbox before the broker had it",
                          (unsigned long long)seq);
        }
    }
    return INVARIANT_NONE;
}

static enum invariant check_content(void)
{
    for (uint32_t i = 0; i < found.alert_count; i++) {
        const struct alert_found *alert = &found.alerts[i];
        const struct told *told = &witness->told[alert->folded ? 0 : alert->seq];
        if (!alert->sound) {
            return broken(INVARIANT_content, "row %llu is no alert of this epoch", (unsigned long long)alert->row);
        }
        if (!alert->folded && (alert->id != told->id || alert->rev != told->rev || alert->bed != told->bed ||
                               alert->bed_seq != told->bed_seq || alert->digest != told->digest)) {
            return broken(INVARIANT_content, "seq %llu is another alert than was told", (unsigned long long)alert->seq);
        }
    }
    return INVARIANT_NONE;
}

/* In the order of rows, history's and the outbox's together. */
static int by_row(const void *left, const void *right)
{
    const struct alert_found *a = left, *b = right;
    return a->row < b->row ? -1 : a->row > b->row;
}

static enum invariant check_no_gap(struct content_of_store *content)
{
    uint64_t seq = 0, bed_seq[RUN_BEDS] = {0};
    qsort(content->alerts, content->alert_count, sizeof content->alerts[0], by_row);
    for (uint32_t i = 0; i < content->alert_count; i++) {
        const struct alert_found *alert = &content->alerts[i];
        if (alert->folded) {
            continue;
        }
        if (seq != 0 && alert->seq != seq + 1) {
            return broken(INVARIANT_no_gap, "seq %llu follows %llu", (unsigned long long)alert->seq,
                          (unsigned long long)seq);
        }
        seq = alert->seq;
        if (alert->bed == BED_NONE) {
            continue;
        }
        if (bed_seq[alert->bed] != 0 && alert->bed_seq != bed_seq[alert->bed] + 1) {
            return broken(INVARIANT_no_gap, "bed_seq %llu follows %llu at bed %u", (unsigned long long)alert->bed_seq,
                          (unsigned long long)bed_seq[alert->bed], alert->bed);
        }
        bed_seq[alert->bed] = alert->bed_seq;
    }
    return INVARIANT_NONE;
}

static const struct alarm_found *alarm_of(const struct alert_found *alert)
{
    for (uint32_t i = 0; i < found.alarm_count; i++) {
        const struct alarm_found *alarm = &found.alarms[i];
        if (alarm->bed == alert->bed && text_digest(alarm->name, strlen(alarm->name)) == alert->alarm) {
            return alarm;
        }
    }
    return NULL;
}

static bool alert_is_told_of(const struct alert_found *alert)
{
    const struct alarm_found *alarm = alarm_of(alert);
    return alert->folded || alert->test || (alarm != NULL && alarm->seq >= alert->seq);
}

static bool alarm_has_alert(const struct alarm_found *alarm)
{
    const uint32_t at = alarm->seq < WITNESS_SEQS_MAX ? index_of[alarm->seq] : 0;
    const struct alert_found *alert = at == 0 ? NULL : &found.alerts[at - 1];
    return alarm->folded || alarm->seq < oldest_seq ||
           (alert != NULL && alert->id == alarm->id && alert->rev == alarm->rev && alert->bed_seq == alarm->bed_seq);
}

static enum invariant check_together(void)
{
    uint64_t seq = 0, bed_seq[RUN_BEDS] = {0};
    for (uint32_t i = 0; i < found.alert_count; i++) {
        const struct alert_found *alert = &found.alerts[i];
        if (!alert_is_told_of(alert)) {
            return broken(INVARIANT_together, "seq %llu is not in its alarm's state", (unsigned long long)alert->seq);
        }
        if (alert->id >= found.numbers.next_id) {
            return broken(INVARIANT_together, "the numbers do not know id %llu", (unsigned long long)alert->id);
        }
        seq = !alert->folded && alert->seq > seq ? alert->seq : seq;
        if (alert->bed != BED_NONE && alert->bed_seq > bed_seq[alert->bed]) {
            bed_seq[alert->bed] = alert->bed_seq;
        }
    }
    for (uint32_t i = 0; i < found.alarm_count; i++) {
        if (!alarm_has_alert(&found.alarms[i])) {
            return broken(INVARIANT_together, "alarm %s has state without its alert", found.alarms[i].name);
        }
    }
    for (unsigned b = 0; b < RUN_BEDS; b++) {
        if (bed_seq[b] != 0 && (!found.beds[b].there || found.beds[b].snapshot.bed_seq != bed_seq[b])) {
            return broken(INVARIANT_together, "bed %u's state is not at its alert %llu", b,
                          (unsigned long long)bed_seq[b]);
        }
    }
    return seq != 0 && found.numbers.seq != seq
               ? broken(INVARIANT_together, "the numbers are not at seq %llu", (unsigned long long)seq)
               : INVARIANT_NONE;
}

static bool is_as(const struct mark *mark)
{
    return mark != NULL && (mark->digest == 0 ? found.is_empty : mark->digest == found.digest) &&
           (mark->epoch[0] == '\0' || strcmp(mark->epoch, found.epoch) == 0);
}

static enum invariant check_whole(void)
{
    return is_as(due.last) || is_as(due.under_way)
               ? INVARIANT_NONE
               : broken(INVARIANT_whole, "neither what the commit before left, nor the one under way");
}

static enum invariant check_answered(void)
{
    uint32_t from = 0;
    for (uint32_t c = 0; c < witness->command_count; c++) {
        const struct answered *answered = &witness->commands[c];
        uint32_t i = from;
        while (i < found.command_count && found.commands[i] != answered->id) {
            i++;
        }
        if (answered->at <= due.cut && i == found.command_count) {
            return broken(INVARIANT_answered, "the command answered at %u is not in the audit log", answered->at);
        }
        from = i < found.command_count ? i : from;
    }
    return INVARIANT_NONE;
}

static enum invariant check_chained(void)
{
    struct store_audit_check check = {.rows = 0};
    const enum status status = store_check_audit(run_store(), NULL, &check);
    if (status != STATUS_OK) {
        return broken(INVARIANT_chained, "it cannot be read (%s)", status_text(status));
    }
    return check.fault_count > 0
               ? broken(INVARIANT_chained, "row %llu of the audit log", (unsigned long long)check.faults[0].row)
               : INVARIANT_NONE;
}

static enum invariant check_active(void)
{
    if (run_restore_status() != STATUS_OK || run_restored()->alarms_gone > 0) {
        return broken(INVARIANT_active, "not everything could be restored (%s, %u alarms gone)",
                      status_text(run_restore_status()), run_restored()->alarms_gone);
    }
    for (uint32_t i = 0; i < found.alarm_count; i++) {
        if (!found.alarms[i].ended && !run_has_alarm(found.alarms[i].id)) {
            return broken(INVARIANT_active, "alarm %s is not active after the start", found.alarms[i].name);
        }
    }
    return INVARIANT_NONE;
}

/* Of each bed with the same patient, unless the break was of unknown length, or so long that windows are empty. */
static enum invariant check_windows(void)
{
    for (uint32_t i = 0; i < found.alert_count; i++) {
        const struct alert_found *alert = &found.alerts[i];
        if (alert->folded || alert->bed == BED_NONE) {
            continue;
        }
        const struct bed_snapshot *bed = &found.beds[alert->bed].snapshot;
        const int64_t newest_ms = witness->told[alert->seq].newest_ms;
        if (bed->stay != 0 && newest_ms >= bed->stay_start_ms && newest_ms > run_from_ms() &&
            run_newest_ms(alert->bed) < newest_ms) {
            return broken(INVARIANT_windows, "bed %u's end %lld ms before its alert %llu", alert->bed,
                          (long long)(newest_ms - run_newest_ms(alert->bed)), (unsigned long long)alert->bed_seq);
        }
    }
    return INVARIANT_NONE;
}

static bool look_at_row(void *context, int64_t at_ms, const void *bytes, size_t size)
{
    bool *strange = context;
    *strange = *strange || !witness_has_row(at_ms, bytes, size);
    return true;
}

static enum invariant check_journal(void)
{
    bool strange = false;
    const enum status status = store_journal_each(run_store(), INT64_MIN, look_at_row, &strange);
    if (status != STATUS_OK) {
        return broken(INVARIANT_journal, "it cannot be read (%s)", status_text(status));
    }
    return strange ? broken(INVARIANT_journal, "a row was never put") : INVARIANT_NONE;
}

static enum invariant check_goes_on(void)
{
    const uint64_t before = found.has_numbers ? found.numbers.seq : 0;
    if (!run_test_alert() || !content_read(run_store(), run_config(), &later)) {
        return broken(INVARIANT_goes_on, "the next commit does not come");
    }
    if (!later.has_numbers || later.numbers.seq <= before) {
        return broken(INVARIANT_goes_on, "no number after seq %llu", (unsigned long long)before);
    }
    return check_no_gap(&later);
}

static enum invariant check_set_aside(const char *path)
{
    DIR *listing = witness->marks[0].kind == MARK_DAMAGED ? opendir(path) : NULL;
    bool kept = listing == NULL;
    for (const struct dirent *entry = kept ? NULL : readdir(listing); entry != NULL; entry = readdir(listing)) {
        char file[512];
        (void)snprintf(file, sizeof file, "%.200s/%.200s/data.mdb", path, entry->d_name);
        kept = kept || file_digest(file) == witness->damaged;
    }
    if (listing != NULL) {
        closedir(listing);
    }
    return kept ? INVARIANT_NONE : broken(INVARIANT_set_aside, "its data file is gone");
}

/* Behind everything else: what becomes of trends concerns no alert. */
static enum invariant check_trends(const char *path)
{
    if (!minutes_hold(run_trends(), due.cut, reason)) {
        return INVARIANT_trends;
    }
    return minutes_are_set_aside(path, reason) ? INVARIANT_NONE : INVARIANT_trends_aside;
}

/* Killed as soon as it had committed its first alert, what those of before rest on is there still. */
static enum invariant check_windows_again(const char *path, uint64_t size_bytes, bool *out_runs)
{
    enum status opened = STATUS_OK;
    run_kill();
    *out_runs = run_start(path, size_bytes, &opened);
    if (!*out_runs || opened != STATUS_OK) {
        return broken(INVARIANT_opens, "for the second time: %s", status_text(opened));
    }
    return check_windows();
}

static enum invariant check_all(const char *path)
{
    enum invariant (*const checks[])(void) = {check_once,    check_committed, check_content, check_together,
                                              check_whole,   check_answered,  check_chained, check_active,
                                              check_journal, check_windows};
    enum invariant result = INVARIANT_NONE;
    if (!content_read(run_store(), run_config(), &found)) {
        return broken(INVARIANT_opens, "a row cannot be read");
    }
    for (unsigned i = 0; result == INVARIANT_NONE && i < sizeof checks / sizeof checks[0]; i++) {
        result = checks[i]();
    }
    result = result == INVARIANT_NONE ? check_no_gap(&found) : result;
    result = result == INVARIANT_NONE ? check_set_aside(path) : result;
    result = result == INVARIANT_NONE ? check_goes_on() : result;
    return result == INVARIANT_NONE ? check_trends(path) : result;
}

/* ---- a start after the cut ---- */

/* The box was without power for a while, and its clock of the boot begins again. */
static void boot_again(void)
{
    const int64_t off_ms = 1000 + (int64_t)chance_draw(600000);
    witness->wall_ms += witness->boot_us / 1000 + off_ms - 30000;
    witness->boot_us = 30000000;
    witness->boot++;
}

/* The record begins with a damaged store, and nothing was committed to the one in its place: as long as that is so, each opening says it. */
static bool may_say_damaged(void)
{
    const struct mark *made = NULL;
    for (const struct mark *mark = witness->marks; mark <= due.last; mark++) {
        made = made == NULL && mark->kind == MARK_DONE ? mark : made;
        if (mark->kind == MARK_DONE && mark->digest != made->digest) {
            return false;
        }
    }
    return witness->marks[0].kind == MARK_DAMAGED;
}

enum invariant verdict_of(const char *path, uint64_t size_bytes, uint32_t cut, char why[200])
{
    const int64_t boot_us = witness->boot_us, wall_ms = witness->wall_ms;
    const uint32_t boot = witness->boot, commands_sent = witness->commands_sent;
    enum status opened = STATUS_OK;
    enum invariant result = INVARIANT_NONE;
    reason = why;
    why[0] = '\0';
    witness_watch(false);
    find_due(cut);
    boot_again();
    bool runs = run_start(path, size_bytes, &opened);
    if (!runs || (opened != STATUS_OK && !(opened == STATUS_CORRUPT && may_say_damaged()))) {
        result = broken(INVARIANT_opens, "%s", status_text(opened));
    } else {
        result = check_all(path);
    }
    if (result == INVARIANT_NONE) {
        result = check_windows_again(path, size_bytes, &runs);
    }
    if (runs) {
        run_stop();
    }
    witness->boot_us = boot_us;
    witness->wall_ms = wall_ms;
    witness->boot = boot;
    witness->commands_sent = commands_sent;
    return result;
}

void verdict_read(const char *path, uint64_t size_bytes, struct content_of_store *out)
{
    enum status opened = STATUS_OK;
    witness_watch(false);
    boot_again();
    if (!run_start(path, size_bytes, &opened) || opened != STATUS_OK || !content_read(run_store(), run_config(), out)) {
        (void)fprintf(stderr, "powerloss: the image to go on from does not open (%s)\n", status_text(opened));
        abort();
    }
    minutes_found(run_trends());
    run_stop();
}
