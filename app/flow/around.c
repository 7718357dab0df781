#include "app/flow/around.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "drivers/store/store.h"
#include "hal/keepsake.h"

/* Zeros, as a new page has them, are none of these. */
enum { SETTLED = 0x5E771ED, AROUND = 0xA20D };

struct around_page {
    atomic_uint state;
    char epoch[STORE_EPOCH_MAX];
    atomic_ullong stored_seq;
    /* of what waits; wardgates from before do not know of it, and leave it as it is when they begin an epoch */
    char waiting_epoch[STORE_EPOCH_MAX];
    atomic_ullong waiting_first, waiting_through; /* 0: not known */
};
_Static_assert(sizeof(struct around_page) <= KEEPSAKE_BYTES, "it fits");
_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2,
               "another process reads what this one wrote, and has none of its locks");

static struct around_page *page_of(const struct around *around)
{
    return atomic_load(&around->page);
}

enum status around_open(struct around *around, const char *folder)
{
    void *page = NULL;
    const enum status status = keepsake_open(folder, &page);
    atomic_store(&around->page, page);
    return status;
}

void around_close(struct around *around)
{
    keepsake_close(atomic_exchange(&around->page, NULL));
}

/* A store that has less than was stored is one from before. */
bool around_is_settled(const struct around *around, const char *epoch, uint64_t seq)
{
    const struct around_page *page = page_of(around);
    return page != NULL && atomic_load(&page->state) == SETTLED && strncmp(page->epoch, epoch, STORE_EPOCH_MAX) == 0 &&
           atomic_load(&page->stored_seq) <= seq;
}

/* At no moment it says of one epoch what is true of another. */
static void begin(struct around_page *page, const char *epoch, uint64_t seq, unsigned state)
{
    atomic_store(&page->state, 0);
    atomic_store(&page->stored_seq, seq);
    memset(page->epoch, 0, sizeof page->epoch);
    (void)snprintf(page->epoch, sizeof page->epoch, "%s", epoch);
    atomic_store(&page->state, state);
}

void around_begin(struct around *around, const char *epoch, uint64_t seq)
{
    if (page_of(around) != NULL) {
        begin(page_of(around), epoch, seq, SETTLED);
    }
}

/* It is whole before commit's thread can see it. */
void around_take_up(struct around *around, const char *folder, const char *epoch)
{
    void *page = NULL;
    if (page_of(around) == NULL && keepsake_open(folder, &page) == STATUS_OK) {
        begin(page, epoch, 0, AROUND);
        atomic_store(&around->page, page);
    }
}

static void say(struct around *around, unsigned state)
{
    struct around_page *page = page_of(around);
    if (page != NULL) {
        atomic_store(&page->state, state);
    }
}

void around_note(struct around *around)
{
    say(around, AROUND);
}

void around_settle(struct around *around)
{
    say(around, SETTLED);
}

void around_stored(struct around *around, uint64_t seq)
{
    struct around_page *page = page_of(around);
    if (page != NULL && seq > atomic_load(&page->stored_seq)) {
        atomic_store(&page->stored_seq, seq);
    }
}

static bool is_told(const struct around_page *page, const char *epoch)
{
    return atomic_load(&page->waiting_first) != 0 && strncmp(page->waiting_epoch, epoch, STORE_EPOCH_MAX) == 0;
}

static void raise_through(struct around_page *page, uint64_t seq)
{
    if (seq > atomic_load(&page->waiting_through)) {
        atomic_store(&page->waiting_through, seq);
    }
}

/* Whenever it ends in between: too much is told, or nothing. */
void around_waits(struct around *around, const struct around_waiting *waiting)
{
    struct around_page *page = page_of(around);
    if (page == NULL) {
        return;
    }
    if (!is_told(page, waiting->epoch)) {
        atomic_store(&page->waiting_first, 0);
        memcpy(page->waiting_epoch, waiting->epoch, sizeof page->waiting_epoch);
        atomic_store(&page->waiting_through, waiting->through);
    }
    raise_through(page, waiting->through);
    atomic_store(&page->waiting_first, waiting->first);
}

void around_gives(struct around *around, const char *epoch, uint64_t seq)
{
    struct around_page *page = page_of(around);
    if (page != NULL && is_told(page, epoch)) {
        raise_through(page, seq);
    }
}

bool around_find_waiting(const struct around *around, struct around_waiting *out)
{
    const struct around_page *page = page_of(around);
    if (page == NULL || memchr(page->waiting_epoch, '\0', STORE_EPOCH_MAX) == NULL) {
        return false;
    }
    memcpy(out->epoch, page->waiting_epoch, sizeof out->epoch);
    out->first = atomic_load(&page->waiting_first);
    out->through = atomic_load(&page->waiting_through);
    return out->epoch[0] != '\0' && out->first != 0 && out->first <= out->through;
}
