/*
 * builtin_delay.h: how long, by configuration, it takes at most from what is wrong at a bed to a built-in alarm.
 *
 * The alarm condition delay of IEC 60601-1-8, which is disclosed; what judges the alarms goes by the same figures. Pure; any thread.
 */
#ifndef WARDGATE_BUILTIN_DELAY_H
#define WARDGATE_BUILTIN_DELAY_H

#include "app/engine/engine.h"

/* Nothing heard of this monitor for so long is a silence. */
int64_t builtin_patience_ms(const struct bed_config *bed, unsigned monitor);

/* No newer value of this source of a pulse for so long: it counts as lost. */
int64_t builtin_pulse_lost_ms(const struct channel_config *channel);

/* Of any of the alarms at a bed (below BUILTIN_BED_COUNT). What a person or a monitor says counts at once. */
int64_t builtin_delay_ms(const struct engine_config *config, const struct bed_config *bed, enum builtin_alarm alarm);

/* The longest silence on any of the lines, after which what can be known of them is. */
int64_t builtin_lines_patience_ms(const struct engine_config *config);

#endif
