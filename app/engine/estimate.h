/*
 * estimate.h: screening estimates of a patient at rest: risk by a logistic model, and the category of a blood pressure.
 *
 * NOT VALIDATED FOR INPATIENTS: the models and categories were made for adults who are not acutely ill. An estimate is information, never
 * an alarm, no rule may ask for it, and it is off unless configured.
 *
 * A model is data (config/models): x = intercept + the sum of coefficient * input, probability = 1 / (1 + e^-x). Inputs are told by people
 * of a stay (attributes) or measured (glucose, cuff pressure of one inflation). One that is not known leaves the estimate without a result
 * and stands in its list of what is missing: nothing is guessed.
 *
 * Whole numbers only, so that the bytes are the same on every CPU: x to billionths, e^-x by its series in 2^-62 after powers of two are
 * taken out, the probability in millionths, right to two of them. Pure. Thread: any.
 *
 * Sources of the categories: Whelton 2018 (ACC/AHA 2017), Williams 2018 (ESC/ESH), McEvoy 2024 (ESC).
 */
#ifndef WARDGATE_ESTIMATE_H
#define WARDGATE_ESTIMATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ESTIMATE_MODELS_MAX 8
#define ESTIMATES_MAX       (1 + ESTIMATE_MODELS_MAX) /* of a bed: the category first, then the models in their order */
#define ESTIMATE_PRESSURE   0
#define ESTIMATE_MODEL_0    1
#define ESTIMATE_NOTICE     "Screening estimate, not validated for inpatients, never an alarm"

/* What people tell of a patient: name, unit, lowest and highest in thousandths, what it is */
#define ATTRIBUTE_LIST(X)                                                                           \
    X(age, "a", 0, 120000, "age in years")                                                          \
    X(sex, "1", 0, 1000, "male or female; a model counts male as 0 and female as 1")                \
    X(bmi, "kg/m2", 8000, 100000, "body mass index")                                                \
    X(hours_since_food, "h", 0, 72000, "hours since food, 8 and more count as 8")                   \
    X(hdl, "mmol/L", 100, 5000, "HDL cholesterol")                                                  \
    X(family_history, "1", 0, 1000, "no or yes: a parent or sibling has it; a model counts 0 or 1") \
    X(ethnicity_code, "1", 0, 9000, "a whole number, as the model codes it")

/* What a model may weigh: attributes first. */
#define ESTIMATE_MEASURED_LIST(X)                                \
    X(glucose, "mmol/L", 0, 0, "newest glucose")                 \
    X(nibp_sys, "mm[Hg]", 0, 0, "systolic pressure of the cuff") \
    X(nibp_dia, "mm[Hg]", 0, 0, "diastolic pressure of the cuff, of the same measurement")

enum estimate_input {
#define ESTIMATE_INPUT_ENUM(name, unit, low, high, help) INPUT_OF_##name,
    ATTRIBUTE_LIST(ESTIMATE_INPUT_ENUM) ESTIMATE_MEASURED_LIST(ESTIMATE_INPUT_ENUM)
#undef ESTIMATE_INPUT_ENUM
        ESTIMATE_INPUT_COUNT
};
#define ATTRIBUTE_COUNT ((unsigned)INPUT_OF_glucose)
#define ATTRIBUTE_NONE  UINT8_MAX

/* What is known of a patient; of hours_since_food when that was: the newest food, in engine ms. */
struct attributes {
    uint16_t known; /* bit per attribute */
    int32_t value_milli[ATTRIBUTE_COUNT];
    int64_t fed_at_ms;
};

#define PRESSURE_SCHEME_LIST(X) X(none) X(acc_aha_2017) X(esc_2018) X(esc_2024)

enum pressure_scheme {
#define PRESSURE_SCHEME_ENUM(name) PRESSURE_##name,
    PRESSURE_SCHEME_LIST(PRESSURE_SCHEME_ENUM)
#undef PRESSURE_SCHEME_ENUM
        PRESSURE_SCHEME_COUNT
};

struct estimate_model {
    const char *name, *title, *source;
    int64_t intercept_micro;
    int64_t threshold_micro;                         /* of the probability; 0: none */
    uint16_t inputs;                                 /* bit per enum estimate_input that it weighs */
    bool glucose_mg_dl, hdl_mg_dl;                   /* what its coefficients count in; else mmol/L */
    int64_t coefficient_micro[ESTIMATE_INPUT_COUNT]; /* at most ESTIMATE_COEFFICIENT_MICRO_MAX either way */
};
#define ESTIMATE_COEFFICIENT_MICRO_MAX INT64_C(100000000)

struct estimate_inputs {
    uint16_t known; /* bit per enum estimate_input */
    int32_t value_milli[ESTIMATE_INPUT_COUNT];
};

struct estimate_result {
    bool complete;
    bool reached;              /* a model's threshold */
    uint16_t missing;          /* bit per enum estimate_input */
    uint8_t category;          /* of a pressure */
    int32_t probability_micro; /* of a model */
};

/* What a bed has, for a screen. */
struct estimates {
    uint16_t kept; /* bit per place in results that is configured and for its class */
    struct estimate_inputs inputs;
    int64_t at_ms[ESTIMATE_INPUT_COUNT]; /* of the measured ones that are known */
    struct estimate_result results[ESTIMATES_MAX];
};

const char *estimate_input_name(unsigned input);
const char *pressure_scheme_title(enum pressure_scheme scheme);
const char *pressure_category_word(enum pressure_scheme scheme, unsigned category);

/* The attribute of that name; ATTRIBUTE_NONE. */
uint8_t attribute_by_name(const char *name);
/* "female" for the coded ones; NULL where a number stands. */
const char *attribute_word(unsigned attribute, int32_t value_milli);
bool attribute_value(unsigned attribute, const char *word, int32_t *out_milli); /* false: it has no such word */
bool attribute_is_sound(unsigned attribute, int32_t value_milli); /* within its bounds, whole where it is coded */

/* 1 / (1 + e^-x). */
int32_t estimate_logistic_micro(int64_t x_nano);

void estimate_model_compute(const struct estimate_model *model, const struct estimate_inputs *inputs,
                            struct estimate_result *out);
/* scheme: one that is not none. */
void estimate_pressure_compute(enum pressure_scheme scheme, const struct estimate_inputs *inputs,
                               struct estimate_result *out);

#endif
