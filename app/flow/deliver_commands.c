/*
 * Commands from the broker: `<base>/<bed>/command/<role>` in, `<base>/<bed>/reply` out. Broker access rules say who may publish under which role.
 *
 *     message --> form, age, role, repetition --> ring --> engine, store --> ring --> reply
 *                          | refused: the same way, as it stands                      only after the commit (reply.h)
 *                          | too many: answered here, counted, and nowhere else
 *
 * Age is judged by this gateway's clock, from both sides: a command is taken from its `at` on for 30 s at most, so sender and gateway must agree to
 * within that. With a clock that no time source keeps, the same is asked; a refusal then says `clock`. What is left is a clock that is wrong by just
 * as much as a command is old; there stay, alarm revision and the remembered ids, which outlive a restart, still stand.
 *
 * A bed that is none of this gateway's may be another's in the same ward: the refusal goes to the gateway's own topic, where nobody can take it for the other's.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/command_read.h"
#include "app/flow/deliver_internal.h"
#include "app/flow/json_read.h"
#include "hal/clock.h"

#define PACE_US    (1000000 / DELIVER_COMMANDS_A_SECOND)
#define BUSY_US    1000000 /* between two answers that say so */
#define LEARN_ROWS (2 * DELIVER_COMMAND_IDS)

_Static_assert(DELIVER_COMMAND_IDS >= (COMMAND_VALID_MS_MAX / 1000 + 1) * DELIVER_COMMANDS_A_SECOND,
               "an id is remembered for longer than its command can be valid");

/* How long `<base>/` is. */
static size_t base_length(const struct payload_context *context)
{
    return strlen(context->topic_root) + strlen(context->site) + strlen(context->ward) + 3;
}

void commands_listen(struct deliver *d, struct uplink_config *uplink)
{
    struct deliver_link *link = d->link;
    const struct payload_context *context = d->context;
    const int length = snprintf(link->filter, sizeof link->filter, "%s/%s/%s/+/command/+", context->topic_root,
                                context->site, context->ward);
    assert(length > 0 && (size_t)length < sizeof link->filter);
    (void)length;
    if (d->config.commands.roles != 0) {
        link->filters[0] = link->filter;
        uplink->filters = link->filters;
        uplink->filter_count = 1;
    }
}

/* ---- ids ---- */

static bool is_known(const struct commands *commands, uint8_t role, const char *id)
{
    for (size_t i = 0; i < DELIVER_COMMAND_IDS; ++i) {
        if (commands->ids[i].role == role && strcmp(commands->ids[i].id, id) == 0) {
            return true;
        }
    }
    return false;
}

static void remember(struct commands *commands, uint8_t role, const char *id)
{
    struct command_id *place = &commands->ids[commands->next_id];
    place->role = role;
    (void)snprintf(place->id, sizeof place->id, "%s", id);
    commands->next_id = (commands->next_id + 1) % DELIVER_COMMAND_IDS;
}

static uint8_t find_role(const char *word, size_t length)
{
    uint8_t role = 0;
    while (role < ROLE_COUNT && (strlen(role_word(role)) != length || memcmp(role_word(role), word, length) != 0)) {
        ++role;
    }
    return role;
}

static bool learn_row(void *context, uint64_t row, int64_t wall_ms, const char *json, uint32_t length)
{
    struct json_member members[JSON_MEMBERS_MAX];
    struct commands *commands = context;
    char id[COMMAND_ID_MAX] = "";
    uint8_t role = ROLE_COUNT;
    unsigned count = 0;
    (void)row;
    (void)wall_ms;
    if (!json_read_object(json, length, members, JSON_MEMBERS_MAX, &count)) {
        return true; /* no command's */
    }
    for (unsigned i = 0; i < count; ++i) {
        if (json_member_is(&members[i], "role")) {
            role = find_role(members[i].value, members[i].value_length);
        } else if (json_member_is(&members[i], "id") && !json_read_text(&members[i], id, sizeof id)) {
            id[0] = '\0';
        }
    }
    if (role < ROLE_local && id[0] != '\0') {
        remember(commands, role, id);
    }
    return true;
}

void commands_learn(struct deliver *d)
{
    if (d->config.commands.roles != 0 && !d->commands.learnt && d->store != NULL) {
        const enum status status = store_each_audit(d->store, LEARN_ROWS, learn_row, &d->commands);
        d->commands.learnt = status == STATUS_OK || status == STATUS_CORRUPT; /* a damaged row is passed over */
    }
}

/* ---- replies ---- */

static bool publish_reply(struct deliver *d, const struct reply *reply)
{
    char topic[PAYLOAD_TOPIC_MAX];
    const struct engine_config *config = d->context->config;
    const uint16_t bed = reply->command.bed;
    const size_t length = payload_reply(d->context, reply, d->scratch, PAYLOAD_REPLY_MAX);
    assert(length > 0);
    topic_of_bed(d->context, bed < config->bed_count ? config->beds[bed].id : NULL, "reply", topic);
    const struct uplink_message message = {
        .topic = topic, .payload = d->scratch, .length = length, .qos = 1, .expiry_s = REPLY_WAIT_MS / 1000};
    return link_publish(d, &message, &(struct flight){.kind = FLIGHT_STATE});
}

/* The alerts that it caused go first: they are handed over, or wait in the backlog of a bed that has one. */
static bool can_reply(const struct deliver *d, const struct reply *reply)
{
    return d->link->state == LINK_UP && d->present.stage == PRESENT_COMPLETE && d->outbox.begun &&
           d->outbox.through >= reply->row;
}

void commands_reply(struct deliver *d)
{
    struct commands *commands = &d->commands;
    while (commands->has_reply || ring_pop(d->config.commands.replies, &commands->reply, 1) == 1) {
        const bool late = d->now_us - commands->reply.since_us > REPLY_WAIT_MS * INT64_C(1000);
        commands->has_reply = true;
        if (!late && (!can_reply(d, &commands->reply) || !publish_reply(d, &commands->reply))) {
            return;
        }
        commands->has_reply = false;
    }
}

/* ---- taking one ---- */

static enum command_verdict judge_times(const struct command_times *times, int64_t wall_ms)
{
    const int64_t left_ms = times->expires_wall_ms - wall_ms;
    if (!times->has_expires || times->expires_wall_ms < times->at_wall_ms ||
        times->expires_wall_ms - times->at_wall_ms > COMMAND_VALID_MS_MAX) {
        return VERDICT_EXPIRY;
    }
    if (left_ms >= 0 && left_ms <= COMMAND_VALID_MS_MAX) {
        return VERDICT_ACCEPTED;
    }
    if (!clock_is_synchronised()) {
        return VERDICT_CLOCK;
    }
    return left_ms < 0 ? VERDICT_EXPIRED : VERDICT_EXPIRY;
}

/* What can be said before the engine looks at it. */
static enum command_verdict judge(struct deliver *d, const struct bed_command *command,
                                  const struct command_times *times, bool retained)
{
    if (retained) {
        return VERDICT_RETAINED;
    }
    if (command->role >= ROLE_local || (d->config.commands.roles >> command->role & 1U) == 0) {
        return VERDICT_ROLE;
    }
    if (command->verdict == VERDICT_MALFORMED) {
        return VERDICT_MALFORMED;
    }
    const enum command_verdict of_times = judge_times(times, d->wall_ms);
    if (of_times != VERDICT_ACCEPTED) {
        return of_times;
    }
    if (is_known(&d->commands, command->role, command->id)) {
        return VERDICT_REPEATED;
    }
    remember(&d->commands, command->role, command->id);
    if (command->bed == BED_NONE) {
        return VERDICT_UNKNOWN_BED;
    }
    if (command->verdict == VERDICT_ACCEPTED && !role_may(command->role, command->kind)) {
        return VERDICT_ROLE;
    }
    return (enum command_verdict)command->verdict;
}

/* Bed and role out of `<base>/<bed>/command/<role>`, which the filter has let through. False when the broker did not keep to it. */
static bool read_topic(const struct deliver *d, const char *topic, struct bed_command *out)
{
    static const char middle[] = "/command/";
    char bed[UPLINK_TOPIC_MAX];
    const size_t base = base_length(d->context);
    if (strncmp(topic, d->link->filter, base) != 0) {
        return false;
    }
    const size_t length = strcspn(topic + base, "/");
    const char *const leaf = topic + base + length;
    if (strncmp(leaf, middle, sizeof middle - 1) != 0) {
        return false;
    }
    memcpy(bed, topic + base, length);
    bed[length] = '\0';
    out->bed = bed_index(d->context->config, bed);
    out->role = find_role(leaf + sizeof middle - 1, strlen(leaf + sizeof middle - 1));
    return true;
}

/* Ten at once, then ten a second. */
static bool is_paced(struct deliver *d)
{
    int64_t *const due_us = &d->commands.due_us;
    const int64_t earliest_us =
        d->now_us - (DELIVER_COMMANDS_A_SECOND - 1) * INT64_C(1000000) / DELIVER_COMMANDS_A_SECOND;
    *due_us = *due_us < earliest_us ? earliest_us : *due_us;
    if (*due_us > d->now_us) {
        return false;
    }
    *due_us += PACE_US;
    return true;
}

/* Neither done nor recorded, so that a flood reaches neither the engine nor the disk. */
static void leave_out(struct deliver *d, const struct bed_command *command)
{
    struct reply reply = {.command = *command, .wall_ms = d->wall_ms};
    struct bed_view view;
    atomic_fetch_add(&d->config.board->commands_dropped, 1);
    if (d->link->state != LINK_UP || d->now_us - d->commands.busy_us < BUSY_US) {
        return;
    }
    reply.command.verdict = VERDICT_BUSY;
    if (command->bed != BED_NONE && board_take(d->config.board, command->bed, &view) != 0) {
        reply.stay = view.stay;
    }
    d->commands.busy_us = publish_reply(d, &reply) ? d->now_us : d->commands.busy_us;
}

static void take(struct deliver *d, const struct uplink_incoming *incoming)
{
    struct bed_command command = {.origin = origin_make(ORIGIN_BROKER, 0)};
    struct command_times times;
    if (incoming->length == 0 || !read_topic(d, incoming->topic, &command)) {
        return; /* nothing is how a retained message is taken away */
    }
    command_read(d->context->config, (const char *)incoming->payload, incoming->length, &command, &times);
    command_place(&times, deliver_correction_ms(d), &command);
    if (!incoming->whole) {
        command.verdict = VERDICT_MALFORMED;
        command.fault = COMMAND_FAULT_TOO_LONG;
    }
    if (incoming->again && is_known(&d->commands, command.role, command.id)) {
        return; /* the broker says itself that this is the same message */
    }
    if (ring_room(d->config.commands.out) == 0 || !is_paced(d)) {
        leave_out(d, &command);
        return;
    }
    command.verdict = (uint8_t)judge(d, &command, &times, incoming->retained);
    const bool pushed = ring_push(d->config.commands.out, &command);
    assert(pushed); /* there was room, and nobody else pushes */
    (void)pushed;
    atomic_fetch_add(&d->config.board->commands, 1);
    wake_raise(d->config.commands.engine_wake);
}

/* What the uplink's own queue had no room for. */
static void count_dropped(struct deliver *d)
{
    const uint32_t dropped = uplink_messages_dropped(d->link->uplink);
    atomic_fetch_add(&d->config.board->commands_dropped, dropped - d->link->messages_dropped);
    d->link->messages_dropped = dropped;
}

/* Whoever holds it waits for the one that is being taken: none comes behind that. */
static bool take_next(struct deliver *d)
{
    pthread_mutex_lock(&d->taking);
    const bool taken = !d->held && uplink_next_message(d->link->uplink, &d->commands.incoming);
    if (taken && d->commands.incoming.presence) {
        boards_take(d, &d->commands.incoming);
    } else if (taken) {
        take(d, &d->commands.incoming);
    }
    pthread_mutex_unlock(&d->taking);
    return taken;
}

void commands_take(struct deliver *d)
{
    count_dropped(d);
    while (take_next(d)) {
    }
}
