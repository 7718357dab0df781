#include "drivers/uplink/watch.h"

#include <stdio.h>
#include <string.h>

#include "drivers/uplink/certificate.h"
#include "hal/clock.h"

static void take_ends(struct watch *watch)
{
    watch->first_end = watch->is_tls ? certificate_first_end(watch->broker) : (struct uplink_certificate){.ends_ms = 0};
}

void watch_begin(struct watch *watch, const struct uplink_broker *broker, bool is_tls)
{
    watch->broker = broker;
    watch->is_tls = is_tls;
    watch->examine_us = 0;
    credential_look(broker, &watch->told);
    watch->seen = watch->told;
    take_ends(watch);
}

static enum uplink_files judge(struct watch *watch, char text[UPLINK_TEXT_MAX])
{
    struct credential_text why;
    if (certificate_check(watch->broker, certificate_now_ms(), &why)) {
        take_ends(watch);
        return UPLINK_FILES_NEW;
    }
    memcpy(text, why.text, sizeof why.text);
    return UPLINK_FILES_BAD;
}

static enum uplink_files look_at_files(struct watch *watch, char text[UPLINK_TEXT_MAX])
{
    struct credential_marks now;
    credential_look(watch->broker, &now);
    const bool is_settled = credential_marks_equal(&now, &watch->seen);
    watch->seen = now;
    if (!is_settled || credential_marks_equal(&now, &watch->told)) {
        return UPLINK_FILES_SAME;
    }
    watch->told = now;
    return judge(watch, text);
}

bool watch_look(struct watch *watch, bool is_connected, int64_t broker_ends_ms, struct uplink_look *out)
{
    const int64_t now_us = clock_boot_us();
    *out = (struct uplink_look){.files = UPLINK_FILES_SAME};
    if (is_connected) {
        out->files = look_at_files(watch, out->text);
    }
    out->first_end = watch->first_end;
    if (broker_ends_ms != 0 && (out->first_end.ends_ms == 0 || broker_ends_ms < out->first_end.ends_ms)) {
        out->first_end.ends_ms = broker_ends_ms;
        (void)snprintf(out->first_end.name, sizeof out->first_end.name, "the broker's");
    }
    const bool is_due = is_connected && watch->is_tls && now_us >= watch->examine_us;
    watch->examine_us = is_due ? now_us + UPLINK_BROKER_LOOK_US : watch->examine_us;
    return is_due;
}
