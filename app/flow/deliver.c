#include "app/flow/deliver.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/deliver_internal.h"
#include "hal/clock.h"

int64_t deliver_engine_ms(const struct deliver *d)
{
    return timebase_engine_ms(d->config.timebase, d->now_us);
}

int64_t deliver_correction_ms(const struct deliver *d)
{
    return d->wall_ms - deliver_engine_ms(d);
}

/* Insertion sort: once, at start, of a few hundred. */
static void sort_beds(const struct engine_config *config, uint16_t *by_id)
{
    for (uint16_t i = 0; i < config->bed_count; ++i) {
        uint16_t at = i;
        while (at > 0 && strcmp(config->beds[i].id, config->beds[by_id[at - 1]].id) < 0) {
            by_id[at] = by_id[at - 1];
            --at;
        }
        by_id[at] = i;
    }
}

struct deliver *deliver_make(struct arena *arena, const struct deliver_config *config)
{
    const uint16_t bed_count = config->context->config->bed_count;
    struct deliver *d = ARENA_TAKE(arena, struct deliver, 1);
    struct bed_present *beds = ARENA_TAKE(arena, struct bed_present, bed_count);
    uint32_t *behind = ARENA_TAKE(arena, uint32_t, bed_count + 2U);
    struct firsts_place *firsts = ARENA_TAKE(arena, struct firsts_place, bed_count + 2U);
    uint16_t *beds_by_id = ARENA_TAKE(arena, uint16_t, bed_count);
    struct direct_slot *direct = ARENA_TAKE(arena_reserve(arena), struct direct_slot, DELIVER_DIRECT_MAX);
    struct command_id *ids = ARENA_TAKE(arena, struct command_id, DELIVER_COMMAND_IDS);
    char *gathered = ARENA_TAKE(arena_reserve(arena), char, DELIVER_GATHERED_MAX);
    unsigned char *ahead = ARENA_TAKE(arena_reserve(arena), unsigned char, DELIVER_AHEAD_MAX);
    char *scratch = ARENA_TAKE(arena_reserve(arena), char, DELIVER_SCRATCH_MAX);
    if (d == NULL) {
        return NULL;
    }
    assert(config->broker_count > 0 && config->brokers != NULL && config->link != NULL);
    d->config = *config;
    d->link = config->link;
    d->context = config->context;
    d->present.beds = beds;
    d->outbox.behind = behind;
    d->outbox.firsts = (struct firsts){.places = firsts, .place_count = bed_count + 2U};
    d->beds_by_id = beds_by_id;
    d->direct = direct;
    d->commands.ids = ids;
    d->alarms.gathered = gathered;
    d->ahead.bytes = ahead;
    d->scratch = scratch;
    for (uint16_t i = 0; i < bed_count; ++i) {
        d->ward.beds[i] = (struct ward_bed){.score = SCORE_COUNT, .band = CARE_unscored};
    }
    (void)clock_utc_offset_s(clock_wall_ms()); /* shifts are local: the zone is read now, not while the gateway runs */
    sort_beds(d->context->config, beds_by_id);
    const int failed = pthread_mutex_init(&d->taking, NULL);
    assert(failed == 0); /* a default mutex needs nothing that could be short */
    (void)failed;
    return d;
}

/* The store may open while the thread runs already; with it come its alarms and the outbox. */
static void notice_store(struct deliver *d)
{
    struct store *store = atomic_load(d->config.store);
    if (store == d->store) {
        return;
    }
    d->store = store;
    commands_learn(d);
    if (d->link->state == LINK_UP) {
        present_begin(d);
    }
}

static void begin_round(struct deliver *d)
{
    d->now_us = clock_boot_us();
    d->wall_ms = clock_wall_ms();
    d->due_us = d->now_us + DELIVER_IDLE_US;
    d->congested = false;
    atomic_store(&d->config.board->deliver_alive_us, d->now_us);
}

/* While a backlog goes out, each acknowledgement brings a round: what is no alert is looked at in some of them. */
static bool is_time_to_refresh(struct deliver *d)
{
    const int64_t due_us = d->present.refreshed_us + DELIVER_REFRESH_US;
    if (d->outbox.behind_rows > 0 && d->now_us < due_us) {
        deliver_due(d, due_us);
        return false;
    }
    d->present.refreshed_us = d->now_us;
    return true;
}

static void deliver_round(struct deliver *d)
{
    begin_round(d);
    notice_store(d);
    direct_take(d);
    link_step(d);
    commands_take(d);
    boards_step(d);
    acked_return_all(d);
    const bool is_staying = d->link->state == LINK_UP && !brokers_leaving(d);
    if (is_staying && present_step(d)) {
        (void)alarms_settle(d);
        outbox_step_live(d);
        direct_step(d);
        outbox_step_behind(d);
    }
    commands_reply(d);
    if (is_staying && d->present.stage == PRESENT_COMPLETE) {
        resend_step(d);
    }
    if (is_staying && d->present.stage == PRESENT_COMPLETE && !d->congested && is_time_to_refresh(d)) {
        present_refresh(d);
    }
}

static int64_t make_round(void *context)
{
    struct deliver *d = context;
    deliver_round(d);
    return d->due_us;
}

/* Its rounds are made where their publishes go out, by the uplink's thread; this one sees to it that there are rounds. */
static void *deliver_run(void *argument)
{
    struct deliver *d = argument;
    struct uplink *uplink = d->link->uplink;
    thread_give_way();
    thread_set_slack_us(DELIVER_STANDBY_SLACK_US);
    begin_round(d);
    link_begin(d);
    uplink_leave_rounds(uplink, make_round, d);
    while (!atomic_load(&d->stop)) {
        (void)wake_wait_until(&d->link->standing_by, uplink_stand_in(uplink));
    }
    uplink_take_rounds(uplink);
    thread_set_slack_us(DELIVER_LEAVE_SLACK_US);
    if (d->detaching) {
        deliver_round(d); /* what was committed last, and replies: they know their beds by our indices */
        link_leave(d);
    } else {
        begin_round(d);
        link_farewell(d);
    }
    acked_return_all(d);
    return NULL;
}

enum status deliver_start(struct deliver *d)
{
    atomic_store(&d->stop, false);
    d->detaching = false;
    const enum status status = deliver_link_open(d);
    return status == STATUS_OK ? thread_start(&d->thread, "deliver", deliver_run, d) : status;
}

struct wake *deliver_wake(struct deliver *d)
{
    return &d->link->wake;
}

static void end_thread(struct deliver *d, bool detaching)
{
    d->detaching = detaching; /* seen by the thread when it sees `stop` */
    atomic_store(&d->stop, true);
    wake_raise(&d->link->standing_by);
    thread_join(&d->thread);
}

void deliver_stop(struct deliver *d)
{
    end_thread(d, false);
}

void deliver_hold(struct deliver *d, bool held)
{
    pthread_mutex_lock(&d->taking);
    d->held = held;
    pthread_mutex_unlock(&d->taking);
}

void deliver_detach(struct deliver *d)
{
    end_thread(d, true);
}
