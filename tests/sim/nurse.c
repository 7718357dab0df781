#include "tests/sim/nurse.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "hal/clock.h"
#include "tests/powerloss/chance.h"
#include "tests/sim/bedside.h"
#include "tests/sim/broker.h"
#include "tests/sim/disk.h"
#include "tests/sim/scheduler.h"
#include "tests/sim/witness.h"

#define TIME_MAX 40
#define SEEN_US  INT64_C(3000000) /* a trouble is there for so long: its values are counted, its alarm is not on */

enum { ADMITS }; /* of what is drawn */

static uint64_t commands;

uint64_t nurse_commands(void)
{
    return commands;
}

static void write_time(int64_t wall_ms, char *out)
{
    const time_t seconds = (time_t)(wall_ms / 1000);
    struct tm day;
    (void)gmtime_r(&seconds, &day);
    (void)strftime(out, TIME_MAX, "%Y-%m-%dT%H:%M:%S.000Z", &day);
}

/* One that is there at the bed; NULL: none. */
static const struct disk_alarm *any_alarm(const char *bed)
{
    const struct disk_alarm *found = NULL;
    unsigned count = 0;
    for (uint32_t i = 0; i < disk_alarm_count(); i++) {
        const struct disk_alarm *a = disk_alarm(i);
        if (!a->ended && __builtin_strcmp(a->bed, bed) == 0 && chance_draw(++count) == 0) {
            found = a;
        }
    }
    return found;
}

static bool is_delayed(unsigned bed)
{
    const struct bedside *b = &bedside_beds[bed];
    if (b->trouble == TROUBLE_NONE || b->fault != MONITOR_WELL || scheduler_now_us() - b->settled_us < SEEN_US) {
        return false;
    }
    const struct disk_alarm *alarm = disk_find_alarm(bedside_bed_id(bed), bedside_alarm(b->trouble));
    return alarm == NULL || alarm->ended;
}

/* One where a delay runs; WARD_BEDS: none. */
static unsigned any_delayed(void)
{
    unsigned found = WARD_BEDS, count = 0;
    for (unsigned bed = 0; bed < WARD_BEDS; bed++) {
        if (is_delayed(bed) && chance_draw(++count) == 0) {
            found = bed;
        }
    }
    return found;
}

/* What the command asks for beside what all ask for; its word is given back, and under what role it is sent. */
static const char *write_rest(unsigned bed, bool is_admitted, const char **out_role, char *out, size_t size)
{
    const struct disk_alarm *alarm = any_alarm(bedside_bed_id(bed));
    out[0] = '\0';
    switch (is_admitted ? ADMITS : chance_draw(12)) {
    case ADMITS:
        bedside_change_patient(bed);
        return "admit";
    case 1:
        bedside_change_patient(bed);
        return "discharge";
    case 2:
        (void)snprintf(out, size, ",\"what\":\"audio\"");
        return "pause";
    case 3:
        return "resume";
    case 4:
        (void)snprintf(out, size, ",\"rule\":\"hr_high\",\"value\":%u", 105 + (unsigned)chance_draw(20));
        return "set_limit";
    case 5:
        (void)snprintf(out, size, ",\"duration\":\"%us\"", 20 + (unsigned)chance_draw(100));
        return "away";
    case 6:
        return "back";
    case 7:
        *out_role = "biomed";
        bedside_change_patient(bed);
        return "assign";
    default:
        if (alarm == NULL) {
            return "resume";
        }
        (void)snprintf(out, size, ",\"alarm_id\":\"%016" PRIx64 "\",\"rev\":%u", alarm->id, alarm->rev);
        return "acknowledge";
    }
}

void nurse_command(void)
{
    const unsigned delayed = chance_is(50) ? any_delayed() : WARD_BEDS; /* the next patient comes while a delay runs */
    const unsigned bed = delayed < WARD_BEDS ? delayed : (unsigned)chance_draw(WARD_BEDS);
    const uint64_t stay = witness_stay((int)bed);
    char topic[128], payload[1024], rest[256], at[TIME_MAX], expires_at[TIME_MAX], who[32] = "null";
    const char *role = "charge", *word = write_rest(bed, delayed == bed, &role, rest, sizeof rest);
    if (stay != 0) {
        (void)snprintf(who, sizeof who, "\"%016" PRIx64 "\"", stay);
    }
    write_time(clock_wall_ms(), at);
    write_time(clock_wall_ms() + 20000, expires_at);
    (void)snprintf(topic, sizeof topic, WARD_BASE "%s/command/%s", bedside_bed_id(bed), role);
    (void)snprintf(payload, sizeof payload,
                   "{\"id\":\"n%" PRIu64
                   "\",\"by\":\"n1\",\"command\":\"%s\",\"stay\":%s,\"at\":\"%s\",\"expires_at\":\"%s\"%s}",
                   commands++, word, who, at, expires_at, rest);
    broker_command(topic, payload);
}
