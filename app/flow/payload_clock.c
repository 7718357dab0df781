/* The wall clock, and by how much it was off. */
#include "app/flow/payload_internal.h"

static void put_span(struct json *json, const struct clock_span *span)
{
    json_open_object(json, NULL);
    json_unsigned(json, "from_seq", span->from_seq);
    json_unsigned(json, "through_seq", span->through_seq);
    json_seconds(json, "off_s", span->off_ms);
    json_text(json, "clock", span->synced != 0 ? "synced" : "unsynced");
    json_close_object(json);
}

size_t payload_clock(const struct payload_context *context, const struct clock_record *record, int64_t at_wall_ms,
                     int64_t expires_wall_ms, char *out, size_t size)
{
    struct json json;
    json_begin(&json, out, size);
    json_text(&json, "schema", PAYLOAD_SCHEMA);
    json_time(&json, "at", at_wall_ms);
    json_text(&json, "clock", record->synced != 0 ? "synced" : "unsynced");
    json_text(&json, "epoch", record->epoch);
    json_open_array(&json, "corrections");
    for (uint32_t i = 0; i < record->count; ++i) {
        put_span(&json, &record->spans[i]);
    }
    json_close_array(&json);
    payload_put_origin(&json, context);
    json_time(&json, "expires_at", expires_wall_ms);
    return json_end(&json);
}
