#include "tests/sim/judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/audited.h"
#include "tests/sim/bedside.h"
#include "tests/sim/box.h"
#include "tests/sim/broker.h"
#include "tests/sim/disk.h"
#include "tests/sim/invariant.h"
#include "tests/sim/joints.h"
#include "tests/sim/made.h"
#include "tests/sim/process.h"
#include "tests/sim/scheduler.h"
#include "tests/sim/witness.h"

#define SECOND_US  INT64_C(1000000)
#define QUIET_US   (60 * SECOND_US)
#define START_US   (60 * SECOND_US) /* of a process, until what it says is whole again */
#define SILENT_US  (35 * SECOND_US) /* monitor_silent or bus_down: 13 s; and what a start gives monitors to speak */
#define TELL_US    (10 * SECOND_US) /* from the state to the screen, with a link that has come up just now */
#define DRAIN_US   (90 * SECOND_US)
#define FRESH_US   (12 * SECOND_US)
#define GO_ON_US   (30 * SECOND_US)
#define REFUSED_US (90 * SECOND_US)

static int64_t refused_us = -REFUSED_US;

static int64_t since(int64_t us)
{
    return scheduler_now_us() - us;
}

bool judge_is_quiet(void)
{
    return process_up_us() > QUIET_US && since(disk_well_since_us()) > QUIET_US &&
           since(broker_well_since_us()) > QUIET_US;
}

void judge_note_refusal(void)
{
    refused_us = scheduler_now_us();
}

bool judge_refused_lately(void)
{
    return since(refused_us) < REFUSED_US;
}

bool judge_disk_was_ill(void)
{
    return !disk_is_well() || since(disk_well_since_us()) <= process_life_us() + SECOND_US;
}

/* ---- is it told? ---- */

enum told { TOLD_NO, TOLD_YES, TOLD_UNKNOWN };

/* Asked many times a second: joined without printf. */
static void alarm_topic(int bed, const char *alarm, char out[UPLINK_TOPIC_MAX])
{
    char *at = stpcpy(out, WARD_BASE);
    at = bed < 0 ? stpcpy(at, WARD_GATEWAY) : stpcpy(stpcpy(at, bedside_bed_id((unsigned)bed)), "/");
    (void)stpcpy(stpcpy(at, "alarm/"), alarm);
}

static enum told told_by_broker(int bed, const char *alarm)
{
    char topic[UPLINK_TOPIC_MAX];
    alarm_topic(bed, alarm, topic);
    const struct retained *r = broker_find(topic);
    return r != NULL && !r->empty && (r->expires_us == 0 || r->expires_us > scheduler_now_us()) ? TOLD_YES : TOLD_NO;
}

static enum told told_by_store(int bed, const char *alarm)
{
    const struct disk_alarm *a = disk_find_alarm(bed < 0 ? "" : bedside_bed_id((unsigned)bed), alarm);
    return a != NULL && !a->ended ? TOLD_YES : TOLD_NO;
}

static enum told is_told(int bed, const char *alarm)
{
    if (since(broker_well_since_us()) > TELL_US && !broker_may_be_left()) {
        return told_by_broker(bed, alarm);
    }
    return since(disk_well_since_us()) > TELL_US ? told_by_store(bed, alarm) : TOLD_UNKNOWN;
}

/* ---- patients ---- */

static int64_t settled_for_us(const struct bedside *bed)
{
    const int64_t settled_us = since(bed->settled_us);
    return settled_us < process_up_us() - START_US ? settled_us : process_up_us() - START_US;
}

static void check_beyond(unsigned index, const struct bedside *bed)
{
    if (bed->trouble == TROUBLE_NONE || settled_for_us(bed) < bedside_patience_us(bed->trouble)) {
        return;
    }
    if (is_told((int)index, bedside_alarm(bed->trouble)) == TOLD_NO) {
        invariant_broken(INVARIANT_implied, "bed %s is beyond the limit of %s for %" PRId64 " s, and nobody is told",
                         bedside_bed_id(index), bedside_alarm(bed->trouble), settled_for_us(bed) / SECOND_US);
    }
    invariant_holds(INVARIANT_implied);
}

/* Of each bed every four seconds. */
static void check_well(unsigned index, const struct bedside *bed)
{
    if (bed->trouble != TROUBLE_NONE || (scheduler_now_us() / SECOND_US) % 4 != index % 4) {
        return;
    }
    for (unsigned t = TROUBLE_NONE + 1; t < TROUBLE_COUNT; t++) {
        /* what latches stays until somebody has seen it */
        if (t == TROUBLE_desaturation || settled_for_us(bed) < 2 * bedside_patience_us((enum trouble)t)) {
            continue;
        }
        if (is_told((int)index, bedside_alarm((enum trouble)t)) == TOLD_YES) {
            invariant_broken(INVARIANT_implied, "bed %s is well for %" PRId64 " s, and %s is still told",
                             bedside_bed_id(index), settled_for_us(bed) / SECOND_US, bedside_alarm((enum trouble)t));
        }
        invariant_holds(INVARIANT_implied);
    }
}

/* ---- monitors ---- */

/* Of a monitor that is silent its own alarm tells, or its line's; of one without values one of several, or those of the rules that are blind. */
static enum told is_silence_told(int bed)
{
    static const char *const alarms[] = {"monitor_silent", "patient_away"};
    enum told told = is_told(-1, "bus_down");
    for (unsigned i = 0; i < sizeof alarms / sizeof alarms[0] && told != TOLD_YES; i++) {
        told = is_told(bed, alarms[i]);
    }
    return told;
}

static enum told is_blindness_told(int bed)
{
    static const char *const alarms[] = {"sensor_off", "implausible", "no_pulse_signal", "identity_changed",
                                         "patient_away"};
    enum told told = TOLD_NO;
    for (unsigned i = 0; i < sizeof alarms / sizeof alarms[0] && told != TOLD_YES; i++) {
        told = is_told(bed, alarms[i]);
    }
    for (unsigned t = TROUBLE_NONE + 1; t < TROUBLE_COUNT && told != TOLD_YES; t++) {
        char blind[64];
        (void)snprintf(blind, sizeof blind, "%s.not_monitored", bedside_alarm((enum trouble)t));
        told = is_told(bed, blind);
    }
    return told;
}

static void check_silence(unsigned index, const struct bedside *bed)
{
    const bool silent = bed->fault == MONITOR_SILENT || bedside_line_down[bedside_line_of(index)];
    const bool blind = bed->fault == MONITOR_ABSENT || bed->fault == MONITOR_GARBAGE;
    if (witness_stay((int)index) == 0 || (!silent && !blind) || settled_for_us(bed) < SILENT_US) {
        return;
    }
    if ((silent ? is_silence_told((int)index) : is_blindness_told((int)index)) == TOLD_NO) {
        invariant_broken(INVARIANT_not_silent, "bed %s is %s for %" PRId64 " s, and nobody is told",
                         bedside_bed_id(index), silent ? "not heard" : "without values",
                         settled_for_us(bed) / SECOND_US);
    }
    invariant_holds(INVARIANT_not_silent);
}

static void check_fresh(unsigned index, const struct bedside *bed)
{
    if (!judge_is_quiet() || settled_for_us(bed) < QUIET_US) {
        return;
    }
    if (since(witness_vitals_us((int)index, true)) > FRESH_US) {
        invariant_broken(INVARIANT_fresh, "bed %s has not been shown whole for %" PRId64 " s", bedside_bed_id(index),
                         since(witness_vitals_us((int)index, true)) / SECOND_US);
    }
    invariant_holds(INVARIANT_fresh);
}

/* ---- the gateway ---- */

static void check_retained(const struct disk_alarm *a)
{
    const int bed = a->bed[0] == '\0' ? -1 : bedside_bed_of(a->bed);
    char topic[UPLINK_TOPIC_MAX];
    if (since(a->changed_us) < TELL_US) {
        return;
    }
    alarm_topic(bed, a->alarm, topic);
    const struct retained *r = broker_find(topic);
    const bool there = told_by_broker(bed, a->alarm) == TOLD_YES;
    if (there == a->ended || (there && (r->id != a->id || r->rev != a->rev))) {
        invariant_broken(INVARIANT_present, "%s is %s in the store, and %s on its topic", topic,
                         a->ended ? "over" : "there", !there ? "not there" : "another one stands");
    }
    invariant_holds(INVARIANT_present);
}

/* What the store knows nothing of, or what is over in it, nobody may be shown. */
static void check_known(const struct retained *r)
{
    const char *leaf = NULL;
    const int bed = bedside_bed_of_topic(r->topic, &leaf);
    const bool is_over = r->empty || (r->expires_us != 0 && r->expires_us <= scheduler_now_us());
    if (is_over || leaf == NULL || strncmp(leaf, "alarm/", 6) != 0) {
        return;
    }
    const struct disk_alarm *a = disk_find_alarm(bed < 0 ? "" : bedside_bed_id((unsigned)bed), leaf + 6);
    if (a == NULL || (a->ended && since(a->changed_us) >= TELL_US)) {
        invariant_broken(INVARIANT_present, "%s stands retained, and the store knows of no such alarm", r->topic);
    }
    invariant_holds(INVARIANT_present);
}

static void check_present(void)
{
    if (!judge_is_quiet() || broker_may_be_left() || (scheduler_now_us() / SECOND_US) % 10 != 0) {
        return;
    }
    for (uint32_t i = 0; i < disk_alarm_count(); i++) {
        check_retained(disk_alarm(i));
    }
    uint32_t next = 0;
    for (const struct retained *r = broker_next(&next); r != NULL; r = broker_next(&next)) {
        check_known(r);
    }
}

static void check_arrives(void)
{
    if (!judge_is_quiet() || since(broker_well_since_us()) < DRAIN_US || judge_refused_lately()) {
        return;
    }
    const uint64_t row = disk_oldest_waiting(scheduler_now_us() - TELL_US);
    if (row != 0) {
        invariant_broken(INVARIANT_arrives, "row %" PRIu64 " waits in the outbox, and nothing is wrong", row);
    }
    const uint64_t seq = witness_missing(scheduler_now_us() - TELL_US);
    if (seq != 0) {
        invariant_broken(INVARIANT_arrives, "seq %" PRIu64 " is committed, waits no more, and has not arrived", seq);
    }
    invariant_holds(INVARIANT_arrives);
}

static void check_preferred(void)
{
    if (!judge_is_quiet() || judge_refused_lately()) {
        return;
    }
    invariant_holds(INVARIANT_preferred);
    if (broker_in_use() == 0 || broker_wait_us() < GO_ON_US) {
        return;
    }
    invariant_broken(INVARIANT_preferred, "the first broker has answered for %" PRId64 " s more than a return may wait",
                     broker_wait_us() / SECOND_US);
}

static void check_replaced(void)
{
    const bool trends = disk_trends_lost_us() > disk_replaced_us();
    const int64_t since_us = since(trends ? disk_trends_lost_us() : disk_replaced_us());
    if (since_us >= process_up_us() || since_us < SILENT_US || process_up_us() < START_US) {
        return;
    }
    if (is_told(-1, "store_replaced") == TOLD_NO) {
        invariant_broken(INVARIANT_replaced, "%s damaged and set aside %" PRId64 " s ago, and nobody is told",
                         trends ? "trends were" : "a store was", since_us / SECOND_US);
    }
    invariant_holds(INVARIANT_replaced);
}

static void check_audited(void)
{
    if (process_up_us() > QUIET_US && since(disk_well_since_us()) > QUIET_US && audited_lack_start()) {
        invariant_broken(INVARIANT_audited, "the gateway runs for %" PRId64 " s, and its start is not in the audit log",
                         process_up_us() / SECOND_US);
    }
}

/* The other may be asked first, and keep the gateway waiting. */
static void check_goes_on(void)
{
    static int64_t away_us[BROKERS]; /* since when this one could be reached and is not; 0: not so */
    static uint32_t connection;
    const bool was_there = connection != broker_connection(); /* since the last look, if only for a moment */
    const bool is_away = !was_there && process_up_us() > START_US && !broker_is_connected();
    connection = broker_connection();
    for (unsigned b = 0; b < BROKERS; b++) {
        const bool could = is_away && broker_can_be_reached(b);
        away_us[b] = !could ? 0 : away_us[b] == 0 ? scheduler_now_us() : away_us[b];
        if (could && since(away_us[b]) > GO_ON_US) {
            invariant_broken(INVARIANT_goes_on, "broker %u could be reached for %" PRId64 " s, and is not", b,
                             since(away_us[b]) / SECOND_US);
        }
    }
    invariant_holds(INVARIANT_goes_on);
}

void judge_second(void)
{
    if (!process_is_up()) {
        return;
    }
    for (unsigned b = 0; b < WARD_BEDS; b++) {
        const struct bedside *bed = &bedside_beds[b];
        /* a monitor whose identity is in doubt shows nothing, and that is told */
        if (bed->fault == MONITOR_WELL && bedside_line_is_well(b) && is_told((int)b, "identity_changed") == TOLD_NO) {
            check_beyond(b, bed);
            check_well(b, bed);
            check_fresh(b, bed);
        }
        check_silence(b, bed);
    }
    check_present();
    check_arrives();
    check_preferred();
    check_replaced();
    check_audited();
    check_goes_on();
    joints_judge();
    made_judge();
    box_judge();
}
