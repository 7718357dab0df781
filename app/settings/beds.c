/*
 * beds.c: reads `beds`: each with its class and its monitors, in the short form for one or as a list for several.
 */
#include <assert.h>
#include <string.h>

#include "app/settings/load.h"

enum { ADDRESS_RTU_MIN = 1, ADDRESS_RTU_MAX = 247 };

/* A monitor's keys as they stand in a mapping of their own or, in the short form, at the bed. */
struct monitor_nodes {
    const struct node *owner, *bus, *address;
};

static bool check_address(struct load *load, const struct monitor_nodes *nodes, const struct bus_settings *bus,
                          int64_t address)
{
    if (bus->kind == BUS_MODBUS_RTU && (address < ADDRESS_RTU_MIN || address > ADDRESS_RTU_MAX)) {
        report_fault(load->reader.report, nodes->address, "%d is out of range, on a line it must be from %d to %d",
                     (int)address, ADDRESS_RTU_MIN, ADDRESS_RTU_MAX);
        return false;
    }
    return true;
}

static bool is_same_monitor(const struct monitor_settings *a, const struct monitor_settings *b)
{
    return a->bus == b->bus && a->address == b->address;
}

/* One monitor at two beds would show one patient's values as another's. */
static bool check_is_only_here(struct load *load, const struct monitor_settings *monitor, uint16_t bed,
                               const struct monitor_nodes *nodes)
{
    for (uint16_t i = 0; i <= bed; i++) {
        for (uint8_t j = 0; j < load->beds[i].monitor_count; j++) {
            const struct monitor_settings *other = &load->beds[i].monitors[j];
            if (is_same_monitor(other, monitor)) {
                report_fault(load->reader.report, nodes->address,
                             "this monitor (%s, address %u) is already at bed %s in line %u",
                             load->buses[other->bus].name, other->address, load->beds[i].id, other->mark.line);
                return false;
            }
        }
    }
    return true;
}

static bool resolve_monitor(struct load *load, const struct monitor_keys *keys, const struct monitor_nodes *nodes,
                            uint16_t bed, struct monitor_settings *out)
{
    struct monitor_settings monitor = {.address = (uint8_t)keys->address, .mark = nodes->address->mark};
    const bool has_bus = buses_find(load, nodes->bus, keys->bus, &monitor.bus);
    const bool has_profile = profiles_refer(load, node_child(nodes->owner, "profile"), keys->profile, &monitor.profile);
    if (!has_bus || !has_profile || !check_address(load, nodes, &load->buses[monitor.bus], keys->address) ||
        !check_is_only_here(load, &monitor, bed, nodes)) {
        return false;
    }
    *out = monitor;
    return true;
}

static struct monitor_nodes nodes_of(const struct node *owner)
{
    return (struct monitor_nodes){owner, node_child(owner, "bus"), node_child(owner, "address")};
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
        const struct monitor_nodes nodes = nodes_of(item);
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
        if (child == NULL) {
            section_report_missing(&load->reader, node, &bed_section, field);
        }
        is_whole = child != NULL && field_read(&load->reader, child, field, keys) && is_whole;
    }
    return is_whole;
}

static bool read_short_form(struct load *load, const struct node *node, uint16_t bed)
{
    struct monitor_keys keys = {.bus = NULL};
    if (!read_keys_at_bed(load, node, &keys)) {
        return false;
    }
    const struct monitor_nodes nodes = nodes_of(node);
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
