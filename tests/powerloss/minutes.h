/*
 * minutes.h: the trends of a run (app/flow/trend_keeper.h, drivers/store/trends.h), what was promised of them, and whether an image keeps it.
 *
 * Keeper and trends are the real ones. A minute is MINUTES_FASTER times as short as the wall clock's (a second), the map small, and beside the ward's rows come
 * those of beds that there are not: so that rows are given up in each record, because they are old and because there is no room.
 * The linker hands trends_open, trends_begin and trends_commit through here, so that what lies in the map is known at each instant (as in witness.h).
 */
#ifndef WARDGATE_TESTS_MINUTES_H
#define WARDGATE_TESTS_MINUTES_H

#include <stdbool.h>
#include <stdint.h>

#include "app/flow/trend_keeper.h"

#define MINUTES_FASTER 60

void minutes_init(void);

/* What a keeper is to be made with, of the store in `path`. */
struct trends_config minutes_config(const char *path);

/* A record begins. With what the image held that the newest minutes_found read; with nothing; or with damaged ones, one of which was set aside before. */
enum minutes_beginning { MINUTES_FOUND, MINUTES_NEW, MINUTES_DAMAGED };
void minutes_begin(enum minutes_beginning beginning, const char *path);
void minutes_found(struct trend_keeper *keeper);

/* Rows of many beds for the keeper's minute, when it has one. */
void minutes_flood(struct trend_keeper *keeper);

/* After the power cut before operation `cut` and a start; false: what does not hold stands in `why`. */
bool minutes_hold(struct trend_keeper *keeper, uint32_t cut, char why[200]);
bool minutes_are_set_aside(const char *path, char why[200]);

/* False: no rows were given up for their age, or none for want of room, so the records do not show what they are to show. */
bool minutes_rolled_over(void);
void minutes_print_counts(void);

#endif
