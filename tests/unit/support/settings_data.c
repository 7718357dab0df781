#include "tests/unit/support/settings_data.h"

#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

#include "app/engine/signal.h"

#define GIVES(name, period_ms)                                                                             \
    {                                                                                                      \
        .vital = VITAL_##name, .scale_micro = 1000000, .unit = {1, 1, 0}, .poll_interval_ms = (period_ms), \
    }

static const struct profile oximeter = {
    .name = "test-oximeter",
    .protocol = PROTOCOL_SERIAL,
    .title = "An oximeter that talks unasked",
    .poll_interval_ms = 1000,
    .channel_count = 2,
    .channels = (const struct profile_channel[]){GIVES(pulse, 1000), GIVES(spo2, 1000)},
    .bit_count = 1,
    .bits = (const struct profile_bit[]){{.name = "finger_off",
                                          .means = SIGNAL_sensor_off,
                                          .vitals = 1U << VITAL_pulse | 1U << VITAL_spo2,
                                          .text = "Finger off"}},
};

static const struct profile central = {
    .name = "test-central",
    .protocol = PROTOCOL_HL7,
    .title = "A central station",
    .poll_interval_ms = 5000,
    .channel_count = 3,
    .channels = (const struct profile_channel[]){GIVES(hr, 5000), GIVES(spo2, 5000), GIVES(temp, 5000)},
};

static const struct profile module = {
    .name = "test-module",
    .title = "A module whose map comes with the driver",
    .poll_interval_ms = 1000,
    .channel_count = 1,
    .channels = (const struct profile_channel[]){GIVES(hr, 1000)},
};

static const struct profile clash = {
    .name = "test-clash",
    .title = "One of which there is a file, too",
    .poll_interval_ms = 1000,
    .channel_count = 1,
    .channels = (const struct profile_channel[]){GIVES(hr, 1000)},
};

const struct profile *const builtin_profiles[] = {&oximeter, &central, &module, &clash, NULL};

#define DATA "tests/data/config/"

const char *const settings_secrets[] = {"ca.pem",  "c.pem",    "k.pem",        "own.pem",
                                        "own.key", "password", "own.password", NULL};

bool settings_data_set_modes(void)
{
    bool is_done = chmod(DATA "bad/secrets/open", 0644) == 0 && chmod(DATA "bad/secrets/group", 0660) == 0;
    for (size_t i = 0; settings_secrets[i] != NULL; i++) {
        char path[96];
        (void)snprintf(path, sizeof path, DATA "good/secrets/%s", settings_secrets[i]);
        is_done = chmod(path, 0600) == 0 && is_done;
    }
    return is_done;
}
