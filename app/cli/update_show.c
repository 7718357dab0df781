#include "app/cli/update_show.h"

#include <stdio.h>
#include <string.h>

#include "app/flow/json.h"
#include "app/update/good.h"
#include "app/update/record.h"
#include "drivers/store/store.h"
#include "hal/clock.h"

#define JSON_MAX 8192

static void print_json(struct json *json, char *text)
{
    if (json_end(json) > 0) {
        (void)puts(text);
    }
}

void update_show_good(const char *file, const struct bundle *bundle, bool json)
{
    char text[JSON_MAX];
    struct json out;
    if (!json) {
        (void)printf("%s: %s for %s, signed for this box, all of it; nothing was installed\n", file, bundle->version,
                     bundle->compatible);
        return;
    }
    json_begin(&out, text, sizeof text);
    json_text(&out, "result", "good");
    json_text(&out, "version", bundle->version);
    json_text(&out, "compatible", bundle->compatible);
    json_text(&out, "bundle", bundle->hash_text);
    json_unsigned(&out, "root_bytes", bundle->root_bytes);
    print_json(&out, text);
}

void update_show_refused(const struct install_verdict *verdict)
{
    char text[JSON_MAX];
    struct json out;
    json_begin(&out, text, sizeof text);
    json_text(&out, "result", "refused");
    json_text(&out, "reason", verdict->word);
    json_text(&out, "text", verdict->text);
    print_json(&out, text);
}

void update_show_installed(const struct update_box *box, const struct bundle *bundle, const struct slots *slots,
                           bool restarts, bool json)
{
    char text[JSON_MAX];
    struct json out;
    const struct slot *into = slots_other(slots);
    const char *slot = into != NULL ? into->name : "";
    if (!json) {
        (void)printf("%s is in slot %s. %s takes it. The gateway then has five minutes to run well for one;\n"
                     "else the box goes back to %s by itself. `wardgate update --status` tells what became of it.\n",
                     bundle->version, slot,
                     restarts ? "The box starts again now and" : "The next start (`systemctl reboot`)", box->version);
        return;
    }
    json_begin(&out, text, sizeof text);
    json_text(&out, "result", "installed");
    json_text(&out, "version", bundle->version);
    json_text(&out, "bundle", bundle->hash_text);
    json_text(&out, "slot", slot);
    json_text(&out, "before", box->version);
    json_bool(&out, "restarts", restarts);
    print_json(&out, text);
}

/* ---- how it stands ---- */

struct standing {
    struct record_of_update good, other, pending, failed;
    bool has_good, has_pending, has_failed, is_proven;
    uint32_t limit;
};

static void find_standing(const struct update_box *box, const struct slots *slots, struct standing *out)
{
    const struct slot *running = slots_running(slots);
    *out = (struct standing){.limit = box->store != NULL ? store_limit_of(box->store) : 0};
    out->has_good = record_read(box->data, "good", &out->good);
    (void)record_read(box->data, "other", &out->other);
    out->has_pending = record_read(box->data, "pending", &out->pending);
    out->has_failed = record_read(box->data, "failed", &out->failed);
    out->is_proven = out->has_good && running != NULL && record_is_of(&out->good, box->version, running->name);
}

/* What stands in a slot: the running one is known to be this program's, whoever put it there. */
static const char *version_in(const struct update_box *box, const struct standing *s, const struct slot *slot)
{
    return slot->runs                               ? box->version
           : slot->version[0] != '\0'               ? slot->version
           : strcmp(s->good.slot, slot->name) == 0  ? s->good.version
           : strcmp(s->other.slot, slot->name) == 0 ? s->other.version
                                                    : NULL;
}

static bool is_installed_now(const struct standing *s)
{
    char boot[37] = "";
    clock_boot_id(boot);
    return s->has_pending && strcmp(s->pending.boot, boot) == 0;
}

static const char *state_of(const struct standing *s, const struct slot *slot)
{
    return slot->runs && s->is_proven ? "good"
           : slot->runs               ? s->has_good ? "on trial" : "not good yet"
           : slot->good               ? "good"
                                      : "not started";
}

static void print_slots(const struct update_box *box, const struct slots *slots, const struct standing *s)
{
    for (unsigned i = 0; i < slots->count; i++) {
        const struct slot *slot = &slots->slots[i];
        const char *version = version_in(box, s, slot);
        (void)printf("slot %-3s %-24s %-12s%s%s\n", slot->name, version != NULL ? version : "-", state_of(s, slot),
                     slot->runs ? " runs" : "",
                     strcmp(slots->next, slot->name) == 0 && !slot->runs ? " taken by the next start" : "");
    }
}

static void print_standing(const struct update_box *box, const struct slots *slots)
{
    struct standing s;
    find_standing(box, slots, &s);
    (void)printf("%s\n", slots->compatible);
    print_slots(box, slots, &s);
    if (s.has_pending && is_installed_now(&s)) {
        (void)printf("%s is %s in slot %s\n", s.pending.version,
                     strcmp(s.pending.state, "installed") == 0 ? "installed, and waits for the next start"
                                                               : "being installed",
                     s.pending.slot);
    }
    if (s.has_failed) {
        (void)printf("the update to %s was given up: %s\n", s.failed.version, s.failed.reason);
    }
    if (s.limit != 0 && s.limit < STORE_SCHEMA) {
        (void)printf("the store keeps form %u of %u until this version is good\n", s.limit, STORE_SCHEMA);
    }
}

static void write_slots(struct json *json, const struct update_box *box, const struct slots *slots,
                        const struct standing *s)
{
    json_open_array(json, "slots");
    for (unsigned i = 0; i < slots->count; i++) {
        const struct slot *slot = &slots->slots[i];
        json_open_object(json, NULL);
        json_text(json, "slot", slot->name);
        json_text(json, "version", version_in(box, s, slot));
        json_text(json, "state", state_of(s, slot));
        json_bool(json, "runs", slot->runs);
        json_bool(json, "next", strcmp(slots->next, slot->name) == 0);
        json_close_object(json);
    }
    json_close_array(json);
}

static void write_record(struct json *json, const char *key, bool is_there, const struct record_of_update *record)
{
    if (!is_there) {
        json_null(json, key);
        return;
    }
    json_open_object(json, key);
    json_text(json, "version", record->version);
    json_text(json, "bundle", record->bundle);
    json_text(json, "slot", record->slot);
    json_text(json, "state", record->state);
    json_text(json, "reason", record->reason[0] != '\0' ? record->reason : NULL);
    json_close_object(json);
}

void update_show_status(const struct update_box *box, const struct slots *slots, bool json)
{
    char text[JSON_MAX];
    struct json out;
    struct standing s;
    if (!json) {
        print_standing(box, slots);
        return;
    }
    find_standing(box, slots, &s);
    json_begin(&out, text, sizeof text);
    json_text(&out, "compatible", slots->compatible);
    json_text(&out, "version", box->version);
    json_bool(&out, "trial", !s.is_proven);
    write_slots(&out, box, slots, &s);
    write_record(&out, "pending", s.has_pending, &s.pending);
    write_record(&out, "failed", s.has_failed, &s.failed);
    json_unsigned(&out, "store_form_most", s.limit != 0 ? s.limit : STORE_SCHEMA);
    print_json(&out, text);
}
