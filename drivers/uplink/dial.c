#include "drivers/uplink/dial.h"

#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/clock.h"
#include "hal/net.h"

#define ADDRESS_MAX 64 /* any numeric address */

bool dial_split(const char *url, struct dial_place *out)
{
    const char *host = strstr(url, "://");
    const char *colon = strrchr(url, ':');
    if (host == NULL || colon <= host) {
        return false;
    }
    host += 3;
    const bool is_bracketed = host[0] == '[' && colon[-1] == ']';
    const int length = (int)(colon - host) - (is_bracketed ? 2 : 0);
    (void)snprintf(out->port, sizeof out->port, "%s", colon + 1);
    return snprintf(out->host, sizeof out->host, "%.*s", length, is_bracketed ? host + 1 : host) < DIAL_HOST_MAX;
}

bool dial_await(int fd, short events, int64_t until_us)
{
    struct pollfd descriptor = {.fd = fd, .events = events};
    const int64_t left_us = until_us - clock_boot_us();
    return left_us > 0 && poll(&descriptor, 1, (int)(left_us / 1000) + 1) > 0;
}

static bool connect_address(const struct addrinfo *address, int64_t until_us, int *out_fd)
{
    char host[ADDRESS_MAX];
    char port[DIAL_PORT_MAX];
    if (getnameinfo(address->ai_addr, address->ai_addrlen, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0 ||
        net_connect_start(host, (uint16_t)strtoul(port, NULL, 10), out_fd) != STATUS_OK) {
        return false;
    }
    if (dial_await(*out_fd, POLLOUT, until_us) && net_connect_finish(*out_fd) == STATUS_OK) {
        return true;
    }
    net_close(*out_fd);
    return false;
}

bool dial_connect(const struct dial_place *place, int64_t until_us, int *out_fd, struct credential_text *why)
{
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(place->host, place->port, &wanted, &found) != 0) {
        (void)snprintf(why->text, sizeof why->text, "the broker's name is not found: %.128s", place->host);
        return false;
    }
    bool connected = false;
    for (const struct addrinfo *address = found; address != NULL && !connected; address = address->ai_next) {
        connected = connect_address(address, until_us, out_fd);
    }
    freeaddrinfo(found);
    if (!connected) {
        (void)snprintf(why->text, sizeof why->text, "no answer");
    }
    return connected;
}
