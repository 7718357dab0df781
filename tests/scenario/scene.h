/*
 * scene.h: situations at a bed or a few, read from files that a clinician can read, played through the program's own settings,
 * rules, engine, store and restore in virtual time. DESIGN.md, "Scenarios", says how to write one.
 *
 *     scene_read.c     lines of a file into situations (scene_lines.h)
 *     scene_play.c     the items of a situation in order of time; what came against what was expected
 *     scene_gateway.c  configuration, engine, store, restart
 *     scene_words.c    times, values and alerts as they stand in a file
 *
 * Instants are ms since the situation's 00:00. All of it belongs to the test program; one thread.
 */
#ifndef WARDGATE_TESTS_SCENE_H
#define WARDGATE_TESTS_SCENE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/engine.h"

#define SCENE_TEXT_MAX    320
#define SCENE_WORDS_MAX   32
#define SCORE_NAME_ROOM   48
#define SCENE_WATCHED_MAX 8
#define SCENE_BEDS_MAX    8
#define SCENE_GIVEN_MAX   2048                   /* of YAML */
#define SCENE_BASE_MS     INT64_C(1769904000000) /* engine time of 00:00 */
#define SCENE_BOOT_MS     INT64_C(3600000)       /* the box runs since then */

/* In the order in which they happen at one instant. */
enum scene_kind {
    SCENE_VALUE,
    SCENE_LINE,
    SCENE_COMMAND,
    SCENE_RESTART,
    SCENE_SCORE,
    SCENE_ESTIMATE,
    SCENE_SHOWN,
    SCENE_ALERT,
    SCENE_NOTHING
};

/* What is said of an alert. In an expectation only what `says` has a bit for is compared. */
enum {
    SAYS_PRIORITY = 1,
    SAYS_VALUE = 2,
    SAYS_LIMIT = 4,
    SAYS_VIOLATED = 8,
    SAYS_CONDITION = 16,
    SAYS_REASON = 32,
    SAYS_STATE = 64,
    SAYS_ABOUT = 128,
    SAYS_INACTIVATION = 512,
    SAYS_STANDS = 1024,
    SAYS_PART = 256 /* of an alert that came: folded into another one; expected or not, it is compared */
};
struct scene_alert {
    int64_t at_ms, violated_ms, condition_ms;
    char name[ALARM_NAME_MAX];
    unsigned says;
    uint8_t phase, priority, reason, state, inactivation;
    uint16_t bed;
    int32_t value_milli, limit_milli;
    char about[ALERT_DETAIL_MAX];    /* the detail of its text */
    char part_of[ALARM_NAME_MAX];    /* the alarm that it is folded into */
    char stands_for[SCENE_TEXT_MAX]; /* beds, or rules of its bed, by name */
    uint64_t id;                     /* of one that came */
    uint32_t rev;
};

struct scene_score {
    enum score score;
    char sign; /* '=' complete, '>' at least, '?' neither */
    int32_t total_milli;
    char band[16]; /* of '=' and '>' */
    uint16_t missing;
};

struct scene_estimate {
    char name[SCORE_NAME_ROOM];
    char result[32];  /* "unknown", a category, or a probability and whether it reaches the model's threshold */
    uint16_t missing; /* bit per enum estimate_input */
};

struct scene_restart {
    int64_t away_ms;
    bool boots, clock_lost; /* the box starts anew; and does not know the time */
};

struct scene_item {
    enum scene_kind kind;
    unsigned line, order;
    uint16_t bed; /* its number; 0, the first, unless said */
    int64_t at_ms;
    union {
        struct observation value;
        bool line_works;
        struct {
            struct bed_command command;
            char alarm[ALARM_NAME_MAX]; /* ack: of which alarm */
            char rule[RULE_NAME_MAX + 1],
                parameter[RULE_NAME_MAX + 1]; /* set_limit, reset_limit; pause, resume: the rule */
            uint8_t verdict;                  /* expected */
        };
        struct scene_restart restart;
        struct scene_score score;
        struct scene_estimate estimate;
        struct {
            uint8_t vital, quality, source;
            int32_t value_milli;
        } shown;
        struct scene_alert alert;
    };
};

/* Vitals that the monitor gives and how often; configuration beside that. */
struct scene_given {
    enum patient_class patient_class;
    uint32_t vitals, episodic; /* bit per enum vital */
    uint32_t period_ms[VITAL_COUNT];
    unsigned beds;                                                              /* alike; 0: one */
    char config[SCENE_GIVEN_MAX], bed[SCENE_GIVEN_MAX], rules[SCENE_GIVEN_MAX]; /* YAML */
    char rule_file[SCENE_TEXT_MAX];  /* a shipped one beside the standard's; empty: none */
    char model_file[SCENE_TEXT_MAX]; /* a shipped one; empty: none */
    char watched[SCENE_WATCHED_MAX][ALARM_NAME_MAX];
    unsigned watched_count; /* 0: all */
};

struct scene {
    const char *file;
    unsigned line; /* of its heading */
    char title[SCENE_TEXT_MAX];
    char wanted_fault[SCENE_TEXT_MAX]; /* `fails`: what must be said of it */
    struct scene_given given;
    struct scene_item *items;
    unsigned count, room;
    char fault[2 * SCENE_TEXT_MAX]; /* the first one; empty: none */
};

/* --- scene_words.c --- */
bool scene_read_time(const char *text, int64_t *out_ms); /* 01:25, 01:25.5, 2:01:25 */
bool scene_read_milli(const char *text, int32_t *out_milli);
void scene_print_time(int64_t ms, char text[32]);
void scene_print_alert(const struct scene_alert *alert, unsigned says, char text[SCENE_TEXT_MAX]);
void scene_print_score(const struct scene_score *score, char text[SCENE_TEXT_MAX]);
void scene_print_estimate(const struct scene_estimate *estimate, char text[SCENE_TEXT_MAX]);
int scene_word_index(const char *word, const char *(*word_of)(unsigned index), unsigned count); /* -1: none of them */
__attribute__((format(printf, 3, 4))) void scene_fail(struct scene *scene, unsigned line, const char *format, ...);

/* --- scene_read.c --- */
typedef void scene_visitor(void *context, struct scene *scene);
/* Each situation of a file, or its fault. False: the file cannot be read. */
bool scene_read_file(const char *file, scene_visitor *visit, void *context);

/* --- scene_gateway.c --- */
struct scene_gateway;
struct settings;
struct scene_gateway *scene_gateway_open(const char *folder, struct scene *scene); /* NULL: a fault is told */
void scene_gateway_close(struct scene_gateway *gateway);
const struct settings *scene_gateway_settings(const struct scene_gateway *gateway);
const struct engine_config *scene_gateway_config(const struct scene_gateway *gateway);
void scene_gateway_until(struct scene_gateway *gateway, int64_t at_ms);
void scene_gateway_observe(struct scene_gateway *gateway, const struct observation *value);
enum command_verdict scene_gateway_command(struct scene_gateway *gateway, int64_t at_ms, struct bed_command *command);
/* The line to the monitors is closed, or open again. */
void scene_gateway_line(struct scene_gateway *gateway, int64_t at_ms, bool works);
bool scene_gateway_restart(struct scene_gateway *gateway, int64_t at_ms, const struct scene_restart *restart);
void scene_gateway_view(const struct scene_gateway *gateway, uint16_t bed, struct bed_view *out);
/* All alerts so far, oldest first. */
const struct scene_alert *scene_gateway_alerts(const struct scene_gateway *gateway, unsigned *out_count);

/* --- scene_play.c --- */
void scene_play(const char *folder, struct scene *scene); /* scene->fault says how it went */

#endif
