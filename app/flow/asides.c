#include "app/flow/asides.h"

#include <assert.h>
#include <string.h>

#include "app/flow/json.h"

#define SEQS_TEXT_MAX 256

static bool next_note(struct asides *asides, struct aside_note *out)
{
    if (asides->is_kept) {
        *out = asides->kept;
        asides->is_kept = false;
        return true;
    }
    return ring_pop(asides->ring, out, 1) == 1;
}

static bool is_about_the_same(const struct aside_note *a, const struct aside_note *b)
{
    return a->seq != 0 && b->seq != 0 && a->reason == b->reason && a->broker == b->broker &&
           strcmp(a->bed, b->bed) == 0 && strcmp(a->text, b->text) == 0;
}

static void gather(struct asides *asides, struct aside_note *note)
{
    struct aside_note next;
    if (note->seq != 0) {
        note->through.count = 0;
        spans_put(&note->through, note->seq);
    }
    while (note->seq != 0 && note->through.count < SPANS_MAX && next_note(asides, &next)) {
        if (!is_about_the_same(note, &next)) {
            asides->kept = next;
            asides->is_kept = true;
            return;
        }
        spans_put(&note->through, next.seq);
    }
}

size_t asides_write(struct asides *asides, int64_t wall_ms, char *out, size_t size)
{
    struct aside_note note;
    char seqs[SEQS_TEXT_MAX];
    struct json json;
    if (!next_note(asides, &note)) {
        return 0;
    }
    gather(asides, &note);
    (void)spans_write(&note.through, seqs, sizeof seqs);
    json_begin(&json, out, size);
    json_time(&json, "at", wall_ms);
    json_text(&json, "kind", note.seq != 0 ? "set_aside" : "went_through");
    if (note.seq != 0) {
        json_text(&json, "bed", note.bed[0] != '\0' ? note.bed : NULL);
        json_text(&json, "text", note.text);
        json_unsigned(&json, "reason", (uint64_t)note.reason);
    }
    json_text(&json, "seqs", seqs);
    json_text(&json, "broker", asides->brokers[note.broker]);
    const size_t length = json_end(&json);
    assert(length > 0);
    return length;
}
