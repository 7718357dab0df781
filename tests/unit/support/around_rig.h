/*
 * around_rig.h: a commit over a real store (commit_rig.h) on a disk that fails when told to (disk_fault.h), with the memory that outlives it (around.h), and a second
 * view of that, as the next start has it. Include it in one .c of a test program.
 */
#ifndef WARDGATE_TESTS_AROUND_RIG_H
#define WARDGATE_TESTS_AROUND_RIG_H

#include "tests/unit/support/commit_rig.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/unit/support/disk_fault.h"

static struct commit_rig_rows rows;
static struct around around, next_start;

static inline void forget_folder(const char *folder)
{
    struct stat info;
    char name[64];
    assert_int_equal(stat(folder, &info), 0);
    (void)snprintf(name, sizeof name, "/wardgate-%jx-%jx", (uintmax_t)info.st_dev, (uintmax_t)info.st_ino);
    (void)shm_unlink(name);
}

static inline void forget(void)
{
    forget_folder(commit_rig.folder.base);
}

/* The store's folder is not there before it is opened: the one around it will do. */
static inline int around_set_up(void **state)
{
    (void)commit_rig_setup(state);
    forget();
    assert_int_equal(around_open(&around, commit_rig.folder.base), STATUS_OK);
    assert_int_equal(around_open(&next_start, commit_rig.folder.base), STATUS_OK);
    commit_rig.around = &around;
    return 0;
}

static inline int around_tear_down(void **state)
{
    atomic_store(&disk_fault.sync_error, 0);
    atomic_store(&disk_fault.meta_error, 0);
    atomic_store(&disk_fault.write_error, 0);
    atomic_store(&disk_fault.make_error, 0);
    around_close(&around);
    around_close(&next_start);
    forget();
    return commit_rig_teardown(state);
}

static inline void begin(void)
{
    commit_rig_make(true);
    around_begin(&around, commit_rig.epoch, 0);
}

static inline void rounds(unsigned count, int64_t each_us)
{
    for (unsigned i = 0; i < count; i++) {
        commit_rig_round(each_us);
    }
}

static inline bool see_epoch(void *context, const struct store_alert *alert)
{
    char head[64];
    const int length = snprintf(head, sizeof head, "{\"schema\":\"1\",\"epoch\":\"%s\",", (const char *)context);
    assert_memory_equal(alert->json, head, (size_t)length);
    return true;
}

#define AROUND_TEST(name) cmocka_unit_test_setup_teardown(name, around_set_up, around_tear_down)

#endif
