#include "app/engine/belief.h"

#include <assert.h>
#include <string.h>

#define RATE_TIME_MS_LEAST 1000 /* of a monitor's numbers; see the header */

static bool hangs_together(const struct belief *belief, const struct channel_config *config, int64_t at_ms)
{
    return belief->has_heard && at_ms - belief->heard_at_ms <= (int64_t)config->period_ms * 3 / 2;
}

static int64_t distance(int32_t a_milli, int32_t b_milli)
{
    return a_milli > b_milli ? (int64_t)a_milli - b_milli : (int64_t)b_milli - a_milli;
}

static bool is_within_reach(uint32_t rate_milli_per_s, int64_t before_ms, int32_t before_milli, int64_t at_ms,
                            int32_t value_milli)
{
    const int64_t passed_ms = at_ms - before_ms;
    const int64_t time_ms = passed_ms > RATE_TIME_MS_LEAST ? passed_ms : RATE_TIME_MS_LEAST;
    return distance(value_milli, before_milli) * 1000 <= rate_milli_per_s * time_ms;
}

static bool is_near_believed(const struct belief *belief, uint32_t rate_milli_per_s, int64_t at_ms, int32_t value_milli)
{
    return belief->believed_count == 0 ||
           is_within_reach(rate_milli_per_s, belief->believed_at_ms, belief->believed_milli[0], at_ms, value_milli);
}

/* Two at one instant are one observation: the second does not second the first. */
static bool seconds_doubted(const struct belief *belief, uint32_t rate_milli_per_s, int64_t at_ms, int32_t value_milli)
{
    return belief->doubts && at_ms > belief->heard_at_ms &&
           is_within_reach(rate_milli_per_s, belief->heard_at_ms, belief->heard_milli, at_ms, value_milli);
}

enum quality belief_judge(const struct belief *belief, const struct channel_config *config, int64_t at_ms,
                          int32_t value_milli)
{
    assert(!belief->has_heard || at_ms >= belief->heard_at_ms);
    if (!hangs_together(belief, config, at_ms)) {
        return QUALITY_VALID;
    }
    const bool same = value_milli == belief->heard_milli;
    if (config->frozen_ms > 0 && same && at_ms - belief->same_since_ms >= (int64_t)config->frozen_ms) {
        return QUALITY_FROZEN;
    }
    const uint32_t rate = config->rate_milli_per_s;
    const bool believed = rate == 0 || is_near_believed(belief, rate, at_ms, value_milli) ||
                          seconds_doubted(belief, rate, at_ms, value_milli);
    return believed ? QUALITY_VALID : QUALITY_RATE;
}

static void hear(struct belief *belief, const struct channel_config *config, int64_t at_ms, int32_t value_milli)
{
    if (!hangs_together(belief, config, at_ms)) {
        *belief = (struct belief){.has_heard = false};
    }
    if (!belief->has_heard || value_milli != belief->heard_milli) {
        belief->same_since_ms = at_ms;
    }
    belief->has_heard = true;
    belief->heard_at_ms = at_ms;
    belief->heard_milli = value_milli;
}

/* Of two at one instant the last wins. */
static void believe(struct belief *belief, int64_t at_ms, int32_t value_milli)
{
    int32_t *milli = belief->believed_milli;
    if (belief->believed_count == 0 || belief->believed_at_ms != at_ms) {
        memmove(&milli[1], &milli[0], 2 * sizeof milli[0]);
        belief->believed_count = (uint8_t)(belief->believed_count < 3 ? belief->believed_count + 1 : 3);
    }
    milli[0] = value_milli;
    belief->believed_at_ms = at_ms;
}

static int32_t median_of(const int32_t milli[3])
{
    const int32_t low = milli[0] < milli[1] ? milli[0] : milli[1];
    const int32_t high = milli[0] < milli[1] ? milli[1] : milli[0];
    if (milli[2] < low) {
        return low;
    }
    return milli[2] > high ? high : milli[2];
}

/* The doubted one is believed with it, unless it is nearer to what was believed before. */
static bool brings_doubted(const struct belief *belief, const struct channel_config *config, int64_t at_ms,
                           int32_t value_milli)
{
    return hangs_together(belief, config, at_ms) && belief->believed_count > 0 &&
           seconds_doubted(belief, config->rate_milli_per_s, at_ms, value_milli) &&
           distance(value_milli, belief->heard_milli) < distance(value_milli, belief->believed_milli[0]);
}

int32_t belief_accept(struct belief *belief, const struct channel_config *config, int64_t at_ms, int32_t value_milli,
                      bool *out_spike)
{
    const int32_t newest = belief->believed_milli[0], stood = belief->stands_milli;
    const bool again = belief->believed_at_ms == at_ms;
    const bool brings = brings_doubted(belief, config, at_ms, value_milli);
    if (brings) {
        believe(belief, belief->heard_at_ms, belief->heard_milli);
    }
    hear(belief, config, at_ms, value_milli);
    belief->doubts = false;
    believe(belief, at_ms, value_milli);
    const bool filters = config->median && belief->believed_count == 3;
    belief->stands_milli = filters ? median_of(belief->believed_milli) : value_milli;
    *out_spike = filters && !brings && !again && newest != stood && newest != belief->stands_milli;
    return belief->stands_milli;
}

void belief_reject(struct belief *belief, const struct channel_config *config, int64_t at_ms, int32_t value_milli,
                   enum quality quality)
{
    const bool is_number = quality == QUALITY_IMPLAUSIBLE || quality == QUALITY_RATE || quality == QUALITY_FROZEN;
    if (!is_number) {
        belief->has_heard = false;
        return;
    }
    hear(belief, config, at_ms, value_milli);
    belief->doubts = quality == QUALITY_RATE;
}
