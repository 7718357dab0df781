#include "drivers/uplink/certificate.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "drivers/uplink/dial.h"
#include "hal/clock.h"
#include "hal/net.h"

#define DAY_MAX 16

/* ---- times ---- */

static int64_t milliseconds_of(const ASN1_TIME *time)
{
    struct tm parts;
    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) * 1000 : 0;
}

static int64_t ends_ms_of(const X509 *certificate)
{
    return milliseconds_of(X509_get0_notAfter(certificate));
}

static void write_day(int64_t at_ms, char day[DAY_MAX])
{
    const time_t seconds = (time_t)(at_ms / 1000);
    struct tm parts;
    if (gmtime_r(&seconds, &parts) == NULL || strftime(day, DAY_MAX, "%Y-%m-%d", &parts) == 0) {
        day[0] = '\0';
    }
}

int64_t certificate_now_ms(void)
{
    return clock_is_synchronised() ? clock_wall_ms() : 0;
}

/* ---- our files ---- */

static BIO *open_bio(const char *path, bool is_private, struct credential_text *why)
{
    const int fd = credential_open(path, is_private, why);
    FILE *file = fd >= 0 ? fdopen(fd, "re") : NULL;
    BIO *bio = file != NULL ? BIO_new_fp(file, BIO_CLOSE) : NULL;
    if (bio == NULL && file != NULL) {
        (void)fclose(file);
    } else if (bio == NULL && fd >= 0) {
        (void)close(fd);
    }
    return bio;
}

static X509 *next_certificate(BIO *bio)
{
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    ERR_clear_error(); /* the end of the file is an error to it */
    return certificate;
}

static X509 *read_certificate(const char *path, struct credential_text *why)
{
    BIO *bio = open_bio(path, false, why);
    if (bio == NULL) {
        return NULL;
    }
    X509 *certificate = next_certificate(bio);
    (void)BIO_free(bio);
    if (certificate == NULL) {
        (void)snprintf(why->text, sizeof why->text, "%s holds no certificate (PEM is expected)", path);
    }
    return certificate;
}

/* A key under a passphrase: nobody is there to type it. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static EVP_PKEY *read_key(const char *path, struct credential_text *why)
{
    BIO *bio = open_bio(path, true, why);
    if (bio == NULL) {
        return NULL;
    }
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    ERR_clear_error();
    (void)BIO_free(bio);
    if (key == NULL) {
        (void)snprintf(why->text, sizeof why->text, "%s holds no private key without a passphrase (PEM is expected)",
                       path);
    }
    return key;
}

static bool is_in_time(const char *path, const X509 *certificate, int64_t now_ms, struct credential_text *why)
{
    const int64_t begins_ms = milliseconds_of(X509_get0_notBefore(certificate));
    const int64_t ends_ms = ends_ms_of(certificate);
    char day[DAY_MAX];
    if (now_ms != 0 && now_ms < begins_ms) {
        write_day(begins_ms, day);
        (void)snprintf(why->text, sizeof why->text, "the certificate %s is not valid before %s", path, day);
        return false;
    }
    if (now_ms != 0 && now_ms >= ends_ms) {
        write_day(ends_ms, day);
        (void)snprintf(why->text, sizeof why->text, "the certificate %s ended on %s, renew it", path, day);
        return false;
    }
    return true;
}

static bool check_pair(const struct uplink_broker *broker, int64_t now_ms, struct credential_text *why)
{
    X509 *certificate = read_certificate(broker->cert, why);
    EVP_PKEY *key = certificate != NULL ? read_key(broker->key, why) : NULL;
    bool fit = key != NULL && is_in_time(broker->cert, certificate, now_ms, why);
    if (fit && X509_check_private_key(certificate, key) != 1) {
        (void)snprintf(why->text, sizeof why->text, "the key %s does not belong to the certificate %s", broker->key,
                       broker->cert);
        fit = false;
    }
    ERR_clear_error();
    EVP_PKEY_free(key);
    X509_free(certificate);
    return fit;
}

/* One of the authorities in time is enough: a file may hold the old one and the new. */
static bool check_authorities(const char *path, int64_t now_ms, struct credential_text *why)
{
    BIO *bio = open_bio(path, false, why);
    if (bio == NULL) {
        return false;
    }
    bool fit = false;
    bool any = false;
    X509 *certificate;
    while (!fit && (certificate = next_certificate(bio)) != NULL) {
        any = true;
        fit = is_in_time(path, certificate, now_ms, why);
        X509_free(certificate);
    }
    (void)BIO_free(bio);
    if (!any) {
        (void)snprintf(why->text, sizeof why->text, "%s holds no certificate (PEM is expected)", path);
    }
    return fit;
}

static bool check_password_file(const char *path, struct credential_text *why)
{
    char password[CREDENTIAL_PASSWORD_MAX];
    const bool fit = credential_read_password(path, password, why);
    explicit_bzero(password, sizeof password);
    return fit;
}

bool certificate_check(const struct uplink_broker *broker, int64_t now_ms, struct credential_text *why)
{
    return (broker->password_file == NULL || check_password_file(broker->password_file, why)) &&
           (broker->ca == NULL || check_authorities(broker->ca, now_ms, why)) &&
           (broker->cert == NULL || check_pair(broker, now_ms, why));
}

/* ---- which ends first ---- */

static void note_end(struct uplink_certificate *first, const char *path, int64_t ends_ms)
{
    if (ends_ms != 0 && (first->ends_ms == 0 || ends_ms < first->ends_ms)) {
        const char *slash = strrchr(path, '/');
        first->ends_ms = ends_ms;
        (void)snprintf(first->name, sizeof first->name, "%s", slash != NULL ? slash + 1 : path);
    }
}

/* Of authorities that follow each other in one file, the last to end counts. */
static int64_t authorities_end_ms(const char *path)
{
    struct credential_text why;
    BIO *bio = open_bio(path, false, &why);
    int64_t last_ms = 0;
    X509 *certificate;
    while (bio != NULL && (certificate = next_certificate(bio)) != NULL) {
        const int64_t ends_ms = ends_ms_of(certificate);
        last_ms = ends_ms > last_ms ? ends_ms : last_ms;
        X509_free(certificate);
    }
    (void)BIO_free(bio);
    return last_ms;
}

struct uplink_certificate certificate_first_end(const struct uplink_broker *broker)
{
    struct uplink_certificate first = {.ends_ms = 0};
    struct credential_text why;
    if (broker->ca != NULL) {
        note_end(&first, broker->ca, authorities_end_ms(broker->ca));
    }
    X509 *own = broker->cert != NULL ? read_certificate(broker->cert, &why) : NULL;
    if (own != NULL) {
        note_end(&first, broker->cert, ends_ms_of(own));
        X509_free(own);
    }
    return first;
}

/* ---- a handshake with the broker ---- */

struct handshake {
    const struct uplink_broker *broker;
    struct certificate_probe *probe;
    struct certificate_talk *talk; /* NULL: none */
    struct dial_place place;
    int64_t until_us;
    int fd;
    SSL_CTX *context;
    SSL *ssl;
};

static void say(struct handshake *h, const char *text, const char *what)
{
    char *out = h->probe->why.text;
    const size_t size = sizeof h->probe->why.text;
    if (out[0] == '\0' && snprintf(out, size, "%s%s%s", text, what[0] != '\0' ? ": " : "", what) < 0) {
        out[0] = '\0'; /* what was found first is the cause of the rest; it may be cut */
    }
}

static const char *clock_hint(void)
{
    return clock_is_synchronised() ? "" : " (this box's clock has no time source, it may be wrong)";
}

static void say_day(struct handshake *h, const char *whose, const char *what, const ASN1_TIME *time)
{
    char day[DAY_MAX];
    char text[UPLINK_TEXT_MAX];
    write_day(milliseconds_of(time), day);
    (void)snprintf(text, sizeof text, "%s %s %s%s", whose, what, day, clock_hint());
    say(h, text, "");
}

/* The chain is wrong at the certificate that the library is at. */
static void say_chain(struct handshake *h, X509_STORE_CTX *chain)
{
    const X509 *certificate = X509_STORE_CTX_get_current_cert(chain);
    const bool is_broker = X509_STORE_CTX_get_error_depth(chain) == 0;
    const char *whose = is_broker ? "the broker's certificate" : "a CA certificate behind the broker's";
    const int error = X509_STORE_CTX_get_error(chain);
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        say_day(h, whose, "ended on", X509_get0_notAfter(certificate));
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        say_day(h, whose, "is not valid before", X509_get0_notBefore(certificate));
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        say(h, "the broker's certificate does not name the host of the url, use a name that it has or make it anew",
            h->place.host);
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        say(h, "the broker's certificate is self-signed, have it signed by the CA in", h->broker->ca);
        break;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        say(h, "the broker's certificate is signed by another CA than those in", h->broker->ca);
        break;
    default:
        say(h, whose, X509_verify_cert_error_string(error));
        break;
    }
}

static int on_verify(int is_good, X509_STORE_CTX *chain)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct handshake *h = SSL_get_app_data(ssl);
    h->probe->ends_ms = ends_ms_of(X509_STORE_CTX_get0_cert(chain));
    if (is_good != 1) {
        say_chain(h, chain);
    }
    return is_good;
}

/* What the broker says of our certificate, and what a broker that is none answers. */
static void say_refusal(struct handshake *h, unsigned long error)
{
    static const struct {
        int reason;
        bool is_ours; /* it is about our certificate */
        const char *text;
    } texts[] = {
        {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, false, "the broker wants a certificate, give cert and key"},
        {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, true, "the broker says that our certificate has ended"},
        {SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, true, "the broker says that our certificate is revoked"},
        {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, true, "the broker does not accept our certificate"},
        {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, true, "the broker does not accept our certificate"},
        {SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, true, "the broker cannot use our certificate"},
        {SSL_R_TLSV1_ALERT_UNKNOWN_CA, true, "the broker does not know the CA that signed our certificate"},
        {SSL_R_TLSV1_ALERT_ACCESS_DENIED, true, "the broker denies access to our certificate"},
        {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, false,
         "the broker refuses the handshake: it wants a certificate (cert and key), or has no cipher of TLS 1.2 or 1.3"},
        {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, false, "the broker is older than TLS 1.2"},
        {SSL_R_UNSUPPORTED_PROTOCOL, false, "the broker is older than TLS 1.2"},
        {SSL_R_WRONG_VERSION_NUMBER, false, "the broker does not speak TLS at this port"},
    };
    const int reason = ERR_GET_REASON(error);
    const char *cert = h->broker->cert != NULL ? h->broker->cert : "";
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; ++i) {
        if (texts[i].reason == reason) {
            say(h, texts[i].text, texts[i].is_ours ? cert : "");
            return;
        }
    }
    const char *text = ERR_reason_error_string(error);
    if (text == NULL || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        say(h,
            h->probe->shook_hands ? "the broker ends the connection after the handshake"
                                  : "the broker ends the handshake, is this its TLS port?",
            "");
    } else {
        say(h, "TLS", text);
    }
}

/* Repeats a call of OpenSSL's that would block, until it succeeds, fails, or the time is over, which is no fault. */
static bool repeat(struct handshake *h, int (*call)(SSL *ssl))
{
    for (;;) {
        ERR_clear_error();
        errno = 0;
        const int result = call(h->ssl);
        if (result > 0) {
            return true;
        }
        const int error = SSL_get_error(h->ssl, result);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
            say_refusal(h, ERR_get_error());
            return false;
        }
        if (!dial_await(h->fd, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, h->until_us)) {
            return false;
        }
    }
}

static int read_a_byte(SSL *ssl)
{
    char byte;
    return SSL_read(ssl, &byte, 1);
}

static int say_words(SSL *ssl)
{
    const struct handshake *h = SSL_get_app_data(ssl);
    return SSL_write(ssl, h->talk->said, (int)h->talk->said_length);
}

static int hear_words(SSL *ssl)
{
    struct handshake *h = SSL_get_app_data(ssl);
    struct certificate_talk *talk = h->talk;
    const int got = SSL_read(ssl, talk->heard + talk->heard_length, (int)(talk->heard_size - talk->heard_length));
    talk->heard_length += got > 0 ? (size_t)got : 0;
    return got;
}

static void converse(struct handshake *h)
{
    if (!repeat(h, say_words)) {
        return;
    }
    while (h->talk->heard_length < h->talk->heard_size && repeat(h, hear_words)) {
    }
}

static void shake_hands(struct handshake *h, bool listen)
{
    h->probe->shook_hands = repeat(h, SSL_connect);
    if (!h->probe->shook_hands) {
        say(h, "the broker does not end the handshake in time", "");
    } else if (h->talk != NULL) {
        converse(h);
    } else if (listen) {
        h->until_us = clock_boot_us() + CERTIFICATE_REFUSE_US;
        (void)repeat(h, read_a_byte); /* a broker says nothing before it is spoken to, but for a refusal */
    }
    (void)SSL_shutdown(h->ssl);
}

static bool demand_name(struct handshake *h)
{
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(h->ssl), h->place.host) == 1) {
        return true;
    }
    return SSL_set_tlsext_host_name(h->ssl, h->place.host) == 1 && SSL_set1_host(h->ssl, h->place.host) == 1;
}

/* Files that cannot be used fail here as they fail in Paho; certificate_check has the words for that. */
static bool prepare(struct handshake *h)
{
    const struct uplink_broker *broker = h->broker;
    h->context = SSL_CTX_new(TLS_client_method());
    if (h->context == NULL || SSL_CTX_set_min_proto_version(h->context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(h->context, CERTIFICATE_SUITES) != 1 ||
        SSL_CTX_load_verify_locations(h->context, broker->ca, NULL) != 1 ||
        (broker->cert != NULL && (SSL_CTX_use_certificate_chain_file(h->context, broker->cert) != 1 ||
                                  SSL_CTX_use_PrivateKey_file(h->context, broker->key, SSL_FILETYPE_PEM) != 1))) {
        return false;
    }
    SSL_CTX_set_verify(h->context, SSL_VERIFY_PEER, on_verify);
    h->ssl = SSL_new(h->context);
    return h->ssl != NULL && SSL_set_app_data(h->ssl, h) == 1 && demand_name(h) && SSL_set_fd(h->ssl, h->fd) == 1;
}

struct certificate_probe certificate_probe(const struct uplink_broker *broker, bool listen,
                                           struct certificate_talk *talk)
{
    struct certificate_probe probe = {.shook_hands = false};
    struct handshake h = {
        .broker = broker, .probe = &probe, .talk = talk, .fd = -1, .until_us = clock_boot_us() + CERTIFICATE_PROBE_US};
    if (!dial_split(broker->url, &h.place) || !dial_connect(&h.place, h.until_us, &h.fd, &probe.why)) {
        return probe;
    }
    probe.reached = true;
    if (prepare(&h)) {
        shake_hands(&h, listen);
    }
    SSL_free(h.ssl);
    SSL_CTX_free(h.context);
    net_close(h.fd);
    ERR_clear_error();
    return probe;
}
