#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/cli/listing.h"
#include "app/cli/local.h"
#include "app/flow/local_socket.h"

#define ROWS_DEFAULT "20"

struct options {
    const char *configuration, *rows;
    enum listing listing;
    bool verify, has_mark;
    struct store_audit_mark mark;
};

/* ---- what is asked for ---- */

/* "ROW:LINK", as verify prints it. */
static bool read_mark(const char *text, struct store_audit_mark *out)
{
    static const char digits[] = "0123456789abcdef";
    char *end = NULL;
    out->row = strtoull(text, &end, 10);
    if (end == text || *end != ':' || strlen(end + 1) != 2 * sizeof out->link || text[0] < '0' || text[0] > '9') {
        return false;
    }
    for (size_t i = 0; i < sizeof out->link; i++) {
        const char *const high = strchr(digits, end[1 + 2 * i]), *const low = strchr(digits, end[2 + 2 * i]);
        if (high == NULL || low == NULL) {
            return false;
        }
        out->link[i] = (unsigned char)((high - digits) << 4 | (low - digits));
    }
    return true;
}

static bool take_word(const char *word, struct options *o)
{
    if (word[0] != '\0' && strspn(word, "0123456789") == strlen(word) && strlen(word) < 9) {
        o->rows = word;
        return true;
    }
    if (strcmp(word, "verify") == 0) {
        o->verify = true;
        return true;
    }
    return listing_option(word, &o->listing) || strcmp(word, "show") == 0;
}

/* `show` may be left out. */
static int parse(int argc, char **argv, struct options *o)
{
    *o = (struct options){.configuration = COMMAND_DEFAULT_CONFIGURATION, .rows = ROWS_DEFAULT};
    for (int i = 1; i < argc; i++) {
        const int at = i;
        const char *const file = command_option(argc, argv, &i, "-c", "--config");
        const char *const mark = file == NULL ? command_option(argc, argv, &i, NULL, "--from") : NULL;
        bool good = true;
        if (file != NULL) {
            o->configuration = file;
            good = *file != '\0';
        } else if (mark != NULL) {
            o->has_mark = good = read_mark(mark, &o->mark);
        } else {
            good = take_word(argv[i], o);
        }
        if (!good) {
            return command_misused(&command_audit, "'%s' is no option, or its value is missing", argv[at]);
        }
    }
    if (o->has_mark && !o->verify) {
        return command_misused(&command_audit, "--from belongs to verify");
    }
    return COMMAND_OK;
}

/* ---- show ---- */

enum { COLUMN_AT, COLUMN_KIND, COLUMN_BED, COLUMN_BY, COLUMN_RESULT, COLUMN_DETAIL, COLUMN_COUNT };
static const struct listing_column columns[COLUMN_COUNT] = {{"at", 24}, {"what", 12},   {"bed", 6},
                                                            {"by", 18}, {"result", 10}, {"detail", 0}};

/* "rule=spo2_low new=88": what has no column. */
static void add_detail(char out[LISTING_CELL_MAX], const struct listing_member *member)
{
    char value[LISTING_CELL_MAX];
    listing_text(member, value);
    if (value[0] != '\0') {
        listing_add(out, " ", out[0] != '\0' ? 1 : 0);
        listing_add(out, member->key, member->key_length);
        listing_add(out, "=", 1);
        listing_add(out, value, strlen(value));
    }
}

static bool has_column(const struct listing_member *member)
{
    static const char *const keys[] = {"at", "kind", "command", "bed", "by", "role", "result", "stay_after"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (listing_is(member, keys[i])) {
            return true;
        }
    }
    return false;
}

static void print_row(enum listing listing, const char *json, size_t length)
{
    char cells[COLUMN_COUNT][LISTING_CELL_MAX] = {{0}}, role[LISTING_CELL_MAX];
    struct listing_walk walk = {json, json + length};
    struct listing_member member;
    listing_find(json, length, "at", cells[COLUMN_AT]);
    listing_find(json, length, "command", cells[COLUMN_KIND]);
    if (cells[COLUMN_KIND][0] == '\0') {
        listing_find(json, length, "kind", cells[COLUMN_KIND]);
    }
    listing_find(json, length, "bed", cells[COLUMN_BED]);
    listing_find(json, length, "by", cells[COLUMN_BY]);
    listing_find(json, length, "role", role);
    if (role[0] != '\0') {
        listing_add(cells[COLUMN_BY], " ", cells[COLUMN_BY][0] != '\0' ? 1 : 0);
        listing_add(cells[COLUMN_BY], "(", 1);
        listing_add(cells[COLUMN_BY], role, strlen(role));
        listing_add(cells[COLUMN_BY], ")", 1);
    }
    listing_find(json, length, "result", cells[COLUMN_RESULT]);
    while (listing_next(&walk, &member)) {
        if (!has_column(&member)) {
            add_detail(cells[COLUMN_DETAIL], &member);
        }
    }
    listing_row(stdout, listing, columns, COLUMN_COUNT, cells);
}

static void print_rows(enum listing listing, const char *rows)
{
    if (listing == LISTING_JSON) {
        (void)fputs(rows, stdout);
        return;
    }
    listing_head(stdout, listing, columns, COLUMN_COUNT);
    for (const char *at = rows; *at != '\0';) {
        const size_t length = strcspn(at, "\n");
        print_row(listing, at, length);
        at += length + (at[length] == '\n' ? 1 : 0);
    }
}

static int show(const struct options *o)
{
    const char *words = NULL;
    char request[32];
    char *answer = NULL;
    (void)snprintf(request, sizeof request, "audit %s", o->rows);
    const size_t most = STORE_AUDIT_ROWS * (STORE_AUDIT_MAX + 1) + 16;
    const int result = local_ask(o->configuration, request, LOCAL_ANSWER_MS, most, &answer, &words);
    if (result == COMMAND_OK) {
        print_rows(o->listing, words);
    } else if (answer != NULL) {
        command_complain("the audit log cannot be read (%s), see `wardgate status`", words);
    }
    free(answer);
    return result;
}

/* ---- verify ---- */

static const char *fault_word(enum store_audit_fault fault)
{
    static const char *const words[] = {[STORE_AUDIT_CHANGED] = "changed",
                                        [STORE_AUDIT_MISSING] = "missing",
                                        [STORE_AUDIT_UNKNOWN] = "unknown",
                                        [STORE_AUDIT_NO_ENDS] = "no_ends",
                                        [STORE_AUDIT_OTHER_END] = "other_end"};
    return words[fault];
}

static const char *fault_text(enum store_audit_fault fault)
{
    static const char *const texts[] = {
        [STORE_AUDIT_CHANGED] = "is not what it was written as, or does not belong there",
        [STORE_AUDIT_MISSING] = "is missing",
        [STORE_AUDIT_UNKNOWN] = "is there, and beyond the ends that the store recorded",
        [STORE_AUDIT_NO_ENDS] = "is where the log should begin: the record of its ends is gone",
        [STORE_AUDIT_OTHER_END] = "is not the one that was recorded there"};
    return texts[fault];
}

static uint32_t faults_listed(const struct store_audit_check *check)
{
    return check->fault_count < STORE_AUDIT_FAULTS_MAX ? check->fault_count : STORE_AUDIT_FAULTS_MAX;
}

static void print_json(const struct store_audit_check *check, const char *mark)
{
    printf("{\"whole\":%s,\"rows\":%" PRIu64 ",\"first\":%" PRIu64 ",\"newest\":\"%s\",\"noted_has_given_way\":%s,"
           "\"fault_count\":%" PRIu32 ",\"faults\":[",
           check->fault_count == 0 ? "true" : "false", check->rows, check->first, mark,
           check->noted_has_given_way ? "true" : "false", check->fault_count);
    for (uint32_t i = 0; i < faults_listed(check); i++) {
        printf("%s{\"row\":%" PRIu64 ",\"fault\":\"%s\"}", i > 0 ? "," : "", check->faults[i].row,
               fault_word(check->faults[i].fault));
    }
    (void)puts("]}");
}

static void print_words(const struct options *o, const struct store_audit_check *check, const char *mark)
{
    for (uint32_t i = 0; i < faults_listed(check); i++) {
        printf("row %" PRIu64 " %s\n", check->faults[i].row, fault_text(check->faults[i].fault));
    }
    if (check->fault_count > faults_listed(check)) {
        printf("and %" PRIu32 " more\n", check->fault_count - faults_listed(check));
    }
    printf("the audit log is %s: %" PRIu64 " rows from row %" PRIu64 " on\n",
           check->fault_count == 0 ? "whole" : "NOT whole", check->rows, check->first);
    if (o->has_mark && check->noted_has_given_way) {
        printf("row %" PRIu64 " has given way to newer ones since: nothing can be said of it\n", o->mark.row);
    }
    printf("newest row: %s\n", mark);
}

static int tell(const struct options *o, const struct store_audit_check *check)
{
    char mark[STORE_MARK_TEXT_MAX];
    store_mark_text(&check->mark, mark);
    if (o->listing == LISTING_JSON) {
        print_json(check, mark);
    } else {
        print_words(o, check, mark);
    }
    return check->fault_count == 0 ? COMMAND_OK : COMMAND_FAILED;
}

static int verify(const struct options *o)
{
    struct settings *settings = command_settings_of_running(o->configuration);
    struct store *store = settings != NULL ? local_store(settings) : NULL;
    struct store_audit_check check;
    int result = settings == NULL ? COMMAND_USAGE : COMMAND_FAILED;
    if (store != NULL) {
        const enum status status = store_check_audit(store, o->has_mark ? &o->mark : NULL, &check);
        if (status == STATUS_OK) {
            result = tell(o, &check);
        } else {
            command_complain("the audit log cannot be read (%s: %s), try again", settings->store.path,
                             status_text(status));
        }
    }
    store_close(store);
    settings_free(settings);
    return result;
}

static int run(int argc, char **argv)
{
    struct options options;
    const int usage = parse(argc, argv, &options);
    if (usage != COMMAND_OK) {
        return usage;
    }
    const int result = options.verify ? verify(&options) : show(&options);
    return fflush(stdout) == 0 ? result : COMMAND_FAILED;
}

const struct command command_audit = {
    .name = "audit",
    .arguments = "[-c FILE] [--csv | --json] show [ROWS] | verify [--from ROW:LINK]",
    .summary = "what people told the gateway, and what became of it",
    .details =
        "  -c FILE           the configuration that the gateway runs with\n"
        "  show ROWS         the newest so many, " ROWS_DEFAULT " unless said, oldest first; asks the gateway\n"
        "  verify            whether any row was changed, taken out or moved; reads the store itself, whether a\n"
        "                    gateway runs or not. Prints the newest row as ROW:LINK\n"
        "  --from ROW:LINK   one that was printed earlier and kept elsewhere: also whether it is the same still\n"
        "  --csv, --json     for a spreadsheet; for a program, a line each\n\n"
        "Rows are shown as they were written, by the clock of that moment. One called clock tells that it was\n"
        "set, and by how many seconds (step_s): what stands above it, back to where the box was started, is off\n"
        "by so much, but for up to a minute before it.\n\n"
        "  wardgate audit show\n"
        "  wardgate audit show 1000 --json | jq 'select(.command == \"set_limit\")'\n"
        "  wardgate audit verify || echo 'somebody was here'\n",
    .run = run,
};
