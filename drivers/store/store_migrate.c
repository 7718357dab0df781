/*
 * store_migrate.c: a store that an older wardgate wrote becomes one of this one's form, step by step, all of it in one transaction: a power cut leaves either
 * the old store or the new one. Each step knows one schema and makes the next of it; what it reads and writes is spelled out here, for the structs of
 * today's program may have moved on since.
 */
#include <assert.h>

#include "app/engine/little_endian.h"
#include "drivers/store/store_internal.h"

#define SCHEMA_SIZE       4U
#define SCHEMA_OF_WAITING 5U /* from here on no table may be missing */

/* ---- 3 to 4: rows of the audit log get their links ---- */

struct chaining {
    uint64_t after; /* the newest that has its link */
    bool found;
    struct row_end end;
    struct row row;
};

/* The next old row, made anew in c->row. One that cannot be read is told by its gap. */
static bool chain_next(void *context, struct bytes key, struct bytes value)
{
    struct chaining *c = context;
    struct row_audit old;
    if (key.size != ROW_KEY_SIZE || row_key_read(key.data) <= c->after ||
        row_decode_audit_3(value.data, value.size, &old) != STATUS_OK) {
        return true;
    }
    c->after = row_key_read(key.data);
    c->found = row_encode_audit(c->after, old.wall_ms, old.json, old.length, &c->end, &c->row) == STATUS_OK;
    return !c->found;
}

static enum status chain_rows(const struct transaction *t, struct chaining *c)
{
    enum status status = STATUS_OK;
    do {
        unsigned char key[ROW_KEY_SIZE];
        row_key_write(c->after + 1, key);
        c->found = false;
        status = transaction_scan(t, DB_AUDIT, (struct bytes){key, sizeof key}, chain_next, c);
        if (status == STATUS_OK && c->found) {
            row_key_write(c->after, key);
            status = transaction_put(t, DB_AUDIT, (struct bytes){key, sizeof key},
                                     (struct bytes){c->row.bytes, c->row.size}, false);
        }
    } while (status == STATUS_OK && c->found);
    return status;
}

static enum status chain_audit(const struct transaction *t)
{
    struct bytes first;
    struct chaining c = {.found = false};
    enum status status = transaction_first(t, DB_AUDIT, &first);
    if (status != STATUS_OK || first.size != ROW_KEY_SIZE) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status != STATUS_OK ? status : STATUS_CORRUPT;
    }
    c.after = c.end.number = row_key_read(first.data) - 1;
    status = store_put_end(t, AUDIT_OLD_END, &c.end);
    if (status == STATUS_OK) {
        status = chain_rows(t, &c);
    }
    return status == STATUS_OK ? store_put_end(t, AUDIT_NEW_END, &c.end) : status;
}

/* ---- 4 to 5: a list tells which alerts wait; those that do stay where they are, and go out from there ---- */

static enum status begin_list(const struct transaction *t)
{
    return transaction_create(t, DB_WAITING);
}

/* ---- the steps ---- */

static const struct store_step steps[] = {{3, chain_audit}, {4, begin_list}};
enum { STEP_COUNT = sizeof steps / sizeof steps[0] };

_Static_assert(STEP_COUNT == STORE_SCHEMA - STORE_SCHEMA_OLDEST, "a step for each schema since the oldest");
_Static_assert(STORE_SCHEMA_WORKS >= STORE_SCHEMA_OLDEST && STORE_SCHEMA_WORKS <= STORE_SCHEMA, "one of them");

const struct store_formats store_formats = {.newest = STORE_SCHEMA,
                                            .works = STORE_SCHEMA_WORKS,
                                            .oldest = STORE_SCHEMA_OLDEST,
                                            .steps = steps,
                                            .step_count = STEP_COUNT};

enum status store_put_schema(const struct transaction *t, uint32_t schema)
{
    unsigned char bytes[SCHEMA_SIZE];
    little_endian_put(bytes, schema, SCHEMA_SIZE);
    return transaction_put(t, DB_META, text_bytes("schema"), (struct bytes){bytes, sizeof bytes}, false);
}

static enum status read_schema(const struct transaction *t, uint32_t *out)
{
    struct bytes value;
    const enum status status = transaction_get(t, DB_META, text_bytes("schema"), &value);
    if (status != STATUS_OK || value.size != SCHEMA_SIZE) {
        return status == STATUS_OK || status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status;
    }
    *out = (uint32_t)little_endian_get(value.data, SCHEMA_SIZE);
    return STATUS_OK;
}

enum status store_read_schema(struct environment *alerts, uint32_t *out)
{
    struct transaction t;
    enum status status = transaction_begin(alerts, false, &t);
    if (status == STATUS_OK) {
        status = read_schema(&t, out);
        transaction_abort(&t);
    }
    return status;
}

static enum status take_steps(struct environment *alerts, const struct store_formats *formats, uint32_t from,
                              uint32_t to)
{
    struct transaction t;
    enum status status = transaction_begin(alerts, true, &t);
    if (status != STATUS_OK) {
        return status;
    }
    for (unsigned i = 0; status == STATUS_OK && i < formats->step_count; i++) {
        const struct store_step *step = &formats->steps[i];
        status = step->from >= from && step->from < to ? step->make(&t) : STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = store_put_schema(&t, to);
    }
    if (status == STATUS_OK) {
        return transaction_commit(&t);
    }
    transaction_abort(&t);
    return status;
}

/* How far a store that has `schema` goes. */
static uint32_t limited(const struct store_formats *formats, const struct store_limit *limit, uint32_t schema)
{
    const uint32_t most = limit->is_set && limit->schema < formats->newest ? limit->schema : formats->newest;
    return most > schema ? most : schema;
}

enum status store_new_schema(const struct store_formats *formats, const struct store_limit *limit, uint32_t *out)
{
    const bool is_limited = limit->is_set && limit->schema != 0 && limit->schema < formats->newest;
    *out = is_limited ? limit->schema : formats->newest;
    return *out < formats->works ? STATUS_WRONG_VERSION : STATUS_OK;
}

enum status store_migrate(struct environment *alerts, const struct store_formats *formats,
                          const struct store_limit *limit, uint32_t *out)
{
    assert(alerts != NULL && formats != NULL && limit != NULL && out != NULL);
    uint32_t schema = 0;
    enum status status = store_read_schema(alerts, &schema);
    if (status != STATUS_OK) {
        return status;
    }
    if (schema > formats->newest) {
        return STATUS_WRONG_VERSION;
    }
    *out = limited(formats, limit, schema);
    if (*out < formats->works || (schema < formats->oldest && limit->is_set)) {
        return STATUS_WRONG_VERSION;
    }
    if (schema == *out) {
        return schema < SCHEMA_OF_WAITING || environment_is_whole(alerts) ? STATUS_OK : STATUS_CORRUPT;
    }
    if (schema < formats->oldest) {
        return STATUS_CORRUPT;
    }
    status = environment_fit(alerts, STORE_TRIM_PERCENT); /* a step may find no page in one that was made smaller */
    return status == STATUS_OK ? take_steps(alerts, formats, schema, *out) : status;
}
