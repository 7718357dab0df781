/*
 * history_trends.h: `wardgate history --trends`: a row a minute of one vital of one bed (drivers/store/trends.h).
 *
 * Rows are read in pages, each in a short transaction, and printed when nothing of the trends is held. Main thread.
 */
#ifndef WARDGATE_HISTORY_TRENDS_H
#define WARDGATE_HISTORY_TRENDS_H

#include <stdint.h>

#include "app/cli/listing.h"
#include "app/settings/settings.h"

struct trends_request {
    const char *bed, *vital;
    enum listing listing;
    int64_t since_ms, until_ms; /* wall time */
};

/* The exit status of the command. */
int history_trends(const struct settings *settings, const struct trends_request *request);

#endif
