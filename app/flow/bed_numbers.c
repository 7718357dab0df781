#include "app/flow/bed_numbers.h"

#include <assert.h>
#include <string.h>

const char *bed_numbers_next(const struct bed_numbers *numbers, size_t *at)
{
    if (*at >= numbers->size) {
        return NULL;
    }
    const char *id = numbers->text + *at;
    *at += strlen(id) + 1;
    return id;
}

static uint16_t count_ids(const struct bed_numbers *numbers)
{
    uint16_t count = 0;
    for (size_t at = 0; bed_numbers_next(numbers, &at) != NULL;) {
        count++;
    }
    return count;
}

void bed_numbers_read(struct bed_numbers *numbers, struct store *store, const char *key)
{
    size_t length = 0;
    numbers->count = 0;
    numbers->size = 0;
    if (store_get_state(store, key, numbers->text, sizeof numbers->text, &length) == STATUS_OK && length > 0 &&
        numbers->text[length - 1] == '\0') {
        numbers->size = length;
        numbers->count = count_ids(numbers);
    }
    if (numbers->count > BED_NUMBERS_MAX) {
        numbers->count = 0;
        numbers->size = 0;
    }
}

static uint16_t number_of_id(const struct bed_numbers *numbers, const char *id)
{
    uint16_t number = 0;
    const char *found;
    for (size_t at = 0; (found = bed_numbers_next(numbers, &at)) != NULL; number++) {
        if (strcmp(found, id) == 0) {
            return number;
        }
    }
    return BED_NONE;
}

static bool add(struct bed_numbers *numbers, const char *id)
{
    const size_t size = strlen(id) + 1;
    if (number_of_id(numbers, id) != BED_NONE) {
        return true;
    }
    if (numbers->count == BED_NUMBERS_MAX || size > sizeof numbers->text - numbers->size) {
        return false;
    }
    memcpy(numbers->text + numbers->size, id, size);
    numbers->size += size;
    numbers->count++;
    return true;
}

bool bed_numbers_add(struct bed_numbers *numbers, const struct engine_config *config)
{
    const uint16_t count = numbers->count;
    const size_t size = numbers->size;
    for (uint16_t b = 0; b < config->bed_count; b++) {
        if (!add(numbers, config->beds[b].id)) {
            numbers->count = count;
            numbers->size = size;
            return false;
        }
    }
    return true;
}

uint16_t bed_index(const struct engine_config *config, const char *id)
{
    for (uint16_t b = 0; b < config->bed_count; b++) {
        if (strcmp(config->beds[b].id, id) == 0) {
            return b;
        }
    }
    return BED_NONE;
}

void bed_numbers_indices(const struct bed_numbers *numbers, const struct engine_config *config,
                         uint16_t index_of[BED_NUMBERS_MAX])
{
    size_t at = 0;
    for (uint16_t number = 0; number < BED_NUMBERS_MAX; number++) {
        const char *id = bed_numbers_next(numbers, &at);
        index_of[number] = id != NULL ? bed_index(config, id) : BED_NONE;
    }
}

void bed_numbers_numbers(const struct bed_numbers *numbers, const struct engine_config *config, uint16_t *number_of)
{
    for (uint16_t b = 0; b < config->bed_count; b++) {
        number_of[b] = number_of_id(numbers, config->beds[b].id);
        assert(number_of[b] != BED_NONE); /* bed_numbers_add was asked before */
    }
}
