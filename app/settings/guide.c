/*
 * guide.c: finds keys by their path in the tables and prints what these say.
 *
 * The tables are a forest: wardgate.yaml, a profile, a rules file. It is laid out as a list of keys once, each with the
 * path to it, and searched from the end of the path.
 */
#include "app/settings/guide.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "app/engine/suggest.h"
#include "app/settings/keys.h"

enum { DEPTH_MAX = 4, ENTRIES_MAX = 224, SECTIONS_MAX = 48, WORDS_MAX = 8, WORD_BYTES_MAX = 64 };

/* A section, and the keys that lead to it. */
struct place {
    const char *file;
    const struct section *section;
    const char *variant; /* the word it is the variant of; NULL: it is none */
    const struct field *path[DEPTH_MAX];
    unsigned depth;
};

struct entry {
    const struct place *place;
    const struct field *field;
};

struct guide {
    struct place places[SECTIONS_MAX];
    struct entry entries[ENTRIES_MAX];
    unsigned place_count, entry_count;
};

static void add_place(struct guide *guide, const struct place *from, const struct field *field,
                      const struct section *section, const char *variant)
{
    assert(guide->place_count < SECTIONS_MAX && from->depth < DEPTH_MAX);
    struct place *place = &guide->places[guide->place_count++];
    *place = *from;
    place->section = section;
    place->variant = variant;
    place->path[place->depth++] = field;
}

static void add_sections(struct guide *guide, const struct place *from, const struct field *field)
{
    const struct section *section = field->section;
    if (section->variants == NULL) {
        add_place(guide, from, field, section, NULL);
        return;
    }
    for (size_t i = 0; section->fields[0].words[i] != NULL; i++) {
        add_place(guide, from, field, section->variants[i], section->fields[0].words[i]);
    }
}

/* Places are added behind while the list is walked, until nothing is below them. */
static void lay_out(struct guide *guide)
{
    static const struct place roots[] = {{.file = "wardgate.yaml", .section = &ward_section},
                                         {.file = "profiles/NAME.yaml", .section = &profile_section},
                                         {.file = "rules/NAME.yaml", .section = &rules_section},
                                         {.file = "models/NAME.yaml", .section = &model_section}};
    guide->entry_count = 0;
    guide->place_count = sizeof roots / sizeof roots[0];
    memcpy(guide->places, roots, sizeof roots);
    for (unsigned i = 0; i < guide->place_count; i++) {
        const struct place *place = &guide->places[i];
        for (size_t j = 0; j < place->section->count; j++) {
            assert(guide->entry_count < ENTRIES_MAX);
            guide->entries[guide->entry_count++] = (struct entry){place, &place->section->fields[j]};
            if (place->section->fields[j].section != NULL) {
                add_sections(guide, place, &place->section->fields[j]);
            }
        }
    }
}

static const struct guide *guide_of_tables(void)
{
    static struct guide guide;
    if (guide.entry_count == 0) {
        lay_out(&guide);
    }
    return &guide;
}

/* --- what is asked for --- */

struct words {
    char text[WORDS_MAX][WORD_BYTES_MAX];
    unsigned count;
};

/* The parts between dots, without [n]. False: nothing that could be a key. */
static bool split(const char *key, struct words *out)
{
    out->count = 0;
    for (;;) {
        const size_t length = strcspn(key, "."), name = strcspn(key, ".[");
        if (name == 0 || name >= WORD_BYTES_MAX || out->count == WORDS_MAX) {
            return false;
        }
        memcpy(out->text[out->count], key, name);
        out->text[out->count++][name] = '\0';
        if (key[length] == '\0') {
            return true;
        }
        key += length + 1;
    }
}

/* From the end: each word is the next key of the path, or the name of the entry that this key stands in. */
static bool is_called(const struct entry *entry, const struct words *words)
{
    unsigned word = words->count - 1, depth = entry->place->depth;
    if (strcmp(words->text[word], entry->field->name) != 0) {
        return false;
    }
    while (word > 0 && depth > 0) {
        const struct field *above = entry->place->path[--depth];
        word--;
        if (above->type == FIELD_ENTRIES && word > 0 && strcmp(words->text[word - 1], above->name) == 0) {
            word--; /* the name of an entry, which may be left out */
        }
        if (strcmp(words->text[word], above->name) != 0) {
            return false;
        }
    }
    return word == 0;
}

/* --- what is said --- */

static void print_path(const struct entry *entry, FILE *stream)
{
    for (unsigned i = 0; i < entry->place->depth; i++) {
        const struct field *above = entry->place->path[i];
        (void)fprintf(stream, "%s%s.", above->name, above->type == FIELD_ENTRIES ? ".NAME" : "");
    }
    (void)fprintf(stream, "%s    (%s", entry->field->name, entry->place->file);
    if (entry->place->variant != NULL) {
        (void)fprintf(stream, ", %s", entry->place->section->name);
    }
    (void)fputs(")\n", stream);
}

static void print_words(const char *const *words, FILE *stream)
{
    for (size_t i = 0; words[i] != NULL; i++) {
        (void)fprintf(stream, "%s%s", i > 0 ? ", " : "", words[i]);
    }
    (void)fputc('\n', stream);
}

/* The type in words; what the help alone can say has none. */
static const char *type_text(const struct field *field)
{
    switch (field->type) {
    case FIELD_ID:
        return "an id: a letter, then letters, digits, _ or -";
    case FIELD_TEXT:
        return "a text";
    case FIELD_INTEGER:
    case FIELD_DECIMAL:
    case FIELD_DURATION:
    case FIELD_SIZE:
        return field_wanted(field);
    case FIELD_BOOLEAN:
        return "true or false";
    case FIELD_WORD:
        return "one word";
    case FIELD_WORDS:
        return "a list of words [...]";
    case FIELD_SECTION:
        return "a mapping {key: value}";
    case FIELD_ENTRIES:
        return "a mapping of names {NAME: ...}";
    case FIELD_LIST:
        return "a list [...]";
    case FIELD_ANY:
        return NULL;
    }
    assert(false);
    return NULL;
}

static void print_bounds(const struct field *field, FILE *stream)
{
    char low[VALUE_TEXT_MAX], high[VALUE_TEXT_MAX];
    if (field_is_number(field)) {
        field_print_number(field, field->low, low);
        field_print_number(field, field->high, high);
        (void)fprintf(stream, "  range     %s to %s\n", low, high);
    } else if (field->type == FIELD_ID || field->type == FIELD_TEXT) {
        (void)fprintf(stream, "  length    at most %" PRId64 "\n", field->high);
    } else if (field->words != NULL) {
        (void)fputs("  words     ", stream);
        print_words(field->words, stream);
    }
}

static void print_default(const struct field *field, FILE *stream)
{
    if (field->is_required) {
        (void)fputs("  required\n", stream);
    } else if (field->fallback != NULL) {
        (void)fprintf(stream, "  default   %s\n", field->fallback);
    }
}

static void print_keys(const struct section *section, FILE *stream)
{
    for (size_t i = 0; i < section->count; i++) {
        (void)fprintf(stream, "%s%s", i > 0 ? ", " : "", section->fields[i].name);
    }
    (void)fputc('\n', stream);
}

static void print_below(const struct field *field, FILE *stream)
{
    const struct section *section = field->section;
    if (section == NULL) {
        return;
    }
    if (section->variants == NULL) {
        (void)fputs("  keys      ", stream);
        print_keys(section, stream);
        return;
    }
    for (size_t i = 0; section->fields[0].words[i] != NULL; i++) {
        (void)fprintf(stream, "  %-13s ", section->fields[0].words[i]);
        print_keys(section->variants[i], stream);
    }
}

static bool needs_restart(const struct entry *entry)
{
    const struct field *outermost = entry->place->depth > 0 ? entry->place->path[0] : entry->field;
    return outermost->needs_restart && !entry->field->can_follow;
}

static void print_entry(const struct entry *entry, FILE *stream)
{
    const char *type = type_text(entry->field);
    print_path(entry, stream);
    (void)fprintf(stream, "  %s\n", entry->field->help);
    if (type != NULL) {
        (void)fprintf(stream, "  type      %s\n", type);
    }
    print_bounds(entry->field, stream);
    if (field_such_as(entry->field) != NULL) {
        (void)fprintf(stream, "  such as   %s\n", field_such_as(entry->field));
    }
    print_default(entry->field, stream);
    print_below(entry->field, stream);
    if (needs_restart(entry)) {
        (void)fputs("  a change needs a restart\n", stream);
    }
}

unsigned guide_print_key(const char *key, FILE *stream)
{
    assert(key != NULL && stream != NULL);
    const struct guide *guide = guide_of_tables();
    struct words words;
    unsigned found = 0;
    for (unsigned i = 0; split(key, &words) && i < guide->entry_count; i++) {
        if (is_called(&guide->entries[i], &words)) {
            (void)fputs(found > 0 ? "\n" : "", stream);
            print_entry(&guide->entries[i], stream);
            found++;
        }
    }
    return found;
}

const char *guide_nearest(const char *key)
{
    assert(key != NULL);
    const struct guide *guide = guide_of_tables();
    const char *names[ENTRIES_MAX];
    struct words words;
    if (!split(key, &words)) {
        return NULL;
    }
    for (unsigned i = 0; i < guide->entry_count; i++) {
        names[i] = guide->entries[i].field->name;
    }
    const char *last = words.text[words.count - 1];
    return suggest(last, strlen(last), names, guide->entry_count);
}
