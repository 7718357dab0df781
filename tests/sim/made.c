#include "tests/sim/made.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "app/engine/engine.h"
#include "tests/sim/apart.h"
#include "tests/sim/bedside.h"
#include "tests/sim/box.h"
#include "tests/sim/broker.h"
#include "tests/sim/disk.h"
#include "tests/sim/invariant.h"
#include "tests/sim/judge.h"
#include "tests/sim/process.h"
#include "tests/sim/scheduler.h"

#define SECOND_US INT64_C(1000000)
#define LIVE_US   (2 * SECOND_US)
#define WELL_US   (5 * SECOND_US) /* what waited before the connection came has gone by then */
enum { WAITING_MAX = 1024 };

struct made {
    uint64_t seq, id;
    uint32_t rev;
    int64_t at_us; /* world time */
};

static struct {
    struct made waiting[WAITING_MAX]; /* in the order in which they were made, less than 3 s ago */
    unsigned count;
} m;

static int64_t since(int64_t us)
{
    return scheduler_now_us() - us;
}

/* But for the disk, and for whoever waits for it, nothing is wrong, nor was for long before it was made. */
static bool is_all_else_well(const struct made *made)
{
    const int64_t from_us = made->at_us - WELL_US;
    return broker_well_since_us() <= from_us && process_life_us() >= since(from_us) && !box_holds_alerts() &&
           !judge_refused_lately();
}

static bool disk_was_ill(const struct made *made)
{
    return disk_well_since_us() > made->at_us;
}

static void check(const struct made *made, const char *word)
{
    if (!is_all_else_well(made)) {
        return;
    }
    if (since(made->at_us) > LIVE_US) {
        invariant_broken(INVARIANT_live_without_disk,
                         "seq %" PRIu64 " %s %.3f s after it was made, and but for the disk (%s) all is well",
                         made->seq, word, (double)since(made->at_us) / 1e6, disk_was_ill(made) ? "ill" : "well");
    }
    if (disk_was_ill(made)) {
        invariant_holds(INVARIANT_live_without_disk);
    }
}

static void drop(unsigned index)
{
    m.count--;
    for (unsigned i = index; i < m.count; i++) {
        m.waiting[i] = m.waiting[i + 1];
    }
}

void made_arrived(uint64_t seq, uint64_t id, uint32_t rev)
{
    for (unsigned i = 0; i < m.count; i++) {
        const struct made *made = &m.waiting[i];
        if (made->seq == seq && made->id == id && made->rev == rev) {
            check(made, "comes");
            drop(i);
            return;
        }
    }
}

void made_judge(void)
{
    while (m.count > 0 && since(m.waiting[0].at_us) > LIVE_US) {
        check(&m.waiting[0], "is not there");
        drop(0);
    }
}

void made_forget_process(void)
{
    m.count = 0;
}

/* ---- what the engine makes ---- */

static void note(const struct alert *alert)
{
    if (m.count == WAITING_MAX) {
        abort();
    }
    m.waiting[m.count++] =
        (struct made){.seq = alert->seq, .id = alert->id, .rev = alert->rev, .at_us = scheduler_now_us()};
}

struct tap {
    struct record_sink sink; /* first */
    struct record_sink *real;
};

static void put(struct record_sink *sink, const struct record *record)
{
    const struct tap *tap = (const struct tap *)(const void *)sink;
    if (record->kind == RECORD_ALERT && !apart_is_feeding()) {
        note(&record->alert);
    }
    tap->real->put(tap->real, record);
}

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl51-cpp): --wrap of the linker gives these names */

void __real_engine_step(struct engine *engine, int64_t until_ms, struct record_sink *sink);
void __wrap_engine_step(struct engine *engine, int64_t until_ms, struct record_sink *sink);

void __wrap_engine_step(struct engine *engine, int64_t until_ms, struct record_sink *sink)
{
    struct tap tap = {.sink = {.put = put}, .real = sink};
    __real_engine_step(engine, until_ms, &tap.sink);
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl51-cpp) */
