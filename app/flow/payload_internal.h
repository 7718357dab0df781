/*
 * payload_internal.h: what the files that write payloads share. Private to app/flow/payload*.c and report_json.c.
 */
#ifndef WARDGATE_PAYLOAD_INTERNAL_H
#define WARDGATE_PAYLOAD_INTERNAL_H

#include "app/flow/json.h"
#include "app/flow/payload.h"

#define PAYLOAD_SCHEMA    "1"
#define PAYLOAD_ID_DIGITS 16 /* hexadecimal, of stays and alarms */

static inline void payload_put_id(struct json *json, const char *key, uint64_t id)
{
    if (id == 0) {
        json_null(json, key);
    } else {
        json_hex(json, key, id, PAYLOAD_ID_DIGITS);
    }
}

static inline void payload_put_milli(struct json *json, const char *key, bool has, int32_t value_milli)
{
    if (has) {
        json_milli(json, key, value_milli);
    } else {
        json_null(json, key);
    }
}

static inline void payload_put_origin(struct json *json, const struct payload_context *context)
{
    json_text(json, "gateway", context->gateway);
    json_text(json, "boot", context->boot);
}

/* `delays` of an alert of any kind. */
void payload_put_delays(struct json *json, const struct engine_config *config, const struct alert *alert);

/* The members of payload_ward that `wardgate status` shows, too. */
void payload_put_ward(struct json *json, const struct payload_context *context, const struct ward_bed *beds,
                      const struct ward_figures *figures);

/* The value of a rule's parameter that is in force at a bed: set by command, by the configuration, or the class's. False: it has none there. */
bool payload_limit_in_force(const struct engine_config *config, const struct bed_view *view, unsigned rule,
                            unsigned parameter, int32_t *out_milli);

#endif
