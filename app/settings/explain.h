/*
 * explain.h: what libyaml says of a malformed file, in words for somebody who edits it at night.
 *
 * Pure; thread: any.
 */
#ifndef WARDGATE_EXPLAIN_H
#define WARDGATE_EXPLAIN_H

#include <stddef.h>
#include <stdint.h>

/* Lines and columns from 1; columns count characters. */
struct syntax_fault {
    const char *problem;               /* libyaml's words */
    uint32_t line, column;             /* where it noticed */
    uint32_t begun_line, begun_column; /* of the quote, bracket or block it was in; line 0: none */
    const char *source;                /* the line where it noticed, without its end; needs no terminator */
    size_t source_length;
};

/* Writes what is wrong and what to do; may move fault->line and column to where the mistake is rather than where it was
 * noticed. */
void explain_syntax(struct syntax_fault *fault, char *message, size_t size);

#endif
