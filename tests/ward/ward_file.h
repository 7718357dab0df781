/*
 * ward_file.h: reads a ward description and opens what it describes. The language is told at the head of ward.c.
 */
#ifndef WARD_FILE_H
#define WARD_FILE_H

#include <stdbool.h>

struct ward;

/* False when something is wrong: standard error has the line and what to do. */
bool ward_file_load(struct ward *ward, const char *path);

#endif
