/*
 * payload.h: what goes onto the broker, as UTF-8 JSON in the caller's buffer (DESIGN.md, MQTT).
 *
 * One function a topic. Each returns the length written, or 0 when it does not fit (a bound checked by tests for the
 * largest of each). Engine instants are turned into wall time by adding correction_ms. A rule's text or advice that is
 * too long is cut, so that an alert always fits. Pure; any thread. No patient names, ever.
 */
#ifndef WARDGATE_PAYLOAD_H
#define WARDGATE_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/engine.h"
#include "app/flow/clock_record.h"
#include "app/flow/epochs.h"
#include "app/flow/omitted.h"
#include "app/flow/reply.h"
#include "app/flow/resend.h"
#include "app/flow/ward_summary.h"

#define PAYLOAD_ALERT_MAX          2560
#define PAYLOAD_VITALS_MAX         4096
#define PAYLOAD_SETTINGS_MAX       163840
#define PAYLOAD_HEALTH_MAX         106496
#define PAYLOAD_REPLY_MAX          1024
#define PAYLOAD_SCORE_MAX          4096
#define PAYLOAD_WARD_MAX           65536
#define PAYLOAD_CLOCK_MAX          8192
#define PAYLOAD_TOPIC_MAX          256
#define PAYLOAD_VITALS_EXPIRY_MS   30000
#define PAYLOAD_ALARM_EXPIRY_MS    60000
#define PAYLOAD_SETTINGS_EXPIRY_MS 120000
#define PAYLOAD_SCORE_EXPIRY_MS    120000
#define PAYLOAD_WARD_EXPIRY_MS     120000
#define PAYLOAD_CLOCK_EXPIRY_MS    120000
#define PAYLOAD_HEALTH_EXPIRY_MS   30000

struct payload_context {
    const struct engine_config *config;
    const char *topic_root, *site, *ward, *gateway;
    const char *boot;                          /* random id of this run of the program, 8 hex characters */
    const char *epoch;                         /* NULL or "": not known yet */
    const struct epochs *epochs_before;        /* whose numbers it goes on with; NULL: none */
    const char *version;                       /* of the program */
    uint8_t command_roles;                     /* bit per enum command_role that may send commands to the broker */
    const struct ward_settings *ward_settings; /* NULL: nothing is told of the ward as a whole */
};

/* Its seq is one of the numbers that we go on with: it is of the present epoch, or of one before whose numbers that took over. */
bool payload_counts(const struct payload_context *context, const struct store_alert *alert);
/* The epoch of its seq: the present one when it counts, else the one that it names. False: it names none. */
bool payload_epoch(const struct payload_context *context, const struct store_alert *alert, char out[STORE_EPOCH_MAX]);

/* The content of an alert, without `delivery`. */
size_t payload_alert(const struct payload_context *context, const struct alert *alert, int64_t correction_ms, char *out,
                     size_t size);

/* `content` with `,"delivery":{...}` before its closing brace. */
size_t payload_alert_delivery(const char *content, size_t length, bool late, bool durable, char *out, size_t size);

/* The same of one that was delivered before: late, durable, and a resend. */
size_t payload_alert_resent(const char *content, size_t length, char *out, size_t size);

/* The record of alerts that a full outbox gave up, or that were lost with their store. */
size_t payload_omitted(const struct payload_context *context, const struct omitted *omitted, int64_t wall_ms, char *out,
                       size_t size);

/* The end of a request for alerts that were delivered before. */
size_t payload_resend_end(const struct payload_context *context, const struct resend_result *result, char *out,
                          size_t size);

/* `content` with `,"expires_at":"..."`: the retained state of an alarm. */
size_t payload_alarm(const char *content, size_t length, int64_t expires_wall_ms, char *out, size_t size);

size_t payload_vitals(const struct payload_context *context, const struct bed_view *view, int64_t correction_ms,
                      int64_t expires_wall_ms, char *out, size_t size);

/* What is in force at a bed: stay, class, where the patient is, every rule with its limits (default, overridden, or set by command, and what they may be
 * set to), who may send commands, rules that are off, pauses with their ends, oxygen and the SpO2 scale of NEWS2. */
size_t payload_settings(const struct payload_context *context, const struct bed_view *view, int64_t correction_ms,
                        int64_t at_wall_ms, int64_t expires_wall_ms, char *out, size_t size);

/* One score of an occupied bed: total and band when complete, else the lower bound and what is missing; each part with its
 * points, value, instant and source; when the next round of observations is due. */
size_t payload_score(const struct payload_context *context, const struct bed_view *view, enum score score,
                     int64_t correction_ms, int64_t expires_wall_ms, char *out, size_t size);

/* One estimate of an occupied bed: the category (ESTIMATE_PRESSURE) or the probability of a model, or what is missing. */
size_t payload_estimate(const struct payload_context *context, const struct bed_view *view, unsigned estimate,
                        int64_t correction_ms, int64_t expires_wall_ms, char *out, size_t size);
const char *payload_estimate_name(const struct engine_config *config, unsigned estimate);
int32_t payload_probability_milli(const struct estimate_result *result); /* as it is shown */

/* The ward as a whole (ward_summary.h): bed ids and bands, no patient and no nurse by name. */
size_t payload_ward(const struct payload_context *context, const struct ward_bed *beds,
                    const struct ward_figures *figures, int64_t at_wall_ms, int64_t expires_wall_ms, char *out,
                    size_t size);

/* state: online, offline (the will) or moved. reason: of offline, PAYLOAD_LOST in the will, else of service_stop_reason(); NULL: of the others. */
#define PAYLOAD_LOST "lost"
size_t payload_status(const struct payload_context *context, const char *state, const char *reason,
                      uint32_t connect_count, int64_t at_wall_ms, char *out, size_t size);

/* By how much instants of alerts that were shown in this boot of the box, and in those before, turned out to be off (clock_record.h). */
size_t payload_clock(const struct payload_context *context, const struct clock_record *record, int64_t at_wall_ms,
                     int64_t expires_wall_ms, char *out, size_t size);

/* The answer to a command (reply.h). */
size_t payload_reply(const struct payload_context *context, const struct reply *reply, char *out, size_t size);

/* The row of a command in the audit log; stay: in the bed afterwards. */
size_t payload_audit(const struct payload_context *context, const struct bed_command *command, uint64_t stay,
                     int64_t wall_ms, char *out, size_t size);

/* Topics, into PAYLOAD_TOPIC_MAX. bed NULL or "": the gateway's own place. */
void topic_of_bed(const struct payload_context *context, const char *bed, const char *leaf,
                  char *out); /* <base>/<bed>/<leaf> */
void topic_of_alarm(const struct payload_context *context, const char *bed, const char *alarm,
                    char *out); /* .../alarm/<name> */
void topic_of_gateway(const struct payload_context *context, const char *leaf,
                      char *out); /* <base>/gateway/<id>/<leaf> */

#endif
