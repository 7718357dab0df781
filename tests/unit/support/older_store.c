#include "tests/unit/support/older_store.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "drivers/store/environment.h"
#include "drivers/store/rows.h"
#include "drivers/store/store_internal.h"

_Static_assert(STORE_SCHEMA == 5, "how a store of another schema is made older");

/* The store, and the older one that is being made of it. */
struct older {
    struct transaction from, to;
    unsigned database, schema;
    bool good;
};

/* The instant and the text, sealed. */
static void audit_to_3(struct bytes value, struct row *out)
{
    struct row_audit row;
    unsigned char body[8 + STORE_AUDIT_MAX + 1];
    if (row_decode_audit(value.data, value.size, &row) != STATUS_OK) {
        memcpy(out->bytes, value.data, value.size);
        out->size = value.size;
        return;
    }
    for (unsigned i = 0; i < 8; i++) {
        body[i] = (unsigned char)((uint64_t)row.wall_ms >> (8 * i));
    }
    memcpy(body + 8, row.json, row.length + 1); /* with its NUL */
    out->size = ROW_SEAL + 8 + row.length + 1;
    row_seal(body, 8 + row.length + 1, out->bytes);
}

static bool is(struct bytes key, const char *text)
{
    return key.size == strlen(text) && memcmp(key.data, text, key.size) == 0;
}

static bool copy(void *context, struct bytes key, struct bytes value)
{
    struct older *o = context;
    const unsigned char schema[4] = {(unsigned char)o->schema};
    struct bytes found;
    struct row row;
    unsigned to = o->database;
    if (o->database == DB_ALERTS && transaction_get(&o->from, DB_WAITING, key, &found) == STATUS_OK) {
        to = DB_OLD_OUTBOX;
    }
    if (o->database == DB_META && o->schema == 3 && (is(key, AUDIT_OLD_END) || is(key, AUDIT_NEW_END))) {
        return true;
    }
    if (o->database == DB_META && is(key, "schema")) {
        value = (struct bytes){schema, sizeof schema};
    } else if (o->database == DB_AUDIT && o->schema == 3) {
        audit_to_3(value, &row);
        value = (struct bytes){row.bytes, row.size};
    }
    o->good = transaction_put(&o->to, to, key, value, false) == STATUS_OK;
    return o->good;
}

static bool copy_all(struct older *o)
{
    for (o->database = 0; o->good && o->database < DB_WAITING; o->database++) {
        o->good = transaction_scan(&o->from, o->database, (struct bytes){NULL, 0}, copy, o) == STATUS_OK && o->good;
    }
    return o->good;
}

bool older_store_make(const char *path, unsigned schema)
{
    static const struct layout now = {
        "alerts", ALERTS_DATABASES, {"meta", "outbox", "history", "alarms", "state", "audit", "waiting"}, 0};
    static const struct layout then = {
        "alerts", DB_WAITING, {"meta", "outbox", "history", "alarms", "state", "audit"}, 0};
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct environment from = {.layout = &now, .root = path, .root_fd = fd, .bytes = STORE_SIZE_LEAST / 4 * 3},
                       to = from;
    struct older o = {.schema = schema, .good = true};
    to.layout = &then;
    bool good = environment_open(&from) == STATUS_OK;
    to.bytes = from.map_pages * from.page_bytes; /* as large: what was full stays so */
    good = good && environment_stage(&to) == STATUS_OK && transaction_begin(&from, false, &o.from) == STATUS_OK;
    good = good && transaction_begin(&to, true, &o.to) == STATUS_OK && copy_all(&o) &&
           transaction_commit(&o.to) == STATUS_OK;
    transaction_abort(&o.to);
    transaction_abort(&o.from);
    environment_close(&from);
    if (good) {
        folder_remove(fd, now.folder);
        good = environment_publish(&to) == STATUS_OK;
    }
    environment_close(&to);
    close(fd);
    return good;
}
