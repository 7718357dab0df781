#include "app/box/ssh_key.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { BLOB_LEAST = 60 }; /* ed25519, the shortest, has 68 */

static const char *const types[] = {"ssh-ed25519",
                                    "ssh-rsa",
                                    "ecdsa-sha2-nistp256",
                                    "ecdsa-sha2-nistp384",
                                    "ecdsa-sha2-nistp521",
                                    "sk-ssh-ed25519@openssh.com",
                                    "sk-ecdsa-sha2-nistp256@openssh.com"};

static bool is_type(const char *text, size_t length)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strlen(types[i]) == length && memcmp(types[i], text, length) == 0) {
            return true;
        }
    }
    return false;
}

/* Base64 of whole groups, padded. */
static bool is_blob(const char *text, size_t length)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t plain = strspn(text, alphabet);
    return length >= BLOB_LEAST && length % 4 == 0 && plain <= length && length - plain <= 2 &&
           strspn(text + plain, "=") == length - plain;
}

const char *ssh_key_fault(const char *text)
{
    assert(text != NULL);
    const size_t type = strcspn(text, " ");
    if (strstr(text, "PRIVATE KEY") != NULL || strncmp(text, "-----", 5) == 0) {
        return "this is no public key; put the one line of the file that ends in .pub, and keep the other to yourself";
    }
    if (!is_type(text, type)) {
        return "does not begin as a public key does (ssh-ed25519, ssh-rsa, ecdsa-sha2-nistp256 ...), put the one line "
               "of the file that ends in .pub";
    }
    const char *blob = text + type + strspn(text + type, " ");
    if (!is_blob(blob, strcspn(blob, " "))) {
        return "is not a whole key, put the one line of the file that ends in .pub unbroken";
    }
    return NULL;
}
