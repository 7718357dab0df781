#include "app/flow/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "hal/outlet.h"

enum { LINE_MAX_BYTES = 512, PRIORITY_ERROR = 3, PRIORITY_WARNING = 4, PRIORITY_NOTE = 6 };

static atomic_uint left_out;

static void put(const char *line, int length)
{
    if (outlet_put(STDERR_FILENO, line, (size_t)length) == STATUS_FULL) {
        atomic_fetch_add(&left_out, 1); /* of other failures: there is no better place to say so */
    }
}

/* Before the next line that there is room for. */
static void tell_left_out(const char *head)
{
    char line[LINE_MAX_BYTES];
    const unsigned count = atomic_exchange(&left_out, 0);
    if (count == 0) {
        return;
    }
    const int length =
        snprintf(line, sizeof line, "%swardgate: %u lines are missing here, nobody read the log\n", head, count);
    if (outlet_put(STDERR_FILENO, line, (size_t)length) == STATUS_FULL) {
        atomic_fetch_add(&left_out, count);
    }
}

static void PRINTF_LIKE(2, 0) write_line(int priority, const char *format, va_list arguments)
{
    char line[LINE_MAX_BYTES];
    const bool is_read_by_people = isatty(STDERR_FILENO) == 1;
    int length = 0;
    tell_left_out(is_read_by_people ? "" : "<4>");
    if (!is_read_by_people) {
        length = snprintf(line, sizeof line, "<%d>", priority);
    }
    length += snprintf(line + length, sizeof line - (size_t)length, "wardgate: ");
    const int text = vsnprintf(line + length, sizeof line - (size_t)length - 1, format, arguments);
    const int room = (int)sizeof line - length - 2;
    length += text < 0 ? 0 : text < room ? text : room;
    line[length++] = '\n';
    put(line, length);
}

void log_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line(PRIORITY_ERROR, format, arguments);
    va_end(arguments);
}

void log_warning(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line(PRIORITY_WARNING, format, arguments);
    va_end(arguments);
}

void log_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_line(PRIORITY_NOTE, format, arguments);
    va_end(arguments);
}
