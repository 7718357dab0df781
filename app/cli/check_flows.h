/*
 * check_flows.h: which connections this configuration makes or takes, for whoever sets the firewalls around a box: a row each.
 *
 * Of the gateway itself; what a box needs besides (time, names, log, SSH) is in its network.yaml. Thread: the command's.
 */
#ifndef WARDGATE_CHECK_FLOWS_H
#define WARDGATE_CHECK_FLOWS_H

#include "app/cli/listing.h"
#include "app/settings/settings.h"

void check_flows(const struct settings *settings, enum listing listing);

#endif
