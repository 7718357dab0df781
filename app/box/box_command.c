/*
 * wardgate box: what only a box does that was flashed with wardgate's image.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/box/box.h"
#include "app/box/report.h"
#include "app/box/setup.h"
#include "app/cli/command.h"
#include "hal/clock.h"

#define PROCESSES_USUAL "/sys/fs/cgroup/system.slice/wardgate.service/cgroup.procs"

struct options {
    struct box_places places;
    struct report_ways ways;
    bool is_report, follows;
};

/* One of the options that take a value; NULL: none of them, or its value is missing. */
static const char *take_value(int argc, char **argv, int *index, struct options *o)
{
    const struct {
        const char *name, **value;
        bool is_of_report;
    } options[] = {{"--boot", &o->places.boot, false},
                   {"--data", &o->places.data, false},
                   {"--run", &o->places.run, false},
                   {"--processes", &o->places.processes, true},
                   {"--console", &o->ways.consoles[o->ways.consoles[0] != NULL], true},
                   {"--leds", &o->ways.leds, true}};
    const char *value = NULL;
    for (size_t i = 0; i < sizeof options / sizeof options[0] && value == NULL; i++) {
        value =
            o->is_report || !options[i].is_of_report ? command_option(argc, argv, index, NULL, options[i].name) : NULL;
        *options[i].value = value != NULL ? value : *options[i].value;
    }
    return value != NULL && *value != '\0' ? value : NULL;
}

static int parse(int argc, char **argv, struct options *o)
{
    *o = (struct options){
        {.boot = "/efi", .data = "/data", .run = "/run/box", .program = "/proc/self/exe", .processes = PROCESSES_USUAL},
        {.leds = "/sys/class/leds"},
        .is_report = argc > 1 && strcmp(argv[1], "report") == 0};
    if (argc < 2 || (!o->is_report && strcmp(argv[1], "setup") != 0)) {
        return command_misused(&command_box, "say what: setup or report");
    }
    for (int i = 2; i < argc; i++) {
        const char *word = argv[i];
        if (o->is_report && strcmp(word, "--follow") == 0) {
            o->follows = true;
        } else if (take_value(argc, argv, &i, o) == NULL) {
            return command_misused(&command_box, "'%s' is no option of %s, or its value is missing", word, argv[1]);
        }
    }
    return COMMAND_OK;
}

/* What is indented belongs to the line before. */
static void print_lines(const char *lines)
{
    while (*lines != '\0') {
        const size_t length = strcspn(lines, "\n");
        (void)fprintf(stderr, "%s%.*s\n", *lines != ' ' ? "wardgate: " : "", (int)length, lines);
        lines += length + (lines[length] == '\n' ? 1 : 0);
    }
}

static void print_outcome(const struct box_outcome *outcome)
{
    static const char *const ward[] = {[BOX_NONE] = "there is none: nothing is watched",
                                       [BOX_NEW] = "taken from the boot partition",
                                       [BOX_SAME] = "that of the boot partition, as before",
                                       [BOX_OTHER] = "not that of the boot partition: it was restored",
                                       [BOX_OLDER] = "the last good one: that of the boot partition is not good"};
    static const char *const network[] = {[BOX_NONE] = "the defaults",
                                          [BOX_NEW] = "that of the boot partition",
                                          [BOX_SAME] = "that of the boot partition",
                                          [BOX_OTHER] = "not that of the boot partition: it was restored",
                                          [BOX_OLDER] = "the last good one"};
    print_lines(outcome->ward_problems);
    print_lines(outcome->network_problems);
    print_lines(outcome->network_warnings);
    (void)printf("wardgate.yaml in force: %s\nnetwork.yaml in force: %s\n", ward[outcome->ward],
                 network[outcome->network]);
    for (const char *line = outcome->notes; *line != '\0';) {
        const size_t length = strcspn(line, "\n");
        (void)printf("%.*s\n", (int)length, line);
        line += length + (line[length] == '\n' ? 1 : 0);
    }
}

static int set_up(const struct box_places *places)
{
    static struct box_outcome outcome;
    const enum status status = setup_run(places, clock_wall_ms(), &outcome);
    print_outcome(&outcome);
    if (status != STATUS_OK) {
        command_complain("the services' files cannot be written (%s: %s), look at that folder", places->run,
                         status_text(status));
        return COMMAND_FAILED;
    }
    return COMMAND_OK;
}

/* Once, for a person: what is seen now is told, and printed. */
static int report_once(struct reporter *reporter)
{
    char *body = NULL;
    const enum status status = reporter_look(reporter, clock_boot_us(), true, &body);
    if (body != NULL) {
        (void)fputs(body, stdout);
    }
    free(body);
    return status == STATUS_OK ? COMMAND_OK : COMMAND_FAILED;
}

/* Until it is ended; a boot partition that is not writable now may be so later. */
static _Noreturn void report_on(struct reporter *reporter)
{
    for (;;) {
        (void)!reporter_look(reporter, clock_boot_us(), false, NULL);
        clock_sleep_until_us(clock_boot_us() + REPORT_LOOK_S * INT64_C(1000000));
    }
}

static int report(const struct options *o)
{
    struct reporter *reporter = calloc(1, sizeof *reporter);
    if (reporter == NULL) {
        command_complain("out of memory, free some and try again");
        return COMMAND_FAILED;
    }
    reporter_init(reporter, &o->places, &o->ways, clock_boot_us());
    if (o->follows) {
        report_on(reporter);
    }
    const int result = report_once(reporter);
    free(reporter);
    return result;
}

static int run(int argc, char **argv)
{
    struct options o;
    if (argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0)) {
        return command_help.run(2, (char *[]){argv[0], argv[0]});
    }
    const int usage = parse(argc, argv, &o);
    if (usage != COMMAND_OK) {
        return usage;
    }
    return o.is_report ? report(&o) : set_up(&o.places);
}

const struct command command_box = {
    .name = "box",
    .arguments = "setup | report [--follow] [--console FILE]... [--leds DIR] [--processes FILE]; both [--boot DIR] "
                 "[--data DIR] [--run DIR]",
    .summary = "set up a box that was flashed with wardgate, and say how it is",
    .details =
        "  --boot DIR       the boot partition, with wardgate.yaml and network.yaml (/efi)\n"
        "  --data DIR       what is kept: etc is what is in force (/data)\n"
        "  --run DIR        where the files for the services of the box go (/run/box)\n"
        "  --follow         go on, and tell what changes\n"
        "  --console FILE   where to show what is wrong, or that all is well: /dev/console; twice for two\n"
        "  --leds DIR       where the kernel has its lamps (/sys/class/leds)\n"
        "  --processes FILE the numbers of the gateway's processes (those of wardgate.service)\n\n"
        "setup, at each boot, takes wardgate.yaml and what it names from the boot partition when `wardgate check` "
        "says\n"
        "that they are good, else stays with the last good ones and says what is wrong; network.yaml likewise. Out of\n"
        "both it writes what systemd-networkd, nftables, chrony, sshd, rsyslog and wardgate.service read.\n"
        "report says what is wrong, where and what to do, or that N beds are watched: in report.txt on the boot\n"
        "partition, on the console and by a lamp: on (watches), on with short gaps (no broker), slow (no monitor\n"
        "answers), fast (a file is wrong), short flashes (nothing is watched).\n\n"
        "  wardgate box setup\n"
        "  wardgate box report\n"
        "  wardgate box report --follow --console /dev/console\n"
        "  wardgate box setup --boot ./efi --data ./data --run ./run\n",
    .run = run,
};
