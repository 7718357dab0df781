#include "app/box/report_text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/engine/plural.h"
#include "app/settings/plain.h"

#define CLOCK_SET_MS INT64_C(1704067200000) /* 2024: before that the box has no notion of the time */

static void print_instant(FILE *stream, int64_t wall_ms)
{
    const time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    char text[32] = "";
    if (gmtime_r(&seconds, &utc) != NULL) {
        (void)strftime(text, sizeof text, "%Y-%m-%d %H:%M", &utc);
    }
    (void)fprintf(stream, "%s UTC", text);
}

static void print_line(FILE *stream, const char *before, const char *text)
{
    (void)fputs(before, stream);
    const size_t length = strlen(text);
    for (size_t i = 0; i < length; i++) {
        (void)fputc(plain_is_control(text, length, i) ? ' ' : text[i], stream);
    }
}

/* Each line behind `before`; control characters of others are spaces. */
static void print_lines(FILE *stream, const char *before, const char *lines)
{
    const size_t length = strlen(lines);
    bool at_start = true;
    for (size_t i = 0; i < length; i++) {
        if (at_start) {
            (void)fputs(before, stream);
        }
        at_start = lines[i] == '\n';
        (void)fputc(!at_start && plain_is_control(lines, length, i) ? ' ' : lines[i], stream);
    }
}

void report_headline(const struct facts *facts, FILE *stream)
{
    assert(facts != NULL && stream != NULL);
    const enum box_state state = facts_state(facts);
    (void)fprintf(stream, "%s%s", facts->outcome.gateway, facts->outcome.gateway[0] != '\0' ? " " : "");
    if (state == BOX_STATE_WATCHES) {
        (void)fprintf(stream, "watches %u bed%s", facts->ward.bed_count, plural_s(facts->ward.bed_count));
    } else {
        (void)fputs(facts_state_text(state), stream);
    }
    if ((state == BOX_STATE_WRONG || state == BOX_STATE_NO_MONITORS) && !facts_are_kept(facts)) {
        (void)fputs("; NOTHING IS KEPT", stream);
    }
    if (state == BOX_STATE_WRONG || state == BOX_STATE_NOT_KEPT || state == BOX_STATE_FAULTY ||
        state == BOX_STATE_FULL) {
        (void)fprintf(stream, "; %u bed%s watched", facts->ward.bed_count,
                      facts->ward.bed_count == 1 ? " is" : "s are");
    }
}

/* ---- the two files ---- */

static void print_ward_source(FILE *stream, const struct box_outcome *o)
{
    static const char *const words[] = {
        [BOX_NONE] = "none is in force, so NOTHING IS WATCHED",
        [BOX_NEW] = "the one of this partition is in force",
        [BOX_SAME] = "the one of this partition is in force",
        [BOX_OTHER] = "one that was restored is in force; one that you put or change here replaces it",
        [BOX_OLDER] = "the last good one is in force, NOT that of this partition"};
    (void)fprintf(stream, "  wardgate.yaml: %s", words[o->ward]);
    if (o->ward != BOX_NONE && o->since_ms >= CLOCK_SET_MS) {
        (void)fputs(", since ", stream);
        print_instant(stream, o->since_ms);
    } else if (o->ward != BOX_NONE) {
        (void)fputs(", taken while the clock was not set", stream);
    }
    (void)fputc('\n', stream);
}

static void print_problems(FILE *stream, const struct box_outcome *o)
{
    if (o->ward_problems[0] != '\0') {
        (void)fputs("  WRONG, line and column behind the name:\n", stream);
        print_lines(stream, "    ", o->ward_problems);
        (void)fputs("    -> correct it here, put the disk back and start the box again\n", stream);
    }
    if (o->network_problems[0] != '\0') {
        (void)fputs("  WRONG:\n", stream);
        print_lines(stream, "    ", o->network_problems);
        (void)fprintf(stream, "    -> correct it; until then %s\n",
                      o->network == BOX_OLDER ? "the last good one is in force"
                                              : "every wired interface asks by DHCP, and nobody can log in");
    }
    if (o->network_warnings[0] != '\0') {
        (void)fputs("  WRONG with the network.yaml in force:\n", stream);
        print_lines(stream, "    ", o->network_warnings);
        (void)fputs("    -> correct it; the rest of it is in force\n", stream);
    }
}

static void print_configuration(FILE *stream, const struct facts *facts)
{
    static const char *const network[] = {
        [BOX_NONE] = "none: every wired interface asks by DHCP, nobody can log in",
        [BOX_NEW] = "the one of this partition is in force",
        [BOX_SAME] = "the one of this partition is in force",
        [BOX_OTHER] = "one that was restored is in force; one that you put or change here replaces it",
        [BOX_OLDER] = "the last good one is in force, NOT that of this partition"};
    (void)fputs("\nConfiguration\n", stream);
    if (!facts->has_outcome) {
        (void)fputs("  not known: the set-up of the box (wardgate-setup) has not ended\n", stream);
        return;
    }
    print_ward_source(stream, &facts->outcome);
    (void)fprintf(stream, "  network.yaml: %s\n", network[facts->outcome.network]);
    print_problems(stream, &facts->outcome);
}

/* ---- network and time ---- */

static void print_network(FILE *stream, const struct facts *facts)
{
    (void)fputs("\nNetwork\n", stream);
    for (unsigned i = 0; i < facts->interface_count; i++) {
        const struct facts_interface *in = &facts->interfaces[i];
        (void)fprintf(stream, "  %-15s %s  ", in->name, in->mac);
        for (unsigned a = 0; a < FACTS_ADDRESSES_MAX && in->addresses[a][0] != '\0'; a++) {
            (void)fprintf(stream, "%s%s", a > 0 ? ", " : "", in->addresses[a]);
        }
        (void)fputs(!in->is_up          ? "not used\n"
                    : !in->has_link     ? "NO CABLE -> look at plug and switch\n"
                    : *in->addresses[0] ? "\n"
                                        : "NO ADDRESS -> look at the DHCP server, or give one in network.yaml\n",
                    stream);
    }
    if (facts->interface_count == 0) {
        (void)fputs("  NO INTERFACE -> this kernel knows none; look at the hardware\n", stream);
    }
    (void)fprintf(stream, "  time: %s\n",
                  facts->is_synchronised
                      ? "by a time server"
                      : "NO TIME SERVER ANSWERS -> look at time in network.yaml, and at the network");
}

/* ---- what the gateway says ---- */

struct advice {
    enum status status;
    const char *text;
};

static const char *find_advice(const char *fault, const struct advice *list, size_t count, const char *otherwise)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(status_text(list[i].status), fault) == 0) {
            return list[i].text;
        }
    }
    return otherwise;
}

static const char *advise_line(const char *fault)
{
    static const struct advice list[] = {
        {STATUS_NOT_FOUND, "plug the adapter in, or correct the device"},
        {STATUS_DENIED, "the gateway may not open it, give it a device of its own group"},
        {STATUS_BUSY, "end the other program"},
        {STATUS_BAD_CHECKSUM, "correct baud and parity, look at the wiring and its end resistors"},
        {STATUS_WRONG_PROTOCOL, "another device is plugged in here, or the kind of the line is wrong"},
        {STATUS_OTHER_MASTER, "take the other one that asks off the line"},
        {STATUS_REFUSED, "correct the address and port, or start the converter"},
        {STATUS_TIMEOUT, "look at the network cable, then correct the address"},
    };
    return find_advice(fault, list, sizeof list / sizeof list[0], "look at cable and power, then at its settings");
}

/* Of one that answers now: it is on, and its settings are right. */
static const char *advise_answering(const char *fault)
{
    static const struct advice list[] = {
        {STATUS_BAD_CHECKSUM, "look at its cable and plug, and at what disturbs the line"},
        {STATUS_EXCEPTION, "the profile asks for what it does not have: choose its own"},
        {STATUS_WRONG_ADDRESS, "two monitors have one address: give each its own"},
        {STATUS_OUTDATED, "set its clock"},
    };
    return find_advice(fault, list, sizeof list / sizeof list[0], "look at its cable and plug");
}

static const char *advise_monitor(const char *fault)
{
    static const struct advice list[] = {
        {STATUS_TIMEOUT, "switch it on, look at its cable, then at address and baud"},
        {STATUS_BAD_CHECKSUM, "correct baud and parity, look at the wiring"},
        {STATUS_EXCEPTION, "the profile asks for what it does not have: choose its own"},
        {STATUS_WRONG_ADDRESS, "two monitors have one address: give each its own"},
        {STATUS_WRONG_PROTOCOL, "another device is plugged in here"},
        {STATUS_OUTDATED, "set its clock"},
    };
    return find_advice(fault, list, sizeof list / sizeof list[0],
                       "switch it on, look at its cable, then at its settings");
}

static void print_monitor(FILE *stream, const struct watch_monitor *monitor)
{
    const char *fault = monitor->fault[0] != '\0' ? monitor->fault : monitor->is_answering ? "" : "no answer in time";
    if (fault[0] == '\0') {
        return;
    }
    (void)fprintf(stream, "    %s", monitor->bed);
    if (monitor->place[0] != '\0') {
        (void)fprintf(stream, " at %s", monitor->place);
    }
    if (monitor->is_answering) {
        const bool is_late = strcmp(fault, status_text(STATUS_TIMEOUT)) == 0;
        (void)fprintf(stream, " (%s): answers, but %s -> %s\n", monitor->profile, is_late ? "not every time" : fault,
                      advise_answering(fault));
    } else {
        (void)fprintf(stream, " (%s): SILENT, %s -> %s\n", monitor->profile, fault, advise_monitor(fault));
    }
}

static void print_lines_of_ward(FILE *stream, const struct watch_ward *ward)
{
    (void)fputs("\nLines and monitors\n", stream);
    for (unsigned b = 0; b < ward->bus_count; b++) {
        const struct watch_bus *bus = &ward->buses[b];
        (void)fprintf(stream, "  %s (%s %s): %u of %u monitor%s answer\n", bus->name, bus->kind, bus->where,
                      bus->answering_count, bus->monitor_count, plural_s(bus->monitor_count));
        if (bus->fault[0] != '\0') {
            (void)fprintf(stream, "    WRONG: %s%s%s%s -> %s\n", bus->fault, bus->speaks[0] != '\0' ? " (" : "",
                          bus->speaks, bus->speaks[0] != '\0' ? ")" : "", advise_line(bus->fault));
        }
        for (unsigned m = 0; m < bus->monitors_told; m++) {
            print_monitor(stream, &ward->monitors[bus->monitor_first + m]);
        }
    }
}

/* Nothing where there is none. */
static void print_store_error(FILE *stream, const struct watch_ward *ward, const char *before)
{
    if (ward->store_error[0] != '\0') {
        (void)fprintf(stream,
                      "%sCANNOT BE WRITTEN: %s\n    -> alerts go out, but do not outlive a power cut: change the "
                      "disk, restore a backup\n",
                      before, ward->store_error);
    }
}

static void print_uplink(FILE *stream, const struct facts *facts)
{
    const struct watch_ward *ward = &facts->ward;
    (void)fputs("\nBrokers\n", stream);
    for (unsigned b = 0; b < ward->broker_count; b++) {
        const struct watch_broker *broker = &ward->brokers[b];
        const bool is_lost = broker->is_in_use && strcmp(broker->state, "connected") != 0;
        const bool is_secret = strncmp(broker->url, "mqtts", 5) == 0;
        (void)fprintf(stream, "  %s: %s%s%s\n", broker->url, broker->state, is_lost ? " -> " : "",
                      !is_lost ? ""
                      : is_secret && !facts->is_synchronised
                          ? "the clock is not set, so certificates cannot be trusted: "
                            "see to the time first"
                      : is_secret ? "look at the network, then at ca, cert and key of uplink"
                                  : "look at the network, then at the address in uplink");
    }
    if (ward->has_boards && ward->boards_looking < ward->boards_expected) {
        (void)fprintf(stream, "  %u of %u boards look -> switch the others on\n", ward->boards_looking,
                      ward->boards_expected);
    }
    (void)fprintf(stream, "\nStore\n%s", ward->store_error[0] != '\0' ? "" : "  writes\n");
    print_store_error(stream, ward, "  ");
}

static void print_silence(FILE *stream, const struct facts *facts)
{
    if (facts_state(facts) == BOX_STATE_STARTING) {
        (void)fputs(
            "\nGateway\n  STARTS: it runs, but has not said yet that it watches -> if it stays so for a minute, "
            "start the box again, then send\n"
            "    the log: journalctl -u wardgate; a start that takes five minutes is ended and begun anew by "
            "itself\n",
            stream);
    } else if (facts->has_outcome && facts->outcome.ward != BOX_NONE) {
        (void)fprintf(
            stream,
            "\nGateway\n  DOES NOT ANSWER (%s) -> if it stays so for a minute, start the box again, then send the "
            "log: journalctl -u wardgate\n",
            status_text(facts->gateway));
    }
}

/* U6: it is not tried again by itself, whatever made it fail. */
static void print_update(FILE *stream, const struct facts *facts)
{
    const struct record_of_update *failed = &facts->failed_update;
    const bool was_tried = strcmp(failed->state, "installed") == 0;
    if (!facts->has_failed_update) {
        return;
    }
    (void)fputs("\nUpdate\n", stream);
    print_line(stream, "  the update to ", failed->version);
    print_line(stream, " WAS GIVEN UP: ", failed->reason[0] != '\0' ? failed->reason : "not known why");
    (void)fprintf(stream, "\n    -> the box goes on with %s. %s\n", WARDGATE_VERSION,
                  was_tried ? "Mend what it says, or ask who made the update for another; `wardgate update FILE` tries "
                              "this one again, a stick does not.\n       The log: journalctl -b -1 -u wardgate -u "
                              "wardgate-good"
                            : "`wardgate update FILE` installs it again; leave power and stick alone until it is done");
}

static void print_besides(FILE *stream, const struct facts *facts)
{
    if (facts->outcome.notes[0] == '\0' && facts->notes[0] == '\0' && !facts->has_request) {
        return;
    }
    (void)fputs("\nBesides\n", stream);
    print_lines(stream, "  ", facts->notes);
    print_lines(stream, "  ", facts->outcome.notes);
    if (facts->has_request) {
        (void)fputs(
            "  gateway.csr asks for a certificate for this box's own key, keys/gateway.key, which never leaves it: "
            "have it signed,\n  put the certificate here and name both in uplink\n",
            stream);
    }
}

/* ---- the whole ---- */

void report_brief(const struct facts *facts, FILE *stream)
{
    assert(facts != NULL && stream != NULL);
    report_headline(facts, stream);
    (void)fputc('\n', stream);
    print_lines(stream, "  ", facts->wrong);
    print_lines(stream, "  ", facts->outcome.ward_problems);
    print_lines(stream, "  ", facts->outcome.network_problems);
    print_lines(stream, "  ", facts->outcome.network_warnings);
    print_lines(stream, "  ", facts->notes);
    if (facts->gateway == STATUS_OK) {
        print_store_error(stream, &facts->ward, "  store ");
    }
    for (unsigned i = 0; i < facts->interface_count; i++) {
        const struct facts_interface *in = &facts->interfaces[i];
        if (in->addresses[0][0] != '\0') {
            (void)fprintf(stream, "  %s %s\n", in->name, in->addresses[0]);
        }
    }
}

void report_body(const struct facts *facts, FILE *stream)
{
    assert(facts != NULL && stream != NULL);
    report_headline(facts, stream);
    (void)fprintf(stream, "\n\nwardgate %s, slot %s, gateway %s\n", WARDGATE_VERSION,
                  facts->slot[0] != '\0' ? facts->slot : "not known",
                  facts->outcome.gateway[0] != '\0' ? facts->outcome.gateway : "not known");
    if (facts->wrong[0] != '\0') {
        (void)fputs("\nWrong with this box\n", stream);
        print_lines(stream, "  ", facts->wrong);
    }
    print_configuration(stream, facts);
    print_network(stream, facts);
    if (facts->gateway == STATUS_OK) {
        print_lines_of_ward(stream, &facts->ward);
        print_uplink(stream, facts);
    } else {
        print_silence(stream, facts);
    }
    print_update(stream, facts);
    print_besides(stream, facts);
    (void)fputs("\nSecondary notification: it does not replace the alarms of the monitors themselves.\n", stream);
}

char *report_file(const struct facts *facts, const char *body)
{
    assert(facts != NULL && body != NULL);
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL) {
        return NULL;
    }
    (void)fputs("Report of this box, at ", stream);
    print_instant(stream, facts->wall_ms);
    (void)fprintf(stream, " by its clock%s\r\n\r\n", facts->is_synchronised ? "" : ", which no time server confirms");
    for (; *body != '\0'; body++) {
        if (*body == '\n') {
            (void)fputc('\r', stream);
        }
        (void)fputc(*body, stream);
    }
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
