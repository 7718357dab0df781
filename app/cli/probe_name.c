#include "app/cli/probe_name.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_port(const char *text, uint16_t *out)
{
    char *end = NULL;
    const unsigned long port = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || port < 1 || port > UINT16_MAX) {
        return false;
    }
    *out = (uint16_t)port;
    return true;
}

static bool is_address(const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

bool probe_name_split(const char *text, bool port_alone, uint16_t usual_port, char host[64], uint16_t *out_port)
{
    uint16_t port = usual_port;
    if (port_alone && read_port(text, out_port)) {
        (void)snprintf(host, 64, "0.0.0.0");
        return true;
    }
    const bool bracketed = text[0] == '[';
    const char *end = bracketed ? strchr(text, ']') : strrchr(text, ':');
    if (!bracketed && end != NULL && strchr(text, ':') != end) {
        end = NULL; /* an IPv6 address alone */
    }
    const char *colon = bracketed && end != NULL ? end + 1 : end;
    const size_t length = end != NULL ? (size_t)(end - text) - (bracketed ? 1 : 0) : strlen(text);
    if (length == 0 || length >= 64 || (bracketed && end == NULL)) {
        return false;
    }
    (void)snprintf(host, 64, "%.*s", (int)length, text + (bracketed ? 1 : 0));
    if (colon != NULL && *colon != '\0' && (*colon != ':' || !read_port(colon + 1, &port))) {
        return false;
    }
    *out_port = port;
    return is_address(host);
}

void probe_name_lasting(const char *device, char out[PROBE_NAME_MAX])
{
    static const char folder[] = "/dev/serial/by-id";
    char wanted[PATH_MAX];
    (void)snprintf(out, PROBE_NAME_MAX, "%s", device);
    DIR *directory = realpath(device, wanted) != NULL ? opendir(folder) : NULL;
    if (directory == NULL) {
        return;
    }
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        char path[PROBE_NAME_MAX];
        char leads_to[PATH_MAX];
        const int length = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.' && length > 0 && (size_t)length < sizeof path && realpath(path, leads_to) != NULL &&
            strcmp(leads_to, wanted) == 0) {
            (void)snprintf(out, PROBE_NAME_MAX, "%s", path);
        }
    }
    (void)closedir(directory);
}
