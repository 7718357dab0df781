/*
 * report.h: `wardgate box report`: what the box is like, to report.txt on the boot partition, to its consoles and to its lamp.
 *
 * With --follow it looks every REPORT_LOOK_S. What is the same at two looks one after another is told: the lamp and the consoles at once when the state or
 * what is wrong has changed; report.txt when its text has, at most REPORT_BURST times, then once in REPORT_REFILL_S (56 times in a day at
 * the most, some 300 KiB of flash). Thread: that of a command.
 */
#ifndef WARDGATE_BOX_REPORT_H
#define WARDGATE_BOX_REPORT_H

#include "app/box/facts.h"

#define REPORT_LOOK_S   3
#define REPORT_BURST    8
#define REPORT_REFILL_S 1800
#define REPORT_RETRY_S  300 /* after the boot partition has not taken it */
#define REPORT_CONSOLES 2   /* a serial line and a screen */

struct report_ways {
    const char *consoles[REPORT_CONSOLES]; /* up to the first NULL */
    const char *leds;                      /* /sys/class/leds */
};

/* How often report.txt may be written. */
struct report_budget {
    unsigned left;
    int64_t refilled_us;
};
void report_budget_init(struct report_budget *budget, int64_t now_us);
bool report_budget_take(struct report_budget *budget, int64_t now_us); /* false: not now */

struct reporter {
    const struct box_places *places;
    const struct report_ways *ways;
    struct report_budget budget;
    uint64_t seen_body, told_body, seen_brief, told_brief; /* digests: of the look before, of what was told last */
    bool has_told;
    enum status refused; /* why the boot partition did not take report.txt, which was said; STATUS_OK: it did */
    int64_t refused_us;
    struct facts facts;
};

/* reporter: zeros; not written over, as most of it is never touched. */
void reporter_init(struct reporter *reporter, const struct box_places *places, const struct report_ways *ways,
                   int64_t now_us);

/* One look. settled: what is seen is told without a second look. The body of the report into *out_body, the caller's to free; out_body may be NULL. */
enum status reporter_look(struct reporter *reporter, int64_t now_us, bool settled, char **out_body) MUST_CHECK;

#endif
