/*
 * libFuzzer: any bytes as what a board says of itself, one after another, with steps of time between; and the same bytes as a label for Prometheus.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/fuzz_presence.c
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/exposition.h"
#include "app/flow/presence.h"
#include "tests/unit/support/exposition_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In a buffer of its own size, so that a byte beyond it is seen. */
static const char *read_copy(const char *name, const uint8_t *data, size_t size, struct presence_said *out)
{
    char *bytes = malloc(size > 0 ? size : 1);
    assert(bytes != NULL);
    memcpy(bytes, data, size);
    const char *fault = presence_read(name, bytes, size, out);
    free(bytes);
    return fault;
}

/* The first byte: whose, and how long since the one before; a 0xFF ends each. */
static void check_presences(const uint8_t *data, size_t size)
{
    struct presence presence = {.boards[0].name = ""};
    int64_t now_us = 0;
    while (size > 0) {
        const uint8_t *end = memchr(data, 0xFF, size);
        const size_t length = end != NULL ? (size_t)(end - data) : size;
        struct presence_said said;
        char name[] = "board-a";
        if (length > 0) {
            name[6] = (char)('a' + data[0] % 40 % 26);
            now_us += (int64_t)(data[0] / 8) * 1000000;
            assert(presence_is_name(name));
            if (length == 1) {
                presence_drop(&presence, name, now_us);
            } else if (read_copy(name, data + 1, length - 1, &said) == NULL) {
                assert(said.sound < PRESENCE_SOUND_COUNT);
                (void)presence_put(&presence, name, &said, data[0] % 2 == 0 ? PRESENCE_LASTS_US : 1000000, now_us);
            }
            const struct presence_count count = presence_count(&presence, now_us);
            assert(count.looking <= count.there && count.there <= PRESENCE_BOARDS_MAX);
            assert(count.looking <= count.lately && count.lately <= PRESENCE_BOARDS_MAX);
            assert(count.next_us > now_us);
            assert(count.lately == 0 || count.next_us <= now_us + PRESENCE_LASTS_US);
        }
        data += length + (end != NULL ? 1 : 0);
        size -= length + (end != NULL ? 1 : 0);
    }
}

static void check_label(const uint8_t *data, size_t size)
{
    static const struct metric metric = {"wardgate_a", "a", METRIC_GAUGE};
    static char out[65536];
    char text[4096];
    struct exposition e;
    const size_t length = size < sizeof text - 1 ? size : sizeof text - 1;
    memcpy(text, data, length);
    text[length] = '\0';
    exposition_begin(&e, out, sizeof out);
    exposition_metric(&e, &metric);
    exposition_sample(&e, &(struct exposition_label){"k", text}, 1, 1, 1);
    const size_t made = exposition_end(&e);
    const char *const problem = exposition_problem(out);
    assert(made > 0 && problem == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_presences(data, size);
    check_label(data, size);
    return 0;
}
