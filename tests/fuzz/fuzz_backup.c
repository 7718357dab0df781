/*
 * libFuzzer: any bytes as a backup; then the same bytes as the manifest and as the store's lines of one that is whole, because nothing gets past its SHA-256.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/fuzz_backup.c
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "app/backup/archive.h"
#include "app/backup/manifest.h"
#include "app/backup/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct archive archive;
static struct manifest manifest;

static void visit(void *context, const struct state_bed *bed)
{
    unsigned *count = context;
    assert(strlen(bed->bed) <= STORE_KEY_MAX);
    ++*count;
}

static void check_archive(const uint8_t *data, size_t size)
{
    char why[ARCHIVE_WHY_MAX] = "";
    if (!archive_read(data, size, &archive, why)) {
        assert(why[0] != '\0');
        return;
    }
    for (unsigned i = 0; i < archive.count; i++) {
        const struct archive_member *member = &archive.members[i];
        const bool is_inside =
            member->bytes >= data && member->size <= size && member->bytes + member->size <= data + size;
        const bool is_name = archive_is_name(member->name), is_found = archive_find(&archive, member->name) == member;
        assert(is_inside && is_name && is_found);
    }
}

static void check_manifest(const uint8_t *data, size_t size)
{
    char why[ARCHIVE_WHY_MAX] = "";
    if (!manifest_read(data, size, &manifest, why)) {
        assert(why[0] != '\0');
        return;
    }
    for (unsigned i = 0; i < manifest.count; i++) {
        const bool is_name = archive_is_name(manifest.files[i].name);
        assert(is_name && manifest.files[i].path[0] == '/' && strstr(manifest.files[i].path, "/../") == NULL);
    }
}

static void check_state(const uint8_t *data, size_t size)
{
    char why[ARCHIVE_WHY_MAX] = "";
    unsigned beds = 0;
    struct state_summary summary = {.engine_ms = 0};
    const bool is_known = state_check(data, size, visit, &beds, &summary, why);
    assert(is_known ? summary.beds == beds : why[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* In a buffer of its own size, so that a byte beyond it is seen. */
    uint8_t *bytes = malloc(size > 0 ? size : 1);
    assert(bytes != NULL);
    memcpy(bytes, data, size);
    check_archive(bytes, size);
    check_manifest(bytes, size);
    check_state(bytes, size);
    free(bytes);
    return 0;
}
