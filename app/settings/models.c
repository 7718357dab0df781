/*
 * models.c: finds the files of risk models and reads them.
 */
#include <assert.h>
#include <string.h>

#include "app/settings/file.h"
#include "app/settings/load.h"

static bool check_name(struct load *load, const struct node *root, const char *name)
{
    const struct node *node = node_child(root, "model");
    if (strchr(name, '-') != NULL) {
        report_fault(load->reader.report, node, "the name of a model has letters, digits and _, no -");
        return false;
    }
    if (strcmp(name, "blood_pressure") == 0 || score_by_name(name, strlen(name)) != SCORE_COUNT) {
        report_fault(load->reader.report, node, "is the name of a score, choose another");
        return false;
    }
    for (unsigned i = 0; i < load->settings->model_count; i++) {
        if (strcmp(load->settings->models[i].name, name) == 0) {
            report_fault(load->reader.report, node, "another file has a model of this name, remove one");
            return false;
        }
    }
    return true;
}

/* A coefficient that is written counts, even one of 0: its input must be known. */
static bool read_coefficients(struct load *load, const struct node *node, struct estimate_model *out)
{
    struct coefficient_keys keys = {.coefficient = {0}};
    if (!section_read(&load->reader, node, &coefficients_section, &keys)) {
        return false;
    }
    for (unsigned i = 0; i < ESTIMATE_INPUT_COUNT; i++) {
        const bool written = node_child(node, estimate_input_name(i)) != NULL;
        out->inputs |= (uint16_t)((written ? 1U : 0U) << i);
        out->coefficient_micro[i] = keys.coefficient[i];
    }
    if (out->inputs == 0) {
        report_fault(load->reader.report, node, "names no input, so the estimate would always be the same");
    }
    return out->inputs != 0;
}

static bool read_units(struct load *load, const struct node *node, struct estimate_model *out)
{
    struct model_unit_keys keys = {.glucose = MODEL_UNIT_MMOL_L};
    const bool is_whole = node == NULL || section_read(&load->reader, node, &model_units_section, &keys);
    out->glucose_mg_dl = keys.glucose == MODEL_UNIT_MG_DL;
    out->hdl_mg_dl = keys.hdl == MODEL_UNIT_MG_DL;
    return is_whole;
}

static bool read_model(struct load *load, const struct node *root, struct estimate_model *out)
{
    struct model_keys keys = {.threshold = 0};
    if (!section_read(&load->reader, root, &model_section, &keys)) {
        return false;
    }
    *out = (struct estimate_model){.name = keys.model,
                                   .title = keys.title,
                                   .source = keys.source,
                                   .intercept_micro = keys.intercept,
                                   .threshold_micro = keys.threshold};
    bool is_sound = check_name(load, root, keys.model);
    is_sound = read_coefficients(load, keys.coefficients, out) && is_sound;
    return read_units(load, keys.units, out) && is_sound;
}

static void read_file(struct load *load, const struct node *node, struct estimate_model *out)
{
    static const struct field path = {.name = "models", .type = FIELD_TEXT, .high = 1024};
    const char *text = NULL;
    const char *file = field_read(&load->reader, node, &path, &text) ? load_find_file(load, node, "models") : NULL;
    const struct node *root = file != NULL ? document_read(file, load->trees, load->reader.report) : NULL;
    if (root != NULL && read_model(load, root, out)) {
        load->settings->model_count++;
    }
}

void models_read(struct load *load, const struct node *list)
{
    assert(load != NULL && list != NULL);
    if (list->child_count > ESTIMATE_MODELS_MAX) {
        report_fault(load->reader.report, list, "has %u files, at most %d", list->child_count, ESTIMATE_MODELS_MAX);
        return;
    }
    struct estimate_model *models = POOL_TAKE(load->reader.pool, struct estimate_model, ESTIMATE_MODELS_MAX);
    load->settings->models = models;
    for (const struct node *node = list->first; models != NULL && node != NULL; node = node->next) {
        read_file(load, node, &models[load->settings->model_count]);
    }
}
