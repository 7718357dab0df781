#include "app/box/taken.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "app/engine/hash.h"

#define RECORD "box" /* folder in data */

uint64_t taken_digest(const struct file_bytes *text)
{
    return hash_64(HASH_64_BASIS, text->bytes, text->size);
}

void taken_read(const char *data, const char *name, struct taken *out)
{
    assert(data != NULL && name != NULL && out != NULL);
    char folder[PUBLISH_PATH_MAX], path[PUBLISH_PATH_MAX], text[80] = "";
    *out = (struct taken){.of_boot = 0};
    FILE *stream = publish_path(folder, data, RECORD) && publish_path(path, folder, name) ? fopen(path, "re") : NULL;
    const bool is_read = stream != NULL && fgets(text, sizeof text, stream) != NULL;
    char *end = text;
    const uint64_t of_boot = is_read ? strtoull(text, &end, 16) : 0;
    if (end > text && *end == ' ') {
        *out = (struct taken){.of_boot = of_boot, .at_ms = strtoll(end, &end, 10)};
        out->kept = *end == ' ' ? strtoull(end, NULL, 16) : 0;
    }
    if (stream != NULL) {
        (void)fclose(stream);
    }
}

enum status taken_write(const char *data, const char *name, const struct taken *taken)
{
    assert(data != NULL && name != NULL && taken != NULL);
    char folder[PUBLISH_PATH_MAX], path[PUBLISH_PATH_MAX], text[80];
    const struct publish_mode mode = box_mode_public();
    if (!publish_path(folder, data, RECORD) || !publish_path(path, folder, name)) {
        return STATUS_TOO_LARGE;
    }
    (void)snprintf(text, sizeof text, "%016" PRIx64 " %" PRId64 " %016" PRIx64 "\n", taken->of_boot, taken->at_ms,
                   taken->kept);
    const enum status status = publish_folder(folder, &mode);
    return status == STATUS_OK ? publish_text(path, &mode, text) : status;
}

bool taken_is_other(const struct taken *taken, uint64_t in_force)
{
    return taken->of_boot == 0 || (taken->kept != 0 && taken->kept != in_force);
}
