/*
 * watch_ward.h: what `wardgate status --watch` knows of the gateway, read from the rows of its answer (app/flow/report_rows.h).
 *
 * What came over the socket is not trusted: what is no row, or of something that stands in no list here, is left out; texts may hold anything, and are made
 * harmless where they are shown (screen.h). What there is no room for is counted.
 * Memory: the caller's, of fixed size (2 MiB, most of it never touched). Pure; one thread.
 */
#ifndef WARDGATE_WATCH_WARD_H
#define WARDGATE_WATCH_WARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/rule.h"
#include "app/flow/report_rows.h"
#include "app/flow/ward_summary.h"

#define WATCH_AGE_UNKNOWN  (-1)
#define WATCH_VITALS_MAX   4096
#define WATCH_ALARMS_MAX   1024
#define WATCH_LIMITS_MAX   512
#define WATCH_SCORES_MAX   16
#define WATCH_PAUSES_MAX   16
#define WATCH_MONITORS_MAX 1024
#define WATCH_ID_MAX       40
#define WATCH_WORD_MAX     24
#define WATCH_NAME_MAX     64
#define WATCH_WORDS_MAX    256

struct watch_vital {
    uint8_t vital, source; /* enum vital */
    bool is_valid, is_episodic;
    char invalid[WATCH_WORD_MAX]; /* why it is not */
    int32_t value_milli;
    int64_t age_ms; /* or WATCH_AGE_UNKNOWN */
};

struct watch_alarm {
    uint16_t bed; /* index in beds */
    uint8_t priority;
    bool is_latched;
    char name[WATCH_NAME_MAX], text[WATCH_WORDS_MAX], inactivation[WATCH_WORD_MAX], id[WATCH_WORD_MAX];
    uint32_t rev;
    int64_t age_ms;
};

struct watch_score {
    char name[WATCH_WORD_MAX], band[WATCH_WORD_MAX], missing[WATCH_WORDS_MAX];
    bool is_complete, has_total; /* not complete: the total is a lower bound */
    int32_t total_milli;
};

struct watch_bed {
    char id[WATCH_ID_MAX], class[WATCH_WORD_MAX], paused[WATCH_WORD_MAX];
    uint8_t state, priority; /* enum ward_state, enum priority */
    uint16_t alarm_count;    /* all of them; those that are told may be fewer */
    uint16_t vital_first, vital_count, alarm_first, alarms_told;
    int64_t stay_age_ms, away_left_ms; /* 0: none */
    struct watch_score score;          /* name "": none is kept */
};

struct watch_limit { /* of the bed in detail, like the two that follow */
    uint8_t vital, priority;
    char rule[WATCH_NAME_MAX], parameter[WATCH_WORD_MAX];
    int32_t value_milli;
};

struct watch_pause {
    char what[WATCH_WORD_MAX], rule[WATCH_NAME_MAX];
    int64_t left_ms;
};

struct watch_monitor {
    char bed[WATCH_ID_MAX], place[WATCH_NAME_MAX], profile[WATCH_NAME_MAX], fault[WATCH_NAME_MAX],
        failures[WATCH_WORDS_MAX];
    bool is_answering, is_outdated;
    uint32_t polls, answers, answer_us, missed;
};

struct watch_bus {
    char name[WATCH_NAME_MAX], kind[WATCH_WORD_MAX], where[WATCH_NAME_MAX], state[WATCH_WORD_MAX],
        fault[WATCH_NAME_MAX], speaks[WATCH_WORD_MAX];
    uint16_t monitor_count, answering_count;
    uint32_t planned_permille, busy_permille, requests, missed, opened, unasked, foreign, refused, repeated, hang_ups;
    uint16_t monitor_first, monitors_told;
};

struct watch_broker {
    char url[WATCH_NAME_MAX * 2], state[WATCH_WORD_MAX];
    bool is_in_use;
};

struct watch_ward {
    char gateway[WATCH_ID_MAX], site[WATCH_ID_MAX], ward[WATCH_ID_MAX], version[WATCH_NAME_MAX];
    int64_t uptime_s, wall_ms;
    bool is_synced;
    uint64_t dropped;
    char store_error[WATCH_NAME_MAX];
    uint64_t waiting, history, omitted, commits, kib, kib_max;
    bool trends_failing;
    bool has_local, local_is_on;
    char local_state[WATCH_WORD_MAX], local_what[WATCH_WORDS_MAX];
    uint8_t local_priority;
    bool has_boards;
    uint32_t boards_expected, boards_looking, boards_there; /* looking: somebody sees them */
    bool has_staff, over_ratio, has_capacity, has_needed;
    char shift[WATCH_ID_MAX];
    uint32_t nurses, patients_each_milli, needed_milli, load_milli, no_bed_percent_milli;

    uint16_t broker_count, bed_count, vital_count, alarm_count, limit_count, score_count, pause_count, bus_count,
        monitor_count;
    uint32_t left_out; /* rows without room */
    bool is_whole;     /* its last row has come */
    struct watch_broker brokers[SETTINGS_BROKERS_MAX];
    struct watch_bed beds[SETTINGS_BEDS_MAX];
    struct watch_vital vitals[WATCH_VITALS_MAX];
    struct watch_alarm alarms[WATCH_ALARMS_MAX];
    struct watch_limit limits[WATCH_LIMITS_MAX];
    struct watch_score scores[WATCH_SCORES_MAX];
    struct watch_pause pauses[WATCH_PAUSES_MAX];
    struct watch_bus buses[SETTINGS_BUSES_MAX];
    struct watch_monitor monitors[WATCH_MONITORS_MAX];
};

void watch_ward_init(struct watch_ward *ward); /* nothing is known */

/* Takes one row, without its line end; what it is not is left alone. */
void watch_ward_take(struct watch_ward *ward, const char *bytes, size_t length);

/* The bytes of an answer as they come. */
struct watch_reader {
    struct watch_ward *ward;
    size_t length;
    bool is_skipping; /* behind a line that is too long, until it ends */
    char line[REPORT_ROW_MAX];
};
void watch_reader_init(struct watch_reader *reader, struct watch_ward *ward);
void watch_reader_feed(struct watch_reader *reader, const char *bytes, size_t length);

const struct watch_vital *watch_find_vital(const struct watch_ward *ward, const struct watch_bed *bed,
                                           enum vital vital); /* NULL: the bed has no such */

#endif
