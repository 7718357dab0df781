/*
 * Looks for monitors, names their profiles, and prints what to paste into the configuration.
 */
#include "drivers/monitor/probe.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/cli/command.h"
#include "app/cli/probe_name.h"
#include "app/cli/probe_profiles.h"
#include "app/flow/local_connection.h"
#include "app/flow/report.h"
#include "app/gateway.h"

enum {
    MODBUS_PORT = 502,
    ADDRESS_MAX = 247,
    ANSWER_MS = 150,
    SERIAL_S = 4,
    HL7_S = 60,
    FOUND_MAX = 256,
    ASK_MS = 1000
};

enum where { WHERE_SERIAL, WHERE_NETWORK, WHERE_CALLERS };

struct options {
    const char *configuration, *target, *profiles;
    int64_t baud, first, last, answer_ms, seconds;
    enum where where;
    char host[64];
    uint16_t port;
};

/* The one that the drivers talk to; prints as it goes and keeps what it found. */
struct finder {
    struct probe_listener listener; /* first */
    struct probe_finding found[FOUND_MAX];
    unsigned count;
    bool on_terminal, line_is_open, warned;
    int fault; /* errno of an opening that failed with STATUS_IO */
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

/* --- what the command line says ------------------------------------------------------------------------------ */

static bool read_number(const char *text, int64_t low, int64_t high, int64_t *out)
{
    char *end = NULL;
    const long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || value < low || value > high) {
        return false;
    }
    *out = value;
    return true;
}

/* "1-32", or one address alone. */
static bool read_addresses(const char *text, struct options *o)
{
    char low[8];
    const char *dash = strchr(text, '-');
    const size_t length = dash != NULL ? (size_t)(dash - text) : strlen(text);
    if (length >= sizeof low) {
        return false;
    }
    memcpy(low, text, length);
    low[length] = '\0';
    return read_number(low, 1, ADDRESS_MAX, &o->first) &&
           read_number(dash != NULL ? dash + 1 : low, o->first, ADDRESS_MAX, &o->last);
}

static bool read_options(int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc; i++) {
        const char *value = NULL;
        bool good = true;
        if ((value = command_option(argc, argv, &i, "-c", "--config")) != NULL) {
            o->configuration = value;
        } else if ((value = command_option(argc, argv, &i, NULL, "--profiles")) != NULL) {
            o->profiles = value;
        } else if ((value = command_option(argc, argv, &i, NULL, "--baud")) != NULL) {
            good = read_number(value, 1200, 921600, &o->baud);
        } else if ((value = command_option(argc, argv, &i, NULL, "--addresses")) != NULL) {
            good = read_addresses(value, o);
        } else if ((value = command_option(argc, argv, &i, NULL, "--answer")) != NULL) {
            good = read_number(value, 10, 10000, &o->answer_ms);
        } else if ((value = command_option(argc, argv, &i, NULL, "--seconds")) != NULL) {
            good = read_number(value, 1, 3600, &o->seconds);
        } else if (argv[i][0] != '-' && o->target == NULL) {
            o->target = argv[i];
        } else {
            good = false;
        }
        if (!good || (value != NULL && *value == '\0')) {
            (void)command_misused(&command_probe, "'%s' is no option, or its value is missing or out of range",
                                  argv[i]);
            return false;
        }
    }
    return true;
}

static bool read_target(struct options *o)
{
    if (o->target == NULL) {
        (void)command_misused(&command_probe, "say where to look: a serial device, an address, or listen:PORT");
        return false;
    }
    o->where = strchr(o->target, '/') != NULL ? WHERE_SERIAL : WHERE_NETWORK;
    const char *text = o->target;
    if (strncmp(text, "listen:", 7) == 0) {
        o->where = WHERE_CALLERS;
        text += 7;
    }
    if (o->where != WHERE_SERIAL &&
        !probe_name_split(text, o->where == WHERE_CALLERS, MODBUS_PORT, o->host, &o->port)) {
        (void)command_misused(&command_probe,
                              "'%s' is no address: write digits, with a port if it is not 502, or a device such as "
                              "/dev/ttyUSB0",
                              o->target);
        return false;
    }
    return true;
}

/* --- what the drivers tell ----------------------------------------------------------------------------------- */

static struct finder *finder_of(struct probe_listener *listener)
{
    return (struct finder *)(void *)listener; /* its first member */
}

static void clear_line(struct finder *finder)
{
    if (finder->line_is_open) {
        (void)fputs("\r\033[K", stderr);
        finder->line_is_open = false;
    }
}

static void progress(struct probe_listener *listener, unsigned done, unsigned total, const char *text)
{
    struct finder *finder = finder_of(listener);
    if (finder->on_terminal) {
        (void)fprintf(stderr, "\r\033[K%s: %u of %u", text, done, total);
        (void)fflush(stderr);
        finder->line_is_open = true;
    }
}

static void warn(struct probe_listener *listener, const char *text)
{
    struct finder *finder = finder_of(listener);
    clear_line(finder);
    finder->warned = true;
    command_complain("%s", text);
}

static void found(struct probe_listener *listener, const struct probe_finding *finding)
{
    struct finder *finder = finder_of(listener);
    clear_line(finder);
    if (finder->count < FOUND_MAX) {
        finder->found[finder->count++] = *finding;
    }
    if (finding->place[0] != '\0') {
        (void)printf("%s", finding->place);
    } else if (strcmp(finding->kind, "serial") == 0) {
        (void)printf("this line");
    } else {
        (void)printf("address %u", finding->address);
    }
    if (finding->baud != 0) {
        (void)printf(" at %u baud", finding->baud);
    }
    (void)printf(": %s%s%s%s", finding->profile != NULL ? finding->profile->name : "no profile fits",
                 finding->identity[0] != '\0' ? " (" : "", finding->identity, finding->identity[0] != '\0' ? ")" : "");
    if (finding->others > 0) {
        (void)printf(", the largest of %u maps that fit: compare with its manual", finding->others + 1U);
    }
    (void)printf("\n");
    (void)fflush(stdout);
}

static bool go_on(struct probe_listener *listener)
{
    (void)listener;
    return interrupted == 0;
}

/* --- looking ------------------------------------------------------------------------------------------------- */

static bool gateway_has(const struct settings *settings, const struct options *o)
{
    for (unsigned i = 0; i < settings->bus_count; i++) {
        const struct bus_settings *bus = &settings->buses[i];
        if (bus->host != NULL && o->where == WHERE_NETWORK && bus->port == o->port && strcmp(bus->host, o->host) == 0) {
            return true;
        }
    }
    return false;
}

/* A network address has no lock: the gateway that runs here is asked. A serial line is locked by whoever holds it. */
static bool is_in_use(const struct options *o)
{
    struct settings_report *report = calloc(1, sizeof *report);
    struct settings *settings = NULL;
    bool used = false;
    if (report != NULL && o->where == WHERE_NETWORK && access(o->configuration, R_OK) == 0 &&
        settings_load(o->configuration, gateway_profiles(), &settings, report)) {
        char *text = malloc(REPORT_TEXT_MAX);
        size_t length = 0;
        used = gateway_has(settings, o) && text != NULL &&
               connection_ask(settings->status_socket, "json", ASK_MS, text, REPORT_TEXT_MAX, &length) == STATUS_OK;
        free(text);
    }
    settings_free(settings);
    free(report);
    return used;
}

static enum status look(const struct options *o, struct finder *finder, const struct profile *const *profiles)
{
    struct probe_target target = {.device = o->where == WHERE_SERIAL ? o->target : NULL,
                                  .baud = (uint32_t)o->baud,
                                  .host = o->host,
                                  .port = o->port,
                                  .first = (uint8_t)o->first,
                                  .last = (uint8_t)o->last,
                                  .answer_ms = (uint32_t)o->answer_ms,
                                  .profiles = profiles};
    const int64_t usual_s = o->where == WHERE_CALLERS ? HL7_S : SERIAL_S;
    target.listen_ms = (uint32_t)(1000 * (o->seconds != 0 ? o->seconds : usual_s));
    static const char *const kinds[][2] = {[WHERE_SERIAL] = {"serial", "modbus-rtu"},
                                           [WHERE_NETWORK] = {"modbus-tcp", "rtu-over-tcp"},
                                           [WHERE_CALLERS] = {"hl7", NULL}};
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < 2 && kinds[o->where][i] != NULL && status == STATUS_OK && finder->count == 0; i++) {
        errno = 0;
        status = gateway_driver(kinds[o->where][i])->probe(&target, &finder->listener);
        finder->fault = errno;
    }
    clear_line(finder);
    return status;
}

/* --- what to paste ------------------------------------------------------------------------------------------- */

static const char *parity_word(enum parity parity)
{
    static const char *const words[] = {[PARITY_NONE] = "none", [PARITY_EVEN] = "even", [PARITY_ODD] = "odd"};
    return words[parity];
}

static void print_bus(const struct options *o, const struct probe_finding *first)
{
    (void)printf("\nTo paste into the configuration:\n\nbuses:\n  line-1: {kind: %s, ", first->kind);
    if (o->where == WHERE_SERIAL) {
        char device[PROBE_NAME_MAX];
        probe_name_lasting(o->target, device);
        (void)printf("device: %s, baud: %u", device, first->baud);
        if (strcmp(first->kind, "modbus-rtu") == 0) {
            (void)printf(", parity: %s, stop_bits: %u", parity_word(first->parity), first->stop_bits);
        }
    } else if (o->where == WHERE_CALLERS) {
        const bool is_v6 = strchr(o->host, ':') != NULL;
        (void)printf("listen: \"%s%s%s:%u\"", is_v6 ? "[" : "", o->host, is_v6 ? "]" : "", o->port);
    } else {
        (void)printf("host: %s, port: %u", o->host, o->port);
    }
    (void)printf("}\nbeds:\n");
}

/* Between double quotes in YAML: who sends it is a stranger. */
static void print_quoted(const char *text)
{
    for (; *text != '\0'; text++) {
        (void)printf("%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
    }
}

/* Who lies in the bed no monitor says: `check` refuses what is left unwritten. */
static void print_bed(const struct probe_finding *finding, unsigned number)
{
    (void)printf("  bed-%u: {bus: line-1, ", number);
    if (finding->place[0] != '\0') {
        (void)printf("address: \"");
        print_quoted(finding->place);
        (void)printf("\", ");
    } else if (finding->address != 0) {
        (void)printf("address: %u, ", finding->address);
    }
    (void)printf("profile: %s, class: WRITE-ONE}%s%s\n",
                 finding->profile != NULL ? finding->profile->name : "WRITE-ONE",
                 finding->identity[0] != '\0' ? "  # " : "", finding->identity);
}

static int conclude(const struct options *o, const struct finder *finder, enum status status)
{
    if (status == STATUS_BUSY) {
        command_complain("another program holds it (%s), is a gateway running? stop it, then probe", o->target);
        return COMMAND_FAILED;
    }
    if (status != STATUS_OK) {
        command_complain("cannot look there (%s: %s), check cable, power and address", o->target,
                         status == STATUS_IO && finder->fault != 0 ? strerror(finder->fault) : status_text(status));
        return COMMAND_FAILED;
    }
    if (finder->count == 0) {
        if (!finder->warned) {
            command_complain("no monitor answers (%s), check wiring (A and B may be swapped), power, address and speed",
                             o->target);
        }
        return COMMAND_FAILED;
    }
    print_bus(o, &finder->found[0]);
    for (unsigned i = 0; i < finder->count; i++) {
        print_bed(&finder->found[i], i + 1);
    }
    return COMMAND_OK;
}

static int run(int argc, char **argv)
{
    struct options o = {
        .configuration = COMMAND_DEFAULT_CONFIGURATION, .first = 1, .last = ADDRESS_MAX, .answer_ms = ANSWER_MS};
    static struct finder finder; /* large */
    struct probe_profiles profiles;
    if (!read_options(argc, argv, &o) || !read_target(&o)) {
        return COMMAND_USAGE;
    }
    if (is_in_use(&o)) {
        command_complain("the gateway that runs here asks there (%s), stop it, then probe", o.target);
        return COMMAND_FAILED;
    }
    if (!probe_profiles_load(o.configuration, o.profiles, &profiles)) {
        return COMMAND_FAILED;
    }
    finder = (struct finder){.listener = {.progress = progress, .found = found, .warn = warn, .go_on = go_on},
                             .on_terminal = isatty(STDERR_FILENO) == 1};
    const struct sigaction action = {.sa_handler = on_interrupt};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    const enum status status = look(&o, &finder, profiles.all);
    const int result = conclude(&o, &finder, status);
    probe_profiles_free(&profiles);
    return result;
}

const struct command command_probe = {
    .name = "probe",
    .arguments = "DEVICE|ADDRESS[:PORT]|listen:PORT [OPTIONS]",
    .summary = "look for monitors, name their profiles, print what to paste into the configuration",
    .details = "  DEVICE            a serial line: listens for monitors that talk by themselves, then asks for Modbus\n"
               "  ADDRESS[:PORT]    Modbus TCP, or Modbus RTU behind a serial server; port 502 unless said\n"
               "  listen:PORT       waits for HL7 monitors that send to this port\n"
               "  --baud N          only this speed; else all usual ones\n"
               "  --addresses 1-32  only these Modbus addresses; else 1 to 247\n"
               "  --answer MS       how long each has to begin its answer (150)\n"
               "  --seconds N       how long to listen (4 at each speed, 60 for HL7)\n"
               "  --profiles FOLDER profiles to be recognised; else those that `run` finds\n"
               "  -c FILE           the configuration of a gateway that may be running here\n\n"
               "It only reads. A line in use is refused, and one with another master is not asked.\n\n"
               "  wardgate probe /dev/serial/by-id/usb-FTDI_FT232R_A50285BI-if00-port0\n"
               "  wardgate probe 10.7.0.32 --addresses 1-8\n"
               "  wardgate probe listen:2575\n",
    .run = run,
};
