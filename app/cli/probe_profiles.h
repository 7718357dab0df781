/*
 * probe_profiles.h: every profile there is, so that one may be recognised: those in the folders that `profile:` is looked up in,
 * and those that drivers bring.
 */
#ifndef WARDGATE_PROBE_PROFILES_H
#define WARDGATE_PROBE_PROFILES_H

#include "app/settings/settings.h"

struct probe_profiles {
    struct profile_room *read;  /* from files */
    const struct profile **all; /* ended by NULL */
    unsigned count;
};

/* folder: only that one, NULL for profiles/ beside the configuration and the installed ones. A file with a fault is told and passed over.
 * False: out of memory, which was told. */
bool probe_profiles_load(const char *configuration, const char *folder, struct probe_profiles *out);
void probe_profiles_free(struct probe_profiles *profiles);

#endif
