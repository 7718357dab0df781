#include "tests/ward/ward_item.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/ward/ward_central.h"

enum { UNIT_MAX = 247, CUFF_PERIOD_MS_MIN = 30000, CUFF_PERIOD_MS_MAX = 3600000, CUFF_PERIOD_MS_DEFAULT = 300000 };

static bool monitor_generated(struct item *item, struct ward_monitor *monitor, int64_t unit)
{
    static const char *const keys[] = {"seed=", "cuff=", "identity=", NULL};
    int64_t seed = unit;
    int64_t cuff_ns = CUFF_PERIOD_MS_DEFAULT * WARD_MS;
    if (!item_options_known(item, 5, keys)) {
        return false;
    }
    if (!item_option_number(item, 5, "seed", 0, INT32_MAX, &seed) || !item_option_duration(item, 5, "cuff", &cuff_ns) ||
        cuff_ns < CUFF_PERIOD_MS_MIN * WARD_MS || cuff_ns > CUFF_PERIOD_MS_MAX * WARD_MS) {
        return item_fail(item, "seed is a number, cuff a duration of 30s to 60min");
    }
    ward_patient_init(&monitor->patient, (uint32_t)seed, cuff_ns / WARD_MS);
    return true;
}

static bool monitor_recording(struct item *item, struct ward_monitor *monitor)
{
    static const char *const keys[] = {"speed=", "offset=", "map=", "absent=", "identity=", NULL};
    const char *map = item_option(item, 6, "map");
    int64_t speed = 1;
    int64_t offset_ns = 0;
    if (item->count < 6 || map == NULL) {
        return item_fail(item,
                         "write monitor NAME LINE UNIT recording FILE map=COLUMN=vital,...,COLUMN=time [OPTIONS]");
    }
    if (!item_options_known(item, 6, keys)) {
        return false;
    }
    if (!item_option_number(item, 6, "speed", 1, 10000, &speed) ||
        !item_option_duration(item, 6, "offset", &offset_ns)) {
        return item_fail(item, "speed is a whole number, offset a duration like 1680s");
    }
    FILE *file = fopen(item->words[5], "re");
    if (file == NULL) {
        return item_fail(item, "cannot read %.100s (%s), start the ward where that path leads", item->words[5],
                         strerror(errno));
    }
    char why[100];
    const bool loaded =
        ward_recording_load(&monitor->recording, file, map, item_option(item, 6, "absent"), why, sizeof why);
    fclose(file);
    if (!loaded) {
        return item_fail(item, "%.80s: %s", item->words[5], why);
    }
    monitor->recorded = true;
    monitor->recording.speed = speed;
    monitor->recording.offset_ms = offset_ns / WARD_MS;
    return true;
}

static bool monitor_registers(struct item *item, struct ward_monitor *monitor)
{
    static const char *const keys[] = {NULL};
    if (item->count < 6 || !item_options_known(item, 6, keys)) {
        return item->count < 6 ? item_fail(item, "write monitor NAME LINE UNIT registers FILE") : false;
    }
    FILE *file = fopen(item->words[5], "re");
    if (file == NULL) {
        return item_fail(item, "cannot read %.100s (%s), start the ward where that path leads", item->words[5],
                         strerror(errno));
    }
    char why[100];
    const bool loaded = ward_map_load(&monitor->map, file, why, sizeof why);
    fclose(file);
    if (!loaded) {
        return item_fail(item, "%.80s: %s", item->words[5], why);
    }
    monitor->mapped = true;
    return true;
}

static bool monitor_counting(struct item *item, struct ward_monitor *monitor)
{
    static const char *const keys[] = {NULL};
    if (monitor->unit == 0) {
        return item_fail(item, "only a monitor that is asked can count, write generated or recording");
    }
    monitor->counting = true;
    return item_options_known(item, 5, keys);
}

static void monitor_name(struct item *item, struct ward_monitor *monitor, size_t options_from)
{
    const char *identity = item_option(item, options_from, "identity");
    snprintf(monitor->name, sizeof monitor->name, "%s", item->words[1]);
    snprintf(monitor->identity, sizeof monitor->identity, "%.*s", WARD_IDENTITY_LENGTH,
             identity == NULL ? monitor->name : identity);
}

static bool monitor_unit(struct item *item, struct ward_monitor *monitor, int64_t *unit)
{
    if (!ward_text_number(item->words[3], 1, UNIT_MAX, unit)) {
        return item_fail(item, "unit %.20s is not in 1..%d", item->words[3], UNIT_MAX);
    }
    if (monitor->link->by_unit[*unit] != NULL) {
        return item_fail(item, "unit %s of %s is %s already, choose another", item->words[3], monitor->link->name,
                         monitor->link->by_unit[*unit]->name);
    }
    monitor->unit = (uint8_t)*unit;
    return true;
}

static bool monitor_bed(struct item *item, struct ward_monitor *monitor, int64_t *seed)
{
    const char *place = item->words[3];
    if (strchr(place, '^') == NULL || strchr(place, '|') != NULL || strlen(place) >= sizeof monitor->place) {
        return item_fail(item, "%.60s is no place, write POC^ROOM^BED", place);
    }
    if (strcmp(item->words[4], "registers") == 0) {
        return item_fail(item, "a central station shows no registers, write generated or recording");
    }
    snprintf(monitor->place, sizeof monitor->place, "%s", place);
    *seed = (int64_t)monitor->link->central.bed_count;
    return true;
}

/* Where the monitor hangs and under which name. number: what its seed is when nobody says. */
static bool monitor_place(struct item *item, struct ward_monitor *monitor, int64_t *number)
{
    if (!item_name_is_free(item, item->words[1])) {
        return false;
    }
    monitor->link = ward_link_by_name(item->ward, item->words[2]);
    if (monitor->link == NULL) {
        return item_fail(item, "there is no line %.32s, write it above its monitors", item->words[2]);
    }
    if (monitor->link->kind == WARD_OXIMETER) {
        return item_fail(item, "%s is an oximeter with a line of its own, choose another", monitor->link->name);
    }
    monitor_name(item, monitor, 5);
    return monitor->link->kind == WARD_CENTRAL ? monitor_bed(item, monitor, number)
                                               : monitor_unit(item, monitor, number);
}

static bool monitor_source(struct item *item, struct ward_monitor *monitor, int64_t unit)
{
    if (strcmp(item->words[4], "generated") == 0) {
        return monitor_generated(item, monitor, unit);
    }
    if (strcmp(item->words[4], "recording") == 0) {
        return monitor_recording(item, monitor);
    }
    if (strcmp(item->words[4], "registers") == 0) {
        return monitor_registers(item, monitor);
    }
    if (strcmp(item->words[4], "counting") == 0) {
        return monitor_counting(item, monitor);
    }
    return item_fail(item, "%.32s is no source, write generated, recording, registers or counting", item->words[4]);
}

/* Not yet counted; NULL when there is no room. */
static struct ward_monitor *monitor_new(struct item *item)
{
    struct ward *ward = item->ward;
    if (ward->monitor_count == WARD_MONITORS_MAX) {
        item_fail(item, "more than %d monitors, start a second ward", WARD_MONITORS_MAX);
        return NULL;
    }
    struct ward_monitor *monitor = &ward->monitors[ward->monitor_count];
    memset(monitor, 0, sizeof *monitor);
    return monitor;
}

bool item_monitor(struct item *item)
{
    int64_t number = 0;
    if (item->count < 5) {
        return item_fail(item, "write monitor NAME LINE UNIT generated|recording|registers|counting [OPTIONS]");
    }
    struct ward_monitor *monitor = monitor_new(item);
    if (monitor == NULL || !monitor_place(item, monitor, &number) || !monitor_source(item, monitor, number)) {
        return false;
    }
    if (monitor->link->kind == WARD_CENTRAL && !ward_central_add(&monitor->link->central, monitor)) {
        return item_fail(item, "more than %d beds behind %s, add a second central station", WARD_BEDS_MAX,
                         monitor->link->name);
    }
    if (monitor->unit != 0) {
        monitor->link->by_unit[monitor->unit] = monitor;
    }
    item->ward->monitor_count++;
    return true;
}

struct ward_monitor *item_monitor_of(struct item *item, struct ward_link *link, uint32_t seed)
{
    struct ward_monitor *monitor = monitor_new(item);
    if (monitor != NULL) {
        monitor_name(item, monitor, 4);
        monitor->link = link;
        ward_patient_init(&monitor->patient, seed, CUFF_PERIOD_MS_DEFAULT);
        item->ward->monitor_count++;
    }
    return monitor;
}
