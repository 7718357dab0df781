#include "tests/ward/ward_report.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/ward/ward.h"

static void report_count(FILE *out, const char *name, uint64_t count)
{
    fprintf(out, ",\"%s\":%" PRIu64, name, count);
}

static void report_serial(FILE *out, const struct ward_link_counts *counts)
{
    report_count(out, "gap_violations", counts->gap_violations);
    if (counts->smallest_gap_ns == WARD_NEVER) {
        fprintf(out, ",\"smallest_gap_us\":null");
    } else {
        report_count(out, "smallest_gap_us", (uint64_t)counts->smallest_gap_ns / 1000U);
    }
    report_count(out, "collisions", counts->collisions);
    report_count(out, "bad_crc", counts->bad_crc);
    report_count(out, "wrong_speed", counts->wrong_speed);
}

static void report_central(FILE *out, const struct ward_link_counts *counts)
{
    report_count(out, "connections", counts->connections);
    report_count(out, "messages", counts->messages);
    report_count(out, "accepted", counts->accepted);
    report_count(out, "failed", counts->failed);
    report_count(out, "rejected", counts->rejected);
    report_count(out, "unexpected", counts->unexpected);
    report_count(out, "lost", counts->lost);
    report_count(out, "sent_again", counts->sent_again);
}

static void report_oximeter(FILE *out, const struct ward_link_counts *counts)
{
    report_count(out, "received", counts->received);
    report_count(out, "lost", counts->lost);
    report_count(out, "wrong_speed", counts->wrong_speed);
}

static void report_asked(FILE *out, const struct ward_link *link)
{
    const struct ward_link_counts *counts = &link->counts;
    report_count(out, "requests", counts->requests);
    report_count(out, "answered", counts->answered);
    report_count(out, "unknown_unit", counts->unknown_unit);
    report_count(out, "writes_refused", counts->writes_refused);
    report_count(out, "lost", counts->lost);
    if (link->kind == WARD_SERIAL) {
        report_serial(out, counts);
    } else {
        report_count(out, "port", ntohs(link->tcp.address.sin_port));
        report_count(out, "connections", counts->connections);
        report_count(out, "bad_headers", counts->bad_headers);
    }
}

static void report_link(FILE *out, const struct ward_link *link)
{
    static const char *const kinds[] = {
        [WARD_SERIAL] = "serial", [WARD_TCP] = "tcp", [WARD_OXIMETER] = "oximeter", [WARD_CENTRAL] = "hl7"};
    fprintf(out, "{\"name\":\"%s\",\"kind\":\"%s\"", link->name, kinds[link->kind]);
    if (link->kind == WARD_OXIMETER) {
        report_oximeter(out, &link->counts);
    } else if (link->kind == WARD_CENTRAL) {
        report_central(out, &link->counts);
    } else {
        report_asked(out, link);
    }
    fputc('}', out);
}

static void report_monitor(FILE *out, const struct ward_monitor *monitor)
{
    const struct ward_monitor_counts *counts = &monitor->counts;
    fprintf(out, "{\"name\":\"%s\",\"line\":\"%s\"", monitor->name, monitor->link->name);
    if (monitor->unit == 0) {
        report_count(out, "told", counts->told);
        fputc('}', out);
        return;
    }
    report_count(out, "unit", monitor->unit);
    report_count(out, "requests", counts->requests);
    report_count(out, "answered", counts->answered);
    report_count(out, "ignored", counts->ignored);
    report_count(out, "exceptions", counts->exceptions);
    report_count(out, "writes_refused", counts->writes_refused);
    fputc('}', out);
}

char *ward_report_make(const struct ward *ward)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) {
        return NULL;
    }
    fprintf(out, "{\"lines\":[");
    for (size_t i = 0; i < ward->link_count; i++) {
        fprintf(out, "%s", i == 0 ? "" : ",");
        report_link(out, &ward->links[i]);
    }
    fprintf(out, "],\"monitors\":[");
    for (size_t i = 0; i < ward->monitor_count; i++) {
        fprintf(out, "%s", i == 0 ? "" : ",");
        report_monitor(out, &ward->monitors[i]);
    }
    fprintf(out, "]}\n");
    return fclose(out) == 0 ? text : NULL;
}

void ward_report_free(char *report)
{
    free(report);
}
