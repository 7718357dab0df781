#include "app/flow/trend_keeper.h"

#include <assert.h>
#include <string.h>

#include "app/flow/log.h"
#include "hal/clock.h"

#define US_PER_MS 1000
#define US_PER_S  1000000

void trend_keeper_init(struct trend_keeper *keeper, struct arena *arena, const struct trend_keeper_config *config)
{
    struct trend_bed *beds = ARENA_TAKE(arena, struct trend_bed, config->engine->bed_count);
    if (beds != NULL) {
        *keeper = (struct trend_keeper){.config = *config, .beds = beds, .minute = -1};
    }
    for (uint16_t b = 0; b < config->engine->bed_count; b++) {
        struct trend_channel *channels = ARENA_TAKE(arena, struct trend_channel, config->engine->beds[b].channel_count);
        if (beds != NULL) {
            beds[b].channels = channels;
        }
    }
}

/* ---- counting ---- */

static void begin_stay(struct trend_bed *bed, uint64_t stay)
{
    for (unsigned i = 0; i < bed->count; i++) {
        bed->channels[i].count = 0;
    }
    bed->stay = stay;
}

/* The vitals that a bed shows may become more; NULL: more than it has channels. */
static struct trend_channel *channel_of(struct trend_bed *bed, uint8_t vital, unsigned most)
{
    unsigned at = 0;
    while (at < bed->count && bed->vitals[at] != vital) {
        at++;
    }
    if (at == bed->count) {
        if (at == most) {
            return NULL;
        }
        bed->vitals[bed->count++] = vital;
        bed->channels[at].seen_ms = INT64_MIN;
    }
    return &bed->channels[at];
}

/* One that was over a minute old when it was first seen, as the last cuff pressure after a restart, is none of this minute. */
static void count_value(struct trend_channel *channel, const struct vital_view *vital, int64_t view_ms)
{
    if (vital->quality != QUALITY_VALID || vital->at_ms == channel->seen_ms) {
        return;
    }
    const int32_t value = vital->value_milli;
    channel->seen_ms = vital->at_ms;
    if (view_ms - vital->at_ms > TRENDS_MINUTE_MS) {
        return;
    }
    if (channel->count == 0) {
        channel->sum_milli = 0;
        channel->min_milli = channel->max_milli = value;
    }
    channel->sum_milli += value;
    channel->min_milli = value < channel->min_milli ? value : channel->min_milli;
    channel->max_milli = value > channel->max_milli ? value : channel->max_milli;
    channel->count++;
}

static void look_at_bed(struct trend_keeper *k, uint16_t index)
{
    struct board_vitals view;
    struct trend_bed *bed = &k->beds[index];
    if (board_version(k->config.board, index) == bed->version) {
        return;
    }
    bed->version = board_take_vitals(k->config.board, index, &view);
    if (view.stay != bed->stay) {
        begin_stay(bed, view.stay);
    }
    for (unsigned i = 0; i < view.count && view.stay != 0; i++) {
        struct trend_channel *channel =
            channel_of(bed, view.vitals[i].vital, k->config.engine->beds[index].channel_count);
        if (channel != NULL) {
            count_value(channel, &view.vitals[i], view.at_ms);
        }
    }
}

/* ---- writing ---- */

static int32_t mean_of(const struct trend_channel *channel)
{
    const int64_t half = (int64_t)channel->count / 2;
    const int64_t sum = channel->sum_milli;
    return (int32_t)((sum >= 0 ? sum + half : sum - half) / (int64_t)channel->count);
}

static bool bed_has_counted(const struct trend_bed *bed)
{
    for (unsigned i = 0; i < bed->count; i++) {
        if (bed->channels[i].count > 0) {
            return true;
        }
    }
    return false;
}

static bool has_counted(const struct trend_keeper *k)
{
    for (uint16_t b = 0; b < k->config.engine->bed_count; b++) {
        if (bed_has_counted(&k->beds[b])) {
            return true;
        }
    }
    return false;
}

static enum status put_bed(struct trend_keeper *k, uint16_t index)
{
    const struct trend_bed *bed = &k->beds[index];
    struct trends_row row = {.bed = k->config.engine->beds[index].id, .stay = bed->stay};
    for (unsigned i = 0; i < bed->count; i++) {
        const struct trend_channel *channel = &bed->channels[i];
        if (channel->count > 0) {
            row.entries[row.count++] =
                (struct trends_entry){.vital = bed->vitals[i],
                                      .count = (uint16_t)(channel->count < UINT16_MAX ? channel->count : UINT16_MAX),
                                      .min_milli = channel->min_milli,
                                      .mean_milli = mean_of(channel),
                                      .max_milli = channel->max_milli};
        }
    }
    return trends_put(k->trends, &row);
}

/* It has no time source, and lies behind what is written, as one that says 1970: by it what is written would go (trends.h). */
static bool clock_is_behind(struct trend_keeper *k)
{
    int64_t first = 0, last = 0;
    return !clock_is_synchronised() && trends_span(k->trends, &first, &last) == STATUS_OK && k->minute < last;
}

/* The next rows, in one transaction. A minute of a clock that is wrong for sure is lost. */
static enum status put_rows(struct trend_keeper *k)
{
    unsigned rows = 0;
    if (clock_is_behind(k)) {
        k->next = k->config.engine->bed_count;
        return STATUS_OK;
    }
    enum status status = trends_begin(k->trends, k->minute);
    for (; status == STATUS_OK && k->next < k->config.engine->bed_count && rows < TREND_ROWS_MOST; k->next++) {
        if (bed_has_counted(&k->beds[k->next])) {
            status = put_bed(k, k->next);
            rows++;
        }
    }
    return status == STATUS_OK ? trends_commit(k->trends) : status;
}

/* What was counted is written, or lost. */
static void begin_minute(struct trend_keeper *k, int64_t minute)
{
    for (uint16_t b = 0; b < k->config.engine->bed_count; b++) {
        begin_stay(&k->beds[b], k->beds[b].stay);
    }
    k->is_over = false;
    k->next = 0;
    k->minute = minute;
}

static int64_t minute_of(int64_t wall_ms)
{
    return wall_ms >= 0 ? wall_ms / TRENDS_MINUTE_MS : 0;
}

static void look_at_beds(struct trend_keeper *k)
{
    for (uint16_t b = 0; b < k->config.engine->bed_count; b++) {
        look_at_bed(k, b);
    }
}

void trend_keeper_write(struct trend_keeper *keeper, int64_t wall_ms)
{
    assert(atomic_load(&keeper->state) == TREND_OPEN);
    const int64_t begun_us = clock_boot_us();
    keeper->is_over = true;
    keeper->status = put_rows(keeper);
    keeper->took_us = clock_boot_us() - begun_us;
    const bool fine = keeper->status == STATUS_OK && keeper->took_us <= TREND_SLOW_US;
    if (!fine || keeper->next == keeper->config.engine->bed_count) {
        begin_minute(keeper, minute_of(wall_ms));
        look_at_beds(keeper);
    }
    atomic_store(&keeper->written, fine);
    if (!fine) {
        /* Release: main sees why. */
        atomic_store_explicit(&keeper->state, TREND_RESTING, memory_order_release);
    }
}

bool trend_keeper_waits(const struct trend_keeper *keeper, bool stopping)
{
    return atomic_load_explicit(&keeper->state, memory_order_acquire) == TREND_OPEN &&
           (keeper->is_over || (stopping && keeper->minute >= 0 && has_counted(keeper)));
}

/* A minute whose rows still wait when the next one is over, too, is lost. */
void trend_keeper_look(struct trend_keeper *keeper, int64_t wall_ms)
{
    const int64_t minute = minute_of(wall_ms);
    const bool is_open = atomic_load_explicit(&keeper->state, memory_order_acquire) == TREND_OPEN;
    if (keeper->is_over && is_open && (minute == keeper->minute || minute == keeper->minute + 1)) {
        return;
    }
    if (minute != keeper->minute && is_open && !keeper->is_over && has_counted(keeper)) {
        keeper->is_over = true;
        return;
    }
    if (minute != keeper->minute || keeper->is_over) {
        begin_minute(keeper, minute);
    }
    look_at_beds(keeper);
}

/* ---- main's ---- */

static enum status open_trends(struct trend_keeper *k)
{
    const enum status status = trends_open(&k->config.trends, &k->trends);
    if (status != STATUS_CORRUPT) {
        return status;
    }
    atomic_store(&k->replaced, true);
    log_warning("the trends were damaged, or of another form: they are set aside and begun anew (%s)",
                k->config.trends.path);
    return STATUS_OK;
}

static void tell(struct trend_keeper *k, enum status status)
{
    if (status != k->told) {
        log_warning(
            "trends cannot be written (%s: %s), alerts are not concerned; tried again every %d s, mend the disk",
            k->config.trends.path, status_text(status), TREND_REST_US / US_PER_S);
    }
    k->told = status;
}

/* The writer gave it back. */
static void rest(struct trend_keeper *k, int64_t now_us)
{
    const bool slow = k->took_us > TREND_SLOW_US;
    trends_close(k->trends);
    k->trends = NULL;
    atomic_store(&k->failing, true);
    k->due_us = now_us + (slow ? TREND_LONG_REST_US : TREND_REST_US);
    if (k->status != STATUS_OK) {
        tell(k, k->status);
    } else {
        log_warning(
            "the disk needed %lld ms for a minute of trends (%s), so they pause for %d s: alerts are stored there, "
            "too; look after the disk",
            (long long)(k->took_us / US_PER_MS), k->config.trends.path, TREND_LONG_REST_US / US_PER_S);
    }
    atomic_store_explicit(&k->state, TREND_CLOSED, memory_order_release);
}

static void open_again(struct trend_keeper *k, int64_t now_us)
{
    const enum status status = open_trends(k);
    k->due_us = now_us + TREND_REST_US;
    if (status != STATUS_OK) {
        atomic_store(&k->failing, true);
        tell(k, status);
        return;
    }
    atomic_store(&k->written, false);
    /* Release: it is open when the writer sees so. */
    atomic_store_explicit(&k->state, TREND_OPEN, memory_order_release);
}

void trend_keeper_tend(struct trend_keeper *keeper, int64_t now_us)
{
    const int state = atomic_load_explicit(&keeper->state, memory_order_acquire);
    if (state == TREND_OPEN && atomic_load(&keeper->written)) {
        atomic_store(&keeper->failing, false);
    }
    if (state == TREND_RESTING) {
        rest(keeper, now_us);
    } else if (state == TREND_OPEN && keeper->told != STATUS_OK && atomic_load(&keeper->written)) {
        log_note("trends are written again");
        keeper->told = STATUS_OK;
    } else if (state == TREND_CLOSED && keeper->config.trends.minutes > 0 && now_us >= keeper->due_us &&
               atomic_load(keeper->config.store) != NULL) {
        open_again(keeper, now_us);
    }
}

void trend_keeper_close(struct trend_keeper *keeper)
{
    trends_close(keeper->trends);
    keeper->trends = NULL;
    atomic_store(&keeper->state, TREND_CLOSED);
}
