/*
 * ward_map.h: the registers of a device that is no patient monitor, from a file, and nothing but them.
 *
 * A line of the file is `holding|input|coil|discrete NUMBER VALUE...`, values for registers one after another, numbers
 * decimal or 0x...; # begins a comment. Pure but for the reading.
 */
#ifndef WARD_MAP_H
#define WARD_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/ward/ward_registers.h"

#define WARD_MAP_MAX 64

struct ward_map {
    struct ward_source source;
    size_t count;
    struct {
        enum ward_table table;
        uint32_t number;
        uint16_t value;
    } registers[WARD_MAP_MAX];
};

/* On false `why` says what is wrong. */
bool ward_map_load(struct ward_map *map, FILE *file, char *why, size_t size);

#endif
