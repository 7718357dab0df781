#include "app/update/trust.h"

#include <stdio.h>
#include <string.h>

#include "app/update/record.h"
#include "app/update/tool.h"

#define KEYRING "keyring.pem"
#define PEM_MAX 65536
#define WAIT_MS 60000
#define BEGIN   "-----BEGIN CERTIFICATE-----"
#define END     "-----END CERTIFICATE-----"

static size_t read_file(const char *path, char out[PEM_MAX])
{
    FILE *in = fopen(path, "re");
    const size_t length = in != NULL ? fread(out, 1, PEM_MAX - 1, in) : 0;
    if (in != NULL) {
        (void)fclose(in);
    }
    out[length] = '\0';
    return length;
}

static bool is_same(const char *a, const char *b)
{
    while (*a != '\0' || *b != '\0') { /* but for line ends: an editor may have changed them */
        a += *a == '\r';
        b += *b == '\r';
        if (*a != *b) {
            return false;
        }
        a += *a != '\0';
        b += *b != '\0';
    }
    return true;
}

/* Whether what it signs would be believed: RAUC wants the whole chain in its keyring. The certificate that signs bundles (update.pem) is none of these, and once taken nothing
 * else ever would be. The clock may not be set yet, and says nothing. Where openssl is not there, or does not run, RAUC will tell. */
static bool is_authority(const char *file)
{
    const char *const arguments[] = {
        "openssl", "verify", "-no_check_time", "-no-CApath", "-no-CAstore", "-CAfile", file, file, NULL};
    return tool_run(arguments, WAIT_MS, NULL, NULL) <= 0;
}

enum trust_end trust_take(const struct update_box *box, const char *offered, char *said, size_t size)
{
    static char kept[PEM_MAX], found[PEM_MAX];
    const bool is_kept = record_read_text(box->data, KEYRING, kept, sizeof kept) > 0;
    const size_t length = read_file(offered, found);
    said[0] = '\0';
    if (length == 0) {
        return is_kept ? TRUST_KEPT : TRUST_NOTHING;
    }
    if (is_kept && is_same(kept, found)) {
        return TRUST_KEPT;
    }
    if (is_kept) {
        (void)snprintf(
            said, size,
            "%s is not the certificate that this box took before, and changes nothing: a box that is to believe "
            "another one is flashed anew",
            offered);
        return TRUST_OTHER;
    }
    if (strstr(found, BEGIN) == NULL || strstr(found, END) == NULL || strstr(found, "PRIVATE KEY") != NULL) {
        (void)snprintf(
            said, size, "%s is no certificate%s, put the update-ca.pem that make-update-keys made there", offered,
            strstr(found, "PRIVATE KEY") != NULL ? " but holds a private key, which belongs in a safe place" : "");
        return TRUST_FAULT;
    }
    if (!is_authority(offered)) {
        (void)snprintf(said, size,
                       "%s is not the whole certificate of a CA, so no update could ever be believed by it: put the "
                       "update-ca.pem that make-update-keys made there, not update.pem",
                       offered);
        return TRUST_FAULT;
    }
    const enum status status = record_write_text(box->data, KEYRING, found, length);
    if (status != STATUS_OK) {
        (void)snprintf(said, size, "%s cannot be kept (%s/update: %s)", offered, box->data, status_text(status));
        return TRUST_FAULT;
    }
    (void)snprintf(said, size, "updates are taken from now on when they are signed by %s", offered);
    return TRUST_TAKEN;
}
