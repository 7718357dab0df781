/* replay_options.h: the words behind `wardgate replay`. */
#ifndef WARDGATE_REPLAY_OPTIONS_H
#define WARDGATE_REPLAY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define REPLAY_WHAT_IF_MAX 4

struct replay_options {
    const char *configuration, *bed, *map, *absent, *episodic, *period, *csv;
    const char *what_if[REPLAY_WHAT_IF_MAX]; /* "spo2_low.limit=86..92" */
    unsigned what_if_count;
    bool json;
    uint32_t period_ms, episodic_vitals; /* bit per enum vital */
    int first_file;                      /* in argv */
};

/* COMMAND_OK, or COMMAND_USAGE after a fault that was told. */
int replay_options_read(int argc, char **argv, struct replay_options *out);

#endif
