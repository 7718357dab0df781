/* drivers/store/trends.h as a model: their loss is harmless, so it keeps nothing, and only fails, is full or lost, and takes its time as a disk does. */
#include <stddef.h>

#include "drivers/store/trends.h"
#include "tests/sim/disk.h"
#include "tests/sim/scheduler.h"

struct trends {
    bool open;
};

static struct trends only;

uint64_t trends_bytes(unsigned beds, unsigned vitals, uint32_t minutes)
{
    return trends_minute_bytes(beds, vitals) * minutes;
}

uint64_t trends_minute_bytes(unsigned beds, unsigned vitals)
{
    return (uint64_t)beds * 64 + (uint64_t)vitals * 16;
}

static enum status how_it_went(void)
{
    return disk_faults.trends_fail || disk_faults.fails ? STATUS_IO : disk_faults.trends_full ? STATUS_FULL : STATUS_OK;
}

enum status trends_open(const struct trends_config *config, struct trends **out)
{
    (void)config;
    const bool opens = !disk_faults.trends_fail && !disk_faults.fails;
    *out = opens ? &only : NULL;
    if (opens && disk_faults.trends_lost) { /* set aside, and begun anew */
        disk_faults.trends_lost = false;
        disk_note_trends_lost();
        return STATUS_CORRUPT;
    }
    return opens ? STATUS_OK : STATUS_IO;
}

void trends_close(struct trends *trends)
{
    (void)trends;
}

enum status trends_begin(struct trends *trends, int64_t minute)
{
    (void)trends;
    (void)minute;
    return how_it_went();
}

enum status trends_put(struct trends *trends, const struct trends_row *row)
{
    (void)trends;
    (void)row;
    return how_it_went();
}

enum status trends_commit(struct trends *trends)
{
    (void)trends;
    scheduler_hang_until(scheduler_now_us() + 2000 + disk_faults.stalls_us);
    return how_it_went();
}

enum status trends_span(struct trends *trends, int64_t *out_first, int64_t *out_last)
{
    (void)trends;
    (void)out_first;
    (void)out_last;
    return STATUS_NOT_FOUND;
}
