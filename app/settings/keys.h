/*
 * keys.h: every key of the configuration, of a profile and of a rules file, in tables; and what each section is read
 * into.
 *
 * The one place where keys, their defaults, limits and help stand. A key that was not written and has no default leaves
 * its member as the reader set it up. Constant data.
 */
#ifndef WARDGATE_KEYS_H
#define WARDGATE_KEYS_H

#include "app/engine/estimate.h"
#include "app/settings/schema.h"

/* --- wardgate.yaml --- */

struct ward_keys {
    const struct node *gateway, *store, *uplink, *commands, *watchdog, *indicator, *buses, *beds, *rules, *pulse, *ward,
        *models, *pauses, *escalate;
    const char *status_socket, *metrics;
    int64_t memory, rule_load, stay_after, scores, observation_interval,
        blood_pressure; /* scores: a bit per enum score */
};

struct gateway_keys {
    const char *id, *site, *ward;
};

struct store_keys {
    const char *path;
    int64_t size, journal_interval, history, trends, endurance;
};

struct login_keys { /* of a broker, and of the uplink for all of its brokers */
    const char *ca, *cert, *key, *username, *password_file;
};

struct uplink_keys {
    const struct node *brokers;
    const char *topic_root;
    int64_t version, insecure, keep_alive, publish_interval, return_after, backlog_rate, boards;
    struct login_keys login;
};
enum { MQTT_VERSION_5, MQTT_VERSION_3_1_1 }; /* places of the words of `version` */

struct commands_keys {
    int64_t enabled, roles; /* a bit per enum command_role */
};

struct watchdog_keys {
    const char *device;
    int64_t timeout;
};

struct indicator_keys {
    const char *led, *buzzer;
    int64_t led_active_low, buzzer_active_low, hook_timeout, after;
    const struct node *hook;
};

struct pulse_keys {
    int64_t fallback, disagree_by, disagree_for;
};
enum { FALLBACK_NONE, FALLBACK_HR, FALLBACK_PULSE, FALLBACK_BOTH }; /* places of the words of `fallback` */

struct pauses_keys {
    int64_t audio, audio_at_most, alarm, alarm_at_most, alarm_roles, reminder, reminder_off;
};

struct summary_keys { /* `ward` */
    int64_t enabled, patients_per_nurse;
    const struct node *shifts, *need, *capacity;
};

struct shift_keys {
    const char *from;
    int64_t nurses;
};

struct need_keys {
    int64_t low, low_medium, medium, high, unscored, week_hours, leave;
};

struct capacity_keys { /* 0: counted */
    int64_t window, arrivals_per_day, mean_stay;
};

struct broker_keys {
    const char *url;
    struct login_keys login;
};

struct bus_keys { /* of every kind: what one does not have stays 0 */
    int64_t kind; /* enum bus_kind */
    const char *device, *host, *listen;
    int64_t baud, parity, stop_bits, rs485, port, hang_up, believe_debug,
        timeout; /* stop_bits 0: as the parity wants */
};
enum { PARITY_WORD_NONE, PARITY_WORD_EVEN, PARITY_WORD_ODD }; /* places of the words of `parity` */

struct bed_keys {
    int64_t patient_class; /* enum patient_class */
    int64_t observation_interval;
    int64_t scores; /* a bit per enum score */
    const struct node *bus, *address, *profile, *monitors, *overrides;
};

struct monitor_keys {
    const char *bus, *profile;
    const struct node *address; /* a number, a place or nothing, as the kind of bus wants it */
};

/* --- profiles/NAME.yaml --- */

struct profile_keys {
    const char *profile, *title, *source;
    int64_t poll_interval;
    const struct node *identity, *channels, *bits;
};

struct identity_keys {
    int64_t reg, count;
};

struct channel_keys {
    int64_t reg, table, type, words, scale, offset, poll_interval, stale_after, frozen_after, spike;
    const char *unit;
    const struct node *absent, *range, *episodic;
};

enum { SPIKE_NONE, SPIKE_MEDIAN }; /* places of the words of `spike` */

struct episodic_keys {
    int64_t changed_by;
};

struct bit_keys {
    int64_t reg, bit, table, means;
    const struct node *channels;
    const char *text;
};

/* --- rules/NAME.yaml --- */

struct rules_keys {
    int64_t optional;
    const struct node *rules;
};

struct rule_keys {
    const struct node *when, *each, *clear, *hysteresis, *limit, *parameters, *settable;
    int64_t scope, beds; /* beds 0: not said */
    int64_t priority, latching, delay, clear_delay, unknown_after, coverage,
        foresee; /* unknown_after 0: the priority's */
    const char *text, *advice;
    const struct node *escalate;
};

struct escalate_keys {
    int64_t after, to; /* to: an enum priority less PRIORITY_MEDIUM */
};
enum { SCOPE_BED, SCOPE_WARD }; /* places of the words of `scope` */

/* --- models/NAME.yaml --- */

struct model_keys {
    const char *model, *title, *source;
    int64_t intercept, threshold;
    const struct node *coefficients, *units;
};

struct coefficient_keys {
    int64_t coefficient[ESTIMATE_INPUT_COUNT];
};

struct model_unit_keys {
    int64_t glucose, hdl;
};
enum { MODEL_UNIT_MMOL_L, MODEL_UNIT_MG_DL }; /* places of the words of both */

extern const struct section ward_section, gateway_section, store_section, uplink_section, broker_section,
    commands_section, watchdog_section, indicator_section, bus_section, bed_section, monitor_section, pulse_section,
    pauses_section, summary_section, shift_section, need_section, capacity_section;
extern const struct section profile_section, identity_section, channel_section, episodic_section, bit_section;
extern const struct section rules_section, rule_section, escalate_section;
extern const struct section model_section, coefficients_section, model_units_section;

#endif
