/*
 * What good configurations come out as: the examples of the documentation, and one that sets every key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/engine/bed_command.h"
#include "app/settings/settings.h"
#include "tests/unit/support/settings_data.h"

#define DATA "tests/data/config"

static struct settings_report report;
static char root[4096]; /* where the tests were started */

static int remember_root(void **state)
{
    (void)state;
    return settings_data_set_modes() && getcwd(root, sizeof root) != NULL ? 0 : -1;
}

static void enter(const char *folder)
{
    assert_int_equal(chdir(root), 0);
    assert_int_equal(chdir(folder), 0);
}

static struct settings *load_good(const char *file)
{
    struct settings *settings = NULL;
    if (!settings_load(file, builtin_profiles, &settings, &report)) {
        settings_print_report(&report, stderr, false);
        fail();
    }
    return settings;
}

static void the_design_ward(void **state)
{
    (void)state;
    enter(DATA "/good");
    struct settings *s = load_good("design.yaml");
    assert_string_equal(s->file, "design.yaml");
    assert_string_equal(s->gateway.id, "gw-7e");
    assert_string_equal(s->gateway.site, "st-marys");
    assert_string_equal(s->gateway.ward, "w7e");
    assert_string_equal(s->store.path, "/var/lib/wardgate");
    assert_true(s->store.size_bytes == 128 * 1024 * 1024);
    assert_string_equal(s->status_socket, "/var/lib/wardgate/status.sock");
    assert_null(s->watchdog.device);
    assert_int_equal(s->watchdog.timeout_s, 60);
    assert_true(s->indicator.led == NULL && s->indicator.buzzer == NULL && s->indicator.hook[0] == NULL);
    assert_int_equal(s->indicator.hook_timeout_ms, 10000);
    assert_int_equal(s->indicator.after_ms, 30000);
    assert_int_equal(s->uplink.broker_count, 1);
    assert_string_equal(s->uplink.brokers[0].url, "mqtt://127.0.0.1:1883");
    assert_string_equal(s->uplink.brokers[0].host, "127.0.0.1");
    assert_int_equal(s->uplink.brokers[0].port, 1883);
    assert_false(s->uplink.brokers[0].tls);
    assert_int_equal(s->bus_count, 2);
    assert_int_equal(s->buses[0].kind, BUS_MODBUS_RTU);
    assert_string_equal(s->buses[0].device, "/dev/ttyUSB0");
    assert_int_equal(s->buses[0].baud, 19200);
    assert_int_equal(s->buses[0].parity, 'E');
    assert_int_equal(s->buses[0].stop_bits, 1);
    assert_int_equal(s->buses[1].kind, BUS_MODBUS_TCP);
    assert_string_equal(s->buses[1].name, "modbus-tcp://10.7.0.32:502");
    assert_string_equal(s->buses[1].host, "10.7.0.32");
    assert_int_equal(s->buses[1].port, 502);
    assert_int_equal(s->buses[1].timeout_ms, 500);
    settings_free(s);
}

static void the_design_beds(void **state)
{
    (void)state;
    enter(DATA "/good");
    struct settings *s = load_good("design.yaml");
    assert_int_equal(s->bed_count, 3);
    assert_string_equal(s->beds[0].id, "b01");
    assert_int_equal(s->beds[0].patient_class, CLASS_adult);
    assert_int_equal(s->beds[0].monitor_count, 1);
    assert_int_equal(s->beds[1].monitors[0].bus, 1);
    const struct bed_settings *bed = &s->beds[2];
    assert_string_equal(bed->id, "b03");
    assert_int_equal(bed->mark.line, 10);
    assert_int_equal(bed->patient_class, CLASS_neonate);
    assert_int_equal(bed->monitor_count, 2);
    assert_int_equal(bed->monitors[1].bus, 0);
    assert_int_equal(bed->monitors[1].address, 33);
    assert_string_equal(s->profiles[bed->monitors[1].profile].name, "oximeter-x");
    assert_int_equal(bed->override_count, 1);
    assert_int_equal(bed->overrides[0].rule, 0);
    assert_int_equal(bed->overrides[0].parameter, PARAMETER_LIMIT);
    assert_int_equal(bed->overrides[0].value_milli, 88000);
    assert_int_equal(settings_bed_vitals(s, 0),
                     ENTRY_ONLY | 1U << VITAL_hr | 1U << VITAL_spo2 | 1U << VITAL_temp | 1U << VITAL_glucose);
    settings_free(s);
}

static void the_design_profile(void **state)
{
    (void)state;
    enter(DATA "/good");
    struct settings *s = load_good("design.yaml");
    const struct profile *p = &s->profiles[0];
    assert_string_equal(p->title, "Generic vital-signs module");
    assert_int_equal(p->poll_interval_ms, 1000);
    assert_int_equal(p->identity_register, 90);
    assert_int_equal(p->identity_count, 4);
    assert_int_equal(p->channel_count, 4);
    assert_int_equal(p->channels[0].absent_count, 1);
    assert_int_equal(p->channels[0].absent[0], 0xFFFF);
    assert_true(p->channels[0].has_range);
    assert_int_equal(p->channels[0].high_milli, 350000);
    assert_int_equal(p->channels[2].vital, VITAL_temp);
    assert_int_equal(p->channels[2].type, TYPE_S16);
    assert_int_equal(p->channels[2].scale_micro, 100000);
    assert_false(p->channels[2].episodic || p->channels[2].has_range);
    assert_int_equal(p->channels[3].table, TABLE_INPUT);
    assert_int_equal(p->channels[3].words, WORDS_CDAB);
    assert_true(p->channels[3].episodic && p->channels[3].has_changed_by);
    assert_int_equal(p->channels[3].changed_by, 20);
    assert_int_equal(p->bit_count, 2);
    assert_int_equal(p->bits[0].vitals, 1U << VITAL_spo2);
    assert_int_equal(p->bits[0].means, SIGNAL_sensor_off);
    assert_string_equal(p->bits[0].text, "probe_off");
    assert_int_equal(p->bits[1].bit, 3);
    assert_string_equal(p->bits[1].text, "Ventricular tachycardia (monitor)");
    settings_free(s);
}

static void the_design_rule(void **state)
{
    (void)state;
    enter(DATA "/good");
    struct settings *s = load_good("design.yaml");
    const struct rule *r = &s->rules[0];
    const struct rule_parameter *limit = &r->parameters[PARAMETER_LIMIT];
    assert_string_equal(r->name, "spo2_low");
    assert_true(r->has_clear && !r->has_hysteresis && !r->latching);
    assert_int_equal(r->priority, PRIORITY_MEDIUM);
    assert_int_equal(r->unknown_after_ms, 60000);
    assert_int_equal(r->delay_ms + r->clear_delay_ms, 0);
    assert_int_equal(r->when.windows[0].coverage_permille, 700);
    assert_string_equal(limit->name, "limit");
    assert_int_equal(limit->value_milli[CLASS_adult], 90000);
    assert_int_equal(limit->value_milli[CLASS_neonate], 85000);
    assert_true(limit->settable);
    assert_int_equal(limit->settable_low_milli, 85000);
    assert_int_equal(limit->settable_high_milli, 95000);
    assert_string_equal(r->text, "SpO2 below {limit} % for 15 s");
    assert_string_equal(s->rule_marks[0].file, "rules/standard.yaml");
    assert_int_equal(s->rule_marks[0].line, 2);
    settings_free(s);
}

static void defaults_hold_where_nothing_is_written(void **state)
{
    (void)state;
    enter(DATA "/good");
    struct settings *s = load_good("plain.yaml");
    assert_string_equal(s->store.path, "/var/lib/wardgate");
    assert_true(s->store.size_bytes == 128 * 1024 * 1024);
    assert_int_equal(s->store.journal_interval_ms, 5000);
    assert_string_equal(s->uplink.topic_root, "wardgate");
    assert_string_equal(s->uplink.brokers[0].url, "mqtt://127.0.0.1:1883");
    assert_int_equal(s->uplink.version, 5);
    assert_int_equal(s->uplink.keep_alive_s, 30);
    assert_int_equal(s->uplink.publish_interval_ms, 500);
    assert_int_equal(s->uplink.backlog_rate, 0);
    assert_false(s->uplink.insecure);
    assert_true(s->memory_bytes == 64 * 1024 * 1024);
    assert_int_equal(s->rule_load_micro, 500000);
    assert_int_equal(s->stay_after_ms, 30000);
    assert_true(s->ward.enabled && s->ward.shift_count == 0 && s->ward.patients_per_nurse == 0);
    assert_false(s->ward.has_need || s->ward.has_capacity);
    assert_false(s->commands.enabled || s->buses[0].rs485);
    assert_int_equal(s->buses[0].baud, 19200);
    assert_int_equal(s->buses[0].parity, 'E');
    assert_int_equal(s->buses[0].stop_bits, 1);
    assert_int_equal(s->buses[0].timeout_ms, 500);
    assert_int_equal(s->profiles[0].poll_interval_ms, 1000);
    assert_string_equal(s->profiles[0].title, "plain");
    assert_int_equal(s->profiles[0].identity_count, 0);
    const struct profile_channel *nibp = &s->profiles[0].channels[2];
    assert_int_equal(nibp->vital, VITAL_nibp_sys);
    assert_true(nibp->episodic && !nibp->has_changed_by);
    assert_string_equal(s->rules[0].text, "spo2_low");
    assert_string_equal(s->rules[0].advice, "");
    settings_free(s);
}

static void check_ward(const struct ward_settings *ward)
{
    static const uint32_t need_milli[CARE_BAND_COUNT] = {990, 1390, 1720, 1972, 5960};
    assert_false(ward->enabled);
    assert_int_equal(ward->patients_per_nurse, 6);
    assert_int_equal(ward->shift_count, 2);
    assert_string_equal(ward->shifts[0].name, "day");
    assert_int_equal(ward->shifts[0].from_minute, 7 * 60 + 5);
    assert_int_equal(ward->shifts[0].nurses, 0);
    assert_string_equal(ward->shifts[1].name, "night");
    assert_int_equal(ward->shifts[1].from_minute, 19 * 60 + 30);
    assert_true(ward->has_need && ward->has_capacity && ward->capacity.given);
    assert_memory_equal(ward->need_milli, need_milli, sizeof need_milli);
    assert_int_equal(ward->week_hours_milli, 37500);
    assert_int_equal(ward->leave_micro, 220000);
    assert_int_equal(ward->capacity.window_ms, INT64_C(14) * 86400000);
    assert_int_equal(ward->capacity.arrivals_milli, 2250);
    assert_int_equal(ward->capacity.stay_s, 36 * 3600);
}

static void every_key_of_the_uplink(void **state)
{
    (void)state;
    enter(DATA "/good");
    struct settings *s = load_good("every-key.yaml");
    const struct broker_settings *b = s->uplink.brokers;
    assert_string_equal(s->gateway.id, "no");
    assert_string_equal(s->gateway.site, "on");
    assert_string_equal(s->gateway.ward, "off");
    assert_string_equal(s->store.path, "data/store");
    assert_true(s->store.endurance_bytes == UINT64_C(2560) << 30);
    assert_true(s->store.trends_keep_ms == INT64_C(2) * 24 * 3600 * 1000);
    assert_true(s->store.history_keep_ms == INT64_C(30) * 24 * 3600 * 1000);
    assert_int_equal(s->store.journal_interval_ms, 1000);
    assert_int_equal(s->uplink.broker_count, 4);
    assert_string_equal(b[0].url, "mqtts://broker-a.example:8883");
    assert_true(b[0].tls && b[0].port == 8883);
    assert_string_equal(b[0].ca, "secrets/ca.pem");
    assert_string_equal(b[0].key, "secrets/k.pem");
    assert_string_equal(b[0].username, "gw");
    assert_string_equal(b[1].host, "fd00::5");
    assert_int_equal(b[1].port, 8884);
    assert_string_equal(b[1].ca, "secrets/ca.pem");
    assert_string_equal(b[1].cert, "secrets/own.pem");
    assert_string_equal(b[1].username, "own");
    assert_string_equal(b[1].password_file, "secrets/own.password");
    assert_string_equal(b[2].url, "mqtt://localhost:1883");
    assert_true(!b[2].tls && b[2].ca == NULL && b[2].cert == NULL);
    assert_string_equal(b[2].password_file, "secrets/password");
    assert_string_equal(b[3].url, "mqtt://[::1]:1884");
    assert_string_equal(s->uplink.topic_root, "root");
    assert_int_equal(s->uplink.version, 4);
    assert_true(s->uplink.insecure);
    assert_int_equal(s->uplink.keep_alive_s, 60);
    assert_int_equal(s->uplink.publish_interval_ms, 250);
    assert_int_equal(s->uplink.return_after_ms, 300000);
    assert_int_equal(s->uplink.backlog_rate, 500);
    assert_true(s->commands.enabled);
    assert_int_equal(s->commands.roles, 1U << ROLE_nurse | 1U << ROLE_biomed);
    assert_string_equal(s->watchdog.device, "/dev/watchdog1");
    assert_int_equal(s->watchdog.timeout_s, 90);
    assert_string_equal(s->indicator.led, "gpiochip0:17");
    assert_string_equal(s->indicator.buzzer, "ALARM_BUZZER");
    assert_true(s->indicator.led_active_low && s->indicator.buzzer_active_low);
    assert_string_equal(s->indicator.hook[0], "/bin/sh");
    assert_string_equal(s->indicator.hook[2], "echo $WARDGATE_STATE");
    assert_null(s->indicator.hook[3]);
    assert_int_equal(s->indicator.hook_timeout_ms, 5000);
    assert_int_equal(s->indicator.after_ms, 45000);
    assert_true(s->memory_bytes == 8 * 1024 * 1024);
    assert_int_equal(s->rule_load_micro, 250000);
    assert_int_equal(s->stay_after_ms, 45000);
    assert_string_equal(s->status_socket, "run/w.sock");
    assert_true(s->pulse.hr_from_pulse && s->pulse.pulse_from_hr);
    assert_int_equal(s->pulse.disagree_milli, 12500);
    assert_int_equal(s->pulse.disagree_ms, 45000);
    check_ward(&s->ward);
    settings_free(s);
}

static void pauses_escalations_and_rules_that_are_off(void **state)
{
    (void)state;
    enter(DATA "/good");
    struct settings *s = load_good("alarms.yaml");
    assert_int_equal(s->pause.audio_ms, 90000);
    assert_int_equal(s->pause.audio_ms_max, 240000);
    assert_int_equal(s->pause.alarm_ms, 60000);
    assert_int_equal(s->pause.alarm_ms_max, 60000);
    assert_int_equal(s->pause.alarm_roles, 1U << ROLE_nurse);
    assert_int_equal(s->pause.reminder_ms, 30000);
    assert_int_equal(s->pause.reminder_off_ms, 3600000);
    assert_int_equal(s->rules[0].escalate_ms, 90000);
    assert_int_equal(s->rules[0].escalate_to, PRIORITY_MEDIUM);
    assert_int_equal(s->rules[1].escalate_ms, 0);
    assert_int_equal(s->rules[2].escalate_to, PRIORITY_HIGH);
    assert_int_equal(s->beds[0].override_count, 3);
    assert_int_equal(s->beds[0].overrides[0].parameter, OVERRIDE_OFF);
    assert_int_equal(s->beds[0].overrides[1].value_milli, 88000);
    assert_int_equal(s->beds[0].overrides[2].rule, 1);
    assert_int_equal(s->beds[0].overrides[2].parameter, OVERRIDE_OFF);
    settings_free(s);
    s = load_good("plain.yaml");
    assert_int_equal(s->pause.audio_ms, 120000);
    assert_int_equal(s->pause.alarm_ms, 180000);
    assert_int_equal(s->pause.alarm_roles, 1U << ROLE_charge);
    settings_free(s);
}

static void every_key_of_buses_and_beds(void **state)
{
    (void)state;
    enter(DATA "/good");
    struct settings *s = load_good("every-key.yaml");
    assert_int_equal(s->bus_count, 8);
    assert_string_equal(s->buses[0].device, "ttys/a");
    assert_true(s->buses[0].rs485 && !s->buses[1].rs485);
    assert_int_equal(s->buses[0].parity, 'N');
    assert_int_equal(s->buses[0].stop_bits, 2);
    assert_int_equal(s->buses[1].parity, 'O');
    assert_int_equal(s->buses[1].stop_bits, 2);
    assert_string_equal(s->buses[2].host, "fd00::7");
    assert_true(s->buses[2].hang_up && !s->buses[6].hang_up);
    assert_int_equal(s->buses[2].timeout_ms, 2000);
    assert_string_equal(s->buses[6].name, "modbus-tcp://[fd00::8]:502");
    assert_int_equal(s->beds[1].monitors[0].bus, 2); /* by its address, the bus that is given */
    assert_int_equal(s->beds[2].monitors[0].bus, 6);
    assert_int_equal(s->beds[3].monitors[1].bus, 6); /* with the port left out or written */
    assert_string_equal(s->beds[2].id, "no");
    assert_int_equal(s->beds[2].monitors[0].address, 255);
    assert_int_equal(s->beds[3].override_count, 3);
    assert_int_equal(s->beds[3].overrides[0].value_milli, 38000); /* 100.4 degF */
    assert_int_equal(s->beds[3].overrides[1].parameter, 1);
    assert_int_equal(s->beds[3].overrides[1].value_milli, 33000);
    assert_int_equal(s->beds[3].overrides[2].rule, 0);
    settings_free(s);
}

static void every_key_of_the_other_buses(void **state)
{
    (void)state;
    enter(DATA "/good");
    struct settings *s = load_good("every-key.yaml");
    const struct bus_settings *converter = &s->buses[3], *oximeter = &s->buses[4], *central = &s->buses[5];
    assert_int_equal(converter->kind, BUS_RTU_OVER_TCP);
    assert_string_equal(converter->host, "10.7.0.9");
    assert_int_equal(converter->port, 4001);
    assert_int_equal(converter->baud, 9600);
    assert_int_equal(converter->timeout_ms, 1000);
    assert_null(converter->device);
    assert_int_equal(oximeter->kind, BUS_SERIAL);
    assert_string_equal(oximeter->device, "/dev/ox");
    assert_int_equal(oximeter->baud, 2400);
    assert_int_equal(oximeter->parity, 'E');
    assert_int_equal(oximeter->stop_bits, 2);
    assert_null(oximeter->host);
    assert_int_equal(central->kind, BUS_HL7);
    assert_string_equal(central->host, "fd00::1");
    assert_int_equal(central->port, 6661);
    assert_true(central->believe_debug);
    assert_string_equal(s->buses[7].name, "rtu-over-tcp://10.7.0.10:502");
    assert_int_equal(s->buses[7].kind, BUS_RTU_OVER_TCP);
    assert_int_equal(s->buses[7].baud, 0); /* nobody said what is behind the converter */
    settings_free(s);
}

static void every_way_to_find_a_monitor(void **state)
{
    (void)state;
    enter(DATA "/good");
    struct settings *s = load_good("every-key.yaml");
    const struct bed_settings *beds = &s->beds[4];
    assert_string_equal(beds[0].id, "conv1");
    assert_int_equal(beds[1].monitors[0].bus, beds[0].monitors[0].bus); /* by its address, the bus that is given */
    assert_int_equal(beds[2].monitors[0].bus, 7);
    assert_string_equal(s->profiles[beds[3].monitors[0].profile].title, "A module whose map comes with the driver");
    const struct monitor_settings *oximeter = &beds[4].monitors[0];
    assert_int_equal(s->buses[oximeter->bus].kind, BUS_SERIAL);
    assert_int_equal(oximeter->address, 0);
    assert_null(oximeter->place);
    assert_int_equal(s->profiles[oximeter->profile].protocol, PROTOCOL_SERIAL);
    assert_int_equal(s->profiles[oximeter->profile].bit_count, 1);
    assert_string_equal(beds[5].monitors[0].place, "W7E^^A");
    assert_string_equal(beds[5].monitors[1].place, "monitor-7");
    assert_int_equal(beds[5].monitors[1].address, 0);
    assert_string_equal(beds[6].monitors[0].place, "W7E^12^");
    assert_int_equal(s->profiles[beds[6].monitors[0].profile].protocol, PROTOCOL_HL7);
    settings_free(s);
}

static void a_serial_or_hl7_bus_has_defaults_of_its_own(void **state)
{
    (void)state;
    enter(DATA "/good");
    struct settings *s = load_good("kinds.yaml");
    assert_int_equal(s->buses[0].baud, 9600);
    assert_int_equal(s->buses[0].parity, 'N');
    assert_int_equal(s->buses[0].stop_bits, 1);
    assert_string_equal(s->buses[1].host, "0.0.0.0");
    assert_int_equal(s->buses[1].port, 2575);
    assert_false(s->buses[1].believe_debug);
    assert_string_equal(s->buses[2].host, "fd00::1"); /* beside all IPv4 addresses */
    assert_int_equal(s->buses[2].port, 2575);         /* an address without a port */
    assert_int_equal(s->buses[3].port, 502);
    assert_int_equal(s->buses[3].timeout_ms, 500);
    assert_string_equal(s->beds[1].monitors[0].place, "^^"); /* alone on its bus */
    settings_free(s);
}

static void every_key_of_a_profile(void **state)
{
    (void)state;
    enter("/");
    char file[5000];
    (void)snprintf(file, sizeof file, "%s/" DATA "/good/every-key.yaml",
                   root); /* from elsewhere: paths follow the file */
    struct settings *s = load_good(file);
    const struct profile *p = &s->profiles[0];
    assert_int_equal(p->identity_register, 90);
    assert_int_equal(p->identity_count, 16);
    assert_int_equal(p->poll_interval_ms, 2000);
    assert_int_equal(p->channel_count, 6);
    const struct profile_channel *hr = &p->channels[0], *spo2 = &p->channels[1], *temp = &p->channels[3];
    assert_int_equal(hr->reg, 65534);
    assert_int_equal(hr->words, WORDS_BADC);
    assert_int_equal(hr->absent[0], UINT32_MAX);
    assert_int_equal(hr->absent[1], UINT32_MAX);
    assert_int_equal(spo2->absent[0], 0xFFFF);
    assert_int_equal(spo2->poll_interval_ms, 2000);
    assert_int_equal(spo2->stale_after_ms, 5000);
    assert_int_equal(spo2->frozen_after_ms, 600000);
    assert_true(spo2->median && !hr->median);
    assert_int_equal(hr->stale_after_ms, 0);
    assert_int_equal(hr->frozen_after_ms, 0);
    assert_int_equal(temp->stale_after_ms, 7200000);
    assert_int_equal(temp->absent[0], 0xFFFF);
    assert_int_equal(temp->absent[1], 0x7FFF);
    assert_int_equal(temp->scale_micro, -100000);
    assert_int_equal(temp->offset_micro, 500000);
    assert_int_equal(temp->poll_interval_ms, 500);
    assert_true(temp->episodic);
    assert_int_equal(temp->low_milli, 30000); /* 86 degF: the range is in the channel's unit */
    assert_int_equal(temp->high_milli, 45000);
    assert_int_equal(p->channels[5].table, TABLE_DISCRETE);
    assert_int_equal(p->bits[0].vitals, 1U << VITAL_hr | 1U << VITAL_spo2);
    assert_int_equal(p->bits[0].bit, 15);
    assert_int_equal(p->bits[1].table, TABLE_COIL);
    assert_int_equal(p->bits[1].vitals, 0);
    settings_free(s);
}

static void every_key_of_a_rule(void **state)
{
    (void)state;
    enter(DATA "/good");
    struct settings *s = load_good("every-key.yaml");
    const struct rule *r = &s->rules[1];
    const struct rule_parameter *limit = &r->parameters[PARAMETER_LIMIT], *bottom = &r->parameters[1];
    assert_string_equal(r->name, "every");
    assert_int_equal(r->parameter_count, 2);
    assert_int_equal(limit->value_milli[CLASS_adolescent], 38500); /* 101.3 degF */
    assert_int_equal(limit->value_milli[CLASS_child], 39000);      /* 312.15 K */
    assert_int_equal(limit->value_milli[CLASS_infant], 39123);
    assert_false(limit->has[CLASS_adult]);
    assert_int_equal(limit->settable_low_milli, 35000); /* 95 degF */
    assert_int_equal(limit->settable_high_milli, 41000);
    assert_string_equal(bottom->name, "floor");
    assert_int_equal(bottom->value_milli[CLASS_infant], -1000);
    assert_false(bottom->settable);
    assert_true(r->has_hysteresis && !r->has_clear && r->latching);
    assert_int_equal(r->hysteresis_milli, 500); /* 0.9 degF apart are half a degree */
    assert_int_equal(r->priority, PRIORITY_HIGH);
    assert_int_equal(r->delay_ms, 60000);
    assert_int_equal(r->foresee_ms, 0);
    assert_int_equal(s->rules[0].foresee_ms, 20 * 60000);
    assert_int_equal(s->pressure_scheme, PRESSURE_esc_2018);
    assert_int_equal(s->model_count, 1);
    const struct estimate_model *model = &s->models[0];
    assert_string_equal(model->name, "full_1");
    assert_string_equal(model->title, "Every key");
    assert_true(model->glucose_mg_dl && !model->hdl_mg_dl);
    assert_int_equal(model->intercept_micro, -10038200);
    assert_int_equal(model->threshold_micro, 200000);
    assert_int_equal(model->inputs, (1U << ESTIMATE_INPUT_COUNT) - 1U); /* bmi, too: it is written */
    assert_int_equal(model->coefficient_micro[INPUT_OF_age], 33100);
    assert_int_equal(model->coefficient_micro[INPUT_OF_nibp_dia], 100000000);
    assert_int_equal(model->coefficient_micro[INPUT_OF_hdl], -39000);
    assert_int_equal(r->clear_delay_ms, 5000);
    assert_int_equal(r->unknown_after_ms, 90000);
    assert_int_equal(r->when.windows[0].coverage_permille, 550);
    assert_string_equal(r->advice, "Measure again");
    assert_string_equal(s->rules[2].text, "bare");
    assert_int_equal(s->rules[2].unknown_after_ms, 120000);
    assert_null(s->rules[2].parameters[PARAMETER_LIMIT].name);
    assert_string_equal(s->rules[3].name, "elsewhere"); /* nobody gives icp: kept for replays that do */
    settings_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_design_ward),
        cmocka_unit_test(the_design_beds),
        cmocka_unit_test(the_design_profile),
        cmocka_unit_test(the_design_rule),
        cmocka_unit_test(defaults_hold_where_nothing_is_written),
        cmocka_unit_test(every_key_of_the_uplink),
        cmocka_unit_test(pauses_escalations_and_rules_that_are_off),
        cmocka_unit_test(every_key_of_buses_and_beds),
        cmocka_unit_test(every_key_of_the_other_buses),
        cmocka_unit_test(every_way_to_find_a_monitor),
        cmocka_unit_test(a_serial_or_hl7_bus_has_defaults_of_its_own),
        cmocka_unit_test(every_key_of_a_profile),
        cmocka_unit_test(every_key_of_a_rule),
    };
    return cmocka_run_group_tests(tests, remember_root, NULL);
}
