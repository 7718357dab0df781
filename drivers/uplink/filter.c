#include "drivers/uplink/filter.h"

#include <string.h>

bool filter_matches(const char *filter, const char *topic)
{
    for (;;) {
        const size_t wanted = strcspn(filter, "/"), level = strcspn(topic, "/");
        const bool is_any = wanted == 1 && *filter == '+';
        if (wanted == 1 && *filter == '#') {
            return true;
        }
        if (!is_any && (wanted != level || memcmp(filter, topic, level) != 0)) {
            return false;
        }
        filter += wanted;
        topic += level;
        if (*filter == '\0' || *topic == '\0') {
            return *topic == '\0' && (*filter == '\0' || strcmp(filter, "/#") == 0);
        }
        filter++;
        topic++;
    }
}
