/*
 * bedside.h: what is true of the simulated ward: patients, what their monitors say, what is wrong with monitors and lines. 8 beds, 6 vitals at 1 Hz each.
 *
 * A patient is well, or has one thing wrong for a while (enum trouble), far enough beyond a limit of sim-rules.yaml that nobody can argue about it.
 */
#ifndef WARDGATE_TESTS_SIM_BEDSIDE_H
#define WARDGATE_TESTS_SIM_BEDSIDE_H

#include <stdbool.h>
#include <stdint.h>

#define WARD_BEDS      8
#define WARD_VITALS    6 /* continuous ones; a cuff's pressure besides */
#define WARD_LINES     5
#define WARD_PERIOD_US 1000000
#define WARD_BASE      "wardgate/sim/w1/"
#define WARD_GATEWAY   "gateway/gw-1/"

/* What is wrong with a patient: name, vital (index), value, the alarm that it means, how long that may take in seconds */
#define TROUBLE_LIST(X)                      \
    X(tachycardia, 0, 145, "hr_high", 40)    \
    X(bradycardia, 0, 38, "hr_low", 70)      \
    X(hypoxia, 2, 86, "spo2_low", 40)        \
    X(desaturation, 2, 72, "spo2_desat", 40) \
    X(tachypnoea, 3, 38, "resp_high", 45)    \
    X(hypotension, 4, 50, "abp_low", 90)

enum trouble {
    TROUBLE_NONE,
#define TROUBLE_ENUM(name, vital, value, alarm, patience) TROUBLE_##name,
    TROUBLE_LIST(TROUBLE_ENUM)
#undef TROUBLE_ENUM
        TROUBLE_COUNT
};

enum monitor_fault {
    MONITOR_WELL,
    MONITOR_SILENT,
    MONITOR_ABSENT,  /* answers, and has no values */
    MONITOR_GARBAGE, /* values that cannot be */
    MONITOR_SWAPPED, /* another patient's monitor answers, and says so */
    MONITOR_FLOODS,  /* far more than the rings can hold */
    MONITOR_FAULT_COUNT
};

struct bedside {
    enum trouble trouble;
    int64_t trouble_until_us, next_trouble_us; /* world time */
    int64_t settled_us;                        /* since when all of it is as it is */
    enum monitor_fault fault;
    bool is_foreign; /* swapped, and the patient is the one who was here before */
    int32_t base[WARD_VITALS];
    int32_t cuff;
    int64_t next_cuff_us;
};

/* What a poll brings. */
struct bedside_answer {
    bool answers;
    enum monitor_fault fault;
    int32_t identity;
    int32_t value_milli[WARD_VITALS];
    bool has_cuff;
    int32_t cuff_milli;
    unsigned flood; /* so many observations more */
};

extern struct bedside bedside_beds[WARD_BEDS];
extern bool bedside_line_down[WARD_LINES];
extern int64_t bedside_line_hangs_until_us[WARD_LINES]; /* its driver does not come back from a call until then */

void bedside_init(void);
const char *bedside_bed_id(unsigned bed);
const char *bedside_vital(unsigned index);
const char *bedside_alarm(enum trouble trouble);
int64_t bedside_patience_us(enum trouble trouble);

/* A monitor is polled. */
void bedside_poll(unsigned bed, struct bedside_answer *out);
void bedside_disturb(unsigned bed);        /* what is known of it must settle anew */
void bedside_change_patient(unsigned bed); /* whoever answers now is the patient's own */
void bedside_set_fault(unsigned bed, enum monitor_fault fault);

unsigned bedside_line_of(unsigned bed);
bool bedside_line_is_well(unsigned bed); /* its line is open, and nothing hangs that it shares a thread with */
void bedside_disturb_line(unsigned line);
void bedside_hang(unsigned line, bool hangs); /* its driver goes into a call that does not come back, or comes back */
void bedside_forget_process(void);            /* it was killed, and what hung in it is gone */
int64_t bedside_line_hung_us(unsigned line);  /* for how long; 0: it does not */

/* Whether the bed's own monitor gave this value lately, valid and as its own. */
bool bedside_gave(unsigned bed, unsigned vital, int32_t value_milli, int64_t within_us);
int64_t bedside_heard_us(unsigned bed); /* when its monitor last answered, whoever heard */

/* The bed of a topic (-1: the gateway's own) and what stands behind; *out_leaf NULL: none of ours. */
int bedside_bed_of_topic(const char *topic, const char **out_leaf);
int bedside_bed_of(const char *id); /* -1: none */

#endif
