/*
 * Whether the audit log is whole: every way of tampering with a real store, done to its rows by what the store itself writes them with, is found, and said where.
 * Stores of the schema before get their links. Random tampering prints its seed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/store/store_internal.h"
#include "tests/unit/support/draw.h"
#include "tests/unit/support/store_folder.h"

enum { ROWS = 12, MANY = 600 };

static struct store_folder folder;
static struct store *store;

static int set_up(void **state)
{
    (void)state;
    store_folder_init(&folder);
    store = store_folder_open(&folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_close(store);
    store_folder_fini(&folder);
    return 0;
}

static void reopen(void)
{
    store_close(store);
    store = store_folder_open(&folder);
}

static void put(unsigned first, unsigned count)
{
    assert_int_equal(store_begin(store), STATUS_OK);
    for (unsigned i = first; i < first + count; i++) {
        char json[64];
        const int length = snprintf(json, sizeof json, "{\"kind\":\"command\",\"n\":%u}", i);
        assert_int_equal(store_put_audit(store, 1700000000000 + i, json, (size_t)length), STATUS_OK);
    }
    assert_int_equal(store_commit(store), STATUS_OK);
}

static struct store_audit_check check_from(const struct store_audit_mark *mark)
{
    struct store_audit_check check;
    assert_int_equal(store_check_audit(store, mark, &check), STATUS_OK);
    return check;
}

static struct store_audit_check check(void)
{
    return check_from(NULL);
}

static bool has_fault(const struct store_audit_check *c, enum store_audit_fault fault, uint64_t row)
{
    for (uint32_t i = 0; i < c->fault_count && i < STORE_AUDIT_FAULTS_MAX; i++) {
        if (c->faults[i].fault == fault && c->faults[i].row == row) {
            return true;
        }
    }
    return false;
}

/* ---- tampering ---- */

struct value {
    size_t size;
    unsigned char bytes[ROW_MAX];
};

static void begin(void)
{
    assert_int_equal(transaction_begin(&store->alerts, true, &store->commit), STATUS_OK);
}

static void commit(void)
{
    assert_int_equal(transaction_commit(&store->commit), STATUS_OK);
}

static struct value get(unsigned database, struct bytes key)
{
    struct bytes found;
    struct value value;
    begin();
    assert_int_equal(transaction_get(&store->commit, database, key, &found), STATUS_OK);
    value.size = found.size;
    memcpy(value.bytes, found.data, found.size);
    store_abort(store);
    return value;
}

static void set(unsigned database, struct bytes key, const struct value *value)
{
    begin();
    if (value == NULL) {
        assert_int_equal(transaction_delete(&store->commit, database, key), STATUS_OK);
    } else {
        assert_int_equal(
            transaction_put(&store->commit, database, key, (struct bytes){value->bytes, value->size}, false),
            STATUS_OK);
    }
    commit();
}

static struct value get_row(uint64_t number)
{
    unsigned char key[ROW_KEY_SIZE];
    row_key_write(number, key);
    return get(DB_AUDIT, (struct bytes){key, sizeof key});
}

static void set_row(uint64_t number, const struct value *value)
{
    unsigned char key[ROW_KEY_SIZE];
    row_key_write(number, key);
    set(DB_AUDIT, (struct bytes){key, sizeof key}, value);
}

/* With a checksum that fits, as somebody who knows the form would. */
static void change_byte(uint64_t number, size_t at)
{
    struct value value = get_row(number);
    assert_true(at >= ROW_SEAL && at < value.size);
    value.bytes[at] ^= 1;
    row_seal(value.bytes + ROW_SEAL, value.size - ROW_SEAL, value.bytes);
    set_row(number, &value);
}

/* ---- tests ---- */

static void test_whole(void **state)
{
    (void)state;
    struct store_audit_check c = check();
    assert_int_equal(c.fault_count, 0);
    assert_int_equal(c.rows, 0);
    put(1, 5);
    put(6, ROWS - 5);
    c = check();
    assert_int_equal(c.fault_count, 0);
    assert_int_equal(c.rows, ROWS);
    assert_int_equal(c.first, 1);
    assert_int_equal(c.mark.row, ROWS);
    reopen();
    put(ROWS + 1, 1);
    assert_int_equal(check_from(&c.mark).fault_count, 0);
    assert_int_equal(check().rows, ROWS + 1);
}

/* Any byte of any row but its checksum, which only a reader needs. */
static void test_a_changed_byte(void **state)
{
    (void)state;
    put(1, ROWS);
    for (uint64_t number = 1; number <= ROWS; number++) {
        const size_t size = get_row(number).size;
        for (size_t at = ROW_SEAL; at < size; at += 3) {
            change_byte(number, at);
            const struct store_audit_check c = check();
            assert_true(has_fault(&c, STORE_AUDIT_CHANGED, number));
            assert_in_range(c.fault_count, 1, 2); /* with a changed link, what stands behind it, too */
            change_byte(number, at);
            assert_int_equal(check().fault_count, 0);
        }
    }
}

/* Also when the link was made to fit: then the next row does not, or the end. */
static void test_a_row_written_anew(void **state)
{
    (void)state;
    put(1, ROWS);
    for (uint64_t number = 1; number <= ROWS; number++) {
        static struct row row;
        const struct value was = get_row(number);
        struct row_end before = {.number = number - 1};
        if (number > 1) {
            memcpy(before.link, get_row(number - 1).bytes + ROW_SEAL, DIGEST_SIZE);
        }
        assert_int_equal(row_encode_audit(number, 1700000000000, "{\"n\":0}", 7, &before, &row), STATUS_OK);
        struct value value = {.size = row.size};
        memcpy(value.bytes, row.bytes, row.size);
        set_row(number, &value);
        const struct store_audit_check c = check();
        assert_int_equal(c.fault_count, 1);
        assert_true(number < ROWS ? has_fault(&c, STORE_AUDIT_CHANGED, number + 1)
                                  : has_fault(&c, STORE_AUDIT_OTHER_END, number));
        set_row(number, &was);
    }
    assert_int_equal(check().fault_count, 0);
}

static void test_a_row_taken_out(void **state)
{
    (void)state;
    put(1, ROWS);
    for (uint64_t number = 1; number <= ROWS; number++) {
        const struct value was = get_row(number);
        set_row(number, NULL);
        const struct store_audit_check c = check();
        assert_int_equal(c.fault_count, 1);
        assert_true(has_fault(&c, STORE_AUDIT_MISSING, number));
        set_row(number, &was);
    }
}

/* And what comes after it does not hide it. */
static void test_rows_cut_off_at_the_end(void **state)
{
    (void)state;
    put(1, ROWS);
    for (uint64_t number = ROWS; number > ROWS - 3; number--) {
        set_row(number, NULL);
    }
    struct store_audit_check c = check();
    assert_true(has_fault(&c, STORE_AUDIT_MISSING, ROWS - 2));
    reopen();
    put(100, 2);
    c = check();
    assert_true(has_fault(&c, STORE_AUDIT_MISSING, ROWS - 2));
    assert_int_equal(c.mark.row, ROWS + 2);
}

static void test_all_rows_taken_out(void **state)
{
    (void)state;
    put(1, ROWS);
    for (uint64_t number = 1; number <= ROWS; number++) {
        set_row(number, NULL);
    }
    struct store_audit_check c = check();
    assert_true(has_fault(&c, STORE_AUDIT_MISSING, 1));
    put(1, 1);
    c = check();
    assert_true(has_fault(&c, STORE_AUDIT_MISSING, 1));
}

static void test_two_rows_swapped(void **state)
{
    (void)state;
    put(1, ROWS);
    for (uint64_t left = 1; left < ROWS; left++) {
        for (uint64_t right = left + 1; right <= ROWS; right++) {
            const struct value a = get_row(left), b = get_row(right);
            set_row(left, &b);
            set_row(right, &a);
            const struct store_audit_check c = check();
            assert_true(has_fault(&c, STORE_AUDIT_CHANGED, left) && has_fault(&c, STORE_AUDIT_CHANGED, right));
            set_row(left, &a);
            set_row(right, &b);
        }
    }
    assert_int_equal(check().fault_count, 0);
}

static void test_a_row_added(void **state)
{
    (void)state;
    put(1, ROWS);
    const struct value last = get_row(ROWS);
    set_row(ROWS + 1, &last);
    struct store_audit_check c = check();
    assert_true(has_fault(&c, STORE_AUDIT_UNKNOWN, ROWS + 1));
    put(1, 1); /* still seen behind what comes */
    c = check();
    assert_true(c.fault_count > 0);
}

/* The record of the end as it once was: alone, and together with all rows cut off behind it. */
static void test_an_old_end_replayed(void **state)
{
    (void)state;
    const struct bytes end = text_bytes(AUDIT_NEW_END);
    put(1, ROWS - 4);
    const struct value old = get(DB_META, end);
    const struct store_audit_mark earlier = check().mark;
    put(ROWS - 3, 4);
    const struct store_audit_mark noted = check().mark;
    set(DB_META, end, &old);
    struct store_audit_check c = check();
    assert_true(has_fault(&c, STORE_AUDIT_UNKNOWN, ROWS - 3));
    put(50, 1); /* is seen behind it */
    c = check();
    assert_true(has_fault(&c, STORE_AUDIT_CHANGED, ROWS + 1));
    set_row(ROWS + 1, NULL);
    for (uint64_t number = ROWS - 3; number <= ROWS; number++) {
        set_row(number, NULL);
    }
    set(DB_META, end, &old);
    assert_int_equal(check().fault_count, 0); /* the whole store of that time: only who noted the newest row can know */
    assert_int_equal(check_from(&earlier).fault_count, 0);
    c = check_from(&noted);
    assert_true(has_fault(&c, STORE_AUDIT_MISSING, ROWS));
    put(60, 4); /* written anew up to there */
    c = check_from(&noted);
    assert_true(has_fault(&c, STORE_AUDIT_OTHER_END, ROWS));
}

static void test_ends_taken_out(void **state)
{
    (void)state;
    const char *const ends[] = {AUDIT_OLD_END, AUDIT_NEW_END};
    put(1, ROWS);
    for (unsigned i = 0; i < 2; i++) {
        const struct value was = get(DB_META, text_bytes(ends[i]));
        set(DB_META, text_bytes(ends[i]), NULL);
        struct store_audit_check c = check();
        assert_true(has_fault(&c, STORE_AUDIT_NO_ENDS, 0));
        set(DB_META, text_bytes(ends[i]), &was);
    }
    set_row(ROWS, NULL); /* the last row with it */
    set(DB_META, text_bytes(AUDIT_NEW_END), NULL);
    put(1, 1);
    const struct store_audit_check c = check();
    assert_true(has_fault(&c, STORE_AUDIT_MISSING, ROWS));
}

/* The oldest rows give way and the rest stays provable, at the front too. */
static void test_rolled_over(void **state)
{
    (void)state;
    put(1, 1);
    const struct store_audit_mark first = check().mark;
    unsigned number = 2;
    for (; check().first < 50; number += 100) {
        static char json[900];
        memset(json, 'x', sizeof json);
        assert_int_equal(store_begin(store), STATUS_OK);
        for (unsigned i = 0; i < 10; i++) {
            assert_int_equal(store_put_audit(store, 1, json, sizeof json), STATUS_OK);
        }
        assert_int_equal(store_commit(store), STATUS_OK);
    }
    reopen();
    struct store_audit_check c = check();
    assert_int_equal(c.fault_count, 0);
    assert_int_equal(c.mark.row, c.first + c.rows - 1);
    assert_true(check_from(&first).noted_has_given_way);

    struct row_end old_end; /* of the newest that gave way the link is kept */
    const struct value kept = get(DB_META, text_bytes(AUDIT_OLD_END));
    assert_int_equal(row_decode_end(kept.bytes, kept.size, &old_end), STATUS_OK);
    struct store_audit_mark noted = {.row = old_end.number};
    assert_int_equal(noted.row, c.first - 1);
    c = check_from(&noted);
    assert_true(has_fault(&c, STORE_AUDIT_OTHER_END, noted.row));
    memcpy(noted.link, old_end.link, sizeof noted.link);
    c = check_from(&noted);
    assert_int_equal(c.fault_count, 0);
    assert_false(c.noted_has_given_way);
    assert_int_equal(check_from(&first).fault_count, 0);
    set_row(c.first, NULL);
    struct store_audit_check cut = check();
    assert_true(has_fault(&cut, STORE_AUDIT_MISSING, c.first));
    put(1, 1);
    cut = check(); /* still, unless that place has given way itself */
    assert_true(cut.fault_count > 0);
}

/* Any few of the things above at once. */
static void test_random_tampering(void **state)
{
    (void)state;
    draw_seed(20);
    put(1, MANY);
    for (unsigned round = 0; round < 60; round++) {
        const uint64_t a = 1 + draw(MANY), b = 1 + draw(MANY);
        const struct value was_a = get_row(a), was_b = get_row(b);
        switch (draw(3)) {
        case 0:
            change_byte(a, ROW_SEAL + draw(was_a.size - ROW_SEAL));
            break;
        case 1:
            set_row(a, NULL);
            break;
        default:
            set_row(a, &was_b);
            set_row(b, &was_a);
            break;
        }
        const struct store_audit_check c = check();
        assert_true(c.fault_count > 0 || a == b);
        set_row(a, &was_a);
        set_row(b, &was_b);
        assert_int_equal(check().fault_count, 0);
    }
}

/* ---- the schema before ---- */

static void make_schema_3(unsigned rows, unsigned first)
{
    static const unsigned char schema[4] = {3};
    begin();
    for (unsigned i = first; i < first + rows; i++) {
        unsigned char key[ROW_KEY_SIZE], body[8 + 8] = {(unsigned char)i}, sealed[ROW_SEAL + sizeof body];
        row_key_write(i, key);
        memcpy(body + 8, "{\"n\":1}", 8);
        row_seal(body, sizeof body, sealed);
        assert_int_equal(transaction_put(&store->commit, DB_AUDIT, (struct bytes){key, sizeof key},
                                         (struct bytes){sealed, sizeof sealed}, true),
                         STATUS_OK);
    }
    assert_int_equal(transaction_put(&store->commit, DB_META, text_bytes("schema"), (struct bytes){schema, 4}, false),
                     STATUS_OK);
    commit();
}

static bool see(void *context, uint64_t row, int64_t wall_ms, const char *json, uint32_t length)
{
    assert_int_equal(wall_ms, row & 0xFF);
    assert_int_equal(length, 7);
    assert_string_equal(json, "{\"n\":1}");
    ++*(unsigned *)context;
    return true;
}

static void test_a_store_of_schema_3(void **state)
{
    (void)state;
    const uint64_t seq = 7;
    assert_int_equal(test_alerts_commit(store, seq, 1, 200), STATUS_OK);
    char epoch[STORE_EPOCH_MAX];
    memcpy(epoch, store_epoch(store), sizeof epoch);
    make_schema_3(MANY, 41);
    reopen();
    assert_null(store_set_aside_path(store));
    assert_string_equal(store_epoch(store), epoch);
    unsigned seen = 0;
    assert_int_equal(store_each_audit(store, UINT32_MAX, see, &seen), STATUS_OK);
    assert_int_equal(seen, MANY);
    struct store_audit_check c = check();
    assert_int_equal(c.fault_count, 0);
    assert_int_equal(c.first, 41);
    assert_int_equal(c.mark.row, 40 + MANY);
    put(1, 1);
    reopen(); /* and once only */
    c = check();
    assert_int_equal(c.fault_count, 0);
    assert_int_equal(c.rows, MANY + 1);
    static struct test_rows rows;
    assert_int_equal(test_outbox_read(store, 0, 200, &rows), STATUS_OK);
    assert_int_equal(rows.count, 1);
    assert_int_equal(rows.wrong, 0);
}

static void test_an_empty_store_of_schema_3(void **state)
{
    (void)state;
    make_schema_3(0, 1);
    reopen();
    assert_null(store_set_aside_path(store));
    assert_int_equal(check().fault_count, 0);
    put(1, 2);
    assert_int_equal(check().fault_count, 0);
}

/* A store that only reads leaves an older one to the gateway. */
static void test_read_only(void **state)
{
    (void)state;
    struct store *reader = NULL;
    struct store_audit_check c;
    put(1, ROWS);
    assert_int_equal(store_open_to_read("/nowhere/at/all", &reader), STATUS_NOT_FOUND);
    store_close(store); /* LMDB wants one opening a process */
    assert_int_equal(store_open_to_read(folder.path, &reader), STATUS_OK);
    assert_int_equal(store_check_audit(reader, NULL, &c), STATUS_OK);
    assert_int_equal(c.rows, ROWS);
    store_close(reader);
    store = store_folder_open(&folder);
    make_schema_3(0, 1);
    store_close(store);
    assert_int_equal(store_open_to_read(folder.path, &reader), STATUS_WRONG_VERSION);
    char data[128];
    (void)snprintf(data, sizeof data, "%s/alerts/data.mdb", folder.path);
    assert_int_equal(truncate(data, 5000), 0);
    assert_int_equal(store_open_to_read(folder.path, &reader), STATUS_CORRUPT);
    store = NULL;
}

#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_whole),
        STORE_TEST(test_a_changed_byte),
        STORE_TEST(test_a_row_written_anew),
        STORE_TEST(test_a_row_taken_out),
        STORE_TEST(test_rows_cut_off_at_the_end),
        STORE_TEST(test_all_rows_taken_out),
        STORE_TEST(test_two_rows_swapped),
        STORE_TEST(test_a_row_added),
        STORE_TEST(test_an_old_end_replayed),
        STORE_TEST(test_ends_taken_out),
        STORE_TEST(test_rolled_over),
        STORE_TEST(test_random_tampering),
        STORE_TEST(test_a_store_of_schema_3),
        STORE_TEST(test_an_empty_store_of_schema_3),
        STORE_TEST(test_read_only),
    };
    return cmocka_run_group_tests_name("store_audit_check", tests, NULL, NULL);
}
