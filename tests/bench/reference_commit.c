/*
 * reference_commit: how long LMDB takes to put one record durably onto this disk: what every alert must wait for.
 *
 *     reference_commit FOLDER COUNT PAUSE_MS     FOLDER exists; prints a line of microseconds for each commit
 *
 * One record of 200 bytes a transaction, each with a pause before it, as alerts come: one by one.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <lmdb.h>

enum { RECORD_BYTES = 200, MAP_BYTES = 16 << 20, FILE_MODE = 0600 };

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static bool commit_one(MDB_env *env, uint64_t number)
{
    char record[RECORD_BYTES] = {0};
    MDB_val key = {.mv_size = sizeof number, .mv_data = &number};
    MDB_val value = {.mv_size = sizeof record, .mv_data = record};
    MDB_txn *txn = NULL;
    MDB_dbi dbi = 0;
    (void)snprintf(record, sizeof record, "%" PRIu64, number);
    if (mdb_txn_begin(env, NULL, 0, &txn) != 0) {
        return false;
    }
    if (mdb_dbi_open(txn, NULL, MDB_INTEGERKEY | MDB_CREATE, &dbi) != 0 || mdb_put(txn, dbi, &key, &value, 0) != 0) {
        mdb_txn_abort(txn);
        return false;
    }
    return mdb_txn_commit(txn) == 0;
}

int main(int argc, char **argv)
{
    MDB_env *env = NULL;
    if (argc != 4 || mdb_env_create(&env) != 0 || mdb_env_set_mapsize(env, MAP_BYTES) != 0 ||
        mdb_env_open(env, argv[1], 0, FILE_MODE) != 0) {
        (void)fprintf(stderr, "usage: reference_commit FOLDER COUNT PAUSE_MS (no such folder?)\n");
        return 2;
    }
    const long count = strtol(argv[2], NULL, 10);
    const long pause_ms = strtol(argv[3], NULL, 10);
    const struct timespec pause = {.tv_sec = pause_ms / 1000, .tv_nsec = pause_ms % 1000 * 1000000};
    for (long i = 0; i < count; i++) {
        (void)nanosleep(&pause, NULL);
        const int64_t start_ns = now_ns();
        if (!commit_one(env, (uint64_t)i)) {
            (void)fprintf(stderr, "reference_commit: the disk refuses a commit\n");
            return 1;
        }
        (void)printf("%.1f\n", (double)(now_ns() - start_ns) / 1000.0);
    }
    mdb_env_close(env);
    return 0;
}
