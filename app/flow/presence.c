#include "app/flow/presence.h"

#include <stdio.h>
#include <string.h>

#include "app/flow/json_read.h"
#include "app/flow/timebase.h"

enum { WRITTEN_TIME_MAX = 40 };

static const char *const sound_words[] = {
#define PRESENCE_SOUND_WORD(word) #word,
    PRESENCE_SOUND_LIST(PRESENCE_SOUND_WORD)
#undef PRESENCE_SOUND_WORD
};

const char *presence_sound_word(unsigned sound)
{
    return sound < PRESENCE_SOUND_COUNT ? sound_words[sound] : "unknown";
}

/* ---- what it says ---- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool presence_is_name(const char *name)
{
    size_t length = 0;
    for (; name[length] != '\0'; length++) {
        const char c = name[length];
        const bool may_follow = (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!is_letter(c) && (length == 0 || !may_follow)) {
            return false;
        }
    }
    return length > 0 && length < PRESENCE_NAME_MAX;
}

static bool read_sound(const struct json_member *member, uint8_t *out)
{
    char word[16];
    if (!json_read_text(member, word, sizeof word)) {
        return false;
    }
    for (int i = 0; i < PRESENCE_SOUND_COUNT; i++) {
        if (strcmp(word, sound_words[i]) == 0) {
            *out = (uint8_t)i;
            return true;
        }
    }
    return false;
}

static bool is_text(const struct json_member *member, const char *wanted)
{
    char text[PRESENCE_NAME_MAX];
    return json_read_text(member, text, sizeof text) && strcmp(text, wanted) == 0;
}

static bool read_time(const struct json_member *member, int64_t *out)
{
    char text[WRITTEN_TIME_MAX];
    return json_read_text(member, text, sizeof text) && time_read(text, out);
}

/* What must be there, each once. */
enum { KEY_SCHEMA, KEY_BOARD, KEY_AT, KEY_EXPIRES_AT, KEY_VISIBLE, KEY_SOUND, KEY_COUNT };

static const struct {
    const char *key, *fault;
} keys[KEY_COUNT] = {[KEY_SCHEMA] = {"schema", "schema is not \"1\""},
                     [KEY_BOARD] = {"board", "board is not the name in the topic"},
                     [KEY_AT] = {"at", "at is no time"},
                     [KEY_EXPIRES_AT] = {"expires_at", "expires_at is no time"},
                     [KEY_VISIBLE] = {"visible", "visible is neither true nor false"},
                     [KEY_SOUND] = {"sound", "sound is not on, off or blocked"}};

static bool read_key(unsigned key, const char *name, const struct json_member *member, struct presence_said *out)
{
    int64_t at_ms;
    switch (key) {
    case KEY_SCHEMA:
        return is_text(member, "1");
    case KEY_BOARD:
        return is_text(member, name);
    case KEY_AT:
        return read_time(member, &at_ms);
    case KEY_EXPIRES_AT:
        return read_time(member, &out->expires_wall_ms);
    case KEY_VISIBLE:
        out->visible = member->kind == JSON_TRUE;
        return member->kind == JSON_TRUE || member->kind == JSON_FALSE;
    default:
        return read_sound(member, &out->sound);
    }
}

static unsigned find_key(const struct json_member *member)
{
    unsigned key = 0;
    while (key < KEY_COUNT && !json_member_is(member, keys[key].key)) {
        key++;
    }
    return key;
}

const char *presence_read(const char *name, const char *json, size_t length, struct presence_said *out)
{
    struct json_member members[JSON_MEMBERS_MAX];
    struct presence_said said = {.visible = false};
    unsigned count = 0, seen = 0;
    if (!json_read_object(json, length, members, JSON_MEMBERS_MAX, &count)) {
        return "is no flat JSON object";
    }
    for (unsigned i = 0; i < count; i++) {
        const unsigned key = find_key(&members[i]);
        if (key == KEY_COUNT) {
            continue; /* keys may be added */
        }
        if ((seen >> key & 1U) != 0) {
            return "has a key twice";
        }
        seen |= 1U << key;
        if (!read_key(key, name, &members[i], &said)) {
            return keys[key].fault;
        }
    }
    if (seen != (1U << KEY_COUNT) - 1U) {
        return "lacks a key";
    }
    *out = said;
    return NULL;
}

/* ---- who is there ---- */

bool presence_is_there(const struct presence_board *board, int64_t now_us)
{
    return board->name[0] != '\0' && now_us < board->until_us;
}

/* It is there, and can be seen. */
static bool presence_is_looking(const struct presence_board *board, int64_t now_us)
{
    return board->visible && presence_is_there(board, now_us);
}

/* One that stays silent was looked at for as long as it is known of. */
static bool was_looked_at_lately(const struct presence_board *board, int64_t now_us)
{
    return board->name[0] != '\0' && board->has_been_seen && now_us < board->seen_us + PRESENCE_LASTS_US;
}

static struct presence_board *find(struct presence *presence, const char *name)
{
    for (unsigned i = 0; i < PRESENCE_BOARDS_MAX; i++) {
        if (strcmp(presence->boards[i].name, name) == 0) {
            return &presence->boards[i];
        }
    }
    return NULL;
}

/* A free place; one of a board that counts for nothing any more; or, for one that can be seen, of one that cannot. */
static struct presence_board *make_room(struct presence *presence, bool visible, int64_t now_us)
{
    struct presence_board *hidden = NULL;
    for (unsigned i = 0; i < PRESENCE_BOARDS_MAX; i++) {
        struct presence_board *board = &presence->boards[i];
        if (!presence_is_there(board, now_us) && !was_looked_at_lately(board, now_us)) {
            return board;
        }
        hidden = !presence_is_looking(board, now_us) ? board : hidden;
    }
    return visible ? hidden : NULL;
}

bool presence_put(struct presence *presence, const char *name, const struct presence_said *said, int64_t lasts_us,
                  int64_t now_us)
{
    struct presence_board *board = find(presence, name);
    if (board == NULL) {
        board = make_room(presence, said->visible, now_us);
        if (board == NULL) {
            return false;
        }
        *board = (struct presence_board){.until_us = now_us};
        (void)snprintf(board->name, sizeof board->name, "%s", name);
    }
    if (presence_is_looking(board, now_us)) {
        board->seen_us = now_us; /* until now, whatever it says */
    }
    board->visible = said->visible;
    board->sound = said->sound;
    board->until_us = now_us + (lasts_us < PRESENCE_LASTS_US ? lasts_us : PRESENCE_LASTS_US);
    if (presence_is_looking(board, now_us)) {
        board->seen_us = board->until_us - PRESENCE_LASTS_US;
        board->has_been_seen = true;
    }
    return true;
}

void presence_drop(struct presence *presence, const char *name, int64_t now_us)
{
    struct presence_board *board = find(presence, name);
    if (board == NULL) {
        return;
    }
    if (presence_is_looking(board, now_us)) {
        board->seen_us = now_us;
    }
    board->until_us = now_us;
}

static void bring_forward(int64_t *next_us, int64_t at_us, int64_t now_us)
{
    if (at_us > now_us && at_us < *next_us) {
        *next_us = at_us;
    }
}

struct presence_count presence_count(const struct presence *presence, int64_t now_us)
{
    struct presence_count count = {.next_us = INT64_MAX};
    for (unsigned i = 0; i < PRESENCE_BOARDS_MAX; i++) {
        const struct presence_board *board = &presence->boards[i];
        if (board->name[0] == '\0') {
            continue;
        }
        count.there += presence_is_there(board, now_us) ? 1 : 0;
        count.looking += presence_is_looking(board, now_us) ? 1 : 0;
        count.lately += was_looked_at_lately(board, now_us) ? 1 : 0;
        bring_forward(&count.next_us, board->until_us, now_us);
        if (board->has_been_seen) {
            bring_forward(&count.next_us, board->seen_us + PRESENCE_LASTS_US, now_us);
        }
    }
    return count;
}
