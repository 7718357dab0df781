/*
 * What a poll asks of the line, in words and in time, for `wardgate check`: from the same plan that the bus follows.
 */
#include "drivers/monitor/modbus/describe.h"

#include <stdio.h>
#include <string.h>

#include "drivers/monitor/modbus/requests.h"

enum {
    TURNAROUND_US = 2000,
    LEFT_OUT_LENGTH = 4 /* " +99" */
};

static const char *table_word(enum register_table table)
{
    static const char *const words[] = {
        [TABLE_HOLDING] = "holding", [TABLE_INPUT] = "input", [TABLE_COIL] = "coil", [TABLE_DISCRETE] = "discrete"};
    return words[table];
}

/* Words behind each other, as many as fit; how many did not stands at the end. */
struct words {
    char *text;
    size_t size, length;
    unsigned left_out;
};

static void add_word(struct words *words, const char *word)
{
    const size_t length = strlen(word);
    if (words->left_out > 0 || words->length + 1 + length + LEFT_OUT_LENGTH >= words->size) {
        words->left_out++;
        return;
    }
    words->length += (size_t)snprintf(words->text + words->length, words->size - words->length, " %s", word);
}

/* What is read: vitals, whether bits, whether the identity. */
static void name_what(const struct profile *profile, const struct request *request, struct words *words)
{
    for (uint8_t i = 0; i < profile->channel_count; i++) {
        const struct profile_channel *channel = &profile->channels[i];
        if (request_covers(request, channel->table, channel->reg, channel_registers(channel))) {
            add_word(words, vital_info(channel->vital)->name);
        }
    }
    if (request_reads_bits(request, profile)) {
        add_word(words, "bits");
    }
    if (request_reads_identity(request, profile)) {
        add_word(words, "identity");
    }
    if (words->left_out > 0) {
        (void)snprintf(words->text + words->length, words->size - words->length, " +%u", words->left_out);
    }
}

static struct bus_request describe(const struct bus_config *config, uint16_t monitor, const struct request *request)
{
    const struct monitor_config *asked = &config->monitors[monitor];
    struct bus_request out = {
        .monitor = monitor, .interval_ms = request->interval_ms, .urgent = request_is_urgent(request, asked)};
    struct words words = {.text = out.text, .size = sizeof out.text};
    words.length = (size_t)snprintf(out.text, sizeof out.text, "%s %u-%u (%u):", table_word(request->table),
                                    request->first, request->first + request->count - 1U, request->count);
    name_what(asked->profile, request, &words);
    const struct wire wire = wire_of_bus(config);
    if (wire.char_ns > 0) {
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
