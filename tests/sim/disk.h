/*
 * disk.h: drivers/store as a model in memory: what a commit has made durable outlives the process, all else ends with it.
 *
 * One transaction at a time; what it puts is kept beside the rows and joins them whole at its commit. A commit takes time on the virtual clock, in which
 * the process may be killed, before the rows are there or after. Faults are the world's to say (struct disk_faults).
 */
#ifndef WARDGATE_TESTS_SIM_DISK_H
#define WARDGATE_TESTS_SIM_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "drivers/store/store.h"

struct disk_faults {
    bool fails;     /* whatever writes: an error of the disk */
    bool is_full;   /* no room for another alert */
    bool opens_not; /* it cannot be opened */
    bool trends_fail, trends_full;
    bool trends_lost;               /* damaged: seen when they are opened next */
    int64_t stalls_us;              /* every commit takes so much longer */
    unsigned ghosts;                /* in a thousand commits: done, and told as failed */
    unsigned dies_early, dies_late; /* in a million commits: the process is killed before it, or behind it */
};

struct disk_alarm {
    char bed[STORE_KEY_MAX], alarm[STORE_KEY_MAX];
    uint8_t priority;
    bool ended;
    uint64_t id;
    uint32_t rev;
    int64_t changed_us;
    char *json;
    uint32_t json_length;
    unsigned char *snapshot;
    uint32_t snapshot_length;
};

extern struct disk_faults disk_faults;

void disk_forget_process(void); /* it was killed: the transaction under way never was */
void disk_damage(void);         /* its file: seen when it is opened next, or again after an error */
void disk_note_trends_lost(void);
int64_t disk_trends_lost_us(void); /* when that was seen; world time */
int64_t disk_replaced_us(void);    /* when a damaged store was set aside; world time */
void disk_stand_still(bool still); /* nobody brings anything: who does is held */
void disk_trouble(void);           /* a fault began or ended */
int64_t disk_well_since_us(void);  /* world time since which nothing was wrong with it */
bool disk_is_well(void);           /* nothing is wrong with it now */
void disk_lose_power(void);        /* behind that */
bool disk_is_open(void);           /* the process has the store */
uint64_t disk_commits(void);
const char *disk_epoch(void);

/* What is durable. */
uint32_t disk_alarm_count(void);
const struct disk_alarm *disk_alarm(uint32_t index);
const struct disk_alarm *disk_find_alarm(const char *bed, const char *alarm); /* NULL: none */
/* The oldest row that waits in the outbox, longer than since before `before_us`; 0: none. */
uint64_t disk_oldest_waiting(int64_t before_us);
bool disk_has_audited(const char *command_id);

#endif
