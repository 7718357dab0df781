/*
 * ward.c: reads the sections of wardgate.yaml, in the order in which they need each other.
 */
#include <assert.h>
#include <string.h>
#include <sys/un.h>

#include "app/settings/file.h"
#include "app/settings/load.h"

#define STORE_BYTES_MAX_32_BIT (INT64_C(1024) * 1024 * 1024)

static void read_gateway(struct load *load, const struct node *node)
{
    struct gateway_keys keys = {.id = NULL};
    if (section_read(&load->reader, node, &gateway_section, &keys)) {
        load->settings->gateway.id = keys.id;
        load->settings->gateway.site = keys.site;
        load->settings->gateway.ward = keys.ward;
    }
}

/* A 32-bit gateway has no addresses for more. */
static bool check_size(struct load *load, const struct node *store, int64_t size)
{
    if (sizeof(void *) > 4 || size <= STORE_BYTES_MAX_32_BIT) {
        return true;
    }
    report_fault(load->reader.report, node_child(store, "size"), "on a 32-bit box it can be at most 1GiB");
    return false;
}

/* Without `store` everything in it has its default. */
static void read_store(struct load *load, const struct node *node)
{
    struct store_keys keys = {.path = NULL};
    const bool is_whole = node != NULL ? section_read(&load->reader, node, &store_section, &keys)
                                       : section_read_defaults(&load->reader, &store_section, &keys);
    if (is_whole && check_size(load, node, keys.size)) {
        load->settings->store.path = file_path(load->folder, keys.path, load->reader.pool);
        load->settings->store.size_bytes = (uint64_t)keys.size;
        load->settings->store.journal_interval_ms = (uint32_t)keys.journal_interval;
        load->settings->store.history_keep_ms = keys.history;
        load->settings->store.trends_keep_ms = keys.trends;
        load->settings->store.endurance_bytes = (uint64_t)keys.endurance;
    }
}

/* Nobody may send anything unless it is written here. */
static void read_commands(struct load *load, const struct node *node)
{
    struct commands_keys keys = {.enabled = 0};
    if (section_read(&load->reader, node, &commands_section, &keys)) {
        load->settings->commands.enabled = keys.enabled != 0;
        load->settings->commands.roles = (uint8_t)keys.roles;
    }
}

/* Without `pulse` everything in it has its default. */
static void read_pulse(struct load *load, const struct node *node)
{
    struct pulse_keys keys = {.fallback = FALLBACK_NONE};
    const bool is_whole = node != NULL ? section_read(&load->reader, node, &pulse_section, &keys)
                                       : section_read_defaults(&load->reader, &pulse_section, &keys);
    if (is_whole) {
        load->settings->pulse =
            (struct pulse_config){.hr_from_pulse = keys.fallback == FALLBACK_HR || keys.fallback == FALLBACK_BOTH,
                                  .pulse_from_hr = keys.fallback == FALLBACK_PULSE || keys.fallback == FALLBACK_BOTH,
                                  .disagree_milli = (int32_t)(keys.disagree_by / 1000),
                                  .disagree_ms = (uint32_t)keys.disagree_for};
    }
}

static void check_longest(struct load *load, const struct node *node, const char *usual_key, int64_t usual,
                          const char *most_key, int64_t most)
{
    if (usual > most) {
        const struct node *most_node = node_child(node, most_key), *usual_node = node_child(node, usual_key);
        report_fault(load->reader.report,
                     most_node != NULL    ? most_node
                     : usual_node != NULL ? usual_node
                                          : node,
                     "%s must not be shorter than %s, which is what a command asks for that says nothing", most_key,
                     usual_key);
    }
}

/* Without `pauses` everything in it has its default. */
static void read_pauses(struct load *load, const struct node *node)
{
    struct pauses_keys keys = {.audio = 0};
    const bool is_whole = node != NULL ? section_read(&load->reader, node, &pauses_section, &keys)
                                       : section_read_defaults(&load->reader, &pauses_section, &keys);
    if (!is_whole) {
        return;
    }
    const bool has_roles = node != NULL && node_child(node, "alarm_roles") != NULL;
    load->settings->pause =
        (struct pause_config){.audio_ms = (uint32_t)keys.audio,
                              .audio_ms_max = (uint32_t)keys.audio_at_most,
                              .alarm_ms = (uint32_t)keys.alarm,
                              .alarm_ms_max = (uint32_t)keys.alarm_at_most,
                              .reminder_ms = (uint32_t)keys.reminder,
                              .reminder_off_ms = (uint32_t)keys.reminder_off,
                              .alarm_roles = has_roles ? (uint8_t)keys.alarm_roles : 1U << ROLE_charge};
    check_longest(load, node, "audio", keys.audio, "audio_at_most", keys.audio_at_most);
    check_longest(load, node, "alarm", keys.alarm, "alarm_at_most", keys.alarm_at_most);
}

/* Of the gateway's own alarms. */
static void read_escalation(struct load *load, const struct node *node)
{
    struct escalate_keys keys = {.after = 0};
    if (node != NULL && section_read(&load->reader, node, &escalate_section, &keys)) {
        load->settings->escalate_ms = (uint32_t)keys.after;
        load->settings->escalate_to = (enum priority)(PRIORITY_MEDIUM + keys.to);
    }
}

static void read_socket(struct load *load, const char *path)
{
    const struct node *node = node_child(load->root, "status_socket");
    if (path != NULL) {
        load->settings->status_socket = file_path(load->folder, path, load->reader.pool);
    } else if (load->settings->store.path != NULL) {
        load->settings->status_socket = pool_format(load->reader.pool, "%s/status.sock", load->settings->store.path);
    }
    const size_t room = sizeof((struct sockaddr_un *)NULL)->sun_path;
    if (load->settings->status_socket != NULL && strlen(load->settings->status_socket) >= room) {
        report_fault(load->reader.report, node != NULL ? node : load->root,
                     "the path of the status socket is too long, at most %zu bytes: set status_socket", room - 1);
    }
}

#define METRICS_ENDING ".prom"

/* One that is not there yet may be made at the start of the box: no fault. */
static void check_metrics_folder(struct load *load, const struct node *node, const char *file)
{
    const char *folder = file_folder(file, load->reader.pool);
    if (folder != NULL && !file_is_there(folder)) {
        report_warning(load->reader.report, node, "its folder is not there (%s), nothing is written until it is",
                       folder);
    }
}

static void read_metrics(struct load *load, const char *path)
{
    const struct node *node = node_child(load->root, "metrics");
    const char *file = path != NULL ? file_path(load->folder, path, load->reader.pool) : NULL;
    const size_t length = file != NULL ? strlen(file) : 0;
    if (file == NULL) {
        return;
    }
    if (length <= sizeof METRICS_ENDING || strcmp(file + length + 1 - sizeof METRICS_ENDING, METRICS_ENDING) != 0) {
        report_fault(load->reader.report, node, "%s does not end in " METRICS_ENDING ", other files are not collected",
                     file);
    } else if (length > SETTINGS_METRICS_PATH_MAX) {
        report_fault(load->reader.report, node, "the path is too long, at most %d bytes", SETTINGS_METRICS_PATH_MAX);
    } else {
        load->settings->metrics = file;
        check_metrics_folder(load, node, file);
    }
}

static void read_rules(struct load *load, const struct node *list)
{
    if (node_child(load->root, "rules") == NULL) {
        load->are_rules_sound = true;
        report_warning(load->reader.report, load->root,
                       "there are no rules, so nothing a patient does raises an alarm");
    } else if (list != NULL) {
        rules_read(load, list);
    }
}

void ward_read(struct load *load)
{
    assert(load != NULL);
    struct ward_keys keys = {.memory = 0};
    /* What is missing or wrong here leaves its member empty; the rest is read all the same. */
    if (!section_read(&load->reader, load->root, &ward_section, &keys) && load->root->kind != NODE_MAPPING) {
        return;
    }
    load->settings->memory_bytes = (uint64_t)keys.memory;
    load->settings->rule_load_micro = (uint32_t)keys.rule_load;
    load->settings->stay_after_ms = (uint32_t)keys.stay_after;
    load->settings->scores = node_child(load->root, "scores") != NULL ? (uint16_t)keys.scores : SETTINGS_SCORES;
    load->settings->observation_interval_ms = (uint32_t)keys.observation_interval;
    load->settings->pressure_scheme = (enum pressure_scheme)keys.blood_pressure;
    read_store(load, keys.store);
    read_pulse(load, keys.pulse);
    read_pauses(load, keys.pauses);
    read_escalation(load, keys.escalate);
    watchdog_read(load, keys.watchdog);
    indicator_read(load, keys.indicator);
    summary_read(load, keys.ward);
    read_socket(load, keys.status_socket);
    read_metrics(load, keys.metrics);
    if (keys.gateway != NULL) {
        read_gateway(load, keys.gateway);
    }
    if (keys.uplink != NULL) {
        uplink_read(load, keys.uplink);
    }
    if (keys.commands != NULL) {
        read_commands(load, keys.commands);
    }
    if (keys.buses != NULL) {
        buses_read(load, keys.buses);
    }
    if (keys.beds != NULL) {
        beds_read(load, keys.beds);
    }
    if (!profiles_read(load)) {
        return;
    }
    if (keys.models != NULL) {
        models_read(load, keys.models);
    }
    read_rules(load, keys.rules);
    overrides_read(load);
    checks_run(load);
    if (load->reader.report->fault_count == 0) {
        fixed_collect(load);
    }
}
