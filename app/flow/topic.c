#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/payload.h"

/* One is made for each message: strcpy's work, without printf. */
static void join(const char *const *levels, size_t count, char *out)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(levels[i]);
        assert(used + length + 1 <= PAYLOAD_TOPIC_MAX); /* ids and names are bounded where they are read */
        memcpy(out + used, levels[i], length);
        used += length + 1;
        out[used - 1] = i + 1 < count ? '/' : '\0';
    }
}

#define JOIN(levels, out) join((levels), sizeof(levels) / sizeof((levels)[0]), (out))

void topic_of_gateway(const struct payload_context *context, const char *leaf, char *out)
{
    const char *const levels[] = {context->topic_root, context->site, context->ward, "gateway", context->gateway, leaf};
    JOIN(levels, out);
}

void topic_of_bed(const struct payload_context *context, const char *bed, const char *leaf, char *out)
{
    if (bed == NULL || bed[0] == '\0') {
        topic_of_gateway(context, leaf, out);
        return;
    }
    const char *const levels[] = {context->topic_root, context->site, context->ward, bed, leaf};
    JOIN(levels, out);
}

void topic_of_alarm(const struct payload_context *context, const char *bed, const char *alarm, char *out)
{
    char leaf[sizeof "alarm/" + ALARM_NAME_MAX];
    const int length = snprintf(leaf, sizeof leaf, "alarm/%s", alarm);
    assert(length > 0 && (size_t)length < sizeof leaf);
    (void)length;
    topic_of_bed(context, bed, leaf, out);
}
