/* Digests of what goes in and what comes out: field by field, so that they are the same on every machine. */
#include <string.h>

#include "app/flow/input_line.h"

static uint64_t add(uint64_t digest, int64_t number)
{
    unsigned char bytes[8];
    for (unsigned i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)((uint64_t)number >> (8 * i) & 0xFF);
    }
    return hash_64(digest, bytes, sizeof bytes);
}

static uint64_t add_text(uint64_t digest, const char *text)
{
    return text == NULL ? add(digest, -1) : hash_64(digest, text, strlen(text) + 1);
}

/* --- configuration ------------------------------------------------------------------------------------------- */

static uint64_t add_ops(uint64_t digest, const struct expression_op *ops, unsigned count)
{
    digest = add(digest, count);
    for (unsigned i = 0; i < count; i++) {
        digest = add(digest, ops[i].code << 16 | ops[i].index << 8 | ops[i].comparison);
        digest = add(digest, ops[i].constant_micro);
    }
    return digest;
}

static uint64_t add_expression(uint64_t digest, const struct expression *e)
{
    digest = add_ops(digest, e->ops, e->op_count);
    digest = add_ops(digest, e->threshold_ops, e->threshold_op_count);
    for (unsigned i = 0; i < e->window_count; i++) {
        const struct window_spec *w = &e->windows[i];
        digest = add(digest, (int64_t)w->vital << 16 | (int64_t)w->aggregate << 8 | (w->bare ? 1 : 0));
        digest = add(digest, w->span_ms);
        digest = add(digest, (int64_t)w->count << 16 | w->coverage_permille);
    }
    for (unsigned i = 0; i < e->share_count; i++) {
        const struct expression_share *s = &e->shares[i];
        digest = add(digest, s->window << 24 | s->comparison << 16 | s->first_op << 8 | s->op_count);
    }
    return digest;
}

static uint64_t add_rule(uint64_t digest, const struct rule *rule)
{
    digest = add_text(digest, rule->name);
    digest = add(digest, (int64_t)rule->priority << 8 | (rule->latching ? 4 : 0) | (rule->has_clear ? 2 : 0) |
                             (rule->has_hysteresis ? 1 : 0));
    digest = add_expression(digest, &rule->when);
    digest = rule->has_clear ? add_expression(digest, &rule->clear) : digest;
    digest = add(digest, rule->hysteresis_milli);
    digest = add(add(digest, rule->delay_ms), rule->clear_delay_ms);
    digest = add(add(digest, rule->unknown_after_ms), rule->foresee_ms);
    digest = add(digest, (int64_t)rule->escalate_ms << 8 | rule->escalate_to);
    digest = rule->is_of_ward ? add(digest, (int64_t)rule->beds << 1 | 1) : digest;
    for (unsigned p = 0; p < rule->parameter_count; p++) {
        const struct rule_parameter *parameter = &rule->parameters[p];
        digest = add_text(digest, parameter->name);
        digest = add(add(digest, parameter->settable_low_milli), parameter->settable_high_milli);
        digest = add(digest, parameter->settable ? 1 : 0);
        for (unsigned c = 0; c < CLASS_COUNT; c++) {
            digest = add(digest, parameter->has[c] ? parameter->value_milli[c] : INT64_MIN);
        }
    }
    return digest;
}

static uint64_t add_channel(uint64_t digest, const struct channel_config *c)
{
    digest = add(digest, (int64_t)c->vital << 16 | (int64_t)c->monitor << 8 | (c->polled ? 8 : 0) |
                             (c->entered ? 4 : 0) | (c->episodic ? 2 : 0) | (c->optional ? 1 : 0));
    digest = add(add(digest, c->period_ms), c->stale_ms);
    digest = add(add(digest, c->rate_milli_per_s), (int64_t)c->frozen_ms << 1 | (c->median ? 1 : 0));
    return add(add(digest, c->low_milli), c->high_milli);
}

static uint64_t add_bed(uint64_t digest, const struct bed_config *bed)
{
    digest = add_text(digest, bed->id);
    digest = add(digest, (int64_t)bed->observation_interval_ms << 16 | bed->scores);
    digest = add(digest, (int64_t)bed->patient_class << 16 | bed->monitor_count << 1 | (bed->reports_alarms ? 1 : 0));
    for (unsigned i = 0; i < bed->channel_count; i++) {
        digest = add_channel(digest, &bed->channels[i]);
    }
    for (unsigned i = 0; i < bed->signal_count; i++) {
        const struct signal_config *s = &bed->signals[i];
        digest = add_text(digest, s->name);
        digest = add(digest, (int64_t)s->means << 16 | s->monitor << 8 | s->number);
        digest = add(digest, s->vitals);
    }
    for (unsigned i = 0; i < bed->override_count; i++) {
        const struct override_config *o = &bed->overrides[i];
        digest = add(add(digest, o->rule << 8 | o->parameter), o->value_milli);
    }
    for (unsigned i = 0; i < bed->monitor_count; i++) {
        digest = add(add(digest, bed->monitor_period_ms[i]), bed->monitor_line[i]);
    }
    return digest;
}

static uint64_t add_model(uint64_t digest, const struct estimate_model *model)
{
    digest = add_text(digest, model->name);
    digest = add(add(digest, model->intercept_micro), model->threshold_micro);
    digest = add(digest, model->inputs << 2 | (model->glucose_mg_dl ? 2 : 0) | (model->hdl_mg_dl ? 1 : 0));
    for (unsigned i = 0; i < ESTIMATE_INPUT_COUNT; i++) {
        digest = add(digest, model->coefficient_micro[i]);
    }
    return digest;
}

uint64_t input_digest_configuration(const struct engine_config *config)
{
    const struct pulse_config *pulse = &config->pulse;
    uint64_t digest = add(add(INPUT_DIGEST_BEGIN, config->stay_after_ms), config->line_count);
    digest = add(add(digest, pulse->disagree_milli), pulse->disagree_ms);
    digest = add(digest, (pulse->hr_from_pulse ? 2 : 0) | (pulse->pulse_from_hr ? 1 : 0));
    const struct pause_config *pause = &config->pause;
    digest = add(add(digest, pause->audio_ms), pause->audio_ms_max);
    digest = add(add(digest, pause->alarm_ms), pause->alarm_ms_max);
    digest = add(add(digest, pause->reminder_ms), pause->reminder_off_ms);
    digest = add(digest, pause->alarm_roles);
    digest = add(digest, (int64_t)config->escalate_ms << 8 | config->escalate_to);
    for (unsigned b = 0; b < config->bed_count; b++) {
        digest = add_bed(digest, &config->beds[b]);
    }
    digest = add(digest, config->pressure_scheme);
    for (unsigned m = 0; m < config->model_count; m++) {
        digest = add_model(digest, &config->models[m]);
    }
    for (unsigned r = 0; r < config->rule_count; r++) {
        digest = add_rule(digest, &config->rules[r]);
    }
    return digest;
}

/* --- records ------------------------------------------------------------------------------------------------- */

static uint64_t add_alert(uint64_t digest, const struct alert *a)
{
    digest = add(digest, (int64_t)a->key.bed << 32 | (int64_t)a->key.family << 16 | a->key.index);
    digest = add(digest, (int64_t)a->phase << 32 | (int64_t)a->state << 24 | a->inactivation << 16 | a->priority << 8 |
                             a->kind);
    digest = add(digest, a->source << 24 | a->reason << 16 | a->vital << 8 | (a->clock_synced ? 32 : 0) |
                             (a->test ? 16 : 0) | (a->unverified ? 8 : 0) | (a->has_value ? 4 : 0) |
                             (a->has_limit ? 2 : 0) | (a->is_repeated ? 1 : 0));
    digest = add(digest, a->has_value ? a->value_milli : 0);
    digest = add(digest, a->has_limit ? a->limit_milli : 0);
    digest = add(add(digest, (int64_t)a->id), a->rev);
    digest = add(add(add(digest, (int64_t)a->seq), (int64_t)a->bed_seq), (int64_t)a->stay);
    digest = add(add(digest, a->at_ms), a->violated_at_ms);
    digest = add(add(digest, a->condition_at_ms), a->raised_at_ms);
    digest = add(add(add(digest, a->pressing_at_ms), a->unseen_since_ms), a->unpaused << 1 | (a->escalated ? 1 : 0));
    for (unsigned i = 0; i < PARAMETERS_MAX; i++) {
        digest = add(digest, a->parameters_milli[i]);
    }
    digest = add(add(digest, (int64_t)a->part_of), (int64_t)a->stands_for_key << 16 | a->part_of_index);
    digest = hash_64(digest, a->stands_for, sizeof a->stands_for);
    return add_text(add_text(digest, a->detail), a->reported);
}

static uint64_t add_state(uint64_t digest, const struct bed_snapshot *s)
{
    digest = add(add(add(digest, (int64_t)s->stay), s->stay_start_ms), s->stay_began_ms);
    digest = add(digest, s->admission_ms);
    digest = add(add(digest, (int64_t)s->bed_seq), s->away_until_ms);
    digest = add(add(digest, s->away_at_ms), s->spo2_scale);
    for (unsigned i = 0; i < ENGINE_MONITORS_PER_BED_MAX; i++) {
        digest = add(digest, s->identity[i]);
    }
    for (unsigned i = 0; i < ENGINE_LIMITS_PER_BED_MAX; i++) {
        digest = add(add(digest, s->limits[i].key), s->limits[i].value_milli);
    }
    for (unsigned i = 0; i < PAUSES_PER_BED_MAX; i++) {
        const struct pause *pause = &s->pauses[i];
        digest = add(add(digest, pause->from_ms), pause->until_ms);
        digest = add(digest, (int64_t)pause->what << 32 | pause->rule_key);
    }
    digest = add(add(digest, s->attributes.known), s->attributes.fed_at_ms);
    for (unsigned i = 0; i < ATTRIBUTE_COUNT; i++) {
        digest = add(digest, s->attributes.value_milli[i]);
    }
    return digest;
}

uint64_t input_digest_record(uint64_t digest, const struct record *record)
{
    digest = add(digest, (int64_t)record->kind << 17 | (int64_t)record->bed << 1 | (record->of_command ? 1 : 0));
    switch (record->kind) {
    case RECORD_ALERT:
    case RECORD_FOLDED:
        digest = add_alert(digest, &record->alert);
        break;
    case RECORD_MEASUREMENT:
        digest = add(add(digest, record->measurement.at_ms), record->measurement.value_milli);
        digest = add(digest, record->measurement.vital);
        break;
    case RECORD_ENTRIES:
        digest = add(digest, (int64_t)record->entries.vital << 8 | record->entries.entries.count);
        for (unsigned i = 0; i < record->entries.entries.count; i++) {
            const struct kept_value *kept = &record->entries.entries.list[i];
            digest = add(add(add(digest, kept->at_ms), kept->value_milli), kept->entered ? 1 : 0);
        }
        break;
    case RECORD_COMMAND:
        digest = add(digest, record->command.kind << 8 | record->command.verdict);
        digest = add_text(digest, record->command.id);
        break;
    case RECORD_BED:
        break;
    }
    digest = record->bed != BED_NONE ? add_state(digest, &record->bed_state) : digest;
    return add(add(digest, (int64_t)record->seq), (int64_t)record->next_id);
}
