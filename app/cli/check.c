/*
 * wardgate check: reads the configuration as the gateway would, and prints what it makes of it.
 */
#include <stdio.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/gateway.h"

struct load {
    const struct plan *plan;
    const struct bus_config *bus;
    uint16_t monitor; /* the one under way */
    double permille;  /* of the line's time */
};

static void print_request(void *context, const struct bus_request *request)
{
    struct load *load = context;
    const struct monitor_config *monitor = &load->bus->monitors[request->monitor];
    if (load->monitor != request->monitor) {
        load->monitor = request->monitor;
        (void)printf("    address %-3u %-8s %s\n", monitor->address, load->plan->beds[monitor->bed].id,
                     monitor->profile->name);
    }
    (void)printf("      every %6.1f s  %-36s", (double)request->interval_ms / 1000.0, request->text);
    if (request->wire_us > 0) {
        (void)printf(" %6.1f ms on the wire", (double)request->wire_us / 1000.0);
        load->permille += (double)request->wire_us / (double)request->interval_ms;
    }
    (void)putchar('\n');
}

static void print_line(const struct bus_config *bus)
{
    static const char *const parities[] = {[PARITY_NONE] = "none", [PARITY_EVEN] = "even", [PARITY_ODD] = "odd"};
    if (bus->device != NULL) {
        (void)printf("  %s: %s %s, %u baud, parity %s\n", bus->name, bus->kind, bus->device, bus->baud,
                     parities[bus->parity]);
    } else {
        (void)printf("  %s: %s %s:%u\n", bus->name, bus->kind, bus->host, bus->port);
    }
}

/* True when the line can carry it. */
static bool print_bus(const struct plan *plan, const struct bus_config *bus)
{
    struct load load = {.plan = plan, .bus = bus, .monitor = UINT16_MAX};
    print_line(bus);
    gateway_driver(bus->kind)->each_request(bus, print_request, &load);
    if (bus->device == NULL) {
        return true;
    }
    (void)printf("    load %.0f %% of the line%s\n", load.permille / 10.0,
                 load.permille > 1000.0 ? ": MORE THAN IT CAN CARRY, raise baud or move monitors" : "");
    return load.permille <= 1000.0;
}

static bool rule_applies(const struct bed_config *bed, const struct rule *rule)
{
    uint32_t vitals = 0;
    for (unsigned c = 0; c < bed->channel_count; c++) {
        vitals |= UINT32_C(1) << bed->channels[c].vital;
    }
    const uint32_t needed = rule->when.vitals | (rule->has_clear ? rule->clear.vitals : 0);
    return (needed & ~vitals) == 0;
}

static void print_bed(const struct plan *plan, const struct bed_config *bed)
{
    unsigned rules = 0;
    for (unsigned r = 0; r < plan->engine.rule_count; r++) {
        rules += rule_applies(bed, &plan->engine.rules[r]) ? 1U : 0U;
    }
    (void)printf("  %-8s %-10s %2u rules; ", bed->id, patient_class_name(bed->patient_class), rules);
    for (unsigned c = 0; c < bed->channel_count; c++) {
        (void)printf("%s%s", c > 0 ? " " : "", vital_info(bed->channels[c].vital)->name);
    }
    (void)putchar('\n');
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

static void print_uplink(const struct settings *settings)
{
    (void)printf("\nuplink %s/%s/%s\n", settings->uplink.topic_root, settings->gateway.site, settings->gateway.ward);
    for (unsigned i = 0; i < settings->uplink.broker_count; i++) {
        (void)printf("  %s\n", settings->uplink.brokers[i].url);
    }
    (void)printf("\nstore %s, %llu MiB\n", settings->store.path, (unsigned long long)settings->store.size_bytes >> 20);
}

static int print_all(const struct settings *settings, const struct plan *plan)
{
    bool carried = true;
    (void)printf("gateway %s\n\nlines to monitors\n", settings->gateway.id);
    for (unsigned i = 0; i < plan->bus_count; i++) {
        carried &= print_bus(plan, &plan->buses[i]);
    }
    (void)printf("\nbeds\n");
    for (unsigned b = 0; b < plan->engine.bed_count; b++) {
        print_bed(plan, &plan->beds[b]);
    }
    print_uplink(settings);
    const bool fits = print_memory(plan);
    if (!fits) {
        command_complain(
            "the windows need more memory than is allowed (%s), raise memory: or shorten the longest windows",
            settings->file);
        return COMMAND_USAGE;
    }
    if (!carried) {
        command_complain("a line cannot carry its monitors in time (%s): values will come late", settings->file);
    }
    return COMMAND_OK;
}

static int check(const char *file)
{
    struct settings *settings = command_settings(file);
    struct plan plan;
    if (settings == NULL) {
        return COMMAND_USAGE;
    }
    int result = COMMAND_FAILED;
    const enum status status = plan_make(settings, &plan);
    if (status == STATUS_OK) {
        result = print_all(settings, &plan);
        plan_free(&plan);
    } else {
        command_complain("the plan cannot be made (%s: %s)", file, status_text(status));
    }
    settings_free(settings);
    return result;
}

static int run(int argc, char **argv)
{
    const char *file = COMMAND_DEFAULT_CONFIGURATION;
    for (int i = 1; i < argc; i++) {
        const char *value = command_option(argc, argv, &i, "-c", "--config");
        if (value == NULL || *value == '\0') {
            return command_misused(&command_check, "'%s' is no option, or its value is missing", argv[i]);
        }
        file = value;
    }
    return check(file);
}

const struct command command_check = {
    .name = "check",
    .arguments = "[-c FILE]",
    .summary = "check the configuration; print lines, beds, requests, load and memory",
    .details = "  -c FILE   the configuration to check\n\n"
               "Every fault is told with its place; exit status 2 when there is one.\n\n"
               "  wardgate check -c /boot/wardgate.yaml\n",
    .run = run,
};
