#include "drivers/monitor/hl7/intake.h"

#include <string.h>

#include "app/engine/hash.h"
#include "drivers/monitor/hl7/alarms.h"

void intake_make(struct intake *intake, struct arena *arena, const struct bus_config *config, struct bus_health *health)
{
    struct intake_monitor *monitors = ARENA_TAKE(arena, struct intake_monitor, config->monitor_count);
    struct intake_recent *recent = ARENA_TAKE(arena, struct intake_recent, INTAKE_RECENT);
    if (intake != NULL) {
        *intake = (struct intake){.config = config, .health = health, .monitors = monitors, .recent = recent};
    }
}

static void count(atomic_uint *counter, unsigned by)
{
    (void)atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

/* --- a group: one order of one monitor ----------------------------------------------------------------------- */

struct group {
    struct intake *intake;
    const struct message *message;
    const struct moment *now;
    struct observation_sink *out;
    int32_t utc_offset_s; /* of times that do not name theirs */
    struct observed sent; /* MSH-7 */
    struct observed order;
    struct origin origin;
    bool alarms;   /* of a PCD-04 message */
    bool has_any;  /* an OBX */
    bool is_empty; /* the message has had no OBX yet */
    bool refused;
    unsigned alarm_count;
    struct values values;
    struct alarm_facts facts;
};

static void put_mark(const struct group *group, uint16_t monitor, enum observation_kind kind, int32_t value)
{
    const struct monitor_config *config = &group->intake->config->monitors[monitor];
    const struct observation mark = {.at_ms = group->now->at_ms,
                                     .value_milli = value,
                                     .bed = config->bed,
                                     .monitor = config->monitor,
                                     .kind = (uint8_t)kind};
    group->out->put(group->out, &mark);
}

/* Once a message, before the values: by its first group, or by a later one whose device has an id of its own. */
static void identify(struct group *group, uint16_t monitor)
{
    struct intake *intake = group->intake;
    struct intake_monitor *state = &intake->monitors[monitor];
    const bool is_first = state->heard_number != intake->messages;
    int32_t identity = 0;
    if (state->named_number != intake->messages && (is_first || group->origin.device_is_typed) &&
        origin_identify(&intake->senders, &state->origin, intake->config, monitor, &group->origin, group->now->at_ms,
                        &identity)) {
        state->named_number = intake->messages;
        put_mark(group, monitor, OBSERVATION_IDENTITY, identity);
    }
}

/* A monitor whose values are not current counts as silent: its clock is wrong, or ours, and nobody watches. */
static bool is_outdated(struct group *group, uint16_t monitor)
{
    struct intake_monitor *state = &group->intake->monitors[monitor];
    const enum values_age age =
        values_age(&group->values, group->intake->config->monitors[monitor].profile, group->now);
    if (age != VALUES_NONE) {
        state->is_outdated = age == VALUES_OUTDATED;
    }
    state->outdated_ms = state->is_outdated ? group->now->at_ms : state->outdated_ms;
    atomic_store_explicit(&group->intake->health->monitors[monitor].outdated, state->is_outdated, memory_order_relaxed);
    return state->is_outdated;
}

/* Once a message, however many groups it has: that it is alive. */
static void hear(struct group *group, uint16_t monitor)
{
    struct intake *intake = group->intake;
    struct intake_monitor *state = &intake->monitors[monitor];
    struct monitor_health *health = &intake->health->monitors[monitor];
    const bool outdated = is_outdated(group, monitor);
    identify(group, monitor);
    if (outdated) {
        put_mark(group, monitor, OBSERVATION_OUTDATED, 0);
        return;
    }
    if (state->heard_number == intake->messages) {
        return;
    }
    state->heard_number = intake->messages;
    state->heard_ms = group->now->at_ms;
    count(&health->polls, 1);
    count(&health->answers, 1);
    atomic_store_explicit(&health->answering, true, memory_order_relaxed);
    put_mark(group, monitor, OBSERVATION_HEARD, 0);
}

static void put_alarm(struct group *group, uint16_t monitor)
{
    const struct monitor_config *config = &group->intake->config->monitors[monitor];
    struct monitor_alarm alarm = {.at_ms = group->now->at_ms, .bed = config->bed, .monitor = config->monitor};
    const bool is_alarm = alarms_conclude(&group->facts, &alarm);
    group->refused = group->refused || group->facts.is_unreal || (is_alarm && group->alarm_count == INTAKE_ALARMS_MAX);
    if (!is_alarm || group->alarm_count == INTAKE_ALARMS_MAX) {
        return;
    }
    group->alarm_count++;
    group->out->put_alarm(group->out, &alarm);
    if (alarms_is_over(&group->facts)) {
        alarm.phase = MONITOR_ALARM_ENDED;
        group->out->put_alarm(group->out, &alarm);
    }
}

static void give(struct group *group, uint16_t monitor)
{
    struct intake *intake = group->intake;
    struct monitor_health *health = &intake->health->monitors[monitor];
    if (group->alarms) {
        put_alarm(group, monitor);
        return;
    }
    const unsigned outdated = values_give(&group->values, &intake->config->monitors[monitor],
                                          &intake->monitors[monitor].values, group->now, group->out);
    count(&health->failures[STATUS_INVALID], group->values.unusable);
    count(&health->failures[STATUS_OUTDATED], outdated);
    group->refused = group->refused || group->values.demo;
}

/* What was gathered is whole. */
static void conclude(struct group *group)
{
    if (!group->has_any) {
        return;
    }
    const uint16_t monitor = origin_find(group->intake->config, &group->origin);
    if (monitor == ORIGIN_NONE) {
        group->refused = true;
    } else {
        hear(group, monitor);
        give(group, monitor);
    }
    group->has_any = false;
    group->values = (struct values){0};
    group->facts = (struct alarm_facts){0};
}

static void forget_device(struct group *group)
{
    memset(group->origin.ids[ORIGIN_FILLER], 0, ORIGIN_TEXT_MAX);
    memset(group->origin.ids[ORIGIN_DEVICE], 0, ORIGIN_TEXT_MAX);
    group->origin.device_is_typed = false;
}

static void begin_order(struct group *group, struct text segment)
{
    const struct message *m = group->message;
    conclude(group);
    forget_device(group);
    origin_read_id(m, message_field(m, segment, 3), ORIGIN_FILLER, &group->origin);
    group->order = observed_at(message_component(m, message_field(m, segment, 7), 1), group->sent, group->utc_offset_s);
}

static void begin_patient(struct group *group)
{
    conclude(group);
    forget_device(group);
    group->order = group->sent;
    memset(group->origin.place, 0, sizeof group->origin.place);
}

static void begin_place(struct group *group, struct text segment)
{
    conclude(group);
    origin_read_place(group->message, message_field(group->message, segment, 3), &group->origin);
}

/* The first device named is the order's; after it, one that is another of our monitors begins a group of its own. */
static void name_device(struct group *group, struct text field)
{
    const struct bus_config *config = group->intake->config;
    struct origin next = group->origin;
    origin_read_id(group->message, field, ORIGIN_DEVICE, &next);
    if (group->origin.ids[ORIGIN_DEVICE][0] != '\0') {
        const uint16_t monitor = origin_find(config, &next);
        if (monitor == ORIGIN_NONE || monitor == origin_find(config, &group->origin)) {
            return;
        }
        conclude(group);
    }
    group->origin = next;
}

static void take_result(struct group *group, struct text segment)
{
    const struct message *m = group->message;
    const struct text device = message_field(m, segment, 18);
    if (group->alarms && alarms_is_event(m, segment) && group->facts.begun) {
        conclude(group);
    }
    if (device.length > 0) {
        name_device(group, device);
    }
    group->has_any = true;
    group->is_empty = false;
    if (group->alarms) {
        alarms_take(m, segment, &group->facts);
    } else {
        values_take(m, segment, group->order, group->utc_offset_s, &group->values);
    }
}

/* A message without any OBX is a sign of life. */
static void walk(struct group *group)
{
    struct text rest = group->message->bytes, segment;
    group->is_empty = true;
    while (message_next(&rest, &segment)) {
        if (message_segment_is(group->message, segment, "PID")) {
            begin_patient(group);
        } else if (message_segment_is(group->message, segment, "PV1")) {
            begin_place(group, segment);
        } else if (message_segment_is(group->message, segment, "OBR")) {
            begin_order(group, segment);
        } else if (message_segment_is(group->message, segment, "OBX")) {
            take_result(group, segment);
        }
    }
    group->has_any = group->has_any || group->is_empty;
    conclude(group);
}

/* --- the message --------------------------------------------------------------------------------------------- */

static struct text header_field(const struct message *message, unsigned n)
{
    return message_component(message, message_field(message, message->header, n), 1);
}

/* Of several the first is meant (the others would be switched to by escapes, which are dropped). Of the other sets of
 * 8859 what is ASCII is read: numbers and codes are. False: others may have delimiters inside a character. */
static bool read_charset(struct message *message)
{
    static const struct {
        const char *name;
        enum charset charset;
    } charsets[] = {
        {"", CHARSET_ASCII}, {"ASCII", CHARSET_ASCII}, {"UNICODE UTF-8", CHARSET_UTF8}, {"8859/1", CHARSET_LATIN1}};
    const struct text name = header_field(message, 18);
    for (size_t i = 0; i < sizeof charsets / sizeof charsets[0]; i++) {
        if (text_is_word(name, charsets[i].name)) {
            message->charset = charsets[i].charset;
            return true;
        }
    }
    return text_begins(name, "8859/");
}

/* Every segment has a name, and only the first is a header: two messages in one frame are none. */
static bool is_sound(const struct message *message)
{
    struct text rest = message->bytes, segment;
    unsigned headers = 0;
    while (message_next(&rest, &segment)) {
        headers += message_segment_is(message, segment, "MSH") ? 1 : 0;
        if (!message_segment_is_sound(message, segment)) {
            return false;
        }
    }
    return headers == 1;
}

/* NULL: a message that is to be taken. */
static const char *fault_of(struct message *message, enum ack_result *out_result)
{
    const struct text type = message_field(message, message->header, 9);
    const struct text trigger = message_component(message, type, 2);
    *out_result = ACK_REFUSED;
    if (!text_is(message_component(message, type, 1), "ORU") ||
        (!text_is(trigger, "R01") && !text_is(trigger, "R40"))) {
        return "only ORU R01 and ORU R40 are taken";
    }
    *out_result = ACK_FAILED;
    if (!read_charset(message)) {
        return "character set is not known";
    }
    return is_sound(message) ? NULL : "a segment cannot be read";
}

static bool is_real(const struct intake *intake, const struct message *message)
{
    const struct text processing = header_field(message, 11);
    return processing.length == 0 || text_is(processing, "P") ||
           (text_is(processing, "D") && intake->config->believe_debug);
}

static uint64_t hash_more(uint64_t hash, struct text text)
{
    static const unsigned char end = 0xff; /* no byte of UTF-8 */
    return hash_64(hash_64(hash, text.at, text.length), &end, 1);
}

/* Of sender, MSH-10 and places (PV1): monitors of one name may well count alike. */
static uint64_t id_of(const struct message *message, struct text control_id)
{
    struct text rest = message->bytes, segment;
    uint64_t id = hash_more(HASH_64_BASIS, message_field(message, message->header, 3));
    id = hash_more(id, message_field(message, message->header, 4));
    id = hash_more(id, control_id);
    while (message_next(&rest, &segment)) {
        id = message_segment_is(message, segment, "PV1") ? hash_more(id, segment) : id;
    }
    return id | 1;
}

/* Its id is 0 when it has no MSH-10. */
static struct intake_recent recent_of(const struct intake *intake, const struct message *message, int64_t at_ms)
{
    const struct text control_id = message_field(message, message->header, 10);
    return (struct intake_recent){.id = control_id.length > 0 ? id_of(message, control_id) : 0,
                                  .sent = hash_more(HASH_64_BASIS, message_field(message, message->header, 7)),
                                  .connection = intake->connection,
                                  .at_ms = at_ms};
}

static bool is_same(const struct intake_recent *before, const struct intake_recent *now)
{
    return before->id == now->id && now->at_ms - before->at_ms < INTAKE_RECENT_MS &&
           (before->sent == now->sent || before->connection == now->connection);
}

/* Remembers it, too. */
static bool is_repeated(struct intake *intake, const struct message *message, int64_t at_ms)
{
    const struct intake_recent recent = recent_of(intake, message, at_ms);
    if (recent.id == 0) {
        return false;
    }
    for (unsigned i = 0; i < INTAKE_RECENT; i++) {
        if (is_same(&intake->recent[i], &recent)) {
            return true;
        }
    }
    intake->recent[intake->next_recent++ % INTAKE_RECENT] = recent;
    return false;
}

/* How many of our monitors the message names by place: more than one, and what its header says is a gateway's. */
static bool names_several(const struct group *group)
{
    struct text rest = group->message->bytes, segment;
    struct origin origin = {0};
    uint16_t first = ORIGIN_NONE;
    while (message_next(&rest, &segment)) {
        if (!message_segment_is(group->message, segment, "PV1")) {
            continue;
        }
        origin_read_place(group->message, message_field(group->message, segment, 3), &origin);
        const uint16_t monitor = origin_find(group->intake->config, &origin);
        if (monitor != ORIGIN_NONE && first != ORIGIN_NONE && monitor != first) {
            return true;
        }
        first = monitor != ORIGIN_NONE ? monitor : first;
    }
    return false;
}

/* While the box has had no time source, the senders' own clocks say what is current: the one of them that is furthest ahead, so that what waited
 * somewhere is old as soon as anything newer has come. */
static struct moment now_of(struct intake *intake, const struct moment *box, const struct observed *sent)
{
    struct moment now = *box;
    const int64_t ahead_ms = sent->wall_ms - box->at_ms;
    if (!box->is_doubtful) {
        intake->has_senders_clock = false;
        return now;
    }
    if (sent->known && (!intake->has_senders_clock || ahead_ms > intake->senders_ahead_ms)) {
        intake->has_senders_clock = true;
        intake->senders_ahead_ms = ahead_ms;
    }
    now.wall_ms = intake->has_senders_clock ? box->at_ms + intake->senders_ahead_ms : box->wall_ms;
    return now;
}

static void use(struct intake *intake, const struct message *message, const struct moment *box,
                struct observation_sink *out)
{
    struct text_instant sent;
    const struct text time = header_field(message, 7);
    const bool has_zone = text_instant(time, &sent) && sent.has_offset;
    const struct observed sent_at = observed_at(time, (struct observed){.known = false}, box->utc_offset_s);
    const struct moment now = now_of(intake, box, &sent_at);
    struct group group = {
        .intake = intake,
        .message = message,
        .now = &now,
        .out = out,
        .utc_offset_s = has_zone ? sent.offset_s : box->utc_offset_s,
        .alarms = text_is(message_component(message, message_field(message, message->header, 9), 2), "R40")};
    group.sent = sent_at;
    group.order = group.sent;
    origin_read_id(message, message_field(message, message->header, 3), ORIGIN_SENDER, &group.origin);
    if (names_several(&group)) {
        origin_note_shared(&intake->senders, &group.origin);
    }
    walk(&group);
    count(&intake->health->refused, group.refused ? 1 : 0);
}

bool intake_take(struct intake *intake, const char *bytes, size_t length, const struct moment *now,
                 struct observation_sink *out, struct message *out_message, enum ack_result *out_result,
                 const char **out_reason)
{
    struct message message;
    intake->messages++;
    count(&intake->health->requests, 1);
    if (!message_open(bytes, length, &message)) {
        count(&intake->health->refused, 1);
        return false;
    }
    *out_reason = fault_of(&message, out_result);
    *out_message = message;
    if (*out_reason != NULL) {
        count(&intake->health->refused, 1);
        return true;
    }
    *out_result = ACK_TAKEN;
    if (!is_real(intake, &message)) {
        count(&intake->health->refused, 1);
    } else if (is_repeated(intake, &message, now->at_ms)) {
        count(&intake->health->repeated, 1);
    } else {
        use(intake, &message, now, out);
    }
    return true;
}

bool intake_refuse(struct intake *intake, const char *bytes, size_t length, struct message *out_message)
{
    count(&intake->health->requests, 1);
    count(&intake->health->refused, 1);
    return message_open(bytes, length, out_message);
}
