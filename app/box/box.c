#include "app/box/box.h"

#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const source_words[] = {
    [BOX_NONE] = "none", [BOX_NEW] = "new", [BOX_SAME] = "same", [BOX_OTHER] = "other", [BOX_OLDER] = "older"};

enum { SOURCES = sizeof source_words / sizeof source_words[0] };

const char *box_source_word(enum box_source source)
{
    assert((unsigned)source < SOURCES);
    return source_words[source];
}

void box_add_line(char *lines, size_t size, const char *format, ...)
{
    const size_t used = strlen(lines);
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(lines + used, size - used, format, arguments);
    va_end(arguments);
    const size_t end = strlen(lines);
    if (length > 0 && end + 1 < size) {
        lines[end] = '\n';
        lines[end + 1] = '\0';
    }
}

struct publish_mode box_mode_private(void)
{
    /* cppcheck-suppress getgrnamCalled ; one thread */
    const struct group *group = geteuid() == 0 ? getgrnam(BOX_USER) : NULL;
    return group != NULL ? (struct publish_mode){0640, 0750, group->gr_gid}
                         : (struct publish_mode){0600, 0700, (gid_t)-1};
}

struct publish_mode box_mode_public(void)
{
    return (struct publish_mode){0644, 0755, (gid_t)-1};
}

/* ---- run/outcome: a line each, `key value`; of several lines each under the same key ---- */

static void write_lines(FILE *stream, const char *key, const char *lines)
{
    while (*lines != '\0') {
        const size_t length = strcspn(lines, "\n");
        (void)fprintf(stream, "%s %.*s\n", key, (int)length, lines);
        lines += length + (lines[length] == '\n' ? 1 : 0);
    }
}

enum status box_outcome_write(const struct box_outcome *outcome, const char *run)
{
    assert(outcome != NULL && run != NULL);
    char path[PUBLISH_PATH_MAX], *text = NULL;
    size_t size = 0;
    const struct publish_mode mode = box_mode_public();
    FILE *stream = publish_path(path, run, "outcome") ? open_memstream(&text, &size) : NULL;
    if (stream == NULL) {
        return STATUS_NO_MEMORY;
    }
    (void)fprintf(stream, "ward %s\nnetwork %s\nsince_ms %" PRId64 "\nconsole %d\n", box_source_word(outcome->ward),
                  box_source_word(outcome->network), outcome->since_ms, outcome->console);
    write_lines(stream, "gateway", outcome->gateway);
    write_lines(stream, "led", outcome->led);
    write_lines(stream, "interface", outcome->interfaces);
    write_lines(stream, "ward_problem", outcome->ward_problems);
    write_lines(stream, "network_problem", outcome->network_problems);
    write_lines(stream, "network_warning", outcome->network_warnings);
    write_lines(stream, "note", outcome->notes);
    const bool is_whole = fclose(stream) == 0;
    const enum status status = is_whole ? publish_file(path, &mode, text, size) : STATUS_NO_MEMORY;
    free(text);
    return status;
}

static enum box_source source_of(const char *word)
{
    unsigned source = SOURCES - 1;
    while (source > 0 && strcmp(source_words[source], word) != 0) {
        source--;
    }
    return (enum box_source)source;
}

static void take_line(struct box_outcome *out, const char *key, const char *value)
{
    if (strcmp(key, "ward") == 0) {
        out->ward = source_of(value);
    } else if (strcmp(key, "network") == 0) {
        out->network = source_of(value);
    } else if (strcmp(key, "since_ms") == 0) {
        out->since_ms = strtoll(value, NULL, 10);
    } else if (strcmp(key, "console") == 0) {
        out->console = strcmp(value, "1") == 0;
    } else if (strcmp(key, "gateway") == 0) {
        (void)snprintf(out->gateway, sizeof out->gateway, "%s", value);
    } else if (strcmp(key, "led") == 0) {
        (void)snprintf(out->led, sizeof out->led, "%s", value);
    } else if (strcmp(key, "interface") == 0) {
        box_add_line(out->interfaces, sizeof out->interfaces, "%s", value);
    } else if (strcmp(key, "ward_problem") == 0) {
        box_add_line(out->ward_problems, sizeof out->ward_problems, "%s", value);
    } else if (strcmp(key, "network_problem") == 0) {
        box_add_line(out->network_problems, sizeof out->network_problems, "%s", value);
    } else if (strcmp(key, "network_warning") == 0) {
        box_add_line(out->network_warnings, sizeof out->network_warnings, "%s", value);
    } else if (strcmp(key, "note") == 0) {
        box_add_line(out->notes, sizeof out->notes, "%s", value);
    }
}

bool box_outcome_read(const char *run, struct box_outcome *out)
{
    assert(run != NULL && out != NULL);
    char path[PUBLISH_PATH_MAX], *line = NULL;
    size_t size = 0;
    FILE *stream = publish_path(path, run, "outcome") ? fopen(path, "re") : NULL;
    if (stream == NULL) {
        return false;
    }
    *out = (struct box_outcome){.ward = BOX_NONE};
    while (getline(&line, &size, stream) > 0) {
        line[strcspn(line, "\n")] = '\0';
        char *space = strchr(line, ' ');
        if (space != NULL) {
            *space = '\0';
            take_line(out, line, space + 1);
        }
    }
    free(line);
    const bool is_read = ferror(stream) == 0;
    (void)fclose(stream);
    return is_read;
}
