/*
 * comparison.h: the six ways to compare a number with a threshold. Pure; thread: any.
 */
#ifndef WARDGATE_COMPARISON_H
#define WARDGATE_COMPARISON_H

#include <stdbool.h>
#include <stdint.h>

enum comparison { COMPARISON_LT, COMPARISON_LE, COMPARISON_GT, COMPARISON_GE, COMPARISON_EQ, COMPARISON_NE };

bool comparison_holds(enum comparison comparison, int64_t left, int64_t right);

#endif
