#include "tests/sim/apart.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "hal/clock.h"
#include "tests/sim/bedside.h"
#include "tests/sim/hal.h"
#include "tests/sim/invariant.h"
#include "tests/sim/judge.h"
#include "tests/sim/process.h"
#include "tests/sim/scheduler.h"

#define KNOWN_US  INT64_C(20000000) /* by then the gateway has noticed, and has written it down */
#define BOOT_TEXT 37
enum { WAITING_MAX = 256 };

/* tests/sim/config/rules: an alarm starts no sooner than that after the first value that it may go by. */
static const struct {
    const char *alarm;
    int64_t least_ms;
} rules[] = {{"hr_high", 10000},   {"hr_low", 30000},  {"spo2_low", 15000},  {"spo2_desat", 5000},
             {"resp_high", 15000}, {"abp_low", 60000}, {"abp_trend", 360000}};
#define RULES (sizeof rules / sizeof rules[0])

struct start {
    unsigned bed, rule;
    uint64_t stay;
    int64_t at_ms;
};

static struct {
    char boot[BOOT_TEXT]; /* of the newest process */
    bool was_unsynced;    /* for long, as that ended */
    bool over_unknown; /* the process under way started over a break of unknown length, and its engine has not begun */
    bool is_fed;
    /* Engine time at the start behind the newest such break: as it is, and since it was committed. What was never written down, the next start cannot know, and
     * what is stored tells it how long the break was. */
    int64_t begun_ms, from_ms;
    uint64_t stay[WARD_BEDS];
    int64_t stay_start_ms[WARD_BEDS];
    struct start waiting[WAITING_MAX]; /* of the transaction under way */
    unsigned waiting_count;
} a = {.begun_ms = INT64_MIN, .from_ms = INT64_MIN};

/* ---- breaks ---- */

void apart_begin_process(void)
{
    char boot[BOOT_TEXT];
    clock_boot_id(boot);
    const bool was_off = a.boot[0] != '\0' && strcmp(boot, a.boot) != 0;
    const bool has_hardware = hal_hardware() == HARDWARE_RIGHT || hal_hardware() == HARDWARE_WRONG;
    a.over_unknown |= was_off && (a.was_unsynced || (!clock_is_synchronised() && !has_hardware));
    memcpy(a.boot, boot, sizeof boot);
    a.was_unsynced = a.is_fed = false;
    a.begun_ms = a.from_ms;
    a.waiting_count = 0;
}

void apart_end_process(void)
{
    a.was_unsynced = !clock_is_synchronised() && scheduler_now_us() - hal_synced_since_us() > KNOWN_US &&
                     process_life_us() > KNOWN_US && !judge_disk_was_ill();
}

/* ---- what a start feeds ---- */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl51-cpp): --wrap of the linker gives these names */

void __real_engine_begin(struct engine *engine, int64_t now_ms);
void __real_engine_restore_begin(struct engine *engine, int64_t from_ms);
void __real_engine_restore_end(struct engine *engine);
bool __real_engine_observe(struct engine *engine, const struct observation *o);
void __wrap_engine_begin(struct engine *engine, int64_t now_ms);
void __wrap_engine_restore_begin(struct engine *engine, int64_t from_ms);
void __wrap_engine_restore_end(struct engine *engine);
bool __wrap_engine_observe(struct engine *engine, const struct observation *o);

void __wrap_engine_begin(struct engine *engine, int64_t now_ms)
{
    a.begun_ms = a.over_unknown || now_ms < a.begun_ms ? now_ms : a.begun_ms; /* a new store may begin earlier */
    a.over_unknown = false;
    __real_engine_begin(engine, now_ms);
}

void __wrap_engine_restore_begin(struct engine *engine, int64_t from_ms)
{
    if (a.over_unknown) {
        invariant_broken(INVARIANT_apart, "windows are fed over a break of unknown length");
    }
    a.is_fed = true;
    __real_engine_restore_begin(engine, from_ms);
}

void __wrap_engine_restore_end(struct engine *engine)
{
    a.is_fed = false;
    __real_engine_restore_end(engine);
}

bool __wrap_engine_observe(struct engine *engine, const struct observation *o)
{
    if (a.is_fed && o->at_ms < a.from_ms) {
        invariant_broken(INVARIANT_apart, "a value of %s is fed from %" PRId64 " ms before a break of unknown length",
                         bedside_bed_id(o->bed), a.from_ms - o->at_ms);
    }
    if (a.is_fed) {
        invariant_holds(INVARIANT_apart);
    }
    return __real_engine_observe(engine, o);
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl51-cpp) */

bool apart_is_feeding(void)
{
    return a.is_fed;
}

/* ---- alarms that start ---- */

void apart_clock(void)
{
    a.from_ms = a.begun_ms;
}

void apart_stay(unsigned bed, const struct bed_snapshot *snapshot)
{
    a.stay[bed] = snapshot->stay;
    a.stay_start_ms[bed] = snapshot->stay_start_ms;
}

void apart_are_lost(void)
{
    memset(a.stay, 0, sizeof a.stay);
    a.waiting_count = 0;
}

void apart_alarm(int bed, const struct store_alarm *alarm)
{
    struct alarm_snapshot snapshot;
    unsigned rule = 0;
    while (rule < RULES && strcmp(rules[rule].alarm, alarm->alarm) != 0) {
        rule++;
    }
    if (bed < 0 || rule == RULES || alarm->snapshot_length != sizeof snapshot || a.waiting_count == WAITING_MAX) {
        return;
    }
    memcpy(&snapshot, alarm->snapshot, sizeof snapshot);
    if (snapshot.last.phase == PHASE_START && snapshot.last.rev == 1) {
        a.waiting[a.waiting_count++] = (struct start){
            .bed = (unsigned)bed, .rule = rule, .stay = snapshot.last.stay, .at_ms = snapshot.last.at_ms};
    }
}

/* One that is told anew in another store, or late, may be older than the stay or break that is known by now. */
static void check_start(const struct start *start)
{
    const bool is_stays = a.stay[start->bed] == start->stay;
    const int64_t stay_ms = is_stays ? a.stay_start_ms[start->bed] : INT64_MIN;
    const int64_t from_ms = stay_ms > a.begun_ms ? stay_ms : a.begun_ms;
    if (from_ms == INT64_MIN || start->at_ms < from_ms) {
        return;
    }
    if (start->at_ms - from_ms < rules[start->rule].least_ms) {
        invariant_broken(INVARIANT_apart, "%s starts at %s %" PRId64 " ms behind %s, and needs %" PRId64,
                         rules[start->rule].alarm, bedside_bed_id(start->bed), start->at_ms - from_ms,
                         stay_ms > a.begun_ms ? "its stay's beginning" : "a break of unknown length",
                         rules[start->rule].least_ms);
    }
    invariant_holds(INVARIANT_apart);
}

void apart_commit_ends(void)
{
    for (unsigned i = 0; i < a.waiting_count; i++) {
        check_start(&a.waiting[i]);
    }
    a.waiting_count = 0;
}
