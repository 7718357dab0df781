#include "app/cli/keys.h"

#include <string.h>

static int key_of(const char *sequence)
{
    static const struct {
        const char *sequence;
        int key;
    } known[] = {{"[A", KEY_UP},    {"OA", KEY_UP},   {"[B", KEY_DOWN},  {"OB", KEY_DOWN},     {"[C", KEY_RIGHT},
                 {"OC", KEY_RIGHT}, {"[D", KEY_LEFT}, {"OD", KEY_LEFT},  {"[5~", KEY_PAGE_UP}, {"[6~", KEY_PAGE_DOWN},
                 {"[H", KEY_HOME},  {"OH", KEY_HOME}, {"[1~", KEY_HOME}, {"[7~", KEY_HOME},    {"[F", KEY_END},
                 {"OF", KEY_END},   {"[4~", KEY_END}, {"[8~", KEY_END},  {"[Z", KEY_BACK_TAB}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(sequence, known[i].sequence) == 0) {
            return known[i].key;
        }
    }
    return KEY_NONE;
}

/* Behind the escape: `[`, parameters, a letter or ~; `O` and a letter; or any one byte. */
static bool is_whole(const char *sequence, size_t length)
{
    const char last = sequence[length - 1];
    if (length == 1) {
        return last != '[' && last != 'O';
    }
    return sequence[0] == 'O' || (last >= 0x40 && last <= 0x7E);
}

int keys_take(struct keys *keys, char byte)
{
    if (keys->length == 0) {
        if (byte == KEY_ESCAPE) {
            keys->sequence[keys->length++] = byte;
            return KEY_NONE;
        }
        return byte == '\n' ? KEY_ENTER : byte == '\b' ? KEY_ERASE : (unsigned char)byte;
    }
    if (byte == KEY_ESCAPE) { /* another begins */
        const int alone = keys_flush(keys);
        keys->sequence[keys->length++] = byte;
        return alone;
    }
    if (keys->length + 1 == sizeof keys->sequence) {
        keys->length--; /* of a long one only the end counts: it is none of ours */
    }
    keys->sequence[keys->length++] = byte;
    if (!is_whole(keys->sequence + 1, keys->length - 1)) {
        return KEY_NONE;
    }
    keys->sequence[keys->length] = '\0';
    keys->length = 0;
    return key_of(keys->sequence + 1);
}

int keys_flush(struct keys *keys)
{
    const bool alone = keys->length == 1;
    keys->length = 0;
    return alone ? KEY_ESCAPE : KEY_NONE;
}
