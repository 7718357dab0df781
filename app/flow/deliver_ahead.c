/*
 * Rows of the backlog, read some at a time: a transaction of the store costs as much as several of them; and before they are wanted, while the window
 * is full: what an acknowledgement makes room for goes at once. Nothing takes them from the outbox before they have
 * gone but a record that stands for them (omission.h): after that they are read anew. What is in flight at that moment goes out all the same.
 */
#include <stdalign.h>
#include <string.h>

#include "app/flow/deliver_internal.h"

enum { AT_A_TIME = 16 };

/* An alert, followed by its texts. */
struct ahead_row {
    size_t size;
    struct store_alert alert; /* points behind itself */
};

struct reading {
    struct ahead *ahead;
    uint64_t through;
    uint32_t count;
};

static char *append(char **at, const char *text, size_t length)
{
    char *place = *at;
    memcpy(place, text, length);
    place[length] = '\0';
    *at += length + 1;
    return place;
}

/* Where it ends there is room for another one, of any size. */
static bool has_room(const struct ahead *ahead)
{
    const size_t largest = sizeof(struct ahead_row) + STORE_KEY_MAX + STORE_VALUE_MAX + alignof(max_align_t) + 3;
    return DELIVER_AHEAD_MAX - ahead->filled >= largest;
}

static bool visit(void *context, const struct store_alert *alert)
{
    struct reading *reading = context;
    struct ahead *ahead = reading->ahead;
    if (alert->row > reading->through) {
        return false;
    }
    ++reading->count;
    ahead->last = alert->row;
    struct ahead_row *row = (struct ahead_row *)(void *)(ahead->bytes + ahead->filled);
    char *at = (char *)(row + 1);
    row->alert = *alert;
    row->alert.bed = append(&at, alert->bed, strlen(alert->bed));
    row->alert.alarm = append(&at, alert->alarm, strlen(alert->alarm));
    row->alert.json = append(&at, alert->json, alert->json_length);
    row->size = ((size_t)(at - (char *)row) + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    ahead->filled += row->size;
    return has_room(ahead);
}

static uint64_t count_omitted(const struct deliver *d)
{
    return d->config.omitted != NULL ? atomic_load(d->config.omitted) : 0;
}

static struct ahead_row *first_row(const struct ahead *ahead)
{
    return (struct ahead_row *)(void *)(ahead->bytes + ahead->at);
}

static enum status read_some(struct deliver *d, uint64_t through)
{
    struct reading reading = {.ahead = &d->ahead, .through = through};
    const enum status status = store_each_outbox(d->store, d->ahead.last, AT_A_TIME, visit, &reading);
    if (status == STATUS_OK && reading.count < AT_A_TIME && has_room(&d->ahead)) {
        d->ahead.last = through; /* there are no more */
    }
    return status;
}

enum status ahead_read(struct deliver *d, uint64_t after, uint64_t through)
{
    ahead_forget(d);
    d->ahead.omitted = count_omitted(d);
    d->ahead.last = after;
    return read_some(d, through);
}

/* Those that are there move to the beginning, and what points into them with them. */
static void make_room(struct ahead *ahead)
{
    const size_t by = ahead->at;
    memmove(ahead->bytes, ahead->bytes + by, ahead->filled - by);
    ahead->filled -= by;
    ahead->at = 0;
    for (size_t at = 0; at < ahead->filled;) {
        struct ahead_row *row = (struct ahead_row *)(void *)(ahead->bytes + at);
        row->alert.bed -= by;
        row->alert.alarm -= by;
        row->alert.json -= by;
        at += row->size;
    }
}

enum status ahead_read_on(struct deliver *d, uint64_t through)
{
    struct ahead *ahead = &d->ahead;
    if (ahead_first(d) == NULL || ahead->last >= through || ahead->filled - ahead->at > DELIVER_AHEAD_MAX / 2) {
        return STATUS_OK;
    }
    if (!has_room(ahead)) {
        make_room(ahead);
    }
    return read_some(d, through);
}

const struct store_alert *ahead_first(const struct deliver *d)
{
    const bool has_any = d->ahead.at < d->ahead.filled && d->ahead.omitted == count_omitted(d);
    return has_any ? &first_row(&d->ahead)->alert : NULL;
}

void ahead_pass(struct deliver *d)
{
    d->ahead.at += first_row(&d->ahead)->size;
}

void ahead_forget(struct deliver *d)
{
    d->ahead.at = d->ahead.filled = 0;
}
