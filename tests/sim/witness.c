#include "tests/sim/witness.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/engine/engine.h"
#include "app/flow/commit.h"
#include "hal/clock.h"
#include "tests/sim/apart.h"
#include "tests/sim/audited.h"
#include "tests/sim/broker.h"
#include "tests/sim/disk.h"
#include "tests/sim/hal.h"
#include "tests/sim/invariant.h"
#include "tests/sim/joints.h"
#include "tests/sim/judge.h"
#include "tests/sim/lives.h"
#include "tests/sim/made.h"
#include "tests/sim/process.h"
#include "tests/sim/read.h"
#include "tests/sim/scheduler.h"

enum { EPOCHS_MAX = 512, PLACES = WARD_BEDS + 1, STAYS_KEPT = 16 };
#define LIVE_US  2000000
#define KNOWN_US 10000000 /* the gateway has noticed by then */
#define REPLY_US 90000000 /* a reply may be that late */
#define STALE_US 15000000 /* stale time, what a poll and a pause of publishing take */

/* An alert, under its seq. */
struct seen {
    uint64_t id, bed_seq, digest;
    uint32_t rev, connection;
    uint8_t place; /* bed, or PLACES - 1 */
    bool known, committed, arrived, arrived_durable;
    bool recorded; /* a record has arrived that says that it may not come */
    int64_t committed_us;
};

struct epoch {
    char name[STORE_EPOCH_MAX];
    struct seen *alerts; /* by seq */
    uint64_t room, last_seq, first_missing;
    uint64_t bed_seq[PLACES];
    /* In the place of a store that was set aside: what was told as failed may be put once more. */
    bool resumes[PLACES];
    struct epoch *before; /* whose numbers it goes on with behind from_seq; NULL: none */
    uint64_t from_seq;
    struct epoch *root; /* the first of those, or itself: */
    uint64_t arrived_bed_seq[PLACES];
    bool
        is_owed; /* of a store that was set aside, and of which the next ones can know: what waited there has to arrive in a record */
};

/* What an id names: one occurrence of one alarm at one place, for ever. */
struct name {
    uint64_t epoch_id; /* 0: free */
    uint64_t what;
};

static struct {
    struct epoch epochs[EPOCHS_MAX];
    unsigned epoch_count;
    struct epoch *now; /* the store's */
    struct name *names;
    uint64_t name_room, name_count;
    uint64_t stays[WARD_BEDS][STAYS_KEPT], stay[WARD_BEDS]; /* of alerts */
    int32_t identity[WARD_BEDS];
    uint64_t patient[WARD_BEDS]; /* as committed; 0: vacant */
    unsigned stay_count[WARD_BEDS];
    int64_t vitals_us[WARD_BEDS], whole_us[WARD_BEDS];
    /* of the transaction under way */
    bool has_alert, has_numbers;
    uint64_t numbers_seq, alert_digest;
    bool awaits_alarm, bed_is_put[WARD_BEDS];
    uint64_t put_bed_seq[WARD_BEDS];
    bool box_was_off; /* and nothing was committed since */
    uint64_t committed, arrivals;
} w;

/* ---- finding ---- */

static struct epoch *find_epoch(const char *name)
{
    for (unsigned i = w.epoch_count; i > 0; i--) {
        if (strcmp(w.epochs[i - 1].name, name) == 0) {
            return &w.epochs[i - 1];
        }
    }
    if (w.epoch_count == EPOCHS_MAX) {
        (void)fprintf(stderr, "sim: more epochs than the witness has room for\n");
        abort();
    }
    struct epoch *e = &w.epochs[w.epoch_count++];
    *e = (struct epoch){.first_missing = 1, .root = e};
    (void)snprintf(e->name, sizeof e->name, "%s", name);
    return e;
}

static struct seen *find_seen(struct epoch *e, uint64_t seq)
{
    if (seq >= e->room) {
        const uint64_t room = seq * 2 < 1024 ? 1024 : seq * 2;
        e->alerts = world_more(e->alerts, room * sizeof *e->alerts);
        memset(e->alerts + e->room, 0, (room - e->room) * sizeof *e->alerts);
        e->room = room;
    }
    return &e->alerts[seq];
}

/* As it was committed. */
static struct seen *find_committed(struct epoch *e, uint64_t seq)
{
    while (e->before != NULL && seq <= e->from_seq) {
        e = e->before;
    }
    return find_seen(e, seq);
}

static unsigned place_of(int bed)
{
    return bed < 0 ? WARD_BEDS : (unsigned)bed;
}

/* Without `delivery`, which is not of the content. */
static uint64_t digest_of(const char *json, size_t length)
{
    static const char key[] = ",\"delivery\":";
    const char *end = memmem(json, length, key, sizeof key - 1);
    /* what is stored ends in the brace that stands behind `delivery` in what is sent */
    return read_digest(json, end != NULL ? (size_t)(end - json) : length - 1);
}

/* ---- an alert, wherever it is seen ---- */

struct alert_seen {
    uint64_t seq, id, bed_seq, digest, what;
    uint32_t rev;
    unsigned place;
};

/* The alarm that it is of: what is not monitored or foreseen bears the name of its rule. */
static uint64_t alarm_of(const char *json, unsigned place)
{
    char rule[64];
    read_text(json, "rule", rule, sizeof rule);
    const uint64_t kind = read_is(json, "reason", "not_monitored") ? 1 : read_is(json, "reason", "foreseen") ? 2 : 0;
    return read_digest(rule, strlen(rule)) * 64 + place * 4 + kind;
}

static void read_alert(int bed, const char *json, size_t length, struct alert_seen *out)
{
    *out = (struct alert_seen){.seq = read_number(json, "seq"),
                               .id = read_hex(json, "id"),
                               .rev = (uint32_t)read_number(json, "rev"),
                               .bed_seq = bed >= 0 ? read_number(json, "bed_seq") : 0,
                               .digest = digest_of(json, length),
                               .what = alarm_of(json, place_of(bed)),
                               .place = place_of(bed)};
}

static struct name *find_name(struct name *names, uint64_t room, uint64_t epoch_id)
{
    uint64_t at = epoch_id * UINT64_C(0x9E3779B97F4A7C15) >> 20;
    while (names[at % room].epoch_id != 0 && names[at % room].epoch_id != epoch_id) {
        at++;
    }
    return &names[at % room];
}

static void more_names(void)
{
    const uint64_t room = w.name_room == 0 ? 4096 : w.name_room * 2;
    struct name *names = world_take(room * sizeof *names);
    for (uint64_t i = 0; i < w.name_room; i++) {
        if (w.names[i].epoch_id != 0) {
            *find_name(names, room, w.names[i].epoch_id) = w.names[i];
        }
    }
    world_give(w.names);
    w.names = names;
    w.name_room = room;
}

static void check_name(const struct epoch *e, const struct alert_seen *a)
{
    if (w.name_count * 2 >= w.name_room) {
        more_names();
    }
    const uint64_t epoch_id = a->id * EPOCHS_MAX + (uint64_t)(e - w.epochs) + 1;
    struct name *name = find_name(w.names, w.name_room, epoch_id);
    if (name->epoch_id == 0) {
        *name = (struct name){.epoch_id = epoch_id, .what = a->what};
        w.name_count++;
    } else if (name->what != a->what) {
        invariant_broken(INVARIANT_content, "epoch %s: id %016" PRIx64 " names two alarms", e->name, a->id);
    }
}

static struct seen *hold_against(struct epoch *e, const struct alert_seen *a)
{
    struct seen *s = find_seen(e, a->seq);
    check_name(e, a);
    if (s->known && (s->id != a->id || s->rev != a->rev || s->digest != a->digest || s->place != a->place)) {
        invariant_broken(INVARIANT_content,
                         "epoch %s seq %" PRIu64 " was %016" PRIx64 " rev %u and is %016" PRIx64 " rev %u%s", e->name,
                         a->seq, s->id, s->rev, a->id, a->rev,
                         s->digest != a->digest && s->id == a->id && s->rev == a->rev ? ", with another content" : "");
    }
    if (!s->known) {
        *s = (struct seen){.known = true,
                           .id = a->id,
                           .rev = a->rev,
                           .digest = a->digest,
                           .bed_seq = a->bed_seq,
                           .place = (uint8_t)a->place};
    }
    invariant_holds(INVARIANT_content);
    return s;
}

/* ---- what is committed ---- */

/* All goes on under another name: numbers, alarms, and what has not arrived yet is still to come. */
static void go_on_behind(struct epoch *e, struct epoch *before)
{
    e->before = before;
    e->root = before->root;
    e->from_seq = e->last_seq = before->last_seq;
    e->first_missing = before->first_missing;
    memcpy(e->bed_seq, before->bed_seq, sizeof before->bed_seq);
    memcpy(e->resumes, before->resumes, sizeof before->resumes);
}

void witness_renamed(const char *epoch)
{
    struct epoch *before = w.now;
    w.now = find_epoch(epoch);
    go_on_behind(w.now, before);
}

/* One that began behind the epoch of a store that is gone before it ever was the store's. */
static bool begins_behind(const char *epoch, const char *behind)
{
    return w.now->last_seq == 0 && behind[0] != '\0' && strcmp(behind, epoch) != 0;
}

void witness_adopted(const char *epoch, const char *behind)
{
    w.now = find_epoch(epoch);
    if (begins_behind(epoch, behind)) {
        go_on_behind(w.now, find_epoch(behind));
    }
    const bool goes_on = w.now->last_seq > 0;
    for (unsigned p = 0; p < PLACES; p++) {
        w.now->resumes[p] = goes_on;
    }
    if (!goes_on) {
        lives_begin_anew();
    }
    w.now->is_owed = false;
}

static void owe_nothing(void)
{
    for (unsigned i = 0; i < w.epoch_count; i++) {
        w.epochs[i].is_owed = false;
    }
}

/* What waited there is lost: a record has to say so (witness_missing). */
void witness_replaced(const char *epoch)
{
    if (w.box_was_off) {
        owe_nothing();
    } else {
        w.now->is_owed = true;
    }
    w.now = find_epoch(epoch);
    lives_are_lost();
    joints_forget();
    w.has_alert = w.has_numbers = w.awaits_alarm = false;
    audited_are_lost();
    apart_are_lost();
    for (unsigned b = 0; b < WARD_BEDS; b++) {
        w.patient[b] = 0;
        w.identity[b] = 0;
        w.bed_is_put[b] = false;
        bedside_change_patient(b);
    }
}

static void note_stay(int bed, const char *json)
{
    const uint64_t stay = read_hex(json, "stay");
    if (bed < 0 || stay == 0 || stay == w.stay[bed]) {
        return;
    }
    for (unsigned i = 0; i < STAYS_KEPT && i < w.stay_count[bed]; i++) {
        if (w.stays[bed][i] == stay) {
            invariant_broken(INVARIANT_stay, "bed %s is at stay %016" PRIx64 " again, which was over",
                             bedside_bed_id((unsigned)bed), stay);
        }
    }
    w.stays[bed][w.stay_count[bed]++ % STAYS_KEPT] = w.stay[bed];
    w.stay[bed] = stay;
    bedside_disturb((unsigned)bed);
}

static void check_numbers(const struct alert_seen *a)
{
    struct epoch *e = w.now;
    bool *resumes = &e->resumes[PLACES - 1];
    if (a->seq > e->last_seq + 1 || (a->seq <= e->last_seq && !*resumes)) {
        invariant_broken(INVARIANT_no_gap, "seq %" PRIu64 " is committed behind %" PRIu64, a->seq, e->last_seq);
    }
    *resumes = false;
    e->last_seq = a->seq;
    if (a->place < WARD_BEDS) {
        resumes = &e->resumes[a->place];
        const bool is_again = a->bed_seq <= e->bed_seq[a->place] && *resumes;
        *resumes = false;
        if (a->bed_seq != e->bed_seq[a->place] + 1 && !is_again) {
            invariant_broken(INVARIANT_no_gap, "bed %s: bed_seq %" PRIu64 " is committed behind %" PRIu64,
                             bedside_bed_id(a->place), a->bed_seq, e->bed_seq[a->place]);
        }
        e->bed_seq[a->place] = a->bed_seq;
    }
    invariant_holds(INVARIANT_no_gap);
}

static bool has_stood(int64_t since_us)
{
    return scheduler_now_us() - since_us > KNOWN_US;
}

/* Only what is committed at once: what has waited may be from before. */
static void check_clock(const struct store_alert *alert)
{
    const char *word = clock_is_synchronised() ? "synced" : "unsynced";
    if (process_up_us() < KNOWN_US || !has_stood(hal_synced_since_us()) || !has_stood(disk_well_since_us())) {
        return;
    }
    if (!read_is(alert->json, "clock", word)) {
        invariant_broken(INVARIANT_clock, "seq %" PRIu64 " does not say that the clock is %s", alert->seq, word);
    }
    invariant_holds(INVARIANT_clock);
}

/* Of one range. */
static void read_record(const char *json, struct epoch **out_epoch, uint64_t *out_from, uint64_t *out_through)
{
    char name[STORE_EPOCH_MAX];
    char *end = NULL;
    const char *ranges = read_behind(json, "seq_ranges");
    read_text(json, "epoch", name, sizeof name);
    *out_epoch = find_epoch(name);
    *out_from = ranges != NULL ? strtoull(ranges + 2, &end, 10) : 0;
    *out_through = ranges != NULL ? strtoull(end + 1, NULL, 10) : 0;
}

static void check_record(const char *json)
{
    struct epoch *e = NULL;
    uint64_t from = 0, through = 0;
    read_record(json, &e, &from, &through);
    const uint64_t most = e->last_seq + (e == w.now ? 0 : COMMIT_GROUP_MAX); /* of what was under way nobody knows */
    if (from == 0 || from > through || through > most || through - from + 1 != read_number(json, "alerts")) {
        invariant_broken(INVARIANT_no_gap, "a record of %" PRIu64 " to %" PRIu64 " is committed behind seq %" PRIu64,
                         from, through, e->last_seq);
    }
}

void witness_committed(const struct store_alert *alert)
{
    const int bed = bedside_bed_of(alert->bed);
    struct alert_seen a;
    if ((alert->flags & STORE_ALERT_OMITS) != 0) {
        check_record(alert->json);
        return;
    }
    if ((alert->flags & STORE_ALERT_FOLDED) != 0) {
        return; /* a state, no alert */
    }
    read_alert(bed, alert->json, alert->json_length, &a);
    if (!read_is(alert->json, "epoch", w.now->name)) {
        invariant_broken(INVARIANT_content, "seq %" PRIu64 " is of another epoch than its store", a.seq);
    }
    struct seen *s = hold_against(w.now, &a);
    check_numbers(&a);
    s->committed = true;
    s->committed_us = scheduler_now_us();
    if ((alert->flags & STORE_ALERT_SENT) != 0 && !s->arrived) {
        invariant_broken(INVARIANT_delivered, "seq %" PRIu64 " goes to history, and the broker never had it", a.seq);
    }
    check_clock(alert);
    note_stay(bed, alert->json);
    if (w.awaits_alarm) {
        invariant_broken(INVARIANT_together, "the alert before seq %" PRIu64 " is committed without its alarm", a.seq);
    }
    w.has_alert = true;
    w.alert_digest = a.digest;
    w.awaits_alarm = (alert->flags & STORE_ALERT_TEST) == 0;
    w.committed++;
}

void witness_state(const char *key, const void *value, size_t size)
{
    if (strcmp(key, STATE_CLOCK) == 0 && size == sizeof(struct state_clock)) {
        struct state_clock clock;
        memcpy(&clock, value, sizeof clock);
        joints_put(&clock);
    }
    if (strcmp(key, STATE_NUMBERS) == 0 && size == sizeof(struct state_numbers)) {
        struct state_numbers numbers;
        memcpy(&numbers, value, sizeof numbers);
        w.has_numbers = true;
        w.numbers_seq = numbers.seq;
    }
    if (strcmp(key, STATE_CLOCK) == 0) {
        apart_clock();
    }
    if (strncmp(key, STATE_BED, sizeof STATE_BED - 1) == 0 && size == sizeof(struct bed_snapshot)) {
        struct bed_snapshot snapshot;
        const int bed = bedside_bed_of(key + sizeof STATE_BED - 1);
        memcpy(&snapshot, value, sizeof snapshot);
        if (bed >= 0) {
            apart_stay((unsigned)bed, &snapshot);
            w.bed_is_put[bed] = true;
            w.put_bed_seq[bed] = snapshot.bed_seq;
            w.identity[bed] = snapshot.identity[0];
            if (w.patient[bed] != snapshot.stay) {
                w.patient[bed] = snapshot.stay;
                bedside_change_patient((unsigned)bed);
            }
        }
    }
}

void witness_alarm(const struct store_alarm *alarm)
{
    w.awaits_alarm = w.awaits_alarm && digest_of(alarm->json, alarm->json_length) != w.alert_digest;
    apart_alarm(bedside_bed_of(alarm->bed), alarm);
    lives_put(alarm, digest_of(alarm->json, alarm->json_length));
}

static void check_beds(void)
{
    for (unsigned b = 0; b < WARD_BEDS; b++) {
        if (w.bed_is_put[b] && !w.now->resumes[b] && w.put_bed_seq[b] != w.now->bed_seq[b]) {
            invariant_broken(INVARIANT_together,
                             "bed %s is committed with bed_seq %" PRIu64 ", its alerts reach %" PRIu64,
                             bedside_bed_id(b), w.put_bed_seq[b], w.now->bed_seq[b]);
        }
        w.bed_is_put[b] = false;
    }
    invariant_holds(INVARIANT_together);
}

void witness_commit_ends(void)
{
    if (w.has_alert && (w.awaits_alarm || !w.has_numbers || w.numbers_seq != w.now->last_seq)) {
        invariant_broken(INVARIANT_together, "seq %" PRIu64 " is committed without %s", w.now->last_seq,
                         w.awaits_alarm ? "its alarm" : "the numbers");
    }
    lives_commit_ends();
    apart_commit_ends();
    check_beds();
    w.box_was_off = false;
    w.has_alert = w.has_numbers = w.awaits_alarm = false;
}

static void check_record_delivered(const char *json)
{
    struct epoch *e = NULL;
    uint64_t from = 0, through = 0;
    read_record(json, &e, &from, &through);
    for (uint64_t seq = from; seq <= through; seq++) {
        if (!find_committed(e, seq)->recorded) {
            invariant_broken(INVARIANT_delivered, "the record of seq %" PRIu64 " leaves the outbox, and never arrived",
                             seq);
        }
    }
}

void witness_delivered(const struct store_alert *alert)
{
    if ((alert->flags & STORE_ALERT_OMITS) != 0) {
        check_record_delivered(alert->json);
        return;
    }
    if ((alert->flags & STORE_ALERT_FOLDED) != 0) {
        return;
    }
    char name[STORE_EPOCH_MAX];
    read_text(alert->json, "epoch", name, sizeof name);
    const struct seen *s = find_seen(find_epoch(name), alert->seq);
    if (!s->arrived) {
        invariant_broken(INVARIANT_delivered, "seq %" PRIu64 " leaves the outbox, and the broker never had it",
                         alert->seq);
    }
    invariant_holds(INVARIANT_delivered);
}

/* ---- what arrives ---- */

static void check_durable(struct epoch *e, struct seen *s, const struct alert_seen *a, uint32_t connection)
{
    if (!s->committed) {
        invariant_broken(INVARIANT_durable, "seq %" PRIu64 " is sent as durable, and is not", a->seq);
    }
    if (s->arrived_durable && s->connection == connection && !judge_refused_lately()) {
        invariant_broken(INVARIANT_once, "seq %" PRIu64 " comes twice on connection %u", a->seq, connection);
    }
    if (!s->arrived && a->place < WARD_BEDS && !judge_refused_lately()) {
        if (a->bed_seq <= e->root->arrived_bed_seq[a->place]) {
            invariant_broken(INVARIANT_order, "bed %s: bed_seq %" PRIu64 " comes behind %" PRIu64,
                             bedside_bed_id(a->place), a->bed_seq, e->root->arrived_bed_seq[a->place]);
        }
        e->root->arrived_bed_seq[a->place] = a->bed_seq;
        invariant_holds(INVARIANT_order);
    }
    if (!s->arrived && judge_is_quiet() && scheduler_now_us() - s->committed_us > LIVE_US) {
        invariant_broken(INVARIANT_live, "seq %" PRIu64 " comes %.3f s after its commit", a->seq,
                         (double)(scheduler_now_us() - s->committed_us) / 1e6);
    }
    invariant_holds(INVARIANT_live);
    invariant_holds(INVARIANT_once);
    s->arrived_durable = true;
    s->connection = connection;
}

void witness_arrived(int bed, const char *json, size_t length, uint32_t connection)
{
    char name[STORE_EPOCH_MAX];
    struct alert_seen a;
    read_alert(bed, json, length, &a);
    read_text(json, "epoch", name, sizeof name);
    struct epoch *e = find_epoch(name);
    struct seen *s = hold_against(e, &a);
    const bool durable = memmem(json, length, "\"durable\":true", 14) != NULL;
    if (durable) {
        check_durable(e, s, &a, connection);
    } else if (!judge_disk_was_ill()) {
        invariant_broken(INVARIANT_durable, "seq %" PRIu64 " is sent as not durable, and the disk is well", a.seq);
    } else {
        read_text(json, "rule", name, sizeof name);
        lives_note_break(bed, name);
    }
    invariant_holds(INVARIANT_durable);
    made_arrived(a.seq, a.id, a.rev);
    s->arrived = true;
    w.arrivals++;
}

void witness_record_arrived(const char *json, size_t length)
{
    struct epoch *e = NULL;
    uint64_t from = 0, through = 0;
    (void)length;
    read_record(json, &e, &from, &through);
    for (uint64_t seq = from; seq <= through; seq++) {
        find_committed(e, seq)->recorded = true;
    }
    invariant_holds(INVARIANT_no_gap);
}

static void check_shown(int bed, const char *json)
{
    unsigned count = 0;
    for (unsigned v = 0; v < WARD_VITALS; v++) {
        int32_t value_milli = 0;
        if (!read_milli(json, bedside_vital(v), &value_milli)) {
            continue;
        }
        count++;
        const unsigned twin = v == 0 ? 1 : v; /* the pulse stands in for the heart rate */
        if (!bedside_gave((unsigned)bed, v, value_milli, STALE_US) &&
            !bedside_gave((unsigned)bed, twin, value_milli, STALE_US)) {
            invariant_broken(INVARIANT_shown, "bed %s shows %s %g, which its monitor has not given lately",
                             bedside_bed_id((unsigned)bed), bedside_vital(v), (double)value_milli / 1000);
        }
    }
    w.vitals_us[bed] = scheduler_now_us();
    if (count == WARD_VITALS) {
        w.whole_us[bed] = w.vitals_us[bed];
    }
    invariant_holds(INVARIANT_shown);
}

void witness_vitals(int bed, const char *json, size_t length)
{
    if (bed >= 0 && length > 0) {
        check_shown(bed, json);
    }
}

void witness_reply(int bed, const char *json)
{
    char id[64];
    (void)bed;
    read_text(json, "id", id, sizeof id);
    if (id[0] == '\0' || read_is(json, "reason", "busy") || scheduler_now_us() - disk_replaced_us() < REPLY_US) {
        return;
    }
    if (!disk_has_audited(id)) {
        invariant_broken(INVARIANT_answered, "command %s is answered, and is not in the audit log", id);
    }
    invariant_holds(INVARIANT_answered);
}

/* ---- what is asked ---- */

uint64_t witness_stay(int bed)
{
    return w.patient[bed];
}

int32_t witness_identity(int bed)
{
    return w.identity[bed];
}

int64_t witness_vitals_us(int bed, bool whole)
{
    return whole ? w.whole_us[bed] : w.vitals_us[bed];
}

uint64_t witness_alerts(void)
{
    return w.committed;
}

uint64_t witness_arrivals(void)
{
    return w.arrivals;
}

static bool is_accounted(const struct seen *s)
{
    return s->arrived || s->recorded;
}

void witness_box_was_off(void)
{
    owe_nothing();
    w.box_was_off = true;
}

static uint64_t find_missing(struct epoch *e, int64_t before_us)
{
    if (e == NULL) {
        return 0;
    }
    while (e->first_missing <= e->last_seq && is_accounted(find_committed(e, e->first_missing))) {
        e->first_missing++;
    }
    const bool missing =
        e->first_missing <= e->last_seq && find_committed(e, e->first_missing)->committed_us < before_us;
    return missing ? e->first_missing : 0;
}

uint64_t witness_missing(int64_t before_us)
{
    uint64_t seq = find_missing(w.now, before_us);
    for (unsigned i = 0; i < w.epoch_count && seq == 0; i++) {
        seq = w.epochs[i].is_owed ? find_missing(&w.epochs[i], before_us) : 0;
    }
    return seq;
}
