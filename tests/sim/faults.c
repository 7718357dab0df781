#include "tests/sim/faults.h"

#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tests/powerloss/chance.h"
#include "tests/sim/bedside.h"
#include "tests/sim/box.h"
#include "tests/sim/broker.h"
#include "tests/sim/disk.h"
#include "tests/sim/hal.h"
#include "tests/sim/joints.h"
#include "tests/sim/nurse.h"
#include "tests/sim/process.h"
#include "tests/sim/scheduler.h"
#include "tests/sim/witness.h"

#define SECOND_US INT64_C(1000000)
#define STORM_US  (20 * 60 * SECOND_US)
#define CALM_US   (5 * 60 * SECOND_US)
#define HOLE_US   (60 * SECOND_US) /* as far back as what begins anew counts */

static bool restarts; /* the process is to be started again at restart_us */
static int64_t restart_us;
static bool reboots; /* the box goes off in order as soon as the process has ended */
static bool boots, boots_unsynced;
static enum hal_hardware boots_with;
static int64_t stumbles_us = SCHEDULER_NEVER; /* killed again soon after the box has booted */
static unsigned struck_bed, struck_line;

/* ---- monitors and lines ---- */

static void monitor_begins(void)
{
    struck_bed = (unsigned)chance_draw(WARD_BEDS);
    bedside_set_fault(struck_bed, (enum monitor_fault)(1 + chance_draw(MONITOR_FAULT_COUNT - 1)));
}

static void monitor_ends(void)
{
    bedside_set_fault(struck_bed, MONITOR_WELL);
}

static void line_begins(void)
{
    struck_line = (unsigned)chance_draw(WARD_LINES);
    bedside_line_down[struck_line] = true;
    bedside_disturb_line(struck_line);
}

static void line_ends(void)
{
    bedside_line_down[struck_line] = false;
    bedside_disturb_line(struck_line);
}

static void nothing(void)
{
}

static void hang(int64_t seconds)
{
    const unsigned line = (unsigned)chance_draw(WARD_LINES);
    if (bedside_line_hung_us(line) == 0) {
        bedside_line_hangs_until_us[line] = scheduler_now_us() + SECOND_US * seconds;
        bedside_disturb_line(line);
    }
}

static void hang_begins(void)
{
    hang(1 + (int64_t)chance_draw(18));
}

static void hang_lasts(void)
{
    hang(30 + (int64_t)chance_draw(90));
}

/* ---- the disk ---- */

static void disk_fails(void)
{
    disk_faults.fails = true;
    disk_trouble();
}

static void disk_fills(void)
{
    disk_faults.is_full = true;
    disk_trouble();
}

static void disk_stalls(void)
{
    disk_faults.stalls_us = 100000 + (int64_t)chance_draw(8000000);
    disk_trouble();
}

static void disk_lies(void)
{
    disk_faults.ghosts = 200;
    disk_trouble();
}

static void disk_opens_not(void)
{
    disk_faults.opens_not = true;
    disk_trouble();
}

static void trends_fail(void)
{
    disk_faults.trends_fail = true;
}

static void trends_fill(void)
{
    disk_faults.trends_full = true;
}

static void trends_are_damaged(void)
{
    disk_faults.trends_lost = true;
}

static void commits_kill(void)
{
    disk_faults.dies_early = disk_faults.dies_late = 20000;
}

static void disk_is_damaged(void)
{
    disk_damage();
    disk_fails();
}

static void disk_mends(void)
{
    disk_faults = (struct disk_faults){.fails = false};
    disk_trouble();
}

/* ---- the broker ---- */

static void break_from(unsigned struck)
{
    if ((struck >> broker_in_use() & 1U) != 0) {
        uplink_break();
    }
    broker_trouble();
}

static unsigned draw_brokers(void)
{
    return chance_is(50) ? 3U : 1U + (unsigned)chance_is(30);
}

static void broker_refuses(void)
{
    broker_faults.refuses = true;
    broker_faults.struck |= draw_brokers();
    break_from(broker_faults.struck);
}

static void broker_grows_far(void)
{
    broker_faults.is_far = true;
    broker_faults.struck |= draw_brokers();
    break_from(broker_faults.struck);
}

static void first_goes(void)
{
    broker_faults.away = 1U;
    break_from(broker_faults.away);
}

static void first_is_back(void)
{
    broker_faults.away = 0;
    broker_trouble();
}

static void link_is_cut(void)
{
    broker_faults.link_cut = true;
    broker_trouble();
}

static void link_breaks(void)
{
    uplink_break();
    broker_trouble();
}

static void acks_stay_out(void)
{
    broker_faults.keeps_acks = true;
    broker_trouble();
}

static void nobody_hears(void)
{
    broker_faults.nobody_hears = true;
    broker_trouble();
}

static void queue_is_full(void)
{
    broker_faults.queue_full = true;
    broker_trouble();
}

static void bed_is_refused(void)
{
    broker_faults.refused_bed = (int)chance_draw(WARD_BEDS);
    broker_trouble();
}

static void broker_is_slow(void)
{
    broker_faults.slow_us = 20000 + (int64_t)chance_draw(3000000);
    broker_trouble();
}

static void uplink_hangs(void)
{
    broker_faults.hangs_until_us = scheduler_now_us() + 200000 + (int64_t)chance_draw(12000000);
    broker_trouble();
}

static void broker_mends(void)
{
    /* what was published into a link that is cut is gone, and so is the connection when it is whole again */
    if (broker_faults.link_cut || broker_faults.keeps_acks) {
        uplink_break();
    }
    broker_faults = (struct broker_faults){
        .refused_bed = -1, .hangs_until_us = broker_faults.hangs_until_us, .away = broker_faults.away};
    broker_trouble();
}

/* ---- clocks ---- */

/* A kernel whose clock is set by hand says that it has no source; a second more or less (a leap) is the source's own. */
static void clock_steps(void)
{
    const int64_t most_ms = chance_is(50) ? 1000 : chance_is(50) ? 60000 : 86400000;
    if (most_ms > 1000) {
        hal_set_synced(false);
    }
    hal_set_wall_ms(hal_true_wall_ms() + (int64_t)chance_draw((uint64_t)(2 * most_ms)) - most_ms);
}

static void clock_loses_source(void)
{
    hal_set_synced(false);
}

static void clock_mends(void)
{
    hal_set_wall_ms(hal_true_wall_ms());
    hal_set_synced(true);
}

/* ---- the process ---- */

static void comes_back_in(int64_t least_us, int64_t most_us)
{
    restarts = true;
    restart_us = scheduler_now_us() + least_us + (int64_t)chance_draw((uint64_t)(most_us - least_us));
}

static void is_killed(void)
{
    if (boots) {
        return; /* the box is off, and takes as long as it takes */
    }
    process_kill();
    comes_back_in(100000, 20 * SECOND_US);
}

static void store_is_damaged(void)
{
    disk_damage();
    is_killed();
}

static void part_stops(void)
{
    static const char *const parts[] = {"engine", "commit", "main", "uplink", "store"};
    const char *part = parts[chance_draw(sizeof parts / sizeof parts[0])];
    if (process_life_us() > 30 * SECOND_US && box_hold(part)) {
        process_tell("held: %s", part);
        disk_stand_still(strcmp(part, "commit") == 0 || strcmp(part, "store") == 0);
    }
}

static void part_goes_on(void)
{
    if (box_holds()) {
        process_disturb();
        broker_trouble();
        broker_begin_anew();
    }
    box_release();
    disk_stand_still(false);
}

static void is_stopped(void)
{
    process_signal(SIGTERM);
}

/* While the disk fails the journal has a hole, so that seconds of values which had been counted may begin anew. */
static void is_reloaded(void)
{
    if (scheduler_now_us() - disk_well_since_us() < HOLE_US) {
        process_disturb();
    }
    process_signal(SIGHUP);
}

/* What it has in its battery's place matters to a boot that has no time source yet. */
static enum hal_hardware draw_hardware(void)
{
    const unsigned drawn = (unsigned)chance_draw(10);
    return drawn < 4 ? HARDWARE_RIGHT : drawn < 8 ? HARDWARE_WRONG : drawn < 9 ? HARDWARE_ABSENT : HARDWARE_DEAD;
}

static void goes_off(bool is_orderly)
{
    joints_end_boot(is_orderly, reboots);
    reboots = false;
    process_kill();
    box_boot();
    disk_lose_power();
    boots = true;
    boots_unsynced = chance_is(50);
    boots_with = draw_hardware();
    if (chance_is(40)) { /* a monitor's, too, and it stays off */
        bedside_set_fault((unsigned)chance_draw(WARD_BEDS), MONITOR_SILENT);
    }
    comes_back_in(25 * SECOND_US, 300 * SECOND_US);
}

static void loses_power(void)
{
    goes_off(false);
}

/* A restart of the box, as an update's: the gateway ends in order before. */
static void is_rebooted(void)
{
    if (process_is_up() && !process_is_dying()) {
        reboots = true;
        box_goes_off();
        process_signal(SIGTERM);
    }
}

static void starts_again(void)
{
    restarts = false;
    if (boots) {
        hal_boot(boots_with);
        witness_box_was_off();
        if (!boots_unsynced) {
            clock_mends();
        }
        joints_begin_boot();
        boots = false;
        stumbles_us = chance_is(40) ? scheduler_now_us() + SECOND_US * (int64_t)(1 + chance_draw(4)) : SCHEDULER_NEVER;
    }
    process_start();
}

/* ---- people ---- */

static void people_command(void)
{
    nurse_command();
}

/* What goes wrong: about how many seconds apart in a storm, for how long, in any weather or only in some. */
static struct fault {
    const char *name;
    unsigned apart_s, least_ms, most_ms;
    bool always;
    void (*begins)(void), (*ends)(void);
    bool on; /* in this weather */
    bool is_under_way;
    int64_t next_us;
    uint64_t count;
} faults[] = {
    {"a monitor", 40, 2000, 120000, false, monitor_begins, monitor_ends, .on = false},
    {"a line", 200, 1000, 90000, false, line_begins, line_ends, .on = false},
    {"a line's thread", 400, 31000, 32000, false, hang_begins, nothing, .on = false},
    {"a line's thread, long", 500, 121000, 122000, false, hang_lasts, nothing, .on = false},
    {"a part stands still", 900, 1000, 110000, false, part_stops, part_goes_on, .on = false},
    {"disk fails", 120, 50, 20000, false, disk_fails, disk_mends, .on = false},
    {"disk full", 200, 500, 20000, false, disk_fills, disk_mends, .on = false},
    {"disk stalls", 200, 500, 20000, false, disk_stalls, disk_mends, .on = false},
    {"disk lies", 300, 500, 60000, false, disk_lies, disk_mends, .on = false},
    {"disk damaged", 900, 50, 5000, false, disk_is_damaged, disk_mends, .on = false},
    {"store damaged", 900, 100, 200, false, store_is_damaged, nothing, .on = false},
    {"store opens not", 300, 500, 60000, false, disk_opens_not, disk_mends, .on = false},
    {"trends fail", 300, 500, 60000, false, trends_fail, disk_mends, .on = false},
    {"trends full", 400, 60000, 200000, false, trends_fill, disk_mends, .on = false},
    {"trends damaged", 400, 100000, 300000, false, trends_are_damaged, disk_mends, .on = false},
    {"killed in a commit", 200, 5000, 60000, false, commits_kill, disk_mends, .on = false},
    {"broker refuses", 120, 100, 90000, false, broker_refuses, broker_mends, .on = false},
    {"broker far", 200, 100, 90000, false, broker_grows_far, broker_mends, .on = false},
    {"first broker away", 300, 1000, 240000, false, first_goes, first_is_back, .on = false},
    {"link cut", 150, 100, 60000, false, link_is_cut, broker_mends, .on = false},
    {"link breaks", 60, 100, 200, false, link_breaks, nothing, .on = false},
    {"no acks", 150, 100, 30000, false, acks_stay_out, broker_mends, .on = false},
    {"nobody hears", 300, 1000, 60000, false, nobody_hears, broker_mends, .on = false},
    {"queue full", 150, 100, 20000, false, queue_is_full, broker_mends, .on = false},
    {"bed refused", 300, 1000, 40000, false, bed_is_refused, broker_mends, .on = false},
    {"slow acks", 200, 1000, 60000, false, broker_is_slow, broker_mends, .on = false},
    {"uplink hangs", 200, 12000, 13000, false, uplink_hangs, nothing, .on = false},
    {"clock steps", 200, 1000, 300000, false, clock_steps, clock_mends, .on = false},
    {"clock unsynced", 400, 1000, 900000, false, clock_loses_source, clock_mends, .on = false},
    {"killed", 250, 100, 200, false, is_killed, nothing, .on = false},
    {"stopped", 600, 100, 200, false, is_stopped, nothing, .on = false},
    {"reloaded", 600, 100, 200, false, is_reloaded, nothing, .on = false},
    {"rebooted", 600, 100, 200, false, is_rebooted, nothing, .on = false},
    {"power", 600, 100, 200, false, loses_power, nothing, .on = false},
    {"a command", 45, 100, 200, true, people_command, nothing, .on = false},
};
#define FAULTS (sizeof faults / sizeof faults[0])

static bool is_storm;
static int64_t weather_us; /* until when it stays as it is */

static int64_t next_after(const struct fault *f)
{
    return scheduler_now_us() + (int64_t)chance_draw(2 * f->apart_s * (uint64_t)SECOND_US);
}

static void draw_weather(void)
{
    is_storm = !is_storm;
    weather_us = scheduler_now_us() + (is_storm ? STORM_US : CALM_US);
    if (!is_storm) {
        faults_end_all();
    }
    for (size_t i = 0; i < FAULTS; i++) {
        faults[i].on = faults[i].always || (is_storm && chance_is(40));
        faults[i].next_us = faults[i].on ? next_after(&faults[i]) : SCHEDULER_NEVER;
    }
}

void faults_init(void)
{
    is_storm = true;
    draw_weather();
}

void faults_end_all(void)
{
    for (size_t i = 0; i < FAULTS; i++) {
        if (faults[i].is_under_way) {
            faults[i].is_under_way = false;
            faults[i].ends();
        }
        faults[i].next_us = SCHEDULER_NEVER;
    }
    disk_mends();
    broker_mends();
    clock_mends();
    for (unsigned b = 0; b < WARD_BEDS; b++) {
        bedside_set_fault(b, MONITOR_WELL);
    }
}

int64_t faults_next_us(void)
{
    int64_t next_us = restarts && restart_us < weather_us ? restart_us : weather_us;
    next_us = stumbles_us < next_us ? stumbles_us : next_us;
    for (size_t i = 0; i < FAULTS; i++) {
        next_us = faults[i].next_us < next_us ? faults[i].next_us : next_us;
    }
    return next_us;
}

static void turn(struct fault *f)
{
    f->is_under_way = !f->is_under_way;
    if (f->is_under_way) {
        f->count++;
        process_tell("begins: %s", f->name);
        f->next_us =
            scheduler_now_us() + INT64_C(1000) * (int64_t)(f->least_ms + chance_draw(f->most_ms - f->least_ms));
        f->begins();
    } else {
        f->next_us = next_after(f);
        process_tell("ends: %s", f->name);
        f->ends();
    }
}

void faults_step(void)
{
    if (process_is_up() && process_is_dying() && process_starts_anew()) {
        box_starts_in_place();
        process_go_on_in_place();
        comes_back_in(200000, 600000);
    } else if (process_is_up() && process_is_dying() && reboots) {
        goes_off(true);
    } else if (process_is_up() && (process_is_dying() || box_ends_process())) {
        is_killed();
    }
    if (scheduler_now_us() >= stumbles_us) {
        stumbles_us = SCHEDULER_NEVER;
        if (!boots) { /* else it went off once more */
            process_kill();
            comes_back_in(100000, 2 * SECOND_US);
        }
    }
    if (box_resets()) {
        process_tell("the watchdog resets the box");
        loses_power();
    }
    if (restarts && scheduler_now_us() >= restart_us) {
        starts_again();
    }
    for (size_t i = 0; i < FAULTS; i++) {
        if (faults[i].next_us <= scheduler_now_us()) {
            turn(&faults[i]);
        }
    }
    if (scheduler_now_us() >= weather_us) {
        draw_weather();
    }
}

void faults_print_counts(void)
{
    for (size_t i = 0; i < FAULTS; i++) {
        (void)printf("%s%s %" PRIu64, i > 0 ? ", " : "  ", faults[i].name, faults[i].count);
    }
    (void)putchar('\n');
}
