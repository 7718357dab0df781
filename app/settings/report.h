/*
 * report.h: collects what is wrong with a configuration; settings_print_report (settings.h) prints it.
 *
 * Each fault points at a node's value, at its key, or at a place in a file, and says what is wrong, then what to do.
 * Beyond SETTINGS_FAULTS_MAX faults are only counted. The report keeps copies of all texts. Thread: that which loads.
 */
#ifndef WARDGATE_REPORT_H
#define WARDGATE_REPORT_H

#include <stddef.h>

#include "app/engine/expression.h"
#include "app/settings/document.h"
#include "app/settings/settings.h"

/* `file` is the configuration itself: its faults come first. */
void report_init(struct settings_report *report, const char *file);

/* About the value of `node`; an empty value is pointed at by its key. */
void report_fault(struct settings_report *report, const struct node *node, const char *format, ...) PRINTF_LIKE(3, 4);
void report_warning(struct settings_report *report, const struct node *node, const char *format, ...) PRINTF_LIKE(3, 4);

/* About the key of `node`; about the node itself where it has none. */
void report_key_fault(struct settings_report *report, const struct node *node, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* About a place that was noted before, under the key that stood there. */
void report_place_fault(struct settings_report *report, struct settings_mark mark, const char *key,
                        const char *message);

/* About a place in a file that could not be made a tree; line 0: the file as a whole. */
void report_file_fault(struct settings_report *report, struct settings_mark mark, const char *source, size_t length,
                       const char *message);

/* About a part of the expression in `node`: line and column of the part where the file shows it character by character.
 */
void report_expression_fault(struct settings_report *report, const struct node *node,
                             const struct expression_fault *fault);
void report_expression_warning(struct settings_report *report, const struct node *node,
                               const struct expression_fault *fault);

/* In the order of files as they were first named, then of lines. */
void report_sort(struct settings_report *report);

#endif
