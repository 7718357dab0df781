#include "app/engine/estimate.h"

#include <assert.h>
#include <string.h>

#define MICRO          INT64_C(1000000)
#define NANO           INT64_C(1000000000)
#define X_NANO_MAX     (40 * NANO) /* beyond, the probability is 0 or 1 in millionths */
#define CATEGORIES_MAX 6

_Static_assert(ESTIMATE_INPUT_COUNT <= 16, "sets of inputs are 16 bits");

/* ---- names ---- */

struct input_info {
    const char *name;
    int32_t low_milli, high_milli;
};

static const struct input_info *info_of(unsigned input)
{
#define INPUT_INFO(name, unit, low, high, help) [INPUT_OF_##name] = {#name, low, high},
    static const struct input_info infos[ESTIMATE_INPUT_COUNT] = {ATTRIBUTE_LIST(INPUT_INFO)
                                                                      ESTIMATE_MEASURED_LIST(INPUT_INFO)};
#undef INPUT_INFO
    assert(input < ESTIMATE_INPUT_COUNT);
    return &infos[input];
}

static const char *const *words_of(unsigned attribute)
{
    static const char *const sexes[] = {"male", "female"};
    static const char *const answers[] = {"no", "yes"};
    if (attribute == INPUT_OF_sex) {
        return sexes;
    }
    return attribute == INPUT_OF_family_history ? answers : NULL;
}

const char *estimate_input_name(unsigned input)
{
    return info_of(input)->name;
}

uint8_t attribute_by_name(const char *name)
{
    for (unsigned i = 0; i < ATTRIBUTE_COUNT; i++) {
        if (strcmp(info_of(i)->name, name) == 0) {
            return (uint8_t)i;
        }
    }
    return ATTRIBUTE_NONE;
}

const char *attribute_word(unsigned attribute, int32_t value_milli)
{
    const char *const *words = words_of(attribute);
    return words != NULL && (value_milli == 0 || value_milli == 1000) ? words[value_milli / 1000] : NULL;
}

bool attribute_value(unsigned attribute, const char *word, int32_t *out_milli)
{
    const char *const *words = words_of(attribute);
    for (int32_t i = 0; words != NULL && i < 2; i++) {
        if (strcmp(words[i], word) == 0) {
            *out_milli = i * 1000;
            return true;
        }
    }
    return false;
}

bool attribute_is_sound(unsigned attribute, int32_t value_milli)
{
    const struct input_info *info = info_of(attribute);
    const bool coded = words_of(attribute) != NULL || attribute == INPUT_OF_ethnicity_code;
    return value_milli >= info->low_milli && value_milli <= info->high_milli && (!coded || value_milli % 1000 == 0);
}

/* ---- e^-x ---- */

#define ONE_Q62 (INT64_C(1) << 62)

/* a * b / 2^62 of two from 0 to 2^62, rounded down: in halves, for there is no wider number everywhere. */
static int64_t multiply_q62(int64_t a, int64_t b)
{
    const uint64_t a_high = (uint64_t)a >> 31, a_low = (uint64_t)a & 0x7FFFFFFF;
    const uint64_t b_high = (uint64_t)b >> 31, b_low = (uint64_t)b & 0x7FFFFFFF;
    const uint64_t middle = a_high * b_low + a_low * b_high + (a_low * b_low >> 31);
    return (int64_t)(a_high * b_high + (middle >> 31));
}

/* e^-x for 0 <= x < 40, in 2^-62: e^-x = 2^-k e^-r with r below ln 2, whose series alternates and falls fast. */
static int64_t exp_minus_q62(int64_t x_nano)
{
    static const int64_t ln2_nano = 693147181; /* what it is off by, 57 times, is far below a millionth */
    const int64_t k = x_nano / ln2_nano;
    const int64_t r_q62 = (x_nano - k * ln2_nano) * (ONE_Q62 / NANO);
    int64_t term = ONE_Q62, sum = ONE_Q62;
    for (int64_t n = 1; n <= 20; n++) {
        term = multiply_q62(term, r_q62) / n;
        sum += n % 2 == 1 ? -term : term;
    }
    return sum >> k;
}

int32_t estimate_logistic_micro(int64_t x_nano)
{
    const int64_t wide_nano = x_nano < 0 ? -x_nano : x_nano;
    const int64_t e_q62 = exp_minus_q62(wide_nano < X_NANO_MAX ? wide_nano : X_NANO_MAX);
    /* 1 / (1 + e) of 2^-32: what is left out is below 10^-9 */
    const int64_t e_q32 = e_q62 >> 30, one_q32 = INT64_C(1) << 32;
    const int64_t numerator = x_nano < 0 ? e_q32 : one_q32;
    return (int32_t)((numerator * MICRO + (one_q32 + e_q32) / 2) / (one_q32 + e_q32));
}

/* ---- models ---- */

/* Half away from zero. */
static int64_t scaled(int64_t value, int64_t by, int64_t thousandths)
{
    const int64_t product = value * by;
    return (product + (product < 0 ? -thousandths : thousandths) / 2) / thousandths;
}

/* In the unit that the model counts in. */
static int64_t value_milli_of(const struct estimate_model *model, unsigned input, int32_t value_milli)
{
    if (input == INPUT_OF_glucose && model->glucose_mg_dl) {
        return scaled(value_milli, 18016, 1000); /* as unit.c has it */
    }
    if (input == INPUT_OF_hdl && model->hdl_mg_dl) {
        return scaled(value_milli, 38670, 1000);
    }
    return value_milli;
}

static bool has(uint16_t inputs, unsigned input)
{
    return (inputs >> input & 1U) != 0;
}

void estimate_model_compute(const struct estimate_model *model, const struct estimate_inputs *inputs,
                            struct estimate_result *out)
{
    *out = (struct estimate_result){.missing = (uint16_t)(model->inputs & ~inputs->known)};
    if (out->missing != 0) {
        return;
    }
    int64_t x_nano = model->intercept_micro * 1000;
    for (unsigned i = 0; i < ESTIMATE_INPUT_COUNT; i++) {
        x_nano +=
            has(model->inputs, i) ? model->coefficient_micro[i] * value_milli_of(model, i, inputs->value_milli[i]) : 0;
    }
    out->probability_micro = estimate_logistic_micro(x_nano);
    out->reached = model->threshold_micro > 0 && out->probability_micro >= model->threshold_micro;
    out->complete = true;
}

/* ---- pressures ---- */

struct category {
    const char *word;
    int32_t sys_milli, dia_milli; /* from here on; INT32_MAX: that one does not lead here */
};

struct scheme {
    const char *title;
    struct category categories[CATEGORIES_MAX]; /* the first without bounds */
};

static const struct scheme *scheme_of(enum pressure_scheme scheme)
{
    static const struct scheme schemes[PRESSURE_SCHEME_COUNT] = {
        [PRESSURE_acc_aha_2017] = {"Blood pressure category, ACC/AHA 2017",
                                   {{"normal", 0, 0},
                                    {"elevated", 120000, INT32_MAX},
                                    {"stage_1", 130000, 80000},
                                    {"stage_2", 140000, 90000},
                                    {"crisis", 180001, 120001}}}, /* above 180 or above 120 */
        [PRESSURE_esc_2018] = {"Blood pressure category, ESC/ESH 2018",
                               {{"optimal", 0, 0},
                                {"normal", 120000, 80000},
                                {"high_normal", 130000, 85000},
                                {"grade_1", 140000, 90000},
                                {"grade_2", 160000, 100000},
                                {"grade_3", 180000, 110000}}},
        [PRESSURE_esc_2024] = {"Blood pressure category, ESC 2024",
                               {{"non_elevated", 0, 0}, {"elevated", 120000, 70000}, {"hypertension", 140000, 90000}}},
    };
    assert(scheme > PRESSURE_none && scheme < PRESSURE_SCHEME_COUNT);
    return &schemes[scheme];
}

const char *pressure_scheme_title(enum pressure_scheme scheme)
{
    return scheme_of(scheme)->title;
}

const char *pressure_category_word(enum pressure_scheme scheme, unsigned category)
{
    assert(category < CATEGORIES_MAX && scheme_of(scheme)->categories[category].word != NULL);
    return scheme_of(scheme)->categories[category].word;
}

/* The higher of what the two give. */
void estimate_pressure_compute(enum pressure_scheme scheme, const struct estimate_inputs *inputs,
                               struct estimate_result *out)
{
    static const uint16_t asked = 1U << INPUT_OF_nibp_sys | 1U << INPUT_OF_nibp_dia;
    const struct category *categories = scheme_of(scheme)->categories;
    *out = (struct estimate_result){.missing = (uint16_t)(asked & ~inputs->known)};
    out->complete = out->missing == 0;
    for (uint8_t i = 1; out->complete && i < CATEGORIES_MAX && categories[i].word != NULL; i++) {
        const bool reached = inputs->value_milli[INPUT_OF_nibp_sys] >= categories[i].sys_milli ||
                             inputs->value_milli[INPUT_OF_nibp_dia] >= categories[i].dia_milli;
        out->category = reached ? i : out->category;
    }
}
