/*
 * nurse.h: people: commands over the broker, as they are given on a ward, sound ones and others.
 */
#ifndef WARDGATE_TESTS_SIM_NURSE_H
#define WARDGATE_TESTS_SIM_NURSE_H

#include <stdint.h>

void nurse_command(void); /* any, at any bed */
uint64_t nurse_commands(void);

#endif
