/*
 * The files of a connection: who may read them, what stands in them, when it ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/uplink/certificate.h"
#include "tests/unit/support/certificates.h"

#define DAY_MS (TEST_DAY_S * 1000)

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/wardgate-certificate-XXXXXX");
    test_need(mkdtemp(folder) != NULL, "a temporary folder");
    make_certificate(folder, "ca", &(struct wanted_certificate){.is_authority = true, .ends_s = 100 * TEST_DAY_S});
    make_certificate(folder, "mine", &(struct wanted_certificate){.signer = "ca", .ends_s = 10 * TEST_DAY_S});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    const char *const arguments[] = {"rm", "-rf", folder, NULL};
    return test_run(arguments);
}

/* The path of a file in the folder; it stays for the next 31 calls. */
static const char *at(const char *name)
{
    static char paths[32][128];
    static unsigned next;
    char *path = paths[next++ % 32];
    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_private(const char *name, const char *text, mode_t mode)
{
    test_write_file(folder, name, text);
    assert_int_equal(chmod(at(name), mode), 0);
}

static void join(const char *first, const char *second, const char *into)
{
    char script[64];
    (void)snprintf(script, sizeof script, "cd \"$0\" && cat %s %s >%s", first, second, into);
    const char *const arguments[] = {"sh", "-c", script, folder, NULL};
    assert_int_equal(test_run(arguments), 0);
}

static void expect_fit(const struct uplink_broker *broker, int64_t now_ms)
{
    struct credential_text why;
    if (!certificate_check(broker, now_ms, &why)) {
        fail_msg("refused: %s", why.text);
    }
}

static void expect_unfit(const struct uplink_broker *broker, int64_t now_ms, const char *told)
{
    struct credential_text why;
    assert_false(certificate_check(broker, now_ms, &why));
    if (strstr(why.text, told) == NULL) {
        fail_msg("\"%s\" is not told, but \"%s\"", told, why.text);
    }
}

static struct uplink_broker mine(void)
{
    return (struct uplink_broker){.ca = at("ca.pem"), .cert = at("mine.pem"), .key = at("mine.key")};
}

static void test_good_files_are_fit(void **state)
{
    (void)state;
    const struct uplink_broker broker = mine();
    expect_fit(&broker, 0);
    expect_fit(&broker, clock_wall_ms());
    expect_fit(&(struct uplink_broker){.url = "mqtt://127.0.0.1:1883"}, 0);
    assert_int_equal(chmod(broker.key, 0400), 0);
    expect_fit(&broker, 0);
}

static void test_times_count_only_when_they_are_known(void **state)
{
    (void)state;
    const struct uplink_broker broker = mine();
    const int64_t now_ms = clock_wall_ms();
    const int64_t ends_ms = certificate_first_end(&broker).ends_ms;
    assert_in_range(ends_ms, now_ms + 9 * DAY_MS, now_ms + 10 * DAY_MS + 1000);
    expect_fit(&broker, ends_ms - 1);
    expect_unfit(&broker, ends_ms, "/mine.pem ended on 20");
    expect_unfit(&broker, now_ms - 2 * DAY_MS, " is not valid before 20");
    expect_unfit(&broker, now_ms + 101 * DAY_MS, "/ca.pem ended on 20");
    expect_fit(&broker, 0);
}

static void test_keys_and_passwords_must_be_private(void **state)
{
    (void)state;
    static const mode_t open_modes[] = {0660, 0604, 0620, 0602, 0610, 0601, 0777};
    const struct uplink_broker broker = mine();
    for (size_t i = 0; i < sizeof open_modes / sizeof open_modes[0]; ++i) {
        assert_int_equal(chmod(broker.key, open_modes[i]), 0);
        expect_unfit(&broker, 0, "/mine.key is open to others (mode 0");
    }
    assert_int_equal(chmod(broker.key, 0600), 0);
    expect_fit(&broker, 0);
    write_private("password", "word\n", 0644);
    expect_unfit(&(struct uplink_broker){.password_file = at("password")}, 0,
                 "/password is open to others (mode 0644)");
    if (geteuid() == 0) {
        assert_int_equal(chown(broker.key, 12345, 0), 0);
        expect_unfit(&broker, 0, "/mine.key belongs to another user, chown it");
        assert_int_equal(chown(broker.key, 0, 0), 0);
    }
}

/* Of root's, its group may read it; of ours, nobody else. */
static void test_group_of_a_private_file(void **state)
{
    (void)state;
    const struct uplink_broker broker = mine();
    assert_int_equal(chmod(broker.key, 0640), 0);
    if (geteuid() != 0) {
        expect_unfit(&broker, 0, "/mine.key is open to others (mode 0640), chmod 600 it");
    } else {
        expect_fit(&broker, 0);
        assert_int_equal(chown(broker.key, 12345, 0), 0);
        expect_unfit(&broker, 0, "/mine.key is open to others (mode 0640), chmod 600 it");
        assert_int_equal(chown(broker.key, 0, 0), 0);
    }
    assert_int_equal(chmod(broker.key, 0600), 0);
}

static void test_wrong_files_are_told_by_name(void **state)
{
    (void)state;
    struct uplink_broker broker = mine();
    make_certificate(folder, "other", &(struct wanted_certificate){.signer = "ca"});
    broker.key = at("other.key");
    expect_unfit(&broker, 0, "/other.key does not belong to the certificate ");
    broker.key = at("ca.pem");
    expect_unfit(&broker, 0, "/ca.pem is open to others");
    write_private("no.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0600);
    broker.key = at("no.key");
    expect_unfit(&broker, 0, "/no.key holds no private key");
    write_private("empty.key", "", 0600);
    broker.key = at("empty.key");
    expect_unfit(&broker, 0, "/empty.key holds no private key");
    broker = mine();
    broker.cert = at("mine.key");
    expect_unfit(&broker, 0, "/mine.key holds no certificate");
    broker.cert = at("missing.pem");
    expect_unfit(&broker, 0, "/missing.pem cannot be read (No such file or directory)");
    broker = mine();
    broker.ca = folder;
    expect_unfit(&broker, 0, " is no file");
    assert_int_equal(mkfifo(at("pipe"), 0600), 0); /* nobody writes to it: it must not hold us */
    broker.ca = at("pipe");
    expect_unfit(&broker, 0, "/pipe is no file");
}

/* Nobody sits at the gateway to type a passphrase, and it must not ask for one. */
static void test_a_key_under_a_passphrase_is_told(void **state)
{
    (void)state;
    const char *const encrypt[] = {"openssl", "pkcs8",          "-topk8",   "-in",         at("mine.key"),
                                   "-out",    at("secret.key"), "-passout", "pass:secret", NULL};
    assert_int_equal(test_run(encrypt), 0);
    assert_int_equal(chmod(at("secret.key"), 0600), 0);
    struct uplink_broker broker = mine();
    broker.key = at("secret.key");
    expect_unfit(&broker, 0, "/secret.key holds no private key without a passphrase");
}

/* While one authority follows another, both stand in the file. */
static void test_authorities_may_follow_each_other(void **state)
{
    (void)state;
    struct uplink_broker broker = mine();
    const int64_t now_ms = clock_wall_ms();
    make_certificate(
        folder, "old",
        &(struct wanted_certificate){.is_authority = true, .begins_s = -9 * TEST_DAY_S, .ends_s = -TEST_DAY_S});
    broker.ca = at("old.pem");
    expect_unfit(&broker, now_ms, "/old.pem ended on 20");
    join("old.pem", "ca.pem", "both.pem");
    broker.ca = at("both.pem");
    expect_fit(&broker, now_ms);
    broker.cert = NULL;
    const struct uplink_certificate first = certificate_first_end(&broker);
    assert_string_equal(first.name, "both.pem");
    assert_in_range(first.ends_ms, now_ms + 99 * DAY_MS, now_ms + 100 * DAY_MS + 1000);
}

static void test_the_first_end_is_found(void **state)
{
    (void)state;
    struct uplink_broker broker = mine();
    assert_string_equal(certificate_first_end(&broker).name, "mine.pem");
    make_certificate(folder, "long", &(struct wanted_certificate){.signer = "ca", .ends_s = 200 * TEST_DAY_S});
    broker.cert = at("long.pem");
    assert_string_equal(certificate_first_end(&broker).name, "ca.pem");
    broker.ca = broker.cert = at("missing.pem");
    assert_int_equal(certificate_first_end(&broker).ends_ms, 0);
    assert_int_equal(certificate_first_end(&(struct uplink_broker){.ca = NULL}).ends_ms, 0);
}

static void test_passwords_are_one_line(void **state)
{
    (void)state;
    char password[CREDENTIAL_PASSWORD_MAX] = "before";
    char longest[CREDENTIAL_PASSWORD_MAX + 1];
    struct credential_text why;
    write_private("password", "a word\r\nmore\n", 0600);
    assert_true(credential_read_password(at("password"), password, &why));
    assert_string_equal(password, "a word");
    write_private("password", "no end of line", 0400);
    assert_true(credential_read_password(at("password"), password, &why));
    assert_string_equal(password, "no end of line");

    memset(longest, 'p', sizeof longest);
    longest[CREDENTIAL_PASSWORD_MAX - 2] = '\0';
    write_private("password", longest, 0600);
    assert_true(credential_read_password(at("password"), password, &why));
    assert_string_equal(password, longest);
    longest[CREDENTIAL_PASSWORD_MAX - 2] = 'p';
    longest[CREDENTIAL_PASSWORD_MAX - 1] = '\0';
    write_private("password", longest, 0600);
    assert_false(credential_read_password(at("password"), password, &why));
    assert_null(strstr(why.text, "ppp")); /* what it holds is no part of a message */
    write_private("password", "", 0600);
    assert_false(credential_read_password(at("password"), password, &why));
    assert_non_null(strstr(why.text, "/password holds no password"));
}

static bool changes(const struct uplink_broker *broker, struct credential_marks *marks)
{
    struct credential_marks now;
    credential_look(broker, &now);
    const bool changed = !credential_marks_equal(&now, marks);
    *marks = now;
    return changed;
}

static void test_changes_of_files_are_seen(void **state)
{
    (void)state;
    struct uplink_broker broker = mine();
    struct credential_marks marks;
    broker.password_file = at("password");
    credential_look(&broker, &marks);
    assert_false(changes(&broker, &marks));
    write_private("password", "one", 0600);
    assert_true(changes(&broker, &marks)); /* a file that was not there */
    assert_false(changes(&broker, &marks));
    assert_int_equal(chmod(at("password"), 0400), 0);
    assert_true(changes(&broker, &marks));
    assert_int_equal(rename(at("ca.pem"), at("kept.pem")), 0);
    assert_true(changes(&broker, &marks)); /* and one that is gone */
    join("kept.pem", "", "ca.pem");
    assert_true(changes(&broker, &marks)); /* the same bytes in another file */
    assert_false(changes(&broker, &marks));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_good_files_are_fit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_times_count_only_when_they_are_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keys_and_passwords_must_be_private, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_group_of_a_private_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wrong_files_are_told_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_key_under_a_passphrase_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_authorities_may_follow_each_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_first_end_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_passwords_are_one_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_changes_of_files_are_seen, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
