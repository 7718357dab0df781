/*
 * powerloss: the store under a power cut at any instant. How it is proved: DESIGN.md, The store; recorder.h, disk.h, witness.h, verdict.h.
 *
 *     POWERLOSS_IMAGES  at least so many images, 10000
 *     POWERLOSS_SEED    everything follows from it
 *     POWERLOSS_ONLY    RECORD:CUT:IMAGE, one image alone
 *     BUILD             where an image that fails is kept: BUILD/powerloss
 *
 * A record is of three runs of the gateway, some of them killed, the first record from the creation of the store on. Each image of each cut is
 * opened and checked in a child process, which may die of it. The next record goes on from an image of this one; now and then the store is
 * damaged before, or of an older form, so that it is set aside. At the end disks that leave out one kind of sync: those must be found out.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/powerloss/chance.h"
#include "tests/powerloss/disk.h"
#include "tests/powerloss/minutes.h"
#include "tests/powerloss/recorder.h"
#include "tests/powerloss/run.h"
#include "tests/powerloss/verdict.h"
#include "tests/powerloss/witness.h"
#include "tests/unit/support/older_store.h"

enum { LIVES = 3, SECONDS = 22, IMAGES_OPEN = 3, CUTS_AFTER_KILL = 24, LINKS_LEAST = 5, LINKS_MOST = 40 };

/* Numbers of records: first those that are killed before operation 0, 1, 2 ... of a creation, then the chain, in which each goes on from an image of the
 * one before. From what the first of the chain left also those that are killed while they set the store aside, bring it forward, or set trends aside. */
enum { CREATIONS = 1, CHAIN = 1001, SET_ASIDES = 11001, MIGRATIONS = 12001, TRENDS_ASIDES = 13001, KILLS_MOST = 999 };

static const struct disk_kind sound = {"", true, true, true, NULL};

/* Syncs that are asked for and not done, and what must then be found broken. */
static const struct disk_kind unsound[] = {{"no sync at all", false, false, false, NULL},
                                           {"files are not synced", false, true, true, NULL},
                                           {"folders are not synced", true, false, true, NULL},
                                           {"O_DSYNC is ignored", true, true, false, NULL},
                                           {"files of the trends are not synced", false, true, true, "minutes"},
                                           {"folders of the trends are not synced", true, false, true, "minutes"},
                                           {"O_DSYNC is ignored for the trends", true, true, false, "minutes"}};
#define UNSOUND_COUNT (sizeof unsound / sizeof unsound[0])

enum sequel { SEQUEL_OF_NOTHING, SEQUEL_OF_IMAGE, SEQUEL_OF_DAMAGED, SEQUEL_OF_OLDER, SEQUEL_OF_DAMAGED_TRENDS };

struct plan {
    uint32_t record, kill_at; /* UINT32_MAX: anywhere */
    enum sequel sequel;
    unsigned lives, seconds, flood_at_life;
    uint64_t size_bytes;
};
static struct plan plan;

/* What the children that check have come to; shared. */
struct progress {
    uint32_t cut, image; /* the one at hand */
    bool is_over;
    uint64_t images, failed;
    uint64_t broken[INVARIANT_COUNT];
    uint64_t crashed;
    uint32_t failed_cut, failed_image; /* the first */
    char why[300];
};
static struct progress *progress;

static uint64_t seed, images_wanted, images_done;
static char base[200], load[240], image[240], next[240], store_of_load[280], store_of_image[280], kept[280];
static struct content_of_store content;

static void fail(const char *what, const char *where)
{
    (void)fprintf(stderr, "powerloss: %s (%s)\n", what, where);
    exit(1);
}

/* ---- a record ---- */

static struct plan plan_of(uint32_t record)
{
    struct plan p = {.record = record, .kill_at = UINT32_MAX, .lives = 2, .seconds = 2, .flood_at_life = LIVES};
    p.size_bytes = STORE_SIZE_LEAST;
    if (record < CHAIN) {
        p.kill_at = record - CREATIONS;
        return p;
    }
    if (record >= SET_ASIDES) {
        p.kill_at = (record - SET_ASIDES) % (MIGRATIONS - SET_ASIDES);
        p.sequel = record < MIGRATIONS      ? SEQUEL_OF_DAMAGED
                   : record < TRENDS_ASIDES ? SEQUEL_OF_OLDER
                                            : SEQUEL_OF_DAMAGED_TRENDS;
        return p;
    }
    p.lives = LIVES;
    p.seconds = SECONDS;
    p.sequel = record == CHAIN ? SEQUEL_OF_NOTHING : SEQUEL_OF_IMAGE;
    p.flood_at_life = record % 4 == 2 ? 1 : LIVES;
    p.size_bytes += record % 4 == 3 ? STORE_SIZE_LEAST / 2 : 0;
    return p;
}

/* Some are killed in the middle of their start, some while they work, the last one not at all. */
static void choose_kill(unsigned life)
{
    if (plan.kill_at != UINT32_MAX && life == 0) {
        recorder_kill_at(plan.kill_at);
    } else if (life + 1 < plan.lives) {
        recorder_kill_at(recorder->op_count + (uint32_t)chance_draw(chance_is(40) ? 40 : 400));
    }
}

static void live(unsigned life)
{
    enum status opened = STATUS_OK;
    chance_seed(chance_mix(seed, plan.record * 16 + life));
    chance_names_seed(chance_mix(seed, plan.record * 16 + life + 8));
    choose_kill(life);
    witness_watch(true);
    if (!run_start(store_of_load, plan.size_bytes, &opened)) {
        (void)snprintf(witness->fault, sizeof witness->fault, "the store does not open (%s)", status_text(opened));
        _exit(1);
    }
    for (unsigned s = 0; s < plan.seconds; s++) {
        run_second();
        run_flood(life == plan.flood_at_life ? 2000 : 0);
    }
    run_stop();
    _exit(0);
}

/* True: it was killed. */
static bool live_in_child(unsigned life)
{
    int result = 0;
    (void)fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        live(life);
    }
    if (child < 0 || waitpid(child, &result, 0) != child) {
        fail("no child process", strerror(errno));
    }
    recorder_kill_at(UINT32_MAX);
    const bool killed = WIFEXITED(result) && WEXITSTATUS(result) == RECORDER_KILLED;
    if ((!killed && result != 0) || witness->fault[0] != '\0') {
        fail("the gateway fails before any power cut", witness->fault);
    }
    witness->boot_us += 3000000;
    return killed;
}

static void begin_record(void)
{
    folder_clear(load);
    if (plan.sequel != SEQUEL_OF_NOTHING) {
        folder_copy(next, load);
    }
    if (plan.sequel == SEQUEL_OF_DAMAGED) {
        char alerts[400];
        (void)snprintf(alerts, sizeof alerts, "%s/alerts", store_of_load);
        witness->damaged = data_damage(alerts);
    }
    if (plan.sequel == SEQUEL_OF_OLDER && !older_store_make(store_of_load, 3)) {
        fail("the store cannot be made older", store_of_load);
    }
    minutes_begin(plan.sequel == SEQUEL_OF_NOTHING          ? MINUTES_NEW
                  : plan.sequel == SEQUEL_OF_DAMAGED_TRENDS ? MINUTES_DAMAGED
                                                            : MINUTES_FOUND,
                  store_of_load);
    recorder_begin(load);
    if (plan.sequel != SEQUEL_OF_NOTHING && plan.sequel != SEQUEL_OF_DAMAGED) {
        witness_begin(&content, MARK_FOUND);
    } else {
        witness_begin(NULL, plan.sequel == SEQUEL_OF_DAMAGED ? MARK_DAMAGED : MARK_FOUND);
    }
}

/* False: its first life was not killed, so there are no more of its kind. */
static bool make_record(uint32_t record)
{
    bool killed = false;
    plan = plan_of(record);
    begin_record();
    for (unsigned life = 0; life < plan.lives; life++) {
        const bool end = live_in_child(life);
        killed = life == 0 ? end : killed;
    }
    recorder_end();
    if (!disk_is_as_recorded(load)) {
        fail("the store's files hold what the recorder has not seen", load);
    }
    return killed || plan.kill_at == UINT32_MAX;
}

/* What a power cut leaves of a record of the chain: from there on the next goes. */
static void make_next(void)
{
    chance_seed(chance_mix(seed, plan.record));
    const uint32_t cut = recorder->op_count / 2 + (uint32_t)chance_draw(recorder->op_count / 2);
    const uint64_t image_seed = chance_draw(UINT32_MAX);
    disk_start(&sound);
    disk_advance(cut);
    disk_write_image(next, image_seed);
    disk_write_image(image, image_seed);
    verdict_read(store_of_image, plan.size_bytes, &content);
}

/* ---- images ---- */

static uint64_t image_seed_of(uint32_t record, uint32_t cut, uint32_t number)
{
    return chance_mix(chance_mix(seed, record), (uint64_t)cut * 64 + number);
}

static void keep_image(uint32_t record, uint32_t cut, uint32_t number)
{
    char folder[400];
    (void)snprintf(folder, sizeof folder, "%s/%u-%u-%u", kept, record, cut, number);
    (void)mkdir(kept, 0755);
    disk_write_image(folder, image_seed_of(record, cut, number));
}

static void note_failure(uint32_t record, enum invariant invariant, const char *why, bool keep)
{
    progress->broken[invariant]++;
    if (progress->failed++ > 0) {
        return;
    }
    progress->failed_cut = progress->cut;
    progress->failed_image = progress->image;
    (void)snprintf(progress->why, sizeof progress->why, "P%u %s: %s", (unsigned)invariant, invariant_name(invariant),
                   why);
    if (keep) {
        keep_image(record, progress->cut, progress->image);
    }
}

static void check_image(uint32_t record, bool keep)
{
    char why[200];
    const uint64_t image_seed = image_seed_of(record, progress->cut, progress->image);
    disk_write_image(image, image_seed);
    chance_seed(image_seed + 1);
    chance_names_seed(image_seed + 2);
    const enum invariant result = verdict_of(store_of_image, plan.size_bytes, progress->cut, why);
    progress->images++;
    if (result != INVARIANT_NONE) {
        note_failure(record, result, why, keep);
    }
}

/* From the image at hand to the last. The cut behind the last operation counts, too. */
static void check_rest(uint32_t record, const struct disk_kind *kind)
{
    const bool is_sound = kind == &sound;
    disk_start(kind);
    const uint32_t last = plan.kill_at == UINT32_MAX || plan.kill_at + CUTS_AFTER_KILL > recorder->op_count
                              ? recorder->op_count
                              : plan.kill_at + CUTS_AFTER_KILL;
    for (; progress->cut <= last; progress->cut++, progress->image = 0) {
        disk_advance(progress->cut);
        const uint32_t most = !is_sound || plan.lives < LIVES || disk_is_settled() ? 1 : IMAGES_OPEN;
        for (; progress->image < most; progress->image++) {
            check_image(record, is_sound);
        }
    }
    progress->is_over = true;
    _exit(0);
}

/* A child that dies has found an image that the gateway would die of. */
static void check_images(uint32_t record, const struct disk_kind *kind)
{
    /* Before the kill it is the record before. */
    *progress = (struct progress){.cut = plan.kill_at == UINT32_MAX ? 0 : plan.kill_at};
    while (!progress->is_over) {
        int result = 0;
        (void)fflush(NULL);
        const pid_t child = fork();
        if (child == 0) {
            check_rest(record, kind);
        }
        if (child < 0 || waitpid(child, &result, 0) != child) {
            fail("no child process", strerror(errno));
        }
        if (!progress->is_over) {
            disk_start(kind);
            disk_advance(progress->cut);
            progress->crashed++;
            progress->images++;
            note_failure(record, INVARIANT_opens, "the program dies of it", kind == &sound);
            progress->image++;
        }
    }
}

static void tell_failure(uint32_t record)
{
    (void)printf("powerloss: record %u, %llu of %llu images are not what they must be\n"
                 "first: before operation %u of %u (%s), image %u: %s\n"
                 "kept in %s/%u-%u-%u; again with: POWERLOSS_SEED=%llu POWERLOSS_ONLY=%u:%u:%u make test-powerloss\n",
                 record, (unsigned long long)progress->failed, (unsigned long long)progress->images,
                 progress->failed_cut, recorder->op_count,
                 progress->failed_cut < recorder->op_count ? op_word(recorder->ops[progress->failed_cut].kind) : "end",
                 progress->failed_image, progress->why, kept, record, progress->failed_cut, progress->failed_image,
                 (unsigned long long)seed, record, progress->failed_cut, progress->failed_image);
}

static bool check_record(uint32_t record)
{
    check_images(record, &sound);
    images_done += progress->images;
    if (progress->failed > 0) {
        tell_failure(record);
    }
    return progress->failed == 0;
}

/* ---- disks that do not keep what they promise ---- */

static bool check_unsound(uint32_t record)
{
    bool all_found = true;
    for (unsigned i = 0; i < UNSOUND_COUNT; i++) {
        check_images(record, &unsound[i]);
        (void)printf("control, %s: %llu of %llu images broken:", unsound[i].name, (unsigned long long)progress->failed,
                     (unsigned long long)progress->images);
        for (unsigned n = 1; n < INVARIANT_COUNT; n++) {
            if (progress->broken[n] > 0) {
                (void)printf(" %s %llu", invariant_name(n), (unsigned long long)progress->broken[n]);
            }
        }
        (void)printf("%s\n", progress->failed > 0 ? "" : " none: the checks see nothing");
        /* what becomes of trends costs no alert */
        const uint64_t expected = unsound[i].only == NULL ? progress->failed : progress->broken[INVARIANT_trends];
        all_found = all_found && progress->failed > 0 && expected == progress->failed;
    }
    return all_found;
}

/* ---- all of it ---- */

/* All that comes before it in its row, unchecked. */
static void go_to(uint32_t record)
{
    for (uint32_t r = CHAIN; r < record && (r == CHAIN || record < SET_ASIDES); r++) {
        (void)make_record(r);
        make_next();
    }
    (void)make_record(record);
}

static int check_one(uint32_t record, uint32_t cut, uint32_t number)
{
    go_to(record);
    disk_start(&sound);
    disk_advance(cut);
    *progress = (struct progress){.cut = cut, .image = number};
    check_image(record, true);
    for (uint32_t i = cut < 12 ? 0 : cut - 12; i < cut + 3 && i < recorder->op_count; i++) {
        const struct op *op = &recorder->ops[i];
        (void)printf("%s %u %s: node %u at %llu, %u bytes %s %s\n", i == cut ? "cut ---\n     " : "     ", i,
                     op_word(op->kind), op->node, (unsigned long long)op->offset, op->size, op->name, op->name_to);
    }
    (void)printf("%s\n", progress->failed > 0 ? progress->why : "nothing is broken");
    return progress->failed > 0;
}

static bool check_kills(const char *what, uint32_t first)
{
    const uint64_t before = images_done;
    uint32_t record = first;
    bool good = true;
    while (good && record < first + KILLS_MOST && make_record(record)) {
        good = check_record(record);
        record++;
    }
    (void)printf("%s, killed before each of %u operations: %llu images\n", what, record - first,
                 (unsigned long long)(images_done - before));
    return good;
}

static bool check_link(uint32_t record)
{
    (void)make_record(record);
    const bool good = check_record(record);
    (void)printf("record %u of the chain: %u operations, %u commits and starts, %llu alerts, %llu images\n",
                 record - CHAIN + 1, recorder->op_count, witness->mark_count / 2, (unsigned long long)witness->seq_most,
                 (unsigned long long)progress->images);
    return good;
}

/* Until all has been there that the records are to show, and then some. */
static bool goes_on(uint32_t links)
{
    return images_done < images_wanted || links < LINKS_LEAST || (!minutes_rolled_over() && links < LINKS_MOST);
}

static bool check_records(void)
{
    static struct witness at_first;
    bool good = check_kills("creation", CREATIONS) && check_link(CHAIN) && check_unsound(CHAIN);
    if (good) {
        make_next();
        at_first = *witness;
        good = check_kills("set aside", SET_ASIDES);
        *witness = at_first;
        good = good && check_kills("migration", MIGRATIONS);
        *witness = at_first;
        good = good && check_kills("trends set aside", TRENDS_ASIDES);
        *witness = at_first;
    }
    for (uint32_t record = CHAIN + 1; good && goes_on(record - CHAIN); record++) {
        good = check_link(record);
        make_next();
    }
    minutes_print_counts();
    return good && minutes_rolled_over();
}

static uint64_t number_from(const char *name, uint64_t usual)
{
    const char *given = getenv(name);
    return given != NULL && given[0] != '\0' ? strtoull(given, NULL, 10) : usual;
}

/* "1:2:3" */
static bool numbers_read(const char *text, uint32_t out[3])
{
    for (unsigned i = 0; i < 3; i++) {
        char *end = NULL;
        out[i] = (uint32_t)strtoul(text, &end, 10);
        if (end == text || *end != (i < 2 ? ':' : '\0')) {
            return false;
        }
        text = end + 1;
    }
    return out[0] > 0;
}

static void folders_make(void)
{
    const char *build = getenv("BUILD");
    const char *temporary = getenv("TMPDIR");
    (void)snprintf(kept, sizeof kept, "%.200s/powerloss", build != NULL ? build : "build");
    (void)snprintf(base, sizeof base, "%.100s/wardgate-powerloss-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm"
                   : temporary != NULL           ? temporary
                                                 : "/tmp");
    if (mkdtemp(base) == NULL) {
        fail("no folder for images", base);
    }
    (void)snprintf(load, sizeof load, "%s/load", base);
    (void)snprintf(image, sizeof image, "%s/image", base);
    (void)snprintf(next, sizeof next, "%s/next", base);
    (void)snprintf(store_of_load, sizeof store_of_load, "%s/store", load);
    (void)snprintf(store_of_image, sizeof store_of_image, "%s/store", image);
}

static void tell_invariants(void)
{
    static const char *const texts[] = {
#define INVARIANT_TEXT(number, name, text) [number] = #name ": " text,
        INVARIANT_LIST(INVARIANT_TEXT)
#undef INVARIANT_TEXT
    };
    (void)printf("held in each image:\n");
    for (unsigned i = 1; i < INVARIANT_COUNT; i++) {
        (void)printf("  P%-2u %s\n", i, texts[i]);
    }
}

static double seconds_of_children(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_CHILDREN, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
}

static void folders_remove(void)
{
    folder_clear(base);
    (void)rmdir(base);
}

int main(void)
{
    const char *only = getenv("POWERLOSS_ONLY");
    uint32_t numbers[3];
    seed = number_from("POWERLOSS_SEED", 1);
    images_wanted = number_from("POWERLOSS_IMAGES", 10000);
    folders_make();
    (void)atexit(folders_remove);
    recorder_init();
    witness_init();
    minutes_init();
    witness->boot_us = 30000000;
    witness->wall_ms = INT64_C(1769904000000);
    progress = memory_shared(sizeof *progress);
    if (only != NULL && only[0] != '\0') {
        if (!numbers_read(only, numbers)) {
            fail("POWERLOSS_ONLY is RECORD:CUT:IMAGE", only);
        }
        return check_one(numbers[0], numbers[1], numbers[2]);
    }
    const bool good = check_records();
    if (good) {
        tell_invariants();
    }
    (void)printf(
        "powerloss: %s, %llu images, %.0f s of processor; again with: POWERLOSS_SEED=%llu make test-powerloss\n",
        good ? "nothing lost" : "FAILED", (unsigned long long)images_done, seconds_of_children(),
        (unsigned long long)seed);
    return good ? 0 : 1;
}
