/*
 * update_show.h: what `wardgate update` says, to people and to programs, on standard output.
 */
#ifndef WARDGATE_UPDATE_SHOW_H
#define WARDGATE_UPDATE_SHOW_H

#include "app/update/install.h"

void update_show_good(const char *file, const struct bundle *bundle, bool json);
void update_show_refused(const struct install_verdict *verdict); /* JSON; people read it on standard error */
void update_show_installed(const struct update_box *box, const struct bundle *bundle, const struct slots *slots,
                           bool restarts, bool json);
void update_show_status(const struct update_box *box, const struct slots *slots, bool json);

#endif
