#include "tests/powerloss/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/powerloss/chance.h"
#include "tests/powerloss/recorder.h"

enum { PAGE = 4096, ENTRIES_MAX = 32, PENDING_MAX = 4096, PATH_ROOM = 512, FILE_MOST = 64 << 20 };
#define MAPPED_FILE "lock.mdb"

/* A disk without syncs has written the oldest all the same. */
#define WRITTEN_BACK 48U

struct entry {
    char name[RECORDER_NAME_MAX];
    uint16_t node;
};
struct names {
    struct entry list[ENTRIES_MAX];
    unsigned count;
};

/* What of one node is durable, and the operations that are not. */
struct content {
    unsigned char *bytes;
    uint64_t size, room;
    struct names names;
    uint32_t *pending;
    uint32_t pending_count;
};

static struct content contents[RECORDER_NODES_MAX];
static struct disk_kind disk;
static uint32_t reached;
static bool is_certain[RECORDER_OPS_MAX];  /* a pending write that is durable by itself */
static bool is_struck[RECORDER_NODES_MAX]; /* its syncs do what disk says; the others' do all */

/* How the open writes of one file come out. */
enum fate { FATE_NONE, FATE_ALL, FATE_SECTORS, FATE_FEW, FATE_MOST, FATE_PAGES, FATE_FIRST, FATE_COUNT };

static struct {
    enum fate fate;
    uint64_t sectors_left; /* FATE_FIRST */
    bool garbage;
} drawn;

static void room_make(struct content *c, uint64_t size)
{
    if (size > c->room) {
        c->room = size * 2;
        c->bytes = realloc(c->bytes, c->room);
        if (c->bytes == NULL || size > FILE_MOST) {
            (void)fprintf(stderr, "powerloss: no memory for an image\n");
            abort();
        }
    }
}

/* What comes in between reads as zeros. */
static void length_set(struct content *c, uint64_t size)
{
    room_make(c, size);
    if (size > c->size) {
        memset(c->bytes + c->size, 0, size - c->size);
    }
    c->size = size;
}

/* ---- names ---- */

static void names_remove(struct names *names, const char *name)
{
    for (unsigned i = 0; i < names->count; i++) {
        if (strcmp(names->list[i].name, name) == 0) {
            names->list[i] = names->list[--names->count];
            return;
        }
    }
}

static void names_add(struct names *names, const char *name, uint16_t node)
{
    names_remove(names, name);
    if (names->count == ENTRIES_MAX) {
        (void)fprintf(stderr, "powerloss: too many names in a folder\n");
        abort();
    }
    struct entry *entry = &names->list[names->count++];
    (void)snprintf(entry->name, sizeof entry->name, "%s", name);
    entry->node = node;
}

static void names_apply(struct names *names, const struct op *op)
{
    if (op->kind != OP_MAKE) {
        names_remove(names, op->name);
    }
    if (op->kind != OP_REMOVE) {
        names_add(names, op->kind == OP_MAKE ? op->name : op->name_to, op->node);
    }
}

/* ---- what is durable ---- */

static void bytes_apply(struct content *c, const struct op *op)
{
    if (op->kind == OP_LENGTH) {
        length_set(c, op->offset);
        return;
    }
    if (op->offset + op->size > c->size) {
        length_set(c, op->offset + op->size);
    }
    memcpy(c->bytes + op->offset, recorder->bytes + op->bytes_at, op->size);
}

static bool is_of_names(const struct op *op)
{
    return op->folder != NODE_NONE;
}

static void apply(struct content *c, const struct op *op)
{
    if (is_of_names(op)) {
        names_apply(&c->names, op);
    } else {
        bytes_apply(c, op);
    }
}

/* The first `count` open operations are durable from now on. */
static void settle(struct content *c, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        apply(c, &recorder->ops[c->pending[i]]);
    }
    c->pending_count -= count;
    memmove(c->pending, c->pending + count, c->pending_count * sizeof c->pending[0]);
}

/* A folder by any name that it ever has; a file with the folder that it is made in. */
static void strike(uint16_t node, uint16_t folder, const char *name)
{
    const bool is_named = recorder->nodes[node].is_folder && strncmp(name, disk.only, strlen(disk.only)) == 0;
    is_struck[node] = is_struck[node] || is_named || (folder != NODE_NONE && is_struck[folder]);
}

static void find_struck(void)
{
    for (uint32_t i = 0; i < RECORDER_NODES_MAX; i++) {
        is_struck[i] = disk.only == NULL;
    }
    for (uint32_t i = 0; disk.only != NULL && i < recorder->nodes_at_start; i++) {
        strike((uint16_t)i, recorder->nodes[i].folder, recorder->nodes[i].name);
    }
    for (uint32_t i = 0; disk.only != NULL && i < recorder->op_count; i++) {
        const struct op *op = &recorder->ops[i];
        if (op->kind == OP_MAKE || op->kind == OP_RENAME) {
            strike(op->node, op->folder, op->kind == OP_MAKE ? op->name : op->name_to);
        }
    }
}

void disk_start(const struct disk_kind *kind)
{
    disk = *kind;
    find_struck();
    reached = 0;
    memset(is_certain, 0, sizeof is_certain);
    for (uint32_t i = 0; i < RECORDER_NODES_MAX; i++) {
        struct content *c = &contents[i];
        if (c->pending == NULL) {
            c->pending = malloc(PENDING_MAX * sizeof c->pending[0]);
        }
        c->size = c->pending_count = c->names.count = 0;
    }
    for (uint32_t i = 0; i < recorder->nodes_at_start; i++) {
        const struct node *node = &recorder->nodes[i];
        length_set(&contents[i], node->size);
        if (node->size > 0) {
            memcpy(contents[i].bytes, recorder->bytes + node->bytes_at, node->size);
        }
        if (node->folder != NODE_NONE) {
            names_add(&contents[node->folder].names, node->name, (uint16_t)i);
        }
    }
}

static void keep_open(uint16_t node, uint32_t op)
{
    struct content *c = &contents[node];
    if (c->pending == NULL || c->pending_count == PENDING_MAX) {
        (void)fprintf(stderr, "powerloss: too much is not synced\n");
        abort();
    }
    c->pending[c->pending_count++] = op;
}

static void take(uint32_t number)
{
    const struct op *op = &recorder->ops[number];
    switch ((enum op_kind)op->kind) {
    case OP_SYNC:
        if (!is_struck[op->node] || (recorder->nodes[op->node].is_folder ? disk.syncs_folders : disk.syncs_files)) {
            settle(&contents[op->node], contents[op->node].pending_count);
        }
        break;
    case OP_SYNC_WRITE:
        is_certain[op->offset] = !is_struck[op->node] || disk.syncs_writes;
        break;
    case OP_MAKE:
    case OP_RENAME:
    case OP_REMOVE:
        keep_open(op->folder, number);
        break;
    case OP_WRITE:
    case OP_LENGTH:
        keep_open(op->node, number);
        break;
    }
}

static void write_back_oldest(void)
{
    for (uint32_t i = 0; i < recorder->node_count; i++) {
        struct content *c = &contents[i];
        uint32_t old = 0;
        while (old < c->pending_count && c->pending[old] + WRITTEN_BACK < reached) {
            old++;
        }
        settle(c, old);
    }
}

void disk_advance(uint32_t cut)
{
    for (; reached < cut; reached++) {
        take(reached);
    }
    if (!disk.syncs_files || !disk.syncs_folders || !disk.syncs_writes) {
        write_back_oldest();
    }
}

bool disk_is_settled(void)
{
    for (uint32_t i = 0; i < recorder->node_count; i++) {
        for (uint32_t p = 0; p < contents[i].pending_count; p++) {
            if (!is_certain[contents[i].pending[p]]) {
                return false;
            }
        }
    }
    return true;
}

/* ---- images ---- */

static bool sector_is_there(uint64_t sector, uint64_t *torn_page, unsigned *torn_at)
{
    const uint64_t page = sector / (PAGE / DISK_SECTOR);
    switch (drawn.fate) {
    case FATE_NONE:
        return false;
    case FATE_ALL:
        return true;
    case FATE_SECTORS:
        return chance_is(50);
    case FATE_FEW:
        return chance_is(8);
    case FATE_MOST:
        return chance_is(92);
    case FATE_PAGES:
        if (page != *torn_page) {
            *torn_page = page;
            *torn_at = (unsigned)chance_draw(3);
            *torn_at = *torn_at == 2 ? 1 + (unsigned)chance_draw(7) : *torn_at * 8;
        }
        return sector % 8 < *torn_at;
    case FATE_FIRST:
    case FATE_COUNT:
        break;
    }
    drawn.sectors_left -= drawn.sectors_left > 0;
    return drawn.sectors_left > 0;
}

/* Sectors of one write; *reach grows to the end of what is there. */
static void write_scatter(struct content *image, const struct op *op, bool certain, uint64_t *reach)
{
    uint64_t torn_page = UINT64_MAX;
    unsigned torn_at = 0;
    const uint64_t end = op->offset + op->size;
    for (uint64_t at = op->offset; at < end;) {
        const uint64_t next = (at / DISK_SECTOR + 1) * DISK_SECTOR, stop = next < end ? next : end;
        const bool there = sector_is_there(at / DISK_SECTOR, &torn_page, &torn_at);
        if (there || certain) {
            memcpy(image->bytes + at, recorder->bytes + op->bytes_at + (at - op->offset), stop - at);
            *reach = stop > *reach ? stop : *reach;
        }
        at = stop;
    }
}

static uint64_t sectors_open(const struct content *c)
{
    uint64_t sectors = 0;
    for (uint32_t i = 0; i < c->pending_count; i++) {
        sectors += recorder->ops[c->pending[i]].size / DISK_SECTOR + 1;
    }
    return sectors;
}

/* How long it is when all is there. */
static uint64_t length_most(const struct content *c)
{
    uint64_t most = c->size;
    for (uint32_t i = 0; i < c->pending_count; i++) {
        const struct op *op = &recorder->ops[c->pending[i]];
        most = op->offset + op->size > most ? op->offset + op->size : most;
    }
    return most;
}

static void fill(unsigned char *bytes, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++) {
        bytes[i] = drawn.garbage ? (unsigned char)chance_draw(256) : 0;
    }
}

static void file_draw(const struct content *c, struct content *image)
{
    const uint64_t most = length_most(c);
    uint64_t reach = c->size;
    drawn.fate = (enum fate)chance_draw(FATE_COUNT);
    drawn.sectors_left = chance_draw(sectors_open(c) + 1) + 1;
    drawn.garbage = chance_is(30);
    length_set(image, most);
    if (c->size > 0) {
        memcpy(image->bytes, c->bytes, c->size);
    }
    fill(image->bytes + c->size, most - c->size);
    for (uint32_t i = 0; i < c->pending_count; i++) {
        const struct op *op = &recorder->ops[c->pending[i]];
        if (op->kind == OP_WRITE) {
            write_scatter(image, op, is_certain[c->pending[i]], &reach);
        }
    }
    image->size = chance_is(40) ? most : reach;
}

static void mapped_draw(struct content *image)
{
    drawn.garbage = chance_is(50);
    for (uint64_t at = 0; at < image->size; at += DISK_SECTOR) {
        if (chance_is(50)) {
            fill(image->bytes + at, image->size - at < DISK_SECTOR ? image->size - at : DISK_SECTOR);
        }
    }
}

static void names_draw(const struct content *c, struct names *out)
{
    *out = c->names;
    const bool in_order = chance_is(50);
    const uint32_t first = (uint32_t)chance_draw(c->pending_count + 1);
    for (uint32_t i = 0; i < c->pending_count; i++) {
        if (in_order ? i < first : chance_is(50)) {
            names_apply(out, &recorder->ops[c->pending[i]]);
        }
    }
}

static void file_write(const char *path, const struct content *image)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    uint64_t done = 0;
    while (fd >= 0 && done < image->size) {
        const ssize_t wrote = write(fd, image->bytes + done, image->size - done);
        if (wrote <= 0) {
            break;
        }
        done += (uint64_t)wrote;
    }
    if (fd < 0 || close(fd) != 0 || done < image->size) {
        (void)fprintf(stderr, "powerloss: an image cannot be written (%s), give it room in TMPDIR\n", path);
        abort();
    }
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

void folder_clear(const char *folder)
{
    (void)nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    if (mkdir(folder, 0700) != 0) {
        (void)fprintf(stderr, "powerloss: cannot be made (%s)\n", folder);
        abort();
    }
}

static struct {
    const char *from, *to;
} copying;

static int copy_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    static struct content file;
    char to[PATH_ROOM];
    (void)where;
    (void)snprintf(to, sizeof to, "%.200s%.300s", copying.to, path + strlen(copying.from));
    if (kind == FTW_D) {
        return mkdir(to, 0700) != 0 && errno != EEXIST;
    }
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    length_set(&file, (uint64_t)info->st_size);
    if (fd < 0 || (file.size > 0 && read(fd, file.bytes, file.size) != (ssize_t)file.size)) {
        return 1;
    }
    close(fd);
    file_write(to, &file);
    return 0;
}

void folder_copy(const char *from, const char *to)
{
    copying.from = from;
    copying.to = to;
    if (nftw(from, copy_entry, 16, FTW_PHYS) != 0) {
        (void)fprintf(stderr, "powerloss: cannot be copied (%s)\n", from);
        abort();
    }
}

/* Folders that are still to be written, with the names drawn in them; those found are appended. */
struct places {
    struct {
        uint16_t node;
        char path[PATH_ROOM];
    } list[RECORDER_NODES_MAX];
    unsigned count;
};

static void entry_write(struct places *places, const char *folder, const struct entry *entry)
{
    static struct content image;
    char path[PATH_ROOM];
    (void)snprintf(path, sizeof path, "%.400s/%s", folder, entry->name);
    if (!recorder->nodes[entry->node].is_folder) {
        image.size = 0;
        file_draw(&contents[entry->node], &image);
        if (strcmp(entry->name, MAPPED_FILE) == 0) {
            mapped_draw(&image);
        }
        file_write(path, &image);
        return;
    }
    (void)mkdir(path, 0700);
    places->list[places->count].node = entry->node;
    (void)snprintf(places->list[places->count++].path, PATH_ROOM, "%s", path);
}

void disk_write_image(const char *folder, uint64_t seed)
{
    static struct places places;
    chance_seed(seed);
    folder_clear(folder);
    places.count = 1;
    places.list[0].node = 0;
    (void)snprintf(places.list[0].path, PATH_ROOM, "%s", folder);
    for (unsigned i = 0; i < places.count; i++) {
        struct names names;
        names_draw(&contents[places.list[i].node], &names);
        for (unsigned n = 0; n < names.count; n++) {
            entry_write(&places, places.list[i].path, &names.list[n]);
        }
    }
}

/* ---- the record against the files themselves ---- */

static bool file_is(const char *path, const struct content *wanted)
{
    static unsigned char bytes[65536];
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint64_t at = 0;
    bool same = fd >= 0;
    for (ssize_t got = 1; same && got > 0; at += (uint64_t)(got > 0 ? got : 0)) {
        got = read(fd, bytes, sizeof bytes);
        same = got >= 0 && at + (uint64_t)got <= wanted->size && memcmp(bytes, wanted->bytes + at, (size_t)got) == 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    return same && at == wanted->size;
}

bool disk_is_as_recorded(const char *folder)
{
    static struct places places;
    static const struct disk_kind any = {.syncs_files = true, .syncs_folders = true, .syncs_writes = true};
    bool same = true;
    disk_start(&any);
    disk_advance(recorder->op_count);
    for (uint32_t i = 0; i < recorder->node_count; i++) {
        settle(&contents[i], contents[i].pending_count);
    }
    places.count = 1;
    places.list[0].node = 0;
    (void)snprintf(places.list[0].path, PATH_ROOM, "%s", folder);
    for (unsigned i = 0; same && i < places.count; i++) {
        const struct names *names = &contents[places.list[i].node].names;
        for (unsigned n = 0; same && n < names->count; n++) {
            char path[PATH_ROOM];
            const uint16_t node = names->list[n].node;
            (void)snprintf(path, sizeof path, "%.400s/%s", places.list[i].path, names->list[n].name);
            if (recorder->nodes[node].is_folder) {
                places.list[places.count].node = node;
                (void)snprintf(places.list[places.count++].path, PATH_ROOM, "%s", path);
            } else if (strcmp(names->list[n].name, MAPPED_FILE) != 0) {
                same = file_is(path, &contents[node]);
            }
        }
    }
    return same;
}
