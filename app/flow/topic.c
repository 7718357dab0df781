#include <assert.h>
#include <stdio.h>

#include "app/flow/payload.h"

void topic_of_gateway(const struct payload_context *context, const char *leaf, char *out)
{
    const int length = snprintf(out, PAYLOAD_TOPIC_MAX, "%s/%s/%s/gateway/%s/%s", context->topic_root, context->site,
                                context->ward, context->gateway, leaf);
    assert(length > 0 && length < PAYLOAD_TOPIC_MAX); /* ids and names are bounded where they are read */
    (void)length;
}

void topic_of_bed(const struct payload_context *context, const char *bed, const char *leaf, char *out)
{
    if (bed == NULL || bed[0] == '\0') {
        topic_of_gateway(context, leaf, out);
        return;
    }
    const int length = snprintf(out, PAYLOAD_TOPIC_MAX, "%s/%s/%s/%s/%s", context->topic_root, context->site,
                                context->ward, bed, leaf);
    assert(length > 0 && length < PAYLOAD_TOPIC_MAX);
    (void)length;
}

void topic_of_alarm(const struct payload_context *context, const char *bed, const char *alarm, char *out)
{
    char leaf[sizeof "alarm/" + ALARM_NAME_MAX];
    const int length = snprintf(leaf, sizeof leaf, "alarm/%s", alarm);
    assert(length > 0 && (size_t)length < sizeof leaf);
    (void)length;
    topic_of_bed(context, bed, leaf, out);
}
