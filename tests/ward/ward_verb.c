#include "tests/ward/ward_verb.h"

#include <stdio.h>
#include <string.h>

#include "tests/ward/ward_serial.h"
#include "tests/ward/ward_tcp.h"

enum { NOISE_BYTES = 8, NOISE_BYTES_MAX = 4096, FLOOD_FRAMES = 50, FLOOD_FRAMES_MAX = 150, CHUNK_MAX = 256 };

#define DRIBBLE_STEP_NS (100 * WARD_MS)

static int64_t until(const struct ward_command *c)
{
    return c->duration_ns == WARD_UNTIL_TOLD ? WARD_NEVER : c->now_ns + c->duration_ns;
}

static const char *run_silence(const struct ward_command *c)
{
    c->monitor->silent_until_ns = until(c);
    return NULL;
}

static const char *run_answer(const struct ward_command *c)
{
    ward_monitor_heal(c->monitor);
    return NULL;
}

static const char *run_fault(const struct ward_command *c)
{
    struct ward_fault *fault = &c->monitor->faults[c->verb->fault];
    fault->left = c->count;
    fault->value = c->number;
    if (c->verb->fault == WARD_FAULT_LATE || c->verb->fault == WARD_FAULT_DRIBBLE) {
        fault->value = c->duration_ns == WARD_UNTIL_TOLD ? DRIBBLE_STEP_NS : c->duration_ns;
    }
    return NULL;
}

static const char *run_value(const struct ward_command *c)
{
    bool cuff = false;
    bool glucose = false;
    for (size_t i = 0; i < c->setting_count; i++) {
        const struct ward_setting *setting = &c->settings[i];
        c->monitor->overrides[setting->vital] = (struct ward_override){!setting->automatic, setting->milli};
        cuff = cuff || (ward_vital_is_cuff(setting->vital) && !setting->automatic);
        glucose = glucose || (setting->vital == WARD_glucose && !setting->automatic);
    }
    c->monitor->cuff_bumps = (uint16_t)(c->monitor->cuff_bumps + (cuff ? 1 : 0));
    c->monitor->glucose_bumps = (uint16_t)(c->monitor->glucose_bumps + (glucose ? 1 : 0));
    return NULL;
}

static const char *run_identity(const struct ward_command *c)
{
    snprintf(c->monitor->identity, sizeof c->monitor->identity, "%.*s", WARD_IDENTITY_LENGTH, c->word);
    return NULL;
}

static const char *run_bit(const struct ward_command *c)
{
    c->monitor->bits[ward_bit_by_name(c->word)] = c->on;
    return NULL;
}

static bool link_send(struct ward_link *link, int64_t now_ns, const uint8_t *bytes, size_t length)
{
    return link->kind == WARD_SERIAL ? ward_serial_send(link, now_ns, bytes, length)
                                     : ward_tcp_send(link, now_ns, bytes, length);
}

static uint8_t noise_byte(struct ward_link *link)
{
    link->random = link->random * 1664525U + 1013904223U;
    return (uint8_t)(link->random >> 24);
}

static const char *const no_room = "nobody is connected, or too much is waiting to be sent already";

static const char *run_noise(const struct ward_command *c)
{
    uint8_t bytes[CHUNK_MAX];
    const int64_t total = c->count == WARD_UNTIL_TOLD ? NOISE_BYTES : c->count;
    for (int64_t left = total; left > 0; left -= CHUNK_MAX) {
        const size_t length = left < CHUNK_MAX ? (size_t)left : CHUNK_MAX;
        for (size_t i = 0; i < length; i++) {
            bytes[i] = noise_byte(c->link);
        }
        if (!link_send(c->link, c->now_ns, bytes, length)) {
            return no_room;
        }
    }
    return NULL;
}

static bool unasked_send(struct ward_link *link, int64_t now_ns)
{
    struct ward_reply reply;
    uint8_t adu[WARD_ADU_MAX];
    ward_link_make_unasked(link, &reply);
    if (link->kind == WARD_TCP) {
        return ward_tcp_send_reply(link, now_ns, &reply);
    }
    return ward_serial_send(link, now_ns, adu, ward_rtu_wrap(&reply, adu));
}

static const char *run_unasked(const struct ward_command *c)
{
    return unasked_send(c->link, c->now_ns) ? NULL : no_room;
}

/* Whole frames back to back, packed into as few sendings as hold them. */
static const char *run_flood(const struct ward_command *c)
{
    struct ward_reply reply;
    uint8_t chunk[CHUNK_MAX];
    uint8_t adu[WARD_ADU_MAX];
    size_t filled = 0;
    ward_link_make_unasked(c->link, &reply);
    const size_t length = c->link->kind == WARD_SERIAL ? ward_rtu_wrap(&reply, adu) : ward_tcp_wrap(&reply, 0, adu);
    for (int64_t left = c->count == WARD_UNTIL_TOLD ? FLOOD_FRAMES : c->count; left > 0; left--) {
        memcpy(chunk + filled, adu, length);
        filled += length;
        if (left > 1 && filled + length <= sizeof chunk) {
            continue;
        }
        if (!link_send(c->link, c->now_ns, chunk, filled)) {
            return no_room;
        }
        filled = 0;
    }
    return NULL;
}

static const char *run_unplug(const struct ward_command *c)
{
    ward_serial_unplug(c->link);
    return NULL;
}

static const char *run_replug(const struct ward_command *c)
{
    ward_serial_unplug(c->link);
    return ward_serial_plug(c->link) ? NULL : "cannot open a pty at its path";
}

static const char *run_refuse(const struct ward_command *c)
{
    ward_tcp_refuse(c->link);
    return NULL;
}

static const char *run_accept(const struct ward_command *c)
{
    return ward_tcp_listen(c->link) ? NULL : "cannot listen on its port again";
}

static const char *run_reset(const struct ward_command *c)
{
    ward_tcp_reset(c->link);
    return NULL;
}

static const char *run_log(const struct ward_command *c)
{
    return ward_link_log_to(c->link, strcmp(c->word, "off") == 0 ? NULL : c->word) ? NULL : "cannot write that file";
}

static const char *run_event(const struct ward_command *c)
{
    const int64_t until_ns = until(c);
    ward_monitor_advance(c->monitor, c->now_ns);
    ward_patient_begin(&c->monitor->patient, c->event,
                       until_ns == WARD_NEVER ? WARD_PATIENT_FOREVER : until_ns / WARD_MS);
    return NULL;
}

static bool check_generated(const struct ward_command *c)
{
    return !c->monitor->recorded && !c->monitor->mapped;
}

static bool check_bit(const struct ward_command *c)
{
    return ward_bit_by_name(c->word) != WARD_BITS;
}

static bool check_identity(const struct ward_command *c)
{
    return strlen(c->word) <= WARD_IDENTITY_LENGTH;
}

static bool check_noise(const struct ward_command *c)
{
    return c->count <= NOISE_BYTES_MAX;
}

static bool check_flood(const struct ward_command *c)
{
    return c->count <= FLOOD_FRAMES_MAX;
}

static bool check_has_crc(const struct ward_command *c)
{
    return c->monitor->link->kind == WARD_SERIAL;
}

#define MONITOR WARD_SUBJECT_MONITOR
#define LINK    WARD_SUBJECT_LINK
#define SERIAL  WARD_SUBJECT_SERIAL
#define TCP     WARD_SUBJECT_TCP
#define FAULT   run_fault, NULL

/* clang-format off */
static const struct ward_verb verbs[] = {
    {"silence",      MONITOR, "D",  "MONITOR silence [DURATION]", run_silence, NULL, WARD_FAULTS, 0, 0},
    {"answer",       MONITOR, "",   "MONITOR answer", run_answer, NULL, WARD_FAULTS, 0, 0},
    {"crc",          MONITOR, "C",  "MONITOR crc [COUNT], on a serial line", run_fault, check_has_crc,
     WARD_FAULT_CRC, 0, 0},
    {"truncate",     MONITOR, "nC", "MONITOR truncate BYTES [COUNT]", FAULT, WARD_FAULT_TRUNCATE, 1, WARD_ADU_MAX},
    {"late",         MONITOR, "dC", "MONITOR late DURATION [COUNT]", FAULT, WARD_FAULT_LATE, 0, 0},
    {"dribble",      MONITOR, "DC", "MONITOR dribble [DURATION [COUNT]]", FAULT, WARD_FAULT_DRIBBLE, 0, 0},
    {"exception",    MONITOR, "nC", "MONITOR exception CODE [COUNT]", FAULT, WARD_FAULT_EXCEPTION, 1, 255},
    {"wrong_unit",   MONITOR, "C",  "MONITOR wrong_unit [COUNT]", FAULT, WARD_FAULT_WRONG_UNIT, 0, 0},
    {"wrong_length", MONITOR, "C",  "MONITOR wrong_length [COUNT]", FAULT, WARD_FAULT_WRONG_LENGTH, 0, 0},
    {"value",        MONITOR, "v",  "MONITOR value VITAL NUMBER|absent|auto ...", run_value, NULL, WARD_FAULTS, 0, 0},
    {"identity",     MONITOR, "w",  "MONITOR identity TEXT, at most 8 characters", run_identity, check_identity,
     WARD_FAULTS, 0, 0},
    {"bit",          MONITOR, "wb", "MONITOR bit NAME on|off, a bit of the profile", run_bit, check_bit,
     WARD_FAULTS, 0, 0},
    {"noise",        LINK,    "C",  "LINE noise [BYTES], at most 4096", run_noise, check_noise, WARD_FAULTS, 0, 0},
    {"unasked",      LINK,    "",   "LINE unasked", run_unasked, NULL, WARD_FAULTS, 0, 0},
    {"flood",        LINK,    "C",  "LINE flood [FRAMES], at most 150", run_flood, check_flood, WARD_FAULTS, 0, 0},
    {"unplug",       SERIAL,  "",   "LINE unplug, a serial line", run_unplug, NULL, WARD_FAULTS, 0, 0},
    {"replug",       SERIAL,  "",   "LINE replug, a serial line", run_replug, NULL, WARD_FAULTS, 0, 0},
    {"refuse",       TCP,     "",   "TCP refuse", run_refuse, NULL, WARD_FAULTS, 0, 0},
    {"accept",       TCP,     "",   "TCP accept", run_accept, NULL, WARD_FAULTS, 0, 0},
    {"reset",        TCP,     "",   "TCP reset", run_reset, NULL, WARD_FAULTS, 0, 0},
    {"log",          LINK,    "w",  "LINE log FILE|off", run_log, NULL, WARD_FAULTS, 0, 0},
};

static const struct ward_verb event_verb =
    {"", MONITOR, "D", "MONITOR EVENT [DURATION], a generated patient", run_event, check_generated, WARD_FAULTS, 0, 0};
/* clang-format on */

const struct ward_verb *ward_verb_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return ward_event_by_name(name) != NULL ? &event_verb : NULL;
}
