#include "app/settings/url.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

#include "app/settings/value.h"

static bool copy(char *out, size_t size, const char *text, size_t length)
{
    if (length == 0 || length >= size) {
        return false;
    }
    memcpy(out, text, length);
    out[length] = '\0';
    return true;
}

/* The host; *end is what follows it. An IPv6 address must be in brackets, or its last part would read as a port. */
static bool split_host(const char *text, char *host, const char **end)
{
    const bool has_brackets = text[0] == '[';
    const char *start = has_brackets ? text + 1 : text;
    const size_t length = strcspn(start, has_brackets ? "]" : ":");
    *end = start + length + (has_brackets && start[length] == ']' ? 1 : 0);
    if (!copy(host, URL_HOST_MAX, start, length)) {
        return false;
    }
    if (has_brackets) {
        return start[length] == ']' && url_host_is_numeric(host);
    }
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    return host[strspn(host, allowed)] == '\0';
}

static bool split_port(const char *text, uint16_t *out)
{
    int64_t port = 0;
    if (value_read_integer(text, &port) != VALUE_OK || port < 1 || port > UINT16_MAX) {
        return false;
    }
    *out = (uint16_t)port;
    return true;
}

const char *url_split_place(const char *text, struct url *out)
{
    assert(text != NULL && out != NULL);
    struct url url = {.port = 0};
    const char *rest = text;
    if (strchr(text, '@') != NULL) {
        return "holds a name or password, which does not belong in an address";
    }
    if (strpbrk(text, "/?#") != NULL) {
        return "has something behind host and port, write only SCHEME://HOST:PORT";
    }
    if (!split_host(rest, url.host, &rest)) {
        return "has no proper host (an IPv6 address stands in brackets)";
    }
    if (*rest != '\0' && (*rest != ':' || !split_port(rest + 1, &url.port))) {
        return "has no proper port, it must be from 1 to 65535";
    }
    *out = url;
    return NULL;
}

const char *url_split(const char *text, struct url *out)
{
    assert(text != NULL && out != NULL);
    char scheme[sizeof out->scheme];
    const char *separator = strstr(text, "://");
    if (separator == NULL || !copy(scheme, sizeof scheme, text, (size_t)(separator - text))) {
        return "is not an address, write SCHEME://HOST:PORT";
    }
    const char *wrong = url_split_place(separator + 3, out);
    if (wrong == NULL) {
        memcpy(out->scheme, scheme, strlen(scheme) + 1);
    }
    return wrong;
}

bool url_host_is_numeric(const char *host)
{
    assert(host != NULL);
    struct in_addr ipv4;
    struct in6_addr ipv6;
    return inet_pton(AF_INET, host, &ipv4) == 1 || inet_pton(AF_INET6, host, &ipv6) == 1;
}

void url_host_tidy(const char *host, char *out)
{
    assert(host != NULL && out != NULL && strlen(host) < URL_HOST_MAX);
    struct in6_addr ipv6;
    if (inet_pton(AF_INET6, host, &ipv6) != 1) {
        memmove(out, host, strlen(host) + 1);
    } else if (IN6_IS_ADDR_V4MAPPED(&ipv6)) {
        (void)inet_ntop(AF_INET, &ipv6.s6_addr[12], out, URL_HOST_MAX);
    } else {
        (void)inet_ntop(AF_INET6, &ipv6, out, URL_HOST_MAX);
    }
}

bool url_host_is_any(const char *host)
{
    char tidy[URL_HOST_MAX];
    url_host_tidy(host, tidy);
    return strcmp(tidy, "0.0.0.0") == 0 || strcmp(tidy, "::") == 0;
}

bool url_host_is_loopback(const char *host)
{
    assert(host != NULL);
    struct in_addr ipv4;
    struct in6_addr ipv6;
    if (inet_pton(AF_INET, host, &ipv4) == 1) {
        return ntohl(ipv4.s_addr) >> 24 == 127;
    }
    if (inet_pton(AF_INET6, host, &ipv6) == 1) {
        return IN6_IS_ADDR_LOOPBACK(&ipv6);
    }
    return strcmp(host, "localhost") == 0;
}
