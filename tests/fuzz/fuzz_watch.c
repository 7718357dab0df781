/* What a gateway answers `wardgate status --watch`, then a screen of any size: nothing that is drawn could move a cursor. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/watch_view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct watch_ward ward;
    static struct watch_reader reader;
    static struct watch_lists lists;
    static struct screen screen;
    if (size < 4) {
        return 0;
    }
    struct watch_state state = {.list = (enum watch_list)(data[0] % WATCH_LISTS),
                                .in_detail = (data[1] & 1) != 0,
                                .in_help = (data[1] & 2) != 0 && (data[1] & 4) != 0,
                                .is_by_name = (data[1] & 8) != 0,
                                .scroll = data[1] >> 4,
                                .bed = "b1"};
    const struct watch_shown shown = {.ward = &ward,
                                      .state = &state,
                                      .has_ward = true,
                                      .is_lost = (data[1] & 4) != 0,
                                      .since_ms = data[2] * 250,
                                      .why = "gone",
                                      .clock = "14:13:52",
                                      .lost_at = "14:13:40"};
    screen.unicode = (data[1] & 2) != 0;
    watch_reader_init(&reader, &ward);
    watch_reader_feed(&reader, (const char *)data + 4, size - 4);
    if (screen_resize(&screen, 1 + data[2] % 64, 1 + data[3]) != STATUS_OK) {
        return 0;
    }
    watch_lists_make(&ward, &state, &lists);
    (void)watch_draw(&shown, &lists, &screen);
    char *out = malloc(screen_paint_max(&screen));
    if (out == NULL) {
        return 0;
    }
    for (int i = 0; i < screen.rows * screen.cols; i++) {
        const uint32_t code = screen.cells[i].code;
        if ((code != 0 && code < 0x20) || (code >= 0x7F && code < 0xA0) || screen.cells[i].style >= STYLE_COUNT) {
            abort();
        }
    }
    (void)screen_paint(&screen, out, screen_paint_max(&screen));
    free(out);
    return 0;
}
