#include "tests/ward/ward_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/ward/ward_text.h"

enum { LINE_SIZE = 512, WORDS_MAX = WARD_MAP_MAX + 2 };

static bool map_read(const struct ward_source *source, enum ward_table table, uint32_t number, uint16_t *out)
{
    const struct ward_map *map = (const struct ward_map *)source; /* its first member */
    for (size_t i = 0; i < map->count; i++) {
        if (map->registers[i].table == table && map->registers[i].number == number) {
            *out = map->registers[i].value;
            return true;
        }
    }
    return false;
}

static bool parse_word(const char *text, uint16_t *out)
{
    char *end = NULL;
    errno = 0;
    const unsigned long value = strtoul(text, &end, 0);
    *out = (uint16_t)value;
    return errno == 0 && end != text && *end == '\0' && value <= UINT16_MAX;
}

static bool find_table(const char *name, enum ward_table *out)
{
    static const char *const names[] = {
        [WARD_COILS] = "coil", [WARD_DISCRETE] = "discrete", [WARD_HOLDING] = "holding", [WARD_INPUT] = "input"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum ward_table)i;
            return true;
        }
    }
    return false;
}

static bool take_line(struct ward_map *map, char *words[], size_t count)
{
    enum ward_table table = WARD_HOLDING;
    uint16_t first = 0;
    if (count < 3 || count > WORDS_MAX || !find_table(words[0], &table) || !parse_word(words[1], &first)) {
        return false;
    }
    for (size_t i = 2; i < count; i++) {
        uint16_t value = 0;
        if (map->count == WARD_MAP_MAX || !parse_word(words[i], &value)) {
            return false;
        }
        map->registers[map->count].table = table;
        map->registers[map->count].number = (uint32_t)(first + i - 2);
        map->registers[map->count++].value = value;
    }
    return true;
}

bool ward_map_load(struct ward_map *map, FILE *file, char *why, size_t size)
{
    char line[LINE_SIZE];
    char *words[WORDS_MAX];
    *map = (struct ward_map){.source = {map_read}};
    for (int number = 1; fgets(line, sizeof line, file) != NULL; number++) {
        const size_t count = ward_text_split(line, words, WORDS_MAX);
        if (count > 0 && !take_line(map, words, count)) {
            snprintf(why, size, "line %d is not holding|input|coil|discrete NUMBER VALUE..., %d registers at most",
                     number, WARD_MAP_MAX);
            return false;
        }
    }
    return true;
}
