/*
 * uplink.c: reads `uplink`: brokers, each a URL or a mapping, and what holds for all of them.
 */
#include <assert.h>
#include <string.h>

#include "app/settings/file.h"
#include "app/settings/load.h"
#include "app/settings/url.h"

enum { PORT_MQTT = 1883, PORT_MQTTS = 8883 };

/* A broker's own values come first; what belongs together is taken together. */
static struct login_keys join_logins(const struct login_keys *own, const struct login_keys *common)
{
    const struct login_keys *pair = own->cert != NULL || own->key != NULL ? own : common;
    const struct login_keys *account = own->username != NULL || own->password_file != NULL ? own : common;
    return (struct login_keys){
        .ca = own->ca != NULL ? own->ca : common->ca,
        .cert = pair->cert,
        .key = pair->key,
        .username = account->username,
        .password_file = account->password_file,
    };
}

static bool check_login(struct load *load, const struct node *node, const struct login_keys *login)
{
    const char *lacking = NULL;
    if ((login->cert != NULL) != (login->key != NULL)) {
        lacking = login->cert == NULL ? "has key but no cert, give both" : "has cert but no key, give both";
    } else if (login->password_file != NULL && login->username == NULL) {
        lacking = "has password_file but no username, give both";
    }
    if (lacking != NULL) {
        report_fault(load->reader.report, node, "%s", lacking);
    }
    return lacking == NULL;
}

/* As the uplink has it (drivers/uplink/credential.c): its owner alone may open it; its group may read it if root owns
 * it. */
static bool is_open_to_others(unsigned mode, bool is_roots)
{
    return (mode & (is_roots ? 037U : 077U)) != 0;
}

static void check_file(struct load *load, const struct node *node, const char *path, bool is_secret)
{
    unsigned mode = 0;
    bool is_roots = false;
    const enum status status = file_look(path, &mode, &is_roots);
    if (status == STATUS_NOT_FOUND) {
        report_fault(load->reader.report, node,
                     "there is no such file, put it there (seen from this file's folder) or remove this key");
    } else if (status == STATUS_INVALID) {
        report_fault(load->reader.report, node, "%s is a folder or device, name a file", path);
    } else if (status != STATUS_OK) {
        report_fault(load->reader.report, node, "%s cannot be looked at (%s), give the gateway's user its folder", path,
                     status_text(status));
    } else if (is_secret && is_open_to_others(mode, is_roots)) {
        report_fault(load->reader.report, node,
                     "other users can open this secret (mode %04o), run: chmod 600 %s, or 640 if it is root's", mode,
                     path);
    }
}

/* The files that a broker, or the uplink for all of its brokers, names. */
static void check_files(struct load *load, const struct node *mapping)
{
    static const struct {
        const char *key;
        bool is_secret;
    } files[] = {{"ca", false}, {"cert", false}, {"key", true}, {"password_file", true}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const struct node *node = node_child(mapping, files[i].key);
        const char *path = node != NULL && node->kind == NODE_TEXT && node->text[0] != '\0'
                               ? file_path(load->folder, node->text, load->trees)
                               : NULL;
        if (path != NULL) {
            check_file(load, node, path, files[i].is_secret);
            pool_note_file(load->trees, path);
        }
    }
}

static const char *resolve(struct load *load, const char *path)
{
    return path != NULL ? file_path(load->folder, path, load->reader.pool) : NULL;
}

static void fill_login(struct load *load, const struct login_keys *login, struct broker_settings *broker)
{
    if (broker->tls) {
        broker->ca = resolve(load, login->ca);
        broker->cert = resolve(load, login->cert);
        broker->key = resolve(load, login->key);
    }
    broker->username = login->username;
    broker->password_file = resolve(load, login->password_file);
}

/* Vital signs may leave this host only encrypted, unless somebody has taken that upon himself in so many words. */
static bool check_secrecy(struct load *load, const struct node *node, const struct broker_settings *broker,
                          const struct login_keys *login)
{
    if (broker->tls && login->ca == NULL) {
        report_fault(load->reader.report, node, "mqtts:// needs ca, the certificates that may sign the broker's");
        return false;
    }
    if (!broker->tls && !url_host_is_loopback(broker->host) && !load->settings->uplink.insecure) {
        report_fault(load->reader.report, node,
                     "mqtt:// to %s sends vital signs unencrypted, use mqtts:// or set \"insecure: true\" in uplink",
                     broker->host);
        return false;
    }
    return true;
}

static bool read_url(struct load *load, const struct node *node, const char *text, struct broker_settings *broker)
{
    struct url url;
    const char *wrong = url_split(text, &url);
    if (wrong != NULL) {
        report_fault(load->reader.report, node, "%s", wrong);
        return false;
    }
    broker->tls = strcmp(url.scheme, "mqtts") == 0;
    if (!broker->tls && strcmp(url.scheme, "mqtt") != 0) {
        report_fault(load->reader.report, node, "\"%s://\" is not known here, write mqtt:// or mqtts://", url.scheme);
        return false;
    }
    const bool has_port = url.port != 0;
    broker->port = has_port ? url.port : broker->tls ? PORT_MQTTS : PORT_MQTT;
    broker->host = pool_text(load->reader.pool, url.host, strlen(url.host));
    broker->url = has_port ? text : pool_format(load->reader.pool, "%s:%u", text, broker->port);
    return broker->host != NULL && broker->url != NULL;
}

/* A broker is a text, or a mapping where it has more to say. */
static bool read_broker(struct load *load, const struct node *item, const struct login_keys *common,
                        struct broker_settings *out)
{
    static const struct field text_field = {
        .name = "url", .offset = offsetof(struct broker_keys, url), .type = FIELD_TEXT, .high = URL_HOST_MAX};
    struct broker_keys keys = {.url = NULL};
    const bool is_mapping = item->kind == NODE_MAPPING;
    const bool is_whole = is_mapping ? section_read(&load->reader, item, &broker_section, &keys)
                                     : field_read(&load->reader, item, &text_field, &keys);
    if (is_mapping) {
        check_files(load, item);
    }
    const struct login_keys login = join_logins(&keys.login, common);
    struct broker_settings broker = {.url = NULL};
    if (!is_whole || !check_login(load, item, &keys.login) || !read_url(load, item, keys.url, &broker) ||
        !check_secrecy(load, item, &broker, &login)) {
        return false;
    }
    fill_login(load, &login, &broker);
    *out = broker;
    return true;
}

static void read_brokers(struct load *load, const struct node *list, const struct login_keys *common)
{
    if (list->child_count > SETTINGS_BROKERS_MAX) {
        report_fault(load->reader.report, list, "has %u brokers, at most %d", list->child_count, SETTINGS_BROKERS_MAX);
        return;
    }
    for (const struct node *item = list->first; item != NULL; item = item->next) {
        if (read_broker(load, item, common, &load->settings->uplink.brokers[load->settings->uplink.broker_count])) {
            load->settings->uplink.broker_count++;
        }
    }
}

void uplink_read(struct load *load, const struct node *node)
{
    assert(load != NULL && node != NULL);
    struct uplink_keys keys = {.brokers = NULL};
    const bool is_whole = section_read(&load->reader, node, &uplink_section, &keys);
    check_files(load, node);
    load->settings->uplink.topic_root = keys.topic_root;
    load->settings->uplink.version = keys.version == MQTT_VERSION_5 ? 5 : 4;
    load->settings->uplink.insecure = keys.insecure != 0;
    load->settings->uplink.keep_alive_s = (uint16_t)(keys.keep_alive / 1000);
    load->settings->uplink.publish_interval_ms = (uint32_t)keys.publish_interval;
    load->settings->uplink.return_after_ms = (uint32_t)keys.return_after;
    load->settings->uplink.backlog_rate = (uint32_t)keys.backlog_rate;
    load->settings->uplink.boards = (uint8_t)keys.boards;
    if (is_whole && check_login(load, node, &keys.login)) {
        read_brokers(load, keys.brokers, &keys.login);
    }
}
