/*
 * What a poll asks of the line, in words and in time, for `wardgate check`: from the same plan that the bus follows.
 */
#include "drivers/monitor/modbus/describe.h"

#include <stdio.h>

#include "drivers/monitor/modbus/requests.h"

enum { TURNAROUND_US = 2000 };

static const char *table_word(enum register_table table)
{
    static const char *const words[] = {
        [TABLE_HOLDING] = "holding", [TABLE_INPUT] = "input", [TABLE_COIL] = "coil", [TABLE_DISCRETE] = "discrete"};
    return words[table];
}

static struct bus_request describe(const struct bus_config *config, uint16_t monitor, const struct request *request)
{
    struct bus_request out = {.monitor = monitor, .interval_ms = request->interval_ms};
    (void)snprintf(out.text, sizeof out.text, "%s %u-%u (%u)", table_word(request->table), request->first,
                   request->first + request->count - 1U, request->count);
    if (config->device != NULL) {
        const struct wire wire = wire_of(config->baud, config->parity, config->stop_bits);
        out.wire_us = wire_poll_us(&wire, request, TURNAROUND_US);
    }
    return out;
}

void modbus_each_request(const struct bus_config *config, bus_request_visit *visit, void *context)
{
    for (uint16_t m = 0; m < config->monitor_count; m++) {
        struct request_plan plan;
        requests_plan(config->monitors[m].profile, &plan);
        for (unsigned r = 0; r < plan.run_count; r++) {
            const struct request request = request_of_run(plan.spans, plan.runs[r]);
            const struct bus_request described = describe(config, m, &request);
            visit(context, &described);
        }
    }
}
