#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "app/settings/keys.h"
#include "app/settings/profiles.h"
#include "app/settings/report.h"

static bool read_channel_name(const struct reader *reader, const struct node *item, const struct node *channels,
                              uint32_t *vitals)
{
    if (item->kind != NODE_TEXT) {
        report_fault(reader->report, item, "must be the name of a channel");
        return false;
    }
    const enum vital vital = profile_find_vital(reader, item, item->text);
    if (vital == VITAL_NONE) {
        return false;
    }
    if (node_child(channels, item->text) == NULL) {
        report_fault(reader->report, item, "this profile has no channel %s", item->text);
        return false;
    }
    *vitals |= UINT32_C(1) << (unsigned)vital;
    return true;
}

static bool read_channel_names(const struct reader *reader, const struct node *list, const struct node *channels,
                               uint32_t *vitals)
{
    bool is_sound = true;
    for (const struct node *item = list != NULL ? list->first : NULL; item != NULL; item = item->next) {
        is_sound = read_channel_name(reader, item, channels, vitals) && is_sound;
    }
    return is_sound;
}

/* A register has sixteen bits, of which one must be named; a coil is one. */
static bool check_bit(const struct reader *reader, const struct node *node, const struct bit_keys *keys)
{
    const bool has_bits = keys->table == TABLE_HOLDING || keys->table == TABLE_INPUT;
    const struct node *bit = node_child(node, "bit");
    if (has_bits && bit == NULL) {
        report_key_fault(reader->report, node, "the key \"bit\" is missing: bit of the register, 0 (lowest) to 15");
        return false;
    }
    if (!has_bits && bit != NULL) {
        report_key_fault(reader->report, bit, "a coil or discrete input has no bits, remove it");
        return false;
    }
    return true;
}

bool profile_read_bit(const struct reader *reader, const struct node *node, const struct node *channels,
                      struct profile_bit *out)
{
    assert(reader != NULL && node != NULL && channels != NULL && out != NULL);
    struct bit_keys keys = {.bit = 0};
    const bool has_name = schema_check_name(reader, node, PROFILE_NAME_MAX - 1);
    if (!section_read(reader, node, &bit_section, &keys) || !has_name) {
        return false;
    }
    struct profile_bit bit = {
        .table = (enum register_table)keys.table,
        .reg = (uint16_t)keys.reg,
        .bit = (uint8_t)keys.bit,
        .means = (uint8_t)keys.means,
    };
    const bool has_channels = read_channel_names(reader, keys.channels, channels, &bit.vitals);
    if (!check_bit(reader, node, &keys) || !has_channels) {
        return false;
    }
    (void)snprintf(bit.name, sizeof bit.name, "%s", node->key);
    (void)snprintf(bit.text, sizeof bit.text, "%s", keys.text != NULL ? keys.text : node->key);
    *out = bit;
    return true;
}
