/*
 * beds.c: reads `beds`: each with its class and its monitors, in the short form for one or as a list for several.
 */
#include <assert.h>
#include <string.h>

#include "app/settings/load.h"
#include "app/settings/place.h"

enum { ADDRESS_RTU_MIN = 1, ADDRESS_RTU_MAX = 247, PLACE_TEXT_MAX = 63 };

/* A monitor's keys as they stand in a mapping of their own or, in the short form, at the bed. */
struct monitor_nodes {
    const struct section *section; /* of the owner */
    const struct node *owner, *bus, *address;
};

/* What stands behind `address`: a number on Modbus, a place on HL7, nothing on a line with one monitor. */
struct address {
    int64_t unit;
    const char *place;
};

static const struct field unit_field = {.name = "address",
                                        .offset = offsetof(struct address, unit),
                                        .type = FIELD_INTEGER,
                                        .low = 0,
                                        .high = 255,
                                        .help = "1 to 247 on a line, behind a converter too, 0 to 255 over Modbus TCP"};
static const struct field place_field = {.name = "address",
                                         .offset = offsetof(struct address, place),
                                         .type = FIELD_TEXT,
                                         .high = PLACE_TEXT_MAX,
                                         .help = "POC^ROOM^BED as in PV1-3 (an empty part fits all), or a device id"};

static bool check_unit(struct load *load, const struct node *node, const struct bus_settings *bus, int64_t unit)
{
    const bool is_line = bus->kind == BUS_MODBUS_RTU || bus->kind == BUS_RTU_OVER_TCP;
    if (is_line && (unit < ADDRESS_RTU_MIN || unit > ADDRESS_RTU_MAX)) {
        report_fault(load->reader.report, node, "%d is out of range, on a line it must be from %d to %d", (int)unit,
                     ADDRESS_RTU_MIN, ADDRESS_RTU_MAX);
        return false;
    }
    return true;
}

static bool check_place(struct load *load, const struct node *node, const char *place)
{
    const char *wrong = place_fault(place);
    if (wrong != NULL) {
        report_fault(load->reader.report, node, "\"%.40s\" %s", place, wrong);
    }
    return wrong == NULL;
}

static const struct field *address_field(void)
{
    for (size_t i = 0; i < monitor_section.count; i++) {
        if (strcmp(monitor_section.fields[i].name, "address") == 0) {
            return &monitor_section.fields[i];
        }
    }
    assert(false);
    return NULL;
}

static bool read_address(struct load *load, const struct monitor_nodes *nodes, const struct bus_settings *bus,
                         struct address *out)
{
    if (bus->kind == BUS_SERIAL) {
        if (nodes->address != NULL) {
            report_key_fault(load->reader.report, nodes->address,
                             "the monitor on a serial bus has no address, remove it");
        }
        return nodes->address == NULL;
    }
    if (nodes->address == NULL) {
        struct field wanted = *address_field();
        wanted.help = bus->kind == BUS_HL7 ? place_field.help : unit_field.help;
        section_report_missing(&load->reader, nodes->owner, nodes->section, &wanted);
        return false;
    }
    if (bus->kind == BUS_HL7) {
        return field_read(&load->reader, nodes->address, &place_field, out) &&
               check_place(load, nodes->address, out->place);
    }
    return field_read(&load->reader, nodes->address, &unit_field, out) &&
           check_unit(load, nodes->address, bus, out->unit);
}

static bool is_same_monitor(const struct bus_settings *bus, const struct monitor_settings *a,
                            const struct monitor_settings *b)
{
    if (a->bus != b->bus) {
        return false;
    }
    if (bus->kind == BUS_HL7) {
        return place_is_same(a->place, b->place);
    }
    return a->address == b->address; /* 0 on a serial bus, which has one monitor */
}

static void report_same(struct load *load, const struct monitor_nodes *nodes, const struct monitor_settings *other,
                        const char *bed)
{
    const struct bus_settings *bus = &load->buses[other->bus];
    if (bus->kind == BUS_SERIAL) {
        report_fault(load->reader.report, nodes->bus,
                     "a serial bus has one monitor, and %s has the one of bed %s in line %u", bus->name, bed,
                     other->mark.line);
    } else if (bus->kind == BUS_HL7) {
        report_fault(load->reader.report, nodes->address, "this place (%s, %s) is already at bed %s in line %u",
                     bus->name, other->place, bed, other->mark.line);
    } else {
        report_fault(load->reader.report, nodes->address,
                     "this monitor (%s, address %u) is already at bed %s in line %u", bus->name, other->address, bed,
                     other->mark.line);
    }
}

/* Two places that one message can fit. False: reported as a fault, because one of them fits all. */
static bool check_overlap(struct load *load, const struct monitor_nodes *nodes, const struct monitor_settings *monitor,
                          const struct monitor_settings *other, const char *bed)
{
    if (place_fits_all(monitor->place) || place_fits_all(other->place)) {
        report_fault(load->reader.report, nodes->address,
                     "^^ fits every message, but %s has two monitors, this and that of bed %s in line %u: write more",
                     load->buses[other->bus].name, bed, other->mark.line);
        return false;
    }
    if (place_may_be_same(monitor->place, other->place)) {
        report_warning(load->reader.report, nodes->address,
                       "one message can fit this and %s of bed %s in line %u, write more of both", other->place, bed,
                       other->mark.line);
    }
    return true;
}

/* One monitor at two beds would show one patient's values as another's. */
static bool check_is_only_here(struct load *load, const struct monitor_settings *monitor, uint16_t bed,
                               const struct monitor_nodes *nodes)
{
    const struct bus_settings *bus = &load->buses[monitor->bus];
    for (uint16_t i = 0; i <= bed; i++) {
        for (uint8_t j = 0; j < load->beds[i].monitor_count; j++) {
            const struct monitor_settings *other = &load->beds[i].monitors[j];
            if (is_same_monitor(bus, other, monitor)) {
                report_same(load, nodes, other, load->beds[i].id);
                return false;
            }
            if (bus->kind == BUS_HL7 && other->bus == monitor->bus &&
                !check_overlap(load, nodes, monitor, other, load->beds[i].id)) {
                return false;
            }
        }
    }
    return true;
}

static bool resolve_monitor(struct load *load, const struct monitor_keys *keys, const struct monitor_nodes *nodes,
                            uint16_t bed, struct monitor_settings *out)
{
    struct monitor_settings monitor = {.bus = 0};
    struct address address = {.unit = 0};
    const struct node *profile = node_child(nodes->owner, "profile");
    const bool has_bus = buses_find(load, nodes->bus, keys->bus, &monitor.bus);
    const struct bus_settings *bus = &load->buses[monitor.bus];
    const bool has_address = has_bus && read_address(load, nodes, bus, &address);
    if ((has_bus && !profiles_fit(load, profile, keys->profile, bus)) ||
        !profiles_refer(load, profile, keys->profile, &monitor.profile) || !has_address) {
        return false;
    }
    monitor.address = (uint8_t)address.unit;
    monitor.place = address.place;
    monitor.mark = nodes->address != NULL ? nodes->address->mark : nodes->bus->mark;
    if (!check_is_only_here(load, &monitor, bed, nodes)) {
        return false;
    }
    *out = monitor;
    return true;
}

static struct monitor_nodes nodes_of(const struct section *section, const struct node *owner)
{
    return (struct monitor_nodes){section, owner, node_child(owner, "bus"), node_child(owner, "address")};
}

/* Room for `count` monitors; they are counted as they come. */
static struct monitor_settings *make_room(struct load *load, uint16_t bed, uint32_t count)
{
    struct monitor_settings *monitors = POOL_TAKE(load->reader.pool, struct monitor_settings, count);
    load->beds[bed].monitors = monitors;
    return monitors;
}

static bool read_list(struct load *load, const struct node *list, uint16_t bed)
{
    if (list->child_count > ENGINE_MONITORS_PER_BED_MAX) {
        report_fault(load->reader.report, list, "has %u monitors, at most %d", list->child_count,
                     ENGINE_MONITORS_PER_BED_MAX);
        return false;
    }
    struct monitor_settings *monitors = make_room(load, bed, list->child_count);
    bool is_sound = monitors != NULL;
    for (const struct node *item = list->first; item != NULL && monitors != NULL; item = item->next) {
        struct monitor_keys keys = {.bus = NULL};
        const struct monitor_nodes nodes = nodes_of(&monitor_section, item);
        if (section_read(&load->reader, item, &monitor_section, &keys) &&
            resolve_monitor(load, &keys, &nodes, bed, &monitors[load->beds[bed].monitor_count])) {
            load->beds[bed].monitor_count++;
        } else {
            is_sound = false;
        }
    }
    return is_sound;
}

/* The keys of a monitor that stand at the bed itself, read by the monitor's own table. */
static bool read_keys_at_bed(struct load *load, const struct node *node, struct monitor_keys *keys)
{
    bool is_whole = true;
    for (size_t i = 0; i < monitor_section.count; i++) {
        const struct field *field = &monitor_section.fields[i];
        const struct node *child = node_child(node, field->name);
        if (child == NULL && field->is_required) {
            section_report_missing(&load->reader, node, &bed_section, field);
        }
        is_whole = (child != NULL ? field_read(&load->reader, child, field, keys) : !field->is_required) && is_whole;
    }
    return is_whole;
}

static bool read_short_form(struct load *load, const struct node *node, uint16_t bed)
{
    struct monitor_keys keys = {.bus = NULL};
    if (!read_keys_at_bed(load, node, &keys)) {
        return false;
    }
    const struct monitor_nodes nodes = nodes_of(&bed_section, node);
    struct monitor_settings *monitor = make_room(load, bed, 1);
    if (monitor == NULL || !resolve_monitor(load, &keys, &nodes, bed, monitor)) {
        return false;
    }
    load->beds[bed].monitor_count = 1;
    return true;
}

static bool read_monitors(struct load *load, const struct node *node, const struct bed_keys *keys, uint16_t bed)
{
    const bool is_short = keys->bus != NULL || keys->address != NULL || keys->profile != NULL;
    if (keys->monitors == NULL && is_short) {
        return read_short_form(load, node, bed);
    }
    if (keys->monitors == NULL) {
        if (node_child(node, "monitors") == NULL) {
            report_key_fault(load->reader.report, node, "has no monitor, give bus, address and profile, or monitors");
        }
        return false;
    }
    if (is_short) {
        report_fault(load->reader.report, keys->monitors, "give either monitors or bus, address and profile, not both");
        return false;
    }
    return read_list(load, keys->monitors, bed);
}

static bool check_bed_name(struct load *load, const struct node *node)
{
    if (!schema_check_name(&load->reader, node, SETTINGS_ID_MAX)) {
        return false;
    }
    if (strcmp(node->key, "gateway") == 0) {
        report_key_fault(load->reader.report, node, "a bed cannot be called gateway, its topics are the gateway's own");
        return false;
    }
    if (strcmp(node->key, "board") == 0) {
        report_key_fault(load->reader.report, node, "a bed cannot be called board, its topics are those of screens");
        return false;
    }
    return true;
}

static void read_bed(struct load *load, const struct node *node)
{
    const uint16_t bed = load->settings->bed_count;
    struct bed_keys keys = {.bus = NULL};
    const bool has_name = check_bed_name(load, node);
    const bool is_whole = section_read(&load->reader, node, &bed_section, &keys);
    load->beds[bed] = (struct bed_settings){
        .id = pool_text(load->reader.pool, node->key, strlen(node->key)),
        .patient_class = (enum patient_class)keys.patient_class,
        .observation_interval_ms = (uint32_t)keys.observation_interval,
        .scores = node_child(node, "scores") != NULL ? (uint16_t)keys.scores : load->settings->scores,
        .mark = node->key_mark,
    };
    load->bed_nodes[bed] = node;
    if (load->beds[bed].id == NULL || node->kind != NODE_MAPPING) {
        return;
    }
    const bool has_monitors = read_monitors(load, node, &keys, bed);
    load->bed_is_sound[bed] = has_name && is_whole && has_monitors;
    load->settings->bed_count++;
}

void beds_read(struct load *load, const struct node *entries)
{
    assert(load != NULL && entries != NULL);
    if (entries->child_count > SETTINGS_BEDS_MAX) {
        report_key_fault(load->reader.report, entries, "%u beds, at most %d", entries->child_count, SETTINGS_BEDS_MAX);
        return;
    }
    for (const struct node *node = entries->first; node != NULL; node = node->next) {
        read_bed(load, node);
    }
}
