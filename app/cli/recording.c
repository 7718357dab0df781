/* The files of a recording side by side: always on with the one whose next observation stands first. */
#include "app/cli/recording.h"

#include <stdlib.h>

#include "app/cli/command.h"
#include "app/cli/recording_file.h"
#include "app/engine/plural.h"
#include "app/flow/order.h"

bool recording_open(struct recording *recording, const char *const *names, size_t count,
                    const struct recording_options *options)
{
    *recording = (struct recording){.files = calloc(count + 1, sizeof(struct recording_file *))};
    if (recording->files == NULL) {
        command_complain("out of memory while opening %zu recording%s, replay fewer files at once", count,
                         plural_s(count));
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        recording->files[i] = recording_file_open(names[i], options, &recording->vitals);
        if (recording->files[i] == NULL) {
            return false;
        }
        recording->file_count++;
    }
    return true;
}

static const struct observation *head_of(const struct recording_file *file)
{
    return file->taken < file->ready ? &file->pending[file->taken] : NULL;
}

/* Of equal ones the one in the first file stands first. */
static struct recording_file *find_first(const struct recording *recording)
{
    struct recording_file *first = NULL;
    for (size_t i = 0; i < recording->file_count; i++) {
        const struct observation *head = head_of(recording->files[i]);
        if (head != NULL && (first == NULL || observation_is_before(head, head_of(first)))) {
            first = recording->files[i];
        }
    }
    return first;
}

/* Up to where the observations of `first` stand before the other file's next one. */
static size_t find_turn(const struct recording_file *first, size_t end, const struct recording_file *other,
                        bool other_is_behind)
{
    const struct observation *head = head_of(other);
    size_t i = first->taken + 1;
    while (head != NULL && i < end) {
        const struct observation *o = &first->pending[i];
        const bool stands_first = other_is_behind ? !observation_is_before(head, o) : observation_is_before(o, head);
        if (!stands_first) {
            return i;
        }
        i++;
    }
    return end;
}

bool recording_next(struct recording *recording, const struct observation **out, size_t *out_count)
{
    for (size_t i = 0; i < recording->file_count; i++) {
        if (!recording_file_fill(recording->files[i])) {
            return false;
        }
    }
    struct recording_file *first = find_first(recording);
    *out_count = 0;
    if (first == NULL) {
        return true;
    }
    size_t end = first->ready;
    bool is_behind = false;
    for (size_t i = 0; i < recording->file_count; i++) {
        if (recording->files[i] == first) {
            is_behind = true;
        } else {
            end = find_turn(first, end, recording->files[i], is_behind);
        }
    }
    *out = &first->pending[first->taken];
    *out_count = end - first->taken;
    first->taken = end;
    return true;
}

void recording_count(const struct recording *recording, struct recording_counts *out)
{
    *out = (struct recording_counts){.rows = 0};
    for (size_t i = 0; i < recording->file_count; i++) {
        const struct recording_counts *counts = &recording->files[i]->counts;
        if (counts->has_rows && (!out->has_rows || counts->last_ms > out->last_ms)) {
            out->last_ms = counts->last_ms;
        }
        out->rows += counts->rows;
        out->late_rows += counts->late_rows;
        out->has_rows |= counts->has_rows;
    }
}

void recording_close(struct recording *recording)
{
    for (size_t i = 0; i < recording->file_count; i++) {
        recording_file_close(recording->files[i]);
    }
    free(recording->files);
    *recording = (struct recording){.files = NULL};
}
