/*
 * buses.c: reads `buses`, and makes the buses that monitors name by a URL.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/settings/file.h"
#include "app/settings/load.h"
#include "app/settings/url.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { PORT_HL7 = 2575 }; /* IANA: hl7 */

static const char no_lookup[] =
    "names are not looked up, because a slow name server would hold up monitors; give the address";

const char *bus_kind_word(enum bus_kind kind)
{
    return bus_section.fields[0].words[kind];
}

static bool bus_kind_is_serial(enum bus_kind kind)
{
    return kind == BUS_MODBUS_RTU || kind == BUS_SERIAL;
}

static bool check_baud(struct load *load, const struct node *node, int64_t baud)
{
    static const int64_t bauds[] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600};
    for (size_t i = 0; i < COUNT(bauds); i++) {
        if (baud == bauds[i]) {
            return true;
        }
    }
    report_fault(load->reader.report, node_child(node, "baud"),
                 "no line has this speed, it must be 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, "
                 "460800 or 921600");
    return false;
}

static bool read_line(struct load *load, const struct node *node, const struct bus_keys *keys, struct bus_settings *bus)
{
    static const uint8_t letters[] = {[PARITY_WORD_NONE] = 'N', [PARITY_WORD_EVEN] = 'E', [PARITY_WORD_ODD] = 'O'};
    bus->device = file_path(load->folder, keys->device, load->reader.pool);
    bus->baud = (uint32_t)keys->baud;
    bus->parity = letters[keys->parity];
    bus->stop_bits = (uint8_t)(keys->stop_bits != 0 ? keys->stop_bits : keys->parity == PARITY_WORD_NONE ? 2 : 1);
    bus->rs485 = keys->rs485 != 0;
    return check_baud(load, node, keys->baud) && bus->device != NULL;
}

static bool read_link(struct load *load, const struct node *node, const struct bus_keys *keys, struct bus_settings *bus)
{
    if (!url_host_is_numeric(keys->host)) {
        report_fault(load->reader.report, node_child(node, "host"), "%s", no_lookup);
        return false;
    }
    bus->host = keys->host;
    bus->port = (uint16_t)keys->port;
    bus->baud = (uint32_t)keys->baud;
    bus->hang_up = keys->hang_up != 0;
    return keys->baud == 0 || check_baud(load, node, keys->baud);
}

static bool read_listener(struct load *load, const struct node *node, const struct bus_keys *keys,
                          struct bus_settings *bus)
{
    struct url url = {.port = 0};
    if (url_split_place(keys->listen, &url) != NULL || !url_host_is_numeric(url.host)) {
        report_fault(load->reader.report, node_child(node, "listen"),
                     "must be an address of this box in digits, and a port, such as 0.0.0.0:2575");
        return false;
    }
    url_host_tidy(url.host, url.host);
    bus->host = pool_text(load->reader.pool, url.host, strlen(url.host));
    bus->port = url.port != 0 ? url.port : PORT_HL7;
    bus->believe_debug = keys->believe_debug != 0;
    return bus->host != NULL;
}

static bool read_kind(struct load *load, const struct node *node, const struct bus_keys *keys, struct bus_settings *bus)
{
    if (bus_kind_is_serial(bus->kind)) {
        return read_line(load, node, keys, bus);
    }
    return bus->kind == BUS_HL7 ? read_listener(load, node, keys, bus) : read_link(load, node, keys, bus);
}

/* True when who listens at `host` also hears what comes to `other`: :: is every address, 0.0.0.0 every IPv4 one. */
static bool listens_for(const char *host, const char *other)
{
    const bool is_ipv6 = strchr(other, ':') != NULL;
    return strcmp(host, other) == 0 || strcmp(host, "::") == 0 || (strcmp(host, "0.0.0.0") == 0 && !is_ipv6);
}

/* What one bus has, another cannot have: a device, a monitor's or converter's port, a port of this box. */
static bool is_same_line(const struct bus_settings *a, const struct bus_settings *b)
{
    const bool is_serial = bus_kind_is_serial(a->kind), is_listener = a->kind == BUS_HL7;
    if (is_serial != bus_kind_is_serial(b->kind) || is_listener != (b->kind == BUS_HL7)) {
        return false;
    }
    if (is_serial) {
        return strcmp(a->device, b->device) == 0;
    }
    const bool is_same_host =
        is_listener ? listens_for(a->host, b->host) || listens_for(b->host, a->host) : strcmp(a->host, b->host) == 0;
    return a->port == b->port && is_same_host;
}

static bool find_same_line(const struct load *load, const struct bus_settings *bus, uint16_t *out)
{
    for (uint16_t i = 0; i < load->settings->bus_count; i++) {
        if (is_same_line(&load->buses[i], bus)) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool add_bus(struct load *load, const struct node *node, const struct bus_settings *bus, uint16_t *out)
{
    if (load->settings->bus_count == SETTINGS_BUSES_MAX) {
        report_key_fault(load->reader.report, node, "too many buses, at most %d", SETTINGS_BUSES_MAX);
        return false;
    }
    *out = load->settings->bus_count++;
    load->buses[*out] = *bus;
    return true;
}

static void report_same_line(struct load *load, const struct node *node, const struct bus_settings *same,
                             enum bus_kind kind)
{
    if (same->kind == kind) {
        report_key_fault(load->reader.report, node, "is the same line as %s in line %u, use that one", same->name,
                         same->mark.line);
    } else {
        report_key_fault(load->reader.report, node,
                         "is the same line as %s in line %u, which is %s: one line has one protocol", same->name,
                         same->mark.line, bus_kind_word(same->kind));
    }
}

static void read_bus(struct load *load, const struct node *node)
{
    struct bus_keys keys = {.device = NULL};
    const bool has_name = schema_check_name(&load->reader, node, SETTINGS_ID_MAX);
    if (!section_read(&load->reader, node, &bus_section, &keys) || !has_name) {
        return;
    }
    struct bus_settings bus = {
        .name = pool_text(load->reader.pool, node->key, strlen(node->key)),
        .kind = (enum bus_kind)keys.kind,
        .timeout_ms = (uint32_t)keys.timeout,
        .mark = node->key_mark,
    };
    if (!read_kind(load, node, &keys, &bus) || bus.name == NULL) {
        return;
    }
    uint16_t place = 0;
    if (find_same_line(load, &bus, &place)) {
        report_same_line(load, node, &load->buses[place], bus.kind);
        return;
    }
    (void)add_bus(load, node, &bus, &place);
}

void buses_read(struct load *load, const struct node *entries)
{
    assert(load != NULL && entries != NULL);
    for (const struct node *node = entries->first; node != NULL; node = node->next) {
        read_bus(load, node);
    }
}

/* Only what is called by its address alone can be named by it. */
static bool split_address(struct load *load, const struct node *node, const char *text, struct url *out,
                          enum bus_kind *out_kind)
{
    const char *wrong = url_split(text, out);
    *out_kind = BUS_MODBUS_TCP;
    if (wrong == NULL && strcmp(out->scheme, bus_kind_word(BUS_RTU_OVER_TCP)) == 0) {
        *out_kind = BUS_RTU_OVER_TCP;
    } else if (wrong == NULL && strcmp(out->scheme, bus_kind_word(BUS_MODBUS_TCP)) != 0) {
        wrong = "is no kind of bus that has an address, write modbus-tcp://ADDRESS:PORT or rtu-over-tcp://ADDRESS:PORT";
    }
    if (wrong == NULL && !url_host_is_numeric(out->host)) {
        wrong = no_lookup;
    }
    if (wrong != NULL) {
        report_fault(load->reader.report, node, "%s", wrong);
    }
    return wrong == NULL;
}

static bool name_by_url(struct load *load, const struct url *url, struct bus_settings *bus)
{
    const bool has_colon = strchr(url->host, ':') != NULL;
    bus->host = pool_text(load->reader.pool, url->host, strlen(url->host));
    bus->name = pool_format(load->reader.pool, "%s://%s%s%s:%u", bus_kind_word(bus->kind), has_colon ? "[" : "",
                            url->host, has_colon ? "]" : "", bus->port);
    return bus->host != NULL && bus->name != NULL;
}

/* A bus by its address, made at first use. One that `buses` gives is used instead of a second connection. */
static bool find_by_url(struct load *load, const struct node *node, const char *text, uint16_t *out)
{
    struct url url;
    enum bus_kind kind;
    struct bus_keys defaults = {.device = NULL};
    if (!split_address(load, node, text, &url, &kind) ||
        !section_read_defaults(&load->reader, bus_section.variants[kind], &defaults)) {
        return false;
    }
    struct bus_settings bus = {
        .kind = kind,
        .host = url.host,
        .port = url.port != 0 ? url.port : (uint16_t)defaults.port,
        .timeout_ms = (uint32_t)defaults.timeout,
        .mark = node->mark,
    };
    if (!find_same_line(load, &bus, out)) {
        return name_by_url(load, &url, &bus) && add_bus(load, node, &bus, out);
    }
    const struct bus_settings *same = &load->buses[*out];
    if (same->kind != kind) {
        report_fault(load->reader.report, node,
                     "is the same line as %s in line %u, which is %s: one line has one protocol", same->name,
                     same->mark.line, bus_kind_word(same->kind));
    }
    return same->kind == kind;
}

/* True when `buses` gives it, but wrongly: then that is the fault to repair. */
static bool is_given(const struct load *load, const char *name)
{
    const struct node *entries = node_child(load->root, "buses");
    return entries != NULL && node_child(entries, name) != NULL;
}

static bool find_by_name(struct load *load, const struct node *node, const char *name, uint16_t *out)
{
    const char *names[SETTINGS_BUSES_MAX] = {NULL};
    const uint16_t count = load->settings->bus_count;
    for (uint16_t i = 0; i < count; i++) {
        names[i] = load->buses[i].name;
        if (strcmp(names[i], name) == 0) {
            *out = i;
            return true;
        }
    }
    if (!is_given(load, name)) {
        char hint[SCHEMA_HINT_MAX];
        schema_hint(name, names, count, hint);
        report_fault(load->reader.report, node, "there is no bus \"%.40s\"%s", name,
                     count > 0 ? hint : ", give it under \"buses\"");
    }
    return false;
}

bool buses_find(struct load *load, const struct node *node, const char *name, uint16_t *out)
{
    assert(load != NULL && node != NULL && name != NULL && out != NULL);
    return strstr(name, "://") != NULL ? find_by_url(load, node, name, out) : find_by_name(load, node, name, out);
}
