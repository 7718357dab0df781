#include "app/cli/watch.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/cli/terminal.h"
#include "app/cli/watch_keys.h"
#include "app/flow/local_connection.h"
#include "app/flow/local_socket.h"
#include "hal/clock.h"

#define CLOCK_MS  1000 /* the clock on the screen */
#define ESCAPE_MS 50   /* an escape that nothing has followed for so long is a key by itself */
#define WHY_MAX   160
#define CLOCK_MAX 16

struct watch {
    const char *socket_path;
    int64_t interval_us;
    struct watch_state state;
    struct keys keys;
    struct screen screen;
    char *paint;
    size_t paint_size;

    /* What is asked now: fd -1 is nothing. */
    int fd;
    int64_t asked_us, next_us;
    struct watch_reader reader;

    /* What is known. */
    bool has_ward, is_lost;
    int64_t known_us; /* CLOCK_BOOTTIME of the newest whole answer; 0: none */
    char why[WHY_MAX], known_at[CLOCK_MAX];
    struct watch_ward wards[2], *ward; /* one is shown, the other one is read */
    struct watch_lists lists;
};

/* ---- asking ---- */

static void clock_text(char text[CLOCK_MAX])
{
    const int64_t wall_ms = clock_wall_ms();
    const unsigned s = (unsigned)((wall_ms / 1000 + clock_utc_offset_s(wall_ms)) % 86400);
    (void)snprintf(text, CLOCK_MAX, "%02u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
}

static void lose(struct watch *w, const char *why)
{
    w->is_lost = true;
    (void)snprintf(w->why, sizeof w->why, "%s (%s)", why, w->socket_path);
}

static void end_asking(struct watch *w)
{
    (void)close(w->fd);
    w->fd = -1;
    w->next_us = w->asked_us + w->interval_us;
}

static void ask(struct watch *w, int64_t now_us)
{
    char request[WATCH_ID_MAX + 8];
    (void)snprintf(request, sizeof request, "rows%s%s", w->state.in_detail ? " " : "",
                   w->state.in_detail ? w->state.bed : "");
    w->asked_us = now_us;
    const enum status status = connection_begin(w->socket_path, request, &w->fd);
    if (status != STATUS_OK) {
        w->fd = -1;
        w->next_us = now_us + w->interval_us;
        lose(w, status == STATUS_DENIED      ? "this user may not ask, be root or in the group of wardgate"
                : status == STATUS_NOT_FOUND ? "none runs with this configuration"
                                             : status_text(status));
        return;
    }
    watch_reader_init(&w->reader, w->ward == &w->wards[0] ? &w->wards[1] : &w->wards[0]);
}

static void take_answer(struct watch *w, int64_t now_us)
{
    const bool is_whole = w->reader.ward->is_whole;
    end_asking(w);
    if (!is_whole) {
        lose(w, w->reader.ward->gateway[0] != '\0' ? "its answer broke off"
                                                   : "its answer is of another version, restart the gateway");
        return;
    }
    w->ward = w->reader.ward;
    w->has_ward = true;
    w->is_lost = false;
    w->known_us = now_us;
    clock_text(w->known_at);
}

/* True: the answer has ended. */
static bool read_answer(struct watch *w, int64_t now_us)
{
    char bytes[16384];
    ssize_t got;
    while ((got = recv(w->fd, bytes, sizeof bytes, 0)) > 0) {
        watch_reader_feed(&w->reader, bytes, (size_t)got);
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    take_answer(w, now_us);
    return true;
}

/* ---- showing ---- */

static bool draw(struct watch *w, int64_t now_us)
{
    char clock[CLOCK_MAX];
    clock_text(clock);
    const struct watch_shown shown = {.ward = w->ward,
                                      .state = &w->state,
                                      .has_ward = w->has_ward,
                                      .is_lost = w->is_lost,
                                      .since_ms = w->has_ward ? (now_us - w->known_us) / 1000 : 0,
                                      .why = w->why,
                                      .clock = clock,
                                      .lost_at = w->known_at};
    watch_lists_make(w->ward, &w->state, &w->lists);
    const int most = watch_draw(&shown, &w->lists, &w->screen);
    w->state.scroll = w->state.scroll > most ? most : w->state.scroll;
    return terminal_write(w->paint, screen_paint(&w->screen, w->paint, w->paint_size));
}

static bool resize(struct watch *w)
{
    int rows, cols;
    terminal_size(&rows, &cols);
    if (screen_resize(&w->screen, rows, cols) != STATUS_OK) {
        return false;
    }
    const size_t size = screen_paint_max(&w->screen);
    char *const paint = realloc(w->paint, size);
    if (paint == NULL) {
        return false;
    }
    w->paint = paint;
    w->paint_size = size;
    return true;
}

/* ---- keys ---- */

static enum watch_act press(struct watch *w, int key)
{
    return key == KEY_NONE ? WATCH_DRAW : watch_press(&w->state, key, w->ward, &w->lists, w->screen.rows - 10);
}

/* The strongest of what they do. */
static enum watch_act take_keys(struct watch *w)
{
    char bytes[64];
    const size_t count = terminal_read(bytes, sizeof bytes);
    enum watch_act most = WATCH_DRAW;
    for (size_t i = 0; i < count; i++) {
        const enum watch_act act = press(w, keys_take(&w->keys, bytes[i]));
        most = act > most ? act : most;
        watch_lists_make(w->ward, &w->state, &w->lists);
    }
    return most;
}

/* ---- the loop ---- */

static int wait_ms(const struct watch *w, int64_t now_us, int64_t drawn_us)
{
    int64_t until_us = drawn_us + CLOCK_MS * INT64_C(1000);
    const int64_t answer_us = w->asked_us + LOCAL_ANSWER_MS * INT64_C(1000);
    const int64_t due_us = w->fd >= 0 ? answer_us : w->state.is_paused ? until_us : w->next_us;
    until_us = due_us < until_us ? due_us : until_us;
    if (w->keys.length > 0) {
        return ESCAPE_MS;
    }
    return until_us > now_us ? (int)((until_us - now_us + 999) / 1000) : 0;
}

/* What is due without anybody's doing; true: there is something to show. */
static bool step(struct watch *w, int64_t now_us)
{
    if (w->fd >= 0 && now_us - w->asked_us >= LOCAL_ANSWER_MS * INT64_C(1000)) {
        end_asking(w);
        lose(w, "it does not answer");
        return true;
    }
    if (w->fd < 0 && !w->state.is_paused && now_us >= w->next_us) {
        ask(w, now_us);
        return w->fd < 0;
    }
    return false;
}

static enum status watch_loop(struct watch *w)
{
    struct terminal_events events = {.changed = true};
    int64_t drawn_us = 0;
    bool is_new = true;
    while (!events.ended) {
        int64_t now_us = clock_boot_us();
        enum watch_act act = WATCH_DRAW;
        is_new = step(w, now_us) || is_new;
        if (events.changed && !resize(w)) {
            return STATUS_NO_MEMORY;
        }
        if (is_new || events.changed || now_us - drawn_us >= CLOCK_MS * INT64_C(1000)) {
            if (!draw(w, now_us)) {
                return STATUS_OK; /* the terminal has gone: nobody is there to be told */
            }
            drawn_us = now_us;
        }
        terminal_wait(w->fd, wait_ms(w, now_us, drawn_us), &events);
        now_us = clock_boot_us();
        is_new = events.other && read_answer(w, now_us);
        if (events.keys) {
            act = take_keys(w);
            is_new = true;
        } else if (w->keys.length > 0) {
            act = press(w, keys_flush(&w->keys));
            is_new = true;
        }
        if (act == WATCH_ASK && w->fd < 0) {
            w->next_us = now_us;
        }
        if (act == WATCH_QUIT) {
            break;
        }
    }
    return STATUS_OK;
}

static void watch_free(struct watch *w)
{
    if (w->fd >= 0) {
        (void)close(w->fd);
    }
    screen_fini(&w->screen);
    free(w->paint);
    free(w);
}

enum status watch_run(const char *socket_path, int interval_ms)
{
    struct watch *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return STATUS_NO_MEMORY;
    }
    const char *no_colour = getenv("NO_COLOR");
    (void)setlocale(LC_CTYPE, "");
    w->socket_path = socket_path;
    w->interval_us = interval_ms * INT64_C(1000);
    w->fd = -1;
    w->ward = &w->wards[0];
    w->screen.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    w->screen.coloured = no_colour == NULL || no_colour[0] == '\0';
    enum status status = terminal_open();
    if (status == STATUS_OK) {
        status = watch_loop(w);
    }
    terminal_close();
    watch_free(w);
    return status;
}
