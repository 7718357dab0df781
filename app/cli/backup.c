/*
 * wardgate backup: all that a box is, as one file, from which another one goes on (wardgate restore).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/backup/archive.h"
#include "app/backup/collect.h"
#include "app/backup/manifest.h"
#include "app/backup/state.h"
#include "app/cli/command.h"
#include "app/cli/local.h"
#include "app/engine/plural.h"
#include "app/flow/json.h"
#include "hal/clock.h"

struct options {
    const char *configuration, *file;
    bool json;
};

struct work {
    const struct options *options;
    struct settings *settings;
    struct archive_writer archive;
    struct manifest manifest;
    struct state_summary summary;
    struct json_lines store, head;
    bool has_store;
};

static int parse(int argc, char **argv, struct options *o)
{
    *o = (struct options){.configuration = COMMAND_DEFAULT_CONFIGURATION};
    for (int i = 1; i < argc; i++) {
        const char *const file = command_option(argc, argv, &i, "-c", "--config");
        if (file != NULL && *file != '\0') {
            o->configuration = file;
        } else if (strcmp(argv[i], "--json") == 0) {
            o->json = true;
        } else if (file != NULL || o->file != NULL || (argv[i][0] == '-' && argv[i][1] != '\0') || argv[i][0] == '\0') {
            return command_misused(&command_backup, "'%s' is no option, or its value is missing", argv[i]);
        } else {
            o->file = argv[i];
        }
    }
    return o->file != NULL ? COMMAND_OK : command_misused(&command_backup, "name the file to write, or - for a pipe");
}

/* ---- what goes into it ---- */

static void fill_head(struct work *w, int64_t wall_ms)
{
    struct manifest *m = &w->manifest;
    struct stat about;
    m->made_ms = wall_ms;
    m->schema = STORE_SCHEMA;
    (void)snprintf(m->wardgate, sizeof m->wardgate, "%s", WARDGATE_VERSION);
    (void)snprintf(m->gateway, sizeof m->gateway, "%s", w->settings->gateway.id);
    (void)snprintf(m->site, sizeof m->site, "%s", w->settings->gateway.site);
    (void)snprintf(m->ward, sizeof m->ward, "%s", w->settings->gateway.ward);
    if (stat(w->settings->store.path, &about) == 0) {
        collect_owner(about.st_uid, about.st_gid, m->user, m->group);
    }
}

/* A gateway that was never started has none: its configuration is worth keeping, too. */
static int save_store(struct work *w, int64_t wall_ms)
{
    char data[PATH_MAX];
    (void)snprintf(data, sizeof data, "%s/alerts", w->settings->store.path);
    w->has_store = access(data, F_OK) == 0;
    if (!w->has_store) {
        w->summary.engine_ms = wall_ms;
        return COMMAND_OK;
    }
    struct store *store = local_store_for_a_while(w->settings);
    if (store == NULL) {
        local_come_back();
        return COMMAND_FAILED;
    }
    const enum status status = state_save(store, wall_ms, &w->store, &w->summary);
    store_close(store);
    local_come_back();
    if (status == STATUS_CORRUPT) {
        command_complain("part of the store cannot be read (%s), the backup goes without it", w->settings->store.path);
    } else if (status != STATUS_OK) {
        command_complain("the store cannot be read (%s: %s), try again", w->settings->store.path, status_text(status));
        return COMMAND_FAILED;
    }
    return COMMAND_OK;
}

static int fill(struct work *w)
{
    char why[ARCHIVE_WHY_MAX] = "";
    const int64_t wall_ms = clock_wall_ms();
    archive_begin(&w->archive, wall_ms / 1000);
    fill_head(w, wall_ms);
    const int saved = save_store(w, wall_ms);
    if (saved != COMMAND_OK) {
        return saved;
    }
    (void)snprintf(w->manifest.epoch, sizeof w->manifest.epoch, "%s", w->summary.epoch);
    w->manifest.engine_ms = w->summary.engine_ms;
    if (collect_files(w->settings, &w->archive, &w->manifest, why) != STATUS_OK) {
        command_complain("a file of the configuration cannot be saved (%s), run this as root or mend it", why);
        return COMMAND_FAILED;
    }
    (void)manifest_write(&w->manifest, &w->head);
    (void)archive_add(&w->archive, MANIFEST_STORE, w->store.bytes, w->store.size, 0600);
    (void)archive_add(&w->archive, MANIFEST_NAME, w->head.bytes, w->head.size, 0600);
    const enum status status = w->head.status != STATUS_OK ? w->head.status : archive_close(&w->archive);
    if (status != STATUS_OK) {
        command_complain("the backup cannot be made (%s), free some memory", status_text(status));
    }
    return status == STATUS_OK ? COMMAND_OK : COMMAND_FAILED;
}

/* ---- where it goes ---- */

static bool write_all(int fd, const unsigned char *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t now = write(fd, bytes, size);
        if (now < 0 && errno != EINTR) {
            return false;
        }
        bytes += now > 0 ? now : 0;
        size -= now > 0 ? (size_t)now : 0;
    }
    return true;
}

static bool sync_folder(const char *file)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(file, '/');
    (void)snprintf(folder, sizeof folder, "%.*s",
                   slash == NULL   ? 1
                   : slash == file ? 1
                                   : (int)(slash - file),
                   slash == NULL ? "." : file);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool is_done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return is_done;
}

/* Under a name of its own until it is whole: what stood there before stays until then. */
static int write_file(const struct work *w)
{
    const char *file = w->options->file;
    char made[PATH_MAX];
    if (snprintf(made, sizeof made, "%s.new", file) >= (int)sizeof made) {
        command_complain("the name is too long (%s)", file);
        return COMMAND_USAGE;
    }
    (void)unlink(made);
    const int fd = open(made, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    const bool is_written =
        fd >= 0 && write_all(fd, w->archive.bytes, w->archive.size) && fsync(fd) == 0 && rename(made, file) == 0;
    const int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (!is_written || !sync_folder(file)) {
        command_complain("the backup cannot be written (%s: %s), name another place", file,
                         strerror(is_written ? errno : error));
        if (fd >= 0 && !is_written) {
            (void)unlink(made);
        }
        return COMMAND_FAILED;
    }
    return COMMAND_OK;
}

static int put_out(const struct work *w)
{
    if (strcmp(w->options->file, "-") != 0) {
        return write_file(w);
    }
    if (isatty(STDOUT_FILENO) != 0) {
        return command_misused(&command_backup, "a terminal is no place for keys, give - to a pipe");
    }
    if (!write_all(STDOUT_FILENO, w->archive.bytes, w->archive.size)) {
        command_complain("the backup cannot be written (%s)", strerror(errno));
        return COMMAND_FAILED;
    }
    return COMMAND_OK;
}

/* ---- what is said ---- */

static void tell_json(const struct work *w, FILE *out)
{
    char text[1024];
    struct json json;
    const struct state_summary *s = &w->summary;
    json_begin(&json, text, sizeof text);
    json_text(&json, "gateway", w->manifest.gateway);
    json_time(&json, "made", w->manifest.made_ms);
    json_unsigned(&json, "bytes", w->archive.size);
    json_unsigned(&json, "files", w->manifest.count);
    json_text(&json, "epoch", w->has_store ? s->epoch : NULL);
    json_unsigned(&json, "stays", s->stays);
    json_unsigned(&json, "limits", s->limits);
    json_unsigned(&json, "pauses", s->pauses);
    json_unsigned(&json, "alarms", s->alarms);
    json_unsigned(&json, "waiting", s->waiting);
    json_unsigned(&json, "left_out", s->left_out);
    (void)json_end(&json);
    (void)fprintf(out, "%s\n", text);
}

static void tell(const struct work *w, FILE *out)
{
    const struct state_summary *s = &w->summary;
    (void)fprintf(out, "%s: %zu KiB of %s, %u file%s of the configuration\n", w->options->file,
                  (w->archive.size + 1023) / 1024, w->manifest.gateway, w->manifest.count, plural_s(w->manifest.count));
    if (w->has_store) {
        (void)fprintf(out,
                      "  %u stay%s, %u limit%s set by command, %u pause%s, %u open alarm%s, %u alert%s that wait%s\n",
                      s->stays, plural_s(s->stays), s->limits, plural_s(s->limits), s->pauses, plural_s(s->pauses),
                      s->alarms, plural_s(s->alarms), s->waiting, plural_s(s->waiting), s->waiting == 1 ? "s" : "");
    } else {
        (void)fprintf(out, "  no store: this gateway has not run yet\n");
    }
    if (s->left_out > 0) {
        (void)fprintf(out, "  %u more alert%s wait%s and had no room: they are on this box alone\n", s->left_out,
                      plural_s(s->left_out), s->left_out == 1 ? "s" : "");
    }
    (void)fprintf(out, "  keys and passwords are in it: keep it where only those read it who may be this gateway\n");
}

static int make(const struct options *options)
{
    struct work *w = calloc(1, sizeof *w);
    int result = COMMAND_USAGE;
    if (w == NULL) {
        command_complain("out of memory, free some and try again");
        return COMMAND_FAILED;
    }
    w->options = options;
    json_lines_init(&w->store, STATE_LINES_MAX);
    json_lines_init(&w->head, 1U << 20);
    w->settings = command_settings_of_running(options->configuration);
    if (w->settings != NULL) {
        result = fill(w);
        result = result == COMMAND_OK ? put_out(w) : result;
    }
    if (result == COMMAND_OK) {
        FILE *out = strcmp(options->file, "-") == 0 ? stderr : stdout;
        (options->json ? tell_json : tell)(w, out);
    }
    settings_free(w->settings);
    json_lines_fini(&w->store);
    json_lines_fini(&w->head);
    free(w->archive.bytes);
    free(w);
    return result;
}

static int run(int argc, char **argv)
{
    struct options options;
    const int usage = parse(argc, argv, &options);
    return usage != COMMAND_OK ? usage : make(&options);
}

const struct command command_backup = {
    .name = "backup",
    .arguments = "[-c FILE] [--json] BACKUP",
    .summary = "what another box goes on from: configuration, keys, limits in force, open alarms",
    .details =
        "  -c FILE   the configuration that the gateway runs with, or ran with\n"
        "  BACKUP    the file to write, readable by its owner alone; - writes into a pipe\n"
        "  --json    what is in it, for a program\n\n"
        "The gateway may go on: stays, limits and alarms are taken as they are at one instant. In it: the "
        "configuration\n"
        "with its rules, profiles, models, certificates, KEYS AND PASSWORDS; network.yaml and authorized_keys beside "
        "it;\n"
        "stays, limits set by command, pauses, open alarms, alerts that wait for a broker. Not in it: history, the "
        "audit\n"
        "log, trends, what the package installed. It is a tar; `tar xf` and `sha256sum -c SHA256SUMS` read it.\n\n"
        "  wardgate backup /media/usb/gw-7e.tar\n"
        "  wardgate backup - | openssl cms -encrypt -binary -aes256 -outform DER -out gw-7e.cms safe.pem\n"
        "  wardgate restore gw-7e.tar\n",
    .run = run,
};
