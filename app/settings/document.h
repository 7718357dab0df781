/*
 * document.h: one YAML file as a small tree, each part with the line and column where it stands.
 *
 * Keys and texts, lists and mappings, nothing else: anchors, aliases, tags and several documents in a file are refused,
 * because a reader at the bedside must see every value where it holds. A key given twice is a fault. Texts stay as
 * written: what is a number is decided where it is read. Bounded in bytes (file.h), nodes and depth. The tree lives in
 * the pool. Source: YAML 1.1 as read by libyaml.
 */
#ifndef WARDGATE_DOCUMENT_H
#define WARDGATE_DOCUMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "app/settings/pool.h"
#include "app/settings/settings.h"

#define DOCUMENT_NODES_MAX 16384
#define DOCUMENT_DEPTH_MAX 12

enum node_kind { NODE_TEXT, NODE_LIST, NODE_MAPPING };

struct node {
    enum node_kind kind;
    const char *text;     /* of a text: never NULL */
    bool is_quoted;       /* a text in quotes */
    uint32_t text_column; /* of its first character, where each character stands in one line as it is; 0: it does not */
    struct settings_mark mark;
    const char *key; /* in a mapping, else NULL */
    struct settings_mark key_mark;
    uint32_t index; /* among its parent's children, from 0 */
    uint32_t child_count;
    struct node *parent, *first, *last, *next;
};

/* The root of the tree; NULL when the file cannot be read as such: the faults are in the report. `file` must live as
 * long as the marks. */
const struct node *document_read(const char *file, struct pool *pool, struct settings_report *report);

/* The child under a key; NULL when there is none. */
const struct node *node_child(const struct node *mapping, const char *key);

/* True for a key with nothing behind its colon. */
bool node_is_empty(const struct node *node);

#endif
