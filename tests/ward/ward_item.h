/*
 * ward_item.h: one item of a ward description, while it is read: its words, its options, and what is wrong with it.
 *
 * ward_file.c reads the lines, ward_item_link.c makes links, ward_item_monitor.c monitors. Start-up only.
 */
#ifndef WARD_ITEM_H
#define WARD_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/ward/ward.h"

struct item {
    struct ward *ward;
    char **words;
    size_t count;
    char why[200];
};

/* Says why; false. */
__attribute__((format(printf, 2, 3))) bool item_fail(struct item *item, const char *format, ...);

/* The value of `key=` from the given word on; NULL when it is not there. */
const char *item_option(const struct item *item, size_t from, const char *key);

/* The same, read: an option that is not there leaves *out as it is. False when it cannot be read. */
bool item_option_number(const struct item *item, size_t from, const char *key, int64_t low, int64_t high, int64_t *out);
bool item_option_duration(const struct item *item, size_t from, const char *key, int64_t *out_ns);

/* Every word from `from` on must be one of the keys, a zero-terminated list: "baud=", or "strict" for a plain word. */
bool item_options_known(struct item *item, size_t from, const char *const keys[]);

/* Says why it is not. */
bool item_name_is_free(struct item *item, const char *name);

/* Each reads one kind of item and makes what it describes. */
bool item_line(struct item *item);
bool item_tcp(struct item *item);
bool item_oximeter(struct item *item);
bool item_hl7(struct item *item);
bool item_monitor(struct item *item);

/* The monitor of an oximeter's line, which has its name: a generated patient. NULL when there is no room. */
struct ward_monitor *item_monitor_of(struct item *item, struct ward_link *link, uint32_t seed);

#endif
