/*
 * engine_ward.h: an engine with a bed or two for cmocka tests: observations in, alerts out as lines of text.
 *
 * One configuration lives at a time, in `ward_config`; wards made from it are the caller's to close. Times are seconds
 * in what tests write and milliseconds where the engine asks. Every record is checked as it comes: it bears the
 * engine's instant, `seq` and `bed_seq` have no gap (what is folded takes none, and has a cause that was told), `rev` counts from 1 under one id, ids never come again; and every
 * step: it emits no more than was promised, what became of a command comes last, no alarm is there of another stay than
 * its bed's, and the next step lies ahead.
 */
#ifndef WARDGATE_ENGINE_WARD_H
#define WARDGATE_ENGINE_WARD_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/engine.h"

#define WARD_TEXT_MAX    32768
#define WARD_RECORDS_MAX 20000
#define WARD_JOURNAL_MAX 20000
#define WARD_RULES_MAX   12
#define WARD_BEDS_MAX    4
#define WARD_SIGNALS_MAX 4

/* The engine's input; all beds share what beds[0] is made of, unless a test says otherwise. */
struct ward_config {
    struct rule rules[WARD_RULES_MAX];
    struct channel_config channels[VITAL_COUNT];
    struct signal_config signals[WARD_SIGNALS_MAX];
    struct override_config overrides[WARD_RULES_MAX];
    struct bed_config beds[WARD_BEDS_MAX];
    struct engine_config engine;
};
extern struct ward_config ward_config;

struct ward {
    struct record_sink sink; /* first */
    struct engine *engine;
    struct arena arena;
    bool silent; /* a journal is fed: records are dropped */
    char text[WARD_TEXT_MAX];
    struct record *records;
    unsigned record_count, in_step;
    struct observation *journal;
    unsigned journal_count;
    uint64_t seq, newest_id, bed_seq[WARD_BEDS_MAX];
    unsigned commands; /* given */
    bool answered;     /* a command of this step */
};

/* One adult bed with one monitor, no vitals, no rules, as in a replay (stays begin at admission). */
void ward_clear_config(void);
void ward_add_channel(enum vital vital, uint32_t period_ms); /* believable: 0 to 300 */
struct rule *ward_add_rule(const char *name, const char *when, const char *clear, int limit, enum priority priority);
void ward_add_entered(enum vital vital); /* a channel that only people fill */
void ward_add_signal(const char *name, enum signal_meaning means, uint8_t monitor, uint8_t number);
void ward_add_monitor(void);        /* a second one at the bed */
void ward_add_second_bed(void);     /* the same once more; after everything else */
void ward_add_beds(uint16_t count); /* the same, so many in all: b1, b2 ... */
/* A rule of the ward: `each` at so many beds at once. */
struct rule *ward_add_ward_rule(const char *name, const char *each, uint16_t beds, int limit, enum priority priority);
void ward_bed_value(struct ward *ward, double seconds, uint16_t bed, enum vital vital, double number);

/* Open, begun at 0, and with every bed admitted then if the configuration is a replay's. */
struct ward *ward_open(void);
struct ward *ward_start(void);
void ward_close(struct ward *ward);

/* What is lost when a gateway dies, and what of it comes back. */
#define WARD_IDS_SKIPPED 1000 /* by a restart: more than any run has given without their being committed */
struct ward_break {
    unsigned committed;      /* records that reached the store */
    int64_t journal_from_ms; /* the journal reaches back to here */
    int64_t begin_ms;        /* the next run begins */
    bool unverified;         /* after a break of unknown length: without the journal */
    bool none;               /* a reload: nothing was missed */
};
struct ward *ward_restart(const struct ward *before, const struct ward_break *lost);

/* The next run, from begin_s on, and stepped to there; all that `before` recorded was stored, and it is closed. */
struct ward *ward_restart_at(struct ward *before, double begin_s, bool unverified);

void ward_until(struct ward *ward, double seconds);
void ward_until_ms(struct ward *ward, int64_t until_ms);
void ward_feed(struct ward *ward, const struct observation *o); /* at its own instant; into the journal, too */
void ward_observe(struct ward *ward, double seconds, const struct observation *o); /* at that instant */
void ward_value(struct ward *ward, double seconds, enum vital vital, double number);
void ward_values(struct ward *ward, int from_s, int to_s, enum vital vital, double number); /* one a second */
void ward_invalid(struct ward *ward, double seconds, enum vital vital, enum quality quality);
void ward_invalids(struct ward *ward, int from_s, int to_s, enum vital vital, enum quality quality);
void ward_heard(struct ward *ward, double seconds, uint8_t monitor);
void ward_signal(struct ward *ward, double seconds, uint8_t monitor, uint8_t signal, bool on);
void ward_identity(struct ward *ward, double seconds, uint16_t bed, int32_t identity); /* of its first monitor */

/* An alarm of the first monitor of the first bed, said again at intervals; the second as it is given. */
void ward_say(struct ward *ward, double seconds, const char *name, enum priority priority);
void ward_say_end(struct ward *ward, double seconds, const char *name);
void ward_say_alarm(struct ward *ward, double seconds, const struct monitor_alarm *alarm);

/* Tells it at this instant, steps that, and returns what became of it. Of the first bed: in the name of its present stay. */
enum command_verdict ward_command(struct ward *ward, double seconds, const struct bed_command *command);
enum command_verdict ward_tell(struct ward *ward, double seconds, enum command_kind kind);
enum command_verdict ward_acknowledge(struct ward *ward, double seconds, const struct alert *alert);
uint64_t ward_stay(const struct ward *ward, uint16_t bed);

/* The lines "seconds alarm phase state priority value" (-1: none) since the last time; of a folded one " in CAUSE" follows. */
void ward_expect(struct ward *ward, const char *lines);
const struct alert *ward_newest(const struct ward *ward); /* alert */
const struct alert *ward_newest_of(const struct ward *ward, const char *name);

/* Everything that a record says, as text. */
#define WARD_RECORD_TEXT_MAX 1024
void ward_describe(const struct record *record, char text[WARD_RECORD_TEXT_MAX]);

#endif
