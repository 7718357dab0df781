/*
 * led.h: a lamp of the box's own (/sys/class/leds) that says what the box is like. The kernel makes it blink, so nothing runs for it.
 *
 *     watches            on
 *     no broker          on, dark for 0.1 s every 2 s
 *     not kept, faulty   on, dark for 0.1 s every second
 *     no monitor answers on and off, each 0.5 s; so where there is no broker and nothing is kept
 *     wrong              on and off, each 0.1 s
 *     nothing is watched dark, a flash of 0.1 s every 2 s
 *
 * A kernel without its timer for lamps lights it for the first three and not for the others. Not the lamp of `indicator`, which is for nurses.
 * Thread: that of a command. Source: Linux, Documentation/leds/leds-class.rst, ledtrig-timer.
 */
#ifndef WARDGATE_LED_H
#define WARDGATE_LED_H

#include <stdbool.h>

#include "app/box/facts.h"

#define LED_NAME_MAX 80

/* The lamp of that name, or the one that "auto" means: the first of wardgate, *:status, *status*, ACT, led0 that is there. False: there is none, or "none". */
bool led_find(const char *folder, const char *wanted, char out[LED_NAME_MAX]) MUST_CHECK;

enum status led_show(const char *folder, const char *name, enum box_state state) MUST_CHECK;

#endif
