/*
 * network_keys.h: every key of network.yaml, in tables (app/settings/schema.h), and what each section is read into.
 */
#ifndef WARDGATE_NETWORK_KEYS_H
#define WARDGATE_NETWORK_KEYS_H

#include "app/settings/schema.h"

struct network_keys {
    const struct node *interfaces, *time, *ssh, *syslog;
    int64_t console;
    const char *led;
};

enum { DHCP_UNSAID = -1 };
struct interface_keys {
    int64_t dhcp, vlan;
    const char *address, *gateway;
    const struct node *dns;
};

struct time_keys {
    const struct node *servers;
    int64_t nts;
    const char *ca, *zone;
};

struct ssh_keys {
    const struct node *keys;
};

struct syslog_keys {
    const char *target, *ca;
};

extern const struct section network_section, interface_section, time_section, ssh_section, syslog_section;

#endif
