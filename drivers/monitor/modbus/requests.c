#include "drivers/monitor/modbus/requests.h"

#include <assert.h>

_Static_assert(REQUEST_SPANS_MAX <= UINT8_MAX, "runs are kept as bytes");

enum {
    REGISTERS_END = 65536,
    LEGAL_CHAR_BITS = 11, /* the standard's character: start, 8 data, parity or second stop, stop */
    FAST_BAUD = 19200,
    FAST_GAP_US = 1750
};

bool table_is_bits(enum register_table table)
{
    return table == TABLE_COIL || table == TABLE_DISCRETE;
}

uint32_t channel_registers(const struct profile_channel *channel)
{
    const bool wide = channel->type == TYPE_U32 || channel->type == TYPE_S32 || channel->type == TYPE_F32;
    return wide && !table_is_bits(channel->table) ? 2 : 1;
}

static uint32_t registers_max(enum register_table table)
{
    return table_is_bits(table) ? REQUEST_BITS_MAX : REQUEST_REGISTERS_MAX;
}

/* --- spans --------------------------------------------------------------------------------------------------- */

static int compare(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int span_order(const struct span *a, const struct span *b)
{
    int order = compare(a->table, b->table);
    order = order != 0 ? order : compare(a->interval_ms, b->interval_ms);
    order = order != 0 ? order : compare(a->first, b->first);
    return order != 0 ? order : compare(a->end, b->end);
}

/* Keeps the list sorted; a span that is there already only reaches as far as both. */
static void add_span(struct request_plan *plan, struct span span)
{
    assert(span.end <= REGISTERS_END && span.first < span.end && span.interval_ms > 0);
    assert(plan->span_count < REQUEST_SPANS_MAX);
    uint8_t at = plan->span_count;
    while (at > 0 && span_order(&plan->spans[at - 1], &span) > 0) {
        at--;
    }
    struct span *before = at > 0 ? &plan->spans[at - 1] : NULL;
    if (before != NULL && span_order(before, &span) == 0) {
        before->reach = before->reach > span.reach ? before->reach : span.reach;
        return;
    }
    for (uint8_t i = plan->span_count; i > at; i--) {
        plan->spans[i] = plan->spans[i - 1];
    }
    plan->spans[at] = span;
    plan->span_count++;
}

static void add_channel(struct request_plan *plan, const struct profile *profile, const struct profile_channel *channel)
{
    struct span value = {
        .table = channel->table, .first = channel->reg, .end = channel->reg + channel_registers(channel)};
    value.interval_ms = channel->poll_interval_ms > 0 ? channel->poll_interval_ms : profile->poll_interval_ms;
    value.reach = value.end;
    if (channel->has_changed_by) {
        struct span counter = value;
        counter.first = channel->changed_by;
        counter.end = counter.first + 1;
        value.reach = value.end > counter.end ? value.end : counter.end;
        counter.reach = value.reach;
        add_span(plan, counter);
    }
    add_span(plan, value);
}

static void add_bit(struct request_plan *plan, const struct profile *profile, const struct profile_bit *bit)
{
    const uint32_t end = bit->reg + UINT32_C(1);
    add_span(plan, (struct span){.table = bit->table,
                                 .interval_ms = profile->poll_interval_ms,
                                 .first = bit->reg,
                                 .end = end,
                                 .reach = end});
}

/* The identity rides along with neighbours that are polled anyway; alone it is asked for every 10 s. */
static void add_identity(struct request_plan *plan, const struct profile *profile)
{
    struct span identity = {.table = TABLE_HOLDING,
                            .interval_ms = REQUEST_IDENTITY_INTERVAL_MS,
                            .first = profile->identity_register,
                            .end = profile->identity_register + UINT32_C(1) * profile->identity_count};
    identity.reach = identity.end;
    for (uint8_t i = 0; i < plan->span_count; i++) {
        const struct span *near = &plan->spans[i];
        const bool adjacent =
            near->first <= identity.end + REQUEST_HOLE_MAX && identity.first <= near->end + REQUEST_HOLE_MAX;
        if (near->table == TABLE_HOLDING && adjacent) {
            identity.interval_ms = near->interval_ms;
        }
    }
    add_span(plan, identity);
}

/* --- runs ---------------------------------------------------------------------------------------------------- */

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* The longest run that begins at a span. */
static struct run longest_run(const struct request_plan *plan, uint8_t from)
{
    const struct span *start = &plan->spans[from];
    struct run run = {from, (uint8_t)(from + 1)};
    uint32_t end = start->end;
    uint32_t reach = start->reach;
    while (run.to < plan->span_count) {
        const struct span *next = &plan->spans[run.to];
        const bool same = next->table == start->table && next->interval_ms == start->interval_ms;
        const bool near = next->first <= larger(end + REQUEST_HOLE_MAX, reach);
        if (!same || !near || larger(end, next->end) - start->first > registers_max(start->table)) {
            break;
        }
        end = larger(end, next->end);
        reach = larger(reach, next->reach);
        run.to++;
    }
    return run;
}

void requests_plan(const struct profile *profile, struct request_plan *out)
{
    out->span_count = 0;
    out->run_count = 0;
    for (uint8_t i = 0; i < profile->channel_count; i++) {
        add_channel(out, profile, &profile->channels[i]);
    }
    for (uint8_t i = 0; i < profile->bit_count; i++) {
        add_bit(out, profile, &profile->bits[i]);
    }
    if (profile->identity_count > 0) {
        add_identity(out, profile);
    }
    for (uint8_t from = 0; from < out->span_count; from = out->runs[out->run_count - 1].to) {
        out->runs[out->run_count++] = longest_run(out, from);
    }
}

bool run_cut(const struct span *spans, struct run run, struct run *out_left, struct run *out_right)
{
    if (run.to - run.from < 2) {
        return false;
    }
    uint8_t at = (uint8_t)((run.from + run.to) / 2);
    uint32_t widest = 0;
    uint32_t end = spans[run.from].end;
    for (uint8_t i = (uint8_t)(run.from + 1); i < run.to; i++) {
        if (spans[i].first > end && spans[i].first - end > widest) {
            widest = spans[i].first - end;
            at = i;
        }
        end = larger(end, spans[i].end);
    }
    *out_left = (struct run){run.from, at};
    *out_right = (struct run){at, run.to};
    return true;
}

/* --- requests ------------------------------------------------------------------------------------------------ */

struct request request_of_run(const struct span *spans, struct run run)
{
    assert(run.from < run.to);
    const struct span *start = &spans[run.from];
    uint32_t end = start->end;
    for (uint8_t i = run.from; i < run.to; i++) {
        end = larger(end, spans[i].end);
    }
    assert(end - start->first <= registers_max(start->table));
    return (struct request){.table = start->table,
                            .interval_ms = start->interval_ms,
                            .first = (uint16_t)start->first,
                            .count = (uint16_t)(end - start->first)};
}

bool request_covers(const struct request *request, enum register_table table, uint32_t first, uint32_t count)
{
    return request->table == table && first >= request->first &&
           first + count <= (uint32_t)request->first + request->count;
}

bool request_reads_bits(const struct request *request, const struct profile *profile)
{
    for (uint8_t i = 0; i < profile->bit_count; i++) {
        if (request_covers(request, profile->bits[i].table, profile->bits[i].reg, 1)) {
            return true;
        }
    }
    return false;
}

bool request_reads_identity(const struct request *request, const struct profile *profile)
{
    return profile->identity_count > 0 &&
           request_covers(request, TABLE_HOLDING, profile->identity_register, profile->identity_count);
}

bool request_is_urgent(const struct request *request, const struct monitor_config *monitor)
{
    const struct profile *profile = monitor->profile;
    for (uint8_t i = 0; i < profile->channel_count; i++) {
        const struct profile_channel *channel = &profile->channels[i];
        if ((monitor->urgent_vitals >> channel->vital & 1U) != 0 &&
            request_covers(request, channel->table, channel->reg, channel_registers(channel))) {
            return true;
        }
    }
    return request_reads_bits(request, profile) || request_reads_identity(request, profile);
}

uint8_t request_function(const struct request *request)
{
    static const uint8_t functions[] = {[TABLE_HOLDING] = 3, [TABLE_INPUT] = 4, [TABLE_COIL] = 1, [TABLE_DISCRETE] = 2};
    return functions[request->table];
}

uint8_t request_data_bytes(const struct request *request)
{
    return (uint8_t)(table_is_bits(request->table) ? (request->count + 7) / 8 : request->count * 2);
}

/* --- the wire ------------------------------------------------------------------------------------------------ */

struct wire wire_of(uint32_t baud, enum parity parity, uint8_t stop_bits)
{
    assert(baud > 0);
    const uint32_t bits = 9U + (parity != PARITY_NONE ? 1U : 0U) + stop_bits;
    const uint32_t gap_us = (LEGAL_CHAR_BITS * UINT32_C(3500000) + baud - 1) / baud;
    return (struct wire){.char_ns = (uint32_t)((bits * UINT64_C(1000000000) + baud - 1) / baud),
                         .gap_us = baud > FAST_BAUD ? FAST_GAP_US : gap_us};
}

struct wire wire_of_bus(const struct bus_config *config)
{
    if (config->device != NULL) {
        return wire_of(config->baud, config->parity, config->stop_bits);
    }
    return config->baud > 0 ? wire_of(config->baud, PARITY_NONE, 1) : (struct wire){0};
}

uint32_t wire_us(const struct wire *wire, uint32_t bytes)
{
    return (uint32_t)((UINT64_C(1) * bytes * wire->char_ns + 999) / 1000);
}

uint32_t wire_answer_bytes(const struct request *request)
{
    return 5U + request_data_bytes(request);
}

uint32_t wire_poll_us(const struct wire *wire, const struct request *request, uint32_t turnaround_us)
{
    return wire->gap_us + wire_us(wire, WIRE_REQUEST_BYTES) + larger(turnaround_us, wire->gap_us) +
           wire_us(wire, wire_answer_bytes(request));
}
