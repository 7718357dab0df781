#include "app/flow/snapshot_read.h"

#include <string.h>

/* ---- as schema 3 has them; numbers are spelled out, for today's may move on ---- */

struct bed_snapshot_3 {
    uint64_t stay;
    int64_t stay_start_ms;
    uint64_t bed_seq;
    int64_t away_until_ms, away_at_ms;
    int32_t identity[8];
    struct set_limit limits[16];
    struct pause pauses[8];
    uint8_t spo2_scale;
    struct attributes attributes;
};

struct alert_3 {
    struct alarm_key key;
    uint8_t phase, state, inactivation, priority, kind, source, reason, unpaused;
    bool clock_synced, test, unverified, has_value, has_limit, escalated, is_repeated;
    uint8_t vital;
    int32_t value_milli, limit_milli;
    uint32_t rev;
    uint64_t id, seq, bed_seq, stay;
    int64_t at_ms, violated_at_ms, condition_at_ms, raised_at_ms;
    uint64_t part_of;
    uint16_t part_of_index;
    uint8_t stands_for[32];
    uint32_t stands_for_key;
    int64_t pressing_at_ms;
    int32_t parameters_milli[6];
    char detail[96], reported[40];
};

_Static_assert(sizeof(struct bed_snapshot_3) != sizeof(struct bed_snapshot) &&
                   sizeof(struct alert_3) != sizeof(struct alarm_snapshot),
               "forms are told by their size");
_Static_assert(sizeof((struct bed_snapshot){.stay = 0}.limits) == sizeof((struct bed_snapshot_3){.stay = 0}.limits) &&
                   sizeof((struct bed_snapshot){.stay = 0}.pauses) ==
                       sizeof((struct bed_snapshot_3){.stay = 0}.pauses) &&
                   sizeof((struct bed_snapshot){.stay = 0}.identity) ==
                       sizeof((struct bed_snapshot_3){.stay = 0}.identity),
               "lists are copied whole");
_Static_assert(sizeof((struct alert){.rev = 0}.stands_for) == sizeof((struct alert_3){.rev = 0}.stands_for) &&
                   sizeof((struct alert){.rev = 0}.parameters_milli) ==
                       sizeof((struct alert_3){.rev = 0}.parameters_milli) &&
                   sizeof((struct alert){.rev = 0}.detail) == sizeof((struct alert_3){.rev = 0}.detail) &&
                   sizeof((struct alert){.rev = 0}.reported) == sizeof((struct alert_3){.rev = 0}.reported),
               "so are they here");

static void bed_from_3(const struct bed_snapshot_3 *old, struct bed_snapshot *out)
{
    *out = (struct bed_snapshot){.stay = old->stay,
                                 .stay_start_ms = old->stay_start_ms,
                                 .stay_began_ms = old->stay != 0 ? old->stay_start_ms : 0,
                                 .bed_seq = old->bed_seq,
                                 .away_until_ms = old->away_until_ms,
                                 .away_at_ms = old->away_at_ms,
                                 .spo2_scale = old->spo2_scale,
                                 .attributes = old->attributes};
    memcpy(out->identity, old->identity, sizeof out->identity);
    memcpy(out->limits, old->limits, sizeof out->limits);
    memcpy(out->pauses, old->pauses, sizeof out->pauses);
}

static void alert_from_3(const struct alert_3 *old, struct alert *out)
{
    *out = (struct alert){.key = old->key,
                          .phase = old->phase,
                          .state = old->state,
                          .inactivation = old->inactivation,
                          .priority = old->priority,
                          .kind = old->kind,
                          .source = old->source,
                          .reason = old->reason,
                          .unpaused = old->unpaused,
                          .clock_synced = old->clock_synced,
                          .test = old->test,
                          .unverified = old->unverified,
                          .has_value = old->has_value,
                          .has_limit = old->has_limit,
                          .escalated = old->escalated,
                          .is_repeated = old->is_repeated,
                          .vital = old->vital,
                          .value_milli = old->value_milli,
                          .limit_milli = old->limit_milli,
                          .rev = old->rev,
                          .id = old->id,
                          .seq = old->seq,
                          .bed_seq = old->bed_seq,
                          .stay = old->stay,
                          .at_ms = old->at_ms,
                          .violated_at_ms = old->violated_at_ms,
                          .condition_at_ms = old->condition_at_ms,
                          .raised_at_ms = old->raised_at_ms,
                          .pressing_at_ms = old->pressing_at_ms,
                          .unseen_since_ms = old->raised_at_ms,
                          .part_of = old->part_of,
                          .part_of_index = old->part_of_index,
                          .stands_for_key = old->stands_for_key};
    memcpy(out->stands_for, old->stands_for, sizeof out->stands_for);
    memcpy(out->parameters_milli, old->parameters_milli, sizeof out->parameters_milli);
    memcpy(out->detail, old->detail, sizeof out->detail);
    memcpy(out->reported, old->reported, sizeof out->reported);
}

/* ---- whichever it is: its size tells ---- */

uint8_t snapshot_vital(uint8_t vital)
{
    _Static_assert((int)VITAL_oxygen_device == 31 && (int)VITAL_NONE == 32, "these two change places");
    if (vital == VITAL_NONE) {
        return VITAL_oxygen_device;
    }
    return vital == VITAL_oxygen_device ? VITAL_NONE : vital;
}

_Static_assert(sizeof(struct bed_snapshot_3) != sizeof(struct bed_snapshot), "another schema tells them apart");
_Static_assert(sizeof(struct alert_3) != sizeof(struct alarm_snapshot), "another schema tells them apart");

static bool take(const void *bytes, size_t size, void *out, size_t size_of_out)
{
    if (size == size_of_out) {
        memcpy(out, bytes, size);
    }
    return size == size_of_out;
}

bool snapshot_read_bed(const void *bytes, size_t size, struct bed_snapshot *out)
{
    struct bed_snapshot_3 old;
    const bool is_old = take(bytes, size, &old, sizeof old);
    if (is_old) {
        bed_from_3(&old, out);
    }
    return is_old || take(bytes, size, out, sizeof *out);
}

bool snapshot_read_alarm(const void *bytes, size_t size, struct alarm_snapshot *out)
{
    struct alert_3 old;
    const bool is_old = take(bytes, size, &old, sizeof old);
    if (is_old) {
        alert_from_3(&old, &out->last);
    }
    const bool known = is_old || take(bytes, size, out, sizeof *out);
    if (known) {
        out->last.vital = snapshot_vital(out->last.vital);
    }
    return known;
}
