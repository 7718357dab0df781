/*
 * witness.h: what the gateway was told to be durable, and when: the other half of a record (recorder.h), in shared memory, too.
 *
 * Instants are numbers of operations: `at` n means after operation n - 1 and before n. The linker hands store_put_alert, store_commit and
 * store_journal_put through here, so that nothing that the store promises stays unseen.
 */
#ifndef WARDGATE_TESTS_WITNESS_H
#define WARDGATE_TESTS_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "app/engine/engine.h"
#include "drivers/store/store.h"
#include "tests/powerloss/content.h"

enum { WITNESS_SEQS_MAX = 16384, WITNESS_MARKS_MAX = 16384, WITNESS_COMMANDS_MAX = 4096, WITNESS_ROWS_MAX = 65536 };
#define AT_NEVER UINT32_MAX

/* An alert as the engine made it, by its seq. */
struct told {
    uint64_t id, bed_seq, digest;
    int64_t newest_ms; /* instant of the newest value of the bed that the engine had then */
    uint32_t rev;
    uint16_t bed;
    uint32_t committed_at; /* the commit had returned */
    uint32_t asked_at;     /* the broker had it, so it was to become history */
};

enum mark_kind {
    MARK_FOUND,  /* the record begins: this lies on the disk */
    MARK_BEGUN,  /* a transaction is about to be committed, or the store to be opened */
    MARK_DONE,   /* it has returned: the store holds this */
    MARK_DAMAGED /* the record begins: the store is damaged, or of an older form */
};
struct mark {
    uint8_t kind;
    uint32_t at;
    uint64_t digest;             /* 0: a new store */
    char epoch[STORE_EPOCH_MAX]; /* "": any */
};

struct answered {
    uint64_t id; /* text_digest */
    uint32_t at;
};

struct witness {
    uint32_t mark_count, command_count;
    int64_t boot_us, wall_ms; /* the virtual clocks */
    uint32_t boot;            /* counts power cuts */
    uint32_t commands_sent;
    uint64_t seq_most;
    uint64_t damaged;                   /* file_digest of the data file that is damaged, MARK_DAMAGED */
    struct told told[WITNESS_SEQS_MAX]; /* [seq] */
    struct mark marks[WITNESS_MARKS_MAX];
    struct answered commands[WITNESS_COMMANDS_MAX];
    uint64_t rows[WITNESS_ROWS_MAX]; /* of the journal; a table by hash, 0: free */
    char fault[200];                 /* the gateway broke a rule before any power cut; "": none */
};

extern struct witness *witness; /* after witness_init */

void witness_init(void);

/* A record begins with this content: what is not in it never was. NULL: with nothing, or with a damaged store. */
void witness_begin(const struct content_of_store *found, enum mark_kind kind);

void witness_opening(void);
void witness_opened(struct store *store, const struct engine_config *config);
void witness_record(const struct record *record, int64_t newest_ms); /* the engine made it */
void witness_asked(uint64_t seq);
void witness_answered(const char *id);
bool witness_has_row(int64_t at_ms, const void *bytes, size_t size);

uint64_t file_digest(const char *path); /* of its beginning and its length; 0: it is not there */
uint64_t data_damage(
    const char *folder); /* both meta pages of its data file say another magic number; that file's digest */

/* Off: a power cut is over, and nothing is noted of what a checking run does. */
void witness_watch(bool on);
bool witness_watches(void);
void witness_fault(const char *what); /* the gateway broke a rule before any power cut */

#endif
