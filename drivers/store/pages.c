#include "drivers/store/pages.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/store/environment.h"
#include "drivers/store/folder.h"

/* The file as LMDB 0.9 lays it out (its mdb.c: MDB_page, MDB_node, MDB_db, MDB_meta); words are size_t. */
#define FILE_MAGIC   0xBEEFC0DEU
#define FILE_VERSION 1U
#define NO_PAGE      SIZE_MAX
enum { META_PAGES = 2, PAGE_SIZE_LEAST = 512, PAGE_SIZE_MOST = 32768, DEPTH_MOST = 32, KEY_MOST = 511 };
enum {
    OTHER_HEAD = sizeof(size_t) == 8 ? 12 : 16
}; /* of a page of a 32-bit machine on one of 64 bits, and the other way round */
enum { PAGE_BRANCH = 0x01, PAGE_LEAF = 0x02, PAGE_OVERFLOW = 0x04, PAGE_META = 0x08 };
enum { NODE_HEAD = 8, NODE_BIG = 0x01, NODE_TREE = 0x02 };
enum {
    TREE_FREE,
    TREE_MAIN,
    TREES_IN_META,
    TREES_MOST = TREES_IN_META + 4 * ENVIRONMENT_DATABASES_MAX, /* a newer store may have tables that we do not know */
    TREE_INTEGER_KEYS = 0x08
};
#define PAGES_MOST ((size_t)1 << 24) /* far beyond any store; bounds the bitmap */

struct page_head {
    size_t number;
    uint16_t pad, flags, lower, upper; /* overflow pages: their count as one uint32_t in the place of lower and upper */
};

struct tree {
    uint32_t page_size; /* used in the tree of free pages only */
    uint16_t flags, depth;
    size_t branch_pages, leaf_pages, overflow_pages, entries, root;
};

struct meta {
    uint32_t magic, version;
    size_t address, map_size;
    struct tree trees[TREES_IN_META];
    size_t last_page, transaction;
};

_Static_assert(sizeof(struct page_head) == sizeof(size_t) + 8, "no padding in LMDB's page head");
_Static_assert(sizeof(struct tree) == 8 + 5 * sizeof(size_t), "no padding in LMDB's tree record");

/* A node in the page at hand. */
struct node {
    const unsigned char *key;
    size_t key_size;
    uint16_t flags;
    size_t size;  /* of a leaf's data */
    size_t child; /* of a branch */
    size_t bytes; /* the node takes in the page */
};

struct check {
    int fd;
    uint32_t page_size;
    size_t last_page;
    struct tree trees[TREES_MOST];
    unsigned tree_count;
    /* the largest key so far in the tree at hand; a separator is a bound that the next key may equal */
    unsigned char key[KEY_MOST];
    size_t key_size;
    bool key_is_bound;
    unsigned char page[PAGE_SIZE_MOST];
    unsigned char seen[]; /* bit per page */
};

/* One descent through one tree: the page and the next child on each level. */
struct walk {
    const struct tree *tree;
    unsigned kind; /* TREE_FREE, TREE_MAIN, or a named one */
    struct tree found;
    unsigned depth;
    struct {
        size_t page;
        unsigned next;
    } levels[DEPTH_MOST];
};

static enum status read_at(int fd, uint64_t offset, void *out, size_t size)
{
    unsigned char *bytes = out;
    for (size_t done = 0; done < size;) {
        const ssize_t got = pread(fd, bytes + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno != EINTR) {
            return folder_status(errno);
        }
        if (got == 0) {
            return STATUS_CORRUPT; /* shorter than its own records say */
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return STATUS_OK;
}

/* Marks pages as used for one purpose; false when they do not exist or already serve another. */
static bool claim(struct check *c, size_t page, size_t count)
{
    if (page < META_PAGES || page > c->last_page || count == 0 || count - 1 > c->last_page - page) {
        return false;
    }
    for (size_t i = page; i < page + count; i++) {
        const unsigned char bit = (unsigned char)(1U << (i % 8));
        if ((c->seen[i / 8] & bit) != 0) {
            return false;
        }
        c->seen[i / 8] |= bit;
    }
    return true;
}

static unsigned node_count(const struct page_head *head)
{
    return (unsigned)(head->lower - sizeof *head) / 2;
}

static bool node_read(const struct check *c, const struct page_head *head, unsigned index, struct node *out)
{
    uint16_t at = 0, raw[4];
    memcpy(&at, c->page + sizeof *head + 2 * (size_t)index, sizeof at);
    if (at < head->upper || at % 2 != 0 || at > c->page_size - NODE_HEAD) {
        return false;
    }
    memcpy(raw, c->page + at, sizeof raw); /* low half and high half of size or child, flags, key size */
    out->key = c->page + at + NODE_HEAD;
    out->key_size = raw[3];
    out->flags = raw[2];
    out->size = raw[0] | (size_t)raw[1] << 16;
    out->child = (size_t)(raw[0] | (uint64_t)raw[1] << 16 | (uint64_t)raw[2] << 32);
    out->bytes = NODE_HEAD + out->key_size;
    if ((head->flags & PAGE_LEAF) != 0) {
        out->bytes += (out->flags & NODE_BIG) != 0 ? sizeof(size_t) : out->size;
    }
    out->bytes += out->bytes % 2;
    return out->key_size <= KEY_MOST && out->bytes <= c->page_size - at;
}

/* Every node lies in the page, and together they fill exactly what the head says is filled. */
static bool nodes_fit(const struct check *c, const struct page_head *head)
{
    size_t filled = 0;
    for (unsigned i = 0; i < node_count(head); i++) {
        struct node node;
        if (!node_read(c, head, i, &node)) {
            return false;
        }
        filled += node.bytes;
    }
    return filled == c->page_size - head->upper;
}

static enum status page_load(struct check *c, size_t page, unsigned flags, unsigned least, struct page_head *out)
{
    const enum status status = read_at(c->fd, (uint64_t)page * c->page_size, c->page, c->page_size);
    if (status != STATUS_OK) {
        return status;
    }
    memcpy(out, c->page, sizeof *out);
    const bool sane = out->number == page && out->flags == flags && out->lower >= sizeof *out + 2 * least &&
                      out->lower % 2 == 0 && out->lower <= out->upper && out->upper <= c->page_size;
    return sane && nodes_fit(c, out) ? STATUS_OK : STATUS_CORRUPT;
}

static int key_compare(const struct check *c, const struct node *node, bool integer)
{
    if (integer) {
        size_t left = 0, right = 0;
        memcpy(&left, c->key, sizeof left);
        memcpy(&right, node->key, sizeof right);
        return left < right ? -1 : left > right;
    }
    const size_t common = c->key_size < node->key_size ? c->key_size : node->key_size;
    const int order = memcmp(c->key, node->key, common);
    return order != 0 ? order : c->key_size < node->key_size ? -1 : c->key_size > node->key_size;
}

static bool key_follows(struct check *c, const struct walk *w, const struct node *node, bool bound)
{
    const bool integer = w->kind == TREE_FREE;
    if (node->key_size == 0 || (integer && node->key_size != sizeof(size_t))) {
        return false;
    }
    const int order = c->key_size == 0 ? -1 : key_compare(c, node, integer);
    if (order > 0 || (order == 0 && !c->key_is_bound)) {
        return false;
    }
    memcpy(c->key, node->key, node->key_size);
    c->key_size = node->key_size;
    c->key_is_bound = bound;
    return true;
}

/* A record of the tree of free pages: a count, then page numbers, falling. */
static enum status free_list_check(struct check *c, uint64_t offset, size_t size)
{
    size_t count = 0, above = SIZE_MAX;
    enum status status = size < sizeof count ? STATUS_CORRUPT : read_at(c->fd, offset, &count, sizeof count);
    if (status != STATUS_OK || count > size / sizeof count - 1) {
        return status != STATUS_OK ? status : STATUS_CORRUPT;
    }
    while (count > 0) {
        size_t pages[64];
        const size_t batch = count < 64 ? count : 64;
        offset += sizeof count * (above == SIZE_MAX ? 1 : 64);
        status = read_at(c->fd, offset, pages, batch * sizeof pages[0]);
        if (status != STATUS_OK) {
            return status;
        }
        for (size_t i = 0; i < batch; i++) {
            if (pages[i] >= above || !claim(c, pages[i], 1)) {
                return STATUS_CORRUPT;
            }
            above = pages[i];
        }
        count -= batch;
    }
    return STATUS_OK;
}

/* A value on pages of its own: *out_offset is where it begins in the file. */
static enum status overflow_check(struct check *c, struct walk *w, const struct node *node, uint64_t *out_offset)
{
    size_t page = 0;
    memcpy(&page, node->key + node->key_size, sizeof page);
    const size_t count = (sizeof(struct page_head) - 1 + node->size) / c->page_size + 1;
    if (!claim(c, page, count)) {
        return STATUS_CORRUPT;
    }
    struct page_head head;
    uint32_t count_found = 0;
    unsigned char last = 0;
    const uint64_t start = (uint64_t)page * c->page_size;
    enum status status = read_at(c->fd, start, &head, sizeof head);
    if (status == STATUS_OK) {
        status = read_at(c->fd, start + sizeof head + node->size - 1, &last, sizeof last);
    }
    memcpy(&count_found, &head.lower, sizeof count_found);
    if (status == STATUS_OK && (head.number != page || head.flags != PAGE_OVERFLOW || count_found != count)) {
        status = STATUS_CORRUPT;
    }
    w->found.overflow_pages += count;
    *out_offset = start + sizeof head;
    return status;
}

static enum status tree_note(struct check *c, const struct node *node)
{
    if (node->flags != NODE_TREE || node->size != sizeof(struct tree) || c->tree_count == TREES_MOST) {
        return STATUS_CORRUPT;
    }
    memcpy(&c->trees[c->tree_count++], node->key + node->key_size, sizeof(struct tree));
    return STATUS_OK;
}

static enum status leaf_node_check(struct check *c, struct walk *w, const struct node *node)
{
    if (!key_follows(c, w, node, false)) {
        return STATUS_CORRUPT;
    }
    w->found.entries++;
    if (w->kind == TREE_MAIN) {
        return tree_note(c, node);
    }
    if ((node->flags & ~NODE_BIG) != 0 || ((node->flags & NODE_BIG) != 0 && node->size == 0)) {
        return STATUS_CORRUPT;
    }
    uint64_t offset =
        (uint64_t)w->levels[w->depth - 1].page * c->page_size + (uint64_t)(node->key + node->key_size - c->page);
    const enum status status = (node->flags & NODE_BIG) != 0 ? overflow_check(c, w, node, &offset) : STATUS_OK;
    return status == STATUS_OK && w->kind == TREE_FREE ? free_list_check(c, offset, node->size) : status;
}

static enum status descend(struct check *c, struct walk *w, size_t page)
{
    if (w->depth == w->tree->depth || !claim(c, page, 1)) {
        return STATUS_CORRUPT;
    }
    w->levels[w->depth].page = page;
    w->levels[w->depth++].next = 0;
    return STATUS_OK;
}

static enum status leaf_step(struct check *c, struct walk *w)
{
    struct page_head head;
    enum status status = page_load(c, w->levels[w->depth - 1].page, PAGE_LEAF, 1, &head);
    for (unsigned i = 0; status == STATUS_OK && i < node_count(&head); i++) {
        struct node node;
        status = node_read(c, &head, i, &node) ? leaf_node_check(c, w, &node) : STATUS_CORRUPT;
    }
    w->found.leaf_pages++;
    w->depth--;
    return status;
}

/* The first child has no separator: its key is never looked at. */
static enum status branch_step(struct check *c, struct walk *w)
{
    const size_t page = w->levels[w->depth - 1].page;
    const unsigned next = w->levels[w->depth - 1].next++;
    struct page_head head;
    const enum status status = page_load(c, page, PAGE_BRANCH, w->kind == TREE_FREE ? 1 : 2, &head);
    if (status != STATUS_OK) {
        return status;
    }
    w->found.branch_pages += next == 0;
    if (next == node_count(&head)) {
        w->depth--;
        return STATUS_OK;
    }
    struct node node;
    if (!node_read(c, &head, next, &node) || (next > 0 && !key_follows(c, w, &node, true))) {
        return STATUS_CORRUPT;
    }
    return descend(c, w, node.child);
}

static bool counts_agree(const struct tree *a, const struct tree *b)
{
    return a->branch_pages == b->branch_pages && a->leaf_pages == b->leaf_pages &&
           a->overflow_pages == b->overflow_pages && a->entries == b->entries;
}

static enum status tree_check(struct check *c, const struct tree *tree, unsigned kind)
{
    if (tree->flags != (kind == TREE_FREE ? TREE_INTEGER_KEYS : 0) || tree->depth > DEPTH_MOST ||
        (tree->root == NO_PAGE) != (tree->depth == 0)) {
        return STATUS_CORRUPT;
    }
    struct walk w = {.tree = tree, .kind = kind};
    c->key_size = 0;
    enum status status = tree->depth == 0 ? STATUS_OK : descend(c, &w, tree->root);
    while (status == STATUS_OK && w.depth > 0) {
        status = w.depth == tree->depth ? leaf_step(c, &w) : branch_step(c, &w);
    }
    return status == STATUS_OK && !counts_agree(tree, &w.found) ? STATUS_CORRUPT : status;
}

static enum status meta_read(int fd, uint64_t offset, struct meta *out)
{
    struct page_head head;
    enum status status = read_at(fd, offset, &head, sizeof head);
    if (status == STATUS_OK) {
        status = read_at(fd, offset + sizeof head, out, sizeof *out);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const uint32_t page_size = out->trees[TREE_FREE].page_size;
    const bool sane = head.flags == PAGE_META && out->magic == FILE_MAGIC && out->version == FILE_VERSION &&
                      page_size >= PAGE_SIZE_LEAST && page_size <= PAGE_SIZE_MOST &&
                      (page_size & (page_size - 1)) == 0 && out->map_size / page_size <= PAGES_MOST &&
                      out->last_page >= 1 && out->last_page < out->map_size / page_size;
    return sane ? STATUS_OK : STATUS_CORRUPT;
}

/* The meta page that LMDB will choose. They differ by one transaction, unless nothing was ever written. */
static enum status meta_newest(int fd, struct meta *out)
{
    struct meta first, second;
    enum status status = meta_read(fd, 0, &first);
    if (status == STATUS_OK) {
        status = meta_read(fd, first.trees[TREE_FREE].page_size, &second);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (first.trees[TREE_FREE].page_size != second.trees[TREE_FREE].page_size ||
        first.transaction - second.transaction + 1 > 2) {
        return STATUS_CORRUPT;
    }
    *out = first.transaction < second.transaction ? second : first;
    return STATUS_OK;
}

/* The mark that a file begins with stands behind a page's head, whose page number is as long as a word of the machine that made it. */
static bool is_of_other_machine(int fd)
{
    static const uint64_t places[] = {OTHER_HEAD, sizeof(struct page_head)};
    for (unsigned i = 0; i < sizeof places / sizeof places[0]; i++) {
        uint32_t mark = 0;
        const bool found = read_at(fd, places[i], &mark, sizeof mark) == STATUS_OK;
        if (found && ((i == 0 && mark == FILE_MAGIC) || mark == __builtin_bswap32(FILE_MAGIC))) {
            return true;
        }
    }
    return false;
}

static enum status file_check(int fd)
{
    struct meta meta;
    enum status status = meta_newest(fd, &meta);
    if (status != STATUS_OK) {
        return status == STATUS_CORRUPT && is_of_other_machine(fd) ? STATUS_OTHER_MACHINE : status;
    }
    struct check *c = calloc(1, sizeof *c + meta.last_page / 8 + 1);
    if (c == NULL) {
        return STATUS_NO_MEMORY;
    }
    c->fd = fd;
    c->page_size = meta.trees[TREE_FREE].page_size;
    c->last_page = meta.last_page;
    memcpy(c->trees, meta.trees, sizeof meta.trees);
    c->tree_count = TREES_IN_META;
    for (unsigned i = 0; status == STATUS_OK && i < c->tree_count; i++) {
        status = tree_check(c, &c->trees[i], i);
    }
    free(c);
    return status;
}

enum status pages_check(int folder_fd, const char *file)
{
    assert(file != NULL);
    const int fd = openat(folder_fd, file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return folder_status(errno);
    }
    const enum status status = file_check(fd);
    close(fd);
    return status;
}
