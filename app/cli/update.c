#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/cli/update_show.h"
#include "app/gateway.h"
#include "app/settings/plain.h"
#include "app/update/good.h"
#include "app/update/stick.h"
#include "app/update/tool.h"
#include "app/update/trust.h"

#define SYSTEM_USUAL   "/etc/rauc/system.conf"
#define DATA_USUAL     "/data"
#define RUN_USUAL      "/run/box"
#define STORE_USUAL    "/var/lib/wardgate"
#define REBOOT_WAIT_MS 60000
#define LOOK_MS        2000
#define GOOD_FOR_S     60
#define GOOD_WITHIN_S  300
#define TIME_MOST_S    86400
#define EXIT_NOT_YET   75 /* EX_TEMPFAIL: wardgate-good.service begins anew */

enum task { TASK_INSTALL, TASK_CHECK, TASK_STATUS, TASK_STICK, TASK_GOOD, TASK_TRUST };

struct options {
    enum task task;
    const char *file, *configuration, *system, *data, *run, *kernel;
    bool has_task, allow_older, json, reboot;
    struct good_times times;
};

/* ---- words ---- */

static bool read_seconds(const char *text, int *out)
{
    char *end = NULL;
    const long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < 1 || value > TIME_MOST_S) {
        return false;
    }
    *out = (int)value;
    return true;
}

/* True: one of the options with a value, at argv[*index]. */
static bool take_value(int argc, char **argv, int *index, struct options *o, bool *out_bad)
{
    const struct {
        const char *brief, *name;
        const char **to;
    } texts[] = {{"-c", "--config", &o->configuration},
                 {NULL, "--system", &o->system},
                 {NULL, "--data", &o->data},
                 {NULL, "--run", &o->run},
                 {NULL, "--kernel", &o->kernel}};
    const struct {
        const char *name;
        int *to;
    } seconds[] = {{"--for", &o->times.for_s}, {"--within", &o->times.within_s}};
    const char *value = NULL;
    for (unsigned i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if ((value = command_option(argc, argv, index, texts[i].brief, texts[i].name)) != NULL) {
            *texts[i].to = value;
            *out_bad = *value == '\0';
            return true;
        }
    }
    for (unsigned i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        if ((value = command_option(argc, argv, index, NULL, seconds[i].name)) != NULL) {
            *out_bad = !read_seconds(value, seconds[i].to);
            return true;
        }
    }
    return false;
}

static bool take_task(const char *word, struct options *o)
{
    static const struct {
        const char *word;
        enum task task;
    } tasks[] = {{"--check", TASK_CHECK},
                 {"--status", TASK_STATUS},
                 {"--stick", TASK_STICK},
                 {"--good", TASK_GOOD},
                 {"--trust", TASK_TRUST}};
    for (unsigned i = 0; i < sizeof tasks / sizeof tasks[0]; i++) {
        if (strcmp(word, tasks[i].word) == 0 && !o->has_task) {
            o->task = tasks[i].task;
            o->has_task = true;
            return true;
        }
    }
    return false;
}

static bool take_flag(const char *word, struct options *o)
{
    bool *const flag = strcmp(word, "--allow-older") == 0 ? &o->allow_older
                       : strcmp(word, "--json") == 0      ? &o->json
                       : strcmp(word, "--reboot") == 0    ? &o->reboot
                                                          : NULL;
    if (flag != NULL) {
        *flag = true;
    }
    return flag != NULL;
}

static int parse(int argc, char **argv, struct options *o)
{
    *o = (struct options){.configuration = COMMAND_DEFAULT_CONFIGURATION,
                          .system = SYSTEM_USUAL,
                          .data = DATA_USUAL,
                          .run = RUN_USUAL,
                          .kernel = SLOTS_KERNEL,
                          .times = {.for_s = GOOD_FOR_S, .within_s = GOOD_WITHIN_S, .look_ms = LOOK_MS}};
    for (int i = 1; i < argc; i++) {
        bool is_bad = false;
        if (take_value(argc, argv, &i, o, &is_bad) ? is_bad : !take_task(argv[i], o) && !take_flag(argv[i], o)) {
            if (is_bad || argv[i][0] == '-' || o->file != NULL) {
                return command_misused(&command_update, "'%s' is no option, or its value is missing or wrong", argv[i]);
            }
            o->file = argv[i];
        }
    }
    const bool wants_file = o->task != TASK_STATUS && o->task != TASK_GOOD;
    return wants_file == (o->file != NULL) ? COMMAND_OK
           : wants_file                    ? command_misused(&command_update, "a file is missing")
                                           : command_misused(&command_update, "'%s' is one word too many", o->file);
}

/* ---- the tasks ---- */

static void tell_progress(void *context, int percent, const char *what)
{
    const struct options *o = context;
    if (!o->json) {
        (void)printf("%3d %% %s\n", percent, what);
        (void)fflush(stdout);
    }
}

static int refused(const struct options *o, const struct install_verdict *verdict)
{
    if (o->json) {
        update_show_refused(verdict);
    } else {
        command_complain("%s", verdict->text);
    }
    return COMMAND_FAILED;
}

static int restart_box(void)
{
    /* `systemctl reboot` asks for a session manager first, which a box has not. */
    static const char *const arguments[] = {"systemctl",     "start", "--no-block", "--job-mode=replace-irreversibly",
                                            "reboot.target", NULL};
    if (tool_run(arguments, REBOOT_WAIT_MS, NULL, NULL) != 0) {
        command_complain("the box does not start again by itself, say `systemctl reboot`, or switch it off and on");
        return COMMAND_FAILED;
    }
    return COMMAND_OK;
}

static int install(const struct options *o, const struct update_box *box, const char *file, const struct bundle *bundle)
{
    struct slots slots;
    struct install_verdict verdict = {.word = ""};
    if (!o->json) {
        (void)printf("%s: %s, signed for this box, all of it\n", file, bundle->version);
        (void)fflush(stdout);
    }
    if (!install_run(box, file, bundle, &slots, tell_progress, (void *)(uintptr_t)o, &verdict)) {
        return refused(o, &verdict);
    }
    update_show_installed(box, bundle, &slots, o->reboot, o->json);
    (void)fflush(stdout);
    return o->reboot ? restart_box() : COMMAND_OK;
}

static int check_or_install(const struct options *o, const struct update_box *box)
{
    struct bundle bundle;
    struct install_verdict verdict;
    if (!install_check(box, o->file, o->allow_older, &bundle, &verdict)) {
        return refused(o, &verdict);
    }
    if (o->task == TASK_CHECK) {
        update_show_good(o->file, &bundle, o->json);
        return COMMAND_OK;
    }
    return install(o, box, o->file, &bundle);
}

/* All of it goes to standard output, for the report on the stick. */
static int from_stick(const struct options *o, const struct update_box *box)
{
    static struct stick stick;
    struct slots slots;
    struct install_verdict verdict = {.word = ""};
    const bool chosen = stick_choose(box, o->file, &stick);
    (void)printf("This box runs wardgate %s.\n%s", box->version, stick.text);
    (void)fflush(stdout);
    if (!chosen) {
        return COMMAND_FAILED;
    }
    if (!install_run(box, stick.file, &stick.bundle, &slots, tell_progress, (void *)(uintptr_t)o, &verdict)) {
        plain_mask_line(verdict.text, strlen(verdict.text)); /* the name of a file of the stick stands in it */
        (void)printf("%s\n", verdict.text);
        return COMMAND_FAILED;
    }
    update_show_installed(box, &stick.bundle, &slots, o->reboot, false);
    (void)fflush(stdout);
    return o->reboot ? restart_box() : COMMAND_OK;
}

static int show_status(const struct options *o, const struct update_box *box)
{
    struct slots slots;
    if (slots_read(&slots) != STATUS_OK) {
        command_complain("RAUC does not answer (%s), see `journalctl -u rauc`",
                         slots.said[0] != '\0' ? slots.said : "it says nothing");
        return COMMAND_FAILED;
    }
    update_show_status(box, &slots, o->json);
    return COMMAND_OK;
}

static int exit_of(enum good_end end)
{
    return end == GOOD_MARKED ? COMMAND_OK : end == GOOD_NOT_YET ? EXIT_NOT_YET : COMMAND_FAILED;
}

static int wait_until_good(const struct options *o, const struct update_box *box)
{
    struct slots slots;
    char said[INSTALL_TEXT_MAX];
    enum good_end end = good_slots(box, &o->times, &slots, said, sizeof said);
    if (end != GOOD_MARKED) {
        command_complain("%s", said);
        return exit_of(end);
    }
    good_look_back(box, &slots, said, sizeof said);
    if (said[0] != '\0') {
        command_complain("%s", said);
    }
    end = good_wait(box, &slots, &o->times, said, sizeof said);
    command_complain("%s", said);
    return exit_of(end);
}

static int trust(const struct options *o, const struct update_box *box)
{
    char said[INSTALL_TEXT_MAX];
    const enum trust_end end = trust_take(box, o->file, said, sizeof said);
    if (said[0] != '\0') {
        command_complain("%s", said);
    }
    return end == TRUST_FAULT ? COMMAND_FAILED : COMMAND_OK;
}

static int run_task(const struct options *o, const struct update_box *box)
{
    switch (o->task) {
    case TASK_STATUS:
        return show_status(o, box);
    case TASK_STICK:
        return from_stick(o, box);
    case TASK_GOOD:
        return wait_until_good(o, box);
    case TASK_TRUST:
        return trust(o, box);
    case TASK_INSTALL:
    case TASK_CHECK:
        break;
    }
    return check_or_install(o, box);
}

/* Faults of the configuration are the gateway's to tell: an update goes on without. */
static struct settings *quiet_settings(const char *file)
{
    struct settings_report *report = calloc(1, sizeof *report);
    struct settings *settings = NULL;
    if (report != NULL) {
        (void)settings_load(file, gateway_profiles(), &settings, report);
    }
    free(report);
    return settings;
}

static int run(int argc, char **argv)
{
    struct options o;
    const int usage = parse(argc, argv, &o);
    if (usage != COMMAND_OK) {
        return usage;
    }
    struct update_box box = {.system = o.system,
                             .data = o.data,
                             .run = o.run,
                             .store = STORE_USUAL,
                             .version = WARDGATE_VERSION,
                             .kernel = o.kernel};
    if (!slots_system(o.system, &box.conf)) {
        command_complain(
            "this is no box from wardgate's image (%s), update its package instead (`apt install ./wardgate.deb`)",
            o.system);
        return COMMAND_FAILED;
    }
    struct settings *settings = quiet_settings(o.configuration);
    if (settings != NULL) {
        box.store = settings->store.path;
        box.socket = settings->status_socket;
    }
    const int result = run_task(&o, &box);
    settings_free(settings);
    return result;
}

const struct command command_update = {
    .name = "update",
    .arguments = "[--allow-older] [--reboot] [--json] FILE | --check FILE | --status | --stick DIR",
    .summary = "a box from the image: install a signed update, or say how it stands",
    .details =
        "  FILE            a bundle (`make bundle`). Signature, every block, board, version and size are looked at\n"
        "                  before anything is written; it goes into the slot that does not run\n"
        "  --allow-older   also a version that is older, or the same\n"
        "  --reboot        start the box again with it at once; else the next start takes it\n"
        "  --check FILE    look, and install nothing\n"
        "  --status        both slots: which runs, what is in them, what became of the last update\n"
        "  --stick DIR     the one newer update of a USB stick\n"
        "  --json          for a program\n"
        "  -c FILE         the configuration that the gateway runs with\n\n"
        "For the units of a box: --good marks the running slot once the gateway has run well for a minute\n"
        "(--for SECONDS), and fails when an update did not come so far in five (--within SECONDS); --trust FILE takes\n"
        "the hospital's update certificate, once. Of another root: --system FILE (RAUC's), --data DIR,\n"
        "--run DIR, --kernel FILE (the kernel's arguments).\n\n"
        "  wardgate update /data/wardgate-0.2.0.raucb --reboot\n"
        "  wardgate update --status\n",
    .run = run,
};
