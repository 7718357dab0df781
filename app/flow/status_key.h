/*
 * status_key.h: a way of failing as a word in payloads and metrics: STATUS_SHORT_FRAME is short_frame. Pure; any thread.
 */
#ifndef WARDGATE_STATUS_KEY_H
#define WARDGATE_STATUS_KEY_H

#include "app/engine/status.h"

#define STATUS_KEY_MAX 32

void status_key(enum status status, char text[STATUS_KEY_MAX]);

#endif
