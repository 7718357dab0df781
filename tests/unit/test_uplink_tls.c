/*
 * The uplink over TLS, with certificates made for the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <netdb.h>

#include <cmocka.h>

#include "tests/unit/support/uplink_bench.h"

static bool make_certificates(const char *folder)
{
    static const char script[] =
        "cd \"$0\" && exec >/dev/null 2>&1 &&"
        " openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test-ca -keyout ca.key"
        " -out ca.pem && openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -keyout"
        " server.key -out server.csr && printf 'subjectAltName=DNS:localhost\\n' >san &&"
        " openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out "
        "server.pem"
        " && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=other -keyout"
        " other.key -out other.pem";
    const char *const arguments[] = {"sh", "-c", script, folder, NULL};
    return test_run(arguments) == 0;
}

#define TLS_OPTIONS "allow_anonymous true\ncafile @/ca.pem\ncertfile @/server.pem\nkeyfile @/server.key\n"

static void bench_open_tls(struct bench *bench, const char *options)
{
    bench_open(bench, 5);
    test_need(make_certificates(bench->broker.folder), "openssl");
    broker_configure(&bench->broker, options);
    broker_start(&bench->broker);
}

/* Certificates name hosts, so these tests need one name that is found. */
static void need_localhost(void)
{
    struct addrinfo *found = NULL;
    if (getaddrinfo("localhost", NULL, NULL, &found) != 0) {
        print_message("skipped: this machine cannot look up localhost\n");
        skip();
    }
    freeaddrinfo(found);
}

static void test_tls_verifies_certificate_and_host_name(void **state)
{
    (void)state;
    need_localhost();
    struct bench bench;
    char by_name[64];
    char by_address[64];
    char ca[128];
    char other[128];
    bench_open_tls(&bench, TLS_OPTIONS);
    (void)snprintf(by_name, sizeof by_name, "mqtts://localhost:%d", bench.broker.port);
    (void)snprintf(by_address, sizeof by_address, "mqtts://127.0.0.1:%d", bench.broker.port);
    (void)snprintf(ca, sizeof ca, "%s/ca.pem", bench.broker.folder);
    (void)snprintf(other, sizeof other, "%s/other.pem", bench.broker.folder);

    bench.address = (struct uplink_broker){.url = by_name, .ca = ca};
    (void)connect_up(&bench);
    assert_int_equal(publish(&bench, "ward/a", "x", 1, 0, 3), STATUS_OK);
    assert_int_equal(expect(&bench, UPLINK_DELIVERED).tag, 3);

    bench.address = (struct uplink_broker){.url = by_address, .ca = ca}; /* the certificate names localhost only */
    assert_int_equal(uplink_connect(bench.uplink, &bench.address), STATUS_OK);
    (void)expect(&bench, UPLINK_CONNECT_FAILED);
    bench.address = (struct uplink_broker){.url = by_name, .ca = other};
    assert_int_equal(uplink_connect(bench.uplink, &bench.address), STATUS_OK);
    (void)expect(&bench, UPLINK_CONNECT_FAILED);
    bench.address = (struct uplink_broker){.url = by_name}; /* the system's authorities do not know it */
    assert_int_equal(uplink_connect(bench.uplink, &bench.address), STATUS_OK);
    (void)expect(&bench, UPLINK_CONNECT_FAILED);
    bench_close(&bench);
}

static void test_tls_presents_its_certificate(void **state)
{
    (void)state;
    need_localhost();
    struct bench bench;
    char url[64];
    char ca[128];
    char cert[128];
    char key[128];
    bench_open_tls(&bench, TLS_OPTIONS "require_certificate true\n");
    (void)snprintf(url, sizeof url, "mqtts://localhost:%d", bench.broker.port);
    (void)snprintf(ca, sizeof ca, "%s/ca.pem", bench.broker.folder);
    (void)snprintf(cert, sizeof cert, "%s/server.pem", bench.broker.folder);
    (void)snprintf(key, sizeof key, "%s/server.key", bench.broker.folder);
    bench.address = (struct uplink_broker){.url = url, .ca = ca, .cert = cert, .key = key};
    (void)connect_up(&bench);
    bench.address = (struct uplink_broker){.url = url, .ca = ca};
    assert_int_equal(uplink_connect(bench.uplink, &bench.address), STATUS_OK);
    (void)expect(&bench, UPLINK_CONNECT_FAILED);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tls_verifies_certificate_and_host_name),
        cmocka_unit_test(test_tls_presents_its_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
