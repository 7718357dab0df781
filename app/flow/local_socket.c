/*
 *              accept                reply                     passed_row, or time
 *     client ----------> request ----------> FOR_COMMIT ----------------> FOR_BROKER ----------> closed
 *                           |                    |  no test, refused, or time                       ^
 *                           +--------------------+--------------------------------------------------+
 */
#include "app/flow/local_socket.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/flow/bed_numbers.h"
#include "app/flow/command_read.h"
#include "app/flow/local_connection.h"
#include "app/flow/report_rows.h"
#include "hal/clock.h"

#define LOOK_MS 20 /* how often it is looked whether a broker has the alert */

/* ---- answers ---- */

static void end_client(struct local_client *client)
{
    (void)close(client->fd);
    client->wait = LOCAL_FREE;
}

static void PRINTF_LIKE(2, 3) say(int fd, const char *format, ...)
{
    char text[PAYLOAD_REPLY_MAX + 64];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    assert(length > 0 && (size_t)length < sizeof text);
    (void)connection_send(fd, text, (size_t)length);
}

static void name_user(int fd, char by[COMMAND_BY_MAX])
{
    (void)snprintf(by, COMMAND_BY_MAX, "uid-%u", connection_user(fd));
}

static void send_report(struct local_socket *local, int fd, bool json)
{
    const struct report *report = local->parts.report;
    const size_t length = json ? report_json_with_alarms(report, clock_wall_ms(), local->buffer, REPORT_TEXT_MAX)
                               : report_text(report, local->buffer, REPORT_TEXT_MAX);
    (void)connection_send(fd, local->buffer, length);
}

struct row_stream {
    struct local_socket *local;
    int fd;
    int64_t until_us;
    size_t length; /* of what waits in local->buffer */
};

static bool flush_rows(struct row_stream *stream)
{
    const bool sent =
        clock_boot_us() < stream->until_us && connection_send(stream->fd, stream->local->buffer, stream->length);
    stream->length = 0;
    return sent;
}

static bool put_row(void *context, const char *row, size_t length)
{
    struct row_stream *stream = context;
    if (stream->length + length > REPORT_TEXT_MAX && !flush_rows(stream)) {
        return false;
    }
    memcpy(stream->local->buffer + stream->length, row, length);
    stream->length += length;
    return true;
}

static void send_rows(struct local_socket *local, int fd, const char *bed)
{
    struct row_stream stream = {.local = local, .fd = fd, .until_us = clock_boot_us() + LOCAL_ROWS_MS * INT64_C(1000)};
    report_rows(local->parts.report, clock_wall_ms(), bed, put_row, &stream);
    (void)flush_rows(&stream);
}

struct audit_stream {
    int fd;
    int64_t until_us;
};

static bool send_row(void *context, uint64_t row, int64_t wall_ms, const char *json, uint32_t length)
{
    const struct audit_stream *stream = context;
    (void)row;
    (void)wall_ms;
    return clock_boot_us() < stream->until_us && connection_send(stream->fd, json, length) &&
           connection_send(stream->fd, "\n", 1);
}

static void send_audit(struct local_socket *local, int fd, const char *count)
{
    struct audit_stream stream = {.fd = fd, .until_us = clock_boot_us() + LOCAL_AUDIT_MS * INT64_C(1000)};
    struct store *store = atomic_load(local->parts.report->store);
    const unsigned long most = strtoul(count, NULL, 10);
    say(fd, store != NULL ? "ok " : "failed the store is not open");
    if (store != NULL) {
        (void)!store_each_audit(store, most < STORE_AUDIT_ROWS ? (uint32_t)most : STORE_AUDIT_ROWS, send_row, &stream);
    }
}

static void send_reload(struct local_socket *local, int fd)
{
    char *const words = local->buffer;
    char by[COMMAND_BY_MAX];
    words[0] = '\0';
    name_user(fd, by);
    const bool done = local->requests.reload(local->requests.context, by, words, REPORT_TEXT_MAX);
    say(fd, done ? "ok " : "failed ");
    (void)connection_send(fd, words, strnlen(words, REPORT_TEXT_MAX));
}

static void send_indicator(struct local_socket *local, int fd, const char *words)
{
    char by[COMMAND_BY_MAX], text[PAYLOAD_REPLY_MAX];
    name_user(fd, by);
    const bool done = local->requests.indicator(local->requests.context, by, words, text, sizeof text);
    say(fd, "%s %s", done ? "ok" : "failed", text);
}

/* ---- commands ---- */

static struct local_client *free_client(struct local_socket *local)
{
    for (size_t i = 0; i < LOCAL_CLIENTS_MAX; i++) {
        if (local->clients[i].wait == LOCAL_FREE) {
            return &local->clients[i];
        }
    }
    return NULL;
}

/* What a local command need not say itself. */
static void fill_in(struct local_socket *local, int fd, struct bed_command *command, bool has_stay)
{
    struct bed_view view;
    const struct report *report = local->parts.report;
    local->ticket++;
    command->origin = origin_make(ORIGIN_LOCAL, local->ticket);
    (void)snprintf(command->id, sizeof command->id, "local-%s-%" PRIu64, report->payloads->boot, local->ticket);
    if (command->by[0] == '\0') {
        name_user(fd, command->by);
    }
    if (!has_stay && command->bed != BED_NONE && board_take(report->board, command->bed, &view) != 0) {
        command->stay = view.stay;
    }
}

/* True: the client waits, and its descriptor is kept. */
static bool send_command(struct local_socket *local, int fd, const struct bed_command *command)
{
    struct local_client *client = free_client(local);
    if (client == NULL || !ring_push(local->parts.commands, command)) {
        say(fd, "failed too many commands at once, try again");
        return false;
    }
    wake_raise(local->parts.engine_wake);
    *client = (struct local_client){.wait = LOCAL_FOR_COMMIT,
                                    .is_test = command->kind == COMMAND_test_alert,
                                    .fd = fd,
                                    .ticket = local->ticket,
                                    .until_us = clock_boot_us() + REPLY_WAIT_MS * INT64_C(1000)};
    return true;
}

static const struct engine_config *config_of(const struct local_socket *local)
{
    return local->parts.report->payloads->config;
}

static bool take_command(struct local_socket *local, int fd, const char *bed, const char *json)
{
    struct bed_command command = {.role = ROLE_local, .bed = bed_index(config_of(local), bed)};
    struct command_times times;
    command_read(config_of(local), json, strlen(json), &command, &times);
    command.verdict = command.bed == BED_NONE ? (uint8_t)VERDICT_UNKNOWN_BED : command.verdict;
    command_place(&times, clock_wall_ms() - timebase_engine_ms(local->parts.report->timebase, clock_boot_us()),
                  &command);
    fill_in(local, fd, &command, times.has_stay);
    return send_command(local, fd, &command);
}

static bool take_test(struct local_socket *local, int fd, const char *bed, const char *priority)
{
    char json[LOCAL_REQUEST_MAX + 64];
    (void)snprintf(json, sizeof json, "{\"command\":\"test_alert\",\"priority\":\"%s\"}",
                   priority[0] != '\0' ? priority : priority_word(PRIORITY_LOW));
    return take_command(local, fd, bed, json);
}

/* Cuts the first word off; what is left of the line. */
static char *cut_word(char *line)
{
    char *const end = line + strcspn(line, " ");
    char *const rest = *end == ' ' ? end + 1 : end;
    *end = '\0';
    return rest;
}

/* True: its client waits. */
static bool take_request(struct local_socket *local, int fd, char *line)
{
    char *const rest = cut_word(line);
    if (strcmp(line, "command") == 0) {
        const char *const json = cut_word(rest);
        return take_command(local, fd, rest, json);
    }
    if (strcmp(line, "test-alert") == 0) {
        const char *const priority = cut_word(rest);
        return take_test(local, fd, rest, priority);
    }
    if (strcmp(line, "rows") == 0) {
        send_rows(local, fd, rest);
    } else if (strcmp(line, "audit") == 0) {
        send_audit(local, fd, rest);
    } else if (strcmp(line, "reload") == 0) {
        send_reload(local, fd);
    } else if (strcmp(line, "indicator") == 0) {
        send_indicator(local, fd, rest);
    } else {
        send_report(local, fd, strcmp(line, "json") == 0);
    }
    return false;
}

/* One a step: main has signals to look at in between. */
static void take_client(struct local_socket *local)
{
    char line[LOCAL_REQUEST_MAX];
    int fd = -1;
    if (connection_accept(local->fd, LOCAL_CLIENT_MS, &fd) &&
        (!connection_read_line(fd, LOCAL_CLIENT_MS, line, sizeof line) || !take_request(local, fd, line))) {
        (void)close(fd);
    }
}

/* ---- those that wait ---- */

static void take_reply(struct local_socket *local, const struct reply *reply)
{
    char payload[PAYLOAD_REPLY_MAX];
    for (size_t i = 0; i < LOCAL_CLIENTS_MAX; i++) {
        struct local_client *client = &local->clients[i];
        if (client->wait != LOCAL_FOR_COMMIT || reply->command.origin != origin_make(ORIGIN_LOCAL, client->ticket)) {
            continue;
        }
        const bool accepted = reply->command.verdict == VERDICT_ACCEPTED;
        if (client->is_test && accepted) {
            client->wait = LOCAL_FOR_BROKER;
            client->row_before = reply->row_before;
            client->row = reply->row;
            client->until_us = clock_boot_us() + REPLY_WAIT_MS * INT64_C(1000);
            return;
        }
        const size_t length = payload_reply(local->parts.report->payloads, reply, payload, sizeof payload);
        assert(length > 0); /* payload.h: the largest fits */
        (void)length;
        say(client->fd, "%s %s", accepted ? "ok" : "failed", payload);
        end_client(client);
    }
}

static void take_replies(struct local_socket *local)
{
    struct reply reply;
    while (local->parts.replies != NULL && ring_pop(local->parts.replies, &reply, 1) == 1) {
        take_reply(local, &reply);
    }
}

static void say_too_late(const struct local_socket *local, const struct local_client *client)
{
    const struct report *report = local->parts.report;
    if (client->wait == LOCAL_FOR_BROKER) {
        const bool connected = atomic_load(&report->board->uplink_connected);
        say(client->fd, "failed committed, but no broker has it after %d s (%s), see `wardgate status`",
            REPLY_WAIT_MS / 1000, connected ? "connected" : "no connection");
    } else {
        say(client->fd, "failed not committed after %d s (%s), see `wardgate status`", REPLY_WAIT_MS / 1000,
            status_text(store_state_status(report->store_state)));
    }
}

/* Of what a commit wrote. */
struct written {
    uint64_t row; /* the last */
    bool is_cut;  /* one of them has no content that could be sent */
};

static bool visit_written(void *context, const struct store_alert *alert)
{
    struct written *written = context;
    char sent[PAYLOAD_ALERT_MAX + 64]; /* with `delivery` */
    if (alert->row <= written->row && (alert->flags & STORE_ALERT_OMITS) == 0) {
        written->is_cut |= payload_alert_delivery(alert->json, alert->json_length, false, true, sent, sizeof sent) == 0;
    }
    return alert->row < written->row;
}

/* What is damaged is passed over and stays in the outbox: that all else has gone says nothing of it. Of several rows in one
 * commit nobody knows which was the client's. */
static bool is_damaged(const struct local_socket *local, const struct local_client *client)
{
    struct store *store = atomic_load(local->parts.report->store);
    struct written written = {.row = client->row};
    if (store == NULL) {
        return false;
    }
    return store_each_alert(store, client->row_before, UINT32_MAX, visit_written, &written) == STATUS_CORRUPT ||
           written.is_cut;
}

static void say_passed(const struct local_socket *local, const struct local_client *client)
{
    say(client->fd, is_damaged(local, client)
                        ? "failed committed, but damaged in the store (it, or one stored with it): no broker gets that"
                        : "ok committed, and a broker has it");
}

static void look_at_clients(struct local_socket *local)
{
    const int64_t now_us = clock_boot_us();
    for (size_t i = 0; i < LOCAL_CLIENTS_MAX; i++) {
        struct local_client *client = &local->clients[i];
        if (client->wait == LOCAL_FOR_BROKER && atomic_load(&local->parts.report->board->passed_row) >= client->row) {
            say_passed(local, client);
            end_client(client);
        } else if (client->wait != LOCAL_FREE && now_us >= client->until_us) {
            say_too_late(local, client);
            end_client(client);
        }
    }
}

int local_wait_ms(const struct local_socket *local)
{
    int64_t next_us = INT64_MAX;
    for (size_t i = 0; i < LOCAL_CLIENTS_MAX; i++) {
        const struct local_client *client = &local->clients[i];
        if (client->wait == LOCAL_FOR_BROKER) {
            return LOOK_MS;
        }
        if (client->wait == LOCAL_FOR_COMMIT && client->until_us < next_us) {
            next_us = client->until_us;
        }
    }
    const int64_t left_ms = (next_us - clock_boot_us()) / 1000 + 1;
    return next_us == INT64_MAX ? -1 : left_ms > 0 ? (int)left_ms : 0;
}

/* ---- beginning and end ---- */

enum status local_init(struct local_socket *local, const struct local_requests *requests, char *buffer)
{
    *local = (struct local_socket){.fd = -1, .requests = *requests, .buffer = buffer};
    return wake_open(&local->wake);
}

void local_fini(struct local_socket *local)
{
    wake_close(&local->wake);
}

void local_attach(struct local_socket *local, const struct local_parts *parts)
{
    take_replies(local);
    local->parts = *parts;
}

enum status local_open(struct local_socket *local, const char *path)
{
    local->path = path;
    return connection_listen(path, &local->fd);
}

void local_step(struct local_socket *local)
{
    wake_clear(&local->wake);
    take_replies(local);
    look_at_clients(local);
    if (local->fd >= 0) {
        take_client(local);
    }
}

void local_close(struct local_socket *local)
{
    for (size_t i = 0; i < LOCAL_CLIENTS_MAX; i++) {
        if (local->clients[i].wait != LOCAL_FREE) {
            say(local->clients[i].fd, "failed the gateway stops");
            end_client(&local->clients[i]);
        }
    }
    connection_close(local->path, local->fd);
    local->fd = -1;
}
