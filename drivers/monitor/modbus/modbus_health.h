/*
 * modbus_health.h: a Modbus bus's figures for other threads: counters and newest values, never waited for (driver.h). The "it" of each is
 * the monitor that is being asked. Thread: the bus's.
 */
#ifndef WARDGATE_MODBUS_HEALTH_H
#define WARDGATE_MODBUS_HEALTH_H

#include "drivers/monitor/modbus/modbus_bus.h"

void health_set_state(struct bus *bus, enum bus_state state, enum status last_error, int last_errno);

/* What is wrong with the line or connection as a whole, until then at least. */
void health_set_fault(struct bus *bus, enum status status, int64_t until_us);

/* A request goes out after so long a silence. */
void health_note_request(struct bus *bus, int64_t gap_us);

/* Its exchange is over: the line was in use for it since the request went out. */
void health_note_end(struct bus *bus, int64_t now_us);

/* Its turn is over, and maybe others that it missed. */
void health_note_turns(struct bus *bus);

/* How busy the line was lately; to be told at least once in a while, with or without exchanges. */
void health_note_load(struct bus *bus, int64_t now_us);

/* Its answer is whole. */
void health_note_answer(struct bus *bus, int64_t now_us);

/* Counts, and names what is wrong with it; that a line talks unasked is not: nobody knows whose doing it is. */
void health_count_failure(struct bus *bus, int64_t now_us, enum status status);
void health_name_failure(struct bus *bus, int64_t now_us, enum status status);
void health_count_refused(struct bus *bus);
void health_set_answering(struct bus *bus, bool answering);
void health_set_exception(struct bus *bus, uint8_t code);

/* The other side ended a connection that worked. */
void health_note_hang_up(struct bus *bus);

/* Bytes that nobody asked for. */
void health_note_unasked(struct bus *bus, size_t bytes);

/* The beginning of what was heard, now in link->frame, on a line that should have been silent: true when another
 * master asks there. */
bool health_note_foreign(struct bus *bus, size_t heard);

#endif
