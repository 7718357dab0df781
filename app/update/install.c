#include "app/update/install.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "app/update/edition.h"
#include "app/update/health.h"
#include "app/update/record.h"
#include "app/update/tool.h"
#include "drivers/store/store.h"
#include "hal/clock.h"

#define INSTALL_WAIT_MS (30 * 60 * 1000)
#define SETTLED_S       60                 /* a gateway that has run for so long has tried all of its lines and links */
#define SETTLE_UNTIL_US INT64_C(300000000) /* since the box was switched on */
#define MIB(bytes)      ((unsigned long long)(((bytes) + (1U << 20) - 1) >> 20))

static bool PRINTF_LIKE(3, 4) refuse(struct install_verdict *v, const char *word, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    v->word = word;
    (void)vsnprintf(v->text, sizeof v->text, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- before anything is written ---- */

static bool tell(enum bundle_fault fault, const struct update_box *box, const char *file, const char *said,
                 struct install_verdict *v)
{
    switch (fault) {
    case BUNDLE_GOOD:
        break;
    case BUNDLE_MISSING:
        return refuse(v, "unreadable", "%s cannot be read%s%s%s, look at its name and at what it lies on", file,
                      said[0] != '\0' ? " (" : "", said, said[0] != '\0' ? ")" : "");
    case BUNDLE_OTHER:
        return refuse(v, "no_bundle", "%s is no update, take a wardgate-VERSION.raucb as `make bundle` makes it", file);
    case BUNDLE_CUT:
        return refuse(v, "cut", "%s is not whole, it was cut off on its way: copy it again", file);
    case BUNDLE_WRONG_KEY:
        return refuse(v, "wrong_key",
                      "%s is not signed with a key that this box believes (%s), sign it with the hospital's update key "
                      "(`make bundle KEY= CERT=`)",
                      file, said);
    case BUNDLE_TAMPERED:
        return refuse(
            v, "tampered",
            "%s is not what was signed: it was damaged or changed on its way; copy it again from where it was "
            "made, and if that does not help find out who changed it",
            file);
    case BUNDLE_WRONG_TIME:
        return refuse(
            v, "wrong_time",
            "%s is signed by a certificate that does not hold by this box's clock (%s), look at the clock, or "
            "sign it with a certificate that holds",
            file, said);
    case BUNDLE_NO_KEYRING:
        return refuse(v, "no_key",
                      "this box was not given the hospital's update certificate (%s), put it on the boot partition as "
                      "update-ca.pem and start the box again",
                      box->conf.keyring);
    case BUNDLE_NO_RAUC:
        return refuse(v, "no_rauc",
                      "rauc is missing (not found), updates like this are for a box from wardgate's image");
    case BUNDLE_UNREADABLE:
        return refuse(v, "unreadable", "%s cannot be read (%s), make it again with `make bundle`", file, said);
    case BUNDLE_NOT_WARDGATES:
        return refuse(v, "no_bundle", "%s is signed, and is no update of wardgate: make it with `make bundle`", file);
    }
    return true;
}

/* 0: there is none, or it cannot be told. */
static uint32_t schema_of(const struct update_box *box)
{
    struct store *store = NULL;
    uint32_t schema = 0;
    if (box->store != NULL && store_open_to_read(box->store, &store) == STATUS_OK) {
        schema = store_schema(store);
        store_close(store);
    }
    return schema;
}

static bool fits_store(const struct update_box *box, const struct bundle *b, const char *file,
                       struct install_verdict *v)
{
    const uint32_t schema = schema_of(box);
    if (schema != 0 && schema > b->store_newest) {
        return refuse(v, "store_newer",
                      "%s (%s) cannot read this box's store (form %u, it knows up to %u), so it cannot go on with the "
                      "alerts in it; a box without them can be made: flash it with that version",
                      file, b->version, schema, b->store_newest);
    }
    if (schema != 0 && schema < b->store_works) {
        return refuse(
            v, "store_older",
            "%s (%s) cannot work in this box's store as it is (form %u, it needs %u), so the box could not go "
            "back from it; install a version between first",
            file, b->version, schema, b->store_works);
    }
    return true;
}

static bool is_newer(const struct update_box *box, const struct bundle *b, const char *file, struct install_verdict *v)
{
    const int order = edition_compare(b->version, box->version);
    return order > 0    ? true
           : order == 0 ? refuse(v, "same", "%s brings %s, which runs already; --allow-older installs it once more",
                                 file, b->version)
                        : refuse(v, "older", "%s brings %s, and %s runs; --allow-older goes back to it", file,
                                 b->version, box->version);
}

bool install_check(const struct update_box *box, const char *file, bool allow_older, struct bundle *out,
                   struct install_verdict *verdict)
{
    char said[BUNDLE_SAID_MAX] = "";
    *verdict = (struct install_verdict){.word = "good"};
    if (!tell(bundle_read(file, box->system, out, said), box, file, said, verdict)) {
        return false;
    }
    if (strcmp(out->compatible, box->conf.compatible) != 0) {
        return refuse(verdict, "other_board", "%s is for another board (%s), this box is %s: take that one's", file,
                      out->compatible, box->conf.compatible);
    }
    if ((!allow_older && !is_newer(box, out, file, verdict)) || !fits_store(box, out, file, verdict)) {
        return false;
    }
    return tell(bundle_verify(file, out), box, file, "", verdict);
}

/* ---- into the other slot ---- */

struct hearing {
    install_progress *progress;
    void *context;
    char said[TOOL_LINE_MAX];
};

static void hear(void *context, const char *line)
{
    struct hearing *h = context;
    const char *what = line + strspn(line, " ");
    char *end = NULL;
    const long percent = strtol(what, &end, 10);
    if (end != what && *end == '%') {
        h->progress(h->context, (int)percent, end + 1 + strspn(end + 1, " "));
    } else if (strstr(line, "rror") != NULL || strstr(line, "Failed") != NULL) {
        (void)snprintf(h->said, sizeof h->said, "%s", strncmp(line, "LastError: ", 11) == 0 ? line + 11 : line);
    }
}

static bool cannot_note(struct install_verdict *v, const struct update_box *box, enum status status)
{
    return refuse(v, "not_noted", "the box cannot note what it does (%s/update: %s), %s", box->data,
                  status_text(status), status == STATUS_DENIED ? "run this as root" : "make room, or look at its disk");
}

/* A box that was switched on with the stick in it: what works is seen before it is noted, or the new version would have to do less to be good. A gateway that is not
 * well by then is no reason to wait, nor one on a box that has long been on: the update may be its cure. */
static void let_gateway_settle(const struct update_box *box, struct hearing *h)
{
    struct health health = {.good = false};
    bool is_told = false;
    while (box->socket != NULL && clock_boot_us() < SETTLE_UNTIL_US) {
        health_look(box->socket, "", &health);
        if (health.good && health.uptime_s >= SETTLED_S) {
            return;
        }
        if (!is_told) {
            h->progress(h->context, 0, "waiting until the gateway has run for a minute");
            is_told = true;
        }
        clock_sleep_until_us(clock_boot_us() + INT64_C(1000000));
    }
}

/* What the box goes back by, on its disk before RAUC begins. */
static bool prepare(const struct update_box *box, const struct bundle *b, const struct slot *into,
                    struct record_of_update *pending, struct install_verdict *v)
{
    char before[HEALTH_BEFORE_MAX];
    const size_t length = box->socket != NULL ? health_note(box->socket, before, sizeof before) : 0;
    enum status status = record_write_text(box->data, "before", before, length);
    if (status == STATUS_OK && box->store != NULL) {
        status = store_limit_schema(box->store, STORE_SCHEMA);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status; /* there is no store yet */
    }
    *pending = (struct record_of_update){.state = "installing"};
    (void)snprintf(pending->version, sizeof pending->version, "%s", b->version);
    (void)snprintf(pending->bundle, sizeof pending->bundle, "%s", b->hash_text);
    (void)snprintf(pending->slot, sizeof pending->slot, "%s", into->name);
    clock_boot_id(pending->boot);
    if (status == STATUS_OK) {
        status = record_write(box->data, "pending", pending);
    }
    if (status == STATUS_OK) {
        status = slots_set_proven(&box->conf, into->name, false);
    }
    return status == STATUS_OK ? true : cannot_note(v, box, status);
}

static bool install_failed(int end, const struct hearing *h, struct install_verdict *v)
{
    if (strstr(h->said, "Already processing") != NULL) {
        return refuse(v, "busy",
                      "another installation is under way, wait until it has ended (`wardgate update --status`)");
    }
    if (strstr(h->said, "o space") != NULL || strstr(h->said, "too small") != NULL ||
        strstr(h->said, "too large") != NULL) {
        return refuse(v, "no_room", "there is no room for it (%s), the box goes on as it is", h->said);
    }
    return refuse(
        v, "failed",
        "it could not be installed (%s), the box goes on as it is and does not start the other slot; try again "
        "with a fresh copy",
        end == TOOL_TOO_LONG ? "it took more than half an hour"
        : h->said[0] != '\0' ? h->said
                             : "RAUC does not say why");
}

static bool run_rauc(const char *file, struct hearing *h, struct install_verdict *v)
{
    char whole[4096];
    if (realpath(file, whole) == NULL) {
        return refuse(v, "unreadable", "%s cannot be read (%s), look at what it lies on", file, strerror(errno));
    }
    const char *const arguments[] = {"rauc", "install", whole, NULL};
    const int end = tool_run(arguments, INSTALL_WAIT_MS, hear, h);
    return end == 0 ? true : install_failed(end, h, v);
}

/* One at a time: -1 for the second. */
static int take_turn(const char *data)
{
    char path[RECORD_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/update", data);
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static bool fits_slot(const struct slots *slots, const char *file, const struct bundle *bundle,
                      struct install_verdict *v)
{
    const struct slot *into = slots_other(slots);
    const uint64_t room = into != NULL ? slot_bytes(into) : 0;
    if (into == NULL) {
        return refuse(v, "no_slot", "RAUC does not know which slot runs (%s), see `rauc status`",
                      slots->said[0] != '\0' ? slots->said : "no other slot");
    }
    return room == 0 || bundle->root_bytes <= room
               ? true
               : refuse(v, "no_room", "%s does not fit (%llu MiB into slot %s of %llu MiB), flash the box anew with it",
                        file, MIB(bundle->root_bytes), into->name, MIB(room));
}

/* What it would go back by, and that it was tried, would be gone at the next start, and a stick would bring it again and again. */
static bool has_data(const struct update_box *box, struct install_verdict *v)
{
    char path[RECORD_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/data-lost", box->run);
    return access(path, F_OK) != 0 ||
           refuse(
               v, "no_data",
               "the box keeps nothing at present (%s says why), so it could not go back from an update: mend its data "
               "partition first, or flash the box anew",
               path);
}

/* The version that runs is what the box goes back to. */
static bool keep_running(const struct update_box *box, const struct slots *slots, struct install_verdict *v)
{
    struct record_of_update good = {.version = ""};
    const struct slot *running = slots_running(slots), *other = slots_other(slots);
    const bool has_good = record_read(box->data, "good", &good);
    const bool is_good = has_good && record_is_of(&good, box->version, running->name);
    if (has_good && !is_good && other->good) {
        return refuse(v, "trial",
                      "%s is on trial itself: within minutes it is good, or the box goes back to %s; wait for that "
                      "(`wardgate update --status`)",
                      box->version, good.version);
    }
    enum status status = STATUS_OK;
    if (!is_good) {
        good = (struct record_of_update){.version = ""};
        (void)snprintf(good.version, sizeof good.version, "%s", box->version);
        (void)snprintf(good.slot, sizeof good.slot, "%s", running->name);
        status = record_write(box->data, "good", &good);
    }
    if (status == STATUS_OK && !running->good) {
        status = slots_mark_good();
    }
    if (status == STATUS_OK) {
        status = slots_set_proven(&box->conf, running->name, true);
    }
    return status == STATUS_OK ? true : cannot_note(v, box, status);
}

/* RAUC opens the file for itself: whoever made the stick may have given it another one, as an older one of the hospital's. */
static bool is_what_was_checked(struct slots *slots, const struct bundle *bundle)
{
    const struct slot *into = slots_read(slots) == STATUS_OK ? slots_other(slots) : NULL;
    return into == NULL || into->version[0] == '\0' || strcmp(into->version, bundle->version) == 0;
}

static bool install(const struct update_box *box, const char *file, const struct bundle *bundle, struct slots *slots,
                    struct hearing *h, struct install_verdict *v)
{
    struct record_of_update pending;
    const struct slot into = *slots_other(slots);
    let_gateway_settle(box, h);
    if (!keep_running(box, slots, v) || !prepare(box, bundle, &into, &pending, v)) {
        return false;
    }
    if (!run_rauc(file, h, v)) {
        (void)!record_remove(box->data, "pending");
        return false;
    }
    (void)snprintf(pending.state, sizeof pending.state, "installed");
    const enum status status = record_write(box->data, "pending", &pending);
    const bool is_it = status != STATUS_OK || is_what_was_checked(slots, bundle);
    if (status == STATUS_OK && is_it) {
        return true;
    }
    (void)!slots_mark_other_bad();
    (void)!record_remove(box->data, "pending");
    return is_it
               ? cannot_note(v, box, status)
               : refuse(v, "tampered",
                        "%s was another bundle when it was installed than when it was looked at, so it is not started: "
                        "copy it to the box first, from a stick that you know",
                        file);
}

bool install_run(const struct update_box *box, const char *file, const struct bundle *bundle, struct slots *slots,
                 install_progress *progress, void *context, struct install_verdict *verdict)
{
    struct hearing hearing = {.progress = progress, .context = context};
    const enum status made = record_make_folder(box->data);
    if (made != STATUS_OK) {
        return cannot_note(verdict, box, made);
    }
    const int turn = take_turn(box->data);
    if (turn < 0) {
        return refuse(verdict, "busy", "another installation is under way, wait until it has ended");
    }
    const enum status status = slots_read(slots);
    bool done = false;
    if (status != STATUS_OK) {
        (void)refuse(verdict, "no_rauc", "RAUC does not answer (%s), see `journalctl -u rauc`",
                     slots->said[0] != '\0' ? slots->said : status_text(status));
    } else if (has_data(box, verdict) && fits_slot(slots, file, bundle, verdict)) {
        done = install(box, file, bundle, slots, &hearing, verdict);
    }
    (void)close(turn);
    return done;
}
