/*
 * history_page.h: the store's alerts, delivered or waiting, one page of rows after the other.
 *
 * A page is copied out of the store in one short read transaction; nothing of the store is held between pages. So whoever prints one may wait for its reader
 * as long as that likes: the gateway finds every page that it gave free. Ctrl-Z waits, too, until a page is whole.
 * The caller's memory; main thread.
 */
#ifndef WARDGATE_HISTORY_PAGE_H
#define WARDGATE_HISTORY_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/status.h"
#include "drivers/store/store.h"

#define HISTORY_PAGE_ROWS 64U

struct history_row {
    uint64_t row;
    bool waiting; /* in the outbox: no broker has it yet */
    uint16_t flags;
    uint32_t length;
    char json[STORE_VALUE_MAX + 1];
};

struct history_page {
    uint64_t after; /* rows up to this one were in a page; 0 at first */
    bool is_last;
    uint32_t damaged; /* pages with rows that could not be read and were passed over */
    uint32_t count;
    struct history_row rows[HISTORY_PAGE_ROWS]; /* in order of commits */
};

/* The next page, count 0 behind the last. On failure the page is what it was. */
enum status history_page_next(struct store *store, struct history_page *page) MUST_CHECK;

#endif
