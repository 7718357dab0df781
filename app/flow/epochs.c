#include "app/flow/epochs.h"

#include <stdio.h>
#include <string.h>

#include "app/flow/commit.h"

static bool is_sound(const struct epochs *epochs, size_t length)
{
    if (length != sizeof *epochs || epochs->count > EPOCHS_KEPT) {
        return false;
    }
    for (uint32_t i = 0; i < epochs->count; i++) {
        if (memchr(epochs->names[i], '\0', STORE_EPOCH_MAX) == NULL) {
            return false;
        }
    }
    return true;
}

void epochs_read(struct epochs *epochs, struct store *store)
{
    size_t length = 0;
    if (store_get_state(store, STATE_EPOCHS, epochs, sizeof *epochs, &length) != STATUS_OK ||
        !is_sound(epochs, length)) {
        *epochs = (struct epochs){.count = 0};
    }
}

void epochs_add(struct epochs *epochs, const char *name)
{
    if (epochs->count == EPOCHS_KEPT) {
        memmove(epochs->names[0], epochs->names[1], sizeof epochs->names - sizeof epochs->names[0]);
        epochs->count--;
    }
    memset(epochs->names[epochs->count], 0, STORE_EPOCH_MAX);
    (void)snprintf(epochs->names[epochs->count++], STORE_EPOCH_MAX, "%s", name);
}

bool epochs_has(const struct epochs *epochs, const char *name)
{
    bool has = false;
    for (uint32_t i = 0; i < epochs->count && !has; i++) {
        has = strcmp(epochs->names[i], name) == 0;
    }
    return has;
}

const char *epochs_newest(const struct epochs *epochs)
{
    return epochs->count > 0 ? epochs->names[epochs->count - 1] : NULL;
}
