/*
 * scenario [FILE...]: plays the situations of these files, or of all under tests/scenario, and says of each whether what
 * came is what the file expects; else the first difference, with file and line. From the root of the project.
 *
 * Without files it checks, too, that every shipped rule and every score has its file, with every kind of situation.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/settings/settings.h"
#include "tests/scenario/scene.h"

#define FOLDER    "tests/scenario"
#define FILES_MAX 512

static char folder[200]; /* of configurations and stores */
static unsigned failed;

static void begin(const char *name)
{
    (void)printf("[ RUN      ] %s\n", name);
}

static void succeed(const char *name)
{
    (void)printf("[       OK ] %s\n", name);
}

/* After why is told. */
static void fail(const char *name)
{
    (void)printf("[  FAILED  ] %s\n", name);
    failed++;
}

/* One that says how it fails must fail so, and not otherwise: else this program could not see a difference at all. */
static bool judge(const struct scene *scene)
{
    if (strcmp(scene->fault, scene->wanted_fault) == 0) {
        return true;
    }
    if (scene->wanted_fault[0] != '\0') {
        (void)printf("%s:%u: should fail at %s, but: %s\n", scene->file, scene->line, scene->wanted_fault,
                     scene->fault[0] != '\0' ? scene->fault : "it does not");
    } else {
        (void)printf("%s:%s\n", scene->file, scene->fault);
    }
    return false;
}

static void play(void *context, struct scene *scene)
{
    char name[2 * SCENE_TEXT_MAX];
    (void)context;
    (void)snprintf(name, sizeof name, "%s: %s", scene->file, scene->title);
    begin(name);
    if (scene->fault[0] == '\0') {
        scene_play(folder, scene);
    }
    (judge(scene) ? succeed : fail)(name);
}

static void play_file(const char *file)
{
    if (!scene_read_file(file, play, NULL)) {
        begin(file);
        (void)printf("%s: this file cannot be read\n", file);
        fail(file);
    }
}

/* --- whether there is a file for everything ------------------------------------------------------------------ */

/* What a file must have a situation for, by the first word of its title. */
static const char *const kinds[] = {"raise", "limit", "clear", "unknown", "restart", "discharge"};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

struct cover {
    const char *name;
    unsigned found; /* bit per kind */
    bool speaks;    /* something is expected of it */
};

static void look(void *context, struct scene *scene)
{
    struct cover *cover = context;
    for (unsigned k = 0; k < KIND_COUNT; k++) {
        const size_t length = strlen(kinds[k]);
        const bool is = strncmp(scene->title, kinds[k], length) == 0 && strchr(" :,", scene->title[length]) != NULL;
        cover->found |= is ? 1U << k : 0U;
    }
    for (unsigned i = 0; i < scene->count; i++) {
        const struct scene_item *item = &scene->items[i];
        cover->speaks |= item->kind == SCENE_ALERT && strcmp(item->alert.name, cover->name) == 0;
        cover->speaks |= item->kind == SCENE_SCORE && strcmp(score_name(item->score.score), cover->name) == 0;
    }
}

static bool is_covered(const char *file, const char *kind, const char *name)
{
    struct cover cover = {.name = name};
    if (!scene_read_file(file, look, &cover)) {
        (void)printf("%s: there is no such file for the %s %s\n", file, kind, name);
        return false;
    }
    for (unsigned k = 0; k < KIND_COUNT; k++) {
        if ((cover.found >> k & 1U) == 0) {
            (void)printf("%s: no situation's title begins with '%s'\n", file, kinds[k]);
            return false;
        }
    }
    if (!cover.speaks) {
        (void)printf("%s: nothing is expected of %s\n", file, name);
    }
    return cover.speaks;
}

static void check_cover(const char *kind, const char *name)
{
    char file[SCENE_TEXT_MAX], title[2 * SCENE_TEXT_MAX];
    (void)snprintf(file, sizeof file, FOLDER "/%ss/%s.txt", kind, name);
    (void)snprintf(title, sizeof title, "%s: there is one for the %s", file, kind);
    begin(title);
    (is_covered(file, kind, name) ? succeed : fail)(title);
}

static void check_covers(void)
{
    struct scene scene = {.file = FOLDER "/all", .given = {.vitals = 1U << VITAL_hr, .period_ms = {[VITAL_hr] = 1000}}};
    struct scene_gateway *gateway = scene_gateway_open(folder, &scene);
    if (gateway == NULL) {
        begin("shipped rules");
        (void)printf("%s:%s\n", scene.file, scene.fault);
        fail("shipped rules");
        return;
    }
    const struct settings *settings = scene_gateway_settings(gateway);
    for (unsigned r = 0; r < settings->rule_count; r++) {
        check_cover("rule", settings->rules[r].name);
    }
    for (unsigned s = 0; s < SCORE_COUNT; s++) {
        check_cover("score", score_name((enum score)s));
    }
    scene_gateway_close(gateway);
}

/* --- files --------------------------------------------------------------------------------------------------- */

static char *files[FILES_MAX];
static unsigned file_count;

static int note_file(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)where;
    const size_t length = strlen(path);
    if (kind == FTW_F && length > 4 && strcmp(path + length - 4, ".txt") == 0 && file_count < FILES_MAX) {
        files[file_count++] = strdup(path);
    }
    return 0;
}

static int compare_files(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void play_all(void)
{
    (void)nftw(FOLDER, note_file, 8, FTW_PHYS);
    qsort(files, file_count, sizeof files[0], compare_files);
    for (unsigned i = 0; i < file_count; i++) {
        play_file(files[i]);
        free(files[i]);
    }
    check_covers();
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

int main(int argc, char **argv)
{
    const char *base = getenv("TEST_DIR");
    (void)snprintf(folder, sizeof folder, "%s/wardgate-scenario-XXXXXX",
                   base != NULL && base[0] != '\0' ? base : "/tmp");
    if (mkdtemp(folder) == NULL) {
        (void)fprintf(stderr, "wardgate: no folder for the scenarios (%s), make room or set TEST_DIR\n", folder);
        return EXIT_FAILURE;
    }
    for (int i = 1; i < argc; i++) {
        play_file(argv[i]);
    }
    if (argc == 1) {
        play_all();
    }
    (void)nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
