#include "tests/ward/ward_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/ward/ward_item.h"

enum { LINE_LENGTH_MAX = 1024, WORDS_MAX = 32 };

static bool item_at(struct item *item)
{
    struct ward *ward = item->ward;
    struct ward_timed timed = {0};
    const bool repeats = item->count > 3 && strcmp(item->words[2], "every") == 0;
    const size_t from = repeats ? 4 : 2;
    if (item->count < from || !ward_text_duration(item->words[1], &timed.due_ns) ||
        (repeats && (!ward_text_duration(item->words[3], &timed.period_ns) || timed.period_ns < WARD_S))) {
        return item_fail(item, "write at TIME [every PERIOD] SUBJECT VERB [ARGUMENTS], a period of at least 1s");
    }
    if (ward->timed_count == WARD_TIMED_MAX) {
        return item_fail(item, "more than %d timed commands, use standard input", WARD_TIMED_MAX);
    }
    if (!ward_command_parse(ward, item->words + from, item->count - from, &timed.command, item->why,
                            sizeof item->why)) {
        return false;
    }
    ward->timed[ward->timed_count++] = timed;
    return true;
}

static bool item_control(struct item *item)
{
    if (item->count != 2 || item->ward->console.listener.fd >= 0) {
        return item_fail(item, "write control PATH, once");
    }
    return ward_console_listen(item->ward, item->words[1]) ||
           item_fail(item, "cannot listen on %.100s (%s), choose another path", item->words[1], strerror(errno));
}

static bool item_read(struct item *item)
{
    static const struct {
        const char *name;
        bool (*read)(struct item *item);
    } items[] = {{"line", item_line},       {"tcp", item_tcp}, {"oximeter", item_oximeter}, {"hl7", item_hl7},
                 {"monitor", item_monitor}, {"at", item_at},   {"control", item_control}};
    if (item->count > WORDS_MAX) {
        return item_fail(item, "more than %d words", WORDS_MAX);
    }
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        if (strcmp(items[i].name, item->words[0]) == 0) {
            return items[i].read(item);
        }
    }
    return item_fail(item, "%.32s is no item, write line, tcp, oximeter, hl7, monitor, at or control", item->words[0]);
}

static bool line_read(struct item *item, char *line)
{
    char expanded[LINE_LENGTH_MAX];
    if (strlen(line) == LINE_LENGTH_MAX - 1) {
        return item_fail(item, "longer than %d characters", LINE_LENGTH_MAX - 2);
    }
    line[strcspn(line, "#")] = '\0'; /* a variable in a comment need not exist */
    if (!ward_text_expand(line, expanded, sizeof expanded)) {
        return item_fail(item, "%.190s", expanded);
    }
    item->count = ward_text_split(expanded, item->words, WORDS_MAX);
    return item->count == 0 || item_read(item);
}

bool ward_file_load(struct ward *ward, const char *path)
{
    char line[LINE_LENGTH_MAX];
    char *words[WORDS_MAX];
    struct item item = {.ward = ward, .words = words};
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr, "ward: cannot read %s (%s)\n", path, strerror(errno));
        return false;
    }
    bool good = true;
    for (unsigned number = 1; good && fgets(line, sizeof line, file) != NULL; number++) {
        good = line_read(&item, line);
        if (!good) {
            fprintf(stderr, "ward: %s:%u: %s\n", path, number, item.why);
        }
    }
    fclose(file);
    return good;
}
