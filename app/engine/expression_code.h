/*
 * expression_code.h: the steps of a compiled expression, in postfix order. Private to the compiler and the evaluator.
 */
#ifndef WARDGATE_EXPRESSION_CODE_H
#define WARDGATE_EXPRESSION_CODE_H

enum expression_code {
    /* operators; the compiler keeps their precedence */
    CODE_OR,
    CODE_AND,
    CODE_NOT,
    CODE_COMPARE, /* two numbers, by `comparison` */
    CODE_ADD,
    CODE_SUBTRACT,
    CODE_MULTIPLY,
    CODE_DIVIDE,
    CODE_NEGATE,
    /* values */
    CODE_CONSTANT,
    CODE_PARAMETER,      /* `index` */
    CODE_WINDOW,         /* the answer of window `index` */
    CODE_COMPARE_WINDOW, /* window `index` with the number below, by `comparison`, exactly */
    CODE_SCORE,          /* the total of enum score `index` */
    CODE_COMPARE_SCORE   /* the same with the number below, by `comparison`: its lower bound may decide */
};

#endif
