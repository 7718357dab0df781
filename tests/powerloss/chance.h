/*
 * chance.h: random numbers that follow from one seed. Two rows of them: what the test draws, and names that the store draws (getrandom).
 */
#ifndef WARDGATE_TESTS_CHANCE_H
#define WARDGATE_TESTS_CHANCE_H

#include <stdbool.h>
#include <stdint.h>

/* The row that chance_draw goes on with; a process has one, and a child its parent's. */
void chance_seed(uint64_t seed);
uint64_t chance_draw(uint64_t below); /* 0 to below - 1 */
bool chance_is(unsigned percent);

uint64_t chance_names(uint64_t below);
void chance_names_seed(uint64_t seed);

/* Another number for each pair: seeds of single images. */
uint64_t chance_mix(uint64_t seed, uint64_t number);

#endif
