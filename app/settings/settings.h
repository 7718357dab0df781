/*
 * settings.h: the configuration as data: wardgate.yaml with the profiles and rules files that it names, read and
 * checked.
 *
 * settings_load reads everything and collects every fault of every file before it gives up, each with file:line:column
 * and key. Nothing is half-applied: with a fault there are no settings. All texts and arrays belong to the settings and
 * live until settings_free. Durations are ms, sizes bytes, values thousandths of the canonical unit. Thread: start-up
 * only; afterwards constant.
 */
#ifndef WARDGATE_SETTINGS_H
#define WARDGATE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "app/engine/capacity.h"
#include "app/engine/engine.h"
#include "app/engine/staffing.h"
#include "drivers/monitor/profile.h"

#define SETTINGS_ID_MAX           32 /* [A-Za-z][A-Za-z0-9_-]{0,31} */
#define SETTINGS_BEDS_MAX         256
#define SETTINGS_BUSES_MAX        256
#define SETTINGS_RULES_MAX        128
#define SETTINGS_PROFILES_MAX     64
#define SETTINGS_METRICS_PATH_MAX 1000 /* with the folder of the configuration, if it is seen from there */
#define SETTINGS_BOARDS_MAX       32
#define SETTINGS_BROKERS_MAX      4
#define SETTINGS_RULE_FILES_MAX   16
#define SETTINGS_SHIFTS_MAX       8
#define SETTINGS_HOOK_WORDS_MAX   8                                              /* the program and its arguments */
#define SETTINGS_FAULTS_MAX       50                                             /* shown; more are counted */
#define SETTINGS_SCORES           (1U << SCORE_news2 | 1U << SCORE_bedside_pews) /* unless said */
#define SETTINGS_FILES_MAX        (1 + SETTINGS_PROFILES_MAX + SETTINGS_RULE_FILES_MAX + ESTIMATE_MODELS_MAX)
#define SETTINGS_FILE_TEXT_MAX    256 /* longer names are shown by their end */

struct settings_mark { /* where something stands, for later messages (line and column from 1; line 0: a default) */
    const char *file;
    uint32_t line, column;
};

enum bus_kind { BUS_MODBUS_RTU, BUS_MODBUS_TCP, BUS_RTU_OVER_TCP, BUS_SERIAL, BUS_HL7 };

struct bus_settings {
    const char *name;
    enum bus_kind kind;
    const char *device;  /* modbus-rtu, serial */
    uint32_t baud;       /* 19200; serial: 9600 */
    uint8_t parity;      /* 'N', 'E', 'O'; even; serial: none */
    uint8_t stop_bits;   /* 1; modbus-rtu with no parity: 2 */
    bool hang_up;        /* modbus-tcp: after each turn */
    bool rs485;          /* modbus-rtu: the adapter turns the line round */
    const char *host;    /* modbus-tcp, rtu-over-tcp: a numeric address; hl7: that of `listen`, tidied (url.h) */
    uint16_t port;       /* 502; hl7: 2575 */
    bool believe_debug;  /* hl7 */
    uint32_t timeout_ms; /* 500 */
    struct settings_mark mark;
};

struct monitor_settings {
    uint16_t bus;      /* index into buses */
    uint8_t address;   /* Modbus unit, 1..247 (TCP: 0..255) */
    const char *place; /* hl7: PV1-3 or device id; NULL else (monitor_config of drivers/monitor/driver.h) */
    uint16_t profile;  /* index into profiles */
    struct settings_mark mark;
};

struct bed_settings {
    const char *id;
    enum patient_class patient_class;
    const struct monitor_settings *monitors;
    uint8_t monitor_count;
    const struct override_config *overrides; /* index of rule and parameter resolved, value converted */
    uint16_t override_count;
    uint32_t observation_interval_ms; /* 0: the ward's */
    uint16_t scores;                  /* bit per enum score; the ward's unless said */
    struct settings_mark mark;
};

struct broker_settings {
    const char *url; /* as written: mqtt://host:port or mqtts://host:port */
    const char *host;
    uint16_t port;
    bool tls;
    const char *ca, *cert, *key, *username, *password_file; /* NULL: none */
};

/* The local alarm. */
struct indicator_settings {
    const char *led, *buzzer; /* as hal/indicator.h names lines; NULL: there is none */
    bool led_active_low, buzzer_active_low;
    const char *hook[SETTINGS_HOOK_WORDS_MAX + 1]; /* ended by NULL; empty: there is none */
    uint32_t hook_timeout_ms, after_ms;
};

/* On duty from this minute of the local day until the next shift begins. */
struct shift_settings {
    const char *name;
    uint16_t from_minute;
    uint8_t nurses;
};

/* What is told of the ward as a whole. */
struct ward_settings {
    bool enabled;
    uint16_t patients_per_nurse;                       /* at most, else it is told; 0: any number */
    uint8_t shift_count;                               /* 0: nothing is known of staff */
    struct shift_settings shifts[SETTINGS_SHIFTS_MAX]; /* in order of the day */
    bool has_need;
    uint32_t need_milli[CARE_BAND_COUNT]; /* whole-time equivalents a patient */
    uint32_t week_hours_milli, leave_micro;
    bool has_capacity;
    struct capacity_config capacity;
};

/* A key that only a restart changes, for settings_can_follow. */
struct settings_fixed {
    const char *path;  /* uplink.keep_alive */
    const char *value; /* the same however it was written */
    struct settings_mark mark;
};

struct settings {
    const char *file;
    uint64_t files_digest;    /* of the text of every file that was read: whatever is changed, it is another */
    const char *const *files; /* every one of them, certificates, keys and passwords too, each once, as it was opened */
    uint16_t file_count;
    struct {
        const char *id, *site, *ward;
    } gateway;
    struct {
        const char *path;
        uint64_t size_bytes;
        uint32_t journal_interval_ms;
        int64_t history_keep_ms, trends_keep_ms;
        uint64_t endurance_bytes;
    } store;
    struct {
        struct broker_settings brokers[SETTINGS_BROKERS_MAX];
        uint8_t broker_count;
        const char *topic_root; /* "wardgate" */
        uint8_t version;        /* 5 or 4 (written 3.1.1) */
        bool insecure;
        uint16_t keep_alive_s;
        uint32_t publish_interval_ms; /* 500 */
        uint32_t return_after_ms;     /* 60 s */
        uint32_t backlog_rate;        /* alerts a second; 0: no bound */
        uint8_t boards;               /* how many are expected to be on; 0: none is */
    } uplink;
    struct {
        bool enabled;  /* false: nothing is subscribed to */
        uint8_t roles; /* bit per enum command_role that may send */
    } commands;
    struct {
        const char *device; /* NULL: none is used */
        uint32_t timeout_s;
    } watchdog;
    struct indicator_settings indicator;
    const char *metrics;              /* NULL: none are written */
    const char *status_socket;        /* <store.path>/status.sock unless said */
    uint32_t stay_after_ms;           /* 30 s: valid vitals at a vacant bed for this long begin a stay */
    uint16_t scores;                  /* bit per enum score */
    uint32_t observation_interval_ms; /* 4 h */
    uint64_t memory_bytes;            /* 64 MiB */
    uint32_t rule_load_micro;         /* 0.5: of COST_CORE_PER_S (cost.h) */

    struct pulse_config pulse;
    struct pause_config pause;
    uint32_t escalate_ms; /* of the gateway's own alarms; 0: never */
    enum priority escalate_to;
    enum pressure_scheme pressure_scheme; /* of the category of a cuff's pressure; NONE unless said */
    const struct estimate_model *models;
    uint8_t model_count;
    struct ward_settings ward;

    const struct bus_settings *buses;
    const struct bed_settings *beds;
    const struct profile *profiles;
    const struct rule *rules;
    const struct settings_mark *rule_marks; /* one a rule */
    const struct settings_fixed *fixed;
    uint16_t bus_count, bed_count, profile_count, rule_count, fixed_count;
};

struct settings_fault {
    struct settings_mark mark; /* its file is a text in the report */
    char key[96];              /* dotted path, e.g. beds.b03.class; may be empty */
    char message[256];         /* what is wrong, what to do */
    char excerpt[160];         /* the faulty text (an expression), with caret_offset/length; may be empty */
    uint16_t caret_offset, caret_length;
};

/* About 80 KB; not to be copied, since its marks point into it. */
struct settings_report {
    struct settings_fault faults[SETTINGS_FAULTS_MAX];
    uint32_t fault_count; /* may be more than kept */
    struct settings_fault warnings[SETTINGS_FAULTS_MAX];
    uint32_t warning_count;
    char files[SETTINGS_FILES_MAX][SETTINGS_FILE_TEXT_MAX]; /* the names that marks point to, in order of first use */
    uint16_t file_count;
};

/* builtin: the profiles that drivers bring, ended by NULL (gateway_profiles); NULL for none. One that a monitor names is
 * used as it is; a file of its name beside the configuration is then a fault.
 * True: *out is the whole configuration. False: report->fault_count > 0 and *out is NULL. Warnings may come with
 * either. */
bool settings_load(const char *file, const struct profile *const *builtin, struct settings **out,
                   struct settings_report *report);
void settings_free(struct settings *settings); /* NULL is allowed */

/* A profile file by itself, named after the profile in it. False: the faults are in the report. */
bool settings_load_profile(const char *file, struct profile_room *out, struct settings_report *report);

/* What `next` changes that a running gateway cannot take over (gateway, store, uplink, status_socket, metrics, commands, watchdog, indicator): a fault
 * each, added to the report of loading `next`, with its line there and what to do; false when there is one. Rules,
 * limits, beds, buses, profiles, pulse, pauses, escalate, stay_after, scores, estimates, ward and memory can be taken over. */
bool settings_can_follow(const struct settings *now, const struct settings *next, struct settings_report *report);

/* Bit per enum vital: what the monitors of a bed and people (ENTRY_ONLY) give together, and what a rule asks. A rule is evaluated at a bed that
 * gives all it asks. */
uint32_t settings_bed_vitals(const struct settings *settings, uint16_t bed);
uint32_t settings_rule_vitals(const struct rule *rule);

/* `wardgate: FILE:LINE:COLUMN: key: message`, and the excerpt with a caret under the fault, a fault a paragraph. */
void settings_print_report(const struct settings_report *report, FILE *stream, bool colours);

#endif
