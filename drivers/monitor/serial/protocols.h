/*
 * protocols.h: the list of protocols that monitors talk on serial lines. A new one is a folder here and a line in this list.
 *
 * nonin_df2 stands for the constants nonin_df2_protocol and nonin_df2_profile, which its file defines. The order has no meaning. Constant data; any thread.
 */
#ifndef WARDGATE_PROTOCOLS_H
#define WARDGATE_PROTOCOLS_H

#include "drivers/monitor/serial/protocol.h"

#define PROTOCOL_LIST(X) \
    X(nonin_df2)         \
    X(nonin_df7)         \
    X(nonin_df8)         \
    X(nonin_df13)        \
    X(masimo_ascii1)     \
    X(masimo_rad8)

#define PROTOCOL_EXTERN(name)                     \
    extern const struct protocol name##_protocol; \
    extern const struct profile name##_profile;
PROTOCOL_LIST(PROTOCOL_EXTERN)
#undef PROTOCOL_EXTERN

/* Of any pulse oximeter that goes on measuring: its protocol is recognised on the line. */
extern const struct profile oximeter_profile;

/* All of them, each ended by NULL; the profiles with oximeter_profile. */
extern const struct protocol *const protocols[];
extern const struct profile *const protocol_profiles[];

/* By the name of its profile; NULL when that belongs to no single protocol. */
const struct protocol *protocol_by_name(const char *name);

/* It goes on measuring, and may be what stands behind oximeter_profile. */
bool protocol_is_oximeter(const struct protocol *protocol);

#endif
