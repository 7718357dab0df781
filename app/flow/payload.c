#include "app/flow/payload.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/payload_internal.h"
#include "app/flow/timebase.h"

/* Bounds of an alert's own words, in bytes of output, so that any alert fits PAYLOAD_ALERT_MAX: a long text is cut, an
 * alert is never lost. */
#define TEXT_BYTES_MAX       700
#define ADVICE_BYTES_MAX     300
#define STANDS_FOR_BYTES_MAX 400

static void put_epoch(struct json *json, const struct payload_context *context)
{
    const bool known = context->epoch != NULL && context->epoch[0] != '\0';
    json_text(json, "epoch", known ? context->epoch : NULL);
}

static bool begins_with_word(const char *text, size_t length, const char *word)
{
    const size_t size = strlen(word);
    return length > size && memcmp(text, word, size) == 0 && text[size] == '"';
}

/* The name, up to its end and what is behind it; NULL: there is none. */
static const char *find_epoch(const struct store_alert *alert, size_t *out_left)
{
    static const char head[] = "{\"schema\":\"" PAYLOAD_SCHEMA "\",\"epoch\":\"";
    const size_t at = sizeof head - 1;
    if (alert->json_length < at || memcmp(alert->json, head, at) != 0) {
        return NULL;
    }
    *out_left = alert->json_length - at;
    return alert->json + at;
}

bool payload_counts(const struct payload_context *context, const struct store_alert *alert)
{
    const struct epochs *before = context->epochs_before;
    size_t left = 0;
    const char *epoch = find_epoch(alert, &left);
    bool counts = epoch != NULL && begins_with_word(epoch, left, context->epoch);
    for (uint32_t i = 0; epoch != NULL && before != NULL && i < before->count && !counts; ++i) {
        counts = begins_with_word(epoch, left, before->names[i]);
    }
    return counts;
}

bool payload_epoch(const struct payload_context *context, const struct store_alert *alert, char out[STORE_EPOCH_MAX])
{
    size_t left = 0;
    const char *epoch = payload_counts(context, alert) ? context->epoch : find_epoch(alert, &left);
    const char *end = epoch == NULL ? NULL : left == 0 ? epoch + strlen(epoch) : memchr(epoch, '"', left);
    if (end == NULL || end - epoch >= STORE_EPOCH_MAX) {
        return false;
    }
    memcpy(out, epoch, (size_t)(end - epoch));
    out[end - epoch] = '\0';
    return true;
}

/* ---- alerts ---- */

/* Of the stream of alerts, in which what is folded has no place. */
static void put_number(struct json *json, const char *key, const struct alert *alert, uint64_t number)
{
    if (alert_is_folded(alert)) {
        json_null(json, key);
    } else {
        json_unsigned(json, key, number);
    }
}

static void put_occurrence(struct json *json, const struct payload_context *context, const struct alert *alert)
{
    const bool at_bed = alert->key.bed != BED_NONE;
    json_text(json, "schema", PAYLOAD_SCHEMA);
    put_epoch(json, context);
    json_hex(json, "id", alert->id, PAYLOAD_ID_DIGITS);
    json_unsigned(json, "rev", alert->rev);
    put_number(json, "seq", alert, alert->seq);
    if (at_bed) {
        put_number(json, "bed_seq", alert, alert->bed_seq);
    }
    payload_put_origin(json, context);
    if (at_bed) {
        json_text(json, "bed", context->config->beds[alert->key.bed].id);
        payload_put_id(json, "stay", alert->stay);
    }
}

static void put_state(struct json *json, const struct alert *alert)
{
    json_text(json, "phase", alarm_phase_word(alert->phase));
    json_text(json, "state", alarm_state_word(alert->state));
    json_text(json, "inactivation", alarm_inactivation_word(alert->inactivation));
    json_text(json, "priority", priority_word((enum priority)alert->priority));
    json_text(json, "kind", alarm_kind_word(alert->kind));
    json_text(json, "source", alarm_source_word(alert->source));
}

static void add(struct json *json, const char *text)
{
    json_text_add(json, text, strlen(text));
}

/* Index of the parameter named in braces at `brace`, and its length with the braces; -1 when it is none. */
static int parameter_at(const struct rule *rule, const char *brace, size_t *length)
{
    for (int i = 0; i < PARAMETERS_MAX; ++i) {
        const char *name = rule->parameters[i].name;
        const size_t name_length = name != NULL ? strlen(name) : 0;
        if (name_length > 0 && strncmp(brace + 1, name, name_length) == 0 && brace[1 + name_length] == '}') {
            *length = name_length + 2;
            return i;
        }
    }
    return -1;
}

static const char *beds_at(const struct rule *rule, const char *text)
{
    return rule->is_of_ward ? strstr(text, "{" RULE_BEDS_NAME "}") : NULL;
}

/* The text of a rule of the ward, with the beds in their place. */
static void add_ward_text(struct json *json, const struct rule *rule, const struct alert *alert)
{
    static const char several[] = "several beds";
    const char *rest = rule->text;
    for (const char *brace = beds_at(rule, rest); brace != NULL; brace = beds_at(rule, rest)) {
        json_text_add(json, rest, (size_t)(brace - rest));
        const bool named = alert->detail[0] != '\0'; /* of what is not monitored none is */
        json_text_add(json, named ? alert->detail : several,
                      named ? strnlen(alert->detail, sizeof alert->detail) : sizeof several - 1);
        rest = brace + strlen("{" RULE_BEDS_NAME "}");
    }
    add(json, rest);
}

/* The rule's text with {limit} and its other parameters replaced by the values in force; other braces stay. */
static void add_rule_text(struct json *json, const struct rule *rule, const struct alert *alert)
{
    const char *rest = rule->text;
    if (rule->is_of_ward) {
        add_ward_text(json, rule, alert);
        return;
    }
    for (const char *brace = strchr(rest, '{'); brace != NULL; brace = strchr(brace, '{')) {
        size_t length;
        const int parameter = parameter_at(rule, brace, &length);
        if (parameter < 0) {
            ++brace;
            continue;
        }
        json_text_add(json, rest, (size_t)(brace - rest));
        json_text_add_milli(json, alert->parameters_milli[parameter]);
        brace += length;
        rest = brace;
    }
    add(json, rest);
}

static void add_signal_text(struct json *json, const struct signal_config *signal)
{
    add(json, signal->text != NULL && signal->text[0] != '\0' ? signal->text : signal->name);
}

/* The text has it in its place already. */
static bool has_detail(const struct engine_config *config, const struct alert *alert)
{
    const bool of_rule = alert->key.family == ALARM_OF_RULE || alert->key.family == ALARM_NOT_MONITORED;
    return of_rule && beds_at(&config->rules[alert->key.index], config->rules[alert->key.index].text) != NULL;
}

static void put_text(struct json *json, const struct engine_config *config, const struct alert *alert)
{
    const uint16_t index = alert->key.index;
    json_text_open(json, "text", TEXT_BYTES_MAX);
    switch ((enum alarm_family)alert->key.family) {
    case ALARM_OF_RULE:
        add_rule_text(json, &config->rules[index], alert);
        break;
    case ALARM_NOT_MONITORED:
        add(json, config->rules[index].name);
        add(json, " is not monitored: ");
        add_rule_text(json, &config->rules[index], alert);
        break;
    case ALARM_FORESEEN:
        add(json, "Screening estimate, no alarm");
        break;
    case ALARM_BUILTIN:
        add(json, builtin_alarm_info((enum builtin_alarm)index)->text);
        break;
    case ALARM_OF_MONITOR:
        add_signal_text(json, &config->beds[alert->key.bed].signals[index]);
        break;
    case ALARM_REPORTED:
    case ALARM_REPORTED_NOT_MONITORED:
        add(json, alert->key.family == ALARM_REPORTED ? "Monitor" : "The monitor says no more of its alarm");
        break;
    }
    if (alert->detail[0] != '\0' && !has_detail(config, alert)) {
        add(json, ": ");
        json_text_add(json, alert->detail, strnlen(alert->detail, sizeof alert->detail));
    }
    json_text_close(json);
}

static const char *advice_of(const struct engine_config *config, const struct alarm_key *key)
{
    switch ((enum alarm_family)key->family) {
    case ALARM_OF_RULE:
    case ALARM_NOT_MONITORED:
        return config->rules[key->index].advice;
    case ALARM_BUILTIN:
        return builtin_alarm_info((enum builtin_alarm)key->index)->advice;
    case ALARM_FORESEEN:
        return "Look at the patient; it is not validated for inpatients";
    case ALARM_OF_MONITOR:
    case ALARM_REPORTED:
    case ALARM_REPORTED_NOT_MONITORED:
        break;
    }
    return "";
}

/* What is not monitored, or foreseen, is named after its rule, or the monitor's alarm; the reason tells it from that one's own alarm. */
static void put_rule_name(struct json *json, const struct engine_config *config, const struct alert *alert)
{
    struct alert named = *alert;
    char name[ALARM_NAME_MAX];
    if (alert->key.family == ALARM_NOT_MONITORED || alert->key.family == ALARM_FORESEEN) {
        named.key.family = ALARM_OF_RULE;
    } else if (alert->key.family == ALARM_REPORTED_NOT_MONITORED) {
        named.key.family = ALARM_REPORTED;
    }
    alarm_name(config, &named, name);
    json_text(json, "rule", name);
}

static void put_words(struct json *json, const struct engine_config *config, const struct alert *alert)
{
    put_rule_name(json, config, alert);
    put_text(json, config, alert);
    json_text_open(json, "advice", ADVICE_BYTES_MAX);
    add(json, advice_of(config, &alert->key));
    json_text_close(json);
}

static void put_value(struct json *json, const struct alert *alert)
{
    const struct vital_info *vital = alert->vital < VITAL_COUNT ? vital_info((enum vital)alert->vital) : NULL;
    json_text(json, "vital", vital != NULL ? vital->name : NULL);
    payload_put_milli(json, "value", alert->has_value, alert->value_milli);
    payload_put_milli(json, "limit", alert->has_limit, alert->limit_milli);
    json_text(json, "unit", vital != NULL ? vital->unit : NULL);
    const char *reason = alarm_reason_word(alert->reason);
    json_text(json, "reason", reason[0] != '\0' ? reason : NULL);
}

static void put_instants(struct json *json, const struct alert *alert, int64_t correction_ms)
{
    json_time(json, "at", alert->at_ms + correction_ms);
    json_time(json, "violated_at", alert->violated_at_ms + correction_ms);
    json_time(json, "condition_at", alert->condition_at_ms + correction_ms);
    json_time(json, "raised_at", alert->raised_at_ms + correction_ms);
    json_text(json, "clock", alert->clock_synced ? "synced" : "unsynced");
}

/* Of a folded one: whose alert tells of it. */
static void put_part_of(struct json *json, const struct payload_context *context, const struct alert *alert)
{
    if (!alert_is_folded(alert)) {
        return;
    }
    const struct builtin_alarm_info *cause = builtin_alarm_info((enum builtin_alarm)alert->part_of_index);
    json_open_object(json, "part_of");
    if (cause->at_bed) {
        json_text(json, "bed", context->config->beds[alert->key.bed].id);
    } else {
        json_text(json, "gateway", context->gateway);
    }
    json_text(json, "rule", cause->name);
    json_hex(json, "id", alert->part_of, PAYLOAD_ID_DIGITS);
    json_close_object(json);
}

/* Beds for a gateway's alarm, else what is not monitored at this one. */
static void listed_name(const struct engine_config *config, const struct alert *alert, unsigned index,
                        char name[ALARM_NAME_MAX])
{
    struct alert of_rule = *alert;
    if (alert->key.bed == BED_NONE) {
        (void)snprintf(name, ALARM_NAME_MAX, "%s", config->beds[index].id);
        return;
    }
    of_rule.key.family = ALARM_NOT_MONITORED;
    of_rule.key.index = (uint16_t)index;
    alarm_name(config, &of_rule, name);
}

/* As many as there is room for; how many more there are is said. */
static void put_stands_for(struct json *json, const struct engine_config *config, const struct alert *alert)
{
    const unsigned count = alert->key.bed == BED_NONE ? config->bed_count : config->rule_count;
    size_t room = STANDS_FOR_BYTES_MAX;
    unsigned more = 0;
    if (alert->stands_for_key == 0) {
        return;
    }
    json_open_array(json, "stands_for");
    for (unsigned i = 0; i < count; ++i) {
        char name[ALARM_NAME_MAX];
        if (!alert_stands_for(alert, i)) {
            continue;
        }
        listed_name(config, alert, i, name);
        const size_t bytes = strlen(name) + 3; /* with quotes and comma */
        if (more > 0 || bytes > room) {
            ++more;
            continue;
        }
        json_text(json, NULL, name);
        room -= bytes;
    }
    json_close_array(json);
    json_unsigned(json, "stands_for_more", more);
}

size_t payload_alert(const struct payload_context *context, const struct alert *alert, int64_t correction_ms, char *out,
                     size_t size)
{
    struct json json;
    json_begin(&json, out, size);
    put_occurrence(&json, context, alert);
    put_state(&json, alert);
    put_words(&json, context->config, alert);
    put_value(&json, alert);
    payload_put_delays(&json, context->config, alert);
    put_instants(&json, alert, correction_ms);
    json_bool(&json, "test", alert->test);
    put_part_of(&json, context, alert);
    put_stands_for(&json, context->config, alert);
    return json_end(&json);
}

/* `content` without its closing brace, followed by `tail`. */
static size_t splice(const char *content, size_t length, const char *tail, size_t tail_length, char *out, size_t size)
{
    if (length < 3 || content[length - 1] != '}' ||
        length + tail_length > size) { /* with the NUL in the brace's place */
        return 0;
    }
    memcpy(out, content, length - 1);
    memcpy(out + length - 1, tail, tail_length);
    out[length - 1 + tail_length] = '\0';
    return length - 1 + tail_length;
}

/* One is made for each alert that goes out: no printf. */
size_t payload_alert_delivery(const char *content, size_t length, bool late, bool durable, char *out, size_t size)
{
    static const char *const tails[2][2] = {
        {",\"delivery\":{\"late\":false,\"durable\":false}}", ",\"delivery\":{\"late\":false,\"durable\":true}}"},
        {",\"delivery\":{\"late\":true,\"durable\":false}}", ",\"delivery\":{\"late\":true,\"durable\":true}}"}};
    const char *const tail = tails[late][durable];
    return splice(content, length, tail, strlen(tail), out, size);
}

size_t payload_alert_resent(const char *content, size_t length, char *out, size_t size)
{
    static const char tail[] = ",\"delivery\":{\"late\":true,\"durable\":true,\"resend\":true}}";
    return splice(content, length, tail, sizeof tail - 1, out, size);
}

static void put_ranges(struct json *json, const struct omitted *omitted)
{
    json_open_array(json, "seq_ranges");
    for (uint32_t i = 0; i < omitted->count; ++i) {
        json_open_array(json, NULL);
        json_unsigned(json, NULL, omitted->ranges[i].from);
        json_unsigned(json, NULL, omitted->ranges[i].through);
        json_close_array(json);
    }
    json_close_array(json);
}

static void put_priorities(struct json *json, const struct omitted *omitted)
{
    if (omitted->of_lost_store) {
        json_null(json, "by_priority");
        return;
    }
    json_open_object(json, "by_priority");
    for (unsigned p = PRIORITY_HIGH + 1; p-- > 0;) {
        json_unsigned(json, priority_word((enum priority)p), omitted->alerts[p]);
    }
    json_close_object(json);
}

static void put_times(struct json *json, const struct omitted *omitted)
{
    if (omitted->of_lost_store) {
        json_null(json, "oldest_at");
        json_null(json, "newest_at");
        return;
    }
    json_time(json, "oldest_at", omitted->oldest_wall_ms);
    json_time(json, "newest_at", omitted->newest_wall_ms);
}

size_t payload_omitted(const struct payload_context *context, const struct omitted *omitted, int64_t wall_ms, char *out,
                       size_t size)
{
    struct json json;
    json_begin(&json, out, size);
    json_text(&json, "schema", PAYLOAD_SCHEMA);
    put_epoch(&json, context);
    if (omitted->of_lost_store) {
        json_text(&json, "reason", "store_replaced");
    }
    json_unsigned(&json, "alerts", omitted_alerts(omitted));
    put_priorities(&json, omitted);
    put_ranges(&json, omitted);
    put_times(&json, omitted);
    json_time(&json, "at", wall_ms);
    payload_put_origin(&json, context);
    return json_end(&json);
}

size_t payload_alarm(const char *content, size_t length, int64_t expires_wall_ms, char *out, size_t size)
{
    char expires[TIME_TEXT_MAX];
    char tail[64];
    time_text(expires_wall_ms, expires);
    const int tail_length = snprintf(tail, sizeof tail, ",\"expires_at\":\"%s\"}", expires);
    return splice(content, length, tail, (size_t)tail_length, out, size);
}

/* ---- vitals ---- */

static const char *vital_name(const struct vital_view *vital)
{
    return vital_info((enum vital)vital->vital)->name;
}

static void put_numerics(struct json *json, const struct bed_view *view)
{
    for (unsigned i = 0; i < view->vital_count; ++i) {
        const struct vital_view *vital = &view->vitals[i];
        if (vital->quality == QUALITY_VALID) {
            json_milli(json, vital_name(vital), vital->value_milli);
        }
    }
}

static void put_observed(struct json *json, const struct bed_view *view, int64_t correction_ms)
{
    json_open_object(json, "observed");
    for (unsigned i = 0; i < view->vital_count; ++i) {
        const struct vital_view *vital = &view->vitals[i];
        if (!vital->episodic || vital->quality != QUALITY_VALID) {
            continue;
        }
        if (vital->age_unknown) {
            json_null(json, vital_name(vital));
        } else {
            json_time(json, vital_name(vital), vital->at_ms + correction_ms);
        }
    }
    json_close_object(json);
}

/* Of those that another vital stands in for. */
static void put_sources(struct json *json, const struct bed_view *view)
{
    json_open_object(json, "source");
    for (unsigned i = 0; i < view->vital_count; ++i) {
        const struct vital_view *vital = &view->vitals[i];
        if (vital->quality == QUALITY_VALID && vital->source != vital->vital) {
            json_text(json, vital_name(vital), vital_info((enum vital)vital->source)->name);
        }
    }
    json_close_object(json);
}

static void put_invalid(struct json *json, const struct bed_view *view)
{
    json_open_object(json, "invalid");
    for (unsigned i = 0; i < view->vital_count; ++i) {
        const struct vital_view *vital = &view->vitals[i];
        if (vital->quality != QUALITY_VALID) {
            json_text(json, vital_name(vital), quality_word((enum quality)vital->quality));
        }
    }
    json_close_object(json);
}

size_t payload_vitals(const struct payload_context *context, const struct bed_view *view, int64_t correction_ms,
                      int64_t expires_wall_ms, char *out, size_t size)
{
    struct json json;
    json_begin(&json, out, size);
    json_text(&json, "schema", PAYLOAD_SCHEMA);
    json_time(&json, "at", view->at_ms + correction_ms);
    json_text(&json, "bed", context->config->beds[view->bed].id);
    payload_put_id(&json, "stay", view->stay);
    put_numerics(&json, view);
    put_observed(&json, view, correction_ms);
    put_sources(&json, view);
    put_invalid(&json, view);
    payload_put_origin(&json, context);
    json_time(&json, "expires_at", expires_wall_ms);
    return json_end(&json);
}

/* ---- status ---- */

size_t payload_status(const struct payload_context *context, const char *state, const char *reason,
                      uint32_t connect_count, int64_t at_wall_ms, char *out, size_t size)
{
    struct json json;
    json_begin(&json, out, size);
    json_text(&json, "schema", PAYLOAD_SCHEMA);
    json_text(&json, "state", state);
    json_text(&json, "reason", reason);
    json_text(&json, "gateway", context->gateway);
    json_text(&json, "version", context->version);
    json_text(&json, "boot", context->boot);
    put_epoch(&json, context);
    json_text(&json, "epoch_before", context->epochs_before != NULL ? epochs_newest(context->epochs_before) : NULL);
    json_unsigned(&json, "connect_count", connect_count);
    json_time(&json, "at", at_wall_ms);
    return json_end(&json);
}
