#include "app/flow/annunciator.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/log.h"
#include "app/flow/pattern.h"
#include "hal/clock.h"
#include "hal/indicator.h"

#define HOOK_LOOK_US  50000    /* while it runs */
#define LINE_AGAIN_US 1000000  /* a line that did not do as it was told is told again */
#define ABSENT_US     60000000 /* a line that could not be had, a program that did not start: tried again */
#define LAST_WORD_US  300000   /* that it has at the end of the gateway */
#define KILLED_US     50000    /* until one that was killed is gone */
#define LAST_LOOK_US  2000
#define MS            INT64_C(1000)
#define NOTHING_TOLD  UINT_MAX /* no set of reasons */

/* ---- reasons ---- */

static const struct {
    const char *name;
    enum priority priority;
} reasons_known[] = {
#define LOCAL_REASON(name, priority, text) {#name, priority},
    LOCAL_REASON_LIST(LOCAL_REASON)
#undef LOCAL_REASON
};

enum priority local_priority(unsigned reasons)
{
    enum priority highest = PRIORITY_NONE;
    for (unsigned i = 0; i < LOCAL_REASON_COUNT; i++) {
        const bool counts = (reasons >> i & 1U) != 0 && reasons_known[i].priority > highest;
        highest = counts ? reasons_known[i].priority : highest;
    }
    return highest;
}

void local_names(unsigned reasons, char out[LOCAL_TEXT_MAX])
{
    size_t length = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < LOCAL_REASON_COUNT; i++) {
        if ((reasons >> i & 1U) != 0) {
            length += (size_t)snprintf(out + length, LOCAL_TEXT_MAX - length, "%s%s", length > 0 ? " " : "",
                                       reasons_known[i].name);
            assert(length < LOCAL_TEXT_MAX); /* all of them fit */
        }
    }
}

/* ---- what is told ---- */

const char *annunciator_word(enum annunciator_state state)
{
    static const char *const words[] = {
        [ANNUNCIATOR_OFF] = "off", [ANNUNCIATOR_ON] = "on", [ANNUNCIATOR_QUIET] = "quiet", [ANNUNCIATOR_TEST] = "test"};
    return words[state];
}

static bool is_silenced(const struct annunciator *a)
{
    return (a->reasons & ~a->silenced) == 0;
}

/* A trial yields to what is more urgent than it, or as urgent. Under the mutex. */
static struct annunciator_look look(const struct annunciator *a, int64_t now_us)
{
    const enum priority priority = local_priority(a->reasons);
    struct annunciator_look now = {.state = ANNUNCIATOR_OFF, .priority = priority, .reasons = a->reasons};
    if (now_us < a->trial_until_us && a->trial > priority) {
        now = (struct annunciator_look){.state = ANNUNCIATOR_TEST, .priority = a->trial};
    } else if (a->reasons != 0) {
        now.state = is_silenced(a) ? ANNUNCIATOR_QUIET : ANNUNCIATOR_ON;
    }
    return now;
}

struct annunciator_look annunciator_look(struct annunciator *a, int64_t now_us)
{
    pthread_mutex_lock(&a->mutex);
    const struct annunciator_look now = look(a, now_us);
    pthread_mutex_unlock(&a->mutex);
    return now;
}

/* What has ended sounds when it comes again. */
void annunciator_set(struct annunciator *a, unsigned reasons, int64_t now_us)
{
    pthread_mutex_lock(&a->mutex);
    const bool changed = reasons != a->reasons;
    const bool is_worse = local_priority(reasons) > local_priority(a->reasons);
    if (a->reasons == 0 || is_worse) {
        a->since_us = now_us;
    }
    a->reasons = reasons;
    a->silenced &= reasons;
    pthread_mutex_unlock(&a->mutex);
    if (changed) {
        wake_raise(&a->wake);
    }
}

bool annunciator_silence(struct annunciator *a)
{
    pthread_mutex_lock(&a->mutex);
    const bool any = a->reasons != 0;
    a->silenced = a->reasons;
    pthread_mutex_unlock(&a->mutex);
    wake_raise(&a->wake);
    return any;
}

void annunciator_try(struct annunciator *a, enum priority priority, int64_t now_us)
{
    pthread_mutex_lock(&a->mutex);
    a->trial = priority;
    a->trial_until_us = now_us + ANNUNCIATOR_TRIAL_MS * MS;
    if (a->reasons == 0) {
        a->since_us = now_us;
    }
    pthread_mutex_unlock(&a->mutex);
    wake_raise(&a->wake);
}

/* ---- lamp and buzzer ---- */

/* False: it did not do so. */
static bool switch_line(int fd, bool on, bool *is_on, atomic_int *status)
{
    if (fd < 0 || (on == *is_on && atomic_load(status) == STATUS_OK)) {
        return true;
    }
    const enum status done = indicator_set(fd, on);
    if (done != STATUS_OK && atomic_load(status) == STATUS_OK) {
        log_warning("the indicator's line does not work any more (%s)", status_text(done));
    }
    atomic_store(status, (int)done);
    *is_on = on;
    return done == STATUS_OK;
}

/* Until when it stays so. A buzzer that could not be switched off is not left to sound. */
static int64_t show(struct annunciator *a, const struct annunciator_look *now, int64_t since_us, int64_t now_us)
{
    const struct pattern_look wanted = pattern_at(now->priority, (uint64_t)(now_us - since_us) / 1000);
    const bool sounds = wanted.buzzer && now->state != ANNUNCIATOR_QUIET;
    const bool lit = switch_line(a->lamp, wanted.lamp, &a->lamp_on, &a->lamp_status);
    const bool done = switch_line(a->buzzer, sounds, &a->buzzer_on, &a->buzzer_status) && lit;
    const bool is_shown = a->lamp >= 0 || a->buzzer >= 0;
    const int64_t next_us = is_shown && wanted.next_ms != PATTERN_STEADY ? now_us + wanted.next_ms * MS : INT64_MAX;
    return done || next_us < now_us + LINE_AGAIN_US ? next_us : now_us + LINE_AGAIN_US;
}

/* Told when it changes. */
static int open_line(const char *where, bool active_low, const char *what, atomic_int *status)
{
    int fd = -1;
    const enum status before = (enum status)atomic_load(status);
    const enum status now = indicator_open(where, active_low, &fd);
    atomic_store(status, (int)now);
    if (now != STATUS_OK) {
        if (now != before) {
            log_error("the %s of the local alarm cannot be used (%s: %s), it is tried again each minute; see `wardgate "
                      "help indicator.%s`",
                      what, where, status_text(now), what);
        }
        return -1;
    }
    if (before != STATUS_OK) {
        log_note("the %s of the local alarm is there (%s)", what, where);
    }
    return fd;
}

/* Those that are not there: an adapter may be plugged in later. When it is to be tried again. */
static int64_t open_lines(struct annunciator *a, int64_t now_us)
{
    const struct annunciator_config *config = &a->config;
    const bool no_lamp = config->lamp != NULL && a->lamp < 0, no_buzzer = config->buzzer != NULL && a->buzzer < 0;
    if (!no_lamp && !no_buzzer) {
        return INT64_MAX;
    }
    if (now_us < a->lines_again_us) {
        return a->lines_again_us;
    }
    a->lines_again_us = now_us + ABSENT_US;
    if (no_lamp) {
        a->lamp = open_line(config->lamp, config->lamp_active_low, "led", &a->lamp_status);
        a->lamp_on = false;
    }
    if (no_buzzer) {
        a->buzzer = open_line(config->buzzer, config->buzzer_active_low, "buzzer", &a->buzzer_status);
        a->buzzer_on = false;
    }
    const bool all = (config->lamp == NULL || a->lamp >= 0) && (config->buzzer == NULL || a->buzzer >= 0);
    return all ? INT64_MAX : a->lines_again_us;
}

/* ---- the program ---- */

static void tell_program(struct annunciator *a, const struct annunciator_look *now, int64_t now_us)
{
    char gateway[64], state[32], priority[32], what[LOCAL_TEXT_MAX + 16], names[LOCAL_TEXT_MAX];
    const char *const environment[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", gateway, state, priority, what, NULL};
    local_names(now->reasons, names);
    (void)snprintf(gateway, sizeof gateway, "WARDGATE_GATEWAY=%s", a->config.gateway);
    (void)snprintf(state, sizeof state, "WARDGATE_STATE=%s", annunciator_word(now->state));
    (void)snprintf(priority, sizeof priority, "WARDGATE_PRIORITY=%s", priority_word(now->priority));
    (void)snprintf(what, sizeof what, "WARDGATE_WHAT=%s", names);
    const enum status status = hook_start(&a->hook, a->config.hook, environment, now_us + a->config.hook_us);
    a->told = *now;
    a->hook_again_us = status != STATUS_OK ? now_us + ABSENT_US : INT64_MAX;
    if (status != STATUS_OK) {
        if (atomic_load(&a->hook_status) != (int)status) {
            log_error("the program of the local alarm does not start (%s: %s), it is tried again each minute",
                      a->config.hook[0], status_text(status));
        }
        atomic_store(&a->hook_status, (int)status);
        (void)atomic_fetch_add(&a->hooks, 1);
    }
}

static void take_end(struct annunciator *a, enum hook_end end, int code)
{
    enum status status = STATUS_OK;
    if (end == HOOK_TIMED_OUT) {
        status = STATUS_TIMEOUT;
        log_error("the program of the local alarm did not end in time (%s) and was killed", a->config.hook[0]);
    } else if (end == HOOK_SIGNALLED || code != 0) {
        status = STATUS_IO;
        log_error("the program of the local alarm failed (%s: %s %d)", a->config.hook[0],
                  end == HOOK_SIGNALLED ? "signal" : "exit status", code);
    }
    atomic_store(&a->hook_status, (int)status);
    (void)atomic_fetch_add(&a->hooks, 1);
}

static bool is_told(const struct annunciator *a, const struct annunciator_look *now)
{
    return now->state == a->told.state && now->priority == a->told.priority && now->reasons == a->told.reasons;
}

/* When it is to be looked at again. */
static int64_t step_program(struct annunciator *a, const struct annunciator_look *now, int64_t now_us)
{
    int code = 0;
    if (a->config.hook == NULL) {
        return INT64_MAX;
    }
    const enum hook_end end = hook_look(&a->hook, now_us, &code);
    if (end != HOOK_RUNS) {
        take_end(a, end, code);
    }
    if (a->hook.pid == 0 && (!is_told(a, now) || now_us >= a->hook_again_us)) {
        tell_program(a, now, now_us);
    }
    atomic_store(&a->told_state, a->hook.pid == 0 ? (int)a->told.state : -1);
    return a->hook.pid != 0 ? now_us + HOOK_LOOK_US : a->hook_again_us;
}

/* ---- the thread ---- */

static int64_t earlier(int64_t left_us, int64_t right_us)
{
    return left_us < right_us ? left_us : right_us;
}

int64_t annunciator_step(struct annunciator *a, int64_t now_us)
{
    pthread_mutex_lock(&a->mutex);
    const struct annunciator_look now = look(a, now_us);
    const int64_t since_us = a->since_us < now_us ? a->since_us : now_us;
    const int64_t trial_us = a->trial_until_us > now_us ? a->trial_until_us : INT64_MAX;
    pthread_mutex_unlock(&a->mutex);
    const int64_t lines_us = open_lines(a, now_us);
    const int64_t shown_us = earlier(show(a, &now, since_us, now_us), lines_us);
    return earlier(earlier(shown_us, step_program(a, &now, now_us)), trial_us);
}

/* Waits for the program that runs, and kills it then. */
static void end_program(struct annunciator *a, int64_t until_us)
{
    int code = 0;
    while (a->hook.pid != 0 && clock_boot_us() < until_us + KILLED_US) {
        if (clock_boot_us() >= until_us) {
            hook_kill(&a->hook);
        }
        if (hook_look(&a->hook, clock_boot_us(), &code) == HOOK_RUNS) {
            clock_sleep_until_us(clock_boot_us() + LAST_LOOK_US);
        }
    }
}

/* A siren that the program has started is not to go on by itself. */
static void switch_off(struct annunciator *a)
{
    const struct annunciator_look off = {.state = ANNUNCIATOR_OFF};
    if (a->lamp >= 0) {
        indicator_close(a->lamp);
    }
    if (a->buzzer >= 0) {
        indicator_close(a->buzzer);
    }
    end_program(a, clock_boot_us());
    if (a->config.hook != NULL && !is_told(a, &off) && a->hook.pid == 0) {
        tell_program(a, &off, clock_boot_us());
        end_program(a, clock_boot_us() + LAST_WORD_US);
    }
}

static void *run(void *argument)
{
    struct annunciator *a = argument;
    while (!atomic_load(&a->stop)) {
        const int64_t next_us = annunciator_step(a, clock_boot_us());
        (void)wake_wait_until(&a->wake, next_us);
    }
    switch_off(a);
    return NULL;
}

void annunciator_init(struct annunciator *a, const struct annunciator_config *config)
{
    *a = (struct annunciator){.config = *config,
                              .wake = {.fd = -1},
                              .lamp = -1,
                              .buzzer = -1,
                              .hook_again_us = INT64_MAX,
                              .told = {.reasons = NOTHING_TOLD}};
    const int failed = pthread_mutex_init(&a->mutex, NULL);
    assert(failed == 0); /* a default mutex needs nothing that could be short */
    (void)failed;
}

bool annunciator_is_there(const struct annunciator *a)
{
    return a->config.lamp != NULL || a->config.buzzer != NULL || a->config.hook != NULL;
}

enum status annunciator_start(struct annunciator *a)
{
    const enum status status = wake_open(&a->wake);
    if (status != STATUS_OK || !annunciator_is_there(a)) {
        return status;
    }
    atomic_store(&a->stop, false);
    return thread_start(&a->thread, "annunciator", run, a);
}

bool annunciator_stop(struct annunciator *a)
{
    atomic_store(&a->stop, true);
    wake_raise(&a->wake);
    if (!thread_join_until(&a->thread, clock_boot_us() + ANNUNCIATOR_STOP_US)) {
        return false;
    }
    wake_close(&a->wake);
    return true;
}
