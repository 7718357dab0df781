#include "tests/ward/ward_verb.h"

#include <stdio.h>
#include <string.h>

#include "tests/ward/ward_central.h"
#include "tests/ward/ward_oximeter.h"
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
    return ward_link_is_wire(link) ? ward_serial_send(link, now_ns, bytes, length)
                                   : ward_tcp_send(link, now_ns, bytes, length);
}

static const char *const no_room = "nobody is connected, or too much is waiting to be sent already";

static const char *run_noise(const struct ward_command *c)
{
    uint8_t bytes[CHUNK_MAX];
    const int64_t total = c->count == WARD_UNTIL_TOLD ? NOISE_BYTES : c->count;
    for (int64_t left = total; left > 0; left -= CHUNK_MAX) {
        const size_t length = left < CHUNK_MAX ? (size_t)left : CHUNK_MAX;
        for (size_t i = 0; i < length; i++) {
            bytes[i] = ward_link_noise(c->link);
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
    if (c->link->kind == WARD_CENTRAL) {
        ward_central_unplug(c->link);
    } else {
        ward_serial_unplug(c->link);
    }
    return NULL;
}

static const char *run_replug(const struct ward_command *c)
{
    if (c->link->kind == WARD_CENTRAL) {
        ward_central_replug(c->link, c->now_ns);
        return NULL;
    }
    ward_serial_unplug(c->link);
    return ward_serial_plug(c->link) ? NULL : "cannot open a pty at its path";
}

static const char *run_deaf(const struct ward_command *c)
{
    ward_central_deafen(c->link, c->now_ns, c->on);
    return NULL;
}

static const char *run_clock(const struct ward_command *c)
{
    c->link->central.clock_ns = c->number * WARD_S;
    return NULL;
}

static const char *run_move(const struct ward_command *c)
{
    (void)snprintf(c->monitor->place, sizeof c->monitor->place, "%.*s", WARD_PLACE_MAX - 1, c->word);
    return NULL;
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
    if (c->link->kind == WARD_CENTRAL) {
        ward_central_reset(c->link, c->now_ns);
    } else {
        ward_tcp_reset(c->link);
    }
    return NULL;
}

static const char *run_log(const struct ward_command *c)
{
    return ward_link_log_to(c->link, strcmp(c->word, "off") == 0 ? NULL : c->word) ? NULL : "cannot write that file";
}

static const char *run_stamp(const struct ward_command *c)
{
    return ward_link_stamp_to(c->link, strcmp(c->word, "off") == 0 ? NULL : c->word) ? NULL : "cannot write that file";
}

static const char *run_manners(const struct ward_command *c)
{
    c->link->tcp.manners = strcmp(c->word, "close") == 0   ? WARD_TCP_CLOSES
                           : strcmp(c->word, "reset") == 0 ? WARD_TCP_RESETS
                                                           : WARD_TCP_KEEPS;
    return NULL;
}

static const char *run_event(const struct ward_command *c)
{
    const int64_t until_ns = until(c);
    ward_monitor_advance(c->monitor, c->now_ns);
    ward_patient_begin(&c->monitor->patient, c->event,
                       until_ns == WARD_NEVER ? WARD_PATIENT_FOREVER : until_ns / WARD_MS);
    return NULL;
}

static const char *run_slots(const struct ward_command *c)
{
    c->link->tcp.slots = (size_t)c->number;
    return NULL;
}

static bool check_generated(const struct ward_command *c)
{
    return !c->monitor->recorded && !c->monitor->mapped && !c->monitor->counting;
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

/* Every answer of a line has one; not every oximeter's frame. */
static bool check_has_checksum(const struct ward_command *c)
{
    const struct ward_link *link = c->monitor->link;
    return link->kind == WARD_SERIAL || ward_format_has_checksum(link->oximeter.format);
}

static bool check_manners(const struct ward_command *c)
{
    return strcmp(c->word, "close") == 0 || strcmp(c->word, "reset") == 0 || strcmp(c->word, "keep") == 0;
}

static bool check_place(const struct ward_command *c)
{
    return strlen(c->word) < WARD_PLACE_MAX && strchr(c->word, '^') != NULL && strchr(c->word, '|') == NULL;
}

#define MONITOR WARD_SUBJECT_MONITOR
#define LINK    WARD_SUBJECT_LINK

enum {
    ON_LINE = 1U << WARD_SERIAL,
    ON_TCP = 1U << WARD_TCP,
    ON_OXIMETER = 1U << WARD_OXIMETER,
    ON_HL7 = 1U << WARD_CENTRAL,
    ON_WIRE = ON_LINE | ON_OXIMETER, /* ptys */
    ON_ASKED = ON_LINE | ON_TCP,     /* monitors that answer */
    ON_ALL = ON_ASKED | ON_OXIMETER | ON_HL7
};

/* clang-format off */
static const struct ward_verb verbs[] = {
    {"silence",      MONITOR, ON_ALL, "D", "MONITOR silence [DURATION]", .run = run_silence},
    {"answer",       MONITOR, ON_ALL, "", "MONITOR answer", .run = run_answer},
    {"crc",          MONITOR, ON_WIRE, "C", "MONITOR crc [COUNT], on a serial line, of an oximeter with checksums",
     .run = run_fault, .check = check_has_checksum, .fault = WARD_FAULT_CRC},
    {"truncate",     MONITOR, ON_ASKED | ON_OXIMETER, "nC", "MONITOR truncate BYTES [COUNT]", .run = run_fault,
     .fault = WARD_FAULT_TRUNCATE, .low = 1, .high = WARD_ADU_MAX},
    {"late",         MONITOR, ON_ASKED, "dC", "MONITOR late DURATION [COUNT]", .run = run_fault,
     .fault = WARD_FAULT_LATE},
    {"dribble",      MONITOR, ON_ASKED, "DC", "MONITOR dribble [DURATION [COUNT]]", .run = run_fault,
     .fault = WARD_FAULT_DRIBBLE},
    {"exception",    MONITOR, ON_ASKED, "nC", "MONITOR exception CODE [COUNT]", .run = run_fault,
     .fault = WARD_FAULT_EXCEPTION, .low = 1, .high = 255},
    {"missing",      MONITOR, ON_ASKED, "nC", "MONITOR missing REGISTER [COUNT]", .run = run_fault,
     .fault = WARD_FAULT_MISSING, .low = 0, .high = UINT16_MAX},
    {"wrong_unit",   MONITOR, ON_ASKED, "C", "MONITOR wrong_unit [COUNT]", .run = run_fault,
     .fault = WARD_FAULT_WRONG_UNIT},
    {"wrong_length", MONITOR, ON_ASKED, "C", "MONITOR wrong_length [COUNT]", .run = run_fault,
     .fault = WARD_FAULT_WRONG_LENGTH},
    {"wrong_number", MONITOR, ON_TCP, "C", "MONITOR wrong_number [COUNT], over TCP", .run = run_fault,
     .fault = WARD_FAULT_WRONG_NUMBER},
    {"duplicate",    MONITOR, ON_HL7, "C", "MONITOR duplicate [COUNT]", .run = run_fault,
     .fault = WARD_FAULT_DUPLICATE},
    {"encoding",     MONITOR, ON_HL7, "C", "MONITOR encoding [COUNT]", .run = run_fault, .fault = WARD_FAULT_ENCODING},
    {"test",         MONITOR, ON_HL7, "C", "MONITOR test [COUNT]", .run = run_fault, .fault = WARD_FAULT_TEST},
    {"half",         MONITOR, ON_HL7, "C", "MONITOR half [COUNT]", .run = run_fault, .fault = WARD_FAULT_HALF},
    {"lose_alarms",  MONITOR, ON_HL7, "C", "MONITOR lose_alarms [COUNT]", .run = run_fault,
     .fault = WARD_FAULT_LOSE_ALARM},
    {"move",         MONITOR, ON_HL7, "w", "MONITOR move POC^ROOM^BED", .run = run_move, .check = check_place},
    {"value",        MONITOR, ON_ALL, "v", "MONITOR value VITAL NUMBER|absent|auto ...", .run = run_value},
    {"identity",     MONITOR, ON_ALL, "w", "MONITOR identity TEXT, at most 8 characters", .run = run_identity,
     .check = check_identity},
    {"bit",          MONITOR, ON_ALL, "wb", "MONITOR bit NAME on|off, a bit of the profile", .run = run_bit,
     .check = check_bit},
    {"noise",        LINK, ON_ASKED | ON_OXIMETER, "C", "LINE noise [BYTES], at most 4096", .run = run_noise,
     .check = check_noise},
    {"unasked",      LINK, ON_ASKED, "", "LINE unasked", .run = run_unasked},
    {"flood",        LINK, ON_ASKED, "C", "LINE flood [FRAMES], at most 150", .run = run_flood, .check = check_flood},
    {"unplug",       LINK, ON_WIRE | ON_HL7, "", "LINE unplug, a serial line or a central station", .run = run_unplug},
    {"replug",       LINK, ON_WIRE | ON_HL7, "", "LINE replug, a serial line or a central station", .run = run_replug},
    {"refuse",       LINK, ON_TCP, "", "TCP refuse", .run = run_refuse},
    {"accept",       LINK, ON_TCP, "", "TCP accept", .run = run_accept},
    {"reset",        LINK, ON_TCP | ON_HL7, "", "TCP reset, or a central station", .run = run_reset},
    {"deaf",         LINK, ON_HL7, "b", "CENTRAL deaf on|off", .run = run_deaf},
    {"clock",        LINK, ON_HL7, "n", "CENTRAL clock SECONDS, ahead or (with -) behind, at most a day",
     .run = run_clock, .low = -86400, .high = 86400},
    {"after",        LINK, ON_TCP, "w", "TCP after close|reset|keep, what it does with a connection after each answer",
     .run = run_manners, .check = check_manners},
    {"slots",        LINK, ON_TCP, "n", "TCP slots NUMBER, of connections at a time; 0: any", .run = run_slots,
     .low = 0, .high = WARD_CONNECTIONS_MAX},
    {"stamp",        LINK, ON_ASKED, "w", "LINE stamp FILE|off", .run = run_stamp},
    {"log",          LINK, ON_ALL, "w", "LINE log FILE|off", .run = run_log},
};

static const struct ward_verb event_verb = {"", MONITOR, ON_ALL, "D", "MONITOR EVENT [DURATION], a generated patient",
                                            .run = run_event, .check = check_generated};
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
