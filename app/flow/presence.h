/*
 * presence.h: which boards are there: screens on which somebody can look at the ward, as they say themselves.
 *
 * A board says every 20 s, and when it changes, whether it can be seen. It counts by when that came, on this gateway's monotonic clock; what its own clock
 * says matters only for what stood at the broker before we listened, which counts until it expires, and in no case longer than if it came now.
 *
 * Fixed room for PRESENCE_BOARDS_MAX. One thread. Pure: time is an argument.
 */
#ifndef WARDGATE_PRESENCE_H
#define WARDGATE_PRESENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRESENCE_BOARDS_MAX 32
#define PRESENCE_NAME_MAX   33       /* with its NUL */
#define PRESENCE_LASTS_US   60000000 /* three times its period */

/* Named where a name is wanted. */
#define PRESENCE_SOUND_LIST(X) X(on) X(off) X(blocked)
enum presence_sound {
#define PRESENCE_SOUND_ENUM(word) PRESENCE_SOUND_##word,
    PRESENCE_SOUND_LIST(PRESENCE_SOUND_ENUM)
#undef PRESENCE_SOUND_ENUM
        PRESENCE_SOUND_COUNT
};
const char *presence_sound_word(unsigned sound);

struct presence_board {
    char name[PRESENCE_NAME_MAX]; /* "": a free place */
    bool visible;
    uint8_t sound;    /* enum presence_sound */
    int64_t until_us; /* it is there until then; past: it is gone, and remembered for when it was seen */
    int64_t seen_us;  /* when it was visible last */
    bool has_been_seen;
};

struct presence {
    struct presence_board boards[PRESENCE_BOARDS_MAX];
};

/* What a board says of itself. */
struct presence_said {
    bool visible;
    uint8_t sound;
    int64_t expires_wall_ms;
};

/* Reads a payload (board.schema.json) that came for this name. NULL: *out is filled; else what is wrong with it, in a few words. */
const char *presence_read(const char *name, const char *json, size_t length, struct presence_said *out);
bool presence_is_name(const char *name);

/* It counts for lasts_us from now on (at most PRESENCE_LASTS_US, at least 0). False: there is no room for it. One that can be seen takes the place of
 * one that cannot. */
bool presence_put(struct presence *presence, const char *name, const struct presence_said *said, int64_t lasts_us,
                  int64_t now_us);
/* It has said that it goes. */
void presence_drop(struct presence *presence, const char *name, int64_t now_us);

bool presence_is_there(const struct presence_board *board, int64_t now_us);

/* How many are looked at now, are there at all, and were looked at within the last minute. */
struct presence_count {
    unsigned looking, there, lately;
    int64_t next_us; /* when these change although nothing is said; INT64_MAX: they do not */
};
struct presence_count presence_count(const struct presence *presence, int64_t now_us);

#endif
