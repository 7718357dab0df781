#include "tests/sim/bedside.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/engine/observation.h"
#include "tests/powerloss/chance.h"
#include "tests/sim/disk.h"
#include "tests/sim/scheduler.h"
#include "tests/sim/witness.h"

#define GIVEN_KEPT 32U
#define SECOND_US  INT64_C(1000000)
#define FLOOD      5000U

struct given {
    int64_t at_us;
    int32_t value_milli;
};

static const struct {
    const char *alarm;
    unsigned vital;
    int32_t value;
    int64_t patience_us;
} troubles[TROUBLE_COUNT] = {
#define TROUBLE_ROW(name, vital, value, alarm, patience) [TROUBLE_##name] = {alarm, vital, value, (patience)*SECOND_US},
    TROUBLE_LIST(TROUBLE_ROW)
#undef TROUBLE_ROW
};

static const char *const vitals[WARD_VITALS] = {"hr", "pulse", "spo2", "resp", "abp_mean", "temp_core"};
static const int32_t normal[WARD_VITALS] = {80, 80, 97, 15, 85, 37};
enum { VITAL_OF_HR, VITAL_OF_PULSE };

struct bedside bedside_beds[WARD_BEDS];
bool bedside_line_down[WARD_LINES];
int64_t bedside_line_hangs_until_us[WARD_LINES];

static struct given given[WARD_BEDS][WARD_VITALS][GIVEN_KEPT];
static unsigned given_count[WARD_BEDS][WARD_VITALS];
static int64_t heard_us[WARD_BEDS];
static int64_t hung_since_us[WARD_LINES]; /* 0: its driver comes back from its calls */

const char *bedside_bed_id(unsigned bed)
{
    static const char *const ids[WARD_BEDS] = {"b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8"};
    return ids[bed];
}

int bedside_bed_of(const char *id)
{
    return id[0] == 'b' && id[1] >= '1' && id[1] <= '0' + WARD_BEDS && id[2] == '\0' ? id[1] - '1' : -1;
}

const char *bedside_vital(unsigned index)
{
    return vitals[index];
}

const char *bedside_alarm(enum trouble trouble)
{
    return troubles[trouble].alarm;
}

int64_t bedside_patience_us(enum trouble trouble)
{
    return troubles[trouble].patience_us;
}

void bedside_init(void)
{
    for (unsigned b = 0; b < WARD_BEDS; b++) {
        struct bedside *bed = &bedside_beds[b];
        *bed = (struct bedside){.next_trouble_us = SECOND_US * (int64_t)(60 + chance_draw(600)), .cuff = 120};
        for (unsigned v = 0; v < WARD_VITALS; v++) {
            bed->base[v] = normal[v];
        }
    }
}

void bedside_disturb(unsigned bed)
{
    bedside_beds[bed].settled_us = scheduler_now_us();
}

static int32_t identity_of(unsigned bed)
{
    return identity_hash(&bed, sizeof bed);
}

void bedside_set_fault(unsigned bed, enum monitor_fault fault)
{
    if (bedside_beds[bed].fault != fault) {
        bedside_beds[bed].fault = fault;
        bedside_beds[bed].is_foreign = disk_is_open() &&
                                       disk_is_well() && /* else what is committed is not what the gateway knows */
                                       witness_stay((int)bed) != 0 && witness_identity((int)bed) == identity_of(bed);
        bedside_disturb(bed);
    }
}

void bedside_change_patient(unsigned bed)
{
    bedside_beds[bed].is_foreign = false;
    bedside_disturb(bed);
}

/* ---- lines ---- */

enum { LINE_FIRST_LINK = 2 }; /* from here on links of a network, one thread for all */

unsigned bedside_line_of(unsigned bed)
{
    return bed < 3 ? 0 : bed < 5 ? 1 : bed - 3;
}

static bool hangs_with(unsigned line, unsigned other)
{
    return line == other || (line >= LINE_FIRST_LINK && other >= LINE_FIRST_LINK);
}

bool bedside_line_is_well(unsigned bed)
{
    const unsigned line = bedside_line_of(bed);
    bool well = !bedside_line_down[line];
    for (unsigned i = 0; i < WARD_LINES; i++) {
        well = well && !(hangs_with(line, i) && scheduler_now_us() < bedside_line_hangs_until_us[i]);
    }
    return well;
}

int64_t bedside_line_hung_us(unsigned line)
{
    return hung_since_us[line] != 0 ? scheduler_now_us() - hung_since_us[line] : 0;
}

void bedside_hang(unsigned line, bool hangs)
{
    hung_since_us[line] = hangs ? scheduler_now_us() : 0;
}

void bedside_forget_process(void)
{
    for (unsigned i = 0; i < WARD_LINES; i++) {
        const bool hangs = hung_since_us[i] != 0;
        hung_since_us[i] = 0;
        bedside_line_hangs_until_us[i] = hangs ? scheduler_now_us() : bedside_line_hangs_until_us[i];
    }
}

void bedside_disturb_line(unsigned line)
{
    for (unsigned b = 0; b < WARD_BEDS; b++) {
        if (hangs_with(bedside_line_of(b), line)) {
            bedside_disturb(b);
        }
    }
}

/* ---- patients ---- */

static void live_on(struct bedside *bed, unsigned index)
{
    const int64_t now_us = scheduler_now_us();
    if (bed->trouble != TROUBLE_NONE && now_us >= bed->trouble_until_us) {
        bed->trouble = TROUBLE_NONE;
        bed->next_trouble_us = now_us + SECOND_US * (int64_t)(60 + chance_draw(900));
        bedside_disturb(index);
    } else if (bed->trouble == TROUBLE_NONE && now_us >= bed->next_trouble_us) {
        bed->trouble = (enum trouble)(1 + chance_draw(TROUBLE_COUNT - 1));
        bed->trouble_until_us = now_us + SECOND_US * (int64_t)(10 + chance_draw(240));
        bedside_disturb(index);
    }
}

static int32_t value_of(const struct bedside *bed, unsigned vital, int32_t noise)
{
    if (bed->trouble != TROUBLE_NONE && troubles[bed->trouble].vital == vital) {
        return troubles[bed->trouble].value + noise;
    }
    /* the finger says what the ECG says */
    if (vital == VITAL_OF_PULSE && bed->trouble != TROUBLE_NONE && troubles[bed->trouble].vital == VITAL_OF_HR) {
        return troubles[bed->trouble].value + noise;
    }
    return bed->base[vital] + noise;
}

static void give(unsigned bed, unsigned vital, int32_t value_milli)
{
    given[bed][vital][given_count[bed][vital]++ % GIVEN_KEPT] =
        (struct given){.at_us = scheduler_now_us(), .value_milli = value_milli};
}

bool bedside_gave(unsigned bed, unsigned vital, int32_t value_milli, int64_t within_us)
{
    const int64_t from_us = scheduler_now_us() - within_us;
    for (unsigned i = 0; i < GIVEN_KEPT && i < given_count[bed][vital]; i++) {
        const struct given *g = &given[bed][vital][(given_count[bed][vital] - 1 - i) % GIVEN_KEPT];
        if (g->at_us < from_us) {
            return false;
        }
        if (g->value_milli == value_milli) {
            return true;
        }
    }
    return false;
}

int64_t bedside_heard_us(unsigned bed)
{
    return heard_us[bed];
}

/* ---- monitors ---- */

static void fill_values(struct bedside *bed, unsigned index, struct bedside_answer *out)
{
    const int32_t noise = (int32_t)chance_draw(3) - 1;
    const bool swapped = bed->fault == MONITOR_SWAPPED, own = !swapped || !bed->is_foreign;
    for (unsigned v = 0; v < WARD_VITALS; v++) {
        /* another patient's end in a digit that ours never do */
        const int32_t value = !swapped ? value_of(bed, v, v == 5 ? 0 : noise) * 1000 : normal[v] * 1000 - 1500;
        out->value_milli[v] = value;
        if (own || !disk_is_open()) { /* else: if the store turns out to be lost, it is believed */
            give(index, v, value);
        }
    }
    if (own && scheduler_now_us() >= bed->next_cuff_us) {
        bed->next_cuff_us = scheduler_now_us() + SECOND_US * (int64_t)(200 + chance_draw(400));
        bed->cuff = 100 + (int32_t)chance_draw(50);
        out->has_cuff = true;
        out->cuff_milli = bed->cuff * 1000;
    }
}

void bedside_poll(unsigned bed, struct bedside_answer *out)
{
    struct bedside *b = &bedside_beds[bed];
    live_on(b, bed);
    *out =
        (struct bedside_answer){.answers = b->fault != MONITOR_SILENT, .fault = b->fault, .identity = identity_of(bed)};
    if (!out->answers) {
        return;
    }
    heard_us[bed] = scheduler_now_us();
    if (b->fault == MONITOR_SWAPPED) {
        out->identity = identity_of(bed + 100);
    }
    if (b->fault != MONITOR_ABSENT && b->fault != MONITOR_GARBAGE) {
        fill_values(b, bed, out);
    }
    if (b->fault == MONITOR_FLOODS && chance_is(20)) {
        out->flood = FLOOD;
    }
}

/* ---- topics ---- */

int bedside_bed_of_topic(const char *topic, const char **out_leaf)
{
    static const char base[] = WARD_BASE, gateway[] = WARD_GATEWAY;
    *out_leaf = NULL;
    if (strncmp(topic, base, sizeof base - 1) != 0) {
        return -1;
    }
    topic += sizeof base - 1;
    if (strncmp(topic, gateway, sizeof gateway - 1) == 0) {
        *out_leaf = topic + sizeof gateway - 1;
        return -1;
    }
    *out_leaf = topic + 3; /* "b1/" */
    return topic[0] == 'b' && topic[2] == '/' ? topic[1] - '1' : -1;
}
