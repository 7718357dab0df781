/*
 * ward_central.h: a central station: it calls the gateway and tells what its beds measure, over one connection.
 *
 *              calls                      message out                 all sent
 *   no line ----------> nothing to say ----------------> sending ----------------> waiting for the acknowledgement
 *      ^ ^  refused: again after 1 s   ^------------------------------------------------------+   |
 *      | +------ gone, reset -----------------------------------------------------------------+---+ nothing for 5 s
 *
 * One message at a time: alarms first, then the values of the bed that is due. A message that was not acknowledged is
 * sent again on the next connection, as it was. Which message is next is seen when it is made, from what holds then:
 * nothing queues up while nobody listens, and an alarm that came and went meanwhile is not told. A deaf station neither
 * reads acknowledgements nor waits for any.
 */
#ifndef WARD_CENTRAL_H
#define WARD_CENTRAL_H

#include "tests/ward/ward_link.h"

/* Calls at once, and says each bed's values every second. */
void ward_central_init(struct ward_central *central);

/* Adds a bed. False when there is no room. */
bool ward_central_add(struct ward_central *central, struct ward_monitor *monitor);

/* Closes the connection, and calls again only after replug. */
void ward_central_unplug(struct ward_link *link);
void ward_central_replug(struct ward_link *link, int64_t now_ns);

/* The connection is reset; it calls again in a second. */
void ward_central_reset(struct ward_link *link, int64_t now_ns);

/* Ending it begins with a new connection. */
void ward_central_deafen(struct ward_link *link, int64_t now_ns, bool deaf);

int64_t ward_central_next(const struct ward_link *link);
void ward_central_run(struct ward_link *link, int64_t now_ns);

#endif
