/*
 * guide.h: what the tables of keys say, for people: `wardgate help KEY`, and the shipped example of a configuration.
 *
 * All text comes from the tables (keys.h), so that it cannot say anything else than what the gateway does. Thread: that
 * of a command.
 */
#ifndef WARDGATE_GUIDE_H
#define WARDGATE_GUIDE_H

#include <stdio.h>

/* Everything about each key that is called so: by its dotted path or the end of it, with the names of entries or without
 * (uplink.keep_alive, beds.b03.class, class). Returns how many there are. */
unsigned guide_print_key(const char *key, FILE *stream);

/* The known key nearest to a misspelt one; NULL when none is near. */
const char *guide_nearest(const char *key);

/* config/wardgate.yaml. */
void guide_print_example(FILE *stream);

#endif
