#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/box/generate.h"
#include "app/settings/url.h"

static const char before[] =
    "# made at each boot by `wardgate box setup`: what network.yaml and wardgate.yaml listen on, and nothing else\n"
    "flush ruleset\n"
    "table inet wardgate {\n"
    "    chain input {\n"
    "        type filter hook input priority filter; policy drop;\n"
    "        iif lo accept\n"
    "        ct state established,related accept\n"
    "        ct state invalid drop\n"
    "        icmp type { echo-request, destination-unreachable, time-exceeded, parameter-problem } limit rate "
    "20/second accept\n"
    "        icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert, nd-redirect, mld-listener-query "
    "} accept\n"
    "        icmpv6 type { echo-request, destination-unreachable, packet-too-big, time-exceeded, parameter-problem } "
    "limit rate 20/second accept\n"
    "        udp sport 67 udp dport 68 accept\n"
    "        ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept\n";

static const char behind[] = "    }\n"
                             "    chain forward {\n"
                             "        type filter hook forward priority filter; policy drop;\n"
                             "    }\n"
                             "}\n";

/* Monitors and centrals that call us. */
static void write_listener(FILE *stream, const struct bus_settings *bus)
{
    if (bus->kind != BUS_HL7 || url_host_is_loopback(bus->host)) {
        return;
    }
    (void)fputs("        ", stream);
    if (!url_host_is_any(bus->host)) {
        (void)fprintf(stream, "%s daddr %s ", strchr(bus->host, ':') != NULL ? "ip6" : "ip", bus->host);
    }
    (void)fprintf(stream, "tcp dport %u accept comment \"%s\"\n", bus->port, bus->name);
}

char *generate_firewall(const struct network_settings *network, const struct settings *settings)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL) {
        return NULL;
    }
    (void)fputs(before, stream);
    if (network->ssh_key_count > 0) {
        (void)fputs("        tcp dport 22 ct state new limit rate 10/minute burst 10 packets accept comment \"ssh\"\n",
                    stream);
    }
    for (unsigned i = 0; settings != NULL && i < settings->bus_count; i++) {
        write_listener(stream, &settings->buses[i]);
    }
    (void)fputs(behind, stream);
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
