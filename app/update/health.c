#include "app/update/health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/json_read.h"
#include "app/flow/local_connection.h"
#include "app/flow/local_socket.h"
#include "app/flow/report.h"

#define WORD_MAX 128

struct row {
    struct json_member members[JSON_MEMBERS_MAX];
    unsigned count;
};

static const struct json_member *member(const struct row *row, const char *key)
{
    for (unsigned i = 0; i < row->count; i++) {
        if (json_member_is(&row->members[i], key)) {
            return &row->members[i];
        }
    }
    return NULL;
}

/* "" for one that is not there, or null. */
static void text_of(const struct row *row, const char *key, char out[WORD_MAX])
{
    const struct json_member *m = member(row, key);
    out[0] = '\0';
    if (m != NULL && m->kind == JSON_TEXT) {
        json_read_words(m, out, WORD_MAX);
    }
}

static bool is(const struct row *row, const char *key, const char *text)
{
    char found[WORD_MAX];
    text_of(row, key, found);
    return strcmp(found, text) == 0;
}

static uint64_t number_of(const struct row *row, const char *key)
{
    const struct json_member *m = member(row, key);
    int64_t milli = 0;
    return m != NULL && json_read_milli(m, &milli) && milli > 0 ? (uint64_t)(milli / 1000) : 0;
}

/* The next row; false: there is none. */
static bool next_row(const char **text, struct row *out)
{
    while (**text != '\0') {
        const char *line = *text;
        const size_t length = strcspn(line, "\n");
        *text = line + length + (line[length] == '\n');
        if (json_read_object(line, length, out->members, JSON_MEMBERS_MAX, &out->count)) {
            return true;
        }
    }
    return false;
}

/* ---- buses ---- */

static bool is_link(const struct row *bus)
{
    return is(bus, "kind", "modbus-tcp") || is(bus, "kind", "rtu-over-tcp");
}

static bool asks(const struct row *bus)
{
    return is_link(bus) || is(bus, "kind", "modbus-rtu");
}

static bool works(const struct row *bus)
{
    return is(bus, "state", "open") && (!asks(bus) || number_of(bus, "requests") > 0);
}

static bool has_line(const char *text, const char *what, const char *name)
{
    char line[WORD_MAX + 8];
    const size_t length = (size_t)snprintf(line, sizeof line, "%s %s", what, name);
    for (const char *at = text; *at != '\0';) {
        const size_t count = strcspn(at, "\n");
        if (count == length && memcmp(at, line, length) == 0) {
            return true;
        }
        at += count + (at[count] == '\n');
    }
    return false;
}

size_t health_note_rows(const char *rows, char *out, size_t size)
{
    struct row row;
    char name[WORD_MAX];
    size_t used = 0;
    out[0] = '\0';
    while (next_row(&rows, &row)) {
        text_of(&row, "bus", name);
        if (is(&row, "row", "bus") && works(&row) && used + strlen(name) + 8 < size) {
            used += (size_t)snprintf(out + used, size - used, "%s %s\n", is_link(&row) ? "link" : "line", name);
        }
    }
    return used;
}

/* ---- the judgement ---- */

struct judging {
    const char *before;
    struct health *out;
    bool has_gateway, has_store, has_end;
    unsigned links_before, links; /* that worked before and are still there; of them that work */
    char link[WORD_MAX];
};

static void complain(struct judging *j, const char *what, const char *name, const char *why)
{
    if (j->out->why[0] == '\0') {
        (void)snprintf(j->out->why, sizeof j->out->why, "%s%s%s%s%s", what, name[0] != '\0' ? " " : "", name,
                       why[0] != '\0' ? ": " : "", why);
    }
}

static void judge_gateway(struct judging *j, const struct row *row)
{
    char stuck[WORD_MAX];
    j->has_gateway = true;
    j->out->uptime_s = number_of(row, "uptime_s");
    text_of(row, "version", j->out->version);
    text_of(row, "stuck", stuck);
    if (stuck[0] != '\0') {
        complain(j, "a part of the gateway is stuck", "", stuck);
    }
}

static void judge_store(struct judging *j, const struct row *row)
{
    char error[WORD_MAX];
    j->has_store = true;
    text_of(row, "error", error);
    if (error[0] != '\0') {
        complain(j, "the store takes nothing", "", error);
    } else if (number_of(row, "commits") == 0) {
        complain(j, "the store has not taken anything yet", "", "");
    }
}

static void judge_bus(struct judging *j, const struct row *row)
{
    char name[WORD_MAX], fault[WORD_MAX];
    text_of(row, "bus", name);
    text_of(row, "fault", fault);
    if (has_line(j->before, "link", name)) {
        j->links_before++;
        j->links += works(row) ? 1U : 0U;
        memcpy(j->link, name, sizeof name);
    } else if (has_line(j->before, "line", name) && !works(row)) {
        complain(j, is(row, "state", "open") ? "nothing is asked on" : "it cannot open", name, fault);
    }
}

void health_judge(const char *rows, const char *before, struct health *out)
{
    struct judging j = {.before = before, .out = out};
    struct row row;
    *out = (struct health){.good = false};
    while (next_row(&rows, &row)) {
        if (is(&row, "row", "gateway")) {
            judge_gateway(&j, &row);
        } else if (is(&row, "row", "store")) {
            judge_store(&j, &row);
        } else if (is(&row, "row", "bus")) {
            judge_bus(&j, &row);
        } else if (is(&row, "row", "end")) {
            j.has_end = true;
        }
    }
    if (!j.has_gateway || !j.has_store || !j.has_end) {
        complain(&j, "the gateway does not tell how it is", "", "");
    }
    if (j.links_before > 0 && j.links == 0) {
        complain(&j, "none of the links over the network works that did, such as", j.link, "");
    }
    out->good = out->why[0] == '\0';
}

/* The caller's to free; NULL: nobody answers, as `why` says. */
static char *ask(const char *socket, char *why, size_t size)
{
    size_t length = 0;
    char *rows = malloc(REPORT_TEXT_MAX);
    const enum status status = rows == NULL
                                   ? STATUS_NO_MEMORY
                                   : connection_ask(socket, "rows", LOCAL_ANSWER_MS, rows, REPORT_TEXT_MAX, &length);
    if (status == STATUS_OK) {
        return rows;
    }
    (void)snprintf(why, size, "no gateway answers (%s: %s)", socket, status_text(status));
    free(rows);
    return NULL;
}

void health_look(const char *socket, const char *before, struct health *out)
{
    *out = (struct health){.good = false};
    char *rows = ask(socket, out->why, sizeof out->why);
    if (rows != NULL) {
        health_judge(rows, before, out);
    }
    free(rows);
}

size_t health_note(const char *socket, char *out, size_t size)
{
    char why[HEALTH_WHY_MAX];
    char *rows = ask(socket, why, sizeof why);
    out[0] = '\0';
    const size_t length = rows != NULL ? health_note_rows(rows, out, size) : 0;
    free(rows);
    return length;
}
