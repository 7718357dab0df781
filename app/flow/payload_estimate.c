/* A screening estimate of a bed: it says of itself that it is one. */
#include "app/flow/payload_internal.h"

static bool has(unsigned inputs, unsigned input)
{
    return (inputs >> input & 1U) != 0;
}

static const struct estimate_model *model_of(const struct engine_config *config, unsigned estimate)
{
    return estimate == ESTIMATE_PRESSURE ? NULL : &config->models[estimate - ESTIMATE_MODEL_0];
}

const char *payload_estimate_name(const struct engine_config *config, unsigned estimate)
{
    if (estimate == ESTIMATE_PRESSURE) {
        return "blood_pressure";
    }
    return model_of(config, estimate)->name;
}

int32_t payload_probability_milli(const struct estimate_result *result)
{
    return (result->probability_micro + 500) / 1000;
}

static unsigned inputs_of(const struct engine_config *config, unsigned estimate)
{
    static const unsigned pressures = 1U << INPUT_OF_nibp_sys | 1U << INPUT_OF_nibp_dia;
    return estimate == ESTIMATE_PRESSURE ? pressures : model_of(config, estimate)->inputs;
}

static void put_category(struct json *json, const struct engine_config *config, const struct estimate_result *result)
{
    json_text(json, "category",
              result->complete ? pressure_category_word(config->pressure_scheme, result->category) : NULL);
}

static void put_probability(struct json *json, const struct estimate_model *model, const struct estimate_result *result)
{
    payload_put_milli(json, "probability", result->complete, payload_probability_milli(result));
    payload_put_milli(json, "threshold", model->threshold_micro > 0, (int32_t)(model->threshold_micro / 1000));
    if (result->complete && model->threshold_micro > 0) {
        json_bool(json, "reached", result->reached);
    } else {
        json_null(json, "reached");
    }
    json_text(json, "origin", model->source);
}

static void put_missing(struct json *json, unsigned missing)
{
    json_open_array(json, "missing");
    for (unsigned i = 0; i < ESTIMATE_INPUT_COUNT; ++i) {
        if (has(missing, i)) {
            json_text(json, NULL, estimate_input_name(i));
        }
    }
    json_close_array(json);
}

static void put_inputs(struct json *json, const struct estimate_inputs *inputs, unsigned asked)
{
    json_open_object(json, "inputs");
    for (unsigned i = 0; i < ESTIMATE_INPUT_COUNT; ++i) {
        if (has(asked & inputs->known, i)) {
            const char *word = attribute_word(i, inputs->value_milli[i]);
            if (word != NULL) {
                json_text(json, estimate_input_name(i), word);
            } else {
                json_milli(json, estimate_input_name(i), inputs->value_milli[i]);
            }
        }
    }
    json_close_object(json);
}

/* Of what was measured for it; null when nothing was. */
static void put_oldest(struct json *json, const struct estimates *estimates, unsigned asked, int64_t correction_ms)
{
    int64_t oldest_ms = INT64_MAX;
    for (unsigned i = ATTRIBUTE_COUNT; i < ESTIMATE_INPUT_COUNT; ++i) {
        if (has(asked & estimates->inputs.known, i) && estimates->at_ms[i] < oldest_ms) {
            oldest_ms = estimates->at_ms[i];
        }
    }
    if (oldest_ms != INT64_MAX) {
        json_time(json, "oldest_at", oldest_ms + correction_ms);
    } else {
        json_null(json, "oldest_at");
    }
}

size_t payload_estimate(const struct payload_context *context, const struct bed_view *view, unsigned estimate,
                        int64_t correction_ms, int64_t expires_wall_ms, char *out, size_t size)
{
    const struct engine_config *config = context->config;
    const struct estimate_result *result = &view->estimates.results[estimate];
    const struct estimate_model *model = model_of(config, estimate);
    struct json json;
    json_begin(&json, out, size);
    json_text(&json, "schema", PAYLOAD_SCHEMA);
    json_time(&json, "at", view->at_ms + correction_ms);
    json_text(&json, "bed", config->beds[view->bed].id);
    payload_put_id(&json, "stay", view->stay);
    json_text(&json, "score", payload_estimate_name(config, estimate));
    json_text(&json, "title", model != NULL ? model->title : pressure_scheme_title(config->pressure_scheme));
    json_text(&json, "kind", "advisory");
    json_bool(&json, "validated", false);
    json_text(&json, "notice", ESTIMATE_NOTICE);
    json_bool(&json, "complete", result->complete);
    if (model != NULL) {
        put_probability(&json, model, result);
    } else {
        put_category(&json, config, result);
    }
    put_missing(&json, result->missing);
    put_inputs(&json, &view->estimates.inputs, inputs_of(config, estimate));
    put_oldest(&json, &view->estimates, inputs_of(config, estimate), correction_ms);
    payload_put_origin(&json, context);
    json_time(&json, "expires_at", expires_wall_ms);
    return json_end(&json);
}
