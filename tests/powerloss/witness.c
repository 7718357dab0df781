#include "tests/powerloss/witness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/flow/bed_numbers.h"
#include "tests/powerloss/recorder.h"

struct witness *witness;

static const struct engine_config *ward; /* of the store that is open */
static bool is_watching;
static uint64_t putting[COMMIT_GROUP_MAX * 2]; /* alerts of the transaction under way */
static uint32_t putting_count;
static struct content_of_store content;

void witness_init(void)
{
    witness = memory_shared(sizeof *witness);
    for (unsigned seq = 0; seq < WITNESS_SEQS_MAX; seq++) {
        witness->told[seq].committed_at = witness->told[seq].asked_at = AT_NEVER;
    }
}

void witness_watch(bool on)
{
    is_watching = on;
}

bool witness_watches(void)
{
    return is_watching;
}

static void fault(const char *what, uint64_t seq)
{
    if (witness->fault[0] == '\0') {
        (void)snprintf(witness->fault, sizeof witness->fault, "%s (seq %llu)", what, (unsigned long long)seq);
    }
}

void witness_fault(const char *what)
{
    if (witness->fault[0] == '\0') {
        (void)snprintf(witness->fault, sizeof witness->fault, "%s", what);
    }
}

static struct mark *mark_add(enum mark_kind kind)
{
    if (witness->mark_count == WITNESS_MARKS_MAX) {
        abort();
    }
    struct mark *mark = &witness->marks[witness->mark_count++];
    *mark = (struct mark){.kind = (uint8_t)kind, .at = recorder->op_count};
    return mark;
}

static struct told *told_of(uint64_t seq)
{
    if (seq >= WITNESS_SEQS_MAX) {
        (void)fprintf(stderr, "powerloss: more alerts than a test has room for\n");
        abort();
    }
    witness->seq_most = seq > witness->seq_most ? seq : witness->seq_most;
    return &witness->told[seq];
}

void witness_begin(const struct content_of_store *found, enum mark_kind kind)
{
    witness->mark_count = witness->command_count = 0;
    memset(witness->commands, 0, sizeof witness->commands);
    for (uint64_t seq = 0; seq <= witness->seq_most; seq++) {
        witness->told[seq].committed_at = witness->told[seq].asked_at = AT_NEVER;
    }
    for (uint32_t i = 0; found != NULL && i < found->alert_count; i++) {
        struct told *told = told_of(found->alerts[i].seq);
        if (!found->alerts[i].folded) {
            told->committed_at = 0;
            told->asked_at = found->alerts[i].waiting ? AT_NEVER : 0;
        }
    }
    struct mark *mark = mark_add(kind);
    mark->digest = found == NULL ? 0 : found->digest;
    (void)snprintf(mark->epoch, sizeof mark->epoch, "%s", found == NULL ? "" : found->epoch);
}

void witness_opening(void)
{
    putting_count = 0;
    if (is_watching) {
        (void)mark_add(MARK_BEGUN);
    }
}

/* What the store holds from here on. */
static void mark_done(struct store *store)
{
    if (!content_read(store, ward, &content)) {
        fault("the store cannot be read", 0);
    }
    struct mark *mark = mark_add(MARK_DONE);
    mark->digest = content.digest;
    (void)snprintf(mark->epoch, sizeof mark->epoch, "%s", store_epoch(store));
}

/* A commit that a kill interrupted may have come through: from now on people are told so. */
void witness_opened(struct store *store, const struct engine_config *config)
{
    ward = config;
    if (!is_watching) {
        return;
    }
    mark_done(store);
    for (uint32_t i = 0; i < content.alert_count; i++) {
        struct told *told = told_of(content.alerts[i].seq);
        if (!content.alerts[i].folded && told->committed_at == AT_NEVER) {
            told->committed_at = recorder->op_count;
        }
    }
}

void witness_record(const struct record *record, int64_t newest_ms)
{
    if (!is_watching || record->kind != RECORD_ALERT) {
        return;
    }
    const struct alert *alert = &record->alert;
    struct told *told = told_of(alert->seq);
    if (told->committed_at != AT_NEVER) {
        fault("the engine gave a number twice", alert->seq);
    }
    *told = (struct told){.id = alert->id,
                          .bed_seq = alert->bed_seq,
                          .newest_ms = newest_ms,
                          .rev = alert->rev,
                          .bed = alert->key.bed,
                          .committed_at = AT_NEVER,
                          .asked_at = AT_NEVER};
}

void witness_asked(uint64_t seq)
{
    if (is_watching && witness->told[seq].asked_at == AT_NEVER) {
        witness->told[seq].asked_at = recorder->op_count;
    }
}

void witness_answered(const char *id)
{
    if (is_watching && witness->command_count < WITNESS_COMMANDS_MAX) {
        witness->commands[witness->command_count++] =
            (struct answered){text_digest(id, strlen(id)), recorder->op_count};
    }
}

uint64_t file_digest(const char *path)
{
    static unsigned char bytes[65536];
    struct stat info;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0) {
        return 0;
    }
    const ssize_t got = read(fd, bytes, sizeof bytes);
    close(fd);
    return digest_bytes(digest_bytes(DIGEST_START, &info.st_size, sizeof info.st_size), bytes,
                        got > 0 ? (size_t)got : 0);
}

uint64_t data_damage(const char *folder)
{
    static const unsigned char wrong[4] = {'d', 'e', 'a', 'd'};
    char file[400];
    (void)snprintf(file, sizeof file, "%s/data.mdb", folder);
    const int fd = open(file, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || pwrite(fd, wrong, sizeof wrong, 16) != sizeof wrong ||
        pwrite(fd, wrong, sizeof wrong, 4096 + 16) != sizeof wrong) {
        (void)fprintf(stderr, "powerloss: cannot be damaged (%s)\n", file);
        abort();
    }
    close(fd);
    return file_digest(file);
}

/* ---- the journal ---- */

/* Where it stands in the table, or would: a free place then. */
static uint64_t *row_place(int64_t at_ms, const void *bytes, size_t size, uint64_t *out_digest)
{
    uint64_t digest = digest_bytes(digest_bytes(DIGEST_START, &at_ms, sizeof at_ms), bytes, size);
    digest += digest == 0;
    uint64_t place = digest % WITNESS_ROWS_MAX;
    while (witness->rows[place] != 0 && witness->rows[place] != digest) {
        place = (place + 1) % WITNESS_ROWS_MAX;
    }
    *out_digest = digest;
    return &witness->rows[place];
}

static void row_add(int64_t at_ms, const void *bytes, size_t size)
{
    uint64_t digest = 0;
    uint64_t *place = row_place(at_ms, bytes, size, &digest);
    *place = digest;
}

bool witness_has_row(int64_t at_ms, const void *bytes, size_t size)
{
    uint64_t digest = 0;
    return *row_place(at_ms, bytes, size, &digest) == digest;
}

/* ---- between the gateway and its store ---- */

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl51-cpp): --wrap of the linker gives these names */

enum status __real_store_begin(struct store *store);
enum status __real_store_put_alert(struct store *store, const struct store_alert *alert);
enum status __real_store_commit(struct store *store);
enum status __real_store_journal_put(struct store *store, int64_t at_ms, const void *bytes, size_t size);
enum status __wrap_store_begin(struct store *store);
enum status __wrap_store_put_alert(struct store *store, const struct store_alert *alert);
enum status __wrap_store_commit(struct store *store);
enum status __wrap_store_journal_put(struct store *store, int64_t at_ms, const void *bytes, size_t size);

enum status __wrap_store_begin(struct store *store)
{
    putting_count = 0;
    return __real_store_begin(store);
}

enum status __wrap_store_put_alert(struct store *store, const struct store_alert *alert)
{
    const enum status status = __real_store_put_alert(store, alert);
    if (is_watching && status == STATUS_OK && (alert->flags & STORE_ALERT_FOLDED) == 0) {
        told_of(alert->seq)->digest = text_digest(alert->json, alert->json_length);
        putting[putting_count++] = alert->seq;
    }
    return status;
}

enum status __wrap_store_commit(struct store *store)
{
    if (!is_watching) {
        return __real_store_commit(store);
    }
    (void)mark_add(MARK_BEGUN);
    const enum status status = __real_store_commit(store);
    for (uint32_t i = 0; status == STATUS_OK && i < putting_count; i++) {
        witness->told[putting[i]].committed_at = recorder->op_count;
    }
    putting_count = 0;
    mark_done(store);
    return status;
}

enum status __wrap_store_journal_put(struct store *store, int64_t at_ms, const void *bytes, size_t size)
{
    if (is_watching) {
        row_add(at_ms, bytes, size);
    }
    return __real_store_journal_put(store, at_ms, bytes, size);
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl51-cpp) */
