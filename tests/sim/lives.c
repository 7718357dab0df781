#include "tests/sim/lives.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/bedside.h"
#include "tests/sim/invariant.h"
#include "tests/sim/read.h"

enum { LIVES_MAX = 4096, SAID_KEPT = 64 };

/* One alarm through its occurrences: the newest revision, and what the ones before it said. A commit that came through and was told as failed is tried
 * again, so that what is folded may be put once more. */
struct life {
    char bed[STORE_KEY_MAX], alarm[STORE_KEY_MAX];
    uint64_t id, stay;
    uint32_t rev;
    bool ended;
    bool is_loose;  /* what was stored of it is lost: whether it goes on or not is seen when it is heard of */
    bool is_behind; /* what was put last in this transaction is not the newest */
    uint64_t said[SAID_KEPT];
    unsigned said_count;
};

static struct {
    struct life lives[LIVES_MAX];
    unsigned life_count;
    const struct life *is_behind; /* in the transaction under way */
} l;

static struct life *find_life(const char *bed, const char *alarm)
{
    for (unsigned i = 0; i < l.life_count; i++) {
        if (strcmp(l.lives[i].bed, bed) == 0 && strcmp(l.lives[i].alarm, alarm) == 0) {
            return &l.lives[i];
        }
    }
    if (l.life_count == LIVES_MAX) {
        abort();
    }
    struct life *life = &l.lives[l.life_count++];
    *life = (struct life){.ended = true};
    (void)snprintf(life->bed, sizeof life->bed, "%s", bed);
    (void)snprintf(life->alarm, sizeof life->alarm, "%s", alarm);
    return life;
}

static bool has_said(const struct life *life, uint64_t digest)
{
    for (unsigned i = 0; i < SAID_KEPT && i < life->said_count; i++) {
        if (life->said[i] == digest) {
            return true;
        }
    }
    return false;
}

static void check_life(const struct life *life, const struct store_alarm *alarm, uint64_t id, uint32_t rev)
{
    const bool goes_on = id == life->id;
    if (life->is_loose) { /* what was put last into the lost store may be put once more into this one */
        return;
    }
    if (goes_on ? life->ended || rev != life->rev + 1 : !life->ended || rev != 1) {
        invariant_broken(INVARIANT_one_life, "%s/%s: %016" PRIx64 " rev %u (%s) is followed by %016" PRIx64 " rev %u",
                         alarm->bed, alarm->alarm, life->id, life->rev, life->ended ? "ended" : "there", id, rev);
    }
    if (goes_on && read_hex(alarm->json, "stay") != life->stay) {
        invariant_broken(INVARIANT_stay, "%s/%s %016" PRIx64 " goes from one stay to another", alarm->bed, alarm->alarm,
                         id);
    }
    invariant_holds(INVARIANT_one_life);
    invariant_holds(INVARIANT_stay);
}

void lives_note_break(int bed, const char *alarm)
{
    if (bed >= 0 && (strcmp(alarm, "patient_away") == 0 || strcmp(alarm, "identity_changed") == 0)) {
        bedside_disturb((unsigned)bed);
    }
}

void lives_put(const struct store_alarm *alarm, uint64_t digest)
{
    struct life *life = find_life(alarm->bed, alarm->alarm);
    const uint64_t id = read_hex(alarm->json, "id");
    const uint32_t rev = (uint32_t)read_number(alarm->json, "rev");
    if (has_said(life, digest) && !life->is_loose) {
        life->is_behind = id != life->id || rev != life->rev;
        l.is_behind = life->is_behind ? life : l.is_behind == life ? NULL : l.is_behind;
        return;
    }
    check_life(life, alarm, id, rev);
    life->id = id;
    life->rev = rev;
    life->ended = alarm->ended;
    life->is_loose = false;
    life->stay = read_hex(alarm->json, "stay");
    life->said[life->said_count++ % SAID_KEPT] = digest;
    lives_note_break(bedside_bed_of(alarm->bed), alarm->alarm);
    l.is_behind = l.is_behind == life ? NULL : l.is_behind;
}

void lives_begin_anew(void)
{
    for (unsigned i = 0; i < l.life_count; i++) {
        l.lives[i].ended = true;
        l.lives[i].is_loose = false;
        l.lives[i].id = 0;
        l.lives[i].said_count = 0;
    }
}

void lives_are_lost(void)
{
    for (unsigned i = 0; i < l.life_count; i++) {
        l.lives[i].is_loose = true;
        l.lives[i].said_count = 0;
    }
}

void lives_commit_ends(void)
{
    if (l.is_behind != NULL) {
        invariant_broken(INVARIANT_one_life, "%s/%s goes back to what it was", l.is_behind->bed, l.is_behind->alarm);
    }
}
