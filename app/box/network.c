#include "app/box/network.h"

#include <arpa/inet.h>
#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app/box/network_keys.h"
#include "app/box/ssh_key.h"
#include "app/settings/file.h"
#include "app/settings/report.h"
#include "app/settings/url.h"

#define ZONES "/usr/share/zoneinfo"

enum { IPV4_BYTES = 4, IPV6_BYTES = 16, PORT_SYSLOG = 514, PORT_SYSLOG_TLS = 6514 };

struct loading {
    struct reader reader;
    const char *folder;
    struct network_settings *out;
};

struct prefix {
    unsigned char bytes[IPV6_BYTES];
    unsigned size, length; /* in bytes, in bits */
};

/* ---- addresses ---- */

static bool read_address(const char *text, struct prefix *out)
{
    out->size = strchr(text, ':') != NULL ? IPV6_BYTES : IPV4_BYTES;
    out->length = out->size * CHAR_BIT;
    return inet_pton(out->size == IPV6_BYTES ? AF_INET6 : AF_INET, text, out->bytes) == 1;
}

/* 10.7.0.20/24 */
static bool read_prefix(const char *text, struct prefix *out)
{
    char address[INET6_ADDRSTRLEN];
    int64_t length = 0;
    const char *slash = strchr(text, '/');
    if (slash == NULL || (size_t)(slash - text) >= sizeof address ||
        value_read_integer(slash + 1, &length) != VALUE_OK) {
        return false;
    }
    (void)snprintf(address, sizeof address, "%.*s", (int)(slash - text), text);
    if (!read_address(address, out) || length < 1 || length > (int64_t)out->length) {
        return false;
    }
    out->length = (unsigned)length;
    return true;
}

static bool is_inside(const struct prefix *network, const struct prefix *address)
{
    for (unsigned bit = 0; bit < network->length; bit++) {
        const unsigned differ = network->bytes[bit / CHAR_BIT] ^ address->bytes[bit / CHAR_BIT];
        if ((differ >> (CHAR_BIT - 1 - bit % CHAR_BIT) & 1U) != 0) {
            return false;
        }
    }
    return network->size == address->size;
}

static bool check_gateway(const struct loading *l, const struct node *node, const struct interface_keys *keys,
                          const struct prefix *network)
{
    struct prefix gateway;
    const struct node *at = node_child(node, "gateway");
    if (keys->gateway == NULL) {
        return true;
    }
    if (!read_address(keys->gateway, &gateway)) {
        report_fault(l->reader.report, at, "\"%s\" is no address, write one such as 10.7.0.1", keys->gateway);
        return false;
    }
    /* A router of IPv6 is as a rule known by its address on the link. */
    const bool is_link = gateway.size == IPV6_BYTES && gateway.bytes[0] == 0xFE && (gateway.bytes[1] & 0xC0U) == 0x80U;
    if (gateway.size != network->size || (!is_link && !is_inside(network, &gateway))) {
        report_fault(l->reader.report, at, "%s is not in the network of %s, so nothing would reach it", keys->gateway,
                     keys->address);
        return false;
    }
    return true;
}

static bool check_fixed(const struct loading *l, const struct node *node, const struct interface_keys *keys)
{
    struct prefix network;
    if (keys->dhcp == 1) {
        report_fault(l->reader.report, node_child(node, "dhcp"), "is said together with address, give one of them");
        return false;
    }
    if (!read_prefix(keys->address, &network)) {
        report_fault(l->reader.report, node_child(node, "address"),
                     "\"%s\" is no address with the length of its network, write such as 10.7.0.20/24", keys->address);
        return false;
    }
    return check_gateway(l, node, keys, &network);
}

/* ---- interfaces ---- */

static bool is_interface_name(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    const size_t length = strlen(text);
    return length > 0 && length <= NETWORK_INTERFACE_NAME_MAX && text[0] != '-' && strspn(text, allowed) == length;
}

static bool has_room_for_tag(const struct interface_keys *keys, const char *name)
{
    char joined[2 * NETWORK_INTERFACE_NAME_MAX];
    return snprintf(joined, sizeof joined, "%s.%d", name, (int)keys->vlan) <= NETWORK_INTERFACE_NAME_MAX;
}

/* The text of an item of a list; NULL: reported. */
static const char *read_item(const struct loading *l, const struct node *item, int64_t bytes_max)
{
    const char *text = NULL;
    const struct field field = {.name = "", .type = FIELD_TEXT, .high = bytes_max};
    return field_read(&l->reader, item, &field, (void *)&text) ? text : NULL;
}

/* Up to `most` texts, each sound by itself. */
static uint8_t read_list(const struct loading *l, const struct node *list, size_t most, int64_t bytes_max,
                         bool (*check)(const struct loading *l, const struct node *item, const char *text),
                         const char **out)
{
    uint8_t count = 0;
    if (list != NULL && list->child_count > most) {
        report_fault(l->reader.report, list, "has %u entries, at most %zu", list->child_count, most);
        return 0;
    }
    for (const struct node *item = list != NULL ? list->first : NULL; item != NULL; item = item->next) {
        const char *text = read_item(l, item, bytes_max);
        if (text != NULL && check(l, item, text)) {
            out[count++] = text;
        }
    }
    return count;
}

static bool check_dns(const struct loading *l, const struct node *item, const char *text)
{
    if (!url_host_is_numeric(text)) {
        report_fault(l->reader.report, item, "\"%s\" is no address, write one such as 10.7.0.2", text);
        return false;
    }
    return true;
}

static void read_interface(const struct loading *l, const struct node *node)
{
    struct interface_keys keys = {.dhcp = DHCP_UNSAID};
    struct network_interface *in = &l->out->interfaces[l->out->interface_count];
    if (!is_interface_name(node->key)) {
        report_key_fault(l->reader.report, node,
                         "\"%.40s\" is no name of an interface, write one such as eth0 (report.txt lists them)",
                         node->key);
        return;
    }
    if (!section_read(&l->reader, node, &interface_section, &keys)) {
        return;
    }
    if (keys.address == NULL && (keys.dhcp == 0 || keys.gateway != NULL)) {
        report_key_fault(l->reader.report, node, "the key \"address\" is missing: %s",
                         keys.dhcp == 0 ? "without DHCP it needs one" : "a gateway comes with a fixed address only");
    } else if (keys.address != NULL && !check_fixed(l, node, &keys)) {
        /* said */
    } else if (keys.vlan != 0 && !has_room_for_tag(&keys, node->key)) {
        report_key_fault(l->reader.report, node, "%s.%d is too long for the name of an interface", node->key,
                         (int)keys.vlan);
    } else {
        *in = (struct network_interface){.name = pool_text(l->reader.pool, node->key, strlen(node->key)),
                                         .address = keys.address,
                                         .gateway = keys.gateway,
                                         .vlan = (uint16_t)keys.vlan};
        in->dns_count = read_list(l, keys.dns, NETWORK_DNS_MAX, INET6_ADDRSTRLEN, check_dns, in->dns);
        l->out->interface_count++;
    }
}

static void read_interfaces(const struct loading *l, const struct node *entries)
{
    if (entries->child_count > NETWORK_INTERFACES_MAX) {
        report_fault(l->reader.report, entries, "has %u interfaces, at most %d", entries->child_count,
                     NETWORK_INTERFACES_MAX);
        return;
    }
    for (const struct node *node = entries->first; node != NULL; node = node->next) {
        read_interface(l, node);
    }
}

/* ---- time, logins, log ---- */

static bool check_host(const struct loading *l, const struct node *item, const char *text)
{
    struct url url;
    if (url_host_is_numeric(text) || (url_split_place(text, &url) == NULL && url.port == 0)) {
        return true;
    }
    report_fault(l->reader.report, item, "\"%.60s\" is no host, write a name or an address", text);
    return false;
}

/* Is there such a zone? Its name may not lead out of the folder. */
static bool is_zone(const char *zone)
{
    char path[PATH_MAX];
    struct stat about;
    const int length = snprintf(path, sizeof path, ZONES "/%s", zone);
    return strcmp(zone, "UTC") == 0 ||
           (zone[0] != '/' && zone[0] != '.' && strstr(zone, "..") == NULL && length > 0 &&
            (size_t)length < sizeof path && stat(path, &about) == 0 && S_ISREG(about.st_mode));
}

static bool holds_certificate(const struct loading *l, const char *path)
{
    static const char mark[] = "CERTIFICATE-----"; /* of no request */
    struct file_bytes text;
    return file_read(path, l->reader.pool, &text) == STATUS_OK &&
           memmem(text.bytes, text.size, mark, sizeof mark - 1) != NULL;
}

static void check_ca(const struct loading *l, const struct node *node, const char *ca)
{
    const char *path = file_path(l->folder, ca, l->reader.pool);
    unsigned mode = 0;
    bool is_roots = false;
    const enum status status = path != NULL ? file_look(path, &mode, &is_roots) : STATUS_NO_MEMORY;
    if (strstr(ca, "..") != NULL || ca[0] == '/') {
        report_fault(l->reader.report, node, "must lie beside this file or in a folder there");
    } else if (status != STATUS_OK) {
        report_fault(l->reader.report, node, "this file cannot be used (%s), put it there (seen from this file)",
                     status_text(status));
    } else if (!holds_certificate(l, path)) {
        /* No fault: files of this kind are in force. As Windows exports one unless asked otherwise. */
        report_warning(l->reader.report, node,
                       "this file holds no certificate in PEM form, so no server can prove itself by it: openssl x509 "
                       "-inform DER -in FILE -out FILE.pem makes one of it");
    }
}

static void read_time(const struct loading *l, const struct node *node)
{
    struct time_keys keys = {.zone = NULL};
    struct network_settings *out = l->out;
    if (!section_read(&l->reader, node, &time_section, &keys)) {
        return;
    }
    out->nts = keys.nts != 0;
    out->time_ca = out->nts ? keys.ca : NULL;
    out->time_zone = keys.zone;
    out->time_server_count =
        read_list(l, keys.servers, NETWORK_TIME_SERVERS_MAX, URL_HOST_MAX - 1, check_host, out->time_servers);
    if (out->nts && keys.servers == NULL) {
        report_fault(l->reader.report, node_child(node, "nts"), "needs servers: DHCP names none that prove themselves");
    } else if (out->nts && keys.ca == NULL) {
        /* No fault: files of this kind are in force, and without theirs a box would have no address. */
        report_warning(l->reader.report, node_child(node, "nts"),
                       "needs ca, the certificates that may sign the servers': without them no server can prove "
                       "itself, so the clock is not set");
    }
    if (out->nts && keys.ca != NULL) {
        check_ca(l, node_child(node, "ca"), keys.ca);
    }
    if (!is_zone(keys.zone)) {
        report_fault(l->reader.report, node_child(node, "zone"),
                     "\"%s\" is no time zone, write one such as Europe/Berlin", keys.zone);
    }
}

static bool check_key(const struct loading *l, const struct node *item, const char *text)
{
    const char *wrong = ssh_key_fault(text);
    if (wrong != NULL) {
        report_fault(l->reader.report, item, "%s", wrong);
    } else if (!ssh_key_is_whole(text)) {
        /* No fault: files of this kind are in force, and without theirs a box would have no address. */
        report_warning(l->reader.report, item,
                       "is not a whole key, so nobody logs in with it: put the one line of the file that ends in .pub "
                       "unbroken");
        return false;
    }
    return wrong == NULL;
}

static void read_ssh(const struct loading *l, const struct node *node)
{
    struct ssh_keys keys = {.keys = NULL};
    if (section_read(&l->reader, node, &ssh_section, &keys)) {
        l->out->ssh_key_count =
            read_list(l, keys.keys, NETWORK_SSH_KEYS_MAX, SSH_KEY_BYTES_MAX, check_key, l->out->ssh_keys);
    }
}

static void read_syslog(const struct loading *l, const struct node *node)
{
    static const char *const schemes[] = {[SYSLOG_UDP] = "udp", [SYSLOG_TCP] = "tcp", [SYSLOG_TLS] = "tls"};
    struct syslog_keys keys = {.target = NULL};
    struct url url;
    unsigned transport = 0;
    if (!section_read(&l->reader, node, &syslog_section, &keys)) {
        return;
    }
    const struct node *target = node_child(node, "target");
    const char *wrong = url_split(keys.target, &url);
    while (wrong == NULL && transport <= SYSLOG_TLS && strcmp(url.scheme, schemes[transport]) != 0) {
        transport++;
    }
    if (wrong != NULL) {
        report_fault(l->reader.report, target, "%s", wrong);
    } else if (transport > SYSLOG_TLS) {
        report_fault(l->reader.report, target, "\"%s://\" is not known here, write tls://, tcp:// or udp://",
                     url.scheme);
    } else if (transport == SYSLOG_TLS && keys.ca == NULL) {
        report_fault(l->reader.report, target, "tls:// needs ca, the certificates that may sign the target's");
    } else {
        l->out->syslog_transport = (enum syslog_transport)transport;
        l->out->syslog_host = pool_text(l->reader.pool, url.host, strlen(url.host));
        l->out->syslog_port = url.port != 0 ? url.port : transport == SYSLOG_TLS ? PORT_SYSLOG_TLS : PORT_SYSLOG;
        l->out->syslog_ca = transport == SYSLOG_TLS ? keys.ca : NULL;
    }
    if (transport == SYSLOG_TLS && keys.ca != NULL) {
        check_ca(l, node_child(node, "ca"), keys.ca);
    }
}

/* ---- the file ---- */

/* Nothing but comments and space; a file that a laptop made may begin with a byte order mark. */
static bool says_nothing(const struct file_bytes *text)
{
    bool in_comment = false;
    size_t i = text->size >= 3 && memcmp(text->bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    for (; i < text->size; i++) {
        const unsigned char c = text->bytes[i];
        in_comment = (in_comment || c == '#') && c != '\n';
        if (!in_comment && c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            return false;
        }
    }
    return true;
}

void network_defaults(struct network_settings *out)
{
    assert(out != NULL);
    *out = (struct network_settings){.time_zone = "UTC", .console = true, .led = "auto"};
}

static void read_all(const struct loading *l, const struct node *root)
{
    struct network_keys keys = {.interfaces = NULL};
    (void)!section_read(&l->reader, root, &network_section, &keys); /* what is wrong with the rest is told, too */
    l->out->console = keys.console != 0;
    l->out->led = keys.led != NULL ? keys.led : l->out->led;
    if (l->out->led[0] == '.' || strchr(l->out->led, '/') != NULL) {
        report_fault(l->reader.report, node_child(root, "led"), "names no lamp, write one of /sys/class/leds");
    }
    const struct {
        const struct node *node;
        void (*read)(const struct loading *, const struct node *);
    } parts[] = {
        {keys.interfaces, read_interfaces}, {keys.time, read_time}, {keys.ssh, read_ssh}, {keys.syslog, read_syslog}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].node != NULL) {
            parts[i].read(l, parts[i].node);
        }
    }
}

bool network_read(const char *file, struct pool *pool, struct network_settings *out, struct settings_report *report)
{
    assert(file != NULL && pool != NULL && out != NULL && report != NULL);
    struct file_bytes text;
    report_init(report, file);
    network_defaults(out);
    if (file_read(file, pool, &text) == STATUS_OK && says_nothing(&text)) {
        return true;
    }
    const struct loading loading = {{pool, report}, file_folder(file, pool), out};
    const struct node *root = loading.folder != NULL ? document_read(file, pool, report) : NULL;
    if (root != NULL) {
        read_all(&loading, root);
    }
    if (pool->is_exhausted) {
        report_file_fault(report, (struct settings_mark){file, 0, 0}, "", 0, "needs more memory than there is");
    }
    report_sort(report);
    return report->fault_count == 0;
}
