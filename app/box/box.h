/*
 * box.h: where things are on a box, and what its setup came to.
 *
 *     boot   what a person edits on any laptop (FAT): wardgate.yaml, network.yaml, certificates; report.txt is written there
 *     data   what outlives everything: etc/ (in force), box/taken (which boot partition that came from), wardgate/ (the store)
 *     run    made anew at each boot, for the services: network/, nftables.conf, chrony.conf, ... and outcome, for the report
 */
#ifndef WARDGATE_BOX_H
#define WARDGATE_BOX_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "app/box/network.h"
#include "app/box/publish.h"
#include "app/box/trial.h"
#include "app/settings/settings.h"

#define BOX_USER           "wardgate"
#define BOX_PROBLEMS_MAX   TRIAL_TEXT_MAX
#define BOX_NOTES_MAX      2048
#define BOX_CONFIGURATION  "etc/wardgate.yaml" /* in data */
#define BOX_INTERFACES_MAX (NETWORK_INTERFACES_MAX * (NETWORK_INTERFACE_NAME_MAX + 1) + 1)

struct box_places {
    const char *boot, *data, *run;
    const char *program;   /* this one */
    const char *processes; /* a file of the numbers of the gateway's processes (its control group's); NULL: not known */
};

/* Of wardgate.yaml and network.yaml; of network.yaml SAME does not occur. */
enum box_source {
    BOX_NONE, /* there is none; network.yaml: the defaults */
    BOX_NEW,  /* the one of the boot partition, taken at this boot */
    BOX_SAME, /* the one of the boot partition, as at the last boot */
    BOX_OTHER, /* one that was restored: that of the boot partition has not changed since it was last taken, or there is none */
    BOX_OLDER /* the last good one: that of the boot partition is not good */
};

struct box_outcome {
    enum box_source ward, network;
    char gateway[SETTINGS_ID_MAX + 1]; /* the id of what is in force, else that of what is not; "": none is known */
    int64_t since_ms;                  /* wall clock of the box when it came into force; 0: not known */
    bool console;
    char led[80];
    char interfaces[BOX_INTERFACES_MAX];  /* lines: those that the network.yaml in force names; "": every wired one */
    char ward_problems[BOX_PROBLEMS_MAX]; /* lines; "": none */
    char network_problems[BOX_PROBLEMS_MAX];
    char network_warnings
        [BOX_NOTES_MAX];       /* lines: what the network.yaml in force asks for and does not get; "": nothing */
    char notes[BOX_NOTES_MAX]; /* lines: what to do besides */
};

const char *box_source_word(enum box_source source);

/* Adds a line, cut to what there is room for. */
void box_add_line(char *lines, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);

/* run/outcome */
enum status box_outcome_write(const struct box_outcome *outcome, const char *run) MUST_CHECK;
bool box_outcome_read(const char *run, struct box_outcome *out) MUST_CHECK; /* false: there is none that can be read */

/* The group that the gateway's files are for, and its modes: its user may read them, nobody else. */
struct publish_mode box_mode_private(void);
struct publish_mode box_mode_public(void);

#endif
