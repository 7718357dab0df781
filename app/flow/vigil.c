#include "app/flow/vigil.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/engine/plural.h"
#include "app/flow/log.h"
#include "hal/clock.h"

const char *vigil_part_name(enum vigil_part part)
{
    static const char *const names[] = {
        [VIGIL_MAIN] = "main", [VIGIL_ENGINE] = "engine", [VIGIL_STORE] = "store", [VIGIL_UPLINK] = "uplink"};
    return names[part];
}

const char *vigil_watchdog_word(enum vigil_watchdog watchdog)
{
    static const char *const words[] = {[VIGIL_NOT_USED] = "not_used",
                                        [VIGIL_UNAVAILABLE] = "unavailable",
                                        [VIGIL_FED] = "fed",
                                        [VIGIL_STARVED] = "starved"};
    return words[watchdog];
}

/* ---- judging ---- */

/* 0: it has not begun. */
static bool is_still(int64_t alive_us, int64_t now_us)
{
    return alive_us != 0 && now_us - alive_us >= VIGIL_STUCK_US;
}

static int64_t sign_of(const atomic_llong *alive_us)
{
    return atomic_load_explicit(alive_us, memory_order_relaxed);
}

/* What the broker has, by whichever way it came. */
static bool is_high_undelivered(const struct vigil_parts *parts)
{
    const uint64_t passed = atomic_load_explicit(&parts->board->passed_seq, memory_order_relaxed);
    const uint64_t direct = atomic_load_explicit(&parts->store_state->direct_acknowledged_seq, memory_order_relaxed);
    return atomic_load_explicit(&parts->board->high_row, memory_order_relaxed) >
               atomic_load_explicit(&parts->board->passed_row, memory_order_relaxed) ||
           atomic_load_explicit(&parts->board->high_seq, memory_order_relaxed) > (passed > direct ? passed : direct);
}

static unsigned judge_uplink(const struct vigil_parts *parts, const struct vigil_config *config, int64_t started_us,
                             int64_t now_us)
{
    const int64_t changed_us = sign_of(&parts->board->uplink_changed_us);
    const int64_t since_us = changed_us > started_us ? changed_us : started_us;
    const bool is_fresh = changed_us == 0 && now_us - started_us < VIGIL_FRESH_US;
    const bool is_lost = now_us - since_us >= config->lost_after_us;
    return (is_lost ? 1U << LOCAL_uplink_lost : 0U) |
           (!is_fresh && is_high_undelivered(parts) ? 1U << LOCAL_high_undelivered : 0U);
}

struct vigil_finding vigil_judge(const struct vigil_parts *parts, const struct vigil_config *config, int64_t main_us,
                                 int64_t started_us, int64_t now_us)
{
    struct vigil_finding found = {.stuck = 0};
    const struct board *board = parts->board;
    if (board == NULL) {
        const bool is_stuck = now_us - main_us >= parts->alone_us;
        return (struct vigil_finding){.stuck = is_stuck ? 1U << VIGIL_MAIN : 0U,
                                      .reasons = is_stuck ? 1U << LOCAL_gateway_stuck : 0U};
    }
    found.stuck = (is_still(main_us, now_us) ? 1U << VIGIL_MAIN : 0U) |
                  (is_still(sign_of(&board->engine_alive_us), now_us) ? 1U << VIGIL_ENGINE : 0U) |
                  (is_still(sign_of(&board->store_alive_us), now_us) ? 1U << VIGIL_STORE : 0U) |
                  (is_still(sign_of(&board->deliver_alive_us), now_us) ? 1U << VIGIL_UPLINK : 0U);
    found.connected = atomic_load_explicit(&board->uplink_connected, memory_order_relaxed);
    found.store_failing = store_state_is_failing(parts->store_state, now_us);
    if (found.store_failing) {
        found.excused = found.stuck & (1U << VIGIL_MAIN | 1U << VIGIL_UPLINK);
        found.reasons |= 1U << LOCAL_store_failing;
    }
    if (!found.connected) {
        found.reasons |= judge_uplink(parts, config, started_us, now_us);
    }
    found.reasons |= found.stuck != 0 ? 1U << LOCAL_gateway_stuck : 0U;
    return found;
}

/* ---- saying so ---- */

static void add_name(char *text, size_t size, const char *name)
{
    const size_t length = strlen(text);
    (void)snprintf(text + length, size - length, "%s%s", length > 0 ? ", " : "", name);
}

static void list_parts(unsigned stuck, char *out, size_t size)
{
    out[0] = '\0';
    for (unsigned i = 0; i < VIGIL_PARTS; i++) {
        if ((stuck >> i & 1U) != 0) {
            add_name(out, size, vigil_part_name((enum vigil_part)i));
        }
    }
}

static void list_threads(const struct vigil_parts *parts, int64_t now_us, char *out, size_t size)
{
    out[0] = '\0';
    for (unsigned i = 0; parts->board != NULL && i < parts->runner_count; i++) {
        if (is_still(sign_of(&parts->runners[i]->alive_us), now_us)) {
            add_name(out, size, parts->runner_names[i]);
        }
    }
}

/* unseen: those that this look does not judge; of them the next one that does tells. */
static void tell_parts(struct vigil *v, const struct vigil_finding *found, unsigned unseen, int64_t limit_us)
{
    for (unsigned i = 0; i < VIGIL_PARTS; i++) {
        const bool is_stuck = (found->stuck >> i & 1U) != 0, was_stuck = (v->told_stuck >> i & 1U) != 0;
        if ((unseen >> i & 1U) != 0) {
            continue;
        }
        const char *name = vigil_part_name((enum vigil_part)i);
        if (is_stuck && !was_stuck) {
            log_error("%s has shown no sign of life for %d s%s", name, (int)(limit_us / 1000000),
                      (found->excused >> i & 1U) != 0 ? ", with a disk that does not answer"
                                                      : ", so the watchdogs are not fed");
        } else if (was_stuck && !is_stuck) {
            log_note("%s goes on", name);
        }
    }
    v->told_stuck = (v->told_stuck & unseen) | (found->stuck & ~unseen);
}

static void tell_threads(struct vigil *v, const char *threads)
{
    if (strcmp(v->told_threads, threads) == 0) {
        return;
    }
    if (threads[0] != '\0') {
        log_error("no sign of life from the thread of %s, nothing is heard there; the others go on", threads);
    } else {
        log_note("the thread of %s goes on", v->told_threads);
    }
    (void)snprintf(v->told_threads, sizeof v->told_threads, "%s", threads);
}

/* What `systemctl status` shows; told when it changes. */
static void tell_status(struct vigil *v, const struct vigil_parts *parts, const struct vigil_finding *found,
                        const char *threads)
{
    char text[SERVICE_TEXT_MAX], stuck[64];
    list_parts(found->stuck, stuck, sizeof stuck);
    if (parts->board == NULL) {
        return; /* what is under way is said by itself */
    }
    if (found->stuck != 0) {
        (void)snprintf(text, sizeof text, "STATUS=Stuck: %s; watchdogs %s", stuck,
                       (found->stuck & ~found->excused) != 0 ? "are not fed" : "are fed: the disk does not answer");
    } else {
        (void)snprintf(text, sizeof text, "STATUS=Watches %u bed%s; %s; %s%s%s", parts->bed_count,
                       plural_s(parts->bed_count), found->connected ? "connected" : "no broker",
                       found->store_failing ? "alerts cannot be stored" : "alerts are stored",
                       threads[0] != '\0' ? "; stuck: " : "", threads);
    }
    if (strcmp(text, v->told_status) != 0 && service_tell(&v->service, text) == STATUS_OK) {
        (void)snprintf(v->told_status, sizeof v->told_status, "%s", text);
    }
}

/* A manager that has no room for it now would end us in the end, for a start or a reload that never was over: so it is told again. */
static void tell_ready(struct vigil *v)
{
    v->owes_ready = service_tell(&v->service, "READY=1") != STATUS_OK;
}

/* Until we are ready it waits for so much longer; of its watchdog it wants to see nothing before, but from a run that follows one that was ready. */
static void ask_for_time(const struct vigil *v)
{
    char text[64];
    (void)snprintf(text, sizeof text, "EXTEND_TIMEOUT_USEC=%d", VIGIL_EXTEND_US);
    (void)!service_tell(&v->service, text);
}

/* ---- feeding ---- */

/* is_early: whoever feeds it lets go of it only when we are up, so that it is had is waited for without a word. */
static void open_watchdog(struct vigil *v, bool is_early, int64_t now_us)
{
    const char *device = v->config.device;
    const enum status status = watchdog_open(device, v->config.timeout_s, &v->watchdog);
    if (status == STATUS_BUSY && is_early) {
        return;
    }
    if (status == STATUS_OK && v->watchdog.timeout_s == 0) {
        log_warning("the watchdog is fed (%s), but does not say how long it counts", device);
    } else if (status == STATUS_OK) {
        log_note("the watchdog is fed (%s, %u s)", device, v->watchdog.timeout_s);
    } else if (status != v->told_open) {
        log_error("the watchdog cannot be used (%s: %s), %s", device, status_text(status),
                  status == STATUS_BUSY     ? "let one program have it: this one or the service manager"
                  : status == STATUS_DENIED ? "give the gateway's user the device, by a rule of udev"
                                            : "it is tried again and again");
    }
    if (status == STATUS_OK && v->watchdog.timeout_s != 0 && v->watchdog.timeout_s != v->config.timeout_s) {
        log_warning("the watchdog (%s) counts %u s, not the %u s of `watchdog.timeout`", device, v->watchdog.timeout_s,
                    v->config.timeout_s);
    }
    v->told_open = status;
    v->open_again_us = now_us + VIGIL_AGAIN_US;
}

static enum vigil_watchdog feed_hardware(struct vigil *v, bool is_well, bool is_early, int64_t now_us)
{
    if (v->config.device == NULL) {
        return VIGIL_NOT_USED;
    }
    if (v->watchdog.fd < 0 && now_us >= v->open_again_us) {
        open_watchdog(v, is_early, now_us);
    }
    if (v->watchdog.fd < 0) {
        return VIGIL_UNAVAILABLE;
    }
    if (!is_well) {
        return VIGIL_STARVED;
    }
    const enum status fed = watchdog_feed(&v->watchdog);
    if (fed != STATUS_OK && v->told_open == STATUS_OK) {
        log_error("the watchdog cannot be fed any more (%s: %s), it may reset the box", v->config.device,
                  status_text(fed));
    } else if (fed == STATUS_OK && v->told_open != STATUS_OK) {
        log_note("the watchdog is fed again (%s)", v->config.device);
    }
    v->told_open = fed;
    return fed == STATUS_OK ? VIGIL_FED : VIGIL_STARVED;
}

static enum vigil_watchdog feed_manager(const struct vigil *v, bool is_well)
{
    if (v->service.fd < 0 || v->service.watchdog_us == 0) {
        return VIGIL_NOT_USED;
    }
    return is_well && service_tell(&v->service, "WATCHDOG=1") == STATUS_OK ? VIGIL_FED : VIGIL_STARVED;
}

/* The parts stay while the mutex is held: a reload waits for that. */
void vigil_look(struct vigil *v, int64_t now_us)
{
    char threads[sizeof v->told_threads];
    pthread_mutex_lock(&v->mutex);
    struct vigil_finding found = vigil_judge(&v->parts, &v->config, sign_of(&v->main_us), v->started_us, now_us);
    const bool is_alone = v->parts.board == NULL;
    const int64_t limit_us = is_alone ? v->parts.alone_us : VIGIL_STUCK_US;
    const bool was_away = v->looked_us != 0 && now_us - v->looked_us >= VIGIL_AWAY_US;
    v->looked_us = now_us;
    found.stuck = was_away ? 0 : found.stuck; /* they get their time first */
    found.reasons &= was_away ? ~(1U << LOCAL_gateway_stuck) : ~0U;
    const bool is_well = (found.stuck & ~found.excused) == 0;
    const bool is_early = v->phase == VIGIL_STARTS || now_us - v->started_us < VIGIL_EARLY_US;
    list_threads(&v->parts, now_us, threads, sizeof threads);
    tell_status(v, &v->parts, &found, threads);
    if (v->owes_ready) {
        tell_ready(v);
    }
    if (v->phase == VIGIL_STARTS && is_well) {
        ask_for_time(v);
    }
    pthread_mutex_unlock(&v->mutex);
    atomic_store(&v->stuck, found.stuck);
    atomic_store(&v->hardware, (int)feed_hardware(v, is_well, is_early, now_us));
    atomic_store(&v->of_manager, (int)feed_manager(v, is_well));
    const unsigned unseen = was_away ? ~0U : is_alone ? ~(1U << VIGIL_MAIN) : 0U;
    tell_parts(v, &found, unseen, limit_us);
    if (!is_alone && !was_away) {
        tell_threads(v, threads);
    }
    v->reasons = is_alone ? v->reasons : found.reasons;
    annunciator_set(v->config.annunciator, v->reasons | found.reasons, now_us); /* what was true before a reload is */
}

/* ---- the thread ---- */

static int64_t interval_us(const struct vigil *v)
{
    const int64_t half_us = v->service.watchdog_us / 2;
    return half_us > 0 && half_us < VIGIL_LOOK_US ? half_us : VIGIL_LOOK_US;
}

static void *run(void *argument)
{
    struct vigil *v = argument;
    while (!atomic_load(&v->stop)) {
        const int64_t now_us = clock_boot_us();
        vigil_look(v, now_us);
        (void)wake_wait_until(&v->wake, now_us + interval_us(v));
    }
    return NULL;
}

void vigil_init(struct vigil *v, const struct vigil_config *config)
{
    *v = (struct vigil){.config = *config, .service = {.fd = -1}, .watchdog = {.fd = -1}, .wake = {.fd = -1}};
    const int failed = pthread_mutex_init(&v->mutex, NULL);
    assert(failed == 0); /* a default mutex needs nothing that could be short */
    (void)failed;
}

static void sign(struct vigil *v, int64_t now_us)
{
    atomic_store_explicit(&v->main_us, now_us, memory_order_relaxed);
}

static void watch_main_alone(struct vigil *v, enum vigil_phase phase, int64_t most_us)
{
    sign(v, clock_boot_us());
    pthread_mutex_lock(&v->mutex);
    v->phase = phase;
    v->parts = (struct vigil_parts){.board = NULL, .alone_us = most_us};
    v->told_status[0] = '\0';
    v->owes_ready = false; /* until that is over */
    pthread_mutex_unlock(&v->mutex);
}

enum status vigil_start(struct vigil *v)
{
    if (service_open(&v->service) != STATUS_OK) {
        log_warning("the service manager cannot be told anything (NOTIFY_SOCKET), start this as its unit says");
    }
    const enum status status = wake_open(&v->wake);
    if (status != STATUS_OK) {
        return status;
    }
    v->has_thread =
        v->config.device != NULL || v->service.watchdog_us > 0 || annunciator_is_there(v->config.annunciator);
    watch_main_alone(v, VIGIL_STARTS, VIGIL_START_US);
    (void)!service_tell(&v->service, "STATUS=Starts");
    vigil_look(v, clock_boot_us());
    return v->has_thread ? thread_start(&v->thread, "vigil", run, v) : STATUS_OK;
}

void vigil_ends(struct vigil *v, bool goes_on)
{
    watch_main_alone(v, VIGIL_STOPS, VIGIL_STOP_US);
    (void)!service_tell(&v->service, goes_on ? "STATUS=Starts anew: a thread is stuck" : "STOPPING=1\nSTATUS=Stops");
}

/* It waits for nothing that could hang but a log that nobody reads. */
void vigil_stop(struct vigil *v, bool goes_on)
{
    atomic_store(&v->stop, true);
    wake_raise(&v->wake);
    thread_join(&v->thread);
    if (goes_on) {
        (void)!service_tell(&v->service, "WATCHDOG=1");
        (void)!(v->watchdog.fd >= 0 && watchdog_feed(&v->watchdog) == STATUS_OK);
    }
    watchdog_close(&v->watchdog, !goes_on);
    service_close(&v->service);
    wake_close(&v->wake);
}

void vigil_sign(struct vigil *v)
{
    const int64_t now_us = clock_boot_us();
    sign(v, now_us);
    if (v->started_us != 0 && !v->has_thread && now_us - v->looked_us >= VIGIL_LOOK_US) {
        vigil_look(v, now_us);
    }
}

void vigil_detach(struct vigil *v)
{
    watch_main_alone(v, VIGIL_RELOADS, VIGIL_RELOAD_US);
    service_tell_reload(&v->service);
}

void vigil_attach(struct vigil *v, const struct vigil_parts *parts)
{
    const int64_t now_us = clock_boot_us();
    sign(v, now_us);
    pthread_mutex_lock(&v->mutex);
    v->started_us = v->phase == VIGIL_STARTS ? now_us : v->started_us;
    v->phase = VIGIL_WATCHES;
    v->parts = *parts;
    tell_ready(v);
    pthread_mutex_unlock(&v->mutex);
    wake_raise(&v->wake);
}
