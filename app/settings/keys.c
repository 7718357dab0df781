#include "app/settings/keys.h"

#include <limits.h>

#include "app/engine/bed_command.h"
#include "app/engine/engine.h"
#include "app/settings/settings.h"

#define SECTION(what, fields_of_it) \
    .name = (what), .fields = (fields_of_it), .count = sizeof(fields_of_it) / sizeof((fields_of_it)[0])

/* A key named like its member of the struct that its section is read into. */
#define KEY(structure, member)        .name = #member, .offset = offsetof(struct structure, member)
#define NAMED(key, structure, member) .name = (key), .offset = offsetof(struct structure, member)

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define KIB    INT64_C(1024)
#define MIB    (1024 * KIB)
#define GIB    (1024 * MIB)
#define MICRO  INT64_C(1000000)

#define STORE_BYTES_MAX (64 * GIB)
#define TEXT_MAX        95 /* what fits the texts of a profile */
#define ALERT_TEXT_MAX  160
#define PATH_TEXT_MAX   1024

static const char *const class_words[] = {
#define CLASS_WORD(name) #name,
    PATIENT_CLASS_LIST(CLASS_WORD)
#undef CLASS_WORD
        NULL};

static const char *const means_words[] = {
#define MEANS_WORD(name) #name,
    SIGNAL_MEANING_LIST(MEANS_WORD)
#undef MEANS_WORD
        NULL};

static const char *const version_words[] = {[MQTT_VERSION_5] = "5", [MQTT_VERSION_3_1_1] = "3.1.1", NULL};
static const char *const kind_words[] = {[BUS_MODBUS_RTU] = "modbus-rtu",
                                         [BUS_MODBUS_TCP] = "modbus-tcp",
                                         [BUS_RTU_OVER_TCP] = "rtu-over-tcp",
                                         [BUS_SERIAL] = "serial",
                                         [BUS_HL7] = "hl7",
                                         NULL};
/* Who may send over the broker: `local` may not, it has the socket. */
static const char *const role_words[] = {
    [ROLE_nurse] = "nurse", [ROLE_charge] = "charge", [ROLE_biomed] = "biomed", NULL};
static const char *const score_words[] = {
#define SCORE_WORD(name, title) #name,
    SCORE_LIST(SCORE_WORD)
#undef SCORE_WORD
        NULL};
static const char *const pressure_words[] = {
#define PRESSURE_WORD(name) #name,
    PRESSURE_SCHEME_LIST(PRESSURE_WORD)
#undef PRESSURE_WORD
        NULL};
static const char *const model_unit_words[] = {[MODEL_UNIT_MMOL_L] = "mmol/L", [MODEL_UNIT_MG_DL] = "mg/dL", NULL};
static const char *const parity_words[] = {
    [PARITY_WORD_NONE] = "none", [PARITY_WORD_EVEN] = "even", [PARITY_WORD_ODD] = "odd", NULL};
static const char *const table_words[] = {
    [TABLE_HOLDING] = "holding", [TABLE_INPUT] = "input", [TABLE_COIL] = "coil", [TABLE_DISCRETE] = "discrete", NULL};
static const char *const type_words[] = {
    [TYPE_U16] = "u16", [TYPE_S16] = "s16", [TYPE_U32] = "u32", [TYPE_S32] = "s32", [TYPE_F32] = "f32", NULL};
static const char *const order_words[] = {
    [WORDS_ABCD] = "abcd", [WORDS_CDAB] = "cdab", [WORDS_BADC] = "badc", [WORDS_DCBA] = "dcba", NULL};
static const char *const spike_words[] = {[SPIKE_NONE] = "none", [SPIKE_MEDIAN] = "median", NULL};
static const char *const fallback_words[] = {
    [FALLBACK_NONE] = "none", [FALLBACK_HR] = "hr", [FALLBACK_PULSE] = "pulse", [FALLBACK_BOTH] = "both", NULL};
static const char *const priority_words[] = {
    [PRIORITY_NONE] = "none", [PRIORITY_LOW] = "low", [PRIORITY_MEDIUM] = "medium", [PRIORITY_HIGH] = "high", NULL};

/* --- wardgate.yaml --- */

static const struct field gateway_fields[] = {
    {KEY(gateway_keys, id), .type = FIELD_ID, .is_required = true, .high = SETTINGS_ID_MAX, .example = "gw-7e",
     .help = "name of this gateway; no other may have it, and no patient's name belongs in it"},
    {KEY(gateway_keys, site), .type = FIELD_ID, .is_required = true, .high = SETTINGS_ID_MAX, .example = "st-marys",
     .help = "name of the hospital, the second word of every topic"},
    {KEY(gateway_keys, ward), .type = FIELD_ID, .is_required = true, .high = SETTINGS_ID_MAX, .example = "w7e",
     .help = "name of the ward, the third word of every topic"},
};
const struct section gateway_section = {SECTION("gateway", gateway_fields)};

static const struct field store_fields[] = {
    {KEY(store_keys, path), .type = FIELD_TEXT, .high = PATH_TEXT_MAX, .fallback = "/var/lib/wardgate",
     .example = "/var/lib/wardgate", .help = "folder for alarm state, the outbox and history; made when missing"},
    {KEY(store_keys, size), .type = FIELD_SIZE, .low = MIB, .high = STORE_BYTES_MAX, .fallback = "128MiB",
     .example = "128MiB", .help = "room on disk, reserved at start; on a 32-bit box at most 1GiB"},
    {KEY(store_keys, journal_interval), .type = FIELD_DURATION, .low = SECOND, .high = MINUTE, .fallback = "5s",
     .help = "what a power cut may take from windows at most, a restart alone takes a second; alarms lose nothing"},
    {KEY(store_keys, history), .type = FIELD_DURATION, .low = HOUR, .high = 3650 * DAY, .fallback = "90d",
     .help = "how long delivered alerts are kept for `wardgate history`, unless they need too much room"},
    {KEY(store_keys, trends), .type = FIELD_DURATION, .low = 0, .high = 365 * DAY, .fallback = "7d",
     .help = "how long a row a minute of each vital is kept, in room beside `size` (`wardgate check`); 0s: none"},
    {KEY(store_keys, endurance), .type = FIELD_SIZE, .low = GIB, .high = 8000 * GIB, .fallback = "5120GiB",
     .help = "what may be written to the disk in its life (TBW), for the years that `wardgate check` tells"},
};
const struct section store_section = {SECTION("store", store_fields)};

/* What a broker and, for all of its brokers, the uplink have. */
#define LOGIN(structure, member) \
    .name = #member, .offset = offsetof(struct structure, login.member), .type = FIELD_TEXT, .high = PATH_TEXT_MAX

#define CA_HELP       "file with the certificates that may sign the broker's (PEM); mqtts:// needs it"
#define CERT_HELP     "file with this gateway's certificate (PEM); together with key"
#define KEY_HELP      "file with the private key of cert (PEM), mode 600, or 640 if root owns it"
#define USERNAME_HELP "name to log in with at the broker"
#define PASSWORD_HELP "file whose first line is the password, mode 600, or 640 if root owns it; together with username"
#define FOR_ALL       "for all brokers: "

static const struct field broker_fields[] = {
    {KEY(broker_keys, url), .type = FIELD_TEXT, .is_required = true, .high = TEXT_MAX,
     .sample = "mqtts://broker.example",
     .help = "mqtt://HOST[:PORT] or mqtts://HOST[:PORT]; ports 1883 and 8883 unless said"},
    {LOGIN(broker_keys, ca), .sample = "tls/ca.pem", .help = CA_HELP},
    {LOGIN(broker_keys, cert), .sample = "tls/gw-7e.pem", .help = CERT_HELP},
    {LOGIN(broker_keys, key), .sample = "tls/gw-7e.key", .help = KEY_HELP},
    {LOGIN(broker_keys, username), .sample = "gw-7e", .help = USERNAME_HELP},
    {LOGIN(broker_keys, password_file), .sample = "tls/password", .help = PASSWORD_HELP},
};
const struct section broker_section = {SECTION("a broker", broker_fields)};

static const struct field uplink_fields[] = {
    {KEY(uplink_keys, brokers), .type = FIELD_LIST, .is_required = true, .section = &broker_section,
     .example = "[\"mqtt://127.0.0.1:1883\"]", .help = "at most 4 MQTT brokers, in order of preference"},
    {LOGIN(uplink_keys, ca), .sample = "tls/ca.pem", .help = FOR_ALL CA_HELP},
    {LOGIN(uplink_keys, cert), .sample = "tls/gw-7e.pem", .help = FOR_ALL CERT_HELP},
    {LOGIN(uplink_keys, key), .sample = "tls/gw-7e.key", .help = FOR_ALL KEY_HELP},
    {LOGIN(uplink_keys, username), .sample = "gw-7e", .help = FOR_ALL USERNAME_HELP},
    {LOGIN(uplink_keys, password_file), .sample = "tls/password", .help = FOR_ALL PASSWORD_HELP},
    {KEY(uplink_keys, insecure), .type = FIELD_BOOLEAN, .fallback = "false",
     .help = "true lets vital signs go unencrypted (mqtt://) to a broker beyond this host"},
    {KEY(uplink_keys, version), .type = FIELD_WORD, .words = version_words, .fallback = "5",
     .help = "MQTT version: 5 or 3.1.1"},
    {KEY(uplink_keys, topic_root), .type = FIELD_ID, .high = SETTINGS_ID_MAX, .fallback = "wardgate",
     .help = "first word of every topic"},
    {KEY(uplink_keys, keep_alive), .type = FIELD_DURATION, .low = 5 * SECOND, .high = HOUR, .fallback = "30s",
     .help = "within this time a link that carries nothing any more is found, by the gateway and by the broker"},
    {KEY(uplink_keys, publish_interval), .type = FIELD_DURATION, .low = 100, .high = 10 * SECOND, .fallback = "500ms",
     .help = "vitals of a bed are published at most this often"},
    {KEY(uplink_keys, return_after), .type = FIELD_DURATION, .low = SECOND, .high = DAY, .fallback = "1min",
     .help = "for so long a broker earlier in the list must have answered before the gateway returns to it"},
    {KEY(uplink_keys, backlog_rate), .type = FIELD_INTEGER, .low = 0, .high = 100000, .fallback = "0",
     .help =
         "alerts of a backlog a second at most, for boards that drop what comes faster; 0: as the broker takes them"},
    {KEY(uplink_keys, boards), .can_follow = true, .type = FIELD_INTEGER, .low = 0, .high = SETTINGS_BOARDS_MAX,
     .fallback = "0",
     .help =
         "screens that show this ward and say so, at all times: fewer for a minute is a technical alarm; 0: none is "
         "expected"},
};
const struct section uplink_section = {SECTION("uplink", uplink_fields)};

static const struct field commands_fields[] = {
    {KEY(commands_keys, enabled), .type = FIELD_BOOLEAN, .fallback = "false", .example = "false",
     .help = "true lets people admit, acknowledge and set limits through the broker, whose access rules name roles"},
    {KEY(commands_keys, roles), .type = FIELD_WORDS, .words = role_words, .sample = "[nurse, charge, biomed]",
     .help = "the roles that may: nurse, charge, biomed; all of them unless said"},
};
const struct section commands_section = {SECTION("commands", commands_fields)};

static const struct field watchdog_fields[] = {
    {KEY(watchdog_keys, device), .type = FIELD_TEXT, .high = PATH_TEXT_MAX, .sample = "/dev/watchdog",
     .help =
         "the box's hardware watchdog, fed while every part of the gateway goes on; none unless said, nor if systemd "
         "has it (RuntimeWatchdogSec=)"},
    {KEY(watchdog_keys, timeout), .type = FIELD_DURATION, .low = 10 * SECOND, .high = 10 * MINUTE, .fallback = "60s",
     .example = "60s",
     .help = "so long after a part has hung for 10s the box is reset; longer than systemd's WatchdogSec="},
};
const struct section watchdog_section = {SECTION("watchdog", watchdog_fields)};

static const struct field indicator_fields[] = {
    {KEY(indicator_keys, led), .type = FIELD_TEXT, .high = TEXT_MAX, .sample = "gpiochip0:17",
     .help = "line of a GPIO chip that a lamp hangs on: CHIP:LINE, or the line's name; none unless said"},
    {KEY(indicator_keys, led_active_low), .type = FIELD_BOOLEAN, .fallback = "false",
     .help = "true: the lamp is on while the line is low"},
    {KEY(indicator_keys, buzzer), .type = FIELD_TEXT, .high = TEXT_MAX, .sample = "gpiochip0:27",
     .help = "line that a buzzer hangs on, likewise"},
    {KEY(indicator_keys, buzzer_active_low), .type = FIELD_BOOLEAN, .fallback = "false",
     .help = "true: the buzzer sounds while the line is low"},
    {KEY(indicator_keys, hook), .type = FIELD_LIST, .sample = "[/usr/local/bin/ward-siren, --ward, w7e]",
     .help =
         "program with its arguments, run without a shell at each change; WARDGATE_STATE, _PRIORITY and _WHAT tell it"},
    {KEY(indicator_keys, hook_timeout), .type = FIELD_DURATION, .low = SECOND, .high = MINUTE, .fallback = "10s",
     .help = "the program is killed when it runs longer"},
    {KEY(indicator_keys, after), .type = FIELD_DURATION, .low = 5 * SECOND, .high = 10 * MINUTE, .fallback = "30s",
     .example = "30s",
     .help = "how long without a broker is a local alarm; with an alert of high priority waiting it is one at once"},
};
const struct section indicator_section = {SECTION("indicator", indicator_fields)};

/* Keys that several kinds of bus have. */
#define BUS_KIND KEY(bus_keys, kind), .type = FIELD_WORD, .is_required = true, .words = kind_words, .help = kind_help
#define BUS_DEVICE \
    KEY(bus_keys, device), .type = FIELD_TEXT, .is_required = true, .high = PATH_TEXT_MAX, .help = device_help
#define BUS_BAUD   KEY(bus_keys, baud), .type = FIELD_INTEGER, .low = 1200, .high = 921600
#define BUS_PARITY KEY(bus_keys, parity), .type = FIELD_WORD, .words = parity_words, .help = "none, even or odd"
#define BUS_STOP   KEY(bus_keys, stop_bits), .type = FIELD_INTEGER, .low = 1, .high = 2
#define BUS_HOST   KEY(bus_keys, host), .type = FIELD_TEXT, .is_required = true, .high = TEXT_MAX, .help = host_help
#define BUS_PORT \
    KEY(bus_keys, port), .type = FIELD_INTEGER, .low = 1, .high = UINT16_MAX, .fallback = "502", .help = "its port"
#define BUS_TIMEOUT                                                                                      \
    KEY(bus_keys, timeout), .type = FIELD_DURATION, .low = 20, .high = 10 * SECOND, .fallback = "500ms", \
                            .help = "how long a monitor may think before its answer begins"

static const char kind_help[] =
    "modbus-rtu or serial (a serial line), modbus-tcp or rtu-over-tcp (a network link), hl7 (monitors call us)";
static const char device_help[] = "the serial device, best by its lasting name under /dev/serial/by-id";
static const char host_help[] = "numeric address of the monitor or converter";
static const char baud_help[] = "speed of the line in baud, one of the usual: 9600, 19200, 38400 ...";

static const struct field bus_fields[] = {{BUS_KIND}};

static const struct field modbus_rtu_fields[] = {
    {BUS_KIND, .example = "modbus-rtu"},
    {BUS_DEVICE, .example = "/dev/ttyUSB0"},
    {BUS_BAUD, .fallback = "19200", .example = "19200", .help = baud_help},
    {BUS_PARITY, .fallback = "even", .example = "even"},
    {BUS_STOP, .sample = "1", .help = "stop bits; unless said 1 with a parity and 2 without"},
    {KEY(bus_keys, rs485), .type = FIELD_BOOLEAN, .fallback = "false",
     .help = "true: the kernel's driver turns a two-wire line round by RTS; most USB adapters do so by themselves"},
    {BUS_TIMEOUT},
};
static const struct section modbus_rtu_section = {SECTION("a modbus-rtu bus", modbus_rtu_fields), .example = "line-a"};

static const struct field modbus_tcp_fields[] = {
    {BUS_KIND, .sample = "modbus-tcp"},
    {BUS_HOST, .sample = "10.7.0.32"},
    {BUS_PORT},
    {KEY(bus_keys, hang_up), .type = FIELD_BOOLEAN, .fallback = "false",
     .help = "true: after each turn, for a monitor that has one connection, which others need, too"},
    {BUS_TIMEOUT},
};
static const struct section modbus_tcp_section = {SECTION("a modbus-tcp bus", modbus_tcp_fields), .sample = "net-a"};

static const struct field rtu_over_tcp_fields[] = {
    {BUS_KIND, .sample = "rtu-over-tcp"},
    {BUS_HOST, .sample = "10.7.0.40"},
    {BUS_PORT},
    {BUS_BAUD, .sample = "9600", .help = "speed of the line behind the converter: tells its load; unknown unless said"},
    {BUS_TIMEOUT},
};
static const struct section rtu_over_tcp_section = {SECTION("an rtu-over-tcp bus", rtu_over_tcp_fields),
                                                    .sample = "converter-a"};

static const struct field serial_fields[] = {
    {BUS_KIND, .sample = "serial"},
    {BUS_DEVICE, .sample = "/dev/ttyUSB1"},
    {BUS_BAUD, .fallback = "9600", .help = baud_help},
    {BUS_PARITY, .fallback = "none"},
    {BUS_STOP, .fallback = "1", .help = "stop bits"},
};
static const struct section serial_section = {SECTION("a serial bus", serial_fields), .sample = "oximeter-a"};

static const struct field hl7_fields[] = {
    {BUS_KIND, .sample = "hl7"},
    {KEY(bus_keys, listen), .type = FIELD_TEXT, .high = TEXT_MAX, .fallback = "0.0.0.0:2575",
     .help = "address and port where monitors or their central station call; 0.0.0.0 is every network of this box"},
    {KEY(bus_keys, believe_debug), .type = FIELD_BOOLEAN, .fallback = "false",
     .help = "true: messages marked D (debugging) are real, because this source marks all of its messages so"},
};
static const struct section hl7_section = {SECTION("an hl7 bus", hl7_fields), .sample = "central"};

static const struct section *const bus_variants[] = {[BUS_MODBUS_RTU] = &modbus_rtu_section,
                                                     [BUS_MODBUS_TCP] = &modbus_tcp_section,
                                                     [BUS_RTU_OVER_TCP] = &rtu_over_tcp_section,
                                                     [BUS_SERIAL] = &serial_section,
                                                     [BUS_HL7] = &hl7_section};
const struct section bus_section = {SECTION("a bus", bus_fields), .variants = bus_variants};

static const char bus_help[] = "a name from `buses`, or modbus-tcp://ADDRESS[:PORT] or rtu-over-tcp://ADDRESS[:PORT]";
static const char address_help[] =
    "Modbus: 1 to 247, over TCP 0 to 255; hl7: POC^ROOM^BED (an empty part fits all) or a device id; serial: none";
static const char profile_help[] =
    "what the monitor gives: a register map profiles/NAME.yaml, or a profile that comes with the gateway";

static const struct field monitor_fields[] = {
    {KEY(monitor_keys, bus), .type = FIELD_TEXT, .is_required = true, .high = TEXT_MAX, .help = bus_help},
    {KEY(monitor_keys, address), .type = FIELD_ANY, .help = address_help},
    {KEY(monitor_keys, profile), .type = FIELD_ID, .is_required = true, .high = PROFILE_NAME_MAX - 1,
     .help = profile_help},
};
const struct section monitor_section = {SECTION("a monitor", monitor_fields)};

static const struct field bed_fields[] = {
    {NAMED("class", bed_keys, patient_class), .type = FIELD_WORD, .is_required = true, .words = class_words,
     .help = "adult (18 years), adolescent (13), child (5), toddler (1), infant (3 months) or neonate: limits depend "
             "on it"},
    {KEY(bed_keys, bus), .type = FIELD_ANY, .help = bus_help},
    {KEY(bed_keys, address), .type = FIELD_ANY, .help = address_help},
    {KEY(bed_keys, profile), .type = FIELD_ANY, .help = profile_help},
    {KEY(bed_keys, monitors), .type = FIELD_LIST, .section = &monitor_section,
     .help = "instead of bus, address and profile: several monitors; the first that gives a vital wins"},
    {KEY(bed_keys, observation_interval), .type = FIELD_DURATION, .low = 15 * MINUTE, .high = 12 * HOUR,
     .help = "how often this patient is to be observed; as the ward's unless said"},
    {KEY(bed_keys, scores), .type = FIELD_WORDS, .words = score_words, .sample = "[shock_index]",
     .help = "scores to keep at this bed instead of the ward's, such as one without news2, which is not for pregnancy"},
    {KEY(bed_keys, overrides), .type = FIELD_ENTRIES,
     .help = "limits of this bed alone: {RULE: {limit: VALUE}}; or {RULE: {off: true}}: that rule is off here"},
};
const struct section bed_section = {SECTION("a bed", bed_fields)};

static const struct field pulse_fields[] = {
    {KEY(pulse_keys, fallback), .type = FIELD_WORD, .words = fallback_words, .fallback = "hr", .example = "hr",
     .help = "the one that the other stands in for while it has no valid value: hr, pulse, both or none"},
    {KEY(pulse_keys, disagree_by), .type = FIELD_DECIMAL, .low = 5 * MICRO, .high = 300 * MICRO, .fallback = "30",
     .help = "so many beats a minute apart they disagree"},
    {KEY(pulse_keys, disagree_for), .type = FIELD_DURATION, .low = 0, .high = 10 * MINUTE, .fallback = "30s",
     .help = "for so long, and pulse_disagrees is raised; after 0s never"},
};
const struct section pulse_section = {SECTION("pulse", pulse_fields)};

/* Of those who may pause at all. */
static const char *const pausing_words[] = {[ROLE_nurse] = "nurse", [ROLE_charge] = "charge", NULL};

static const struct field pauses_fields[] = {
    {KEY(pauses_keys, audio), .type = FIELD_DURATION, .low = 10 * SECOND, .high = HOUR, .fallback = "2min",
     .example = "2min",
     .help = "how long an audio pause lasts unless the command says; new alarms of high priority break through it"},
    {KEY(pauses_keys, audio_at_most), .type = FIELD_DURATION, .low = 10 * SECOND, .high = HOUR, .fallback = "5min",
     .help = "the longest audio pause that a command may ask for"},
    {KEY(pauses_keys, alarm), .type = FIELD_DURATION, .low = 10 * SECOND, .high = HOUR, .fallback = "3min",
     .help = "how long an alarm pause lasts unless the command says; it is for all priorities"},
    {KEY(pauses_keys, alarm_at_most), .type = FIELD_DURATION, .low = 10 * SECOND, .high = HOUR, .fallback = "5min",
     .help = "the longest alarm pause that a command may ask for"},
    {KEY(pauses_keys, alarm_roles), .type = FIELD_WORDS, .words = pausing_words, .sample = "[charge]",
     .help = "the roles that may pause alarms: nurse, charge; charge alone unless said (audio: both)"},
    {KEY(pauses_keys, reminder), .type = FIELD_DURATION, .low = 10 * SECOND, .high = HOUR, .fallback = "1min",
     .help = "while something is paused at a bed, alarms_paused says so again this often"},
    {KEY(pauses_keys, reminder_off), .type = FIELD_DURATION, .low = MINUTE, .high = 12 * HOUR, .fallback = "30min",
     .help = "the same while a rule is off or an alarm acknowledged"},
};
const struct section pauses_section = {SECTION("pauses", pauses_fields)};

static const struct field shift_fields[] = {
    {KEY(shift_keys, from), .type = FIELD_TEXT, .is_required = true, .high = 5, .sample = "07:00",
     .help = "when it begins, HH:MM in the time zone of this box; it ends when the next one begins"},
    {KEY(shift_keys, nurses), .type = FIELD_INTEGER, .is_required = true, .low = 0, .high = STAFFING_NURSES_MAX,
     .sample = "4", .help = "nurses on duty, who share the patients"},
};
const struct section shift_section = {SECTION("a shift", shift_fields)};

#define NEED(member) \
    KEY(need_keys, member), .type = FIELD_DECIMAL, .is_required = true, .low = MICRO / 10, .high = 20 * MICRO

static const struct field need_fields[] = {
    {NEED(low), .sample = "1", .help = "whole-time equivalents for a patient in band low of NEWS2 or Bedside PEWS"},
    {NEED(low_medium), .sample = "1.2", .help = "in band low_medium (3 in one part)"},
    {NEED(medium), .sample = "1.5", .help = "in band medium"},
    {NEED(high), .sample = "2", .help = "in band high"},
    {NEED(unscored), .sample = "1.2", .help = "for a patient without a complete score"},
    {KEY(need_keys, week_hours), .type = FIELD_DECIMAL, .is_required = true, .low = MICRO, .high = 168 * MICRO,
     .sample = "37.5", .help = "hours a week that one whole-time equivalent works"},
    {KEY(need_keys, leave), .type = FIELD_DECIMAL, .is_required = true, .low = 0, .high = MICRO, .sample = "0.22",
     .help = "leave, sickness and training that these multipliers hold, as a part of that time"},
};
const struct section need_section = {SECTION("need", need_fields)};

static const struct field capacity_fields[] = {
    {KEY(capacity_keys, window), .type = FIELD_DURATION, .low = ADMISSIONS_MS_LEAST, .high = ADMISSIONS_WINDOW_MS_MAX,
     .fallback = "28d", .help = "over which the gateway counts its own admissions and discharges"},
    {KEY(capacity_keys, arrivals_per_day), .type = FIELD_DECIMAL, .low = MICRO / 100, .high = 1000 * MICRO,
     .sample = "2.5", .help = "instead of counting, together with mean_stay"},
    {KEY(capacity_keys, mean_stay), .type = FIELD_DURATION, .low = HOUR, .high = 365 * DAY, .sample = "4d",
     .help = "instead of counting, together with arrivals_per_day"},
};
const struct section capacity_section = {SECTION("capacity", capacity_fields)};

static const struct field summary_fields[] = {
    {KEY(summary_keys, enabled), .type = FIELD_BOOLEAN, .fallback = "true", .example = "true",
     .help = "false: the topic .../gateway/ID/ward is left empty"},
    {KEY(summary_keys, patients_per_nurse), .type = FIELD_INTEGER, .low = 1, .high = STAFFING_NURSES_MAX, .sample = "5",
     .help = "more is told, as information, and the suggested assignment keeps to it while it can"},
    {KEY(summary_keys, shifts), .type = FIELD_ENTRIES, .section = &shift_section,
     .sample = "{day: {from: \"07:00\", nurses: 4}, night: {from: \"19:30\", nurses: 2}}",
     .help = "nurses on duty by shift, as planned; the command set_staff says who is there when it is not so"},
    {KEY(summary_keys, need), .type = FIELD_SECTION, .section = &need_section,
     .sample = "{low: 1, low_medium: 1.2, medium: 1.5, high: 2, unscored: 1.2, week_hours: 37.5, leave: 0.22}",
     .help = "the hospital's own multipliers: nobody else's hold here"},
    {KEY(summary_keys, capacity), .type = FIELD_SECTION, .section = &capacity_section, .sample = "{window: 28d}",
     .help = "how likely it is that no bed is free (Erlang); not told unless this is there"},
};
const struct section summary_section = {SECTION("ward", summary_fields)};

static const char beds_example[] =
    "  b01: {bus: line-a, address: 1, profile: generic-vitals, class: adult}\n"
    "  b02: {bus: \"modbus-tcp://10.7.0.32:502\", address: 1, profile: generic-vitals, class: adult}\n"
    "  b03:\n"
    "    class: neonate\n"
    "    monitors:\n"
    "      - {bus: line-a, address: 3, profile: generic-vitals}\n"
    "      - {bus: line-a, address: 33, profile: oximeter-x}\n"
    "    overrides: {spo2_low: {limit: 88}}\n"
    "#   b04: {bus: oximeter-a, profile: nonin-df2, class: adult}\n"
    "#   b05: {bus: central, address: W7E^5^A, profile: hl7-pcd, class: adult}\n";

static const struct field ward_fields[] = {
    {KEY(ward_keys, gateway), .needs_restart = true, .type = FIELD_SECTION, .is_required = true,
     .section = &gateway_section, .sample = "{id: gw-1, site: st-marys, ward: w1}", .help = "who this gateway is"},
    {KEY(ward_keys, store), .needs_restart = true, .type = FIELD_SECTION, .section = &store_section,
     .help = "where alarm state and alerts that still have to be sent are kept"},
    {KEY(ward_keys, uplink), .needs_restart = true, .type = FIELD_SECTION, .is_required = true,
     .section = &uplink_section, .sample = "{brokers: [\"mqtt://127.0.0.1:1883\"]}",
     .help = "where alerts and vitals go"},
    {KEY(ward_keys, commands), .needs_restart = true, .type = FIELD_SECTION, .section = &commands_section,
     .help = "what people may tell the gateway through the broker; nothing unless enabled"},
    {KEY(ward_keys, watchdog), .needs_restart = true, .type = FIELD_SECTION, .section = &watchdog_section,
     .help = "what resets the box when the gateway hangs"},
    {KEY(ward_keys, indicator), .needs_restart = true, .type = FIELD_SECTION, .section = &indicator_section,
     .help = "local alarm at the box: no broker, alerts that cannot be stored, a gateway that hangs"},
    {KEY(ward_keys, buses), .type = FIELD_ENTRIES, .section = &bus_section,
     .help = "lines to monitors, each under a name of its own"},
    {KEY(ward_keys, beds), .type = FIELD_ENTRIES, .is_required = true, .section = &bed_section, .example = beds_example,
     .sample = "b01: {bus: line-a, address: 1, profile: generic-vitals, class: adult}",
     .help = "the beds with their monitors, each under a name of its own"},
    {KEY(ward_keys, rules), .type = FIELD_LIST, .example = "[rules/standard.yaml]",
     .help = "files with alarm rules, at most 16; your own beside the standard ones, listed after them"},
    {KEY(ward_keys, pulse), .type = FIELD_SECTION, .section = &pulse_section,
     .help = "how the two sources of one rate, the ECG (hr) and the oximeter (pulse), back each other up"},
    {KEY(ward_keys, pauses), .type = FIELD_SECTION, .section = &pauses_section,
     .help = "how long people may pause audio or alarms of a bed by command, and how often that is reminded"},
    {KEY(ward_keys, escalate), .type = FIELD_SECTION, .section = &escalate_section, .sample = "{after: 5min, to: high}",
     .help = "the gateway's own alarms (a dead line, no broker ...) that nobody acknowledges for so long take that "
             "priority"},
    {KEY(ward_keys, ward), .type = FIELD_SECTION, .section = &summary_section,
     .help = "what is told of the ward as a whole: beds, and when it is given, staff and capacity"},
    {KEY(ward_keys, stay_after), .type = FIELD_DURATION, .low = SECOND, .high = 10 * MINUTE, .fallback = "30s",
     .help = "valid vitals at a vacant bed for this long begin a stay by themselves"},
    {KEY(ward_keys, scores), .type = FIELD_WORDS, .words = score_words, .sample = "[news2, bedside_pews]",
     .help = "scores to keep, each at the beds whose class it is for; news2 and bedside_pews unless said"},
    {KEY(ward_keys, observation_interval), .type = FIELD_DURATION, .low = 15 * MINUTE, .high = 12 * HOUR,
     .fallback = "4h", .help = "how often patients are observed: what is entered counts for this and an hour more"},
    {KEY(ward_keys, blood_pressure), .type = FIELD_WORD, .words = pressure_words, .fallback = "none",
     .help = "category of adults' cuff pressures by acc_aha_2017, esc_2018 or esc_2024: a screening estimate, never an "
             "alarm"},
    {KEY(ward_keys, models), .type = FIELD_LIST, .sample = "[models/tabaei_herman.yaml]",
     .help = "files of risk models, at most 8: screening estimates, not validated for inpatients, never alarms; none "
             "unless said"},
    {KEY(ward_keys, memory), .type = FIELD_SIZE, .low = MIB, .high = GIB, .fallback = "64MiB",
     .help = "most memory that the windows of all beds may take"},
    {KEY(ward_keys, rule_load), .type = FIELD_DECIMAL, .low = MICRO / 1000, .high = MICRO, .fallback = "0.5",
     .help = "most of a core of 500 MHz that all rules may take, by the worst case that wardgate check prints"},
    {KEY(ward_keys, metrics), .needs_restart = true, .type = FIELD_TEXT, .high = SETTINGS_METRICS_PATH_MAX,
     .sample = "/var/lib/prometheus/node-exporter/wardgate.prom",
     .help = "file of figures for Prometheus' node exporter (textfile collector), written anew every 10 s; best not on "
             "flash"},
    {KEY(ward_keys, status_socket), .needs_restart = true, .type = FIELD_TEXT, .high = PATH_TEXT_MAX,
     .sample = "/run/wardgate.sock",
     .help = "local socket of `wardgate status`; status.sock in the store's folder unless said"},
};
const struct section ward_section = {SECTION("the configuration", ward_fields)};

/* --- profiles/NAME.yaml --- */

static const struct field identity_fields[] = {
    {NAMED("register", identity_keys, reg), .type = FIELD_INTEGER, .is_required = true, .low = 0, .high = UINT16_MAX,
     .help = "first holding register of the serial number"},
    {KEY(identity_keys, count), .type = FIELD_INTEGER, .low = 1, .high = PROFILE_IDENTITY_REGISTERS_MAX,
     .fallback = "1", .help = "how many registers it has"},
};
const struct section identity_section = {SECTION("identity", identity_fields)};

static const struct field episodic_fields[] = {
    {KEY(episodic_keys, changed_by), .type = FIELD_INTEGER, .is_required = true, .low = 0, .high = UINT16_MAX,
     .help = "register of the same table that changes with each measurement: a counter, a time, a status"},
};
const struct section episodic_section = {SECTION("episodic", episodic_fields)};

static const struct field channel_fields[] = {
    {NAMED("register", channel_keys, reg), .type = FIELD_INTEGER, .is_required = true, .low = 0, .high = UINT16_MAX,
     .help = "register as on the wire, from 0 (a manual's 40001 is register 0 of the holding table)"},
    {KEY(channel_keys, table), .type = FIELD_WORD, .words = table_words, .fallback = "holding",
     .help = "holding, input, coil or discrete"},
    {KEY(channel_keys, type), .type = FIELD_WORD, .is_required = true, .words = type_words,
     .help = "u16, s16, u32, s32 or f32"},
    {KEY(channel_keys, words), .type = FIELD_WORD, .words = order_words, .fallback = "abcd",
     .help = "order of the bytes of a 32-bit value: abcd, cdab, badc or dcba"},
    {KEY(channel_keys, scale), .type = FIELD_DECIMAL, .low = -1000 * MICRO, .high = 1000 * MICRO, .fallback = "1",
     .help = "the raw number is multiplied by this"},
    {KEY(channel_keys, offset), .type = FIELD_DECIMAL, .low = -1000000 * MICRO, .high = 1000000 * MICRO,
     .fallback = "0", .help = "then this is added"},
    {KEY(channel_keys, unit), .type = FIELD_TEXT, .is_required = true, .high = TEXT_MAX,
     .help = "unit that the monitor gives it in, such as /min, %, mm[Hg], kPa, Cel, mmol/L"},
    {KEY(channel_keys, absent), .type = FIELD_ANY,
     .help = "raw numbers that mean \"no value\", such as [0xFFFF]; at most 8"},
    {KEY(channel_keys, range), .type = FIELD_LIST,
     .help = "[lowest, highest] believable value in this unit, where that is narrower than what is believable in the "
             "patient's class"},
    {KEY(channel_keys, poll_interval), .type = FIELD_DURATION, .low = 5, .high = HOUR,
     .help = "how often it is read; as the profile says unless said"},
    {KEY(channel_keys, stale_after), .type = FIELD_DURATION, .low = SECOND, .high = DAY,
     .help = "how long a value is current: at most 10s, of an episodic vital a day; as the vital has it unless said"},
    {KEY(channel_keys, frozen_after), .type = FIELD_DURATION, .low = 10 * SECOND, .high = DAY,
     .help = "the very same number for so long is not believed; not for what may stand still, as a paced heart rate"},
    {KEY(channel_keys, spike), .type = FIELD_WORD, .words = spike_words, .fallback = "none",
     .help = "median: a number that stands out alone is cut off, and a new level comes one value later"},
    {KEY(channel_keys, episodic), .type = FIELD_ANY,
     .help = "for a vital measured now and then: true, or {changed_by: REGISTER}"},
};
const struct section channel_section = {SECTION("a channel", channel_fields)};

static const struct field bit_fields[] = {
    {NAMED("register", bit_keys, reg), .type = FIELD_INTEGER, .is_required = true, .low = 0, .high = UINT16_MAX,
     .help = "register or coil, as on the wire, from 0"},
    {KEY(bit_keys, bit), .type = FIELD_INTEGER, .low = 0, .high = 15, .help = "bit of the register, 0 (lowest) to 15"},
    {KEY(bit_keys, table), .type = FIELD_WORD, .words = table_words, .fallback = "holding",
     .help = "holding, input, coil or discrete"},
    {KEY(bit_keys, channels), .type = FIELD_LIST, .help = "channels of this profile that it is about; all unless said"},
    {KEY(bit_keys, means), .type = FIELD_WORD, .is_required = true, .words = means_words,
     .help = "what the monitor says by it: sensor_off, monitor_alarm_high, standby, demo ..."},
    {KEY(bit_keys, text), .type = FIELD_TEXT, .high = TEXT_MAX,
     .help = "text of the monitor's alarm; its name unless said"},
};
const struct section bit_section = {SECTION("a bit", bit_fields)};

static const struct field profile_fields[] = {
    {KEY(profile_keys, profile), .type = FIELD_ID, .is_required = true, .high = PROFILE_NAME_MAX - 1,
     .help = "name of the profile, the same as the file's"},
    {KEY(profile_keys, title), .type = FIELD_TEXT, .high = TEXT_MAX, .help = "maker and model; the name unless said"},
    {KEY(profile_keys, source), .type = FIELD_TEXT, .high = PATH_TEXT_MAX,
     .help = "manual and edition that the map is from"},
    {KEY(profile_keys, poll_interval), .type = FIELD_DURATION, .low = 5, .high = HOUR, .fallback = "1s",
     .help = "how often channels are read unless they say otherwise"},
    {KEY(profile_keys, identity), .type = FIELD_SECTION, .section = &identity_section,
     .help = "{register: R, count: N} of the serial number: tells when another monitor answers"},
    {KEY(profile_keys, channels), .type = FIELD_ENTRIES, .is_required = true, .section = &channel_section,
     .help = "the vitals it gives, such as hr: {register: 0, type: u16, unit: \"/min\"}"},
    {KEY(profile_keys, bits), .type = FIELD_ENTRIES, .section = &bit_section,
     .help = "what single bits say: sensors off, the monitor's own alarms, standby"},
};
const struct section profile_section = {SECTION("a profile", profile_fields)};

/* --- rules/NAME.yaml --- */

/* An escalation leads up, so low is none of them. */
static const char *const escalated_words[] = {"medium", "high", NULL};

static const struct field escalate_fields[] = {
    {KEY(escalate_keys, after), .type = FIELD_DURATION, .is_required = true, .low = 5 * SECOND, .high = HOUR,
     .sample = "60s", .help = "from the alarm's start, unless it was acknowledged by then"},
    {KEY(escalate_keys, to), .type = FIELD_WORD, .is_required = true, .words = escalated_words, .sample = "high",
     .help = "the priority that it takes: medium or high, above a rule's own"},
};
const struct section escalate_section = {SECTION("escalate", escalate_fields)};

static const char *const scope_words[] = {"bed", "ward", NULL};

static const struct field rule_fields[] = {
    {KEY(rule_keys, when), .type = FIELD_ANY, .help = "what must hold, such as share(spo2 < limit, 15s) >= 0.8"},
    {KEY(rule_keys, scope), .type = FIELD_WORD, .words = scope_words, .fallback = "bed",
     .help = "bed: each bed by itself; ward: so many beds at once, an alarm of the gateway"},
    {KEY(rule_keys, each), .type = FIELD_ANY, .help = "with scope: ward, instead of when: what must hold at a bed"},
    {KEY(rule_keys, beds), .type = FIELD_INTEGER, .low = 1, .high = SETTINGS_BEDS_MAX,
     .help = "with scope: ward: at how many beds at once"},
    {KEY(rule_keys, clear), .type = FIELD_ANY, .help = "what must hold for it to end; without it, that when does not"},
    {KEY(rule_keys, hysteresis), .type = FIELD_ANY,
     .help = "instead of clear: how far beyond limit the value must return"},
    {KEY(rule_keys, clear_delay), .type = FIELD_DURATION, .low = 0, .high = 10 * MINUTE, .fallback = "0s",
     .help = "how long it must have ended before it ends"},
    {KEY(rule_keys, limit), .type = FIELD_ANY, .help = "the limit: one value, or one a class {adult: 90, neonate: 85}"},
    {KEY(rule_keys, parameters), .type = FIELD_ENTRIES, .help = "more numbers for when and clear, each like limit"},
    {KEY(rule_keys, settable), .type = FIELD_ENTRIES,
     .help = "what may be set for a bed: {limit: [85, 95]}; with scope: ward {beds: [2, 6]}, too; nothing else may"},
    {KEY(rule_keys, priority), .type = FIELD_WORD, .is_required = true, .words = priority_words + PRIORITY_LOW,
     .help = "high, medium or low"},
    {KEY(rule_keys, latching), .type = FIELD_BOOLEAN, .fallback = "false",
     .help = "true keeps it until somebody acknowledges"},
    {KEY(rule_keys, escalate), .type = FIELD_SECTION, .section = &escalate_section, .sample = "{after: 60s, to: high}",
     .help = "{after: TIME, to: PRIORITY}: an alarm that nobody acknowledges for so long takes the higher priority"},
    {KEY(rule_keys, delay), .type = FIELD_DURATION, .low = 0, .high = RULE_DELAY_MS_MAX, .fallback = "0s",
     .help = "how long when must hold before it is an alarm; at most 1min"},
    {KEY(rule_keys, unknown_after), .type = FIELD_DURATION, .low = SECOND, .high = DAY,
     .help = "how long it may be undecided before not_monitored; 30s, 1min or 2min by priority unless said"},
    {KEY(rule_keys, coverage), .type = FIELD_DECIMAL, .low = 0, .high = MICRO, .fallback = "0.7",
     .help = "part of a window that must hold valid values"},
    {KEY(rule_keys, foresee), .type = FIELD_DURATION, .low = MINUTE, .high = 30 * MINUTE,
     .help = "so far ahead a trend may tell that limit will be reached: an estimate, never an alarm; not unless said"},
    {KEY(rule_keys, text), .type = FIELD_TEXT, .high = ALERT_TEXT_MAX,
     .help =
         "what the nurse reads, with {limit} and other parameters in it, or {beds} with scope: ward; the rule's name "
         "unless said"},
    {KEY(rule_keys, advice), .type = FIELD_TEXT, .high = ALERT_TEXT_MAX, .help = "what to do first"},
};
const struct section rule_section = {SECTION("a rule", rule_fields)};

static const struct field rules_fields[] = {
    {KEY(rules_keys, optional), .type = FIELD_BOOLEAN, .fallback = "false",
     .help = "true: rules on vitals that no bed has are left out, not faults"},
    {KEY(rules_keys, rules), .type = FIELD_ENTRIES, .is_required = true, .section = &rule_section,
     .help = "the rules, each under its name"},
};
const struct section rules_section = {SECTION("a rules file", rules_fields)};

/* --- models/NAME.yaml --- */

static const struct field coefficient_fields[] = {
#define COEFFICIENT(input, unit, low_milli, high_milli, what)                                       \
    {.name = #input,                                                                                \
     .offset = offsetof(struct coefficient_keys, coefficient) + INPUT_OF_##input * sizeof(int64_t), \
     .type = FIELD_DECIMAL,                                                                         \
     .low = -ESTIMATE_COEFFICIENT_MICRO_MAX,                                                        \
     .high = ESTIMATE_COEFFICIENT_MICRO_MAX,                                                        \
     .help = (what)},
    ATTRIBUTE_LIST(COEFFICIENT) ESTIMATE_MEASURED_LIST(COEFFICIENT)
#undef COEFFICIENT
};
const struct section coefficients_section = {SECTION("the coefficients", coefficient_fields)};

static const struct field model_unit_fields[] = {
    {KEY(model_unit_keys, glucose), .type = FIELD_WORD, .words = model_unit_words, .fallback = "mmol/L",
     .help = "what the coefficient of glucose counts in: mmol/L or mg/dL"},
    {KEY(model_unit_keys, hdl), .type = FIELD_WORD, .words = model_unit_words, .fallback = "mmol/L",
     .help = "what the coefficient of hdl counts in: mmol/L or mg/dL"},
};
const struct section model_units_section = {SECTION("units", model_unit_fields)};

static const struct field model_fields[] = {
    {KEY(model_keys, model), .type = FIELD_ID, .is_required = true, .high = SETTINGS_ID_MAX - 1,
     .help = "name of the model, the last word of its topic"},
    {KEY(model_keys, title), .type = FIELD_TEXT, .is_required = true, .high = TEXT_MAX,
     .help = "what it estimates, for a screen"},
    {KEY(model_keys, source), .type = FIELD_TEXT, .is_required = true, .high = ALERT_TEXT_MAX,
     .help = "the publication that the numbers are from; a screen shows it"},
    {KEY(model_keys, intercept), .type = FIELD_DECIMAL, .is_required = true, .low = -1000 * MICRO, .high = 1000 * MICRO,
     .help = "what stands in the sum without any input"},
    {KEY(model_keys, threshold), .type = FIELD_DECIMAL, .low = 1000, .high = MICRO,
     .help = "probability from which on the source calls it high; none unless said"},
    {KEY(model_keys, coefficients), .type = FIELD_SECTION, .is_required = true, .section = &coefficients_section,
     .sample = "{age: 0.0331, bmi: 0.0346}", .help = "what each input is multiplied by"},
    {KEY(model_keys, units), .type = FIELD_SECTION, .section = &model_units_section,
     .help = "what coefficients count in, where an input has two units"},
};
const struct section model_section = {SECTION("a model", model_fields)};
