/*
 * The charts. A row reads: values up to this one give so many points. Values are thousandths; where a chart is in whole
 * numbers the value is rounded first, so that "9 to 11" is "up to 11" behind "up to 8".
 */
#include "app/engine/score_tables.h"

#define PART(name) (1U << SCORE_PART_##name)
#define N(units)   ((units)*1000)

/* Coded as in vital.h. */
enum { ALERT = N(0), NEW_CONFUSION = N(1), VOICE = N(2), PAIN = N(3) };

const struct score_steps score_spo2_scale_2_air = {ROUND_UNIT, {{N(83), 3}, {N(85), 2}, {N(87), 1}, {ABOVE, 0}}};
const struct score_steps score_spo2_scale_2_oxygen = {
    ROUND_UNIT, {{N(83), 3}, {N(85), 2}, {N(87), 1}, {N(92), 0}, {N(94), 1}, {N(96), 2}, {ABOVE, 3}}};

const struct score_table score_tables[SCORE_COUNT] = {
    /* Royal College of Physicians, National Early Warning Score (NEWS) 2, London 2017. Bands: its clinical responses. */
    [SCORE_news2] =
        {.kind = SCORE_SUM,
         .parts = PART(resp) | PART(spo2) | PART(oxygen) | PART(sys) | PART(pulse) | PART(consciousness) | PART(temp),
         .steps = {[SCORE_PART_resp] = {ROUND_UNIT, {{N(8), 3}, {N(11), 1}, {N(20), 0}, {N(24), 2}, {ABOVE, 3}}},
                   [SCORE_PART_spo2] = {ROUND_UNIT, {{N(91), 3}, {N(93), 2}, {N(95), 1}, {ABOVE, 0}}},
                   [SCORE_PART_oxygen] = {ROUND_NOT, {{SCORE_AIR_MILLI, 0}, {ABOVE, 2}}},
                   [SCORE_PART_sys] = {ROUND_UNIT, {{N(90), 3}, {N(100), 2}, {N(110), 1}, {N(219), 0}, {ABOVE, 3}}},
                   [SCORE_PART_pulse] = {ROUND_UNIT,
                                         {{N(40), 3}, {N(50), 1}, {N(90), 0}, {N(110), 1}, {N(130), 2}, {ABOVE, 3}}},
                   [SCORE_PART_consciousness] = {ROUND_NOT, {{ALERT, 0}, {ABOVE, 3}}},
                   [SCORE_PART_temp] = {ROUND_TENTH, {{35000, 3}, {36000, 1}, {38000, 0}, {39000, 1}, {ABOVE, 2}}}},
         .bands = {{"low", 0, false}, {"low_medium", N(5), false}, {"medium", N(5), false}, {"high", N(7), false}}},

    /* Subbe et al., QJM 2001;94:521. The single values that the printed table leaves out (systolic 70 and 200, rate 40
     * and 130, respiration 30, 38.5 Cel) belong to the band outside. AVPU has no new confusion: who is confused is
     * awake, which is no points. Trigger 5, from the abstract. */
    [SCORE_mews] =
        {.kind = SCORE_SUM,
         .parts = PART(resp) | PART(sys) | PART(pulse) | PART(consciousness) | PART(temp),
         .steps = {[SCORE_PART_resp] = {ROUND_UNIT, {{N(8), 2}, {N(14), 0}, {N(20), 1}, {N(29), 2}, {ABOVE, 3}}},
                   [SCORE_PART_sys] = {ROUND_UNIT, {{N(70), 3}, {N(80), 2}, {N(100), 1}, {N(199), 0}, {ABOVE, 2}}},
                   [SCORE_PART_pulse] = {ROUND_UNIT,
                                         {{N(40), 2}, {N(50), 1}, {N(100), 0}, {N(110), 1}, {N(129), 2}, {ABOVE, 3}}},
                   [SCORE_PART_consciousness] = {ROUND_NOT, {{NEW_CONFUSION, 0}, {VOICE, 1}, {PAIN, 2}, {ABOVE, 3}}},
                   [SCORE_PART_temp] = {ROUND_TENTH, {{34900, 2}, {38400, 0}, {ABOVE, 2}}}},
         .bands = {{"low", 0, false}, {"high", N(5), false}}},

    /* Singer, Seymour et al., JAMA 2016;315:801 and 762: respiration 22 and more, systolic 100 and less, altered
     * mentation (Glasgow Coma Scale below 15: whoever is not alert). */
    [SCORE_qsofa] = {.kind = SCORE_SUM,
                     .parts = PART(resp) | PART(sys) | PART(consciousness),
                     .steps = {[SCORE_PART_resp] = {ROUND_UNIT, {{N(21), 0}, {ABOVE, 1}}},
                               [SCORE_PART_sys] = {ROUND_UNIT, {{N(100), 1}, {ABOVE, 0}}},
                               [SCORE_PART_consciousness] = {ROUND_NOT, {{ALERT, 0}, {ABOVE, 1}}}},
                     .bands = {{"negative", 0, false}, {"positive", N(2), false}}},

    /* ACCP/SCCM 1992, as printed in BMC Infect Dis 2014;14:155. All limits are strict. Arterial carbon dioxide, which
     * may stand in for respiration, and band forms are not among the vitals. */
    [SCORE_sirs] = {.kind = SCORE_SUM,
                    .parts = PART(temp) | PART(pulse) | PART(resp) | PART(wbc),
                    .steps = {[SCORE_PART_temp] = {ROUND_NOT, {{35999, 1}, {38000, 0}, {ABOVE, 1}}},
                              [SCORE_PART_pulse] = {ROUND_NOT, {{N(90), 0}, {ABOVE, 1}}},
                              [SCORE_PART_resp] = {ROUND_NOT, {{N(20), 0}, {ABOVE, 1}}},
                              [SCORE_PART_wbc] = {ROUND_NOT, {{3999, 1}, {N(12), 0}, {ABOVE, 1}}}},
                    .bands = {{"negative", 0, false}, {"positive", N(2), false}}},

    /* Allgoewer and Burri 1967; limits in common use. */
    [SCORE_shock_index] = {.kind = SCORE_RATIO,
                           .parts = PART(pulse) | PART(sys),
                           .bands = {{"normal", 0, false}, {"raised", 900, false}, {"high", 1000, false}}},

    /* Heart rate by mean pressure; 0.7 to 1.3 is normal. */
    [SCORE_modified_shock_index] = {.kind = SCORE_RATIO,
                                    .parts = PART(pulse) | PART(mean),
                                    .bands = {{"low", 0, false}, {"normal", 700, false}, {"high", 1300, true}}},

    /* Parshuram et al., Critical Care 2009;13:R135, table 1; saturation as its second implementations have it. What
     * depends on age stands below. Triggers in use are 7 and 8: the more cautious one is the band's. */
    [SCORE_bedside_pews] =
        {.kind = SCORE_SUM,
         .parts =
             PART(pulse) | PART(sys) | PART(cap_refill) | PART(resp) | PART(effort) | PART(spo2) | PART(oxygen),
         .steps = {[SCORE_PART_cap_refill] = {ROUND_NOT, {{2999, 0}, {ABOVE, 4}}},
                   [SCORE_PART_effort] = {ROUND_NOT, {{N(0), 0}, {N(1), 1}, {N(2), 2}, {ABOVE, 4}}},
                   [SCORE_PART_spo2] = {ROUND_UNIT, {{N(90), 2}, {N(94), 1}, {ABOVE, 0}}},
                   [SCORE_PART_oxygen] = {ROUND_NOT, {{SCORE_AIR_MILLI, 0}, {SCORE_OXYGEN_MILLI, 2}, {ABOVE, 4}}}},
         .bands = {{"low", 0, false}, {"high", N(7), false}}},

    /* Roca et al., Am J Respir Crit Care Med 2019;199:1368, on high-flow oxygen: 4.88 and more is a low risk of its
     * failure; below 3.85 (12 h), and 2.85 (2 h), a high one. */
    [SCORE_rox] =
        {.kind = SCORE_RATIO,
         .parts = PART(spo2) | PART(fio2) | PART(resp),
         .bands = {{"high", 0, false}, {"raised", 2850, false}, {"uncertain", 3850, false}, {"low", 4880, false}}},
};

/* A part of Bedside PEWS: up to a, b, c give 4, 2, 1; up to d, e, f give 0, 1, 2; above gives 4. */
#define SPREAD(a, b, c, d, e, f)                                              \
    {                                                                         \
        ROUND_UNIT,                                                           \
        {                                                                     \
            {N(a), 4}, {N(b), 2}, {N(c), 1}, {N(d), 0}, {N(e), 1}, {N(f), 2}, \
            {                                                                 \
                ABOVE, 4                                                      \
            }                                                                 \
        }                                                                     \
    }

const struct score_steps *score_pews_steps(enum score_part part, enum patient_class patient_class)
{
    static const struct score_steps pulse[CLASS_COUNT] = {[CLASS_neonate] = SPREAD(80, 90, 110, 149, 179, 189),
                                                          [CLASS_infant] = SPREAD(70, 80, 100, 149, 169, 179),
                                                          [CLASS_toddler] = SPREAD(60, 70, 90, 119, 149, 169),
                                                          [CLASS_child] = SPREAD(50, 60, 70, 109, 129, 149),
                                                          [CLASS_adolescent] = SPREAD(40, 50, 60, 99, 119, 139)};
    static const struct score_steps sys[CLASS_COUNT] = {[CLASS_neonate] = SPREAD(45, 50, 60, 79, 99, 129),
                                                        [CLASS_infant] = SPREAD(60, 70, 80, 99, 119, 149),
                                                        [CLASS_toddler] = SPREAD(65, 75, 90, 109, 124, 159),
                                                        [CLASS_child] = SPREAD(70, 80, 90, 119, 139, 169),
                                                        [CLASS_adolescent] = SPREAD(75, 85, 100, 129, 149, 189)};
    static const struct score_steps resp[CLASS_COUNT] = {[CLASS_neonate] = SPREAD(15, 19, 29, 60, 80, 90),
                                                         [CLASS_infant] = SPREAD(15, 19, 24, 50, 70, 80),
                                                         [CLASS_toddler] = SPREAD(12, 15, 19, 40, 60, 70),
                                                         [CLASS_child] = SPREAD(10, 14, 19, 30, 40, 50),
                                                         [CLASS_adolescent] = SPREAD(9, 10, 11, 16, 22, 29)};
    static const struct score_steps *const of_age[SCORE_PART_COUNT] = {
        [SCORE_PART_pulse] = pulse, [SCORE_PART_sys] = sys, [SCORE_PART_resp] = resp};
    return of_age[part] != NULL ? &of_age[part][patient_class] : NULL;
}
