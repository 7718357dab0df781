/*
 * run.h: a run of the gateway from its engine down to its store, as app/gateway_parts.c starts it, with a ward above that follows from chance.h.
 *
 * Engine, restore, commit, writer and store are the real ones; the work of their threads is done in turn by one, on virtual clocks (witness.h). A
 * broker that comes and goes acknowledges what is in the outbox. Three beds, two rules, an episodic vital, commands. One run at a time.
 */
#ifndef WARDGATE_TESTS_RUN_H
#define WARDGATE_TESTS_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/engine.h"
#include "app/flow/restore.h"
#include "app/flow/trend_keeper.h"
#include "drivers/store/store.h"

#define RUN_BEDS 3

const struct engine_config *run_config(void); /* of the ward */

/* Opens the store and goes on from it. *out_opened: what store_open said; false: there is no store now. */
bool run_start(const char *path, uint64_t size_bytes, enum status *out_opened);
struct store *run_store(void);
struct trend_keeper *run_trends(void);

/* After run_start: what was found. */
const struct restore_counts *run_restored(void);
enum status run_restore_status(void);
bool run_has_alarm(uint64_t id);     /* active in the engine now */
int64_t run_newest_ms(uint16_t bed); /* instant of the newest value there; INT64_MIN: none */
int64_t run_from_ms(void); /* windows begin behind it; INT64_MAX: with nothing, after a break of unknown length */

/* One second of the ward: values, commands, commits, deliveries, trends. */
void run_second(void);
/* So many observations more, for the journal alone. */
void run_flood(uint32_t count);

/* A test alert at the first bed, committed and answered before the journal goes on; false: it was not within half a second. */
bool run_test_alert(void);

void run_stop(void); /* commits what there is */
void run_kill(void); /* as it stands */

#endif
