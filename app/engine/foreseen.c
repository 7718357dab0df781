/*
 * The advisory `<rule>.foreseen` of a rule with `foresee`: its vital is on the way to its limit.
 *
 *     off --two estimates in a row that are good (take_estimate)--> on --estimate no longer fair--> off
 *                                                                   |
 *          the rule's own alarm begins, data stop, the stay ends, its limit is another one: off at once
 *
 * Good: the limit is at most `foresee` away, nine pairs in ten agree, the change stands out. Fair: at most one and a half
 * times as far, three pairs in four. The text says what was estimated at the start and does not change with it.
 *
 * Data have stopped after a minute without a value, or two expected periods. A trend begins anew then, after a restart
 * (as far as the journal does not give it again) and with every stay.
 */
#include <stdio.h>
#include <string.h>

#include "app/engine/condition.h"
#include "app/engine/engine_internal.h"

#define GOOD_PERMILLE  900
#define FAIR_PERMILLE  750
#define GOOD_IN_A_ROW  2
#define STOPPED_MS     60000
#define HALF_MINUTE_MS 30000
#define MINUTE_MS      60000
#define PERMILLE       1000

static const struct channel *channel_of(const struct bed *bed, const struct rule_alarm *r)
{
    return bed_channel(bed, (enum vital)r->rule->when.first_vital);
}

static bool is_old(const struct channel *channel, int64_t at_ms, int64_t now_ms)
{
    const int64_t periods_ms = 2 * (int64_t)channel->config->period_ms;
    return now_ms - at_ms >= (periods_ms > STOPPED_MS ? periods_ms : STOPPED_MS);
}

static bool is_within(const struct foresight *sight, int64_t horizon_ms, uint16_t agreement_permille)
{
    return sight->stands_out && sight->agreement_permille >= agreement_permille && sight->reach_ms > 0 &&
           sight->reach_ms <= horizon_ms;
}

/* "spo2 reaches 88 % in about 6 min (93 % of slopes agree)" */
static void say(struct alarm *alarm, const struct foresight *sight)
{
    const struct alert_head *alert = &alarm->last;
    char value[24];
    const int64_t minutes = (sight->reach_ms + HALF_MINUTE_MS) / MINUTE_MS;
    condition_value_text(value, sizeof value, alert->limit_milli);
    (void)snprintf(alarm->words->detail, sizeof alarm->words->detail,
                   "%s reaches %s %s in about %lld min (%u %% of slopes agree)",
                   vital_info((enum vital)alert->vital)->name, value, vital_info((enum vital)alert->vital)->unit,
                   (long long)(minutes > 0 ? minutes : 1), sight->agreement_permille * 100U / PERMILLE);
}

/* One that was restored bears the limit that it told of. */
static void take_limit(struct alert_head *alert, const struct alert_head *of_rule)
{
    alert->limit_milli = of_rule->limit_milli;
    memcpy(alert->parameters_milli, of_rule->parameters_milli, sizeof alert->parameters_milli);
}

static void take_estimate(struct engine *engine, struct bed *bed, struct rule_alarm *r)
{
    struct foreseen *foreseen = r->foreseen;
    struct alarm *alarm = &foreseen->alarm;
    struct foresight sight;
    const int64_t horizon_ms = r->rule->foresee_ms;
    const bool known =
        foresee_estimate(&foreseen->trend, r->alarm.last.limit_milli, r->rule->when.limit_direction, &sight);
    const bool good = known && is_within(&sight, horizon_ms, GOOD_PERMILLE);
    const bool fair = known && is_within(&sight, horizon_ms + horizon_ms / 2, FAIR_PERMILLE);
    foreseen->good = (uint8_t)(good ? foreseen->good + (foreseen->good < GOOD_IN_A_ROW ? 1 : 0) : 0);
    if (alarm->raised && !fair) {
        alarm_end(engine, bed, alarm);
    } else if (!alarm->raised && foreseen->good == GOOD_IN_A_ROW && !r->alarm.raised && bed->state.stay != 0 &&
               !bed_is_away(bed)) {
        take_limit(&alarm->last, &r->alarm.last);
        alarm->last.has_value = r->alarm.last.has_value;
        alarm->last.value_milli = r->alarm.last.value_milli;
        say(alarm, &sight);
        alarm_start(engine, bed, alarm, engine->now_ms, engine->now_ms);
    }
}

bool foreseen_applies(const struct bed_config *bed, const struct rule *rule)
{
    bool has_continuous = false;
    for (unsigned i = 0; i < bed->channel_count; i++) {
        const struct channel_config *channel = &bed->channels[i];
        has_continuous |= channel->vital == (enum vital)rule->when.first_vital && !channel->episodic;
    }
    return rule->foresee_ms != 0 && has_continuous;
}

void foreseen_make(struct arena *arena, const struct bed *bed, struct rule_alarm *r)
{
    if (!foreseen_applies(bed->config, r->rule)) {
        return;
    }
    r->foreseen = ARENA_TAKE(arena, struct foreseen, 1);
    struct alert_words *words = ARENA_TAKE(arena_reserve(arena), struct alert_words, 1);
    if (r->foreseen != NULL) {
        struct alarm_key key = r->alarm.last.key;
        key.family = ALARM_FORESEEN;
        *r->foreseen = (struct foreseen){.good = 0};
        alarm_prepare(&r->foreseen->alarm, &key, KIND_ADVISORY, SOURCE_RULE, PRIORITY_NONE, REASON_FORESEEN);
        r->foreseen->alarm.words = words;
        r->foreseen->alarm.last.vital = r->rule->when.first_vital;
        r->foreseen->alarm.last.has_limit = true;
    }
}

void foreseen_reset(struct rule_alarm *r)
{
    if (r->foreseen != NULL) {
        r->foreseen->good = 0;
        foresee_reset(&r->foreseen->trend);
    }
}

void foreseen_end(struct engine *engine, struct bed *bed, struct rule_alarm *r)
{
    if (r->foreseen != NULL) {
        r->foreseen->good = 0;
        alarm_end_if_raised(engine, bed, &r->foreseen->alarm);
    }
}

void foreseen_step(struct engine *engine, struct bed *bed, struct rule_alarm *r)
{
    struct foreseen *foreseen = r->foreseen;
    const int64_t now_ms = engine->now_ms;
    int64_t at_ms = 0;
    int32_t value_milli = 0;
    if (foreseen == NULL) {
        return;
    }
    const struct channel *channel = channel_of(bed, r);
    bool closed = false;
    if (series_last(channel->series, &at_ms, &value_milli) &&
        (!foreseen->trend.begun || at_ms > foreseen->trend.last_ms) && !is_old(channel, at_ms, now_ms)) {
        closed = foresee_put(&foreseen->trend, at_ms, value_milli);
    }
    if (foreseen->trend.begun && is_old(channel, foreseen->trend.last_ms, now_ms)) {
        foreseen_reset(r);
    }
    closed = foresee_close(&foreseen->trend, now_ms) || closed;
    if (engine->restoring) {
        return;
    }
    const bool of_another =
        foreseen->alarm.raised && foreseen->alarm.last.limit_milli != r->alarm.last.limit_milli; /* before a restart */
    if (r->alarm.raised || !foreseen->trend.begun || of_another) {
        foreseen_end(engine, bed, r);
    } else if (closed) {
        take_estimate(engine, bed, r);
    }
}

int64_t foreseen_next_ms(const struct rule_alarm *r)
{
    return r->foreseen != NULL ? foresee_next_ms(&r->foreseen->trend) : SERIES_NEVER;
}
