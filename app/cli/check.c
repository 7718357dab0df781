/*
 * wardgate check: reads the configuration as the gateway would, and prints what it makes of it.
 */
#include <stdio.h>
#include <string.h>

#include "app/cli/check_costs.h"
#include "app/cli/check_flows.h"
#include "app/cli/check_profile.h"
#include "app/cli/check_store.h"
#include "app/cli/command.h"
#include "app/engine/plural.h"
#include "app/gateway.h"
#include "drivers/uplink/uplink.h"

#define LOAD_WARNED 800 /* thousandths: retries and probes want some room */

struct load {
    const struct plan *plan;
    const struct bus_config *bus;
    uint16_t monitor;                  /* the one under way */
    double permille, urgent_permille;  /* of the line's time: all, and what goes first */
    bool is_known;                     /* how fast the line is */
    double urgent_share, others_share; /* of its rate that a request gets on a line that cannot carry all */
};

static bool is_kind(const struct bus_config *bus, const char *kind)
{
    return strcmp(bus->kind, kind) == 0;
}

/* By what the monitor is found on its bus; on a line of its own by nothing. */
static void print_monitor(const struct plan *plan, const struct bus_config *bus, const struct monitor_config *monitor)
{
    char address[32] = "alone";
    if (monitor->place == NULL && !is_kind(bus, "serial")) {
        (void)snprintf(address, sizeof address, "address %u", monitor->address);
    }
    (void)printf("    %-16s %-8s %s\n", monitor->place != NULL ? monitor->place : address, plan->beds[monitor->bed].id,
                 monitor->profile->name);
}

static void print_request(void *context, const struct bus_request *request)
{
    struct load *load = context;
    if (load->monitor != request->monitor) {
        load->monitor = request->monitor;
        print_monitor(load->plan, load->bus, &load->bus->monitors[request->monitor]);
    }
    (void)printf("      every %6.1f s  %-63s", (double)request->interval_ms / 1000.0, request->text);
    if (request->wire_us > 0) {
        (void)printf(" %6.1f ms on the wire", (double)request->wire_us / 1000.0);
        const double permille = (double)request->wire_us / (double)request->interval_ms;
        load->permille += permille;
        load->urgent_permille += request->urgent ? permille : 0;
        load->is_known = true;
    }
    (void)putchar('\n');
}

static void print_line(const struct bus_config *bus)
{
    static const char *const parities[] = {[PARITY_NONE] = "none", [PARITY_EVEN] = "even", [PARITY_ODD] = "odd"};
    (void)printf("  %s: %s ", bus->name, bus->kind);
    if (bus->device != NULL) {
        (void)printf("%s, %u baud, parity %s, stop bits %u%s\n", bus->device, bus->baud, parities[bus->parity],
                     bus->stop_bits, bus->rs485 ? ", turned round by the kernel" : "");
        return;
    }
    const bool is_listener = is_kind(bus, "hl7"), has_colon = strchr(bus->host, ':') != NULL;
    (void)printf("%s%s%s%s:%u", is_listener ? "listens at " : "", has_colon ? "[" : "", bus->host, has_colon ? "]" : "",
                 bus->port);
    if (bus->baud != 0) {
        (void)printf(", %u baud behind it", bus->baud);
    }
    if (bus->hang_up) {
        (void)printf(", hung up after each turn");
    }
    (void)printf("%s\n", bus->believe_debug ? ", believes messages marked as debugging" : "");
}

/* Nobody is asked: they call us. */
static void print_callers(const struct plan *plan, const struct bus_config *bus)
{
    for (unsigned m = 0; m < bus->monitor_count; m++) {
        print_monitor(plan, bus, &bus->monitors[m]);
    }
}

/* What alarm rules wait for goes first; the others keep a quarter of their rate, until all get the same. */
static void share_out(struct load *load)
{
    const double others = load->permille - load->urgent_permille;
    const double left = 1000.0 - load->urgent_permille;
    load->others_share = others > 0 && left > others / 4 ? left / others : 0.25;
    load->urgent_share = left > others / 4 ? 1.0 : (1000.0 - others / 4) / load->urgent_permille;
    if (load->urgent_share < load->others_share) {
        load->urgent_share = load->others_share = 1000.0 / load->permille;
    }
}

static void print_share(void *context, const struct bus_request *request)
{
    const struct load *load = context;
    const struct monitor_config *monitor = &load->bus->monitors[request->monitor];
    const double share = request->urgent ? load->urgent_share : load->others_share;
    (void)printf("      %-8s every %6.1f s instead of %.1f s  %s\n", load->plan->beds[monitor->bed].id,
                 (double)request->interval_ms / 1000.0 / share, (double)request->interval_ms / 1000.0, request->text);
}

static const struct bus_settings *settings_of(const struct plan *plan, const struct bus_config *bus)
{
    const struct settings *settings = plan->settings;
    unsigned i = 0;
    while (i + 1U < settings->bus_count && strcmp(settings->buses[i].name, bus->name) != 0) {
        i++;
    }
    return &settings->buses[i];
}

static void warn_of_load(const struct load *load)
{
    const struct settings_mark *mark = &settings_of(load->plan, load->bus)->mark;
    command_complain("%s:%u:%u: buses.%s: %s %.0f %% of what it can carry, raise baud or move monitors", mark->file,
                     mark->line, mark->column, load->bus->name,
                     load->permille > 1000.0 ? "values come late, the line is asked for" : "the line is asked for",
                     load->permille / 10.0);
}

static void print_polled(const struct plan *plan, const struct bus_config *bus)
{
    const struct monitor_driver *driver = gateway_driver(bus->kind);
    struct load load = {.plan = plan, .bus = bus, .monitor = UINT16_MAX};
    driver->each_request(bus, print_request, &load);
    if (!load.is_known) {
        return;
    }
    (void)printf("    load %.0f %% of the line's time\n", load.permille / 10.0);
    if (load.permille > 1000.0) {
        share_out(&load);
        (void)printf("    MORE THAN IT CAN CARRY, raise baud or move monitors; as it is, they are read\n");
        driver->each_request(bus, print_share, &load);
    }
    if (load.permille > LOAD_WARNED) {
        warn_of_load(&load);
    }
}

static void print_bus(const struct plan *plan, const struct bus_config *bus)
{
    print_line(bus);
    if (is_kind(bus, "hl7")) {
        print_callers(plan, bus);
    } else {
        print_polled(plan, bus);
    }
}

static void print_vitals(uint32_t vitals)
{
    for (unsigned v = 0; v < VITAL_COUNT; v++) {
        if ((vitals >> v & 1U) != 0) {
            (void)printf(" %s", vital_info((enum vital)v)->name);
        }
    }
}

static void print_off(const struct plan *plan, const struct bed_config *bed)
{
    const char *before = "; OFF:";
    for (unsigned r = 0; r < plan->engine.rule_count; r++) {
        const struct rule *rule = &plan->engine.rules[r];
        if (rule_is_off(bed, r) && rule_applies(bed, rule)) {
            (void)printf("%s %s (%s)", before, rule->name, priority_word(rule->priority));
            before = ",";
        }
    }
}

static void print_bed(const struct plan *plan, const struct bed_config *bed)
{
    uint32_t vitals = 0, watched = 0;
    unsigned rules = 0;
    for (unsigned c = 0; c < bed->channel_count; c++) {
        vitals |= bed->channels[c].entered ? 0 : UINT32_C(1) << bed->channels[c].vital; /* what a monitor gives */
    }
    for (unsigned r = 0; r < plan->engine.rule_count; r++) {
        if (rule_applies(bed, &plan->engine.rules[r]) && !rule_is_off(bed, r)) {
            rules++;
            watched |= rule_vitals(&plan->engine.rules[r]);
        }
    }
    (void)printf("  %-8s %-10s %2u rules;", bed->id, patient_class_name(bed->patient_class), rules);
    print_vitals(vitals);
    if ((vitals & ~watched) != 0) {
        (void)printf("; no rule watches");
        print_vitals(vitals & ~watched);
    }
    print_off(plan, bed);
    (void)putchar('\n');
}

/* What is on of what nobody should take for an alarm. */
static void print_estimates(const struct plan *plan)
{
    static const char *heading = "\nscreening estimates, not validated for inpatients, never alarms\n";
    for (unsigned r = 0; r < plan->engine.rule_count; r++) {
        const struct rule *rule = &plan->engine.rules[r];
        if (rule->foresee_ms != 0) {
            (void)printf("%s  %s.foreseen: up to %u min before its limit\n", heading, rule->name,
                         rule->foresee_ms / 60000U);
            heading = "";
        }
    }
    if (plan->engine.pressure_scheme != PRESSURE_none) {
        (void)printf("%s  score/blood_pressure: %s\n", heading, pressure_scheme_title(plan->engine.pressure_scheme));
        heading = "";
    }
    for (unsigned m = 0; m < plan->engine.model_count; m++) {
        const struct estimate_model *model = &plan->engine.models[m];
        (void)printf("%s  score/%s: %s, out of", heading, model->name, model->title);
        for (unsigned i = 0; i < ESTIMATE_INPUT_COUNT; i++) {
            if ((model->inputs >> i & 1U) != 0) {
                (void)printf(" %s", estimate_input_name(i));
            }
        }
        (void)putchar('\n');
        heading = "";
    }
}

/* False when it is more than `memory:` allows. */
static bool print_memory(const struct plan *plan)
{
    struct gateway_bill bill;
    gateway_measure(plan, &bill);
    (void)printf("\nmemory\n");
    for (unsigned i = 0; i < bill.count; i++) {
        (void)printf("  %-28s %10zu KiB\n", bill.lines[i].part, (bill.lines[i].bytes + 1023) / 1024);
    }
    (void)printf("  %-28s %10zu KiB of %llu KiB allowed\n", "together", (bill.total + 1023) / 1024,
                 (unsigned long long)plan->settings->memory_bytes / 1024);
    return bill.total <= plan->settings->memory_bytes;
}

/* What nobody acknowledges: those of rules say so themselves. */
static void print_escalation(const struct settings *settings)
{
    if (settings->escalate_ms == 0) {
        (void)printf("\nthe gateway's own alarms: do not escalate\n");
    } else {
        (void)printf("\nthe gateway's own alarms: %s after %g s without acknowledgement\n",
                     priority_word(settings->escalate_to), settings->escalate_ms / 1000.0);
    }
}

static void print_uplink(const struct settings *settings)
{
    (void)printf("\nuplink %s/%s/%s\n", settings->uplink.topic_root, settings->gateway.site, settings->gateway.ward);
    for (unsigned i = 0; i < settings->uplink.broker_count; i++) {
        (void)printf("  %s%s\n", settings->uplink.brokers[i].url, i == 0 ? "" : " (when those before do not answer)");
    }
    if (settings->uplink.broker_count > 1) {
        (void)printf("  back to an earlier one when it has answered for %g s\n",
                     settings->uplink.return_after_ms / 1000.0);
    }
    if (settings->uplink.boards > 0) {
        (void)printf("  %u board%s expected to be on: fewer for 60 s are a technical alarm\n", settings->uplink.boards,
                     settings->uplink.boards == 1 ? " is" : "s are");
    }
    if (settings->metrics != NULL) {
        (void)printf("\nmetrics %s, every 10 s\n", settings->metrics);
    }
}

/* What there is at the box itself. */
static void print_box(const struct settings *settings)
{
    const struct indicator_settings *i = &settings->indicator;
    if (settings->watchdog.device != NULL) {
        (void)printf("\nwatchdog %s, resets the box %u s after a part has hung for 10 s\n", settings->watchdog.device,
                     settings->watchdog.timeout_s);
    } else {
        (void)printf("\nwatchdog: none but the service manager's\n");
    }
    if (i->led == NULL && i->buzzer == NULL && i->hook[0] == NULL) {
        (void)printf("local alarm: none, so nobody is told when no broker is reached\n");
        return;
    }
    (void)printf("local alarm, without a broker for %g s:", i->after_ms / 1000.0);
    (void)printf("%s%s%s", i->led != NULL ? " led " : "", i->led != NULL ? i->led : "",
                 i->led != NULL && i->led_active_low ? " (low)" : "");
    (void)printf("%s%s%s", i->buzzer != NULL ? " buzzer " : "", i->buzzer != NULL ? i->buzzer : "",
                 i->buzzer != NULL && i->buzzer_active_low ? " (low)" : "");
    (void)printf("%s%s\n", i->hook[0] != NULL ? " program " : "", i->hook[0] != NULL ? i->hook[0] : "");
}

static void print_need(const struct ward_settings *ward)
{
    (void)printf("  need");
    for (unsigned band = 0; band < CARE_BAND_COUNT; band++) {
        (void)printf(" %s %g", care_band_word((enum care_band)band), ward->need_milli[band] / 1000.0);
    }
    (void)printf(" whole-time equivalents a patient (%g h a week, leave %g %%)\n", ward->week_hours_milli / 1000.0,
                 ward->leave_micro / 10000.0);
}

static void print_capacity(const struct capacity_config *capacity, unsigned beds)
{
    if (capacity->given) {
        const uint32_t load_milli = admissions_load_milli(capacity->arrivals_milli, capacity->stay_s);
        (void)printf("  capacity: load %g of %u bed%s (%g arrival%s a day, %g day%s)\n", load_milli / 1000.0, beds,
                     plural_s(beds), capacity->arrivals_milli / 1000.0, capacity->arrivals_milli == 1000 ? "" : "s",
                     capacity->stay_s / 86400.0, capacity->stay_s == 86400 ? "" : "s");
    } else {
        (void)printf("  capacity: admissions and discharges counted over %d day%s\n",
                     (int)(capacity->window_ms / ADMISSIONS_DAY_MS),
                     plural_s((uint64_t)(capacity->window_ms / ADMISSIONS_DAY_MS)));
    }
}

/* What is told of the ward as a whole. */
static void print_ward(const struct settings *settings)
{
    const struct ward_settings *ward = &settings->ward;
    if (!ward->enabled) {
        (void)printf("\nward as a whole: not told of\n");
        return;
    }
    (void)printf("\nward as a whole, on %s/%s/%s/gateway/%s/ward\n", settings->uplink.topic_root,
                 settings->gateway.site, settings->gateway.ward, settings->gateway.id);
    (void)printf("  beds by state, alarm and score%s\n",
                 ward->shift_count > 0 || ward->has_capacity ? "" : "; staff and capacity only when `ward` gives them");
    for (unsigned i = 0; i < ward->shift_count; i++) {
        const struct shift_settings *shift = &ward->shifts[i];
        (void)printf("  from %02u:%02u %s: %u nurse%s\n", shift->from_minute / 60U, shift->from_minute % 60U,
                     shift->name, shift->nurses, plural_s(shift->nurses));
    }
    if (ward->patients_per_nurse > 0) {
        (void)printf("  at most %u patient%s a nurse\n", ward->patients_per_nurse, plural_s(ward->patients_per_nurse));
    }
    if (ward->has_need) {
        print_need(ward);
    }
    if (ward->has_capacity) {
        print_capacity(&ward->capacity, settings->bed_count);
    }
}

/* The certificates, keys and passwords of every broker. */
static bool check_credentials(const struct settings *settings)
{
    bool is_sound = true;
    for (unsigned i = 0; i < settings->uplink.broker_count; i++) {
        const struct broker_settings *b = &settings->uplink.brokers[i];
        const struct uplink_broker broker = {
            .url = b->url, .ca = b->ca, .cert = b->cert, .key = b->key, .password_file = b->password_file};
        char why[UPLINK_TEXT_MAX];
        const enum status status = uplink_check_files(&broker, why);
        if (status == STATUS_DENIED) {
            command_complain("only the gateway's user can check this file (%s), run wardgate check as that user", why);
        } else if (status != STATUS_OK) {
            command_complain("%s (%s, for %s)", why, settings->file, b->url);
            is_sound = false;
        }
    }
    return is_sound;
}

static int print_all(const struct settings *settings, const struct plan *plan, bool each_cost)
{
    (void)printf("gateway %s\n\nlines to monitors\n", settings->gateway.id);
    for (unsigned i = 0; i < plan->bus_count; i++) {
        print_bus(plan, &plan->buses[i]);
    }
    (void)printf("\nbeds\n");
    for (unsigned b = 0; b < plan->engine.bed_count; b++) {
        print_bed(plan, &plan->beds[b]);
    }
    print_estimates(plan);
    print_ward(settings);
    const bool is_quick = check_costs(settings, plan, each_cost);
    print_escalation(settings);
    print_uplink(settings);
    print_box(settings);
    check_store(plan);
    const bool fits = print_memory(plan);
    if (!fits) {
        command_complain(
            "the windows need more memory than is allowed (%s), raise memory: or shorten the longest windows",
            settings->file);
        return COMMAND_USAGE;
    }
    if (!check_credentials(settings) || !is_quick) {
        return COMMAND_USAGE;
    }
    return COMMAND_OK;
}

static int check(const char *file, bool each_cost)
{
    struct settings *settings = command_settings(file);
    struct plan plan;
    if (settings == NULL) {
        return COMMAND_USAGE;
    }
    int result = COMMAND_FAILED;
    const enum status status = plan_make(settings, &plan);
    if (status == STATUS_OK) {
        result = print_all(settings, &plan, each_cost);
        plan_free(&plan);
    } else {
        command_complain("the plan cannot be made (%s: %s)", file, status_text(status));
    }
    settings_free(settings);
    return result;
}

struct options {
    const char *file, *profile, *registers;
    bool costs, flows;
    enum listing listing;
};

/* False: told. */
static bool read_options(int argc, char **argv, struct options *out)
{
    const struct {
        const char *brief, *name, **value;
    } options[] = {
        {"-c", "--config", &out->file}, {NULL, "--profile", &out->profile}, {NULL, "--registers", &out->registers}};
    for (int i = 1; i < argc; i++) {
        const char *value = NULL;
        const char *word = argv[i];
        if (strcmp(word, "--costs") == 0) {
            out->costs = true;
            continue;
        }
        if (strcmp(word, "--flows") == 0) {
            out->flows = true;
            continue;
        }
        if (listing_option(word, &out->listing)) {
            continue;
        }
        for (size_t o = 0; o < sizeof options / sizeof options[0] && value == NULL; o++) {
            value = command_option(argc, argv, &i, options[o].brief, options[o].name);
            *options[o].value = value != NULL ? value : *options[o].value;
        }
        if (value == NULL || *value == '\0') {
            (void)command_misused(&command_check, "'%s' is no option, or its value is missing", word);
            return false;
        }
    }
    return true;
}

static int print_flows(const char *file, enum listing listing)
{
    struct settings *settings = command_settings(file);
    if (settings == NULL) {
        return COMMAND_USAGE;
    }
    check_flows(settings, listing);
    settings_free(settings);
    return fflush(stdout) == 0 ? COMMAND_OK : COMMAND_FAILED;
}

static int run(int argc, char **argv)
{
    struct options options = {.file = NULL, .listing = LISTING_TEXT};
    if (!read_options(argc, argv, &options)) {
        return COMMAND_USAGE;
    }
    if (options.listing != LISTING_TEXT && !options.flows) {
        return command_misused(&command_check, "--csv and --json are for --flows");
    }
    if (options.flows && (options.profile != NULL || options.registers != NULL || options.costs)) {
        return command_misused(&command_check, "--flows is asked for by itself, with -c alone");
    }
    if (options.flows) {
        return print_flows(options.file != NULL ? options.file : COMMAND_DEFAULT_CONFIGURATION, options.listing);
    }
    if (options.profile == NULL && options.registers != NULL) {
        return command_misused(&command_check, "--registers needs --profile, whose registers they are");
    }
    if (options.profile != NULL && (options.file != NULL || options.costs)) {
        return command_misused(&command_check, "give either a configuration (-c, --costs) or a profile, not both");
    }
    if (options.profile != NULL) {
        return check_profile(options.profile, options.registers);
    }
    return check(options.file != NULL ? options.file : COMMAND_DEFAULT_CONFIGURATION, options.costs);
}

const struct command command_check = {
    .name = "check",
    .arguments = "[-c FILE] [--costs] | [-c FILE] --flows [--csv | --json] | --profile FILE [--registers LIST]",
    .summary = "check the configuration, or one profile; print what it comes to",
    .details = "  -c FILE            the configuration to check: lines, beds, requests, load, rules and memory\n"
               "  --costs            what each rule and each bed costs at most, instead of the dearest\n"
               "  --flows            the connections that it makes and takes, for firewalls; --csv for a\n"
               "                     spreadsheet, --json for a program, a line each\n"
               "  --profile FILE     a register map by itself: its requests and what they take of a line\n"
               "  --registers LIST   what that profile makes of these registers; LIST is a file, or such as\n"
               "                     0=72,1=0x61,input:7=16576,coil:3=1\n\n"
               "Every fault is told with its place; exit status 2 when there is one.\n\n"
               "  wardgate check -c /boot/wardgate.yaml\n"
               "  wardgate check --costs\n"
               "  wardgate check --flows --csv >flows.csv\n"
               "  wardgate check --profile profiles/my-monitor.yaml --registers 0=72,1=97,10=1\n",
    .run = run,
};
