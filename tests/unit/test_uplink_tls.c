/*
 * The uplink over TLS, with certificates made for the test: what works, and what a person is told when it does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <netdb.h>

#include <cmocka.h>

#include "tests/unit/support/certificates.h"
#include "tests/unit/support/uplink_bench.h"

#define FAR_PAST   (-40 * TEST_DAY_S)
#define NEAR_PAST  (-2 * TEST_DAY_S)
#define FUTURE     (2 * TEST_DAY_S)
#define FAR_FUTURE (40 * TEST_DAY_S)

static void make_all(const char *folder)
{
    static const char here[] = "DNS:localhost,IP:127.0.0.1";
    static const struct {
        const char *name;
        struct wanted_certificate wanted;
    } list[] = {
        {"ca", {.is_authority = true}},
        {"other-ca", {.is_authority = true}},
        {"old-ca",
         {.is_authority = true, .of_key = "ca", .common_name = "ca", .begins_s = FAR_PAST, .ends_s = NEAR_PAST}},
        {"broker", {.signer = "ca", .names = here}},
        {"elsewhere", {.signer = "ca", .names = "DNS:broker.example,IP:192.0.2.1"}},
        {"by-name", {.signer = "ca", .names = "DNS:localhost"}},
        {"ended", {.signer = "ca", .names = here, .begins_s = FAR_PAST, .ends_s = NEAR_PAST}},
        {"early", {.signer = "ca", .names = here, .begins_s = FUTURE, .ends_s = FAR_FUTURE}},
        {"alone", {.names = here}},
        {"gateway", {.signer = "ca"}},
        {"stranger", {.signer = "other-ca"}},
        {"gateway-ended", {.signer = "ca", .begins_s = FAR_PAST, .ends_s = NEAR_PAST}},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; ++i) {
        make_certificate(folder, list[i].name, &list[i].wanted);
    }
    test_write_file(folder, "garbage.pem", "no certificate\n");
    test_write_file(folder, "open.key", "never read\n");
}

struct tls_bench {
    struct bench bench;
    char url[64], ca[128], cert[128], key[128];
};

/* Names without folder and end; NULL: none. */
static void use(struct tls_bench *t, const char *ca, const char *cert, const char *key)
{
    const char *folder = t->bench.broker.folder;
    (void)snprintf(t->ca, sizeof t->ca, "%s/%s.pem", folder, ca);
    (void)snprintf(t->cert, sizeof t->cert, "%s/%s.pem", folder, cert != NULL ? cert : "");
    (void)snprintf(t->key, sizeof t->key, "%s/%s.key", folder, key != NULL ? key : "");
    t->bench.address = (struct uplink_broker){
        .url = t->url, .ca = t->ca, .cert = cert != NULL ? t->cert : NULL, .key = key != NULL ? t->key : NULL};
}

static void restart(struct tls_bench *t, const char *certificate, const char *more)
{
    char options[512];
    (void)snprintf(options, sizeof options,
                   "allow_anonymous true\ncafile @/ca.pem\ncertfile @/%s.pem\nkeyfile @/%s.key\n%s", certificate,
                   certificate, more);
    broker_signal(&t->bench.broker, SIGKILL);
    broker_configure(&t->bench.broker, options);
    broker_start(&t->bench.broker);
}

static void open_tls(struct tls_bench *t)
{
    bench_open(&t->bench, 5);
    make_all(t->bench.broker.folder);
    (void)snprintf(t->url, sizeof t->url, "mqtts://127.0.0.1:%d", t->bench.broker.port);
    use(t, "ca", NULL, NULL);
}

static void expect_failure(struct tls_bench *t, const char *told)
{
    assert_int_equal(uplink_connect(t->bench.uplink, &t->bench.address), STATUS_OK);
    const struct uplink_event failed = expect(&t->bench, UPLINK_CONNECT_FAILED);
    if (strstr(failed.text, told) == NULL) {
        fail_msg("\"%s\" is not told, but \"%s\"", told, failed.text);
    }
    assert_int_equal(failed.unreached, strcmp(told, "no answer") == 0);
}

static void expect_working(struct tls_bench *t)
{
    (void)connect_up(&t->bench);
    assert_int_equal(publish(&t->bench, "ward/a", "x", 1, 0, 3), STATUS_OK);
    assert_int_equal(expect(&t->bench, UPLINK_DELIVERED).tag, 3);
    uplink_disconnect(t->bench.uplink, 1000);
}

/* ---- the broker's certificate ---- */

static void test_address_and_name_are_verified(void **state)
{
    (void)state;
    struct tls_bench t;
    open_tls(&t);
    restart(&t, "broker", "");
    expect_working(&t);
    restart(&t, "by-name", "");
    expect_failure(&t, "does not name the host of the url, use a name that it has or make it anew: 127.0.0.1");
    restart(&t, "elsewhere", "");
    expect_failure(&t, "does not name the host of the url");
    bench_close(&t.bench);
}

/* Without a CA file any certificate of the system's would do, or none. */
static void test_ca_is_demanded(void **state)
{
    (void)state;
    struct tls_bench t;
    open_tls(&t);
    restart(&t, "broker", "");
    t.bench.address.ca = NULL;
    assert_int_equal(uplink_connect(t.bench.uplink, &t.bench.address), STATUS_INVALID);
    use(&t, "ca", NULL, NULL);
    expect_working(&t);
    bench_close(&t.bench);
}

/* Some machines that run tests look up no name at all. */
static void test_name_is_verified(void **state)
{
    (void)state;
    struct tls_bench t;
    struct addrinfo *found = NULL;
    if (getaddrinfo("localhost", NULL, NULL, &found) != 0) {
        print_message("skipped: this machine cannot look up localhost\n");
        skip();
    }
    freeaddrinfo(found);
    open_tls(&t);
    (void)snprintf(t.url, sizeof t.url, "mqtts://localhost:%d", t.bench.broker.port);
    restart(&t, "by-name", "");
    expect_working(&t);
    restart(&t, "elsewhere", "");
    expect_failure(&t, "does not name the host of the url, use a name that it has or make it anew: localhost");
    bench_close(&t.bench);
}

static bool has_ipv6(void)
{
    const struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool works = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    (void)close(fd);
    return works;
}

static void test_ipv6_address_is_verified(void **state)
{
    (void)state;
    struct tls_bench t;
    char listener[128];
    if (!has_ipv6()) {
        print_message("skipped: this machine has no IPv6\n");
        skip();
    }
    open_tls(&t);
    make_certificate(t.bench.broker.folder, "six",
                     &(struct wanted_certificate){.signer = "ca", .names = "IP:::1,IP:127.0.0.1"});
    (void)snprintf(t.url, sizeof t.url, "mqtts://[::1]:%d", t.bench.broker.port);
    (void)snprintf(listener, sizeof listener,
                   "listener %d ::1\ncafile @/ca.pem\ncertfile @/six.pem\nkeyfile @/six.key\n", t.bench.broker.port);
    restart(&t, "six", listener);
    expect_working(&t);
    (void)snprintf(listener, sizeof listener, "listener %d ::1\ncertfile @/broker.pem\nkeyfile @/broker.key\n",
                   t.bench.broker.port);
    restart(&t, "six", listener);
    expect_failure(&t, "does not name the host of the url, use a name that it has or make it anew: ::1");
    bench_close(&t.bench);
}

static void test_wrong_brokers_are_told_apart(void **state)
{
    (void)state;
    struct tls_bench t;
    open_tls(&t);
    restart(&t, "ended", "");
    expect_failure(&t, "the broker's certificate ended on 20");
    restart(&t, "early", "");
    expect_failure(&t, "the broker's certificate is not valid before 20");
    restart(&t, "alone", "");
    expect_failure(&t, "the broker's certificate is self-signed, have it signed by the CA in: ");
    restart(&t, "broker", "");
    use(&t, "other-ca", NULL, NULL);
    expect_failure(&t, "the broker's certificate is signed by another CA than those in: ");
    expect_failure(&t, "/other-ca.pem");
    use(&t, "old-ca", NULL, NULL);
    expect_failure(&t, " ended on 20"); /* told of the file where this machine's clock is trusted, else of the chain */
    bench_close(&t.bench);
}

/* Not a broker, but it shakes hands in ways that mosquitto cannot be told to. */
static void start_old_server(struct tls_bench *t, const char *version, const char *ciphers, const char *more)
{
    char port[16];
    char cert[128];
    char key[128];
    (void)snprintf(port, sizeof port, "%d", t->bench.broker.port);
    (void)snprintf(cert, sizeof cert, "%s/broker.pem", t->bench.broker.folder);
    (void)snprintf(key, sizeof key, "%s/broker.key", t->bench.broker.folder);
    const char *const arguments[] = {"openssl", "s_server", "-quiet",  "-accept", port, "-cert",   cert,  "-key",
                                     key,       version,    "-cipher", ciphers,   more, "-CAfile", t->ca, NULL};
    broker_signal(&t->bench.broker, SIGKILL);
    t->bench.broker.pid = test_spawn(-1, arguments);
    const int64_t until_ms = test_now_ms() + WAIT_MS;
    while (!test_port_answers(t->bench.broker.port) && test_now_ms() < until_ms) {
        (void)usleep(5000);
    }
}

static void test_no_downgrade(void **state)
{
    (void)state;
    struct tls_bench t;
    open_tls(&t);
    start_old_server(&t, "-tls1_1", "DEFAULT@SECLEVEL=0", "-no_ticket");
    expect_failure(&t, "the broker is older than TLS 1.2");
    start_old_server(&t, "-tls1_2", "ECDHE-ECDSA-AES128-SHA256", "-no_ticket"); /* no AEAD */
    expect_failure(&t, "no cipher of TLS 1.2 or 1.3");
    start_old_server(&t, "-tls1_2", "ECDHE-ECDSA-AES128-GCM-SHA256", "-no_ticket"); /* good, but no broker */
    expect_failure(&t, "the broker ends the connection after the handshake");
    broker_signal(&t.bench.broker, SIGKILL);
    broker_configure(&t.bench.broker, "allow_anonymous true\n"); /* speaks plainly */
    broker_start(&t.bench.broker);
    expect_failure(&t, "is this its TLS port?");
    bench_close(&t.bench);
}

static void test_nobody_there_is_told(void **state)
{
    (void)state;
    struct tls_bench t;
    open_tls(&t);
    expect_failure(&t, "no answer");
    bench_close(&t.bench);
}

static void test_mute_broker_fails_in_bounded_time(void **state)
{
    (void)state;
    struct tls_bench t;
    int port;
    const int mute = test_mute_listener(&port);
    open_tls(&t);
    (void)snprintf(t.url, sizeof t.url, "mqtts://127.0.0.1:%d", port);
    const int64_t begun_ms = test_now_ms();
    assert_int_equal(uplink_connect(t.bench.uplink, &t.bench.address), STATUS_OK);
    struct uplink_event failed;
    assert_true(next_event(&t.bench, 15000, &failed));
    assert_string_equal(failed.text, "the broker does not end the handshake in time");
    assert_in_range(test_now_ms() - begun_ms, 1000, (UPLINK_CONNECT_TIMEOUT_S + UPLINK_DIAGNOSIS_S) * 1000 + 2500);
    bench_close(&t.bench);
    (void)close(mute);
}

/* ---- our certificate ---- */

static void test_broker_that_wants_a_certificate(void **state)
{
    (void)state;
    struct tls_bench t;
    open_tls(&t);
    restart(&t, "broker", "require_certificate true\n");
    use(&t, "ca", "gateway", "gateway");
    expect_working(&t);
    use(&t, "ca", NULL, NULL);
    expect_failure(&t, "the broker wants a certificate, give cert and key");
    use(&t, "ca", "stranger", "stranger");
    expect_failure(&t, "the broker does not know the CA that signed our certificate: ");
    use(&t, "ca", "gateway-ended", "gateway-ended");
    expect_failure(&t, " ended"); /* by our own clock where it is trusted, else in the broker's words */
    use(&t, "ca", NULL, NULL);
    start_old_server(&t, "-tls1_2", "ECDHE-ECDSA-AES128-GCM-SHA256", "-Verify=1");
    expect_failure(&t, "wants a certificate (cert and key)");
    bench_close(&t.bench);
}

static void test_unfit_files_are_told_before_anything_is_tried(void **state)
{
    (void)state;
    struct tls_bench t;
    char path[128];
    open_tls(&t); /* no broker runs: the text is about the file */
    use(&t, "missing", NULL, NULL);
    expect_failure(&t, "/missing.pem cannot be read (No such file or directory)");
    use(&t, "garbage", NULL, NULL);
    expect_failure(&t, "/garbage.pem holds no certificate");
    use(&t, "ca", "garbage", "gateway");
    expect_failure(&t, "/garbage.pem holds no certificate");
    use(&t, "ca", "gateway", "missing");
    expect_failure(&t, "/missing.key cannot be read");
    use(&t, "ca", "gateway", "broker");
    expect_failure(&t, "/broker.key does not belong to the certificate ");
    (void)snprintf(path, sizeof path, "%s/open.key", t.bench.broker.folder);
    assert_int_equal(chmod(path, 0644), 0);
    use(&t, "ca", "gateway", "open");
    expect_failure(&t, "/open.key is open to others (mode 0644), chmod 600 it");
    bench_close(&t.bench);
}

/* ---- files that change ---- */

static void copy(const struct tls_bench *t, const char *from, const char *to, const char *end)
{
    char paths[2][160];
    (void)snprintf(paths[0], sizeof paths[0], "%s/%s.%s", t->bench.broker.folder, from, end);
    (void)snprintf(paths[1], sizeof paths[1], "%s/%s.%s", t->bench.broker.folder, to, end);
    const char *const arguments[] = {"cp", "-p", paths[0], paths[1], NULL};
    assert_int_equal(test_run(arguments), 0);
}

static enum uplink_files look(struct tls_bench *t, struct uplink_look *out)
{
    uplink_look(t->bench.uplink, out);
    return out->files;
}

static void test_changed_files_are_judged_once_they_are_settled(void **state)
{
    (void)state;
    struct tls_bench t;
    struct uplink_look seen;
    open_tls(&t);
    copy(&t, "gateway", "mine", "pem");
    copy(&t, "gateway", "mine", "key");
    use(&t, "ca", "mine", "mine");
    assert_int_equal(look(&t, &seen), UPLINK_FILES_SAME); /* before the first connection */
    restart(&t, "broker", "require_certificate true\n");
    (void)connect_up(&t.bench);
    assert_int_equal(look(&t, &seen), UPLINK_FILES_SAME);

    copy(&t, "broker", "mine", "pem"); /* half of a change */
    assert_int_equal(look(&t, &seen), UPLINK_FILES_SAME);
    copy(&t, "broker", "mine", "key");
    assert_int_equal(look(&t, &seen), UPLINK_FILES_SAME); /* changed since the look before: still settling */
    assert_int_equal(look(&t, &seen), UPLINK_FILES_NEW);
    assert_int_equal(look(&t, &seen), UPLINK_FILES_SAME); /* told once */

    copy(&t, "gateway", "mine", "pem");
    (void)look(&t, &seen);
    assert_int_equal(look(&t, &seen), UPLINK_FILES_BAD);
    assert_non_null(strstr(seen.text, "/mine.key does not belong to the certificate "));
    assert_int_equal(look(&t, &seen), UPLINK_FILES_SAME);
    assert_int_equal(publish(&t.bench, "ward/a", "x", 1, 0, 9), STATUS_OK); /* the connection stands */
    assert_int_equal(expect(&t.bench, UPLINK_DELIVERED).tag, 9);
    assert_int_equal(chmod(t.key, 0644), 0);
    (void)look(&t, &seen);
    assert_int_equal(look(&t, &seen), UPLINK_FILES_BAD);
    assert_non_null(strstr(seen.text, "open to others"));
    copy(&t, "gateway", "mine", "key");
    (void)look(&t, &seen);
    assert_int_equal(look(&t, &seen), UPLINK_FILES_NEW);
    expect_working(&t);
    bench_close(&t.bench);
}

static void test_ends_are_told_of_the_broker_too(void **state)
{
    (void)state;
    struct tls_bench t;
    struct uplink_look seen;
    const int64_t now_ms = clock_wall_ms();
    open_tls(&t);
    make_certificate(t.bench.broker.folder, "short",
                     &(struct wanted_certificate){.signer = "ca", .names = "IP:127.0.0.1", .ends_s = 20 * TEST_DAY_S});
    make_certificate(t.bench.broker.folder, "mine",
                     &(struct wanted_certificate){.signer = "ca", .ends_s = 90 * TEST_DAY_S});
    use(&t, "ca", "mine", "mine");
    restart(&t, "short", "");
    (void)connect_up(&t.bench);
    uplink_look(t.bench.uplink, &seen); /* asks for the handshake */
    assert_string_equal(seen.first_end.name, "mine.pem");
    assert_in_range(seen.first_end.ends_ms, now_ms + 89 * TEST_DAY_S * 1000, now_ms + 91 * TEST_DAY_S * 1000);
    const int64_t until_ms = test_now_ms() + WAIT_MS;
    while (strcmp(seen.first_end.name, "the broker's") != 0 && test_now_ms() < until_ms) {
        (void)usleep(10000);
        uplink_look(t.bench.uplink, &seen);
    }
    assert_string_equal(seen.first_end.name, "the broker's");
    assert_in_range(seen.first_end.ends_ms, now_ms + 19 * TEST_DAY_S * 1000, now_ms + 21 * TEST_DAY_S * 1000);
    assert_int_equal(publish(&t.bench, "ward/a", "x", 1, 0, 9), STATUS_OK); /* beside the connection */
    assert_int_equal(expect(&t.bench, UPLINK_DELIVERED).tag, 9);
    bench_close(&t.bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address_and_name_are_verified),
        cmocka_unit_test(test_ca_is_demanded),
        cmocka_unit_test(test_name_is_verified),
        cmocka_unit_test(test_ipv6_address_is_verified),
        cmocka_unit_test(test_wrong_brokers_are_told_apart),
        cmocka_unit_test(test_no_downgrade),
        cmocka_unit_test(test_nobody_there_is_told),
        cmocka_unit_test(test_mute_broker_fails_in_bounded_time),
        cmocka_unit_test(test_broker_that_wants_a_certificate),
        cmocka_unit_test(test_unfit_files_are_told_before_anything_is_tried),
        cmocka_unit_test(test_changed_files_are_judged_once_they_are_settled),
        cmocka_unit_test(test_ends_are_told_of_the_broker_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
