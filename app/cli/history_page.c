#include "app/cli/history_page.h"

#include <assert.h>
#include <string.h>

enum { KEPT_HISTORY, KEPT_OUTBOX };

static bool keep(void *context, const struct store_alert *alert)
{
    struct history_page *page = context;
    const unsigned kind = alert->waiting ? KEPT_OUTBOX : KEPT_HISTORY;
    struct history_row *row = &page->kept[kind][page->found[kind]++];
    assert(page->found[kind] <= HISTORY_PAGE_ROWS && alert->json_length <= STORE_VALUE_MAX);
    *row = (struct history_row){
        .row = alert->row, .waiting = alert->waiting, .flags = alert->flags, .length = alert->json_length};
    memcpy(row->json, alert->json, alert->json_length);
    return true;
}

/* Up to which row both lists are whole: behind a full one there may be more. */
static uint64_t whole_until(const struct history_page *page)
{
    uint64_t until = UINT64_MAX;
    for (unsigned kind = 0; kind < 2; kind++) {
        const uint64_t last =
            page->found[kind] == HISTORY_PAGE_ROWS ? page->kept[kind][HISTORY_PAGE_ROWS - 1].row : UINT64_MAX;
        until = last < until ? last : until;
    }
    return until;
}

static const struct history_row *take_smaller(const struct history_page *page, uint32_t next[2], uint64_t until)
{
    unsigned smaller = 2;
    for (unsigned kind = 0; kind < 2; kind++) {
        const bool has = next[kind] < page->found[kind] && page->kept[kind][next[kind]].row <= until;
        if (has && (smaller == 2 || page->kept[kind][next[kind]].row < page->kept[smaller][next[smaller]].row)) {
            smaller = kind;
        }
    }
    return smaller == 2 ? NULL : &page->kept[smaller][next[smaller]++];
}

enum status history_page_next(struct store *store, struct history_page *page)
{
    assert(store != NULL && page != NULL);
    page->count = page->found[KEPT_HISTORY] = page->found[KEPT_OUTBOX] = 0;
    if (page->is_last) {
        return STATUS_OK;
    }
    const enum status status = store_each_alert(store, page->after, HISTORY_PAGE_ROWS, keep, page);
    if (status != STATUS_OK && status != STATUS_CORRUPT) {
        return status;
    }
    const uint64_t until = whole_until(page);
    uint32_t next[2] = {0, 0};
    page->damaged += status == STATUS_CORRUPT ? 1 : 0;
    page->is_last = until == UINT64_MAX;
    for (const struct history_row *row = take_smaller(page, next, until); row != NULL;
         row = take_smaller(page, next, until)) {
        page->rows[page->count++] = row;
        page->after = row->row;
    }
    return STATUS_OK;
}
