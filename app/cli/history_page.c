#include "app/cli/history_page.h"

#include <assert.h>
#include <string.h>

static bool keep(void *context, const struct store_alert *alert)
{
    struct history_page *page = context;
    struct history_row *row = &page->rows[page->count++];
    assert(page->count <= HISTORY_PAGE_ROWS && alert->json_length <= STORE_VALUE_MAX);
    *row = (struct history_row){
        .row = alert->row, .waiting = alert->waiting, .flags = alert->flags, .length = alert->json_length};
    memcpy(row->json, alert->json, alert->json_length);
    page->after = alert->row;
    return true;
}

enum status history_page_next(struct store *store, struct history_page *page)
{
    assert(store != NULL && page != NULL);
    page->count = 0;
    if (page->is_last) {
        return STATUS_OK;
    }
    const enum status status = store_each_alert(store, page->after, HISTORY_PAGE_ROWS, keep, page);
    if (status != STATUS_OK && status != STATUS_CORRUPT) {
        return status;
    }
    page->damaged += status == STATUS_CORRUPT ? 1 : 0;
    page->is_last = page->count < HISTORY_PAGE_ROWS;
    return STATUS_OK;
}
