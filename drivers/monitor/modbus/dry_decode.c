/*
 * A first poll without a monitor: the driver's own requests and its own decoding, over registers that somebody gives.
 */
#include "drivers/monitor/modbus/dry_decode.h"

#include <assert.h>
#include <string.h>

#include "drivers/monitor/modbus/decode.h"
#include "drivers/monitor/modbus/requests.h"

static uint16_t value_of(const struct register_image *image, enum register_table table, uint32_t reg)
{
    for (size_t i = 0; i < image->count; i++) {
        if (image->values[i].table == table && image->values[i].reg == reg) {
            return image->values[i].value;
        }
    }
    return 0;
}

/* The data of the answer to a request, as it would come over the wire. */
static void answer(const struct register_image *image, const struct request *request, uint8_t *data)
{
    memset(data, 0, request_data_bytes(request));
    for (uint32_t i = 0; i < request->count; i++) {
        const uint16_t value = value_of(image, request->table, request->first + i);
        if (!table_is_bits(request->table)) {
            data[2 * i] = (uint8_t)(value >> 8);
            data[2 * i + 1] = (uint8_t)value;
        } else if (value != 0) {
            data[i / 8] |= (uint8_t)(1U << i % 8);
        }
    }
}

static void poll(const struct monitor_config *monitor, const struct register_image *image, struct decode_state *state,
                 struct observation_sink *out)
{
    struct request_plan plan;
    uint8_t data[UINT8_MAX];
    requests_plan(monitor->profile, &plan);
    for (unsigned i = 0; i < plan.run_count; i++) {
        const struct request request = request_of_run(plan.spans, plan.runs[i]);
        answer(image, &request, data);
        decode_answer(monitor, state, &request, data, 0, out);
    }
}

static void put_nowhere(struct observation_sink *sink, const struct observation *observation)
{
    (void)sink;
    (void)observation;
}

void modbus_decode_registers(const struct profile *profile, const struct register_image *image,
                             struct observation_sink *out)
{
    assert(profile != NULL && image != NULL && out != NULL);
    const struct monitor_config monitor = {.profile = profile};
    struct observation_sink nowhere = {.put = put_nowhere};
    struct decode_state state = {0};
    /* A bit that one request reads may be about values that another, before it, does: what it says is known first. */
    poll(&monitor, image, &state, &nowhere);
    decode_forget(&state);
    poll(&monitor, image, &state, out);
}
