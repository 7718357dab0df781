#include "app/box/setup.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/box/adopt.h"
#include "app/box/boot_partition.h"
#include "app/box/fileset.h"
#include "app/box/generate.h"
#include "app/box/taken.h"
#include "app/gateway.h"

#define NETWORK_FILE  "network.yaml"
#define CHRONY_FOLDER "chrony" /* in data */

/* The certificates that network.yaml names: whose they are, and the name in run under which those who hold them against it find them. */
enum certificate { OF_LOG, OF_TIME, CERTIFICATES };
static const struct {
    const char *whose, *name;
} certificates[CERTIFICATES] = {
    [OF_LOG] = {"log server", "syslog-ca.pem"}, [OF_TIME] = {"time servers", "time-ca.pem"}};

struct setup {
    const struct box_places *places;
    struct box_outcome *outcome;
    struct pool pool;
    struct network_settings network;
    struct settings *settings; /* of what is in force; NULL: none, or not good */
    const char *network_file;  /* that `network` was read from */
    struct fileset held;       /* that the network.yaml in data/etc names, as they were there */
    enum status status;        /* of the first that could not be written */
};

/* ---- network.yaml ---- */

/* What is wrong, in lines that name the file as the person knows it. */
static void print_problems(const struct settings_report *report, char *out, size_t size)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    if (stream == NULL) {
        box_add_line(out, size, NETWORK_FILE ": out of memory");
        return;
    }
    settings_print_report(report, stream, false);
    if (fclose(stream) == 0) {
        for (const char *line = text; *line != '\0'; line += *line == '\n' ? 1 : 0) {
            const size_t whole = strcspn(line, "\n");
            const char *name = strstr(line, NETWORK_FILE);
            const char *from =
                strncmp(line, "wardgate: ", 10) == 0 && name != NULL && name < line + whole ? name : line;
            box_add_line(out, size, "%.*s", (int)(line + whole - from), from);
            line += whole;
        }
    }
    free(text);
}

/* True when it is good, or says nothing; `out` is then whole. */
static bool read_network(struct setup *s, const char *folder, bool tells)
{
    struct network_settings network;
    struct settings_report *report = calloc(1, sizeof *report);
    const char *path = pool_format(&s->pool, "%s/" NETWORK_FILE, folder); /* the pool keeps it as a file's name */
    const bool is_sound = report != NULL && path != NULL && network_read(path, &s->pool, &network, report);
    if (is_sound) {
        s->network = network;
        s->network_file = path;
        s->outcome->network_warnings[0] = '\0';
        print_problems(report, s->outcome->network_warnings, sizeof s->outcome->network_warnings);
    } else if (report != NULL && tells) {
        print_problems(report, s->outcome->network_problems, sizeof s->outcome->network_problems);
    }
    free(report);
    return is_sound;
}

/* As it was written, but without a ./ before it; NULL: none. */
static const char *certificate_path(const struct setup *s, enum certificate which)
{
    const char *path = which == OF_LOG ? s->network.syslog_ca : s->network.time_ca;
    while (path != NULL && strncmp(path, "./", 2) == 0) {
        path += 2;
    }
    return path;
}

/* A file that its owner named, as seen from where it is read, to the same place beside the one that is kept. */
static enum status keep_beside(struct setup *s, const char *etc, const char *name, const struct publish_mode *mode)
{
    char from[PUBLISH_PATH_MAX], to[PUBLISH_PATH_MAX], folder[PUBLISH_PATH_MAX];
    struct file_bytes text;
    if (!publish_path(from, s->places->boot, name) || !publish_path(to, etc, name)) {
        return STATUS_TOO_LARGE;
    }
    enum status status = file_read(from, &s->pool, &text);
    (void)snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(to, '/') - to), to);
    status = status == STATUS_OK ? publish_folder(folder, mode) : status;
    return status == STATUS_OK ? publish_file(to, mode, text.bytes, text.size) : status;
}

/* 0: there is none that can be read. */
static uint64_t network_digest(struct setup *s, const char *folder)
{
    char path[PUBLISH_PATH_MAX];
    struct file_bytes text;
    return publish_path(path, folder, NETWORK_FILE) && file_read(path, &s->pool, &text) == STATUS_OK
               ? taken_digest(&text)
               : 0;
}

static void keep_network(struct setup *s, const char *etc)
{
    const struct publish_mode mode = box_mode_private();
    const uint64_t digest = network_digest(s, s->places->boot);
    enum status status = STATUS_OK;
    for (enum certificate i = 0; i < CERTIFICATES && status == STATUS_OK; i++) {
        const char *path = certificate_path(s, i);
        status = path != NULL ? keep_beside(s, etc, path, &mode) : STATUS_OK;
    }
    status = status == STATUS_OK ? keep_beside(s, etc, NETWORK_FILE, &mode) : status;
    if (status == STATUS_OK) {
        status = taken_write(s->places->data, TAKEN_NETWORK, &(struct taken){.of_boot = digest, .kept = digest});
    }
    if (status != STATUS_OK) {
        box_add_line(s->outcome->notes, sizeof s->outcome->notes,
                     NETWORK_FILE " cannot be kept (%s: %s): without this boot partition the box would not know it",
                     etc, status_text(status));
    }
}

/* What the network.yaml that is kept names, before another wardgate.yaml comes into force with files of its own. What lies elsewhere stays anyhow. */
static void hold_certificates(struct setup *s)
{
    char etc[PUBLISH_PATH_MAX], path[PUBLISH_PATH_MAX];
    const bool is_read = publish_path(etc, s->places->data, "etc") && read_network(s, etc, false);
    for (enum certificate i = 0; is_read && i < CERTIFICATES; i++) {
        struct fileset_file file = {.path = certificate_path(s, i)};
        if (file.path != NULL && strstr(file.path, "..") == NULL && publish_path(path, etc, file.path) &&
            file_read(path, &s->pool, &file.text) == STATUS_OK) {
            (void)fileset_add(&s->held, &file); /* has room for all of them */
        }
    }
}

/* The network.yaml that stays in force names a file that the new wardgate.yaml has brought another one of. */
static void note_clash(struct setup *s)
{
    char etc[PUBLISH_PATH_MAX], path[PUBLISH_PATH_MAX];
    const bool is_kept = s->outcome->network == BOX_OTHER || s->outcome->network == BOX_OLDER;
    for (enum certificate i = 0; is_kept && i < CERTIFICATES; i++) {
        const char *name = certificate_path(s, i);
        const struct fileset_file *held = name != NULL ? fileset_find(&s->held, name) : NULL;
        if (held != NULL && publish_path(etc, s->places->data, "etc") && publish_path(path, etc, name) &&
            !publish_is_there(path, held->text.bytes, held->text.size)) {
            box_add_line(s->outcome->notes, sizeof s->outcome->notes,
                         "%s: the one of " FILESET_MAIN " has taken the place of the certificate of the %s that "
                         "the " NETWORK_FILE " in force names: give it another name",
                         name, certificates[i].whose);
        }
    }
}

/* What is kept came by another way, and nobody has changed the one of the boot partition since. */
static bool is_network_restored(struct setup *s, const char *etc)
{
    struct taken taken;
    const uint64_t kept = network_digest(s, etc), of_boot = network_digest(s, s->places->boot);
    taken_read(s->places->data, TAKEN_NETWORK, &taken);
    return kept != 0 && (of_boot == 0 || of_boot == taken.of_boot) && taken_is_other(&taken, kept);
}

static void choose_network(struct setup *s)
{
    char path[PUBLISH_PATH_MAX], etc[PUBLISH_PATH_MAX], kept[PUBLISH_PATH_MAX], why[FILESET_FAULT_MAX];
    network_defaults(&s->network);
    s->outcome->network = BOX_NONE;
    s->outcome->network_warnings[0] = '\0';
    if (!publish_path(etc, s->places->data, "etc") || !publish_path(kept, etc, NETWORK_FILE) ||
        !publish_path(path, s->places->boot, NETWORK_FILE)) {
        return;
    }
    const bool is_there = file_is_there(path), was_there = file_is_there(kept);
    const bool tells = !boot_partition_is_lost(s->places, why, sizeof why); /* told once, by adopt.c */
    if (is_network_restored(s, etc) && read_network(s, etc, false)) {
        s->outcome->network = BOX_OTHER;
    } else if ((is_there || was_there) && read_network(s, s->places->boot, tells)) {
        s->outcome->network = BOX_NEW;
        keep_network(s, etc);
    } else if (was_there && read_network(s, etc, false)) {
        s->outcome->network = BOX_OLDER;
    }
}

/* ---- files for the services ---- */

/* text: what a service wants to read, freed here; NULL: there is to be no such file. */
static void put(struct setup *s, const char *name, char *text, bool is_wanted)
{
    char path[PUBLISH_PATH_MAX];
    const struct publish_mode mode = box_mode_public();
    enum status status = publish_path(path, s->places->run, name) ? STATUS_OK : STATUS_TOO_LARGE;
    if (status == STATUS_OK) {
        status = !is_wanted ? publish_remove(path) : text != NULL ? publish_text(path, &mode, text) : STATUS_NO_MEMORY;
    }
    s->status = s->status == STATUS_OK ? status : s->status;
    free(text);
}

static void put_interface(struct setup *s, const struct network_interface *in)
{
    char name[64];
    (void)snprintf(name, sizeof name, "network.new/50-%s.network", in->name);
    put(s, name, generate_network(in), true);
    if (in->vlan != 0) {
        (void)snprintf(name, sizeof name, "network.new/60-%s.%u.netdev", in->name, in->vlan);
        put(s, name, generate_tagged_device(in), true);
        (void)snprintf(name, sizeof name, "network.new/60-%s.%u.network", in->name, in->vlan);
        put(s, name, generate_tagged_network(in), true);
    }
}

/* All of them at once: half of them would be another network. */
static void put_interfaces(struct setup *s)
{
    char next[PUBLISH_PATH_MAX], now[PUBLISH_PATH_MAX];
    const struct publish_mode mode = box_mode_public();
    enum status status = STATUS_TOO_LARGE;
    if (publish_path(next, s->places->run, "network.new") && publish_path(now, s->places->run, "network")) {
        status = publish_remove(next);
        status = status == STATUS_OK ? publish_folder(next, &mode) : status;
    }
    s->status = s->status == STATUS_OK ? status : s->status;
    for (unsigned i = 0; i < s->network.interface_count; i++) {
        put_interface(s, &s->network.interfaces[i]);
    }
    if (s->network.interface_count == 0) {
        put(s, "network.new/50-wired.network", generate_network(NULL), true);
    }
    s->status = s->status == STATUS_OK ? publish_exchange(next, now) : s->status;
    (void)!publish_remove(next);
}

/* Where the service can read them whatever becomes of the boot partition. path: written, also where there are none. */
static void put_certificates(struct setup *s, enum certificate which, char path[PUBLISH_PATH_MAX])
{
    const char *ca = certificate_path(s, which);
    const char *from = ca != NULL ? file_path(file_folder(s->network_file, &s->pool), ca, &s->pool) : NULL;
    struct file_bytes text = {(const unsigned char *)"", 0};
    const struct publish_mode mode = box_mode_public();
    if (publish_path(path, s->places->run, certificates[which].name) && from != NULL &&
        file_read(from, &s->pool, &text) == STATUS_OK) {
        const enum status status = publish_file(path, &mode, text.bytes, text.size);
        s->status = s->status == STATUS_OK ? status : s->status;
    }
}

static void put_syslog(struct setup *s, const char *host_name)
{
    char ca[PUBLISH_PATH_MAX];
    put_certificates(s, OF_LOG, ca);
    put(s, "rsyslog.conf", generate_syslog(&s->network, host_name, ca), s->network.syslog_host != NULL);
}

static void put_time(struct setup *s)
{
    char ca[PUBLISH_PATH_MAX], state[PUBLISH_PATH_MAX];
    put_certificates(s, OF_TIME, ca);
    put(s, "chrony.conf",
        publish_path(state, s->places->data, CHRONY_FOLDER) ? generate_time(&s->network, state, ca) : NULL, true);
}

static char *format(const char *before, const char *text)
{
    char *out = NULL;
    return asprintf(&out, "%s%s\n", before, text) < 0 ? NULL : out;
}

static void put_all(struct setup *s)
{
    const char *host_name = s->outcome->gateway[0] != '\0' ? s->outcome->gateway : "wardgate";
    put_interfaces(s);
    put(s, "nftables.conf", generate_firewall(&s->network, s->settings), true);
    put_time(s);
    put(s, "hostname", format("", host_name), true);
    put(s, "wardgate.env", format("TZ=", s->network.time_zone), true);
    put(s, "authorized_keys", generate_authorized_keys(&s->network), s->network.ssh_key_count > 0);
    put_syslog(s, host_name);
}

/* ---- the whole ---- */

/* What is in force, for what it listens on and who it is. */
static void load_settings(struct setup *s)
{
    char path[PUBLISH_PATH_MAX];
    struct settings_report *report = calloc(1, sizeof *report);
    if (report != NULL && publish_path(path, s->places->data, BOX_CONFIGURATION) && file_is_there(path) &&
        settings_load(path, gateway_profiles(), &s->settings, report)) {
        (void)snprintf(s->outcome->gateway, sizeof s->outcome->gateway, "%s", s->settings->gateway.id);
    }
    free(report);
}

enum status setup_run(const struct box_places *places, int64_t wall_ms, struct box_outcome *out)
{
    assert(places != NULL && out != NULL);
    const struct publish_mode mode = box_mode_public();
    struct setup *s = calloc(1, sizeof *s);
    *out = (struct box_outcome){.ward = BOX_NONE};
    if (s == NULL) {
        return STATUS_NO_MEMORY;
    }
    s->places = places;
    s->outcome = out;
    pool_init(&s->pool, 2 * FILESET_BYTES_MAX);
    s->status = publish_folder(places->run, &mode);
    adopt_settle(places);
    hold_certificates(s);
    adopt_run(places, wall_ms, &s->held, out);
    load_settings(s);
    choose_network(s);
    note_clash(s);
    put_all(s);
    for (unsigned i = 0; i < s->network.interface_count; i++) {
        box_add_line(out->interfaces, sizeof out->interfaces, "%s", s->network.interfaces[i].name);
    }
    out->console = s->network.console;
    (void)snprintf(out->led, sizeof out->led, "%s", s->network.led);
    const enum status written = box_outcome_write(out, places->run);
    const enum status status = s->status == STATUS_OK ? written : s->status;
    settings_free(s->settings);
    pool_fini(&s->pool);
    free(s);
    return status;
}
