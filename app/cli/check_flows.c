#include "app/cli/check_flows.h"

#include <stdio.h>
#include <string.h>

#include "app/flow/json.h"
#include "app/settings/url.h"

enum {
    COLUMN_DIRECTION,
    COLUMN_PROTOCOL,
    COLUMN_PORT,
    COLUMN_PEER,
    COLUMN_HERE,
    COLUMN_CARRIES,
    COLUMN_SECURED,
    COLUMN_WHY,
    COLUMN_COUNT
};

static const struct listing_column columns[COLUMN_COUNT] = {{"direction", 9}, {"protocol", 8}, {"port", 5},
                                                            {"peer", 24},     {"here", 16},    {"carries", 12},
                                                            {"secured", 10},  {"why", 0}};

struct flow {
    const char *direction; /* who begins: out, or in */
    const char *protocol;
    uint16_t port;           /* of who is called */
    const char *peer, *here; /* addresses or names; any: whoever may reach us, or whichever of ours */
    const char *carries, *secured, *why;
};

static void print_json(const struct flow *flow)
{
    char text[1024];
    struct json json;
    json_begin(&json, text, sizeof text);
    json_text(&json, columns[COLUMN_DIRECTION].title, flow->direction);
    json_text(&json, columns[COLUMN_PROTOCOL].title, flow->protocol);
    json_unsigned(&json, columns[COLUMN_PORT].title, flow->port);
    json_text(&json, columns[COLUMN_PEER].title, flow->peer);
    json_text(&json, columns[COLUMN_HERE].title, flow->here);
    json_text(&json, columns[COLUMN_CARRIES].title, flow->carries);
    json_text(&json, columns[COLUMN_SECURED].title, flow->secured);
    json_text(&json, columns[COLUMN_WHY].title, flow->why);
    if (json_end(&json) > 0) {
        (void)puts(text);
    }
}

static void print_flow(enum listing listing, const struct flow *flow)
{
    char cells[COLUMN_COUNT][LISTING_CELL_MAX];
    if (listing == LISTING_JSON) {
        print_json(flow);
        return;
    }
    const char *const texts[COLUMN_COUNT] = {flow->direction, flow->protocol, "",       flow->peer, flow->here,
                                             flow->carries,   flow->secured,  flow->why};
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        (void)snprintf(cells[i], LISTING_CELL_MAX, "%s", texts[i]);
    }
    (void)snprintf(cells[COLUMN_PORT], LISTING_CELL_MAX, "%u", flow->port);
    listing_row(stdout, listing, columns, COLUMN_COUNT, cells);
}

/* "any" for every address of ours. */
static const char *address_of(const char *host)
{
    return url_host_is_any(host) ? "any" : host;
}

static bool print_broker(const struct broker_settings *broker, unsigned place, enum listing listing)
{
    const bool stays = url_host_is_loopback(broker->host);
    const char *const secured = broker->tls ? broker->cert != NULL ? "TLS, mutual" : "TLS" : stays ? "this host" : "NO";
    const struct flow flow = {
        "out", "tcp",  broker->port, broker->host,
        "any", "MQTT", secured,      place == 0 ? "broker: alerts, vitals, commands" : "standby broker"};
    print_flow(listing, &flow);
    return !url_host_is_numeric(broker->host) && !stays;
}

/* The beds on a line: so many as fit. */
static void list_beds(const struct settings *settings, uint16_t bus, char out[LISTING_CELL_MAX])
{
    out[0] = '\0';
    for (uint16_t b = 0; b < settings->bed_count; b++) {
        const struct bed_settings *bed = &settings->beds[b];
        bool is_on = false;
        for (uint8_t m = 0; m < bed->monitor_count; m++) {
            is_on = is_on || bed->monitors[m].bus == bus;
        }
        if (is_on) {
            listing_add(out, " ", out[0] != '\0' ? 1 : 0);
            listing_add(out, bed->id, strlen(bed->id));
        }
    }
}

static void print_bus(const struct settings *settings, uint16_t place, enum listing listing)
{
    const struct bus_settings *bus = &settings->buses[place];
    char beds[LISTING_CELL_MAX], why[LISTING_CELL_MAX + 64];
    list_beds(settings, place, beds);
    (void)snprintf(why, sizeof why, "%s: %s", bus->name, beds);
    struct flow flow = {"out", "tcp", bus->port, bus->host, "any", "Modbus", "NO", why};
    switch (bus->kind) {
    case BUS_MODBUS_RTU:
    case BUS_SERIAL:
        return;
    case BUS_MODBUS_TCP:
        break;
    case BUS_RTU_OVER_TCP:
        flow.carries = "Modbus RTU";
        break;
    case BUS_HL7:
        flow.direction = "in";
        flow.carries = "HL7 MLLP";
        flow.peer = "monitors";
        flow.here = address_of(bus->host);
        break;
    }
    print_flow(listing, &flow);
}

void check_flows(const struct settings *settings, enum listing listing)
{
    bool needs_names = false;
    listing_head(stdout, listing, columns, COLUMN_COUNT);
    for (uint8_t i = 0; i < settings->uplink.broker_count; i++) {
        needs_names = print_broker(&settings->uplink.brokers[i], i, listing) || needs_names;
    }
    for (uint16_t i = 0; i < settings->bus_count; i++) {
        print_bus(settings, i, listing);
    }
    if (needs_names) {
        const struct flow names = {"out", "udp", 53,   "name server",
                                   "any", "DNS", "NO", "names of brokers; tcp where answers are long"};
        print_flow(listing, &names);
    }
    const struct flow time = {"out", "udp", 123,  "time server",
                              "any", "NTP", "NO", "the system's own clock (NTS: tcp 4460, too)"};
    print_flow(listing, &time);
}
