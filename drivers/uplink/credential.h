/*
 * credential.h: the files that a connection logs in with, as files: who may read them, and whether they are the same as
 * before. What stands in certificates and keys: certificate.h.
 *
 * A private file (the key, the password) may be read by its owner alone, who must be the user that we run as, or root.
 * One of root's may be read by its group, too, which root chose for it (mode 0640, as Debian's ssl-cert has it): so a
 * service can use a key that it cannot replace. app/settings/uplink.c checks the same.
 * Private to drivers/uplink. Any thread; allocates nothing; a text is for a person and names the file.
 */
#ifndef WARDGATE_UPLINK_CREDENTIAL_H
#define WARDGATE_UPLINK_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/uplink/uplink.h"

#define CREDENTIAL_PASSWORD_MAX 256
#define CREDENTIAL_FILES        4 /* ca, cert, key, password */

struct credential_text {
    char text[UPLINK_TEXT_MAX];
};

/* What a file was like when it was looked at; all zeros: it was not there. */
struct credential_mark {
    uint64_t device, inode;
    int64_t size, changed_s, changed_ns;
};
struct credential_marks {
    struct credential_mark files[CREDENTIAL_FILES];
};

/* Ours or root's, and not closed to us: what else there is to say of it we can say. */
bool credential_is_for_us(const char *path);

/* Opens a file for reading, -1: `why` says what is wrong and what to do. The descriptor is the caller's. */
int credential_open(const char *path, bool is_private, struct credential_text *why);

/* The first line of a private file. False: as above; nothing is written. */
bool credential_read_password(const char *path, char password[CREDENTIAL_PASSWORD_MAX], struct credential_text *why);

void credential_look(const struct uplink_broker *broker, struct credential_marks *out);
bool credential_marks_equal(const struct credential_marks *a, const struct credential_marks *b);

#endif
