/* A power cut at every step of the exchange: once the note is there, finishing gives the restored box, whole; before it, nothing has changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/backup/place.h"

static char base[64];
static struct place place;

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

static const char *path_of(const char *name)
{
    static char paths[4][256];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", base, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static bool holds(const char *name, const char *text)
{
    char found[64] = "";
    FILE *file = fopen(path_of(name), "r");
    if (file == NULL) {
        return text == NULL;
    }
    (void)!fgets(found, sizeof found, file);
    (void)fclose(file);
    return text != NULL && strcmp(found, text) == 0;
}

static void make_folder(const char *name)
{
    assert_int_equal(mkdir(path_of(name), 0755), 0);
}

/* A box of before, and all that a restore builds beside it. */
static void begin(void)
{
    (void)snprintf(base, sizeof base, "/tmp/wardgate-place-XXXXXX");
    assert_non_null(mkdtemp(base));
    make_folder("etc");
    put("etc/wardgate.yaml", "old");
    make_folder("store");
    put("store/lock", "");
    put("store/minutes", "old");
    put("store/journal", "old");
    put("store/alerts", "old");
    assert_true(place_set_folder(&place, path_of("etc")));
    assert_true(place_set_store(&place, path_of("store")));
    make_folder("etc.restoring");
    put("etc.restoring/wardgate.yaml", "new");
    make_folder("store/restoring");
    put("store/restoring/lock", "");
    put("store/restoring/journal", "new");
    put("store/restoring/alerts", "new");
}

static void end(void)
{
    (void)nftw(base, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void assert_is_old(void)
{
    assert_true(holds("etc/wardgate.yaml", "old"));
    assert_true(holds("store/alerts", "old"));
    assert_true(holds("store/journal", "old"));
    assert_true(holds("store/minutes", "old"));
}

static void assert_is_new(void)
{
    assert_true(holds("etc/wardgate.yaml", "new"));
    assert_true(holds("store/alerts", "new"));
    assert_true(holds("store/journal", "new"));
    assert_true(holds("store/minutes", NULL));
    assert_true(holds("store/lock", ""));
    assert_true(holds("etc.replaced-1/wardgate.yaml", "old"));
    assert_true(holds("store/replaced-1/alerts", "old"));
    assert_true(holds("store/replaced-1/journal", "old"));
    assert_true(holds("store/replaced-1/minutes", "old"));
    assert_int_not_equal(access(path_of("etc.restore"), F_OK), 0);
    assert_int_not_equal(access(path_of("store/restoring"), F_OK), 0);
}

static void test_before_the_note(void **state)
{
    (void)state;
    struct place done;
    begin();
    assert_false(place_is_cut(path_of("etc/wardgate.yaml")));
    assert_int_equal(place_finish(path_of("etc"), &done), STATUS_NOT_FOUND);
    place_sweep(&place);
    assert_is_old();
    assert_int_not_equal(access(path_of("etc.restoring"), F_OK), 0);
    assert_int_not_equal(access(path_of("store/restoring"), F_OK), 0);
    end();
}

/* Each state that a cut can leave is what the steps before it make. */
static void test_every_step_after_it(void **state)
{
    (void)state;
    static const char *const steps[][2] = {{"etc", "etc.replaced-1"},
                                           {"etc.restoring", "etc"},
                                           {NULL, "store/replaced-1"},
                                           {"store/minutes", "store/replaced-1/minutes"},
                                           {"store/journal", "store/replaced-1/journal"},
                                           {"store/restoring/journal", "store/journal"},
                                           {"store/alerts", "store/replaced-1/alerts"},
                                           {"store/restoring/alerts", "store/alerts"}};
    for (size_t cut = 0; cut <= sizeof steps / sizeof steps[0]; cut++) {
        struct place done;
        begin();
        assert_int_equal(place_commit(&place), STATUS_OK);
        for (size_t i = 0; i < cut; i++) {
            if (steps[i][0] == NULL) {
                make_folder(steps[i][1]);
            } else {
                assert_int_equal(rename(path_of(steps[i][0]), path_of(steps[i][1])), 0);
            }
        }
        assert_true(place_is_cut(path_of("etc/wardgate.yaml")));
        assert_int_equal(place_finish(path_of("etc"), &done), STATUS_OK);
        assert_is_new();
        assert_int_equal(place_finish(path_of("etc"), &done), STATUS_NOT_FOUND);
        end();
    }
}

static void test_somebody_was_there_since(void **state)
{
    (void)state;
    struct place done;
    begin();
    assert_int_equal(place_commit(&place), STATUS_OK);
    make_folder("etc.replaced-1");
    assert_int_equal(place_finish(path_of("etc"), &done), STATUS_INVALID);
    assert_is_old();
    assert_int_not_equal(access(path_of("etc.restore"), F_OK), 0); /* neither: it is as before */
    end();
}

static void test_a_note_that_is_none(void **state)
{
    (void)state;
    struct place done;
    begin();
    put("etc.restore", "{\"store\":\"relative\"}\n");
    assert_int_equal(place_finish(path_of("etc"), &done), STATUS_CORRUPT);
    assert_is_old();
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before_the_note),
        cmocka_unit_test(test_every_step_after_it),
        cmocka_unit_test(test_somebody_was_there_since),
        cmocka_unit_test(test_a_note_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
