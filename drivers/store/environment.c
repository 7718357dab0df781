#include "drivers/store/environment.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "drivers/store/pages.h"

enum { DBI_FREE_PAGES, DBI_MAIN, DBI_OWN_COUNT, META_PAGES = 2 }; /* what LMDB itself keeps in every environment */
#define DBI_MISSING UINT_MAX                                      /* LMDB has none of that number: EINVAL */

#define LOCK_FILE_BYTES 16384U /* more than its header and all readers take */
#define PATH_ROOM       1024U

#define ENDED_LOOKS   5U /* at those that were killed: 10 ms */
#define ENDED_LOOK_NS 2000000

/* Of the map: each fourth commit gives it back, for little of it is looked at in between; who reads many rows gives it back
 * less often, for each time costs as much as the reading of some. */
#define MAP_BYTES_MOST   1048576U             /* looked at before it is given back */
#define MAP_COMMIT_BYTES (MAP_BYTES_MOST / 4) /* that a commit counts for */

_Static_assert(sizeof(MDB_dbi) == sizeof(unsigned), "environment.h spells MDB_dbi out");

static enum status status_of(struct environment *e, int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return STATUS_OK;
    case MDB_NOTFOUND:
        return STATUS_NOT_FOUND;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
        return STATUS_FULL;
    case MDB_READERS_FULL:
        return STATUS_BUSY;
    case MDB_PANIC: /* a commit failed half way: the file is whole, this opening of it is not */
        atomic_store(&e->broken, true);
        return STATUS_IO;
    default:
        if (rc > 0) {
            return folder_status(rc);
        }
        atomic_store(&e->broken, true);
        return STATUS_CORRUPT;
    }
}

/* LMDB's one struct for in and out has no const. */
static MDB_val value_of(struct bytes bytes)
{
    MDB_val value = {.mv_size = bytes.size};
    memcpy(&value.mv_data, &bytes.data, sizeof bytes.data);
    return value;
}

static struct bytes bytes_of(MDB_val value)
{
    return (struct bytes){value.mv_data, value.mv_size};
}

/* ---- beside another process ---- */

/* Whoever is stopped inside a transaction keeps every page that it sees from being used again. */
static void hold_stops_off(struct environment *e)
{
    sigset_t stops;
    if (!e->is_beside || e->beside++ > 0) {
        return;
    }
    (void)sigemptyset(&stops);
    (void)sigaddset(&stops, SIGTSTP);
    (void)sigaddset(&stops, SIGTTIN);
    (void)sigaddset(&stops, SIGTTOU);
    (void)pthread_sigmask(SIG_BLOCK, &stops, &e->signals_before);
}

static void let_stops_in(struct environment *e)
{
    if (e->is_beside && --e->beside == 0) {
        (void)pthread_sigmask(SIG_SETMASK, &e->signals_before, NULL);
    }
}

/* ---- opening ---- */

static int database_open(struct environment *e, MDB_txn *txn, unsigned database, unsigned flags)
{
    const bool may_miss = database + e->layout->added >= e->layout->database_count;
    const int rc = mdb_dbi_open(txn, e->layout->databases[database], flags, &e->dbi[database]);
    if (rc == MDB_NOTFOUND && may_miss) {
        e->dbi[database] = DBI_MISSING;
        return MDB_SUCCESS;
    }
    return rc;
}

static int databases_open(struct environment *e, unsigned flags, unsigned transaction_flags)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(e->env, NULL, transaction_flags, &txn);
    if (rc != MDB_SUCCESS) {
        return rc;
    }
    for (unsigned i = 0; rc == MDB_SUCCESS && i < e->layout->database_count; i++) {
        rc = database_open(e, txn, i, flags);
    }
    if (rc != MDB_SUCCESS) {
        mdb_txn_abort(txn);
        return rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE ? MDB_CORRUPTED : rc;
    }
    return mdb_txn_commit(txn);
}

static int map_open(struct environment *e, const char *path, unsigned database_flags)
{
    int rc = mdb_env_create(&e->env);
    if (rc != MDB_SUCCESS) {
        e->env = NULL;
        return rc;
    }
    rc = mdb_env_set_maxdbs(e->env, e->layout->database_count);
    rc = rc == MDB_SUCCESS ? mdb_env_set_maxreaders(e->env, ENVIRONMENT_READERS_MAX) : rc;
    rc = rc == MDB_SUCCESS ? mdb_env_set_mapsize(e->env, (size_t)e->bytes) : rc;
    rc = rc == MDB_SUCCESS ? mdb_env_open(e->env, path, MDB_NOTLS, 0600) : rc;
    rc = rc == MDB_SUCCESS ? mdb_reader_check(e->env, NULL) : rc;
    return rc == MDB_SUCCESS ? databases_open(e, database_flags, 0) : rc;
}

static int map_measure(struct environment *e)
{
    MDB_envinfo info;
    MDB_stat stat;
    int rc = mdb_env_info(e->env, &info);
    rc = rc == MDB_SUCCESS ? mdb_env_stat(e->env, &stat) : rc;
    if (rc == MDB_SUCCESS) {
        e->page_bytes = stat.ms_psize;
        e->map_pages = info.me_mapsize / stat.ms_psize;
    }
    return rc;
}

/* LMDB does not tell where its map begins. What it keeps of the first database lies in a page that bears its own number. */
static void map_find(struct environment *e)
{
    MDB_txn *txn = NULL;
    MDB_val name = value_of((struct bytes){e->layout->databases[0], strlen(e->layout->databases[0])}), found;
    e->map = NULL;
    if (e->page_bytes != (uint64_t)sysconf(_SC_PAGESIZE) || mdb_txn_begin(e->env, NULL, MDB_RDONLY, &txn) != 0) {
        return; /* from a machine of other pages: the map keeps what it takes */
    }
    if (mdb_get(txn, DBI_MAIN, &name, &found) == MDB_SUCCESS) {
        size_t number;
        unsigned char *page = (unsigned char *)found.mv_data - (uintptr_t)found.mv_data % e->page_bytes;
        memcpy(&number, page, sizeof number);
        e->map = number < e->map_pages ? page - number * e->page_bytes : NULL;
    }
    mdb_txn_abort(txn);
}

/* Each page that was ever looked at, and those around it, would stay in our memory until the whole map is there. It
 * holds nothing that the file does not, and what is looked at again is still in the system's cache. */
static void map_was_used(struct environment *e, uint64_t bytes)
{
    if (atomic_fetch_add_explicit(&e->map_bytes, bytes, memory_order_relaxed) + bytes >= MAP_BYTES_MOST &&
        e->map != NULL) {
        atomic_store_explicit(&e->map_bytes, 0, memory_order_relaxed);
        (void)madvise(e->map, (size_t)(e->map_pages * e->page_bytes), MADV_DONTNEED);
    }
}

/* LMDB writes its lock file through a map: without room reserved for it, a full disk would be a SIGBUS. What an existing
 * data file holds can be read without any, and its free pages can be written. */
static enum status files_reserve(struct environment *e, const char *folder, bool exists)
{
    const enum status status = folder_reserve(e->root_fd, folder, FOLDER_DATA, e->bytes);
    e->lacks_room = exists && status == STATUS_FULL;
    return status == STATUS_OK || e->lacks_room ? folder_reserve(e->root_fd, folder, FOLDER_LOCK, LOCK_FILE_BYTES)
                                                : status;
}

void environment_reserve(struct environment *e)
{
    e->lacks_room = folder_reserve(e->root_fd, e->layout->folder, FOLDER_DATA, e->bytes) != STATUS_OK;
}

static enum status folder_open_map(struct environment *e, const char *folder, unsigned database_flags)
{
    char path[PATH_ROOM];
    if (snprintf(path, sizeof path, "%s/%s", e->root, folder) >= (int)sizeof path) {
        return STATUS_TOO_LARGE;
    }
    enum status status = files_reserve(e, folder, (database_flags & MDB_CREATE) == 0);
    if (status == STATUS_OK) {
        status = status_of(e, map_open(e, path, database_flags));
    }
    status = status == STATUS_OK ? status_of(e, map_measure(e)) : status;
    if (status == STATUS_OK) {
        map_find(e);
    }
    return status;
}

enum status environment_open(struct environment *e)
{
    assert(e != NULL && e->env == NULL);
    char file[2 * FOLDER_NAME_MAX];
    (void)snprintf(file, sizeof file, "%s/" FOLDER_DATA, e->layout->folder);
    enum status status = folder_sync_data(e->root_fd, e->layout->folder);
    if (status == STATUS_OK) {
        status = pages_check(e->root_fd, file);
    }
    if (status == STATUS_NOT_FOUND || status == STATUS_INVALID) {
        return STATUS_CORRUPT; /* the folder is there, a data file is not */
    }
    if (status == STATUS_OK) {
        status = folder_open_map(e, e->layout->folder, 0);
    }
    if (status != STATUS_OK) {
        environment_close(e);
    }
    return status;
}

enum status environment_fit(struct environment *e, unsigned percent)
{
    assert(e != NULL && e->env != NULL && percent > 0);
    struct transaction t;
    enum status status = transaction_begin(e, false, &t);
    if (status != STATUS_OK) {
        return status;
    }
    const uint64_t pages = transaction_used_pages(&t) * 100 / percent + 1, bytes = pages * e->page_bytes;
    transaction_abort(&t);
    if (pages <= e->map_pages || folder_reserve(e->root_fd, e->layout->folder, FOLDER_DATA, bytes) != STATUS_OK) {
        return STATUS_OK;
    }
    status = status_of(e, mdb_env_set_mapsize(e->env, (size_t)bytes));
    status = status == STATUS_OK ? status_of(e, map_measure(e)) : status;
    if (status == STATUS_OK) {
        map_find(e);
    }
    return status;
}

static int map_open_to_read(struct environment *e, const char *path)
{
    int rc = mdb_env_create(&e->env);
    if (rc != MDB_SUCCESS) {
        e->env = NULL;
        return rc;
    }
    rc = mdb_env_set_maxdbs(e->env, e->layout->database_count);
    rc = rc == MDB_SUCCESS ? mdb_env_open(e->env, path, MDB_NOTLS | MDB_RDONLY, 0600) : rc;
    rc = rc == MDB_SUCCESS ? databases_open(e, 0, MDB_RDONLY) : rc;
    return rc == MDB_SUCCESS ? map_measure(e) : rc;
}

enum status environment_open_to_read(struct environment *e)
{
    assert(e != NULL && e->env == NULL);
    char path[PATH_ROOM], file[2 * FOLDER_NAME_MAX];
    if (snprintf(path, sizeof path, "%s/%s", e->root, e->layout->folder) >= (int)sizeof path) {
        return STATUS_TOO_LARGE;
    }
    (void)snprintf(file, sizeof file, "%s/" FOLDER_LOCK, e->layout->folder);
    if (!folder_has(e->root_fd, file)) {
        return STATUS_NOT_FOUND;
    }
    e->is_beside = true;
    hold_stops_off(e);
    const enum status status = status_of(e, map_open_to_read(e, path));
    let_stops_in(e);
    if (status != STATUS_OK) {
        environment_close(e);
    }
    return status;
}

void environment_forget_dead_readers(struct environment *e)
{
    int dead = 0;
    if (e->env != NULL) {
        (void)mdb_reader_check(e->env, &dead); /* what fails here is told by the transaction that follows */
        atomic_fetch_add(&e->dead_readers, (unsigned)dead);
    }
}

/* The third word of its line in /proc, behind the name in parentheses: stopped, or stopped by a tracer. */
static bool is_stopped(long pid)
{
    char path[32], text[256];
    (void)snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) {
        (void)close(fd);
    }
    text[length > 0 ? length : 0] = '\0';
    const char *behind = strrchr(text, ')');
    return behind != NULL && behind[1] == ' ' && (behind[2] == 'T' || behind[2] == 't');
}

/* A line is "pid thread transaction", the last "-" between transactions. Dead ones are no longer among them, so that it is not somebody else under the number. */
static int end_if_stopped(const char *line, void *context)
{
    char *thread;
    unsigned *ended = context;
    const long pid = strtol(line, &thread, 10); /* above them stands a line of words: 0 */
    thread += strspn(thread, " ");
    const char *transaction = thread + strcspn(thread, " ");
    transaction += strspn(transaction, " ");
    const bool is_reading = *transaction >= '0' && *transaction <= '9';
    if (pid > 0 && is_reading && pid != (long)getpid() && is_stopped(pid) && kill((pid_t)pid, SIGKILL) == 0) {
        ++*ended;
    }
    return 0;
}

void environment_end_stopped_readers(struct environment *e)
{
    unsigned ended = 0;
    environment_forget_dead_readers(e);
    if (e->env == NULL || mdb_reader_list(e->env, end_if_stopped, &ended) < 0 || ended == 0) {
        return;
    }
    for (unsigned i = 0; i < ENDED_LOOKS; i++) { /* until their locks are gone, too */
        (void)nanosleep(&(struct timespec){.tv_nsec = ENDED_LOOK_NS}, NULL);
        environment_forget_dead_readers(e);
    }
}

enum status environment_stage(struct environment *e)
{
    assert(e != NULL && e->env == NULL);
    enum status status = folder_stage(e->root_fd, e->layout->folder, e->stage);
    if (status == STATUS_OK) {
        status = folder_open_map(e, e->stage, MDB_CREATE);
    }
    if (status != STATUS_OK) {
        environment_close(e);
    }
    return status;
}

enum status environment_publish(struct environment *e)
{
    assert(e != NULL && e->env != NULL && e->stage[0] != '\0');
    mdb_env_close(e->env);
    e->env = NULL;
    const enum status status = folder_publish(e->root_fd, e->stage, e->layout->folder);
    if (status == STATUS_OK) {
        e->stage[0] = '\0';
        return environment_open(e);
    }
    environment_close(e);
    return status;
}

void environment_close(struct environment *e)
{
    assert(e != NULL);
    if (e->env != NULL) {
        mdb_env_close(e->env);
        e->env = NULL;
    }
    if (e->stage[0] != '\0') {
        folder_remove(e->root_fd, e->stage);
        e->stage[0] = '\0';
    }
    atomic_store(&e->broken, false);
}

bool environment_is_lost(const struct environment *e)
{
    return e->env == NULL || atomic_load(&e->broken);
}

bool environment_is_whole(const struct environment *e)
{
    for (unsigned i = 0; i < e->layout->database_count; i++) {
        if (e->dbi[i] == DBI_MISSING) {
            return false;
        }
    }
    return true;
}

/* ---- transactions ---- */

enum status transaction_begin(struct environment *e, bool write, struct transaction *out)
{
    assert(e != NULL && e->env != NULL && out != NULL);
    MDB_txn *txn = NULL;
    hold_stops_off(e);
    const enum status status = status_of(e, mdb_txn_begin(e->env, NULL, write ? 0 : MDB_RDONLY, &txn));
    if (status == STATUS_OK) {
        *out = (struct transaction){e, txn};
    } else {
        let_stops_in(e);
    }
    return status;
}

enum status transaction_commit(struct transaction *t)
{
    assert(t != NULL && t->txn != NULL);
    const int rc = mdb_txn_commit(t->txn); /* gone in any case */
    t->txn = NULL;
    map_was_used(t->environment, MAP_COMMIT_BYTES);
    return status_of(t->environment, rc);
}

void transaction_abort(struct transaction *t)
{
    if (t->txn != NULL) {
        mdb_txn_abort(t->txn);
        t->txn = NULL;
        let_stops_in(t->environment);
    }
}

enum status transaction_get(const struct transaction *t, unsigned database, struct bytes key, struct bytes *out)
{
    MDB_val wanted = value_of(key), found;
    const int rc = mdb_get(t->txn, t->environment->dbi[database], &wanted, &found);
    if (rc == MDB_SUCCESS) {
        *out = bytes_of(found);
    }
    return status_of(t->environment, rc);
}

enum status transaction_put(const struct transaction *t, unsigned database, struct bytes key, struct bytes value,
                            bool appending)
{
    MDB_val where = value_of(key), what = value_of(value);
    const MDB_dbi dbi = t->environment->dbi[database];
    int rc = mdb_put(t->txn, dbi, &where, &what, appending ? MDB_APPEND : 0);
    if (rc == MDB_KEYEXIST) { /* not the largest after all: LMDB has changed nothing yet */
        rc = mdb_put(t->txn, dbi, &where, &what, 0);
    }
    return status_of(t->environment, rc);
}

enum status transaction_reserve(const struct transaction *t, unsigned database, struct bytes key, size_t size,
                                void **out)
{
    MDB_val where = value_of(key), what = {.mv_size = size};
    const int rc = mdb_put(t->txn, t->environment->dbi[database], &where, &what, MDB_RESERVE);
    if (rc == MDB_SUCCESS) {
        *out = what.mv_data;
    }
    return status_of(t->environment, rc);
}

enum status transaction_delete(const struct transaction *t, unsigned database, struct bytes key)
{
    MDB_val where = value_of(key);
    return status_of(t->environment, mdb_del(t->txn, t->environment->dbi[database], &where, NULL));
}

enum status transaction_empty(const struct transaction *t, unsigned database)
{
    return status_of(t->environment, mdb_drop(t->txn, t->environment->dbi[database], 0));
}

enum status transaction_create(const struct transaction *t, unsigned database)
{
    struct environment *e = t->environment;
    return status_of(e, mdb_dbi_open(t->txn, e->layout->databases[database], MDB_CREATE, &e->dbi[database]));
}

static enum status key_at(const struct transaction *t, unsigned database, MDB_cursor_op end, struct bytes *out_key)
{
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(t->txn, t->environment->dbi[database], &cursor);
    if (rc != MDB_SUCCESS) {
        return status_of(t->environment, rc);
    }
    MDB_val key, value;
    rc = mdb_cursor_get(cursor, &key, &value, end);
    mdb_cursor_close(cursor);
    if (rc == MDB_SUCCESS) {
        *out_key = bytes_of(key);
    }
    return status_of(t->environment, rc);
}

enum status transaction_first(const struct transaction *t, unsigned database, struct bytes *out_key)
{
    return key_at(t, database, MDB_FIRST, out_key);
}

enum status transaction_last(const struct transaction *t, unsigned database, struct bytes *out_key)
{
    return key_at(t, database, MDB_LAST, out_key);
}

/* ---- cursors ---- */

enum status cursor_open(const struct transaction *t, unsigned database, struct cursor *out)
{
    *out = (struct cursor){.transaction = t};
    return status_of(t->environment, mdb_cursor_open(t->txn, t->environment->dbi[database], &out->place));
}

static enum status cursor_move(struct cursor *c, struct bytes from, MDB_cursor_op how)
{
    MDB_val key = value_of(from), value = {.mv_size = 0};
    const int rc = mdb_cursor_get(c->place, &key, &value, how);
    if (rc == MDB_SUCCESS) {
        c->key = bytes_of(key);
        c->value = bytes_of(value);
        c->seen += key.mv_size + value.mv_size;
    }
    return status_of(c->transaction->environment, rc);
}

enum status cursor_seek(struct cursor *c, struct bytes from)
{
    return cursor_move(c, from, from.size > 0 ? MDB_SET_RANGE : MDB_FIRST);
}

enum status cursor_next(struct cursor *c)
{
    return cursor_move(c, (struct bytes){NULL, 0}, MDB_NEXT);
}

void cursor_close(struct cursor *c)
{
    if (c->place != NULL) {
        mdb_cursor_close(c->place);
        c->place = NULL;
        map_was_used(c->transaction->environment, c->seen);
    }
}

enum status transaction_scan(const struct transaction *t, unsigned database, struct bytes from,
                             transaction_visit *visit, void *context)
{
    struct cursor c;
    enum status status = cursor_open(t, database, &c);
    if (status == STATUS_OK) {
        status = cursor_seek(&c, from);
    }
    while (status == STATUS_OK && visit(context, c.key, c.value)) {
        status = cursor_next(&c);
    }
    cursor_close(&c);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* ---- how full it is ---- */

/* Every tree of the environment keeps its own count, so nothing is walked. */
static uint64_t pages_of(const struct transaction *t, MDB_dbi dbi)
{
    MDB_stat stat;
    return mdb_stat(t->txn, dbi, &stat) != MDB_SUCCESS
               ? 0
               : stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
}

uint64_t transaction_used_pages(const struct transaction *t)
{
    uint64_t pages = META_PAGES;
    for (unsigned i = 0; i < DBI_OWN_COUNT + t->environment->layout->database_count; i++) {
        pages += pages_of(t, i < DBI_OWN_COUNT ? i : t->environment->dbi[i - DBI_OWN_COUNT]);
    }
    return pages;
}

bool transaction_is_above(const struct transaction *t, unsigned percent)
{
    return transaction_used_pages(t) * 100 > t->environment->map_pages * percent;
}

bool transaction_is_above_wanted(const struct transaction *t, unsigned percent)
{
    const struct environment *e = t->environment;
    return transaction_used_pages(t) * 100 > e->bytes / e->page_bytes * percent;
}

bool transaction_database_is_above(const struct transaction *t, unsigned database, unsigned percent)
{
    return pages_of(t, t->environment->dbi[database]) * 100 > t->environment->map_pages * percent;
}

uint64_t transaction_entries(const struct transaction *t, unsigned database)
{
    MDB_stat stat;
    return mdb_stat(t->txn, t->environment->dbi[database], &stat) == MDB_SUCCESS ? stat.ms_entries : 0;
}
