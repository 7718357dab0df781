/*
 * wardgate restore: another box goes on from a backup. Everything is looked at before anything is touched.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/backup/swap.h"
#include "app/cli/command.h"
#include "app/engine/plural.h"
#include "app/flow/json.h"
#include "hal/clock.h"

enum stays { STAYS_UNSAID, STAYS_KEEP, STAYS_END };

struct options {
    const char *configuration, *file;
    enum stays stays;
    bool replaces, only_looks, finishes;
};

static bool take_stays(const char *word, enum stays *out)
{
    *out = strcmp(word, "keep") == 0 ? STAYS_KEEP : strcmp(word, "end") == 0 ? STAYS_END : STAYS_UNSAID;
    return *out != STAYS_UNSAID;
}

static bool take_word(const char *word, struct options *o)
{
    if (strcmp(word, "--replace") == 0) {
        return o->replaces = true;
    }
    if (strcmp(word, "--look") == 0) {
        return o->only_looks = true;
    }
    if (strcmp(word, "--finish") == 0) {
        return o->finishes = true;
    }
    if (o->file != NULL || word[0] == '\0' || (word[0] == '-' && word[1] != '\0')) {
        return false;
    }
    o->file = word;
    return true;
}

static int parse(int argc, char **argv, struct options *o)
{
    *o = (struct options){.configuration = COMMAND_DEFAULT_CONFIGURATION};
    for (int i = 1; i < argc; i++) {
        const int at = i;
        const char *const file = command_option(argc, argv, &i, "-c", "--config");
        const char *const stays = file == NULL ? command_option(argc, argv, &i, NULL, "--stays") : NULL;
        bool good = true;
        if (file != NULL) {
            o->configuration = file;
            good = *file != '\0';
        } else if (stays != NULL) {
            good = take_stays(stays, &o->stays);
        } else {
            good = take_word(argv[i], o);
        }
        if (!good) {
            return command_misused(&command_restore, "'%s' is no option, or its value is missing", argv[at]);
        }
    }
    if (o->finishes ? o->file != NULL : o->file == NULL) {
        return command_misused(&command_restore,
                               o->finishes ? "--finish needs no backup" : "name the backup, or - for a pipe");
    }
    return COMMAND_OK;
}

/* ---- what is said ---- */

static void print_age(int64_t age_ms, char out[32])
{
    const int64_t minutes = age_ms / 60000;
    (void)snprintf(out, 32,
                   minutes < 120    ? "%" PRId64 " min"
                   : minutes < 2880 ? "%" PRId64 " h"
                                    : "%" PRId64 " days",
                   minutes < 120    ? minutes
                   : minutes < 2880 ? minutes / 60
                                    : minutes / 1440);
}

static void print_bed(void *context, const struct state_bed *bed)
{
    const bool *keeps = context;
    if (!bed->has_stay && bed->limits == 0) {
        return;
    }
    (void)printf("  %-10s %s", bed->bed, !*keeps ? "the stay ends" : "the stay goes on");
    if (bed->limits > 0) {
        (void)printf(", %u limit%s set by command%s", bed->limits, plural_s(bed->limits), *keeps ? "" : " fall away");
    }
    if (bed->pauses > 0) {
        (void)printf(", %u pause%s over", bed->pauses, bed->pauses == 1 ? " is" : "s are");
    }
    (void)putchar('\n');
}

static int64_t age_of(const struct swap *swap)
{
    return clock_wall_ms() - swap->manifest.made_ms;
}

static void print_head(const struct swap *swap, bool keeps)
{
    char made[TIME_TEXT_MAX], age[32];
    const struct state_summary *s = &swap->summary;
    time_text(swap->manifest.made_ms, made);
    print_age(age_of(swap), age);
    (void)printf(
        "%s (%s, %s), saved %s%s%s, by wardgate %s: %u file%s, %u stay%s, %u open alarm%s, %u alert%s that wait%s\n",
        swap->manifest.gateway, swap->manifest.site, swap->manifest.ward, made, age_of(swap) >= 0 ? ", " : "",
        age_of(swap) >= 0 ? age : "", swap->manifest.wardgate, swap->manifest.count, plural_s(swap->manifest.count),
        s->stays, plural_s(s->stays), s->alarms, plural_s(s->alarms), s->waiting, plural_s(s->waiting),
        s->waiting == 1 ? "s" : "");
    swap_each_bed(swap, print_bed, &keeps);
}

static void print_done(const struct swap *swap, const struct options *o)
{
    const struct place *place = &swap->place;
    if (access(place->folder_aside, F_OK) == 0) {
        (void)printf("the configuration that was here: %s\n", place->folder_aside);
    }
    if (access(place->store_aside, F_OK) == 0) {
        (void)printf("the store that was here: %s\n", place->store_aside);
    }
    for (unsigned i = 0; i < swap->unowned; i++) {
        (void)printf(
            "there is no such user here (%s): its files belong to root, run the package's installation first\n",
            swap->manifest.user);
    }
    (void)printf(
        "restored. See that the old box is off and stays off, then: wardgate check -c %s; start the service, or, where "
        "wardgate was flashed, start the box again.\n"
        "Alarms that were open go on as `unverified` until monitors confirm or clear them. Look at every bed.\n",
        o->configuration);
}

/* ---- whether it may be ---- */

/* Nobody knows from a backup who lies in a bed today. */
static bool may_choose(const struct swap *swap, struct options *o)
{
    const int64_t age_ms = age_of(swap);
    char age[32];
    if (o->stays != STAYS_UNSAID || swap->summary.stays == 0) {
        o->stays = o->stays == STAYS_UNSAID ? STAYS_KEEP : o->stays;
        return true;
    }
    if (age_ms >= 0 && age_ms <= SWAP_STAYS_MS) {
        o->stays = STAYS_KEEP;
        return true;
    }
    print_age(age_ms, age);
    command_complain("%s, patients may have changed beds since: say --stays keep if every patient is still in that "
                     "bed, else --stays end "
                     "(limits and alarms of before are then nobody's)",
                     age_ms < 0 ? "the clock is behind the backup" : "the backup is too old to be sure");
    (void)fprintf(stderr, "wardgate: it was saved %s ago\n", age_ms < 0 ? "an unknown time" : age);
    return false;
}

static int restore(struct swap *swap, struct options *o)
{
    char why[SWAP_WHY_MAX] = "";
    if (!swap_read(swap, o->file, why)) {
        command_complain("this backup cannot be used (%s: %s), nothing was changed", o->file, why);
        return COMMAND_FAILED;
    }
    if (o->only_looks) {
        print_head(swap, o->stays != STAYS_END);
        return COMMAND_OK;
    }
    if (!may_choose(swap, o)) {
        return COMMAND_USAGE;
    }
    const bool keeps = o->stays == STAYS_KEEP;
    if (!swap_look_around(swap, o->configuration, why) || !swap_build_folder(swap, why)) {
        command_complain("%s; nothing was changed", why);
        return COMMAND_FAILED;
    }
    struct settings *settings = command_settings(swap->configuration);
    bool is_done = settings != NULL;
    if (!is_done) {
        command_complain("the configuration in the backup cannot be used here; nothing was changed");
    } else if (!swap_take_settings(swap, settings, o->replaces, why) || !swap_build_store(swap, settings, keeps, why) ||
               !swap_exchange(swap, why)) {
        command_complain("%s; nothing was changed", why);
        is_done = false;
    }
    if (is_done) {
        print_head(swap, keeps);
        print_done(swap, o);
    }
    settings_free(settings);
    return is_done ? COMMAND_OK : COMMAND_FAILED;
}

static int finish(const struct options *o)
{
    struct place place;
    const enum status status = swap_finish(o->configuration, &place);
    if (status == STATUS_OK) {
        (void)printf("the restore that was cut short is done (%s)\n", place.folder);
    } else if (status != STATUS_NOT_FOUND) {
        command_complain("the restore that was cut short cannot be done (%s: %s), it stands as %s and %s", place.note,
                         status_text(status), place.folder_stage, place.store_stage);
    }
    return status == STATUS_OK || status == STATUS_NOT_FOUND ? COMMAND_OK : COMMAND_FAILED;
}

static int run(int argc, char **argv)
{
    struct options options;
    const int usage = parse(argc, argv, &options);
    if (usage != COMMAND_OK || options.finishes) {
        return usage != COMMAND_OK ? usage : finish(&options);
    }
    struct swap *swap = calloc(1, sizeof *swap);
    if (swap == NULL) {
        command_complain("out of memory, free some and try again");
        return COMMAND_FAILED;
    }
    const int result = restore(swap, &options);
    swap_fini(swap);
    free(swap);
    return fflush(stdout) == 0 ? result : COMMAND_FAILED;
}

const struct command command_restore = {
    .name = "restore",
    .arguments = "[-c FILE] [--stays keep|end] [--replace] [--look] BACKUP | --finish [-c FILE]",
    .summary = "go on from a backup, on another box",
    .details =
        "  -c FILE        where the configuration is to stand; its folder, and store.path, take what is in the backup\n"
        "  --stays keep   every patient is still in the bed of then: stays, limits set by command and open alarms go "
        "on\n"
        "  --stays end    beds begin anew. One of the two must be said of a backup that is over an hour old\n"
        "  --replace      also where a store is that has undelivered alerts in it, or cannot be read\n"
        "  --look         only says what is in it\n"
        "  --finish       of a restore that was cut short by a power cut; the service does so by itself\n"
        "  BACKUP         as `wardgate backup` wrote it; - reads from a pipe\n\n"
        "Everything is looked at before anything is changed: the file, whether a gateway runs here, the configuration "
        "in\n"
        "it. What was here before is set aside beside it, not deleted. A new epoch begins, so no name is given twice;\n"
        "pauses are over, windows begin empty, open alarms go on as `unverified`. The old box must never run again as\n"
        "this gateway. Whoever can write a backup is root of the box that restores it: take none from strangers.\n\n"
        "  wardgate restore --look gw-7e.tar\n"
        "  systemctl stop wardgate && wardgate restore gw-7e.tar && systemctl start wardgate\n"
        "  openssl cms -decrypt -inform DER -in gw-7e.cms -inkey safe.key | wardgate restore -\n",
    .run = run,
};
