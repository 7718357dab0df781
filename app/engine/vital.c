#include "app/engine/vital.h"

#include <assert.h>
#include <string.h>

static const struct vital_info vitals[VITAL_COUNT] = {
#define VITAL_INFO(name, title, unit, mdc, loinc, kind, stale, places) \
    [VITAL_##name] = {#name, title, unit, loinc, mdc, VITAL_##kind, stale, places},
    VITAL_LIST(VITAL_INFO)
#undef VITAL_INFO
};

static const char *const classes[CLASS_COUNT] = {
#define CLASS_NAME(name) [CLASS_##name] = #name,
    PATIENT_CLASS_LIST(CLASS_NAME)
#undef CLASS_NAME
};

/*
 * What cannot be true of a living patient, an instrument or a room; all that is merely alarming stays in. The ends lie
 * at or beyond the measuring ranges that bedside monitors publish:
 * - rates: 300 (adult) and 350 (newborn, whose supraventricular tachycardia runs at 220 to 300) by the ECG. Of an adult a
 *   pulse beyond 250 is not: no such beat fills a finger. Zero is a valid rate.
 *   Falling from 80 to 0 (arrest) or rising from 150 to 240 (newborn) within half a second is believed.
 * - saturation: a probe put on again shows a new level at once.
 * - temperature: from deep hypothermic arrest in theatre up to the end of clinical thermometers; skin may be as cold as
 *   the room.
 * - invasive pressures swing with a flushed line or a transducer being zeroed: that is for rules and people to judge.
 * - inspired oxygen: under 10 % it is a fraction under a profile that says percent.
 * Episodic vitals have no rate of change, nor has what a hand changes at once (a dial, a door).
 */
#define SAME(value)                              \
    {                                            \
        value, value, value, value, value, value \
    }

static const struct {
    int32_t low_milli;
    int32_t high_milli[CLASS_COUNT];        /* adult, adolescent, child, toddler, infant, neonate */
    uint32_t rate_milli_per_s[CLASS_COUNT]; /* 0: any; see belief.h */
} believable[VITAL_COUNT] = {
    [VITAL_hr] = {0,
                  {300000, 300000, 300000, 350000, 350000, 350000},
                  {180000, 180000, 180000, 200000, 200000, 200000}},
    [VITAL_pulse] = {0,
                     {250000, 250000, 300000, 350000, 350000, 350000},
                     {180000, 180000, 180000, 200000, 200000, 200000}},
    [VITAL_spo2] = {0, SAME(100000), SAME(50000)},
    [VITAL_perfusion] = {0, SAME(30000), SAME(0)},
    [VITAL_resp] = {0, {120000, 120000, 150000, 150000, 200000, 200000}, SAME(100000)},
    [VITAL_nibp_sys] = {10000, {300000, 300000, 300000, 250000, 250000, 200000}, SAME(0)},
    [VITAL_nibp_dia] = {5000, {250000, 250000, 250000, 200000, 200000, 150000}, SAME(0)},
    [VITAL_nibp_mean] = {5000, {275000, 275000, 275000, 225000, 225000, 175000}, SAME(0)},
    [VITAL_abp_sys] = {-30000, SAME(350000), SAME(300000)},
    [VITAL_abp_dia] = {-30000, SAME(350000), SAME(300000)},
    [VITAL_abp_mean] = {-30000, SAME(350000), SAME(300000)},
    [VITAL_cvp] = {-30000, SAME(100000), SAME(100000)},
    [VITAL_icp] = {-30000, SAME(150000), SAME(100000)},
    [VITAL_temp] = {15000, SAME(45000), SAME(5000)},
    [VITAL_temp_core] = {15000, SAME(45000), SAME(5000)},
    [VITAL_temp_skin] = {5000, SAME(45000), SAME(5000)},
    [VITAL_etco2] = {0, SAME(150000), SAME(100000)},
    [VITAL_fio2] = {10000, SAME(100000), SAME(0)},
    [VITAL_glucose] = {200, SAME(90000), SAME(0)},
    [VITAL_st_ii] = {-30000, SAME(30000), SAME(0)},
    [VITAL_pvc_rate] = {0, SAME(350000), SAME(0)},
    [VITAL_room_pressure] = {-1000000, SAME(1000000), SAME(0)},
    [VITAL_room_temp] = {-100000, SAME(80000), SAME(0)}, /* down to a freezer for vaccines */
    [VITAL_humidity] = {0, SAME(100000), SAME(0)},
    [VITAL_insulation] = {0, SAME(2000000000), SAME(0)},
    [VITAL_gas_pressure] = {-101325, SAME(35000000), SAME(0)}, /* vacuum to a full cylinder, against the air outside */
    [VITAL_consciousness] = {0, SAME(4000), SAME(0)},          /* coded, as are effort and oxygen_device: entry.h */
    [VITAL_oxygen_flow] = {0, SAME(100000), SAME(0)},
    [VITAL_cap_refill] = {0, SAME(30000), SAME(0)},
    [VITAL_effort] = {0, SAME(3000), SAME(0)},
    [VITAL_wbc] = {0, SAME(1000000), SAME(0)},
    [VITAL_oxygen_device] = {0, SAME(11000), SAME(0)},
};

const struct vital_info *vital_info(enum vital vital)
{
    assert((unsigned)vital < VITAL_COUNT);
    return &vitals[vital];
}

struct vital_range vital_range(enum vital vital, enum patient_class patient_class)
{
    assert((unsigned)vital < VITAL_COUNT && (unsigned)patient_class < CLASS_COUNT);
    return (struct vital_range){.low_milli = believable[vital].low_milli,
                                .high_milli = believable[vital].high_milli[patient_class],
                                .rate_milli_per_s = believable[vital].rate_milli_per_s[patient_class]};
}

enum vital vital_by_name(const char *name, size_t length)
{
    for (enum vital vital = 0; vital < VITAL_COUNT; vital++) {
        if (strlen(vitals[vital].name) == length && memcmp(vitals[vital].name, name, length) == 0) {
            return vital;
        }
    }
    return VITAL_NONE;
}

enum patient_class patient_class_by_name(const char *name)
{
    for (enum patient_class class = 0; class < CLASS_COUNT; class ++) {
        if (strcmp(classes[class], name) == 0) {
            return class;
        }
    }
    return CLASS_COUNT;
}

const char *patient_class_name(enum patient_class patient_class)
{
    assert((unsigned)patient_class < CLASS_COUNT);
    return classes[patient_class];
}
