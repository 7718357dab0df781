/*
 * generate.h: the files that the services of a box read, out of network.yaml and of what wardgate.yaml listens on.
 *
 * Each gives a text that the caller frees; NULL: out of memory. Nothing in them is from a file without having been checked (network.h).
 * Pure. Sources: systemd.network(5), systemd.netdev(5), nft(8), chrony.conf(5), rsyslog.conf(5).
 */
#ifndef WARDGATE_GENERATE_H
#define WARDGATE_GENERATE_H

#include "app/box/network.h"

/* systemd-networkd. Of an interface with a tag there are three: the interface, the tagged one, and what is known of that. */
char *generate_network(const struct network_interface *in);        /* NULL interface: every wired one, by DHCP */
char *generate_tagged_device(const struct network_interface *in);  /* .netdev; only of those with a tag */
char *generate_tagged_network(const struct network_interface *in); /* likewise */

/* nftables: in comes what was asked for, what keeps a network alive, and what the two configurations listen on; nothing else. settings NULL: no ward is
 * watched. */
char *generate_firewall(const struct network_settings *network, const struct settings *settings);

/* chronyd. state: the folder for what it learns. ca: the path of the certificates that it holds servers of NTS against, and no others. */
char *generate_time(const struct network_settings *network, const char *state, const char *ca);

/* rsyslogd, from the journal's socket to the target. ca: the path of its certificates, when it is asked over TLS. NULL also where there is no target. */
char *generate_syslog(const struct network_settings *network, const char *host_name, const char *ca);

/* sshd's authorized_keys; NULL also where there is none. */
char *generate_authorized_keys(const struct network_settings *network);

#endif
