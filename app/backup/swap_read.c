/* A backup's file, looked at as a whole before anything of it is used. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/backup/swap.h"

enum { READ_FIRST = 1 << 16 };

/* From a pipe nobody knows its size. */
static bool read_all(struct swap *swap, int fd, char why[SWAP_WHY_MAX])
{
    size_t room = 0;
    for (;;) {
        if (swap->size == room) {
            room = room == 0 ? READ_FIRST : room * 2;
            unsigned char *bytes = room <= 2 * ARCHIVE_BYTES_MAX ? realloc(swap->bytes, room) : NULL;
            if (bytes == NULL) {
                (void)snprintf(why, SWAP_WHY_MAX, "it is larger than any backup, or memory is short");
                return false;
            }
            swap->bytes = bytes;
        }
        const ssize_t got = read(fd, swap->bytes + swap->size, room - swap->size);
        if (got < 0 && errno != EINTR) {
            (void)snprintf(why, SWAP_WHY_MAX, "%s", strerror(errno));
            return false;
        }
        if (got == 0) {
            return true;
        }
        swap->size += got > 0 ? (size_t)got : 0;
    }
}

static bool read_file(struct swap *swap, const char *file, char why[SWAP_WHY_MAX])
{
    if (strcmp(file, "-") == 0) {
        return read_all(swap, STDIN_FILENO, why);
    }
    const int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        (void)snprintf(why, SWAP_WHY_MAX, "%s", strerror(errno));
        return false;
    }
    const bool is_read = read_all(swap, fd, why);
    close(fd);
    return is_read;
}

static void pass_over(void *context, const struct state_bed *bed)
{
    (void)context;
    (void)bed;
}

bool swap_read(struct swap *swap, const char *file, char why[SWAP_WHY_MAX])
{
    assert(swap != NULL && file != NULL && why != NULL);
    swap->lock_fd = -1;
    if (!read_file(swap, file, why) || !archive_read(swap->bytes, swap->size, &swap->archive, why)) {
        return false;
    }
    const struct archive_member *head = archive_find(&swap->archive, MANIFEST_NAME),
                                *store = archive_find(&swap->archive, MANIFEST_STORE);
    if (head == NULL || store == NULL) {
        (void)snprintf(why, SWAP_WHY_MAX, "it is no backup of wardgate");
        return false;
    }
    if (!manifest_read(head->bytes, head->size, &swap->manifest, why) ||
        !manifest_fits(&swap->manifest, &swap->archive, why)) {
        return false;
    }
    if (swap->manifest.schema > STORE_SCHEMA) {
        (void)snprintf(why, SWAP_WHY_MAX, "its store is of a newer wardgate (%s), use that one",
                       swap->manifest.wardgate);
        return false;
    }
    swap->summary.engine_ms = swap->manifest.engine_ms;
    return state_check(store->bytes, store->size, pass_over, NULL, &swap->summary, why);
}

void swap_each_bed(const struct swap *swap, state_visit *visit, void *context)
{
    const struct archive_member *store = archive_find(&swap->archive, MANIFEST_STORE);
    struct state_summary again = {.engine_ms = swap->manifest.engine_ms};
    char why[ARCHIVE_WHY_MAX];
    (void)!state_check(store->bytes, store->size, visit, context, &again, why); /* swap_read has looked at it */
}
