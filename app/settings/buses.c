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

static const char no_lookup[] =
    "names are not looked up, because a slow name server would hold up monitors; give the address";

/* The keys that a kind of bus has no use for: one that is written there was meant for something. */
static bool check_foreign_keys(struct load *load, const struct node *node, const char *const *foreign, size_t count,
                               const char *kind)
{
    bool is_sound = true;
    for (size_t i = 0; i < count; i++) {
        const struct node *child = node_child(node, foreign[i]);
        if (child != NULL) {
            report_key_fault(load->reader.report, child, "a %s bus has no %s, remove it", kind, foreign[i]);
            is_sound = false;
        }
    }
    return is_sound;
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

static bool read_serial(struct load *load, const struct node *node, const struct bus_keys *keys,
                        struct bus_settings *bus)
{
    static const char *const foreign[] = {"host", "port"};
    static const uint8_t letters[] = {[PARITY_WORD_NONE] = 'N', [PARITY_WORD_EVEN] = 'E', [PARITY_WORD_ODD] = 'O'};
    bool is_sound = check_foreign_keys(load, node, foreign, COUNT(foreign), "modbus-rtu");
    is_sound = check_baud(load, node, keys->baud) && is_sound;
    if (keys->device == NULL) {
        report_key_fault(load->reader.report, node, "the key \"device\" is missing, such as /dev/ttyUSB0");
        return false;
    }
    bus->device = file_path(load->folder, keys->device, load->reader.pool);
    bus->baud = (uint32_t)keys->baud;
    bus->parity = letters[keys->parity];
    bus->stop_bits = (uint8_t)(keys->stop_bits != 0 ? keys->stop_bits : keys->parity == PARITY_WORD_NONE ? 2 : 1);
    return is_sound && bus->device != NULL;
}

static bool read_network(struct load *load, const struct node *node, const struct bus_keys *keys,
                         struct bus_settings *bus)
{
    static const char *const foreign[] = {"device", "baud", "parity", "stop_bits"};
    const bool is_sound = check_foreign_keys(load, node, foreign, COUNT(foreign), "modbus-tcp");
    if (keys->host == NULL) {
        report_key_fault(load->reader.report, node, "the key \"host\" is missing, such as 10.7.0.32");
        return false;
    }
    if (!url_host_is_numeric(keys->host)) {
        report_fault(load->reader.report, node_child(node, "host"), "%s", no_lookup);
        return false;
    }
    bus->host = keys->host;
    bus->port = (uint16_t)keys->port;
    return is_sound;
}

static bool is_same_device(const struct bus_settings *a, const struct bus_settings *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    return a->kind == BUS_MODBUS_RTU ? strcmp(a->device, b->device) == 0
                                     : strcmp(a->host, b->host) == 0 && a->port == b->port;
}

static bool find_same_device(const struct load *load, const struct bus_settings *bus, uint16_t *out)
{
    for (uint16_t i = 0; i < load->settings->bus_count; i++) {
        if (is_same_device(&load->buses[i], bus)) {
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
    const bool is_sound =
        bus.kind == BUS_MODBUS_RTU ? read_serial(load, node, &keys, &bus) : read_network(load, node, &keys, &bus);
    if (!is_sound || bus.name == NULL) {
        return;
    }
    uint16_t place = 0;
    if (find_same_device(load, &bus, &place)) {
        report_key_fault(load->reader.report, node, "is the same line as %s in line %u, use that one",
                         load->buses[place].name, load->buses[place].mark.line);
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

static bool split_address(struct load *load, const struct node *node, const char *text, struct url *out)
{
    const char *wrong = url_split(text, out);
    if (wrong == NULL && strcmp(out->scheme, "modbus-tcp") != 0) {
        wrong = "is no kind of bus that has an address, write modbus-tcp://ADDRESS:PORT";
    }
    if (wrong != NULL) {
        report_fault(load->reader.report, node, "%s", wrong);
        return false;
    }
    if (!url_host_is_numeric(out->host)) {
        report_fault(load->reader.report, node, "%s", no_lookup);
        return false;
    }
    return true;
}

/* A bus by its address, made at first use. One that `buses` gives is used instead of a second connection. */
static bool find_by_url(struct load *load, const struct node *node, const char *text, uint16_t *out)
{
    struct url url;
    struct bus_keys defaults = {.device = NULL};
    if (!split_address(load, node, text, &url) || !section_read_defaults(&load->reader, &bus_section, &defaults)) {
        return false;
    }
    struct bus_settings bus = {
        .kind = BUS_MODBUS_TCP,
        .host = url.host,
        .port = url.port != 0 ? url.port : (uint16_t)defaults.port,
        .timeout_ms = (uint32_t)defaults.timeout,
        .mark = node->mark,
    };
    if (find_same_device(load, &bus, out)) {
        return true;
    }
    const bool has_colon = strchr(url.host, ':') != NULL;
    bus.host = pool_text(load->reader.pool, url.host, strlen(url.host));
    bus.name = pool_format(load->reader.pool, "modbus-tcp://%s%s%s:%u", has_colon ? "[" : "", url.host,
                           has_colon ? "]" : "", bus.port);
    return bus.host != NULL && bus.name != NULL && add_bus(load, node, &bus, out);
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
