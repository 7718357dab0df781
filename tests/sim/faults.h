/*
 * faults.h: what goes wrong, when and for how long: a table of faults, each drawn to come again and again. Runs have weather: each stretch of the run has
 * some of the faults and not others, so that they meet in many ways; between two stretches it is calm, so that what was promised can be seen to be kept.
 */
#ifndef WARDGATE_TESTS_SIM_FAULTS_H
#define WARDGATE_TESTS_SIM_FAULTS_H

#include <stdint.h>

void faults_init(void);
int64_t faults_next_us(void); /* when faults_step has something to do; world time */
void faults_step(void);
void faults_end_all(void); /* it is calm from now on */
void faults_print_counts(void);

#endif
