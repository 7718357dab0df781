/*
 * settings_data.h: what tests of configurations share: profiles as drivers bring them, and the modes of the files in
 * tests/data/config.
 */
#ifndef WARDGATE_SETTINGS_DATA_H
#define WARDGATE_SETTINGS_DATA_H

#include <stdbool.h>

#include "drivers/monitor/profile.h"

/* test-oximeter (serial), test-central (HL7), test-module and test-clash (Modbus), ended by NULL. */
extern const struct profile *const builtin_profiles[];

/* Files in good/secrets that only their owner may open; ended by NULL. */
extern const char *const settings_secrets[];

/* Sets the modes of all secrets, because a checkout gives every file the same. From the root of the project. */
bool settings_data_set_modes(void);

#endif
