#include "app/cli/watch_ward.h"

#include <stdio.h>
#include <string.h>

#include "app/flow/json_read.h"

struct row {
    struct json_member members[JSON_MEMBERS_MAX];
    unsigned count;
};

static const struct json_member *find(const struct row *row, const char *key)
{
    for (unsigned i = 0; i < row->count; i++) {
        if (json_member_is(&row->members[i], key)) {
            return &row->members[i];
        }
    }
    return NULL;
}

/* "" when it is not there. */
static void read_words(const struct row *row, const char *key, char *out, size_t size)
{
    const struct json_member *member = find(row, key);
    out[0] = '\0';
    if (member != NULL) {
        json_read_words(member, out, size);
    }
}
#define READ_WORDS(row, key, field) read_words(row, key, field, sizeof(field))

static int64_t read_milli_or(const struct row *row, const char *key, int64_t otherwise)
{
    const struct json_member *member = find(row, key);
    int64_t milli = otherwise;
    if (member == NULL || !json_read_milli(member, &milli)) {
        return otherwise;
    }
    return milli;
}

static int32_t read_value(const struct row *row, const char *key)
{
    const int64_t milli = read_milli_or(row, key, 0);
    return milli > INT32_MAX ? INT32_MAX : milli < -INT32_MAX ? -INT32_MAX : (int32_t)milli;
}

static uint64_t read_count(const struct row *row, const char *key)
{
    const int64_t milli = read_milli_or(row, key, 0);
    return milli > 0 ? (uint64_t)milli / 1000 : 0;
}

static uint32_t read_count32(const struct row *row, const char *key)
{
    const uint64_t count = read_count(row, key);
    return count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
}

static uint16_t read_count16(const struct row *row, const char *key)
{
    const uint64_t count = read_count(row, key);
    return count > UINT16_MAX ? UINT16_MAX : (uint16_t)count;
}

static bool read_bool(const struct row *row, const char *key)
{
    const struct json_member *member = find(row, key);
    return member != NULL && member->kind == JSON_TRUE;
}

static uint8_t read_priority(const struct row *row)
{
    char word[WATCH_WORD_MAX];
    READ_WORDS(row, "priority", word);
    for (unsigned p = PRIORITY_HIGH; p > PRIORITY_NONE; p--) {
        if (strcmp(word, priority_word((enum priority)p)) == 0) {
            return (uint8_t)p;
        }
    }
    return PRIORITY_NONE;
}

static uint8_t read_vital(const struct row *row, const char *key)
{
    char name[WATCH_WORD_MAX];
    READ_WORDS(row, key, name);
    return (uint8_t)vital_by_name(name, strlen(name));
}

/* Room for one more, or NULL; both are for lists of the ward. */
#define TAKE_ROOM(ward, list, count, most) \
    ((ward)->count < (most) ? &(ward)->list[(ward)->count++] : ((ward)->left_out++, NULL))

static void take_gateway(struct watch_ward *ward, const struct row *row)
{
    char at[TIME_TEXT_MAX];
    READ_WORDS(row, "gateway", ward->gateway);
    READ_WORDS(row, "site", ward->site);
    READ_WORDS(row, "ward", ward->ward);
    READ_WORDS(row, "version", ward->version);
    READ_WORDS(row, "at", at);
    ward->uptime_s = (int64_t)read_count(row, "uptime_s");
    ward->is_synced = read_bool(row, "synced");
    ward->dropped = read_count(row, "dropped");
    if (!time_read(at, &ward->wall_ms)) {
        ward->wall_ms = 0;
    }
}

static void take_store(struct watch_ward *ward, const struct row *row)
{
    READ_WORDS(row, "error", ward->store_error);
    ward->waiting = read_count(row, "waiting");
    ward->history = read_count(row, "history");
    ward->omitted = read_count(row, "omitted");
    ward->commits = read_count(row, "commits");
    ward->kib = read_count(row, "kib");
    ward->kib_max = read_count(row, "kib_max");
    ward->trends_failing = read_bool(row, "trends_failing");
}

static void take_local(struct watch_ward *ward, const struct row *row)
{
    ward->has_local = true;
    ward->local_is_on = read_bool(row, "on");
    ward->local_priority = read_priority(row);
    READ_WORDS(row, "state", ward->local_state);
    READ_WORDS(row, "what", ward->local_what);
}

static void take_broker(struct watch_ward *ward, const struct row *row)
{
    struct watch_broker *broker = TAKE_ROOM(ward, brokers, broker_count, SETTINGS_BROKERS_MAX);
    if (broker != NULL) {
        READ_WORDS(row, "broker", broker->url);
        READ_WORDS(row, "state", broker->state);
        broker->is_in_use = read_bool(row, "in_use");
    }
}

static void take_boards(struct watch_ward *ward, const struct row *row)
{
    ward->has_boards = true;
    ward->boards_expected = read_count32(row, "expected");
    ward->boards_looking = read_count32(row, "looking");
    ward->boards_there = read_count32(row, "there");
}

static void take_ward(struct watch_ward *ward, const struct row *row)
{
    ward->has_staff = find(row, "nurses") != NULL;
    READ_WORDS(row, "shift", ward->shift);
    ward->nurses = read_count32(row, "nurses");
    ward->patients_each_milli = (uint32_t)read_value(row, "patients_each");
    ward->over_ratio = read_bool(row, "over_ratio");
    ward->has_needed = find(row, "needed") != NULL;
    ward->needed_milli = (uint32_t)read_value(row, "needed");
    ward->has_capacity = find(row, "load") != NULL;
    ward->load_milli = (uint32_t)read_value(row, "load");
    ward->no_bed_percent_milli = (uint32_t)read_value(row, "no_bed_free_percent");
}

static void take_result(struct watch_score *score, const struct row *row)
{
    READ_WORDS(row, "score", score->name);
    READ_WORDS(row, "band", score->band);
    READ_WORDS(row, "missing", score->missing);
    score->is_complete = read_bool(row, "complete");
    score->has_total = find(row, "total") != NULL;
    score->total_milli = read_value(row, "total");
}

static uint8_t read_state(const struct row *row)
{
    char word[WATCH_WORD_MAX];
    unsigned state = WARD_STATE_COUNT;
    READ_WORDS(row, "state", word);
    while (state-- > 0 && strcmp(word, ward_state_word((enum ward_state)state)) != 0) {
    }
    return (uint8_t)(state < WARD_STATE_COUNT ? state : WARD_not_monitored);
}

static void take_bed(struct watch_ward *ward, const struct row *row)
{
    struct watch_bed *bed = TAKE_ROOM(ward, beds, bed_count, SETTINGS_BEDS_MAX);
    if (bed == NULL) {
        return;
    }
    READ_WORDS(row, "bed", bed->id);
    READ_WORDS(row, "class", bed->class);
    READ_WORDS(row, "paused", bed->paused);
    bed->state = read_state(row);
    bed->priority = read_priority(row);
    bed->alarm_count = read_count16(row, "alarms");
    bed->stay_age_ms = read_milli_or(row, "stay_age", 0);
    bed->away_left_ms = read_milli_or(row, "away_left", 0);
    bed->vital_count = bed->alarms_told = 0;
    bed->vital_first = ward->vital_count;
    bed->alarm_first = ward->alarm_count;
    take_result(&bed->score, row);
}

static void take_vital(struct watch_ward *ward, const struct row *row)
{
    const uint8_t vital = read_vital(row, "vital");
    if (ward->bed_count == 0 || vital == VITAL_NONE) {
        return;
    }
    struct watch_vital *v = TAKE_ROOM(ward, vitals, vital_count, WATCH_VITALS_MAX);
    if (v == NULL) {
        return;
    }
    v->vital = vital;
    v->source = find(row, "source") != NULL ? read_vital(row, "source") : vital;
    v->source = v->source == VITAL_NONE ? vital : v->source;
    v->is_valid = find(row, "value") != NULL && find(row, "invalid") == NULL;
    v->is_episodic = read_bool(row, "episodic");
    READ_WORDS(row, "invalid", v->invalid);
    v->value_milli = read_value(row, "value");
    v->age_ms = read_milli_or(row, "age", WATCH_AGE_UNKNOWN);
    ward->beds[ward->bed_count - 1].vital_count++;
}

static void take_alarm(struct watch_ward *ward, const struct row *row)
{
    char state[WATCH_WORD_MAX];
    if (ward->bed_count == 0) {
        return;
    }
    struct watch_alarm *alarm = TAKE_ROOM(ward, alarms, alarm_count, WATCH_ALARMS_MAX);
    if (alarm == NULL) {
        return;
    }
    alarm->bed = (uint16_t)(ward->bed_count - 1);
    alarm->priority = read_priority(row);
    READ_WORDS(row, "state", state);
    alarm->is_latched = strcmp(state, "latched") == 0;
    READ_WORDS(row, "alarm", alarm->name);
    READ_WORDS(row, "text", alarm->text);
    READ_WORDS(row, "inactivation", alarm->inactivation);
    if (strcmp(alarm->inactivation, "none") == 0) {
        alarm->inactivation[0] = '\0';
    }
    READ_WORDS(row, "id", alarm->id);
    alarm->rev = read_count32(row, "rev");
    alarm->age_ms = read_milli_or(row, "age", 0);
    ward->beds[alarm->bed].alarms_told++;
}

static void take_limit(struct watch_ward *ward, const struct row *row)
{
    struct watch_limit *limit = TAKE_ROOM(ward, limits, limit_count, WATCH_LIMITS_MAX);
    if (limit != NULL) {
        limit->vital = read_vital(row, "vital");
        limit->priority = read_priority(row);
        READ_WORDS(row, "rule", limit->rule);
        READ_WORDS(row, "parameter", limit->parameter);
        limit->value_milli = read_value(row, "value");
    }
}

static void take_score(struct watch_ward *ward, const struct row *row)
{
    struct watch_score *score = TAKE_ROOM(ward, scores, score_count, WATCH_SCORES_MAX);
    if (score != NULL) {
        take_result(score, row);
    }
}

static void take_pause(struct watch_ward *ward, const struct row *row)
{
    struct watch_pause *pause = TAKE_ROOM(ward, pauses, pause_count, WATCH_PAUSES_MAX);
    if (pause != NULL) {
        READ_WORDS(row, "what", pause->what);
        READ_WORDS(row, "rule", pause->rule);
        pause->left_ms = read_milli_or(row, "left", 0);
    }
}

static void take_bus(struct watch_ward *ward, const struct row *row)
{
    struct watch_bus *bus = TAKE_ROOM(ward, buses, bus_count, SETTINGS_BUSES_MAX);
    if (bus == NULL) {
        return;
    }
    READ_WORDS(row, "bus", bus->name);
    READ_WORDS(row, "kind", bus->kind);
    READ_WORDS(row, "where", bus->where);
    READ_WORDS(row, "state", bus->state);
    READ_WORDS(row, "fault", bus->fault);
    READ_WORDS(row, "speaks", bus->speaks);
    bus->monitor_count = read_count16(row, "monitors");
    bus->answering_count = read_count16(row, "answering");
    bus->planned_permille = read_count32(row, "planned_permille");
    bus->busy_permille = read_count32(row, "busy_permille");
    bus->requests = read_count32(row, "requests");
    bus->missed = read_count32(row, "missed");
    bus->opened = read_count32(row, "opened");
    bus->unasked = read_count32(row, "unasked");
    bus->foreign = read_count32(row, "foreign");
    bus->refused = read_count32(row, "refused");
    bus->repeated = read_count32(row, "repeated");
    bus->hang_ups = read_count32(row, "hang_ups");
    bus->monitors_told = 0;
    bus->monitor_first = ward->monitor_count;
}

static void take_monitor(struct watch_ward *ward, const struct row *row)
{
    if (ward->bus_count == 0) {
        return;
    }
    struct watch_monitor *monitor = TAKE_ROOM(ward, monitors, monitor_count, WATCH_MONITORS_MAX);
    if (monitor == NULL) {
        return;
    }
    READ_WORDS(row, "bed", monitor->bed);
    READ_WORDS(row, "place", monitor->place);
    if (monitor->place[0] == '\0' && find(row, "address") != NULL) {
        (void)snprintf(monitor->place, sizeof monitor->place, "%u", (unsigned)read_count16(row, "address"));
    }
    READ_WORDS(row, "profile", monitor->profile);
    READ_WORDS(row, "fault", monitor->fault);
    READ_WORDS(row, "failures", monitor->failures);
    monitor->is_answering = read_bool(row, "answering");
    monitor->is_outdated = read_bool(row, "outdated");
    monitor->polls = read_count32(row, "polls");
    monitor->answers = read_count32(row, "answers");
    monitor->answer_us = read_count32(row, "answer_us");
    monitor->missed = read_count32(row, "missed");
    ward->buses[ward->bus_count - 1].monitors_told++;
}

static void take_end(struct watch_ward *ward, const struct row *row)
{
    (void)row;
    ward->is_whole = true;
}

void watch_ward_init(struct watch_ward *ward)
{
    memset(ward, 0, offsetof(struct watch_ward, brokers)); /* lists are written as they grow */
}

void watch_ward_take(struct watch_ward *ward, const char *bytes, size_t length)
{
    static const struct {
        const char *word;
        void (*take)(struct watch_ward *ward, const struct row *row);
    } kinds[] = {{"gateway", take_gateway}, {"store", take_store},     {"local", take_local}, {"broker", take_broker},
                 {"boards", take_boards},   {"ward", take_ward},       {"bed", take_bed},     {"vital", take_vital},
                 {"alarm", take_alarm},     {"limit", take_limit},     {"score", take_score}, {"pause", take_pause},
                 {"bus", take_bus},         {"monitor", take_monitor}, {"end", take_end}};
    struct row row;
    char word[WATCH_WORD_MAX];
    if (!json_read_object(bytes, length, row.members, JSON_MEMBERS_MAX, &row.count)) {
        return;
    }
    READ_WORDS(&row, "row", word);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(word, kinds[i].word) == 0) {
            kinds[i].take(ward, &row);
        }
    }
}

void watch_reader_init(struct watch_reader *reader, struct watch_ward *ward)
{
    reader->ward = ward;
    reader->length = 0;
    reader->is_skipping = false;
    watch_ward_init(ward);
}

void watch_reader_feed(struct watch_reader *reader, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '\n') {
            if (!reader->is_skipping) {
                watch_ward_take(reader->ward, reader->line, reader->length);
            }
            reader->length = 0;
            reader->is_skipping = false;
        } else if (reader->length < sizeof reader->line) {
            reader->line[reader->length++] = bytes[i];
        } else {
            reader->is_skipping = true;
        }
    }
}

const struct watch_vital *watch_find_vital(const struct watch_ward *ward, const struct watch_bed *bed, enum vital vital)
{
    for (unsigned i = 0; i < bed->vital_count; i++) {
        const struct watch_vital *v = &ward->vitals[bed->vital_first + i];
        if (v->vital == vital) {
            return v;
        }
    }
    return NULL;
}
