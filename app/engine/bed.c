#include "app/engine/engine_internal.h"

struct channel *bed_channel(const struct bed *bed, enum vital vital)
{
    const unsigned index = bed->channel_of[vital];
    return index == VITAL_NONE || bed->channels == NULL ? NULL : &bed->channels[index];
}
