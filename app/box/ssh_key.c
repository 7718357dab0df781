#include "app/box/ssh_key.h"

#include <assert.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

enum { BLOB_LEAST = 60, LENGTH_BYTES = 4, DIGIT_BITS = 6 }; /* ed25519, the shortest, has 68 */

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

/* What base64 of whole groups, padded, stands for; 0: it is none. */
static size_t decode(const char *text, size_t length, unsigned char out[SSH_KEY_BYTES_MAX])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t plain = strspn(text, alphabet);
    unsigned bits = 0, held = 0;
    size_t size = 0;
    if (length < BLOB_LEAST || length > SSH_KEY_BYTES_MAX || length % 4 != 0 || plain > length || length - plain > 2 ||
        strspn(text + plain, "=") != length - plain) {
        return 0;
    }
    for (size_t i = 0; i < plain; i++) {
        bits = bits << DIGIT_BITS | (unsigned)(strchr(alphabet, text[i]) - alphabet);
        held += DIGIT_BITS;
        if (held >= CHAR_BIT) {
            held -= CHAR_BIT;
            out[size++] = (unsigned char)(bits >> held & UCHAR_MAX);
        }
    }
    return size;
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
    unsigned char bytes[SSH_KEY_BYTES_MAX];
    if (decode(blob, strcspn(blob, " "), bytes) == 0) {
        return "is not a whole key, put the one line of the file that ends in .pub unbroken";
    }
    return NULL;
}

/* Strings behind their lengths, the first one the type, and nothing behind them: of a key that was broken the last one is not whole. */
bool ssh_key_is_whole(const char *text)
{
    assert(text != NULL);
    unsigned char bytes[SSH_KEY_BYTES_MAX];
    const size_t type = strcspn(text, " ");
    const char *blob = text + type + strspn(text + type, " ");
    const size_t size = decode(blob, strcspn(blob, " "), bytes);
    size_t at = 0, strings = 0;
    while (size - at >= LENGTH_BYTES) {
        const size_t length =
            (size_t)bytes[at] << 24 | (size_t)bytes[at + 1] << 16 | (size_t)bytes[at + 2] << 8 | bytes[at + 3];
        at += LENGTH_BYTES;
        if (length > size - at || (strings == 0 && (length != type || memcmp(bytes + at, text, length) != 0))) {
            return false;
        }
        at += length;
        strings++;
    }
    return at == size && strings > 1;
}
