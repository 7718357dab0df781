/*
 * Commands on their way through the store: a row of the audit log in the same transaction as what they caused, a reply only after it, each once, whatever
 * the disk does.
 */
#include "tests/unit/support/commit_rig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/support/disk_fault.h"

#define LOG_MAX 2048

static struct {
    uint32_t count;
    char json[LOG_MAX][STORE_AUDIT_MAX + 1];
} audit;

static bool see(void *context, uint64_t row, int64_t wall_ms, const char *json, uint32_t length)
{
    (void)context;
    assert_int_equal(row, audit.count + 1);
    assert_true(wall_ms > 0 && length <= STORE_AUDIT_MAX && audit.count < LOG_MAX);
    memcpy(audit.json[audit.count], json, length);
    audit.json[audit.count++][length] = '\0';
    return true;
}

static void read_audit(void)
{
    audit.count = 0;
    assert_int_equal(store_each_audit(commit_rig_store(), UINT32_MAX, see, NULL), STATUS_OK);
}

/* How many rows of the audit log are of the command "c<number>". */
static unsigned rows_of(unsigned number)
{
    char wanted[32];
    unsigned count = 0;
    (void)snprintf(wanted, sizeof wanted, "\"id\":\"c%u\"", number);
    for (uint32_t i = 0; i < audit.count; i++) {
        count += strstr(audit.json[i], wanted) != NULL ? 1 : 0;
    }
    return count;
}

static void expect_reply(enum command_origin origin, unsigned number, struct reply *out)
{
    char id[16];
    assert_true(commit_rig_pop_reply(origin, out));
    (void)snprintf(id, sizeof id, "c%u", number);
    assert_string_equal(out->command.id, id);
}

static void expect_no_reply(void)
{
    struct reply reply;
    assert_false(commit_rig_pop_reply(ORIGIN_BROKER, &reply));
    assert_false(commit_rig_pop_reply(ORIGIN_LOCAL, &reply));
}

static int rig_setup(void **state)
{
    memset(&disk_fault, 0, sizeof disk_fault);
    return commit_rig_setup(state);
}

static int rig_teardown(void **state)
{
    memset(&disk_fault, 0, sizeof disk_fault);
    return commit_rig_teardown(state);
}

static void test_a_reply_follows_the_commit(void **state)
{
    (void)state;
    struct reply reply;
    commit_rig_make(true);
    commit_rig_alert(0, PHASE_START);
    commit_rig_command(0, 1, VERDICT_ACCEPTED, ORIGIN_BROKER);
    commit_rig.now_us += 1000;
    (void)commit_step(&commit_rig.commit, commit_rig.now_us); /* with the writer, which has not done it */
    expect_no_reply();
    assert_true(writer_step(&commit_rig.commit.writer));
    expect_no_reply();
    (void)commit_step(&commit_rig.commit, commit_rig.now_us);
    expect_reply(ORIGIN_BROKER, 1, &reply);
    assert_int_equal(reply.command.verdict, VERDICT_ACCEPTED);
    assert_int_equal(reply.stay, 7);
    assert_int_equal(reply.row, 1); /* the alert's */
    assert_int_equal(reply.row_before, 0);
    assert_int_equal(atomic_load(&commit_rig.commit.committed_row), 1);
    assert_true(commit_rig_woken());
    read_audit();
    assert_int_equal(audit.count, 1);
    assert_non_null(strstr(audit.json[0], "\"kind\":\"command\",\"command\":\"back\",\"bed\":\"b01\""));
    assert_non_null(strstr(audit.json[0], "\"by\":\"n1\",\"role\":\"nurse\",\"id\":\"c1\",\"result\":\"accepted\""));
    commit_rig_alert(0, PHASE_END);
    commit_rig_alert(1, PHASE_START);
    commit_rig_command(0, 2, VERDICT_ACCEPTED, ORIGIN_BROKER);
    commit_rig_round(1000);
    expect_reply(ORIGIN_BROKER, 2, &reply);
    assert_int_equal(reply.row_before, 1);
    assert_int_equal(reply.row, 3);
}

static uint32_t outbox_rows(void)
{
    static struct commit_rig_rows rows;
    commit_rig_outbox(&rows);
    return rows.count;
}

/* The engine is in the middle of it: what it has told so far is not durable before the rest is. */
static void test_what_it_caused_waits_for_it(void **state)
{
    (void)state;
    commit_rig_make(true);
    commit_rig_alert(0, PHASE_START);
    commit_rig.of_command = true;
    commit_rig_alert(0, PHASE_END);
    commit_rig_round(1000);
    assert_int_equal(outbox_rows(), 1);
    assert_true(commit_step(&commit_rig.commit, commit_rig.now_us) > commit_rig.now_us); /* and nobody spins */
    assert_true(writer_is_idle(&commit_rig.commit.writer));
    commit_rig_command(0, 1, VERDICT_ACCEPTED, ORIGIN_BROKER);
    commit_rig_round(1000);
    assert_int_equal(outbox_rows(), 2);
    read_audit();
    assert_int_equal(audit.count, 1);
}

/* A group that is full ends before it, not in it; one that causes more than a group holds is cut all the same. */
static void test_a_full_group_does_not_cut_it(void **state)
{
    (void)state;
    commit_rig_make(true);
    for (unsigned i = 0; i < COMMIT_GROUP_MAX - 2; i++) {
        commit_rig_alert(0, PHASE_UPDATE);
    }
    commit_rig.of_command = true;
    for (unsigned i = 0; i < 4; i++) {
        commit_rig_alert(0, PHASE_UPDATE);
    }
    commit_rig_command(0, 1, VERDICT_ACCEPTED, ORIGIN_BROKER);
    for (uint32_t rows = 0; rows < COMMIT_GROUP_MAX - 2; rows = outbox_rows()) {
        commit_rig_round(1000);
        assert_true(outbox_rows() > rows);
        read_audit();
        assert_int_equal(audit.count, outbox_rows() > COMMIT_GROUP_MAX - 2 ? 1 : 0);
    }
    commit_rig_round(1000);
    read_audit();
    assert_int_equal(audit.count, 1);
    assert_int_equal(outbox_rows(), COMMIT_GROUP_MAX + 2);

    for (unsigned i = 0; i < 2 * COMMIT_GROUP_MAX; i++) {
        commit_rig_alert(0, PHASE_UPDATE);
    }
    commit_rig_command(0, 2, VERDICT_ACCEPTED, ORIGIN_BROKER);
    for (unsigned i = 0; i < 2 * COMMIT_GROUP_MAX && audit.count < 2; i++) {
        commit_rig_round(1000);
        read_audit();
    }
    assert_int_equal(audit.count, 2);
    assert_int_equal(outbox_rows(), 3 * COMMIT_GROUP_MAX + 2);
}

static void test_replies_go_where_the_command_came_from(void **state)
{
    (void)state;
    struct reply reply;
    commit_rig_make(true);
    commit_rig_command(0, 1, VERDICT_STAY, ORIGIN_LOCAL);
    commit_rig_command(BED_NONE, 2, VERDICT_UNKNOWN_BED, ORIGIN_BROKER);
    commit_rig_command(1, 3, VERDICT_ACCEPTED, ORIGIN_BROKER);
    commit_rig_round(1000);
    expect_reply(ORIGIN_LOCAL, 1, &reply);
    assert_int_equal(reply.command.verdict, VERDICT_STAY);
    expect_reply(ORIGIN_BROKER, 2, &reply);
    assert_int_equal(reply.stay, 0);
    const int64_t first_us = reply.since_us;
    expect_reply(ORIGIN_BROKER, 3, &reply);
    assert_true(reply.since_us > first_us);
    expect_no_reply();
    read_audit();
    assert_int_equal(audit.count, 3);
    assert_non_null(strstr(audit.json[0], "\"role\":\"local\",\"id\":\"c1\",\"result\":\"stay\""));
    assert_non_null(strstr(audit.json[1], "\"bed\":null"));
}

/* A dead disk: no reply, and when it is back one row and one reply. */
static void test_a_failing_store_keeps_the_reply(void **state)
{
    (void)state;
    struct reply reply;
    commit_rig_make(true);
    commit_rig_round(1000);
    atomic_store(&disk_fault.sync_error, EIO);
    commit_rig_alert(0, PHASE_START);
    commit_rig_command(0, 1, VERDICT_ACCEPTED, ORIGIN_BROKER);
    for (int i = 0; i < 20; i++) {
        commit_rig_round(500000);
        expect_no_reply();
    }
    const int64_t since_us = commit_rig.now_us - 10000000;
    atomic_store(&disk_fault.sync_error, 0);
    atomic_store(&disk_fault.meta_error, 0);
    for (int i = 0; i < 6; i++) {
        commit_rig_round(500000);
    }
    expect_reply(ORIGIN_BROKER, 1, &reply);
    assert_true(reply.since_us <= since_us + 1000000); /* whoever sends it can see how old it is */
    expect_no_reply();
    read_audit();
    assert_int_equal(audit.count, 1);
}

/* A commit that was told as failed and came through all the same: what it held is not written twice. */
static void test_a_commit_that_came_through_after_all(void **state)
{
    (void)state;
    struct reply reply;
    commit_rig_make(true);
    commit_rig_round(1000);
    commit_rig_command(0, 1, VERDICT_ACCEPTED, ORIGIN_BROKER);
    commit_rig_command(0, 2, VERDICT_ACCEPTED, ORIGIN_BROKER);
    assert_true(commit_note(&commit_rig.commit, "{\"kind\":\"reload\"}", 17));
    atomic_store(&disk_fault.meta_slips, true);
    commit_rig_round(1000);
    expect_no_reply();
    atomic_store(&disk_fault.meta_error, 0);
    commit_rig_command(0, 3, VERDICT_ACCEPTED, ORIGIN_BROKER);
    assert_true(commit_note(&commit_rig.commit, "{\"kind\":\"start\"}", 16));
    for (int i = 0; i < 6; i++) {
        commit_rig_round(300000);
    }
    for (unsigned number = 1; number <= 3; number++) {
        expect_reply(ORIGIN_BROKER, number, &reply);
    }
    expect_no_reply();
    read_audit();
    assert_int_equal(audit.count, 5);
    for (unsigned number = 1; number <= 3; number++) {
        assert_int_equal(rows_of(number), 1);
    }
}

/* The same when the first try did not come through, over and over, with other commands in between. */
static void test_each_is_written_once_whatever_happens(void **state)
{
    (void)state;
    unsigned number = 0;
    commit_rig_make(true);
    commit_rig_round(1000);
    for (int round = 0; round < 60; round++) {
        for (int i = 0; i < round % 4; i++) {
            number++;
            commit_rig_command((uint16_t)(number % RIG_BEDS), number, VERDICT_ACCEPTED, ORIGIN_LOCAL);
        }
        atomic_store(&disk_fault.sync_error, round % 5 == 1 ? EIO : 0);
        atomic_store(&disk_fault.meta_error, round % 7 == 2 ? EIO : 0);
        atomic_store(&disk_fault.meta_slips, round % 3 == 0);
        commit_rig_round(3000000);
        struct reply reply;
        while (commit_rig_pop_reply(ORIGIN_LOCAL, &reply)) {
            assert_true(reply.command.origin <= origin_make(ORIGIN_LOCAL, number));
        }
    }
    memset(&disk_fault, 0, sizeof disk_fault);
    for (int i = 0; i < 4; i++) {
        commit_rig_round(3000000);
    }
    read_audit();
    assert_int_equal(audit.count, number);
    for (unsigned i = 1; i <= number; i++) {
        assert_int_equal(rows_of(i), 1);
    }
}

/* Another gateway of this boot, as after a reload: its commands are later, and none is taken for one that is there. */
static void test_another_commit_of_the_same_boot(void **state)
{
    (void)state;
    commit_rig_make(true);
    commit_rig_command(0, 1, VERDICT_ACCEPTED, ORIGIN_BROKER);
    commit_rig_round(1000);
    commit_rig_unmake();
    commit_rig_make(true);
    atomic_store(&disk_fault.sync_error, EIO);
    commit_rig_command(0, 2, VERDICT_ACCEPTED, ORIGIN_BROKER);
    commit_rig_round(1000);
    atomic_store(&disk_fault.sync_error, 0);
    commit_rig_round(1000000);
    read_audit();
    assert_int_equal(rows_of(1), 1);
    assert_int_equal(rows_of(2), 1);
}

/* What waits for a dead disk is bounded: commands are given up with the alerts, counted, and the rest goes on. */
static void test_a_disk_that_stays_dead(void **state)
{
    (void)state;
    commit_rig_make(true);
    commit_rig_round(1000);
    atomic_store(&disk_fault.sync_error, EIO);
    struct direct_alert direct;
    unsigned number = 0;
    for (unsigned i = 0; i < 2 * COMMIT_PENDING_MAX; i++) {
        commit_rig_command((uint16_t)(i % RIG_BEDS), ++number, VERDICT_ACCEPTED, ORIGIN_BROKER);
        if (i % 64 == 0) {
            commit_rig_alert(0, PHASE_UPDATE);
            commit_rig_round(2000000);
            while (commit_rig_pop_direct(&direct)) {
            }
        }
    }
    commit_rig_round(2000000);
    assert_true(atomic_load(&commit_rig.commit.state.unaudited) > 0);
    atomic_store(&disk_fault.sync_error, 0);
    struct reply reply;
    for (int i = 0; i < 40; i++) {
        commit_rig_round(2000000);
        while (commit_rig_pop_reply(ORIGIN_BROKER, &reply)) {
        }
    }
    read_audit();
    assert_int_equal(audit.count + atomic_load(&commit_rig.commit.state.unaudited), number);
}

static void test_a_full_ring_loses_the_reply_alone(void **state)
{
    (void)state;
    struct reply reply;
    commit_rig_make(true);
    for (unsigned number = 1; number <= RIG_REPLY_SLOTS + 3; number++) {
        commit_rig_command(0, number, VERDICT_ACCEPTED, ORIGIN_BROKER);
    }
    commit_rig_round(1000);
    for (unsigned number = 1; number <= RIG_REPLY_SLOTS; number++) {
        expect_reply(ORIGIN_BROKER, number, &reply);
    }
    expect_no_reply();
    read_audit();
    assert_int_equal(audit.count, RIG_REPLY_SLOTS + 3);
}

static void test_notes(void **state)
{
    (void)state;
    commit_rig_make(true);
    static char largest[STORE_AUDIT_MAX];
    memset(largest, 'x', sizeof largest);
    for (unsigned i = 0; i < COMMIT_NOTE_SLOTS; i++) {
        assert_true(commit_note(&commit_rig.commit, largest, sizeof largest - i));
    }
    assert_false(commit_note(&commit_rig.commit, "{}", 2));
    assert_false(commit_has_noted(&commit_rig.commit));
    for (unsigned i = 0; i < COMMIT_NOTE_SLOTS + 2; i++) {
        read_audit();
        assert_int_equal(commit_has_noted(&commit_rig.commit), audit.count == COMMIT_NOTE_SLOTS);
        commit_rig_round(1000);
    }
    assert_true(commit_has_noted(&commit_rig.commit));
    read_audit();
    assert_int_equal(audit.count, COMMIT_NOTE_SLOTS);
    for (unsigned i = 0; i < COMMIT_NOTE_SLOTS; i++) {
        assert_int_equal(strlen(audit.json[i]), sizeof largest - i);
    }
    assert_true(commit_note(&commit_rig.commit, "{}", 2)); /* on its own it is committed when the thread stops, too */
    commit_rig_unmake();
    commit_rig_make(true);
    read_audit();
    assert_int_equal(audit.count, COMMIT_NOTE_SLOTS);
}

/* A store that has no room makes neither the thread spin nor the deliveries wait. */
static void test_no_room_for_a_note(void **state)
{
    (void)state;
    struct commit_rig_rows rows;
    commit_rig.folder.config.size_bytes = STORE_SIZE_LEAST;
    commit_rig_make(true);
    const struct store_state *store_state = &commit_rig.commit.state;
    for (int i = 0; i < 4000 && atomic_load(&store_state->status) != STATUS_FULL; i++) {
        commit_rig_active((unsigned)i);
        commit_rig_round(1000);
    }
    assert_int_equal(atomic_load(&store_state->status), STATUS_FULL);
    assert_int_equal(atomic_load(&store_state->omitted), 0);
    assert_true(commit_note(&commit_rig.commit, "{\"kind\":\"reload\"}", 17));
    const uint64_t commits = atomic_load(&store_state->commits);
    commit_rig_round(100000);
    assert_true(commit_step(&commit_rig.commit, commit_rig.now_us) > commit_rig.now_us);
    assert_true(atomic_load(&store_state->commits) <= commits + 1);
    read_audit();
    assert_int_equal(audit.count, 0);
    for (int i = 0; i < 300; i++) { /* the broker takes them one after another */
        commit_rig_outbox(&rows);
        for (uint32_t row = 0; row < rows.count && row < 64; row++) {
            (void)ring_push(&commit_rig.delivered, &rows.row[row]); /* full: they come again */
        }
        commit_rig_round(3000000);
    }
    read_audit();
    assert_int_equal(audit.count, 1);
}

static void push_resend(unsigned number, enum command_verdict verdict)
{
    struct commit_rig *r = &commit_rig;
    struct record record = {.kind = RECORD_COMMAND, .bed = BED_NONE, .seq = r->seq, .next_id = r->seq + 1};
    record.command = (struct bed_command){.kind = COMMAND_resend,
                                          .role = ROLE_nurse,
                                          .verdict = (uint8_t)verdict,
                                          .bed = BED_NONE,
                                          .from_seq = number,
                                          .through_seq = number + 9,
                                          .origin = origin_make(ORIGIN_BROKER, number),
                                          .by = "n1"};
    (void)snprintf(record.command.id, sizeof record.command.id, "c%u", number);
    assert_true(ring_push(&r->records, &record));
}

/* What is asked of the deliver thread reaches it once the command is durable, and only if it was accepted; one too many is told so. */
static void test_alerts_once_more(void **state)
{
    (void)state;
    struct resend_request request;
    struct reply reply;
    commit_rig_make(true);
    atomic_store(&disk_fault.sync_error, EIO);
    push_resend(1, VERDICT_ACCEPTED);
    commit_rig_round(0);
    assert_int_equal(ring_count(&commit_rig.resends), 0);
    atomic_store(&disk_fault.sync_error, 0);
    (void)commit_rig_woken();
    commit_rig_round(200000);
    assert_true(commit_rig_woken());
    expect_reply(ORIGIN_BROKER, 1, &reply);
    assert_int_equal(reply.command.verdict, VERDICT_ACCEPTED);
    assert_int_equal(ring_pop(&commit_rig.resends, &request, 1), 1);
    assert_string_equal(request.id, "c1");
    assert_int_equal(request.from_seq, 1);
    assert_int_equal(request.through_seq, 10);
    push_resend(2, VERDICT_BOUNDS);
    commit_rig_round(0);
    expect_reply(ORIGIN_BROKER, 2, &reply);
    assert_int_equal(ring_count(&commit_rig.resends), 0);
    for (unsigned number = 3; number < 3 + RESEND_SLOTS; number++) {
        push_resend(number, VERDICT_ACCEPTED);
        commit_rig_round(0);
        expect_reply(ORIGIN_BROKER, number, &reply);
        assert_int_equal(reply.command.verdict, VERDICT_ACCEPTED);
    }
    push_resend(99, VERDICT_ACCEPTED);
    commit_rig_round(0);
    expect_reply(ORIGIN_BROKER, 99, &reply);
    assert_int_equal(reply.command.verdict, VERDICT_BUSY);
    assert_int_equal(ring_count(&commit_rig.resends), RESEND_SLOTS);
}

#define RIG_TEST(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_a_reply_follows_the_commit),
        RIG_TEST(test_what_it_caused_waits_for_it),
        RIG_TEST(test_a_full_group_does_not_cut_it),
        RIG_TEST(test_replies_go_where_the_command_came_from),
        RIG_TEST(test_a_failing_store_keeps_the_reply),
        RIG_TEST(test_a_commit_that_came_through_after_all),
        RIG_TEST(test_each_is_written_once_whatever_happens),
        RIG_TEST(test_another_commit_of_the_same_boot),
        RIG_TEST(test_a_disk_that_stays_dead),
        RIG_TEST(test_a_full_ring_loses_the_reply_alone),
        RIG_TEST(test_alerts_once_more),
        RIG_TEST(test_notes),
        RIG_TEST(test_no_room_for_a_note),
    };
    return cmocka_run_group_tests_name("commit_commands", tests, NULL, NULL);
}
