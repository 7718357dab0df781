#include "app/update/good.h"

#include <stdio.h>
#include <string.h>

#include "app/update/health.h"
#include "app/update/record.h"
#include "drivers/store/store.h"
#include "hal/clock.h"

#define RAUC_WAIT_S 60

struct trial {
    const struct update_box *box;
    const struct slots *slots;
    bool has_good; /* the record of what ran well last */
    bool is_proven, is_trial;
    bool is_marked; /* for GRUB: it would start this version again */
    char before[HEALTH_BEFORE_MAX];
    char why[HEALTH_WHY_MAX + 80]; /* it is not good, at the last look */
};

static void pause_ms(int ms)
{
    clock_sleep_until_us(clock_boot_us() + ms * INT64_C(1000));
}

void good_look_back(const struct update_box *box, const struct slots *slots, char *said, size_t size)
{
    const struct slot *running = slots_running(slots);
    struct record_of_update pending;
    char boot[37] = "";
    said[0] = '\0';
    clock_boot_id(boot);
    if (running == NULL || !record_read(box->data, "pending", &pending) || strcmp(pending.boot, boot) == 0 ||
        strcmp(pending.slot, running->name) == 0) {
        return;
    }
    if (pending.reason[0] == '\0') {
        (void)snprintf(pending.reason, sizeof pending.reason, "%s",
                       strcmp(pending.state, "installed") == 0
                           ? "it did not start, or not so far as to look after itself"
                           : "its installation was cut off");
    }
    (void)snprintf(said, size, "the update to %s did not come to be (%s), the box runs %s", pending.version,
                   pending.reason, box->version);
    if (record_write(box->data, "failed", &pending) == STATUS_OK) {
        (void)!record_remove(box->data, "pending");
    }
}

/* Where it would not be started again after a fall back, it is not begun. */
static enum status let_store_go_on(const struct trial *t)
{
    const uint32_t before = t->box->store != NULL ? store_limit_of(t->box->store) : 0;
    const struct slot *other = slots_other(t->slots);
    if (t->box->store == NULL || before == STORE_SCHEMA) {
        return STATUS_OK;
    }
    enum status status = STATUS_OK;
    if (before != 0 && before < STORE_SCHEMA && other != NULL && other->good) {
        status = slots_mark_other_bad();
    }
    if (status == STATUS_OK) {
        status = store_limit_schema(t->box->store, STORE_SCHEMA);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* What stands in the other slot: RAUC does not know it of one that was flashed. */
static enum status note_other(const struct trial *t)
{
    struct record_of_update before;
    const bool has_before = record_read(t->box->data, "good", &before);
    return has_before && strcmp(before.slot, slots_running(t->slots)->name) != 0
               ? record_write(t->box->data, "other", &before)
               : STATUS_OK;
}

static enum status mark(struct trial *t)
{
    struct record_of_update good = {.version = ""};
    enum status status = slots_mark_good();
    t->is_marked = status == STATUS_OK; /* GRUB starts it again from here on, whatever becomes of the rest */
    if (status == STATUS_OK) {
        status = slots_set_proven(&t->box->conf, slots_running(t->slots)->name, true);
    }
    (void)snprintf(good.version, sizeof good.version, "%s", t->box->version);
    (void)snprintf(good.slot, sizeof good.slot, "%s", slots_running(t->slots)->name);
    if (status == STATUS_OK && !t->is_proven) {
        status = note_other(t);
    }
    if (status == STATUS_OK && (!t->is_proven || !t->has_good)) {
        status = record_write(t->box->data, "good", &good);
    }
    if (status == STATUS_OK) {
        status = let_store_go_on(t);
    }
    if (status == STATUS_OK && !t->is_proven) {
        status = record_remove(t->box->data, "failed");
    }
    return status;
}

/* Of an installation that waits for the next start nothing is forgotten. */
static void forget_pending(const struct trial *t)
{
    struct record_of_update pending;
    if (record_read(t->box->data, "pending", &pending) && strcmp(pending.slot, slots_running(t->slots)->name) == 0) {
        (void)!record_remove(t->box->data, "pending");
        (void)!record_remove(t->box->data, "before");
    }
}

/* As far as the box's own records tell it, and the kernel's arguments of the slot: another build of the same version is known by that alone. */
static bool is_noted_trial(const struct update_box *box)
{
    struct record_of_update pending, good;
    char boot[37] = "", slot[SLOT_WORD_MAX];
    clock_boot_id(boot);
    if (!record_read(box->data, "pending", &pending) || !record_read(box->data, "good", &good) ||
        strcmp(pending.boot, boot) == 0) {
        return false;
    }
    return slots_started(box->kernel, slot)
               ? strcmp(pending.slot, slot) == 0 && !record_is_of(&good, box->version, slot)
               : strcmp(pending.version, box->version) == 0 && strcmp(good.version, box->version) != 0;
}

/* Its reason is found by the version that the box goes back to. */
static void note_reason(const struct update_box *box, const char *why)
{
    struct record_of_update pending;
    if (record_read(box->data, "pending", &pending)) {
        (void)snprintf(pending.reason, sizeof pending.reason, "%.*s", RECORD_VALUE_MAX - 1, why);
        (void)!record_write(box->data, "pending", &pending);
    }
}

static bool wait_for_slots(int wait_s, struct slots *out)
{
    const int64_t until_us = clock_boot_us() + wait_s * INT64_C(1000000);
    while (slots_read(out) != STATUS_OK || slots_running(out) == NULL) {
        if (clock_boot_us() > until_us) {
            return false;
        }
        pause_ms(1000);
    }
    return true;
}

enum good_end good_slots(const struct update_box *box, const struct good_times *times, struct slots *out, char *said,
                         size_t size)
{
    static const char why[] = "RAUC does not say which slot runs";
    const bool is_trial = is_noted_trial(box);
    if (wait_for_slots(is_trial ? times->within_s : RAUC_WAIT_S, out)) {
        return GOOD_MARKED;
    }
    if (!is_trial) {
        (void)snprintf(said, size, "%s (%s), so none is marked as good", why, out->said);
        return GOOD_NOT_YET;
    }
    note_reason(box, why);
    (void)snprintf(said, size, "%s is given up (%s), the box starts again with the version before", box->version, why);
    return GOOD_GIVEN_UP;
}

static void begin(struct trial *t)
{
    struct record_of_update good;
    const struct slot *running = slots_running(t->slots), *other = slots_other(t->slots);
    t->has_good = record_read(t->box->data, "good", &good);
    t->is_proven = t->has_good ? record_is_of(&good, t->box->version, running->name)
                               : slots_is_proven(&t->box->conf, running->name);
    t->is_trial = !t->is_proven && other != NULL && other->good;
    (void)record_read_text(t->box->data, "before", t->before, sizeof t->before);
}

/* Well for so long, without a new beginning in between. */
static bool stays_well(struct trial *t, const struct good_times *times)
{
    const int64_t until_us = clock_boot_us() + times->within_s * INT64_C(1000000);
    int64_t since_us = clock_boot_us();
    while (clock_boot_us() < until_us) {
        struct health health = {.good = false};
        if (t->box->socket == NULL) {
            (void)snprintf(health.why, sizeof health.why, "no configuration can be read");
        } else {
            health_look(t->box->socket, t->before, &health);
        }
        if (!health.good) {
            since_us = clock_boot_us();
            memcpy(t->why, health.why, sizeof health.why);
        } else if (clock_boot_us() - since_us >= times->for_s * INT64_C(1000000) &&
                   health.uptime_s >= (uint64_t)times->for_s) {
            return true;
        } else {
            (void)snprintf(t->why, sizeof t->why, "it has not run well for %d s on end", times->for_s);
        }
        pause_ms(times->look_ms);
    }
    return false;
}

/* An installation notes what runs well before it touches the other slot. Where that note is gone and there are two slots to start, this version may be
 * why: it may not find the data partition. */
static bool is_lost(struct trial *t)
{
    const bool lost = t->is_trial && !t->has_good;
    if (lost) {
        (void)snprintf(t->why, sizeof t->why, "the box's records are not there (%s/update)", t->box->data);
    }
    return lost;
}

enum good_end good_wait(const struct update_box *box, const struct slots *slots, const struct good_times *times,
                        char *said, size_t size)
{
    struct trial t = {.box = box, .slots = slots};
    begin(&t);
    const char *slot = slots_running(t.slots)->name;
    enum status status = STATUS_OK;
    if ((t.is_proven || (!is_lost(&t) && stays_well(&t, times))) && (status = mark(&t)) == STATUS_OK) {
        forget_pending(&t);
        (void)snprintf(said, size, "%s runs well%s, slot %s is good", box->version,
                       t.is_proven ? " here as it did before" : "", slot);
        return GOOD_MARKED;
    }
    if (status != STATUS_OK) {
        (void)snprintf(t.why, sizeof t.why, "slot %s cannot be noted as good (%s)", slot, status_text(status));
    }
    if (!t.is_trial || t.is_marked) {
        (void)snprintf(said, size, "%s is not good yet (%s)", box->version, t.why);
        return GOOD_NOT_YET;
    }
    note_reason(t.box, t.why);
    (void)snprintf(said, size, "%s is given up (%s), the box starts again with the version before", box->version,
                   t.why);
    return GOOD_GIVEN_UP;
}
