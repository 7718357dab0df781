#include "tests/powerloss/older.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "drivers/store/environment.h"
#include "drivers/store/rows.h"
#include "drivers/store/store_internal.h"

_Static_assert(STORE_SCHEMA == 4, "how a store of another schema is made older");

enum { OLDER_META, OLDER_AUDIT, OLDER_DATABASES };

struct older {
    uint64_t after;
    bool found;
    struct row row;
};

/* The next row, made older in o->row: its instant and its text, sealed. */
static bool older_next(void *context, struct bytes key, struct bytes value)
{
    struct older *o = context;
    struct row_audit row;
    unsigned char body[8 + STORE_AUDIT_MAX + 1];
    if (row_key_read(key.data) <= o->after || row_decode_audit(value.data, value.size, &row) != STATUS_OK) {
        return true;
    }
    o->after = row_key_read(key.data);
    for (unsigned i = 0; i < 8; i++) {
        body[i] = (unsigned char)((uint64_t)row.wall_ms >> (8 * i));
    }
    memcpy(body + 8, row.json, row.length + 1); /* with its NUL */
    o->row.size = ROW_SEAL + 8 + row.length + 1;
    row_seal(body, 8 + row.length + 1, o->row.bytes);
    o->found = true;
    return false;
}

static bool rows_make(const struct transaction *t)
{
    static struct older o;
    bool good = true;
    o.after = 0;
    do {
        unsigned char key[ROW_KEY_SIZE];
        o.found = false;
        good = transaction_scan(t, OLDER_AUDIT, (struct bytes){NULL, 0}, older_next, &o) == STATUS_OK;
        row_key_write(o.after, key);
        if (good && o.found) {
            good = transaction_put(t, OLDER_AUDIT, (struct bytes){key, sizeof key},
                                   (struct bytes){o.row.bytes, o.row.size}, false) == STATUS_OK;
        }
    } while (good && o.found);
    return good;
}

static bool ends_remove(const struct transaction *t)
{
    return transaction_delete(t, OLDER_META, text_bytes(AUDIT_OLD_END)) == STATUS_OK &&
           transaction_delete(t, OLDER_META, text_bytes(AUDIT_NEW_END)) == STATUS_OK;
}

bool older_make(const char *path)
{
    static const struct layout layout = {"alerts", OLDER_DATABASES, {"meta", "audit"}};
    static const unsigned char schema[4] = {STORE_SCHEMA - 1};
    struct environment e = {.layout = &layout, .root = path, .bytes = STORE_SIZE_LEAST / 4 * 3};
    struct transaction t;
    e.root_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = environment_open(&e) == STATUS_OK && transaction_begin(&e, true, &t) == STATUS_OK;
    good = good && rows_make(&t) && ends_remove(&t) &&
           transaction_put(&t, OLDER_META, text_bytes("schema"), (struct bytes){schema, sizeof schema}, false) ==
               STATUS_OK &&
           transaction_commit(&t) == STATUS_OK;
    environment_close(&e);
    close(e.root_fd);
    return good;
}
