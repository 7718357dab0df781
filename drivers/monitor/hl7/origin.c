#include "drivers/monitor/hl7/origin.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/engine/observation.h"

void origin_read_place(const struct message *message, struct text field, struct origin *origin)
{
    for (unsigned i = 0; i < 3; i++) {
        message_text(message, message_component(message, field, i + 1), origin->place[i], ORIGIN_TEXT_MAX);
    }
}

static void upper(char *text)
{
    for (; *text != '\0'; text++) {
        *text = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;
    }
}

/* Of type EI the universal id is the third component and its type the fourth, of type HD the second and third. Some
 * senders put the id and its type into the first two. */
void origin_read_id(const struct message *message, struct text field, enum origin_id which, struct origin *origin)
{
    const unsigned usual = which == ORIGIN_SENDER ? 2 : 3;
    const bool is_first = text_is(message_component(message, field, 2), "EUI-64");
    struct text id = message_component(message, field, is_first ? 1 : usual);
    if (id.length == 0 && which == ORIGIN_DEVICE) {
        id = message_component(message, field, 1);
    }
    message_text(message, id, origin->ids[which], ORIGIN_TEXT_MAX);
    upper(origin->ids[which]);
    if (which == ORIGIN_DEVICE) {
        origin->device_is_typed =
            id.length > 0 && (is_first || text_is(message_component(message, field, 4), "EUI-64"));
    }
}

/* --- which monitor ------------------------------------------------------------------------------------------- */

static bool is_place(const char *address)
{
    return address != NULL && strchr(address, '^') != NULL;
}

static bool fits_place(const char *address, const struct origin *origin)
{
    struct text rest = {address, strlen(address)};
    for (unsigned i = 0; i < 3; i++) {
        const struct text part = text_part(rest, '^', i + 1);
        if (part.length > 0 && !text_is(part, origin->place[i])) {
            return false;
        }
    }
    return true;
}

static bool fits_id(const char *address, const char *id)
{
    const struct text text = {address, strlen(address)};
    return text.length > 0 && text_is_word(text, id);
}

static uint16_t find_id(const struct bus_config *config, const char *id)
{
    for (uint16_t i = 0; i < config->monitor_count; i++) {
        const char *address = config->monitors[i].place;
        if (address != NULL && !is_place(address) && fits_id(address, id)) {
            return i;
        }
    }
    return ORIGIN_NONE;
}

static uint16_t find_place(const struct bus_config *config, const struct origin *origin)
{
    for (uint16_t i = 0; i < config->monitor_count; i++) {
        const char *address = config->monitors[i].place;
        if (is_place(address) && fits_place(address, origin)) {
            return i;
        }
    }
    return ORIGIN_NONE;
}

uint16_t origin_find(const struct bus_config *config, const struct origin *origin)
{
    for (unsigned which = ORIGIN_IDS; which > 0; which--) {
        const uint16_t monitor = find_id(config, origin->ids[which - 1]);
        if (monitor != ORIGIN_NONE) {
            return monitor;
        }
    }
    return find_place(config, origin);
}

/* --- who ----------------------------------------------------------------------------------------------------- */

/* Not of the device itself: the filler's if it has one, else the sender's; 0: none. */
static int32_t sender_id(const struct origin *origin)
{
    const char *id = origin->ids[ORIGIN_FILLER][0] != '\0' ? origin->ids[ORIGIN_FILLER] : origin->ids[ORIGIN_SENDER];
    if (!origin->device_is_typed && origin->ids[ORIGIN_DEVICE][0] != '\0') {
        id = origin->ids[ORIGIN_DEVICE];
    }
    return id[0] != '\0' ? identity_hash(id, strlen(id)) : 0;
}

/* The oldest gives way to a new one. */
static struct origin_sender *find_sender(struct origin_memory *memory, int32_t id)
{
    for (unsigned i = 0; i < ORIGIN_SENDERS; i++) {
        if (memory->senders[i].id == id) {
            return &memory->senders[i];
        }
    }
    struct origin_sender *sender = &memory->senders[memory->next++ % ORIGIN_SENDERS];
    *sender = (struct origin_sender){.monitor = ORIGIN_NONE, .monitor_before = ORIGIN_NONE};
    return sender;
}

void origin_note_shared(struct origin_memory *memory, const struct origin *origin)
{
    const int32_t id = sender_id(origin);
    if (id != 0) {
        struct origin_sender *sender = find_sender(memory, id);
        sender->id = id;
        sender->shared = true;
    }
}

/* True when this id has proved to be of one monitor. */
static bool is_proved(struct origin_memory *memory, int32_t id, uint16_t monitor, int64_t at_ms)
{
    struct origin_sender *sender = find_sender(memory, id);
    if (sender->id == 0) {
        *sender =
            (struct origin_sender){.id = id, .monitor = monitor, .monitor_before = ORIGIN_NONE, .since_ms = at_ms};
    }
    const bool is_old = at_ms - sender->since_ms >= ORIGIN_PROOF_MS;
    if (monitor != sender->monitor) {
        const bool comes_back = monitor == sender->monitor_before;
        sender->shared = sender->shared || comes_back || !is_old;
        sender->monitor_before = sender->monitor;
        sender->monitor = monitor;
    }
    return !sender->shared && is_old;
}

static int32_t place_hash(const struct origin *origin)
{
    char text[3 * ORIGIN_TEXT_MAX];
    const int length = snprintf(text, sizeof text, "%s^%s^%s", origin->place[0], origin->place[1], origin->place[2]);
    return length > 2 ? identity_hash(text, (size_t)length) : 0;
}

/* A monitor that was found by its id, at the newest place it named. */
static int32_t identify_at_place(struct origin_monitor *state, const char *address, const struct origin *origin)
{
    char text[ORIGIN_TEXT_MAX + 16];
    const int32_t place = place_hash(origin);
    state->place = place != 0 ? place : state->place;
    const int length = snprintf(text, sizeof text, "%.*s %" PRIx32, ORIGIN_TEXT_MAX, address, (uint32_t)state->place);
    return identity_hash(text, (size_t)length);
}

bool origin_identify(struct origin_memory *memory, struct origin_monitor *state, const struct bus_config *config,
                     uint16_t monitor, const struct origin *origin, int64_t at_ms, int32_t *out_identity)
{
    const char *address = config->monitors[monitor].place;
    if (!is_place(address)) {
        *out_identity = identify_at_place(state, address, origin);
        return true;
    }
    if (origin->device_is_typed) {
        state->has_device_id = true;
        *out_identity = identity_hash(origin->ids[ORIGIN_DEVICE], strlen(origin->ids[ORIGIN_DEVICE]));
        return true;
    }
    const int32_t id = sender_id(origin);
    if (state->has_device_id || id == 0 || !is_proved(memory, id, monitor, at_ms)) {
        return false;
    }
    *out_identity = id;
    return true;
}
