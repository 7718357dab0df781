/* See box.h; and no lamp (hal/indicator.h), no program of the hospital's (hal/hook.h): the configuration of the simulated ward names none. */
#include "tests/sim/box.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/gateway.h"
#include "hal/clock.h"
#include "hal/hook.h"
#include "hal/indicator.h"
#include "hal/service.h"
#include "hal/watchdog.h"
#include "tests/powerloss/chance.h"
#include "tests/sim/bedside.h"
#include "tests/sim/broker.h"
#include "tests/sim/disk.h"
#include "tests/sim/invariant.h"
#include "tests/sim/process.h"
#include "tests/sim/scheduler.h"

#define SECOND_US  INT64_C(1000000)
#define MANAGER_US (30 * SECOND_US)
#define STUCK_US   (12 * SECOND_US) /* ten without a sign of life, which comes once a second, and a look */
#define SURE_US    (5 * SECOND_US)
#define HOUR_US    (3600 * SECOND_US)
#define HANGS_US   (27 * SECOND_US) /* twenty, which main sees within a second, and a second in which lines are left */
#define CALM_US    (70 * SECOND_US) /* after a disk that failed a start in place is thought of again each minute */
enum { MANAGER_FD = 0x6FFD, WATCHDOG_FD = 0x6FFC };

static struct {
    bool has_manager, is_told; /* of this process */
    bool counts;               /* the watchdog */
    bool goes_off;             /* in order */
    int64_t timeout_us, fed_us, told_us;
    const char *held; /* NULL: nothing */
    int64_t held_us;
    bool held_excused;   /* by a reload or a stop */
    int64_t in_place_us; /* when it was started so; 0: it was not */
} box;

static int64_t since(int64_t us)
{
    return scheduler_now_us() - us;
}

/* ---- a part that is held ---- */

/* The writer (store) waits for the disk, and what reads the store, too, may: then both are fed. */
static bool is_excused(void)
{
    if (box.held != NULL && strcmp(box.held, "store") == 0) {
        return true;
    }
    const bool reads = box.held != NULL && (strcmp(box.held, "main") == 0 || strcmp(box.held, "uplink") == 0);
    return box.held_excused || (reads && since(disk_well_since_us()) < since(box.held_us) + CALM_US);
}

/* What starts in place has main's time for it. */
static void excuse_start_in_place(void)
{
    for (unsigned i = 0; i < WARD_LINES; i++) {
        box.held_excused |= bedside_line_hung_us(i) > HANGS_US / 3 * 2;
    }
}

static void check_starves(const char *what)
{
    excuse_start_in_place();
    if (box.held != NULL && since(box.held_us) > STUCK_US && !is_excused()) {
        invariant_broken(INVARIANT_watched, "%s is fed, and %s stands still for %" PRId64 " s", what, box.held,
                         since(box.held_us) / SECOND_US);
    }
    invariant_holds(INVARIANT_watched);
}

static void check_bites(const char *what, int64_t timeout_us)
{
    const bool is_soon = !box.held_excused && since(box.held_us) < timeout_us + STUCK_US - 4 * SECOND_US;
    if (box.held == NULL || is_soon) {
        invariant_broken(INVARIANT_watched, "%s was not fed in time, and nothing stands still", what);
    }
    invariant_holds(INVARIANT_watched);
}

bool box_hold(const char *thread)
{
    if (!scheduler_hold(thread)) {
        return false;
    }
    box.held = thread;
    box.held_us = scheduler_now_us();
    box.held_excused = process_was_signalled();
    return true;
}

void box_release(void)
{
    scheduler_release();
    box.held = NULL;
}

bool box_holds(void)
{
    return box.held != NULL;
}

bool box_holds_alerts(void)
{
    return box.held != NULL && strcmp(box.held, "store") != 0 && strcmp(box.held, "main") != 0;
}

void box_note_signal(void)
{
    box.held_excused = true;
}

/* ---- the world's side ---- */

void box_boot(void)
{
    box.counts = false;
    box.goes_off = false;
}

void box_goes_off(void)
{
    box.goes_off = true;
}

void box_begin_process(bool in_place)
{
    box.has_manager = in_place ? box.has_manager : chance_is(50);
    if (!in_place) {
        box.in_place_us = 0;
        (void)unsetenv(GATEWAY_RESTARTED);
    }
}

void box_forget_process(void)
{
    box.is_told = false;
    box_release();
}

bool box_resets(void)
{
    const bool resets = box.counts && since(box.fed_us) > box.timeout_us;
    if (resets && process_is_up()) {
        check_bites("the watchdog", box.timeout_us);
    }
    return resets;
}

bool box_ends_process(void)
{
    const bool ends = box.is_told && since(box.told_us) > MANAGER_US;
    if (ends) {
        check_bites("the service manager", MANAGER_US);
    }
    return ends;
}

void box_starts_in_place(void)
{
    char instant[32];
    if (box.in_place_us != 0 && since(box.in_place_us) < HOUR_US) {
        invariant_broken(INVARIANT_in_place, "it starts in place again after %" PRId64 " s",
                         since(box.in_place_us) / SECOND_US);
    }
    invariant_holds(INVARIANT_in_place);
    box.in_place_us = scheduler_now_us();
    (void)snprintf(instant, sizeof instant, "%" PRId64, clock_boot_us());
    (void)setenv(GATEWAY_RESTARTED, instant, 1);
}

static void check_in_place(void)
{
    const bool waits = since(broker_faults.hangs_until_us) < 2 * SURE_US; /* for the end of the uplink's call, too */
    const bool may = !waits && (box.in_place_us == 0 || since(box.in_place_us) > HOUR_US);
    for (unsigned i = 0; i < WARD_LINES && may; i++) {
        const int64_t hangs_us = bedside_line_hung_us(i);
        if (hangs_us > HANGS_US && process_up_us() > hangs_us && since(disk_well_since_us()) > CALM_US) {
            invariant_broken(INVARIANT_in_place, "a line's thread hangs for %" PRId64 " s, and nothing is done",
                             hangs_us / SECOND_US);
        }
    }
}

void box_judge(void)
{
    const int64_t timeout_us = box.is_told ? MANAGER_US : box.timeout_us;
    check_in_place();
    if (box.held != NULL && since(box.held_us) > timeout_us + STUCK_US + SURE_US && !is_excused()) {
        invariant_broken(INVARIANT_watched, "%s stands still for %" PRId64 " s, and nothing ends it", box.held,
                         since(box.held_us) / SECOND_US);
    }
}

/* ---- what there is not ---- */

enum status hook_start(struct hook *hook, const char *const *arguments, const char *const *environment,
                       int64_t until_us)
{
    (void)hook;
    (void)arguments;
    (void)environment;
    (void)until_us;
    return STATUS_NOT_FOUND;
}

enum hook_end hook_look(struct hook *hook, int64_t now_us, int *out_code)
{
    (void)hook;
    (void)now_us;
    *out_code = 0;
    return HOOK_EXITED;
}

void hook_kill(struct hook *hook)
{
    (void)hook;
}

enum status indicator_open(const char *where, bool active_low, int *out_fd)
{
    (void)where;
    (void)active_low;
    *out_fd = -1;
    return STATUS_NOT_FOUND;
}

enum status indicator_set(int fd, bool on)
{
    (void)fd;
    (void)on;
    return STATUS_IO;
}

void indicator_close(int fd)
{
    (void)fd;
}

/* ---- the service manager ---- */

enum status service_open(struct service *service)
{
    *service = (struct service){.fd = box.has_manager ? MANAGER_FD : -1, .watchdog_us = MANAGER_US};
    service->watchdog_us = box.has_manager ? MANAGER_US : 0;
    return STATUS_OK;
}

void service_close(struct service *service)
{
    box.is_told = false; /* what stops has its own time */
    service->fd = -1;
}

enum status service_tell(const struct service *service, const char *lines)
{
    const bool alive = strstr(lines, "WATCHDOG=1") != NULL;
    if (service->fd < 0) {
        return STATUS_OK;
    }
    if (alive && strncmp(lines, "STATUS", 6) != 0) {
        check_starves("the service manager");
    }
    if (alive || strcmp(lines, "READY=1") == 0) {
        box.is_told = true;
        box.told_us = scheduler_now_us();
    }
    return STATUS_OK;
}

const char *service_stop_reason(void)
{
    return box.goes_off ? SERVICE_SHUTDOWN : SERVICE_STOPPED;
}

void service_tell_reload(const struct service *service)
{
    (void)service;
}

/* ---- the watchdog ---- */

enum status watchdog_open(const char *device, uint32_t timeout_s, struct watchdog *out)
{
    (void)device;
    *out = (struct watchdog){.fd = WATCHDOG_FD, .timeout_s = timeout_s};
    box.counts = true;
    box.timeout_us = timeout_s * SECOND_US;
    box.fed_us = scheduler_now_us();
    return STATUS_OK;
}

enum status watchdog_feed(const struct watchdog *watchdog)
{
    (void)watchdog;
    check_starves("the watchdog");
    box.fed_us = scheduler_now_us();
    return STATUS_OK;
}

void watchdog_close(struct watchdog *watchdog, bool stops)
{
    box.counts = box.counts && !(stops && watchdog->fd >= 0);
    watchdog->fd = -1;
}
