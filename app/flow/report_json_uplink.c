/* Of the health payload: the connection to a broker, and the boards that listen there. */
#include "app/flow/report_json_internal.h"
#include "hal/clock.h"

#define DAY_MS        86400000U
#define BOARDS_LISTED 16

/* Whole days until the first certificate ends, 0 once it has; a clock that may be wrong tells none. */
static void write_certificate(struct json *json, const struct report *report, int64_t wall_ms)
{
    struct uplink_certificate first_end;
    board_take_certificate(report->board, &first_end);
    if (first_end.ends_ms == 0 || !clock_is_synchronised()) {
        json_null(json, "certificate_days");
    } else {
        const int64_t left_ms = first_end.ends_ms - wall_ms;
        json_unsigned(json, "certificate_days", left_ms > 0 ? (uint64_t)left_ms / DAY_MS : 0);
    }
}

/* Of all brokers, in order of preference. */
static void write_brokers(struct json *json, const struct report *report, unsigned in_use, bool connected)
{
    json_open_array(json, "brokers");
    for (unsigned i = 0; i < report->broker_count; i++) {
        json_open_object(json, NULL);
        json_text(json, "broker", report->brokers[i]);
        json_text(json, "state", i == in_use && connected ? "connected" : board_broker_word(report->board, i));
        json_close_object(json);
    }
    json_close_array(json);
}

static void write_uplink_failures(struct json *json, const struct board *board)
{
    json_open_object(json, "failures");
    json_unsigned(json, "connect", atomic_load_explicit(&board->uplink_failures, memory_order_relaxed));
    json_unsigned(json, "lost", atomic_load_explicit(&board->uplink_losses, memory_order_relaxed));
    json_unsigned(json, "unacknowledged", atomic_load_explicit(&board->uplink_unacknowledged, memory_order_relaxed));
    json_unsigned(json, "refused", atomic_load_explicit(&board->uplink_refusals, memory_order_relaxed));
    json_unsigned(json, "unheard", atomic_load_explicit(&board->uplink_unheard_alerts, memory_order_relaxed));
    json_unsigned(json, "stand_ins", atomic_load_explicit(&board->uplink_stand_ins, memory_order_relaxed));
    json_close_object(json);
}

void report_json_uplink(struct json *json, const struct report *report, int64_t wall_ms)
{
    const struct board *board = report->board;
    const unsigned broker = atomic_load_explicit(&board->uplink_broker, memory_order_relaxed);
    const bool connected = atomic_load_explicit(&board->uplink_connected, memory_order_relaxed);
    json_open_object(json, "uplink");
    json_bool(json, "connected", connected);
    json_text(json, "broker", broker < report->broker_count ? report->brokers[broker] : NULL);
    json_unsigned(json, "connects", atomic_load_explicit(&board->uplink_connects, memory_order_relaxed));
    write_certificate(json, report, wall_ms);
    write_uplink_failures(json, board);
    write_brokers(json, report, broker, connected);
    json_close_object(json);
}

/* The first few by name. */
void report_json_boards(struct json *json, const struct report *report)
{
    struct presence presence;
    const int64_t now_us = clock_boot_us();
    board_take_boards(report->board, &presence);
    const struct presence_count count = presence_count(&presence, now_us);
    json_open_object(json, "boards");
    json_unsigned(json, "expected", report->boards_expected);
    json_unsigned(json, "looking", count.looking);
    json_unsigned(json, "there", count.there);
    json_unsigned(json, "bad", atomic_load_explicit(&report->board->boards_bad, memory_order_relaxed));
    json_unsigned(json, "dropped", atomic_load_explicit(&report->board->boards_dropped, memory_order_relaxed));
    json_open_array(json, "list");
    for (unsigned i = 0, listed = 0; i < PRESENCE_BOARDS_MAX && listed < BOARDS_LISTED; i++) {
        const struct presence_board *board = &presence.boards[i];
        if (presence_is_there(board, now_us)) {
            json_open_object(json, NULL);
            json_text(json, "board", board->name);
            json_bool(json, "visible", board->visible);
            json_text(json, "sound", presence_sound_word(board->sound));
            json_close_object(json);
            listed++;
        }
    }
    json_close_array(json);
    json_close_object(json);
}
