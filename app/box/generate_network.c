#include <stdio.h>
#include <stdlib.h>

#include "app/box/generate.h"

#define TAGGED "%s.%u"

static char *finish(FILE *stream, char **text)
{
    if (fclose(stream) != 0) {
        free(*text);
        return NULL;
    }
    return *text;
}

/* By its MAC address, as people enter it at a DHCP server; the host name goes along. */
static void write_dhcp(FILE *stream)
{
    (void)fputs("DHCP=yes\nIPv6AcceptRA=yes\n\n[DHCPv4]\nClientIdentifier=mac\nUseNTP=yes\nUseHostname=no\n"
                "UseTimezone=no\n\n[DHCPv6]\nUseNTP=yes\nUseHostname=no\n",
                stream);
}

static void write_addresses(FILE *stream, const struct network_interface *in)
{
    if (in->address != NULL) {
        (void)fprintf(stream, "DHCP=no\nIPv6AcceptRA=no\nAddress=%s\n", in->address);
    }
    if (in->gateway != NULL) {
        (void)fprintf(stream, "Gateway=%s\n", in->gateway);
    }
    for (unsigned i = 0; i < in->dns_count; i++) {
        (void)fprintf(stream, "DNS=%s\n", in->dns[i]);
    }
    if (in->address == NULL) {
        write_dhcp(stream);
    }
}

/* Not waited for when the box starts: the ward is watched without a network, too. When it goes off addresses stay, as the
 * gateway, which starts and ends apart from the network, may still have something to tell. */
static void write_head(FILE *stream)
{
    (void)fputs("\n[Link]\nRequiredForOnline=no\n\n[Network]\nLinkLocalAddressing=ipv6\nLLMNR=no\nMulticastDNS=no\n"
                "KeepConfiguration=dhcp-on-stop\n",
                stream);
}

char *generate_network(const struct network_interface *in)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL) {
        return NULL;
    }
    if (in == NULL) {
        static const struct network_interface every = {.name = NULL};
        (void)fputs("[Match]\nType=ether\nKind=!*\n", stream);
        write_head(stream);
        write_addresses(stream, &every);
    } else if (in->vlan != 0) {
        (void)fprintf(stream,
                      "[Match]\nName=%s\n\n[Link]\nRequiredForOnline=no\n\n[Network]\nLinkLocalAddressing=no\nDHCP=no\n"
                      "IPv6AcceptRA=no\nVLAN=" TAGGED "\n",
                      in->name, in->name, in->vlan);
    } else {
        (void)fprintf(stream, "[Match]\nName=%s\n", in->name);
        write_head(stream);
        write_addresses(stream, in);
    }
    return finish(stream, &text);
}

char *generate_tagged_device(const struct network_interface *in)
{
    char *text = NULL;
    return asprintf(&text, "[NetDev]\nName=" TAGGED "\nKind=vlan\n\n[VLAN]\nId=%u\n", in->name, in->vlan, in->vlan) < 0
               ? NULL
               : text;
}

char *generate_tagged_network(const struct network_interface *in)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL) {
        return NULL;
    }
    (void)fprintf(stream, "[Match]\nName=" TAGGED "\n", in->name, in->vlan);
    write_head(stream);
    write_addresses(stream, in);
    return finish(stream, &text);
}
