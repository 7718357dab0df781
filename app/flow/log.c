#include "app/flow/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 512, PRIORITY_ERROR = 3, PRIORITY_WARNING = 4, PRIORITY_NOTE = 6 };

static void PRINTF_LIKE(2, 0) write_line(int priority, const char *format, va_list arguments)
{
    char line[LINE_MAX_BYTES];
    int length = 0;
    if (isatty(STDERR_FILENO) == 0) {
        length = snprintf(line, sizeof line, "<%d>", priority);
    }
    length += snprintf(line + length, sizeof line - (size_t)length, "wardgate: ");
    const int text = vsnprintf(line + length, sizeof line - (size_t)length - 1, format, arguments);
    const int room = (int)sizeof line - length - 2;
    length += text < 0 ? 0 : text < room ? text : room;
    line[length++] = '\n';
    if (write(STDERR_FILENO, line, (size_t)length) < 0) {
        return; /* nobody reads: there is no better place to say so */
    }
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
