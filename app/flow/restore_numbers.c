#include "app/flow/restore_numbers.h"

#include <stdlib.h>
#include <string.h>

#include "app/flow/snapshot_read.h"

enum { NUMBERS_SPARE = 1 << 20 };

static bool take_snapshot(const struct store_alarm *alarm, struct alarm_snapshot *out)
{
    return snapshot_read_alarm(alarm->snapshot, alarm->snapshot_length, out);
}

static bool note_seq(void *context, const struct store_alert *alert)
{
    struct state_numbers *numbers = context;
    numbers->seq = alert->seq > numbers->seq ? alert->seq : numbers->seq;
    return true;
}

static bool note_numbers(void *context, const struct store_alarm *alarm)
{
    struct alarm_snapshot snapshot;
    struct state_numbers *numbers = context;
    if (take_snapshot(alarm, &snapshot)) {
        numbers->seq = snapshot.last.seq > numbers->seq ? snapshot.last.seq : numbers->seq;
        numbers->next_id = snapshot.last.id >= numbers->next_id ? snapshot.last.id + 1 : numbers->next_id;
    }
    return true;
}

/* What the rows say that there are is enough, and stays, of which they do not tell, have come in between. A row that cannot be read
 * either is no newer than the next one that can, or than those few. */
void restore_find_numbers(struct store *store, struct state_numbers *out)
{
    *out = (struct state_numbers){.next_id = 1};
    (void)!store_each_outbox(store, 0, UINT32_MAX, note_seq, out);
    (void)!store_each_history(store, 0, UINT32_MAX, note_seq, out);
    (void)!store_each_alarm(store, note_numbers, out);
    out->next_id += NUMBERS_SPARE;
}

struct bed_search {
    const char *bed;
    uint64_t bed_seq;
};

static void note_bed_seq(struct bed_search *search, const char *bed, uint64_t bed_seq)
{
    if (strcmp(bed, search->bed) == 0 && bed_seq > search->bed_seq) {
        search->bed_seq = bed_seq;
    }
}

/* Only its content tells. Within a text the quotes of the key would be escaped. */
static bool note_alert_of_bed(void *context, const struct store_alert *alert)
{
    static const char key[] = "\"bed_seq\":";
    const char *found = strstr(alert->json, key);
    if (found != NULL) {
        note_bed_seq(context, alert->bed, strtoull(found + sizeof key - 1, NULL, 10));
    }
    return true;
}

static bool note_alarm_of_bed(void *context, const struct store_alarm *alarm)
{
    struct alarm_snapshot snapshot;
    if (take_snapshot(alarm, &snapshot)) {
        note_bed_seq(context, alarm->bed, snapshot.last.bed_seq);
    }
    return true;
}

uint64_t restore_find_bed_seq(struct store *store, const char *bed)
{
    struct bed_search search = {.bed = bed};
    (void)!store_each_outbox(store, 0, UINT32_MAX, note_alert_of_bed, &search);
    (void)!store_each_history(store, 0, UINT32_MAX, note_alert_of_bed, &search);
    (void)!store_each_alarm(store, note_alarm_of_bed, &search);
    return search.bed_seq;
}
