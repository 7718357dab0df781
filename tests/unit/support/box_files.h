/*
 * box_files.h: files in the folders of a box that a test made.
 */
#ifndef WARDGATE_TEST_BOX_FILES_H
#define WARDGATE_TEST_BOX_FILES_H

#include <stdio.h>
#include <string.h>

#include "app/box/publish.h"

static inline void in_folder(char out[256], const char *where, const char *name)
{
    (void)snprintf(out, 256, "%s/%s", where, name);
}

/* With the folders above it. */
static inline void put(const char *where, const char *name, const char *text)
{
    char path[256], above[256];
    in_folder(path, where, name);
    (void)snprintf(above, sizeof above, "%.*s", (int)(strrchr(path, '/') - path), path);
    const struct publish_mode mode = {0600, 0700, (gid_t)-1};
    assert_int_equal(publish_folder(above, &mode), STATUS_OK);
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

#endif
