/*
 * ssh_key.h: a public key as it stands in a line of authorized_keys: TYPE BASE64 [COMMENT], without options.
 *
 * Pure; thread: any. Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT; RFC 4253 section 6.6.
 */
#ifndef WARDGATE_SSH_KEY_H
#define WARDGATE_SSH_KEY_H

#include <stdbool.h>

#define SSH_KEY_BYTES_MAX 2048 /* RSA of 8192 bits has some 1,400 */

/* NULL, or what is wrong with it and what to do. */
const char *ssh_key_fault(const char *text);

/* Of one without a fault: sshd passes over a key that is not, as of a line that was broken or cut on its way. */
bool ssh_key_is_whole(const char *text);

#endif
