#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "app/settings/keys.h"
#include "app/settings/profiles.h"
#include "app/settings/quantity.h"
#include "app/settings/report.h"
#include "app/settings/value.h"

#define VITAL_BIT(vital) (UINT32_C(1) << (unsigned)(vital))
_Static_assert(VITAL_COUNT <= 32, "sets of vitals are 32 bits");

enum vital profile_find_vital(const struct reader *reader, const struct node *node, const char *name)
{
    assert(reader != NULL && node != NULL && name != NULL);
    const enum vital vital = vital_by_name(name, strlen(name));
    if (vital == VITAL_NONE) {
        const char *names[VITAL_COUNT];
        for (unsigned i = 0; i < VITAL_COUNT; i++) {
            names[i] = vital_info((enum vital)i)->name;
        }
        char hint[SCHEMA_HINT_MAX];
        schema_hint(name, names, VITAL_COUNT, hint);
        report_key_fault(reader->report, node, "\"%.40s\" is no vital%s", name, hint);
    }
    return vital;
}

static bool is_wide(enum register_type type)
{
    return type == TYPE_U32 || type == TYPE_S32 || type == TYPE_F32;
}

static bool is_bit_table(enum register_table table)
{
    return table == TABLE_COIL || table == TABLE_DISCRETE;
}

static bool check_place(const struct reader *reader, const struct node *node, const struct profile_channel *channel)
{
    if (is_bit_table(channel->table) && channel->type != TYPE_U16) {
        report_fault(reader->report, node_child(node, "type"), "a %s is one bit, its type must be u16",
                     channel->table == TABLE_COIL ? "coil" : "discrete input");
        return false;
    }
    if (is_wide(channel->type) && channel->reg == UINT16_MAX) {
        report_fault(reader->report, node_child(node, "register"),
                     "a 32-bit value needs a second register, 65535 is the last");
        return false;
    }
    const struct node *words = node_child(node, "words");
    if (words != NULL && !is_wide(channel->type)) {
        report_key_fault(reader->report, words, "only 32-bit types have an order of words, remove it");
        return false;
    }
    return true;
}

/* One raw code, as the registers hold it. Signed types may be written with a minus. */
static bool read_code(const struct reader *reader, const struct node *node, enum register_type type, uint32_t *out)
{
    const int64_t high = is_wide(type) ? UINT32_MAX : UINT16_MAX;
    const int64_t low = type == TYPE_S16 ? INT16_MIN : type == TYPE_S32 ? INT32_MIN : 0;
    int64_t code = 0;
    if (node->kind != NODE_TEXT || value_read_integer(node->text, &code) != VALUE_OK || code < low || code > high) {
        report_fault(reader->report, node, "must be a raw number from %" PRId64 " to %" PRId64 ", such as 0xFFFF", low,
                     high);
        return false;
    }
    *out = (uint32_t)((uint64_t)code & (uint64_t)high);
    return true;
}

/* `absent` may be one code or a list of them. */
static bool read_absent(const struct reader *reader, const struct node *node, struct profile_channel *channel)
{
    if (node == NULL) {
        return true;
    }
    if (node->kind == NODE_LIST && node->child_count > PROFILE_ABSENT_MAX) {
        report_fault(reader->report, node, "has %u codes, at most %d", node->child_count, PROFILE_ABSENT_MAX);
        return false;
    }
    bool is_sound = true;
    for (const struct node *code = node->kind == NODE_LIST ? node->first : node; code != NULL;
         code = node->kind == NODE_LIST ? code->next : NULL) {
        if (read_code(reader, code, channel->type, &channel->absent[channel->absent_count])) {
            channel->absent_count++;
        } else {
            is_sound = false;
        }
    }
    return is_sound;
}

static bool read_unit(const struct reader *reader, const struct node *node, const char *unit,
                      struct profile_channel *channel)
{
    if (unit_find(channel->vital, unit, &channel->unit)) {
        return true;
    }
    char units[96];
    unit_names(channel->vital, units, sizeof units);
    report_fault(reader->report, node_child(node, "unit"), "\"%.20s\" is no unit of %s, possible: %s", unit,
                 vital_info(channel->vital)->name, units);
    return false;
}

/* The range is written in the channel's own unit. */
static bool read_range(const struct reader *reader, const struct node *node, struct profile_channel *channel)
{
    if (node == NULL) {
        return true;
    }
    const struct quantity_use use = {.vitals = VITAL_BIT(channel->vital), .unit = &channel->unit};
    channel->has_range = quantity_read_range(reader, node, use, &channel->low_milli, &channel->high_milli);
    return channel->has_range;
}

static bool may_be_episodic(enum vital vital)
{
    return vital == VITAL_temp || vital == VITAL_temp_core || vital == VITAL_temp_skin;
}

static bool read_changed_by(const struct reader *reader, const struct node *node, struct profile_channel *channel)
{
    struct episodic_keys keys = {.changed_by = 0};
    if (!section_read(reader, node, &episodic_section, &keys)) {
        return false;
    }
    channel->episodic = true;
    channel->has_changed_by = true;
    channel->changed_by = (uint16_t)keys.changed_by;
    return true;
}

static bool read_episodic(const struct reader *reader, const struct node *node, struct profile_channel *channel)
{
    static const struct field boolean = {.name = "episodic", .type = FIELD_BOOLEAN};
    const bool is_by_nature = vital_info(channel->vital)->kind == VITAL_EPISODIC;
    channel->episodic = is_by_nature;
    if (node == NULL) {
        return true;
    }
    if (!is_by_nature && !may_be_episodic(channel->vital)) {
        report_fault(reader->report, node, "%s is measured all the time: only temperatures can be episodic, remove it",
                     vital_info(channel->vital)->name);
        return false;
    }
    if (node->kind == NODE_MAPPING) {
        return read_changed_by(reader, node, channel);
    }
    int64_t is_episodic = 0;
    if (!field_read(reader, node, &boolean, &is_episodic)) {
        return false;
    }
    if (is_by_nature && is_episodic == 0) {
        report_fault(reader->report, node, "%s is always episodic, remove it", vital_info(channel->vital)->name);
        return false;
    }
    channel->episodic = is_episodic != 0;
    return true;
}

/* A value of seconds ago must not look current; and what is measured now and then stands still, and jumps. */
static bool check_judgement(const struct reader *reader, const struct node *node, const struct profile_channel *channel)
{
    const struct vital_info *info = vital_info(channel->vital);
    bool is_sound = true;
    if (!channel->episodic && channel->stale_after_ms > info->stale_ms) {
        report_fault(reader->report, node_child(node, "stale_after"), "of a vital measured all the time at most %us",
                     info->stale_ms / 1000U);
        is_sound = false;
    }
    if (channel->episodic && channel->frozen_after_ms > 0) {
        report_key_fault(reader->report, node_child(node, "frozen_after"),
                         "a measurement of now and then stands for itself, remove it");
        is_sound = false;
    }
    if (channel->episodic && channel->median) {
        report_key_fault(reader->report, node_child(node, "spike"),
                         "a measurement of now and then stands for itself, remove it");
        is_sound = false;
    }
    return is_sound;
}

/* Manuals count registers from 1, behind a digit for the table: 40001 is the first holding register. */
static void warn_of_number(const struct reader *reader, const struct node *node, int64_t reg)
{
    const bool is_holding = reg >= 40001 && reg <= 49999;
    if (is_holding || (reg >= 30001 && reg <= 39999)) {
        report_warning(reader->report, node_child(node, "register"),
                       "is this a manual's number? Its %" PRId64 " is register %" PRId64 " of table %s", reg,
                       reg - (is_holding ? 40001 : 30001), is_holding ? "holding" : "input");
    }
}

static bool check_scale(const struct reader *reader, const struct node *node, int64_t scale)
{
    if (scale == 0) {
        report_fault(reader->report, node_child(node, "scale"), "0 would make every value 0");
    }
    return scale != 0;
}

bool profile_read_channel(const struct reader *reader, const struct node *node, enum vital vital,
                          uint32_t poll_interval_ms, struct profile_channel *out)
{
    assert(reader != NULL && node != NULL && out != NULL && (unsigned)vital < VITAL_COUNT);
    struct channel_keys keys = {.poll_interval = poll_interval_ms};
    if (!section_read(reader, node, &channel_section, &keys)) {
        return false;
    }
    struct profile_channel channel = {
        .vital = vital,
        .table = (enum register_table)keys.table,
        .reg = (uint16_t)keys.reg,
        .type = (enum register_type)keys.type,
        .words = (enum word_order)keys.words,
        .scale_micro = keys.scale,
        .offset_micro = keys.offset,
        .poll_interval_ms = (uint32_t)keys.poll_interval,
        .stale_after_ms = (uint32_t)keys.stale_after,
        .frozen_after_ms = (uint32_t)keys.frozen_after,
        .median = keys.spike == SPIKE_MEDIAN,
    };
    warn_of_number(reader, node, keys.reg);
    bool is_sound = check_place(reader, node, &channel);
    is_sound = check_scale(reader, node, keys.scale) && is_sound;
    is_sound = read_absent(reader, keys.absent, &channel) && is_sound;
    is_sound = read_episodic(reader, keys.episodic, &channel) && check_judgement(reader, node, &channel) && is_sound;
    is_sound = read_unit(reader, node, keys.unit, &channel) && read_range(reader, keys.range, &channel) && is_sound;
    if (is_sound) {
        *out = channel;
    }
    return is_sound;
}
