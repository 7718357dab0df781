#include "app/box/adopt.h"

#include <assert.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/box/boot_partition.h"
#include "app/box/taken.h"
#include "app/settings/document.h"
#include "app/settings/report.h"
#include "app/settings/value.h"

#define CANDIDATE "candidate" /* in run */
#define IN_FORCE  "etc"       /* in data */
#define NEXT      "etc.new"

struct adoption {
    const struct box_places *places;
    struct box_outcome *outcome;
    int64_t wall_ms;
    const struct fileset *also; /* stay in force; NULL: none */
    struct pool pool;
    struct fileset boot, force, wanted; /* wanted: boot, with what is kept of force */
    struct fileset of_ward;
    struct taken record;
    char etc[PUBLISH_PATH_MAX], next[PUBLISH_PATH_MAX], candidate[PUBLISH_PATH_MAX];
};

#define PROBLEM(a, ...) box_add_line((a)->outcome->ward_problems, sizeof(a)->outcome->ward_problems, __VA_ARGS__)
#define NOTE(a, ...)    box_add_line((a)->outcome->notes, sizeof(a)->outcome->notes, __VA_ARGS__)

/* ---- which files it was ---- */

/* Not certificates and keys: network.yaml may bring such, and the box makes some of its own. */
static bool is_of_ward(const struct fileset_file *file)
{
    const char *ending = strrchr(file->path, '.');
    return strncmp(file->path, "keys/", 5) != 0 &&
           (strncmp(file->path, "models/", 7) == 0 ||
            (ending != NULL && (strcmp(ending, ".yaml") == 0 || strcmp(ending, ".yml") == 0)));
}

static uint64_t ward_digest(struct adoption *a, const struct fileset *set)
{
    a->of_ward = (struct fileset){.count = 0};
    (void)fileset_keep(&a->of_ward, set, is_of_ward, NULL); /* has room for all of them */
    return a->of_ward.digest;
}

static void note_taken(struct adoption *a, int64_t at_ms)
{
    a->record = (struct taken){.of_boot = a->boot.digest, .at_ms = at_ms, .kept = ward_digest(a, &a->wanted)};
    (void)!taken_write(a->places->data, TAKEN_WARD, &a->record); /* lost: it is taken once more at the next boot */
}

/* When what was restored was put there. */
static int64_t restored_ms(const struct adoption *a)
{
    char path[PUBLISH_PATH_MAX];
    struct stat about;
    return publish_path(path, a->etc, FILESET_MAIN) && stat(path, &about) == 0 ? (int64_t)about.st_ctim.tv_sec * 1000
                                                                               : 0;
}

/* ---- what a person ought to know ---- */

static void note_keys(struct adoption *a)
{
    for (size_t i = 0; i < a->boot.count; i++) {
        if (fileset_is_key(&a->boot.files[i]) && fileset_find(&a->force, a->boot.files[i].path) != NULL) {
            NOTE(a,
                 "%s: this private key is kept on the box now; delete it from the boot partition, where whoever "
                 "holds the card can read it",
                 a->boot.files[i].path);
        }
    }
}

/* A file whose name is nearly right: another program has put an ending behind it, or capitals. False: there is none. */
static bool tell_misnamed(struct adoption *a)
{
    DIR *directory = opendir(a->places->boot);
    const struct dirent *entry = NULL;
    const size_t stem = sizeof "wardgate" - 1;
    bool is_told = false;
    while (directory != NULL && !is_told && (entry = readdir(directory)) != NULL) {
        if (strncasecmp(entry->d_name, "wardgate", stem) == 0 && strcasestr(entry->d_name, ".y") != NULL) {
            PROBLEM(a, FILESET_MAIN ": there is no such file on the boot partition, but \"%.100s\": rename it",
                    entry->d_name);
            is_told = true;
        }
    }
    if (directory != NULL) {
        (void)closedir(directory);
    }
    return is_told;
}

/* The id that a certificate is asked for, also of a file that is otherwise wrong. */
static void find_id(struct adoption *a)
{
    char path[PUBLISH_PATH_MAX];
    struct settings_report *report = calloc(1, sizeof *report);
    if (report == NULL || !publish_path(path, a->places->boot, FILESET_MAIN)) {
        free(report);
        return;
    }
    report_init(report, path);
    const struct node *root = document_read(path, &a->pool, report);
    const struct node *gateway = root != NULL ? node_child(root, "gateway") : NULL;
    const struct node *id = gateway != NULL ? node_child(gateway, "id") : NULL;
    if (id != NULL && id->kind == NODE_TEXT && value_is_id(id->text, SETTINGS_ID_MAX)) {
        (void)snprintf(a->outcome->gateway, sizeof a->outcome->gateway, "%s", id->text);
    }
    free(report);
}

/* ---- taking it ---- */

static bool is_kept(const struct fileset_file *file)
{
    return strncmp(file->path, "keys/", 5) == 0 || fileset_is_key(file);
}

/* What of those in force stays, goes into what is wanted. False: no room. */
static bool keep(struct adoption *a)
{
    return fileset_keep(&a->wanted, &a->force, is_kept, a->also);
}

/* What lies where no file of a ward has a place goes along anyhow (settle). */
static bool has_place(const char *path)
{
    char top[PUBLISH_PATH_MAX];
    (void)snprintf(top, sizeof top, "%.*s", (int)strcspn(path, "/"), path);
    return fileset_has_place(top);
}

static void read_boot(struct adoption *a)
{
    char why[FILESET_FAULT_MAX];
    fileset_read(a->places->boot, &a->pool, &a->boot);
    if (boot_partition_is_lost(a->places, why, sizeof why)) {
        (void)snprintf(a->boot.fault, sizeof a->boot.fault, "%s", why);
    }
}

static void read_force(struct adoption *a)
{
    fileset_read(a->etc, &a->pool, &a->force);
    for (size_t i = 0; a->also != NULL && i < a->also->count; i++) {
        if (has_place(a->also->files[i].path)) {
            (void)fileset_add(&a->force, &a->also->files[i]); /* also from a folder below, which is not read */
        }
    }
}

/* What else stands in the folder that was in force, such as network.yaml and the keys of sshd, goes along; then that folder goes. */
static enum status settle(const char *etc, const char *next)
{
    DIR *directory = opendir(next);
    const struct dirent *entry = NULL;
    if (directory == NULL) {
        return STATUS_OK;
    }
    while ((entry = readdir(directory)) != NULL) {
        char from[PUBLISH_PATH_MAX], to[PUBLISH_PATH_MAX];
        const bool is_name = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
        if (is_name && !fileset_has_place(entry->d_name) && publish_path(from, next, entry->d_name) &&
            publish_path(to, etc, entry->d_name) && access(to, F_OK) != 0) {
            (void)!rename(from, to);
        }
    }
    (void)closedir(directory);
    return publish_remove(next);
}

void adopt_settle(const struct box_places *places)
{
    char etc[PUBLISH_PATH_MAX], next[PUBLISH_PATH_MAX];
    assert(places != NULL);
    if (publish_path(etc, places->data, IN_FORCE) && publish_path(next, places->data, NEXT)) {
        (void)!settle(etc, next);
    }
}

static enum status take(struct adoption *a)
{
    const struct publish_mode mode = box_mode_private(), open_mode = box_mode_public();
    enum status status = publish_folder(a->places->data, &open_mode);
    status = status == STATUS_OK ? fileset_write(&a->wanted, a->next, &mode) : status;
    status = status == STATUS_OK ? publish_exchange(a->next, a->etc) : status;
    return status == STATUS_OK ? settle(a->etc, a->next) : status;
}

/* What a good one is warned of is no fault of it. */
static bool is_good(struct adoption *a, const char *folder)
{
    char *said = a->outcome->ward_problems;
    const bool is_sound = trial_run(a->places->program, folder, BOX_USER, said);
    if (is_sound && said[0] != '\0') {
        NOTE(a, "%.*s", (int)strlen(said) - 1, said);
        said[0] = '\0';
    }
    return is_sound;
}

static bool try_candidate(struct adoption *a)
{
    const struct publish_mode mode = box_mode_private();
    const enum status status = fileset_write(&a->wanted, a->candidate, &mode);
    if (status != STATUS_OK) {
        PROBLEM(a, "the box has no room to check %s (%s: %s)", FILESET_MAIN, a->candidate, status_text(status));
        return false;
    }
    const bool is_sound = is_good(a, a->candidate);
    (void)!publish_remove(a->candidate);
    return is_sound;
}

static void stay_with_older(struct adoption *a)
{
    a->outcome->ward = a->force.has_main ? BOX_OLDER : BOX_NONE;
}

/* A boot partition with other files than those in force came from. */
static void consider(struct adoption *a)
{
    a->wanted = a->boot;
    if (!keep(a)) {
        PROBLEM(a, "there are too many files beside " FILESET_MAIN ", at most %d", FILESET_FILES_MAX);
        stay_with_older(a);
        return;
    }
    if (!try_candidate(a)) {
        stay_with_older(a);
        return;
    }
    const bool is_same = fileset_is_same(&a->wanted, &a->force);
    const enum status status = is_same ? STATUS_OK : take(a);
    if (status != STATUS_OK) {
        PROBLEM(a, FILESET_MAIN ": it is good, but cannot be kept (%s: %s)", a->etc, status_text(status));
        stay_with_older(a);
        return;
    }
    a->outcome->ward = is_same ? BOX_SAME : BOX_NEW;
    note_taken(a, is_same && a->record.at_ms != 0 ? a->record.at_ms : a->wall_ms);
}

static void stay_with_restored(struct adoption *a)
{
    a->outcome->ward = BOX_OTHER;
    a->record.at_ms = restored_ms(a);
    (void)!is_good(a, a->etc);
}

/* The boot partition as it was. What is in force is checked again: the program may be another. */
static void stay(struct adoption *a)
{
    a->wanted = a->boot;
    const bool fits = keep(a);
    if (!fits || !fileset_is_same(&a->wanted, &a->force)) {
        stay_with_restored(a);
        return;
    }
    a->outcome->ward = BOX_SAME;
    if (a->record.kept != ward_digest(a, &a->wanted)) { /* as an older version noted it */
        note_taken(a, a->record.at_ms);
    }
    (void)!is_good(a, a->etc);
}

/* Gone is a mishap, unless what is in force never came from there. */
static void go_without(struct adoption *a)
{
    const bool is_restored = a->force.has_main && taken_is_other(&a->record, ward_digest(a, &a->force));
    if (is_restored) {
        stay_with_restored(a);
    } else {
        stay_with_older(a);
    }
    if (!tell_misnamed(a) && !is_restored) {
        PROBLEM(a, FILESET_MAIN ": there is no such file on the boot partition, put it there");
    }
}

static void choose(struct adoption *a)
{
    if (a->boot.fault[0] != '\0') {
        PROBLEM(a, "%s", a->boot.fault);
        stay_with_older(a);
    } else if (!a->boot.has_main) {
        go_without(a);
    } else if (a->force.has_main && a->boot.digest == a->record.of_boot) {
        stay(a);
    } else {
        consider(a);
    }
}

void adopt_run(const struct box_places *places, int64_t wall_ms, const struct fileset *also,
               struct box_outcome *outcome)
{
    assert(places != NULL && outcome != NULL);
    struct adoption *a = calloc(1, sizeof *a);
    outcome->ward = BOX_NONE;
    if (a == NULL) {
        box_add_line(outcome->ward_problems, sizeof outcome->ward_problems, "out of memory");
        return;
    }
    a->places = places;
    a->outcome = outcome;
    a->wall_ms = wall_ms;
    a->also = also;
    pool_init(&a->pool, 4 * FILESET_BYTES_MAX);
    if (publish_path(a->etc, places->data, IN_FORCE) && publish_path(a->next, places->data, NEXT) &&
        publish_path(a->candidate, places->run, CANDIDATE)) {
        read_boot(a);
        read_force(a);
        taken_read(places->data, TAKEN_WARD, &a->record);
        find_id(a);
        choose(a);
        fileset_read(a->etc, &a->pool, &a->force);
        note_keys(a);
        outcome->since_ms = a->record.at_ms;
    } else {
        box_add_line(outcome->ward_problems, sizeof outcome->ward_problems, "a folder's name is too long");
    }
    pool_fini(&a->pool);
    free(a);
}
