#include "drivers/monitor/hl7/hl7_profile.h"

#include <stddef.h>

#define CONTINUOUS(name, period)                                                                       \
    {                                                                                                  \
        .vital = VITAL_##name, .scale_micro = 1000000, .unit = {1, 1, 0}, .poll_interval_ms = (period) \
    }
#define EPISODIC(name, period)                                                                          \
    {                                                                                                   \
        .vital = VITAL_##name, .scale_micro = 1000000, .unit = {1, 1, 0}, .poll_interval_ms = (period), \
        .episodic = true                                                                                \
    }

/* In list order of vitals, as a profile must be. A thermometer is EPISODIC or CONTINUOUS. */
#define CHANNELS(period, THERMOMETER)                                                                                  \
    CONTINUOUS(hr, period), CONTINUOUS(pulse, period), CONTINUOUS(spo2, period), CONTINUOUS(perfusion, period),        \
        CONTINUOUS(resp, period), EPISODIC(nibp_sys, period), EPISODIC(nibp_dia, period), EPISODIC(nibp_mean, period), \
        CONTINUOUS(abp_sys, period), CONTINUOUS(abp_dia, period), CONTINUOUS(abp_mean, period),                        \
        CONTINUOUS(cvp, period), CONTINUOUS(icp, period), THERMOMETER(temp, period), THERMOMETER(temp_core, period),   \
        THERMOMETER(temp_skin, period), CONTINUOUS(etco2, period), CONTINUOUS(fio2, period),                           \
        EPISODIC(glucose, period), CONTINUOUS(st_ii, period), CONTINUOUS(pvc_rate, period)

enum { CHANNEL_COUNT = VITAL_pvc_rate + 1, BEDSIDE_MS = 5000, FAST_MS = 1000, SPOT_MS = 60000 };

static const struct profile bedside = {.name = "hl7-pcd",
                                       .protocol = PROTOCOL_HL7,
                                       .title = "HL7 v2 monitor or gateway (IHE PCD-01, PCD-04), at least every 5 s",
                                       .poll_interval_ms = BEDSIDE_MS,
                                       .channel_count = CHANNEL_COUNT,
                                       .channels = (const struct profile_channel[]){CHANNELS(BEDSIDE_MS, CONTINUOUS)}};

static const struct profile fast = {.name = "hl7-pcd-fast",
                                    .protocol = PROTOCOL_HL7,
                                    .title = "HL7 v2 monitor or gateway (IHE PCD-01, PCD-04), every second",
                                    .poll_interval_ms = FAST_MS,
                                    .channel_count = CHANNEL_COUNT,
                                    .channels = (const struct profile_channel[]){CHANNELS(FAST_MS, CONTINUOUS)}};

static const struct profile spot = {.name = "hl7-pcd-spot",
                                    .protocol = PROTOCOL_HL7,
                                    .title = "HL7 v2 vital signs monitor or gateway (IHE PCD-01, PCD-04), every minute",
                                    .poll_interval_ms = SPOT_MS,
                                    .channel_count = CHANNEL_COUNT,
                                    .channels = (const struct profile_channel[]){CHANNELS(SPOT_MS, EPISODIC)}};

const struct profile *const hl7_profiles[] = {&bedside, &fast, &spot, NULL};
