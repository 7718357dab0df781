#include "app/box/boot_partition.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

bool boot_partition_is_lost(const struct box_places *places, char *out, size_t size)
{
    assert(places != NULL && out != NULL && size > 0);
    char path[PUBLISH_PATH_MAX];
    FILE *stream = publish_path(path, places->run, "boot-lost") ? fopen(path, "re") : NULL; /* config/box/set-up */
    const bool is_lost = stream != NULL && fgets(out, (int)size, stream) != NULL;
    if (is_lost) {
        out[strcspn(out, "\n")] = '\0';
    }
    if (stream != NULL) {
        (void)fclose(stream);
    }
    return is_lost;
}

/* What it is mounted with stays so. */
static bool remount(const char *boot, unsigned long had, bool read_only)
{
    const struct {
        unsigned long of_statvfs, of_mount;
    } flags[] = {{ST_NOSUID, MS_NOSUID},   {ST_NODEV, MS_NODEV},       {ST_NOEXEC, MS_NOEXEC},
                 {ST_NOATIME, MS_NOATIME}, {ST_RELATIME, MS_RELATIME}, {ST_SYNCHRONOUS, MS_SYNCHRONOUS}};
    unsigned long wanted = MS_REMOUNT | (read_only ? MS_RDONLY : 0UL);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        wanted |= (had & flags[i].of_statvfs) != 0 ? flags[i].of_mount : 0UL;
    }
    return mount(NULL, boot, NULL, wanted, NULL) == 0;
}

static int take_lock(const char *run)
{
    char path[PUBLISH_PATH_MAX];
    const int fd = publish_path(path, run, "boot.lock") ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd >= 0) {
        (void)flock(fd, LOCK_EX);
    }
    return fd;
}

enum status boot_partition_put(const struct box_places *places, const char *name, const void *bytes, size_t size)
{
    assert(places != NULL && name != NULL && bytes != NULL);
    char path[PUBLISH_PATH_MAX];
    struct statvfs about;
    const struct publish_mode mode = box_mode_public();
    if (!publish_path(path, places->boot, name)) {
        return STATUS_TOO_LARGE;
    }
    if (publish_is_there(path, bytes, size)) {
        return STATUS_OK;
    }
    const int lock = take_lock(places->run);
    const bool is_locked_up = statvfs(places->boot, &about) == 0 && (about.f_flag & ST_RDONLY) != 0;
    const bool is_opened = is_locked_up && remount(places->boot, about.f_flag, false);
    const enum status status = is_locked_up && !is_opened ? STATUS_DENIED : publish_file(path, &mode, bytes, size);
    if (is_opened) {
        (void)remount(places->boot, about.f_flag, true);
    }
    if (lock >= 0) {
        (void)close(lock);
    }
    return status;
}
