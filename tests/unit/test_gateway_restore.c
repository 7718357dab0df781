/* Which names a run gives: no id that one before it, or it itself before a reload, may have given and not committed, and no epoch in which such names may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>

#include "app/engine/engine_internal.h"
#include "app/gateway_internal.h"
#include "tests/unit/support/disk_fault.h"
#include "tests/unit/support/store_folder.h"

#define NOW_MS      INT64_C(1700000000000)
#define ARENA_BYTES (4 * 1024 * 1024)

static struct store_folder folder;
static struct gateway *g;
static struct plan plan;
static struct bed_config bed = {.id = "b01", .monitor_count = 1};

static int set_up(void **state)
{
    (void)state;
    store_folder_init(&folder);
    g = calloc(1, sizeof *g);
    assert_non_null(g);
    (void)snprintf(g->epoch, sizeof g->epoch, "0123456789abcdef");
    memset(&plan, 0, sizeof plan);
    plan.engine = (struct engine_config){.beds = &bed, .bed_count = 1};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_close(g->opened);
    free(g);
    store_folder_fini(&folder);
    return 0;
}

static void put_numbers(uint64_t seq, uint64_t next_id)
{
    const struct state_numbers numbers = {.seq = seq, .next_id = next_id};
    assert_int_equal(store_begin(g->opened), STATUS_OK);
    assert_int_equal(store_put_state(g->opened, STATE_NUMBERS, &numbers, sizeof numbers), STATUS_OK);
    assert_int_equal(store_commit(g->opened), STATUS_OK);
}

static uint64_t least_seq;  /* that must have been restored */
static bool again, is_safe; /* behind a restore that failed; no number is given twice */

/* Of a start, or of a reload, which restores into another engine from the same store. */
static struct state_numbers restored(const char *boot)
{
    struct arena arena = {.base = aligned_alloc(64, ARENA_BYTES), .size = ARENA_BYTES};
    struct restore_counts counts;
    struct generation *gen = aligned_alloc(64, (sizeof *gen + 63) / 64 * 64);
    assert_non_null(arena.base);
    assert_non_null(gen);
    memset(arena.base, 0, ARENA_BYTES);
    memset(gen, 0, sizeof *gen);
    (void)snprintf(g->boot, sizeof g->boot, "%s", boot);
    gen->plan = &plan;
    gen->engine = engine_make(&arena, &plan.engine);
    assert_non_null(gen->engine);
    if (again) {
        is_safe = gateway_restore_again(g, gen, NOW_MS, RESTORE_UNBROKEN, least_seq);
    } else {
        assert_int_equal(gateway_restore(g, gen, NOW_MS, RESTORE_UNBROKEN, &counts), STATUS_OK);
    }
    const struct state_numbers numbers = {.seq = gen->engine->seq, .next_id = gen->engine->next_id};
    free(gen);
    free(arena.base);
    return numbers;
}

static void test_each_start_has_a_block_of_its_own(void **state)
{
    (void)state;
    g->opened = store_folder_open(&folder);
    put_numbers(41, 9);
    const struct state_numbers first = restored("00000000"), second = restored("0000abcd"),
                               third = restored("ffff0001");
    assert_int_equal(first.seq, 41);
    assert_int_equal(second.seq, 41);
    assert_int_equal(first.next_id, 9 + UINT64_C(0x10000));
    assert_int_equal(second.next_id, 9 + UINT64_C(0xabce) * 0x10000);
    assert_int_equal(third.next_id, 9 + UINT64_C(2) * 0x10000);
}

/* Nothing of this run is in the store yet: it has shown ids of its block, and no others may come from that of the run before. */
static void test_a_reload_before_the_first_commit(void **state)
{
    (void)state;
    g->opened = store_folder_open(&folder);
    put_numbers(41, 9);
    const struct state_numbers start = restored("00000007"), reload = restored("00000007");
    assert_true(start.next_id > 9);
    assert_int_equal(reload.next_id, start.next_id);
    put_numbers(42, start.next_id + 3); /* and behind it they go on from there, in blocks */
    assert_true(restored("00000007").next_id > start.next_id + 3);
}

static struct settings settings;

static void test_without_a_store(void **state)
{
    (void)state;
    assert_int_equal(restored("00000007").next_id, 1);
}

/* As when alarms that are gone cannot be ended: LMDB reads nothing through that opening any more. */
static void break_opening(void)
{
    const struct state_numbers numbers = {.seq = 43, .next_id = 12};
    assert_int_equal(store_begin(g->opened), STATUS_OK);
    assert_int_equal(store_put_state(g->opened, STATE_NUMBERS, &numbers, sizeof numbers), STATUS_OK);
    atomic_store(&disk_fault.meta_error, EIO);
    assert_int_equal(store_commit(g->opened), STATUS_IO);
    atomic_store(&disk_fault.meta_error, 0);
}

static void test_the_old_engine_goes_on_behind_a_commit_that_failed_half_way(void **state)
{
    (void)state;
    settings.store.path = folder.path;
    g->settings = &settings;
    g->opened = store_folder_open(&folder);
    put_numbers(41, 9);
    again = true;
    least_seq = 41;
    break_opening();
    assert_int_equal(restored("00000007").seq, 41);
    assert_true(is_safe);
    least_seq = 42;
    (void)restored("00000007");
    assert_false(is_safe);
    again = false;
}

/* ---- epochs ---- */

/* As when the box was off. */
static void forget(void)
{
    struct stat info;
    char name[64];
    assert_int_equal(stat(folder.path, &info), 0);
    (void)snprintf(name, sizeof name, "/wardgate-%jx-%jx", (uintmax_t)info.st_dev, (uintmax_t)info.st_ino);
    (void)shm_unlink(name);
}

/* True: the epoch of its store goes on. */
static bool start_goes_on(void)
{
    settings.store.path = folder.path;
    g->settings = &settings;
    g->opened = store_folder_open(&folder);
    if (store_is_new(g->opened)) {
        forget(); /* of a folder that had its inode before */
    }
    (void)snprintf(g->epoch, sizeof g->epoch, "fedcba9876543210");
    gateway_name_epoch(g);
    return strcmp(g->epoch, store_epoch(g->opened)) == 0;
}

static void end(void)
{
    around_close(&g->around);
    store_close(g->opened);
    g->opened = NULL;
}

static void test_an_epoch_goes_on_where_all_is_stored(void **state)
{
    (void)state;
    assert_true(start_goes_on()); /* the first one */
    end();
    assert_true(start_goes_on());
    put_numbers(41, 9);
    around_stored(&g->around, 41);
    end();
    assert_true(start_goes_on());
    around_note(&g->around);
    end();
    assert_false(start_goes_on());
    assert_true(epochs_has(&g->epochs_before, store_epoch(g->opened)));
    end();
    forget();
}

/* Nothing was ever stored, for the disk failed at once; what went around it has names of this epoch, and nobody knows of it any more. */
static void test_a_store_that_was_never_used(void **state)
{
    (void)state;
    assert_true(start_goes_on());
    around_note(&g->around);
    end();
    assert_false(start_goes_on());
    end();
    forget();
    assert_false(start_goes_on());
    end();
    forget();
}

/* Put back into its folder as it was before: what was stored since has names, too. */
static void test_a_store_put_back_in_place(void **state)
{
    (void)state;
    assert_true(start_goes_on());
    put_numbers(41, 9);
    around_stored(&g->around, 44);
    around_stored(&g->around, 43);
    end();
    assert_false(start_goes_on());
    end();
    forget();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_start_has_a_block_of_its_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_reload_before_the_first_commit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_without_a_store, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_old_engine_goes_on_behind_a_commit_that_failed_half_way, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_an_epoch_goes_on_where_all_is_stored, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_store_that_was_never_used, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_store_put_back_in_place, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
