/*
 * recorder.h: everything that the store does to its files, in order.
 *
 * The linker puts this recorder between the program and the C library (--wrap, in the Makefile): LMDB, linked in statically, and drivers/store call
 * it instead of open, mkdir, rename, unlink, write, writev, pwrite, ftruncate, fallocate, fsync, fdatasync and msync. Each call is done, and noted when
 * it concerns a file or folder under the recorded one. LMDB's map is opened for reading only (no MDB_WRITEMAP), so no write escapes through
 * it; disk_is_as_recorded (disk.h) proves that afterwards. Its lock file is written through a map, and anything may stand in it after a power cut.
 *
 * A write through a descriptor opened O_DSYNC (LMDB's meta page) is two operations: the write, and OP_SYNC_WRITE, which makes that write durable
 * and no other.
 *
 * Nodes are files and folders; they keep their number through renames. Node 0 is the recorded folder itself.
 * The record lies in memory that is shared with child processes, so that it goes on when one of them is killed. One of them runs at a time.
 */
#ifndef WARDGATE_TESTS_RECORDER_H
#define WARDGATE_TESTS_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDER_NAME_MAX  64
#define RECORDER_NODES_MAX 256U
#define RECORDER_OPS_MAX   32768U
#define RECORDER_BYTES_MAX ((uint64_t)1 << 30) /* of address space; memory is taken as it is filled */
#define NODE_NONE          UINT16_MAX
#define RECORDER_KILLED    137 /* exit status of a process that the recorder ended */

enum op_kind {
    OP_MAKE,      /* `name` in `folder` is `node`, which is new and empty */
    OP_RENAME,    /* `name` in `folder` is `node`, and becomes `name_to` there */
    OP_REMOVE,    /* `name` in `folder` is gone */
    OP_WRITE,     /* bytes at offset */
    OP_LENGTH,    /* the file is `offset` bytes long */
    OP_SYNC,      /* all of the node that was done before is durable: bytes and length of a file, names in a folder */
    OP_SYNC_WRITE /* the write at operation `offset` is */
};

struct op {
    uint8_t kind;
    uint16_t node, folder;
    uint32_t size;
    uint64_t offset, bytes_at;
    char name[RECORDER_NAME_MAX], name_to[RECORDER_NAME_MAX];
};

struct node {
    uint64_t inode;
    bool is_folder;
    uint16_t folder; /* what it had when the record began: where it was, ... */
    char name[RECORDER_NAME_MAX];
    uint64_t size, bytes_at; /* ... and what stood in it */
};

struct record_of_disk {
    uint32_t op_count, node_count;
    uint32_t nodes_at_start;
    uint64_t byte_count;
    uint32_t kill_at; /* the process ends before it does this operation; UINT32_MAX: never */
    struct op ops[RECORDER_OPS_MAX];
    struct node nodes[RECORDER_NODES_MAX];
    unsigned char bytes[];
};

extern struct record_of_disk *recorder; /* after recorder_init */

void recorder_init(void);

/* Zeroed memory that child processes share; never given back. */
void *memory_shared(size_t size);

/* A new record of what happens under `folder`; what lies in there now is durable. */
void recorder_begin(const char *folder);
void recorder_end(void); /* nothing is noted from here on */

/* Makes this process end before the operation of that number, as kill -9 would. */
void recorder_kill_at(uint32_t op);

const char *op_word(unsigned kind);

#endif
