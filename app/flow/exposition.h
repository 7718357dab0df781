/*
 * exposition.h: writes figures in Prometheus' text format into the caller's buffer: no allocation, no floating point.
 *
 * exposition_begin, then for each metric its name once and its samples behind it. HELP and TYPE stand before the first of them; a metric without any is left out. What
 * does not fit is dropped whole, and exposition_end says so by 0: no check is needed between. Texts of labels may be anything and are escaped; bytes that are no UTF-8 become "?".
 * Pure; the caller's thread.
 *
 * Source: Prometheus, "Exposition formats", text format version 0.0.4.
 */
#ifndef WARDGATE_EXPOSITION_H
#define WARDGATE_EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum metric_type { METRIC_COUNTER, METRIC_GAUGE };

/* Names are our own words: [a-z0-9_]+, a counter's ends in _total. */
struct metric {
    const char *name, *help;
    enum metric_type type;
};

struct exposition {
    char *out;
    size_t size, length;
    const struct metric *metric;
    bool has_head, overflowed;
};

struct exposition_label {
    const char *key, *text;
};

void exposition_begin(struct exposition *e, char *out, size_t size);
size_t exposition_end(
    struct exposition *e); /* length of the NUL-terminated text, without the NUL; 0 when it did not fit */

/* The samples that follow are of this one. */
void exposition_metric(struct exposition *e, const struct metric *metric);
/* value / unit, exactly; unit is 1, 1000 or 1000000. */
void exposition_sample(struct exposition *e, const struct exposition_label *labels, size_t count, uint64_t value,
                       uint32_t unit);

#endif
