/*
 * expression_fault.h: how the parts of the expression compiler point at what they refuse. Private to them.
 */
#ifndef WARDGATE_EXPRESSION_FAULT_H
#define WARDGATE_EXPRESSION_FAULT_H

#include <stdbool.h>
#include <stddef.h>

#include "app/engine/expression.h"
#include "app/engine/status.h"

/* Some bytes of the text of an expression. */
struct expression_span {
    size_t offset, length;
};

/* From the beginning of the first to the end of the last. */
static inline struct expression_span expression_span_join(struct expression_span first, struct expression_span last)
{
    return (struct expression_span){first.offset, last.offset + last.length - first.offset};
}

/* Words of the text as a message quotes them: `"%.*s", QUOTE(text, span)`; long ones are cut. */
#define EXPRESSION_QUOTE_MAX 24
#define QUOTE(text, span) \
    (int)((span).length < EXPRESSION_QUOTE_MAX ? (span).length : (size_t)EXPRESSION_QUOTE_MAX), (text) + (span).offset

/* Writes *fault; always false, so that a part can return it. */
bool expression_fail(struct expression_fault *fault, struct expression_span where, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
