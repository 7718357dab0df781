/*
 * emulated.h: tests of what qemu-user does not do as a kernel does. `make TARGET=aarch64 unit` sets EMULATOR where it is in use.
 */
#ifndef WARDGATE_TEST_EMULATED_H
#define WARDGATE_TEST_EMULATED_H

#include <stdlib.h>

/* To be put in front of such a test; what is missing is said beside it. */
#define NOT_EMULATED()                    \
    do {                                  \
        if (getenv("EMULATOR") != NULL) { \
            skip();                       \
        }                                 \
    } while (0)

#endif
