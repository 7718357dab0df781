#include "drivers/monitor/serial/protocols.h"

#include <string.h>

#include "drivers/monitor/serial/oximeter.h"

/* The slowest of them. */
#define OXIMETER_MS 2000

const struct protocol *const protocols[] = {
#define PROTOCOL_POINTER(name) &name##_protocol,
    PROTOCOL_LIST(PROTOCOL_POINTER)
#undef PROTOCOL_POINTER
        NULL};

const struct profile *const protocol_profiles[] = {
#define PROFILE_POINTER(name) &name##_profile,
    PROTOCOL_LIST(PROFILE_POINTER)
#undef PROFILE_POINTER
        & oximeter_profile,
    NULL};

const struct profile oximeter_profile = {
    .name = "oximeter",
    .protocol = PROTOCOL_SERIAL,
    .title = "Pulse oximeter, whichever is recognised",
    .poll_interval_ms = OXIMETER_MS,
    .channel_count = 3,
    .channels = (const struct profile_channel[]){PROTOCOL_CHANNEL(pulse, OXIMETER_MS, false),
                                                 PROTOCOL_CHANNEL(spo2, OXIMETER_MS, false),
                                                 PROTOCOL_CHANNEL(perfusion, OXIMETER_MS, false)},
    .bit_count = 8,
    .bits = (const struct profile_bit[]){OXIMETER_SENSOR_OFF, OXIMETER_LOW_BATTERY, OXIMETER_ARTIFACT,
                                         OXIMETER_OUT_OF_TRACK, OXIMETER_LOW_PERFUSION, OXIMETER_LOW_SIGNAL_IQ,
                                         OXIMETER_INTERFERENCE, OXIMETER_AMBIENT_LIGHT}};

const struct protocol *protocol_by_name(const char *name)
{
    for (const struct protocol *const *p = protocols; *p != NULL; p++) {
        if (strcmp((*p)->profile->name, name) == 0) {
            return *p;
        }
    }
    return NULL;
}

bool protocol_is_oximeter(const struct protocol *protocol)
{
    const struct profile *profile = protocol->profile;
    for (uint8_t i = 0; i < profile->channel_count; i++) {
        if (profile->channels[i].vital == VITAL_spo2) {
            return !profile->channels[i].episodic;
        }
    }
    return false;
}
