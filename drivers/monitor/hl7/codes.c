#include "drivers/monitor/hl7/codes.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Of each vital the best source first. Reference ids and numbers: IEEE 11073-10101 as published in the HL7 personal
 * health device and Philips tables; MDC_PRESS_CUFF_*, MDC_TEMP_AXIL, MDC_CONC_AWAY_CO2_ET and the unlabelled invasive
 * pressure as Mindray sends them. Names without MDC_ and their numbers are Edan's (system EHC) and Philips' own
 * (MDIL). A pulse counted by the cuff comes last: it is a single measurement.
 */
static const struct {
    uint32_t number;
    const char *reference;
    enum vital vital;
} identifiers[] = {
    {147842, "MDC_ECG_HEART_RATE", VITAL_hr},
    {147842, "MDC_ECG_CARD_BEAT_RATE", VITAL_hr},
    {147850, "MDC_ECG_CARD_BEAT_RATE_BTB", VITAL_hr},
    {131072, "ECG_HR", VITAL_hr},
    {149530, "MDC_PULS_OXIM_PULS_RATE", VITAL_pulse},
    {149514, "MDC_PULS_RATE", VITAL_pulse},
    {149522, "MDC_BLD_PULS_RATE_INV", VITAL_pulse},
    {149546, "MDC_PULS_RATE_NON_INV", VITAL_pulse},
    {393219, "NIBP_PR", VITAL_pulse},
    {150456, "MDC_PULS_OXIM_SAT_O2", VITAL_spo2},
    {327680, "SPO2_SPO2", VITAL_spo2},
    {150488, "MDC_BLD_PERF_INDEX", VITAL_perfusion},
    {150448, "MDC_PULS_OXIM_PERF_REL", VITAL_perfusion},
    {151562, "MDC_RESP_RATE", VITAL_resp},
    {151594, "MDC_CO2_RESP_RATE", VITAL_resp},
    {151570, "MDC_AWAY_RESP_RATE", VITAL_resp},
    {151578, "MDC_TTHOR_RESP_RATE", VITAL_resp},
    {151658, "MDC_PULS_OXIM_PLETH_RESP_RATE", VITAL_resp},
    {150021, "MDC_PRESS_BLD_NONINV_SYS", VITAL_nibp_sys},
    {150301, "MDC_PRESS_CUFF_SYS", VITAL_nibp_sys},
    {393216, "NIBP_SYS", VITAL_nibp_sys},
    {150022, "MDC_PRESS_BLD_NONINV_DIA", VITAL_nibp_dia},
    {150302, "MDC_PRESS_CUFF_DIA", VITAL_nibp_dia},
    {393217, "NIBP_DIA", VITAL_nibp_dia},
    {150023, "MDC_PRESS_BLD_NONINV_MEAN", VITAL_nibp_mean},
    {150303, "MDC_PRESS_CUFF_MEAN", VITAL_nibp_mean},
    {150037, "MDC_PRESS_BLD_ART_ABP_SYS", VITAL_abp_sys},
    {150033, "MDC_PRESS_BLD_ART_SYS", VITAL_abp_sys},
    {150017, "MDC_PRESS_BLD_SYS", VITAL_abp_sys},
    {150038, "MDC_PRESS_BLD_ART_ABP_DIA", VITAL_abp_dia},
    {150034, "MDC_PRESS_BLD_ART_DIA", VITAL_abp_dia},
    {150018, "MDC_PRESS_BLD_DIA", VITAL_abp_dia},
    {150039, "MDC_PRESS_BLD_ART_ABP_MEAN", VITAL_abp_mean},
    {150035, "MDC_PRESS_BLD_ART_MEAN", VITAL_abp_mean},
    {150019, "MDC_PRESS_BLD_MEAN", VITAL_abp_mean},
    {150087, "MDC_PRESS_BLD_VEN_CENT_MEAN", VITAL_cvp},
    {150084, "MDC_PRESS_BLD_VEN_CENT", VITAL_cvp},
    {153611, "MDC_PRESS_INTRA_CRAN_MEAN", VITAL_icp},
    {153608, "MDC_PRESS_INTRA_CRAN", VITAL_icp},
    {150364, "MDC_TEMP_BODY", VITAL_temp},
    {150344, "MDC_TEMP", VITAL_temp},
    {188420, "MDC_TEMP_RECT", VITAL_temp},
    {188424, "MDC_TEMP_ORAL", VITAL_temp},
    {150392, "MDC_TEMP_TYMP", VITAL_temp},
    {188496, "MDC_TEMP_AXIL", VITAL_temp},
    {188452, "MDC_TEMP_AXILLA", VITAL_temp},
    {458752, "TEMP_T1", VITAL_temp},
    {192711, "Temp1", VITAL_temp}, /* Philips 0002-f0c7 */
    {150368, "MDC_TEMP_CORE", VITAL_temp_core},
    {150388, "MDC_TEMP_SKIN", VITAL_temp_skin},
    {151728, "MDC_AWAY_CO2_ET", VITAL_etco2},
    {151708, "MDC_CONC_AWAY_CO2_ET", VITAL_etco2}, /* a concentration or a pressure: the unit decides */
    {152196, "MDC_CONC_AWAY_O2_INSP", VITAL_fio2},
    {160184, "MDC_CONC_GLU_CAPILLARY_WHOLEBLOOD", VITAL_glucose},
    {160188, "MDC_CONC_GLU_CAPILLARY_PLASMA", VITAL_glucose},
    {160020, "MDC_CONC_GLU_GEN", VITAL_glucose},
    {160212, "MDC_CONC_GLU_ISF", VITAL_glucose},
    {131842, "MDC_ECG_AMPL_ST_II", VITAL_st_ii},
    {148066, "MDC_ECG_V_P_C_RATE", VITAL_pvc_rate},
};

/* Units of IEEE 11073-10101. "Dimensionless" is left out on purpose: whether it is a fraction, nobody can tell. */
static const struct {
    uint32_t number;
    const char *reference, *ucum;
} units[] = {
    {264864, "MDC_DIM_BEAT_PER_MIN", "/min"},
    {264928, "MDC_DIM_RESP_PER_MIN", "/min"},
    {264672, "MDC_DIM_PER_MIN", "/min"},
    {262688, "MDC_DIM_PERCENT", "%"},
    {266016, "MDC_DIM_MMHG", "mm[Hg]"},
    {265987, "MDC_DIM_KILO_PASCAL", "kPa"},
    {266098, "MDC_DIM_MILLI_BAR", "mbar"},
    {266048, "MDC_DIM_CM_H2O", "cm[H2O]"},
    {268192, "MDC_DIM_DEGC", "Cel"},
    {266560, "MDC_DIM_FAHR", "[degF]"},
    {264274, "MDC_DIM_MILLI_G_PER_DL", "mg/dL"},
    {266866, "MDC_DIM_MILLI_MOLE_PER_L", "mmol/L"},
    {263442, "MDC_DIM_MILLI_M", "mm"},
    {266418, "MDC_DIM_MILLI_VOLT", "mV"},
};

enum { UNIT_TEXT_MAX = 32 };

static struct code code_at(const struct message *message, struct text field, unsigned first)
{
    struct code code = {.reference = message_component(message, field, first + 1),
                        .system = message_component(message, field, first + 2)};
    (void)text_code(message_component(message, field, first), &code.number);
    return code;
}

struct code code_of(const struct message *message, struct text field)
{
    return code_at(message, field, 1);
}

static struct code code_alternate_of(const struct message *message, struct text field)
{
    return code_at(message, field, 4);
}

/* A number alone says something only in a system whose numbers are these (Edan's are not). */
static bool is_numbered_alike(struct text system)
{
    return text_is(system, "MDC") || text_is(system, "MDIL");
}

/* A name without a number says something only if nobody else would use it. */
static bool is_sure_name(const char *reference)
{
    return strncmp(reference, "MDC_", 4) == 0;
}

static bool is_known_name(struct text reference)
{
    for (size_t i = 0; i < COUNT(identifiers); i++) {
        if (text_is(reference, identifiers[i].reference)) {
            return true;
        }
    }
    return false;
}

static bool find_vital(const struct code *code, enum vital *out_vital, unsigned *out_rank)
{
    const bool by_name = is_known_name(code->reference);
    for (unsigned i = 0; i < COUNT(identifiers); i++) {
        const bool same_number = code->number == identifiers[i].number;
        const bool same_name = text_is(code->reference, identifiers[i].reference);
        const bool fits =
            by_name ? same_name && (same_number || (code->number == 0 && is_sure_name(identifiers[i].reference)))
                    : same_number && (is_sure_name(identifiers[i].reference) ? is_numbered_alike(code->system)
                                                                             : text_is(code->system, "MDIL"));
        if (fits) {
            *out_vital = identifiers[i].vital;
            *out_rank = i;
            return true;
        }
    }
    return false;
}

bool codes_find_vital(const struct message *message, struct text field, enum vital *out_vital, unsigned *out_rank)
{
    const struct code code = code_of(message, field), alternate = code_alternate_of(message, field);
    return find_vital(&code, out_vital, out_rank) || find_vital(&alternate, out_vital, out_rank);
}

/* UCUM without its annotations: "{beats}/min" is "/min". */
static void copy_unit(struct text text, char out[UNIT_TEXT_MAX])
{
    size_t used = 0;
    bool in_braces = false;
    for (size_t i = 0; i < text.length && used + 1 < UNIT_TEXT_MAX; i++) {
        in_braces = in_braces || text.at[i] == '{';
        if (!in_braces) {
            out[used++] = text.at[i];
        }
        in_braces = in_braces && text.at[i] != '}';
    }
    out[used] = '\0';
}

static bool is_known_unit(struct text reference)
{
    for (size_t i = 0; i < COUNT(units); i++) {
        if (text_is(reference, units[i].reference)) {
            return true;
        }
    }
    return false;
}

static bool find_coded_unit(const struct code *code, const char **out_ucum)
{
    const bool by_name = is_known_unit(code->reference);
    for (size_t i = 0; i < COUNT(units); i++) {
        const bool same_number = code->number == units[i].number;
        const bool same_name = text_is(code->reference, units[i].reference);
        if (by_name ? same_name && (same_number || code->number == 0)
                    : same_number && is_numbered_alike(code->system)) {
            *out_ucum = units[i].ucum;
            return true;
        }
    }
    return false;
}

bool codes_find_unit(const struct message *message, struct text field, enum vital vital, struct unit_conversion *out)
{
    const struct code code = code_of(message, field);
    const char *ucum = NULL;
    char written[UNIT_TEXT_MAX];
    if (find_coded_unit(&code, &ucum)) {
        return unit_find(vital, ucum, out);
    }
    copy_unit(message_component(message, field, 1), written);
    return code.number == 0 && unit_find(vital, written, out);
}
