/*
 * gateway_internal.h: the gateway as its files see it.
 *
 *     gateway.c              what drivers there are, what all of it needs, from the first allocation to the last
 *     gateway_generation.c   what is made from one configuration, and made anew from the next
 *     gateway_lines.c        lines to monitors and their runners, which go on when the configuration leaves them alone
 *     gateway_parts.c        starts, watches and stops everything
 *     gateway_reload.c       from one configuration to the next
 *     gateway_watch.c        signs of life, the local alarm, and a new start when a thread hangs
 *
 * Thread: main's, for everything here.
 */
#ifndef WARDGATE_GATEWAY_INTERNAL_H
#define WARDGATE_GATEWAY_INTERNAL_H

#include "app/flow/acquire.h"
#include "app/flow/annunciator.h"
#include "app/flow/around.h"
#include "app/flow/asides.h"
#include "app/flow/bed_numbers.h"
#include "app/flow/board.h"
#include "app/flow/commit.h"
#include "app/flow/conditions.h"
#include "app/flow/core.h"
#include "app/flow/deliver.h"
#include "app/flow/epochs.h"
#include "app/flow/local_socket.h"
#include "app/flow/metrics_file.h"
#include "app/flow/notices.h"
#include "app/flow/recorder.h"
#include "app/flow/report.h"
#include "app/flow/restore.h"
#include "app/flow/trend_keeper.h"
#include "app/flow/vigil.h"
#include "app/gateway.h"

#define CLIENT_ID_MAX 64

/* A profile that lines of any configuration share, each content once. */
struct line_profile {
    struct profile_room room;
    struct line_profile *next;
    unsigned uses;
};

/* A runner (app/flow/acquire.h) with memory of its own: a serial line's, or one that network links of a kind share. */
struct line_runner {
    struct arena memory, reserve;
    const struct monitor_driver *driver;
    char name[BUS_NAME_MAX];
    struct runner runner;
};

/* One bus with memory of its own, its configuration included: it outlives the settings that it was made from. */
struct line {
    struct arena memory;
    const struct monitor_driver *driver;
    struct bus *bus;
    struct bus_config config;        /* beds by their numbers in gateway.line_beds */
    struct monitor_config *monitors; /* the config's; changed only while the runner does not run */
    struct line_runner *runner;
};

/* What is made from one configuration. */
struct generation {
    const struct settings *settings;
    const struct plan *plan;
    struct settings
        *loaded; /* by a reload, with `planned`: freed with the generation; NULL: the caller of gateway_run has them */
    struct plan *planned;
    struct arena arena, reserve;

    struct payload_context payloads;
    struct board board;
    struct engine *engine;
    struct core core;
    struct commit commit;
    struct trend_keeper trends;
    struct deliver *deliver;
    struct ring records, journal, delivered, direct, resends;
    struct ring commands[ORIGIN_COUNT], replies[ORIGIN_COUNT];
    struct conditions conditions;
    struct notices notices;
    struct report report;

    struct bed_numbers journal_beds;
    struct score_names scores;
    uint16_t journal_numbers[SETTINGS_BEDS_MAX]; /* of each bed */
    uint16_t line_beds[BED_NUMBERS_MAX];         /* number in gateway.line_beds -> index here */

    /* of each bus of the plan */
    struct line *lines[SETTINGS_BUSES_MAX];
    struct acquire_bus buses[SETTINGS_BUSES_MAX];
    const struct runner *bus_runners[SETTINGS_BUSES_MAX];
    /* each runner of these lines once */
    struct runner *runners[SETTINGS_BUSES_MAX];
    const char *runner_names[SETTINGS_BUSES_MAX];
    uint16_t runner_count;
};

/* Beside it stands what goes on through reloads. */
struct gateway {
    const struct settings *settings; /* of the start: what cannot change while it runs is read there */
    char boot[9], epoch[STORE_EPOCH_MAX], client_id[CLIENT_ID_MAX];
    struct epochs epochs_before; /* whose numbers that one goes on with */
    struct around around;
    struct timebase timebase;
    struct state_clock clock;
    struct clock_record clock_record; /* of commit's thread, while there is one */
    struct clock_bridge clock_bridge; /* the same */
    struct clock_hardware clock_hardware;
    int64_t hardware_us, anew_us; /* when it was asked; when windows were to begin anew, and could not */
    const char *brokers[SETTINGS_BROKERS_MAX];
    struct uplink_broker uplink_brokers[SETTINGS_BROKERS_MAX];

    struct arena lasting, lasting_reserve; /* what the link and report_text live in */
    struct deliver_link *link;
    struct ring asides_ring; /* from the uplink, to the audit log */
    struct asides asides;
    char *report_text, *reload_text;
    struct wake engine_wake;
    struct bed_numbers line_beds;
    struct line_runner *network[GATEWAY_NETWORK_KINDS]; /* NULL: not needed yet */
    struct line_profile *profiles;                      /* of all lines */
    struct generation *now;
    struct store *opened; /* while no commit has it */
    int64_t started_us;
    struct local_socket local;
    struct recorder recorder;
    const char *record; /* the file to record in; NULL: none */
    int signal_fd;

    struct metrics_file metrics;
    struct vigil vigil;
    struct annunciator annunciator;
    int64_t restarted_us;  /* CLOCK_BOOTTIME: when the run before began this one because a thread hung; 0: it did not */
    int64_t look_again_us; /* whether it can be done now */
    int64_t looked_us;     /* at the lines' threads */
    const char *told_stay; /* why it was not done, as told last */
    bool starts_anew;      /* it is to be done */
    bool has_left_behind;  /* a thread hangs and has memory of ours: nothing is freed */
};

/* --- gateway.c --- */

/* The bill of what is made from a plan. */
void gateway_add_to_bill(struct gateway_bill *bill, const char *part, size_t bytes);

/* It needs no more memory and time than its settings allow; false: told. */
bool gateway_fits(const struct settings *settings, const struct plan *plan);

/* Memory for everything that the arena measured; false: there is none. It is zeroed, so that every page is there. */
bool gateway_take_memory(struct arena *arena, size_t bytes);
void gateway_free_memory(struct arena *arena);

/* The same for a reserve (arena.h): the system has promised it, and gives each page when it is used for the first time. */
bool gateway_take_reserve(struct arena *reserve, size_t bytes);
void gateway_clear_reserve(struct arena *reserve); /* zeroed, its pages given back */
void gateway_free_reserve(struct arena *reserve);

/* --- gateway_generation.c --- */

/* Built, not started; NULL without memory. settings and plan outlive it. `before`: the one that runs, or NULL. */
struct generation *generation_make(struct gateway *g, const struct settings *settings, const struct plan *plan,
                                   const struct generation *before);

/* Gives back everything that the other one (or NULL) does not have. */
void generation_free(struct gateway *g, struct generation *gen, const struct generation *other);

/* Built anew in the memory and with the descriptors that it has, after all its parts have ended. */
void generation_remake(struct gateway *g, struct generation *gen);

enum status generation_measure(struct gateway *g, const struct plan *plan, struct gateway_bill *bill) MUST_CHECK;

/* Figures, states and connections go on from the one before, before it starts. */
void generation_continue(struct generation *gen, struct generation *before);

/* How far back the journal reaches. */
uint32_t generation_journal_keep_ms(const struct plan *plan);

/* --- gateway_lines.c --- */

size_t lines_measure(const struct plan *plan);
uint16_t lines_runners_max(const struct plan *plan);

/* Makes the lines of a generation, or takes those of the one before that are the same, and fills in all that hangs on them. False without memory. */
bool lines_make(struct gateway *g, struct generation *gen, const struct generation *before);

/* Gives back the lines that the other one (or NULL) does not have; the runners that network links share, at the end. */
void lines_free(struct gateway *g, struct generation *gen, const struct generation *other);
void lines_free_network(struct gateway *g);

/* Starts, or stops, those that the other one (or NULL) does not have; all others go on. STATUS_TIMEOUT: the thread of one hangs (runner_pause), and has its memory. */
enum status lines_enter(const struct generation *gen, const struct generation *other) MUST_CHECK;
enum status lines_leave(const struct generation *gen, const struct generation *other) MUST_CHECK;

/* From now on the engine of this generation takes what the lines bring. Only while no core runs. */
void lines_aim(struct generation *gen);

/* The place of this line in the generation; -1: not there. */
int lines_find(const struct generation *gen, const struct line *line);

/* --- gateway_parts.c --- */

/* Of the store that is open: under its epoch, or another one that goes on with it. */
void gateway_name_epoch(struct gateway *g);

/* From the store that is open (none: from nothing) into an engine that has not begun. */
enum status gateway_restore(struct gateway *g, struct generation *gen, int64_t now_ms, enum restore_break how,
                            struct restore_counts *out) MUST_CHECK;

/* The same behind a restore, or start, of another generation that failed. False: numbers from least_seq on back would be given twice. */
bool gateway_restore_again(struct gateway *g, struct generation *gen, int64_t now_ms, enum restore_break how,
                           uint64_t least_seq) MUST_CHECK;

/* What goes into its engine, which has taken nothing yet, is recorded in the file that is open, if any is to be. */
enum status gateway_record(struct gateway *g, struct generation *gen) MUST_CHECK;

/* Who asks over the local socket, and who reads the metrics, hears of what is now. */
void gateway_show(struct gateway *g);

/* Starts every part, watches until a signal says stop, stops every part in reverse. False when a part could not start. */
bool gateway_run_parts(struct gateway *g);

/* --- gateway_clock.c --- */

/* Asks the hardware clock; true: the wall clock says the same. */
bool gateway_ask_hardware_clock(struct gateway *g);

/* Asks it again when it is time, and has windows begin anew when it was wrong. Main's, once a second. */
void gateway_look_at_clock(struct gateway *g, int64_t now_us);

/* --- gateway_watch.c --- */

void watch_init(struct gateway *g);
enum status start_annunciator(struct gateway *g);
void stop_annunciator(struct gateway *g);
enum status start_vigil(struct gateway *g);
void stop_vigil(struct gateway *g);

/* What the vigil looks at from now on: the generation that runs. */
void watch_generation(struct gateway *g);

/* All of it is about to be stopped. */
void watch_stops(struct gateway *g);

/* True when a line's thread hangs, and only a new start of the program ends it, and that may be now: at most once in RESTART_PAUSE_US. Main's, once a second. */
#define RESTART_STUCK_US 20000000
#define RESTART_PAUSE_US INT64_C(3600000000)
#define RESTART_LOOK_US  60000000
bool watch_wants_restart(struct gateway *g, int64_t now_us);

/* A local_requests' indicator (app/flow/local_socket.h). */
bool watch_indicate(void *context, const char *by, const char *words, char *out, size_t size);

/* --- gateway_reload.c --- */

#define RELOAD_TEXT_MAX 32768

/* The open bridge (clock_bridge.h) led nowhere: with the configuration as it is, from the store, as over a break of unknown length where this boot's first
 * start was. False, which is told (is_told: not again), when the store, or a line, does not let it: all goes on as it was. */
bool gateway_begin_windows_anew(struct gateway *g, bool is_told);

/* Reads the configuration again and goes on with it, or (false) with the old one. What became of it goes for a person into `out`, and into the
 * log and the audit log. `by`: who asked. */
bool gateway_reload(struct gateway *g, const char *by, char *out, size_t size);

#endif
