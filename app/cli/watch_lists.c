/* What stands in the lists, and where. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/cli/watch_view.h"

static bool matches(const struct watch_state *state, const char *text)
{
    const size_t length = strlen(state->filter);
    for (; *text != '\0'; text++) {
        if (strncasecmp(text, state->filter, length) == 0) {
            return true;
        }
    }
    return length == 0;
}

/* Alarms that ask for attention before those that somebody has seen to; of beds without any, those that nobody watches before all others. */
static int severity(const struct watch_ward *ward, const struct watch_bed *bed)
{
    bool is_open = false;
    for (unsigned i = 0; i < bed->alarms_told; i++) {
        const struct watch_alarm *alarm = &ward->alarms[bed->alarm_first + i];
        is_open = is_open || (alarm->priority == bed->priority && alarm->inactivation[0] == '\0');
    }
    static const int of_state[] = {[WARD_vacant] = 0, [WARD_away] = 1, [WARD_occupied] = 2, [WARD_not_monitored] = 3};
    const int points = bed->score.has_total ? bed->score.total_milli / 1000 : 0;
    return ((bed->priority * 2 + (is_open ? 1 : 0)) * 4 + of_state[bed->state]) * 64 + (points < 0    ? 0
                                                                                        : points > 63 ? 63
                                                                                                      : points);
}

static int compare_names(const char *a, const char *b)
{
    return strverscmp(a, b);
}

struct order {
    int severity;
    uint16_t index;
};

/* Insertion: few change their place, and equal ones keep it. */
static void sort(struct order *orders, int count)
{
    for (int i = 1; i < count; i++) {
        const struct order moved = orders[i];
        int at = i;
        for (; at > 0 && orders[at - 1].severity < moved.severity; at--) {
            orders[at] = orders[at - 1];
        }
        orders[at] = moved;
    }
}

static bool bed_matches(const struct watch_ward *ward, const struct watch_state *state, const struct watch_bed *bed)
{
    bool found = matches(state, bed->id) || matches(state, bed->class) ||
                 matches(state, ward_state_word((enum ward_state)bed->state));
    for (unsigned i = 0; i < bed->alarms_told && !found; i++) {
        found = matches(state, ward->alarms[bed->alarm_first + i].name);
    }
    return found;
}

static void list_beds(const struct watch_ward *ward, const struct watch_state *state, struct watch_lists *out)
{
    struct order orders[SETTINGS_BEDS_MAX];
    int count = 0;
    for (uint16_t b = 0; b < ward->bed_count; b++) {
        if (!bed_matches(ward, state, &ward->beds[b])) {
            continue;
        }
        int at = count++;
        for (; at > 0 && compare_names(ward->beds[orders[at - 1].index].id, ward->beds[b].id) > 0; at--) {
            orders[at] = orders[at - 1];
        }
        orders[at] = (struct order){.severity = severity(ward, &ward->beds[b]), .index = b};
    }
    if (!state->is_by_name) {
        sort(orders, count);
    }
    for (int i = 0; i < count; i++) {
        out->beds[i] = orders[i].index;
    }
    out->counts[WATCH_BEDS] = count;
}

/* The newest first among those that are as urgent. */
static bool alarm_is_before(const struct watch_alarm *a, const struct watch_alarm *b)
{
    const int rank_a = a->priority * 2 + (a->inactivation[0] == '\0'),
              rank_b = b->priority * 2 + (b->inactivation[0] == '\0');
    return rank_a != rank_b ? rank_a > rank_b : a->age_ms < b->age_ms;
}

static void list_alarms(const struct watch_ward *ward, const struct watch_state *state, struct watch_lists *out)
{
    int count = 0;
    for (uint16_t a = 0; a < ward->alarm_count; a++) {
        const struct watch_alarm *alarm = &ward->alarms[a];
        if (!matches(state, ward->beds[alarm->bed].id) && !matches(state, alarm->name) &&
            !matches(state, alarm->text)) {
            continue;
        }
        int at = count++;
        for (; at > 0 && alarm_is_before(alarm, &ward->alarms[out->alarms[at - 1]]); at--) {
            out->alarms[at] = out->alarms[at - 1];
        }
        out->alarms[at] = a;
    }
    out->counts[WATCH_ALARMS] = count;
}

static bool is_worth_a_line(const struct watch_monitor *monitor)
{
    return !monitor->is_answering || monitor->is_outdated || monitor->fault[0] != '\0' ||
           monitor->failures[0] != '\0' || monitor->missed > 0;
}

static void list_line(const struct watch_ward *ward, const struct watch_state *state, uint16_t index,
                      struct watch_lists *out)
{
    const struct watch_bus *bus = &ward->buses[index];
    const bool wants_all = matches(state, bus->name) || matches(state, bus->fault);
    int *count = &out->counts[WATCH_LINES];
    const int head = *count;
    out->lines[(*count)++] = (struct watch_line){.bus = index, .monitor = -1};
    for (unsigned m = 0; m < bus->monitors_told; m++) {
        const struct watch_monitor *monitor = &ward->monitors[bus->monitor_first + m];
        const bool is_asked_for = matches(state, monitor->bed) || matches(state, monitor->fault);
        if (is_worth_a_line(monitor) && (wants_all || is_asked_for)) {
            out->lines[(*count)++] = (struct watch_line){.bus = index, .monitor = (int16_t)(bus->monitor_first + m)};
        }
    }
    if (!wants_all && *count == head + 1) {
        *count = head;
    }
}

static int line_severity(const struct watch_bus *bus)
{
    return bus->fault[0] != '\0' || bus->planned_permille > 1000 ? 2
           : bus->answering_count < bus->monitor_count           ? 1
                                                                 : 0;
}

static void list_lines(const struct watch_ward *ward, const struct watch_state *state, struct watch_lists *out)
{
    struct order orders[SETTINGS_BUSES_MAX];
    for (uint16_t b = 0; b < ward->bus_count; b++) {
        orders[b] = (struct order){.severity = line_severity(&ward->buses[b]), .index = b};
    }
    if (!state->is_by_name) {
        sort(orders, ward->bus_count);
    }
    out->counts[WATCH_LINES] = 0;
    for (int i = 0; i < ward->bus_count; i++) {
        list_line(ward, state, orders[i].index, out);
    }
}

void watch_lists_make(const struct watch_ward *ward, const struct watch_state *state, struct watch_lists *out)
{
    list_beds(ward, state, out);
    list_alarms(ward, state, out);
    list_lines(ward, state, out);
}

int watch_cursor(const struct watch_ward *ward, const struct watch_state *state, const struct watch_lists *lists,
                 enum watch_list list)
{
    const int last = lists->counts[list] - 1;
    for (int i = 0; list == WATCH_BEDS && state->chosen[0] != '\0' && i <= last; i++) {
        if (strcmp(ward->beds[lists->beds[i]].id, state->chosen) == 0) {
            return i;
        }
    }
    const int cursor = state->cursor[list];
    return last < 0 || cursor < 0 ? 0 : cursor > last ? last : cursor;
}
