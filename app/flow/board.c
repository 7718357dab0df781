#include "app/flow/board.h"

#include <assert.h>
#include <string.h>

void board_init(struct board *board, struct arena *arena, uint16_t bed_count)
{
    struct bed_view *views = ARENA_TAKE(arena, struct bed_view, bed_count);
    struct board_news *news = ARENA_TAKE(arena, struct board_news, bed_count);
    if (views == NULL || news == NULL) {
        return;
    }
    board->views = views;
    board->news = news;
    board->bed_count = bed_count;
    const int failed = pthread_mutex_init(&board->mutex, NULL);
    assert(failed == 0); /* a default mutex needs nothing that could be short */
    (void)failed;
}

static bool validity_changed(const struct bed_view *before, const struct bed_view *now)
{
    for (unsigned i = 0; i < now->vital_count; i++) {
        const struct vital_view *was = &before->vitals[i];
        const struct vital_view *is = &now->vitals[i];
        if (was->vital != is->vital || was->quality != is->quality) {
            return true;
        }
    }
    return before->vital_count != now->vital_count;
}

/* Alarms are none of it: they become known through the store. */
static bool is_to_be_told(const struct bed_view *before, const struct bed_view *now)
{
    return before->stay != now->stay || before->away_until_ms != now->away_until_ms ||
           before->spo2_scale != now->spo2_scale || validity_changed(before, now) ||
           memcmp(before->limits, now->limits, sizeof now->limits) != 0 ||
           memcmp(before->pauses, now->pauses, sizeof now->pauses) != 0;
}

bool board_put(struct board *board, const struct bed_view *view)
{
    assert(view->bed < board->bed_count);
    struct board_news *news = &board->news[view->bed];
    pthread_mutex_lock(&board->mutex);
    const bool is_first = atomic_fetch_add_explicit(&news->version, 1, memory_order_relaxed) == 0;
    const bool tells = is_first || is_to_be_told(&board->views[view->bed], view);
    (void)atomic_fetch_add_explicit(&news->changes, tells, memory_order_relaxed);
    const bool wakes = tells || !news->unwanted;
    board->views[view->bed] = *view;
    pthread_mutex_unlock(&board->mutex);
    return wakes;
}

uint64_t board_want(struct board *board, uint16_t bed, bool wanted)
{
    assert(bed < board->bed_count);
    pthread_mutex_lock(&board->mutex);
    board->news[bed].unwanted = !wanted;
    const uint64_t version = board_version(board, bed);
    pthread_mutex_unlock(&board->mutex);
    return version;
}

uint64_t board_take(struct board *board, uint16_t bed, struct bed_view *out)
{
    assert(bed < board->bed_count);
    pthread_mutex_lock(&board->mutex);
    const uint64_t version = board_version(board, bed);
    if (version != 0) {
        *out = board->views[bed];
    }
    pthread_mutex_unlock(&board->mutex);
    return version;
}

uint64_t board_take_vitals(struct board *board, uint16_t bed, struct board_vitals *out)
{
    assert(bed < board->bed_count);
    pthread_mutex_lock(&board->mutex);
    const uint64_t version = board_version(board, bed);
    const struct bed_view *view = &board->views[bed];
    if (version != 0) {
        out->stay = view->monitored ? view->stay : 0;
        out->at_ms = view->at_ms;
        out->count = view->vital_count;
        memcpy(out->vitals, view->vitals, view->vital_count * sizeof view->vitals[0]);
    }
    pthread_mutex_unlock(&board->mutex);
    return version;
}

/* Orders nothing: the view behind it is taken under the mutex. */
uint64_t board_version(const struct board *board, uint16_t bed)
{
    assert(bed < board->bed_count);
    return atomic_load_explicit(&board->news[bed].version, memory_order_relaxed);
}

uint64_t board_changes(const struct board *board, uint16_t bed)
{
    assert(bed < board->bed_count);
    return atomic_load_explicit(&board->news[bed].changes, memory_order_relaxed);
}

void board_put_certificate(struct board *board, const struct uplink_certificate *first_end)
{
    pthread_mutex_lock(&board->mutex);
    board->certificate = *first_end;
    pthread_mutex_unlock(&board->mutex);
}

void board_take_certificate(struct board *board, struct uplink_certificate *out)
{
    pthread_mutex_lock(&board->mutex);
    *out = board->certificate;
    pthread_mutex_unlock(&board->mutex);
}

const char *board_broker_word(const struct board *board, unsigned broker)
{
    static const char *const words[] = {
        [BROKER_UNKNOWN] = "unknown", [BROKER_ANSWERS] = "answers", [BROKER_SILENT] = "silent"};
    return words[atomic_load_explicit(&board->broker_answers[broker], memory_order_relaxed)];
}

void board_put_refused(struct board *board, const char text[ALERT_DETAIL_MAX])
{
    pthread_mutex_lock(&board->mutex);
    memcpy(board->refused, text, sizeof board->refused);
    pthread_mutex_unlock(&board->mutex);
}

void board_take_refused(struct board *board, char text[ALERT_DETAIL_MAX])
{
    pthread_mutex_lock(&board->mutex);
    memcpy(text, board->refused, sizeof board->refused);
    pthread_mutex_unlock(&board->mutex);
}

void board_put_boards(struct board *board, const struct presence *presence)
{
    pthread_mutex_lock(&board->mutex);
    board->presence = *presence;
    pthread_mutex_unlock(&board->mutex);
}

void board_take_boards(struct board *board, struct presence *out)
{
    pthread_mutex_lock(&board->mutex);
    *out = board->presence;
    pthread_mutex_unlock(&board->mutex);
}

void board_put_admissions(struct board *board, const struct admissions *admissions)
{
    pthread_mutex_lock(&board->mutex);
    board->admissions = *admissions;
    (void)atomic_fetch_add(&board->ward_puts, 1);
    pthread_mutex_unlock(&board->mutex);
}

void board_put_staff(struct board *board, const struct staffing_told *staff)
{
    pthread_mutex_lock(&board->mutex);
    board->staff = *staff;
    (void)atomic_fetch_add(&board->ward_puts, 1);
    pthread_mutex_unlock(&board->mutex);
}

void board_take_ward(struct board *board, struct admissions *out, struct staffing_told *out_staff)
{
    pthread_mutex_lock(&board->mutex);
    *out = board->admissions;
    *out_staff = board->staff;
    pthread_mutex_unlock(&board->mutex);
}

void board_put_clock(struct board *board, const struct clock_record *record)
{
    pthread_mutex_lock(&board->mutex);
    board->clock = *record;
    (void)atomic_fetch_add(&board->clock_puts, 1);
    pthread_mutex_unlock(&board->mutex);
}

void board_take_clock(struct board *board, struct clock_record *out)
{
    pthread_mutex_lock(&board->mutex);
    *out = board->clock;
    pthread_mutex_unlock(&board->mutex);
}

void board_continue(struct board *board, const struct board *before)
{
    atomic_store(&board->uplink_connected, atomic_load(&before->uplink_connected));
    atomic_store(&board->uplink_connects, atomic_load(&before->uplink_connects));
    atomic_store(&board->uplink_failures, atomic_load(&before->uplink_failures));
    atomic_store(&board->uplink_losses, atomic_load(&before->uplink_losses));
    atomic_store(&board->uplink_unacknowledged, atomic_load(&before->uplink_unacknowledged));
    atomic_store(&board->uplink_refusals, atomic_load(&before->uplink_refusals));
    atomic_store(&board->uplink_unheard_alerts, atomic_load(&before->uplink_unheard_alerts));
    atomic_store(&board->uplink_stand_ins, atomic_load(&before->uplink_stand_ins));
    atomic_store(&board->uplink_changed_us, atomic_load(&before->uplink_changed_us));
    atomic_store(&board->uplink_broker, atomic_load(&before->uplink_broker));
    for (unsigned i = 0; i < BOARD_BROKERS_MAX; ++i) {
        atomic_store(&board->broker_answers[i], atomic_load(&before->broker_answers[i]));
    }
    atomic_store(&board->uplink_aside, atomic_load(&before->uplink_aside));
    memcpy(board->refused, before->refused, sizeof board->refused);
    atomic_store(&board->uplink_refused_us, atomic_load(&before->uplink_refused_us));
    atomic_store(&board->uplink_unheard, atomic_load(&before->uplink_unheard));
    board->presence = before->presence;
    atomic_store(&board->boards_lately, atomic_load(&before->boards_lately));
    atomic_store(&board->boards_known_us, atomic_load(&before->boards_known_us));
    atomic_store(&board->boards_bad, atomic_load(&before->boards_bad));
    atomic_store(&board->boards_dropped, atomic_load(&before->boards_dropped));
    atomic_store(&board->delivered_row, atomic_load(&before->delivered_row));
    atomic_store(&board->delivered_seq, atomic_load(&before->delivered_seq));
    atomic_store(&board->passed_row, atomic_load(&before->passed_row));
    atomic_store(&board->passed_seq, atomic_load(&before->passed_seq));
    atomic_store(&board->high_seq, atomic_load(&before->high_seq));
    atomic_store(&board->high_row, atomic_load(&before->high_row));
    atomic_store(&board->observations, atomic_load(&before->observations));
    atomic_store(&board->observations_late, atomic_load(&before->observations_late));
    atomic_store(&board->journal_dropped, atomic_load(&before->journal_dropped));
    atomic_store(&board->commands, atomic_load(&before->commands));
    atomic_store(&board->commands_dropped, atomic_load(&before->commands_dropped));
    board->certificate = before->certificate;
    board->admissions = before->admissions;
    board->staff = before->staff;
    board->clock = before->clock;
}
