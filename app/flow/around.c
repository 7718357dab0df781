#include "app/flow/around.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "drivers/store/store.h"
#include "hal/keepsake.h"

/* Zeros, as a new page has them, are none of these. */
enum { SETTLED = 0x5E771ED, AROUND = 0xA20D };

struct waiting_place {
    char epoch[STORE_EPOCH_MAX];
    atomic_ullong first, through; /* first 0: nothing is told here */
};
struct around_page {
    atomic_uint state;
    char epoch[STORE_EPOCH_MAX];
    atomic_ullong stored_seq;
    /* wardgates from before know of the first one alone, or of none, and leave the others as they are */
    struct waiting_place waiting[AROUND_WAITING_MAX];
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

static bool is_told(const struct waiting_place *place, const char *epoch)
{
    return atomic_load(&place->first) != 0 && strncmp(place->epoch, epoch, STORE_EPOCH_MAX) == 0;
}

static bool is_among(const struct waiting_place *place, const struct around_waiting *waiting, uint32_t count)
{
    bool is = false;
    for (uint32_t i = 0; i < count && !is; i++) {
        is = is_told(place, waiting[i].epoch);
    }
    return is;
}

static struct waiting_place *find_told(struct around_page *page, const char *epoch)
{
    struct waiting_place *found = NULL;
    for (uint32_t i = 0; i < AROUND_WAITING_MAX && found == NULL; i++) {
        found = is_told(&page->waiting[i], epoch) ? &page->waiting[i] : NULL;
    }
    return found;
}

/* An empty one, else one of an epoch of which nothing waits any more: there are as many places as may be told of. */
static struct waiting_place *find_free(struct around_page *page, const struct around_waiting *waiting, uint32_t count)
{
    struct waiting_place *found = NULL;
    for (uint32_t i = 0; i < AROUND_WAITING_MAX && (found == NULL || atomic_load(&found->first) != 0); i++) {
        struct waiting_place *place = &page->waiting[i];
        found = atomic_load(&place->first) == 0 || !is_among(place, waiting, count) ? place : found;
    }
    return found;
}

static void tell(struct waiting_place *place, const struct around_waiting *waiting)
{
    if (!is_told(place, waiting->epoch)) {
        atomic_store(&place->first, 0);
        memcpy(place->epoch, waiting->epoch, sizeof place->epoch);
        atomic_store(&place->through, waiting->through);
    }
    if (waiting->through > atomic_load(&place->through)) {
        atomic_store(&place->through, waiting->through);
    }
    atomic_store(&place->first, waiting->first);
}

/* Whenever it ends in between, too much is told: what waits no more is forgotten last. */
void around_waits(struct around *around, const struct around_waiting *waiting, uint32_t count)
{
    struct around_page *page = page_of(around);
    assert(count <= AROUND_WAITING_MAX);
    for (uint32_t i = 0; page != NULL && i < count; i++) {
        struct waiting_place *place = find_told(page, waiting[i].epoch);
        assert(waiting[i].first > 0);
        tell(place != NULL ? place : find_free(page, waiting, count), &waiting[i]);
    }
    for (uint32_t i = 0; page != NULL && i < AROUND_WAITING_MAX; i++) {
        if (!is_among(&page->waiting[i], waiting, count)) {
            atomic_store(&page->waiting[i].first, 0);
        }
    }
}

static bool find_in(const struct waiting_place *place, struct around_waiting *out)
{
    if (memchr(place->epoch, '\0', STORE_EPOCH_MAX) == NULL) {
        return false;
    }
    memcpy(out->epoch, place->epoch, sizeof out->epoch);
    out->first = atomic_load(&place->first);
    out->through = atomic_load(&place->through);
    return out->epoch[0] != '\0' && out->first != 0 && out->first <= out->through;
}

uint32_t around_find_waiting(const struct around *around, struct around_waiting out[AROUND_WAITING_MAX])
{
    const struct around_page *page = page_of(around);
    uint32_t count = 0;
    for (uint32_t i = 0; page != NULL && i < AROUND_WAITING_MAX; i++) {
        count += find_in(&page->waiting[i], &out[count]);
    }
    return count;
}
