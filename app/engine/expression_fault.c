#include "app/engine/expression_fault.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

bool expression_fail(struct expression_fault *fault, struct expression_span where, const char *format, ...)
{
    assert(fault != NULL && format != NULL);
    fault->offset = where.offset;
    fault->length = where.length;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fault->message, sizeof fault->message, format, arguments);
    va_end(arguments);
    return false;
}
