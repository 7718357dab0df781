/* The store over a real LMDB in a temporary folder: what is committed is there, in order, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "tests/unit/support/store_folder.h"

enum { JSON = 600 };

static struct store_folder folder;
static struct test_rows rows;

static int set_up(void **state)
{
    (void)state;
    store_folder_init(&folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_folder_fini(&folder);
    return 0;
}

static void test_new_store(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    char epoch[STORE_EPOCH_MAX];
    (void)snprintf(epoch, sizeof epoch, "%s", store_epoch(store));
    assert_int_equal(strlen(epoch), 16);
    assert_int_equal(strspn(epoch, "0123456789abcdef"), 16);
    assert_null(store_set_aside_path(store));
    struct store_usage usage;
    store_usage(store, &usage);
    assert_int_equal(usage.alerts_bytes_max, TEST_STORE_BYTES / 4 * 3);
    assert_int_equal(usage.journal_bytes_max, TEST_STORE_BYTES / 4);
    assert_int_equal(usage.outbox_rows + usage.history_rows + usage.commits, 0);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.count, 0);
    store_close(store);

    store = store_folder_open(&folder);
    assert_string_equal(store_epoch(store), epoch);
    store_close(store);
    store_folder_fini(&folder);
    assert_int_equal(mkdir(folder.base, 0700), 0);
    store = store_folder_open(&folder);
    assert_string_not_equal(store_epoch(store), epoch);
    store_close(store);
}

static void test_disk_is_reserved(void **state)
{
    (void)state;
    store_close(store_folder_open(&folder));
    char data[128];
    struct stat info;
    (void)snprintf(data, sizeof data, "%s/alerts/data.mdb", folder.path);
    assert_int_equal(stat(data, &info), 0);
    assert_true((uint64_t)info.st_blocks * 512 >= TEST_STORE_BYTES / 4 * 3);
    assert_int_equal(info.st_mode & 077, 0); /* vital signs are nobody else's */
}

static void test_alerts_are_read_back(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    assert_int_equal(test_alerts_commit(store, 1, 5, JSON), STATUS_OK);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.count, 5);
    assert_int_equal(rows.wrong, 0);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(rows.row[i], i + 1);
        assert_int_equal(rows.seq[i], i + 1);
    }
    assert_int_equal(test_outbox_read(store, 3, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.count, 2);
    assert_int_equal(rows.seq[0], 4);
    rows = (struct test_rows){.json_length = JSON};
    assert_int_equal(store_each_outbox(store, 0, 2, test_rows_visit, &rows), STATUS_OK);
    assert_int_equal(rows.count, 2);
    rows = (struct test_rows){.json_length = JSON, .most = 1};
    assert_int_equal(store_each_outbox(store, 0, 5, test_rows_visit, &rows), STATUS_OK);
    assert_int_equal(rows.count, 1);
    assert_int_equal(store_each_outbox(store, UINT64_MAX, 5, test_rows_visit, &rows), STATUS_OK);
    assert_int_equal(store_each_outbox(store, 0, 0, test_rows_visit, &rows), STATUS_OK);
    assert_int_equal(rows.count, 1);
    struct store_usage usage;
    store_usage(store, &usage);
    assert_int_equal(usage.outbox_rows, 5);
    assert_int_equal(usage.commits, 1);
    assert_int_equal(store_last_row(store), 5);
    store_close(store);
}

static void test_abort_leaves_nothing(void **state)
{
    (void)state;
    static struct test_alert t;
    struct store *store = store_folder_open(&folder);
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_alert(store, test_alert_make(&t, 1, JSON)), STATUS_OK);
    store_abort(store);
    store_abort(store);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.count, 0);
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_alert(store, test_alert_make(&t, 1, JSON)), STATUS_OK);
    store_close(store); /* in the middle of a transaction */
    store = store_folder_open(&folder);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.count, 0);
    store_close(store);
}

static void test_delivered_rows_move_to_history(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    assert_int_equal(test_alerts_commit(store, 1, 6, JSON), STATUS_OK);
    const uint64_t out_of_order[] = {4, 2, 99, 2, 1}; /* 99 never was, 2 comes twice */
    assert_int_equal(test_deliver(store, out_of_order, 5), STATUS_OK);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.count, 3);
    assert_int_equal(rows.seq[0], 3);
    assert_int_equal(rows.seq[1], 5);
    assert_int_equal(test_history_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.count, 3);
    assert_int_equal(rows.wrong, 0);
    assert_int_equal(rows.row[0], 1);
    assert_int_equal(rows.row[1], 2);
    assert_int_equal(rows.row[2], 4);
    store_close(store);
}

static void test_sent_alert_goes_straight_to_history(void **state)
{
    (void)state;
    static struct test_alert t;
    struct store *store = store_folder_open(&folder);
    assert_int_equal(store_begin(store), STATUS_OK);
    (void)test_alert_make(&t, 1, JSON);
    t.alert.flags |= STORE_ALERT_SENT;
    assert_int_equal(store_put_alert(store, &t.alert), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);
    struct store_usage usage;
    store_usage(store, &usage);
    assert_int_equal(usage.outbox_rows, 0);
    assert_int_equal(usage.history_rows, 1);
    store_close(store);
}

static void test_rows_go_on_after_restart(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    assert_int_equal(test_alerts_commit(store, 1, 3, JSON), STATUS_OK);
    assert_int_equal(test_deliver(store, (const uint64_t[]){1, 2, 3}, 3), STATUS_OK);
    store_close(store);
    store = store_folder_open(&folder); /* the outbox is empty */
    assert_int_equal(test_alerts_commit(store, 4, 1, JSON), STATUS_OK);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.row[0], 4);
    store_close(store);
}

struct alarms_seen {
    unsigned count, ended;
    char last[STORE_KEY_MAX];
};

static bool see_alarm(void *context, const struct store_alarm *alarm)
{
    struct alarms_seen *seen = context;
    seen->count++;
    seen->ended += alarm->ended;
    (void)snprintf(seen->last, sizeof seen->last, "%s/%s %u %.*s %.*s", alarm->bed, alarm->alarm, alarm->priority,
                   (int)alarm->json_length, alarm->json, (int)alarm->snapshot_length, (const char *)alarm->snapshot);
    return true;
}

static enum status put_alarm(struct store *store, const char *bed, const char *name, const char *json, bool ended)
{
    const struct store_alarm alarm = {.bed = bed,
                                      .alarm = name,
                                      .priority = 2,
                                      .ended = ended,
                                      .json = json,
                                      .json_length = (uint32_t)strlen(json),
                                      .snapshot = "snapshot",
                                      .snapshot_length = 8};
    return store_put_alarm(store, &alarm);
}

static void test_alarms(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(put_alarm(store, "", "bus_down", "{}", false), STATUS_OK);
    assert_int_equal(put_alarm(store, "b01", "spo2_low", "{1}", false), STATUS_OK);
    assert_int_equal(put_alarm(store, "b01", "spo2_low", "{2}", true), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);
    struct alarms_seen seen = {0};
    assert_int_equal(store_each_alarm(store, see_alarm, &seen), STATUS_OK);
    assert_int_equal(seen.count, 2);
    assert_int_equal(seen.ended, 1);
    assert_string_equal(seen.last, "b01/spo2_low 2 {2} snapshot");
    store_close(store);
}

static void test_state(void **state)
{
    (void)state;
    char value[8];
    size_t length = 0;
    struct store *store = store_folder_open(&folder);
    assert_int_equal(store_get_state(store, "numbers", value, sizeof value, &length), STATUS_NOT_FOUND);
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_state(store, "numbers", "old", 3), STATUS_OK);
    assert_int_equal(store_put_state(store, "numbers", "1234567", 7), STATUS_OK);
    assert_int_equal(store_put_state(store, "empty", NULL, 0), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);
    assert_int_equal(store_get_state(store, "numbers", value, sizeof value, &length), STATUS_OK);
    assert_int_equal(length, 7);
    assert_memory_equal(value, "1234567", 7);
    assert_int_equal(store_get_state(store, "numbers", value, 6, &length), STATUS_TOO_LARGE);
    assert_int_equal(store_get_state(store, "empty", value, 0, &length), STATUS_OK);
    assert_int_equal(length, 0);
    store_close(store);
}

/* A failed put takes the transaction with it; the next one works. */
static void test_too_large(void **state)
{
    (void)state;
    static struct test_alert t;
    static char big[STORE_STATE_MAX + 1];
    struct store *store = store_folder_open(&folder);
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_alert(store, test_alert_make(&t, 1, STORE_VALUE_MAX)), STATUS_OK);
    t.alert.json_length = STORE_VALUE_MAX + 1;
    assert_int_equal(store_put_alert(store, &t.alert), STATUS_TOO_LARGE);
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_state(store, "key", big, STORE_STATE_MAX), STATUS_OK);
    assert_int_equal(store_put_state(store, "key", big, sizeof big), STATUS_TOO_LARGE);
    memset(big, 'k', STORE_KEY_MAX + 1);
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_put_state(store, big, "", 0), STATUS_TOO_LARGE);
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(put_alarm(store, "b01", big, "{}", false), STATUS_TOO_LARGE);
    assert_int_equal(test_alerts_commit(store, 2, 1, STORE_VALUE_MAX), STATUS_OK);
    assert_int_equal(test_outbox_read(store, 0, STORE_VALUE_MAX, &rows), STATUS_OK);
    assert_int_equal(rows.count, 1);
    assert_int_equal(rows.seq[0], 2);
    store_close(store);
}

/* It goes on with all that is in the store. */
static void test_renamed_epoch(void **state)
{
    (void)state;
    char value[8];
    size_t length = 0;
    struct alarms_seen seen = {0};
    struct store *store = store_folder_open(&folder);
    assert_int_equal(test_alerts_commit(store, 1, 2, JSON), STATUS_OK);
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(put_alarm(store, "b01", "spo2_low", "{1}", false), STATUS_OK);
    assert_int_equal(store_put_state(store, "numbers", "1", 1), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);

    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_rename(store, "feed"), STATUS_OK);
    store_abort(store);
    assert_string_not_equal(store_epoch(store), "feed");
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_rename(store, "feed"), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);
    assert_string_equal(store_epoch(store), "feed");
    store_close(store);
    store = store_folder_open(&folder);
    assert_string_equal(store_epoch(store), "feed");
    assert_int_equal(store_get_state(store, "numbers", value, sizeof value, &length), STATUS_OK);
    assert_int_equal(store_each_alarm(store, see_alarm, &seen), STATUS_OK);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.ended, 0);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.count, 2);
    store_close(store);
}

static void test_adopted_epoch(void **state)
{
    (void)state;
    char value[8];
    size_t length = 0;
    struct alarms_seen seen = {0};
    struct store *store = store_folder_open(&folder);
    assert_int_equal(test_alerts_commit(store, 1, 2, JSON), STATUS_OK);
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(put_alarm(store, "b01", "spo2_low", "{1}", false), STATUS_OK);
    assert_int_equal(put_alarm(store, "b02", "spo2_low", "{2}", false), STATUS_OK);
    assert_int_equal(put_alarm(store, "b03", "spo2_low", "{3}", true), STATUS_OK);
    assert_int_equal(store_put_state(store, "numbers", "1", 1), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);

    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_adopt(store, "feed"), STATUS_OK);
    assert_string_not_equal(store_epoch(store), "feed");
    store_abort(store);
    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);
    assert_string_not_equal(store_epoch(store), "feed");

    assert_int_equal(store_begin(store), STATUS_OK);
    assert_int_equal(store_adopt(store, "feed"), STATUS_OK);
    assert_int_equal(store_put_state(store, "new", "2", 1), STATUS_OK);
    assert_int_equal(store_commit(store), STATUS_OK);
    store_close(store);
    store = store_folder_open(&folder);
    assert_string_equal(store_epoch(store), "feed");
    assert_int_equal(store_get_state(store, "numbers", value, sizeof value, &length), STATUS_NOT_FOUND);
    assert_int_equal(store_get_state(store, "new", value, sizeof value, &length), STATUS_OK);
    assert_int_equal(store_each_alarm(store, see_alarm, &seen), STATUS_OK);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.ended, 3);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK);
    assert_int_equal(rows.count, 2); /* what was not delivered yet still is to be */
    store_close(store);
}

static void test_one_process_only(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder), *second = store;
    assert_int_equal(store_open(&folder.config, &second), STATUS_BUSY);
    assert_null(second);
    const pid_t child = fork();
    if (child == 0) {
        _exit(store_open(&folder.config, &second) == STATUS_BUSY ? 0 : 1);
    }
    int result = -1;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    store_close(store);
    store_close(store_folder_open(&folder));
}

static enum status open_at(const char *path, uint64_t size_bytes)
{
    struct store *store = NULL;
    const enum status status = store_open(&(struct store_config){.path = path, .size_bytes = size_bytes}, &store);
    assert_true((status == STATUS_OK) == (store != NULL));
    store_close(store);
    return status;
}

static void test_wrong_places(void **state)
{
    (void)state;
    char file[128], below[160], path[STORE_PATH_MAX + 1];
    (void)snprintf(file, sizeof file, "%s/file", folder.base);
    FILE *made = fopen(file, "w");
    assert_non_null(made);
    (void)fclose(made);
    assert_int_equal(open_at(file, TEST_STORE_BYTES), STATUS_INVALID);
    (void)snprintf(below, sizeof below, "%s/missing/store", folder.base);
    assert_int_equal(open_at(below, TEST_STORE_BYTES), STATUS_NOT_FOUND);
    assert_int_equal(open_at("/proc/wardgate", TEST_STORE_BYTES), STATUS_NOT_FOUND);
    assert_int_equal(open_at(folder.path, STORE_SIZE_LEAST - 1), STATUS_INVALID);
    assert_int_equal(open_at(folder.path, UINT64_MAX), STATUS_TOO_LARGE);
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    assert_int_equal(open_at(path, TEST_STORE_BYTES), STATUS_TOO_LARGE);
}

static void test_read_only_disk(void **state)
{
    (void)state;
    store_close(store_folder_open(&folder));
    if (mount(folder.path, folder.path, NULL, MS_BIND, NULL) != 0 ||
        mount(NULL, folder.path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) != 0) {
        print_message("SKIPPED: no mount permitted here (%s)\n", strerror(errno));
        skip();
    }
    const enum status status = open_at(folder.path, TEST_STORE_BYTES);
    assert_int_equal(umount(folder.path), 0);
    assert_int_equal(status, STATUS_DENIED);
}

/* A disk that is too small is told at start, not at the first alert; and one that fills up later takes nothing away. */
static void test_small_disk(void **state)
{
    (void)state;
    char full[128];
    assert_int_equal(mkdir(folder.path, 0700), 0);
    if (mount("tmpfs", folder.path, "tmpfs", 0, "size=3m") != 0) {
        print_message("SKIPPED: no mount permitted here (%s)\n", strerror(errno));
        skip();
    }
    const enum status too_small = open_at(folder.path, TEST_STORE_BYTES);
    assert_int_equal(umount(folder.path), 0);
    assert_int_equal(too_small, STATUS_FULL);

    assert_int_equal(mount("tmpfs", folder.path, "tmpfs", 0, "size=5m"), 0);
    struct store *store = store_folder_open(&folder);
    (void)snprintf(full, sizeof full, "%s/filler", folder.path);
    const int filler = open(full, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    static const char zeros[4096];
    while (write(filler, zeros, sizeof zeros) > 0) {
    }
    close(filler);
    enum status status = STATUS_OK;
    for (uint64_t seq = 1; status == STATUS_OK && seq < 1500; seq += 8) {
        status = test_alerts_commit(store, seq, 8, JSON);
    }
    store_close(store);
    struct store *again = NULL;
    const enum status reopened = store_open(&folder.config, &again);
    store_close(again);
    assert_int_equal(umount(folder.path), 0);
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(reopened, STATUS_OK);
}

/* Of the map of the alerts' file, in our memory. */
static unsigned long resident_kb(void)
{
    FILE *smaps = fopen("/proc/self/smaps", "r");
    char line[512], file[128];
    unsigned long kb = 0;
    bool is_map = false;
    (void)snprintf(file, sizeof file, "%s/alerts/data.mdb", folder.path);
    assert_non_null(smaps);
    while (fgets(line, sizeof line, smaps) != NULL) {
        char *after;
        (void)strtoull(line, &after, 16);
        if (strncmp(line, "Rss:", 4) == 0) {
            kb += is_map ? strtoul(line + 4, NULL, 10) : 0;
        } else if (*after == '-') { /* the first line of a map: its bounds */
            is_map = strstr(line, file) != NULL;
        }
    }
    (void)fclose(smaps);
    return kb;
}

static void test_map_is_given_back(void **state)
{
    (void)state;
    struct store *store = store_folder_open(&folder);
    struct store_usage usage;
    for (uint64_t seq = 1; seq <= 1600; seq += 8) {
        assert_int_equal(test_alerts_commit(store, seq, 8, JSON), STATUS_OK);
    }
    store_usage(store, &usage);
    assert_true(usage.alerts_bytes > 1000000);
    assert_in_range(resident_kb(), 0, 400);
    assert_int_equal(test_outbox_read(store, 0, JSON, &rows), STATUS_OK); /* all of it */
    assert_int_equal(rows.count + rows.wrong, 1600);
    assert_in_range(resident_kb(), 0, 400);
    store_close(store);
}

static void test_interrupted_creation_is_swept(void **state)
{
    (void)state;
    char stage[160], data[192];
    store_close(store_folder_open(&folder));
    (void)snprintf(stage, sizeof stage, "%s/alerts.new-0badcafe", folder.path);
    (void)snprintf(data, sizeof data, "%s/data.mdb", stage);
    assert_int_equal(mkdir(stage, 0700), 0);
    FILE *file = fopen(data, "w");
    assert_non_null(file);
    (void)fclose(file);
    store_close(store_folder_open(&folder));
    assert_int_not_equal(access(stage, F_OK), 0);
}

int main(void)
{
#define STORE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORE_TEST(test_new_store),
        STORE_TEST(test_disk_is_reserved),
        STORE_TEST(test_alerts_are_read_back),
        STORE_TEST(test_abort_leaves_nothing),
        STORE_TEST(test_delivered_rows_move_to_history),
        STORE_TEST(test_sent_alert_goes_straight_to_history),
        STORE_TEST(test_rows_go_on_after_restart),
        STORE_TEST(test_alarms),
        STORE_TEST(test_state),
        STORE_TEST(test_too_large),
        STORE_TEST(test_renamed_epoch),
        STORE_TEST(test_adopted_epoch),
        STORE_TEST(test_one_process_only),
        STORE_TEST(test_wrong_places),
        STORE_TEST(test_read_only_disk),
        STORE_TEST(test_small_disk),
        STORE_TEST(test_map_is_given_back),
        STORE_TEST(test_interrupted_creation_is_swept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
