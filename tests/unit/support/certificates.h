/*
 * certificates.h: certificates of any kind for tests of TLS, good ones and wrong ones, each NAME.pem with NAME.key in a
 * folder.
 */
#ifndef WARDGATE_TESTS_CERTIFICATES_H
#define WARDGATE_TESTS_CERTIFICATES_H

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tests/unit/support/broker.h"

#define TEST_DAY_S INT64_C(86400)

struct wanted_certificate {
    const char *signer;      /* NULL: itself */
    const char *names;       /* as in subjectAltName; NULL: none */
    long begins_s, ends_s;   /* from now; 0: an hour ago, in a year */
    const char *of_key;      /* the key of another, instead of a new one */
    const char *common_name; /* NULL: its name */
    bool is_authority;
};

static inline FILE *certificate_file(const char *folder, const char *name, const char *end, const char *mode)
{
    char path[160];
    (void)snprintf(path, sizeof path, "%s/%s.%s", folder, name, end);
    FILE *file = fopen(path, mode);
    test_need(file != NULL, path);
    return file;
}

static inline EVP_PKEY *certificate_load_key(const char *folder, const char *name)
{
    FILE *file = certificate_file(folder, name, "key", "re");
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    (void)fclose(file);
    test_need(key != NULL, "a key");
    return key;
}

static inline X509 *certificate_load(const char *folder, const char *name)
{
    FILE *file = certificate_file(folder, name, "pem", "re");
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    (void)fclose(file);
    test_need(certificate != NULL, "a certificate");
    return certificate;
}

static inline void certificate_extend(X509 *certificate, int kind, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, kind, value);
    test_need(extension != NULL && X509_add_ext(certificate, extension, -1) == 1, value);
    X509_EXTENSION_free(extension);
}

static inline void certificate_fill(X509 *certificate, const char *name, const struct wanted_certificate *wanted)
{
    static long serial = 1;
    const char *common = wanted->common_name != NULL ? wanted->common_name : name;
    const long begins_s = wanted->begins_s != 0 ? wanted->begins_s : -3600;
    const long ends_s = wanted->ends_s != 0 ? wanted->ends_s : 365 * TEST_DAY_S;
    (void)X509_set_version(certificate, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate), begins_s);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), ends_s);
    (void)X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                                     (const unsigned char *)common, -1, -1, 0);
    if (wanted->is_authority) {
        certificate_extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
    }
    if (wanted->names != NULL) {
        certificate_extend(certificate, NID_subject_alt_name, wanted->names);
    }
}

static inline void make_certificate(const char *folder, const char *name, const struct wanted_certificate *wanted)
{
    EVP_PKEY *key = wanted->of_key != NULL ? certificate_load_key(folder, wanted->of_key) : EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509 *signer = wanted->signer != NULL ? certificate_load(folder, wanted->signer) : NULL;
    EVP_PKEY *signer_key = wanted->signer != NULL ? certificate_load_key(folder, wanted->signer) : NULL;
    certificate_fill(certificate, name, wanted);
    (void)X509_set_pubkey(certificate, key);
    (void)X509_set_issuer_name(certificate, X509_get_subject_name(signer != NULL ? signer : certificate));
    test_need(X509_sign(certificate, signer_key != NULL ? signer_key : key, EVP_sha256()) > 0, "signing");

    FILE *file = certificate_file(folder, name, "pem", "we");
    test_need(PEM_write_X509(file, certificate) == 1 && fclose(file) == 0, name);
    file = certificate_file(folder, name, "key", "we");
    test_need(fchmod(fileno(file), 0600) == 0 && PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1 &&
                  fclose(file) == 0,
              name);
    EVP_PKEY_free(key);
    EVP_PKEY_free(signer_key);
    X509_free(certificate);
    X509_free(signer);
}

#endif
