/*
 * report_page.h: the screen that report_text fills, and who fills it. Private to app/flow/report*.c.
 */
#ifndef WARDGATE_REPORT_PAGE_H
#define WARDGATE_REPORT_PAGE_H

#include "app/engine/status.h"
#include "app/flow/report.h"

struct page {
    char *out;
    size_t size, length;
    int id_width; /* of the longest bed id: two beds must never look alike */
};

/* What does not fit is left out, and so is all that follows. */
void PRINTF_LIKE(2, 3) report_put(struct page *page, const char *format, ...);

void report_put_ward(struct page *page, const struct report *report);

#endif
