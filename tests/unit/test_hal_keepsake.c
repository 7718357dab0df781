/* Memory that outlives the program: what was noted is there for the next one, whatever ended this one, and of this folder alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hal/keepsake.h"

static char folder[64], other[64];

static void name_of(const char *path, char out[64])
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    (void)snprintf(out, 64, "/wardgate-%jx-%jx", (uintmax_t)info.st_dev, (uintmax_t)info.st_ino);
}

static void forget(const char *path)
{
    char name[64];
    name_of(path, name);
    (void)shm_unlink(name);
}

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/wardgate-keepsake-XXXXXX");
    (void)snprintf(other, sizeof other, "/tmp/wardgate-keepsake-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_non_null(mkdtemp(other));
    forget(folder); /* of a folder that had its inode before */
    forget(other);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    forget(folder);
    forget(other);
    (void)rmdir(folder);
    (void)rmdir(other);
    return 0;
}

static unsigned char *open_keepsake(const char *path)
{
    void *keepsake = NULL;
    assert_int_equal(keepsake_open(path, &keepsake), STATUS_OK);
    assert_non_null(keepsake);
    return keepsake;
}

static void test_it_begins_with_zeros_and_stays(void **state)
{
    (void)state;
    static const unsigned char zeros[KEEPSAKE_BYTES];
    unsigned char *keepsake = open_keepsake(folder);
    assert_memory_equal(keepsake, zeros, KEEPSAKE_BYTES);
    keepsake[0] = 1;
    keepsake[KEEPSAKE_BYTES - 1] = 2;
    keepsake_close(keepsake);
    keepsake = open_keepsake(folder);
    assert_int_equal(keepsake[0], 1);
    assert_int_equal(keepsake[KEEPSAKE_BYTES - 1], 2);
    keepsake_close(keepsake);
    keepsake_close(NULL);
    keepsake = open_keepsake(other);
    assert_memory_equal(keepsake, zeros, KEEPSAKE_BYTES);
    keepsake_close(keepsake);
}

static void test_a_kill_takes_nothing_of_it(void **state)
{
    (void)state;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        void *keepsake = NULL;
        if (keepsake_open(folder, &keepsake) == STATUS_OK) {
            memcpy(keepsake, "noted", 6);
            (void)raise(SIGKILL);
        }
        _exit(EXIT_FAILURE);
    }
    int ended = 0;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFSIGNALED(ended));
    unsigned char *keepsake = open_keepsake(folder);
    assert_string_equal((const char *)keepsake, "noted");
    keepsake_close(keepsake);
}

static void test_no_folder_and_somebody_elses(void **state)
{
    (void)state;
    void *keepsake = NULL;
    char name[64], path[128];
    assert_int_equal(keepsake_open("/nowhere/at/all", &keepsake), STATUS_IO);
    name_of(folder, name);
    (void)snprintf(path, sizeof path, "/dev/shm%s", name);
    if (geteuid() != 0) {
        skip(); /* only root can give a file away */
    }
    keepsake_close(open_keepsake(folder));
    assert_int_equal(chown(path, 65534, 65534), 0);
    assert_int_equal(keepsake_open(folder, &keepsake), STATUS_DENIED);
    assert_null(keepsake);
}

/* Whoever may make names there has given the page that of a file of ours, by a second name or a symbolic link. */
static void test_another_file_of_ours(void **state)
{
    (void)state;
    static const char kept[] = "not a page";
    void *keepsake = NULL;
    char name[64], path[128], mine[] = "/dev/shm/wardgate-test-XXXXXX", found[sizeof kept];
    name_of(folder, name);
    (void)snprintf(path, sizeof path, "/dev/shm%s", name);
    const int fd = mkstemp(mine);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, kept, sizeof kept), sizeof kept);
    assert_int_equal(link(mine, path), 0);
    assert_int_equal(keepsake_open(folder, &keepsake), STATUS_DENIED);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(mine, path), 0);
    assert_int_not_equal(keepsake_open(folder, &keepsake), STATUS_OK);
    assert_null(keepsake);
    struct stat info;
    assert_int_equal(fstat(fd, &info), 0);
    assert_int_equal(info.st_size, sizeof kept);
    assert_int_equal(pread(fd, found, sizeof found, 0), sizeof found);
    assert_memory_equal(found, kept, sizeof kept);
    assert_int_equal(unlink(mine), 0);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_it_begins_with_zeros_and_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_kill_takes_nothing_of_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_folder_and_somebody_elses, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_file_of_ours, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
