/*
 * registers.h: registers as a person writes them down: `0=72, 1=0x61, input:7=16576, coil:3=1`, between commas, spaces
 * or line ends; what follows a # is a remark.
 *
 * Pure; thread: any.
 */
#ifndef WARDGATE_REGISTERS_H
#define WARDGATE_REGISTERS_H

#include <stdbool.h>

#include "drivers/monitor/driver.h"

#define REGISTERS_MAX      512
#define REGISTERS_TEXT_MAX 32

struct registers {
    struct register_value values[REGISTERS_MAX];
    size_t count;
    char wrong[REGISTERS_TEXT_MAX]; /* what could not be read */
};

/* False: `wrong` begins with what is no register, or there are too many (then it is empty). A later one of the same
 * place counts. */
bool registers_read(const char *text, struct registers *out);

/* What stands there; false when nobody said. */
bool registers_find(const struct registers *registers, enum register_table table, uint32_t reg, uint16_t *out);

const char *register_table_word(enum register_table table);

#endif
