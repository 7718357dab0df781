#include "app/cli/watch_keys.h"

#include <stdio.h>
#include <string.h>

#define FAR 100000 /* lines; drawing knows where the end is */

static enum watch_act type(struct watch_state *state, int key)
{
    const size_t length = strlen(state->filter);
    if (key == KEY_ENTER || key == KEY_TAB) {
        state->is_typing = false;
    } else if (key == KEY_ESCAPE) {
        state->is_typing = false;
        state->filter[0] = '\0';
    } else if (key == KEY_ERASE) {
        state->filter[length > 0 ? length - 1 : 0] = '\0';
    } else if (key > ' ' && key < KEY_ERASE && length + 1 < sizeof state->filter) {
        state->filter[length] = (char)key;
        state->filter[length + 1] = '\0';
    }
    return WATCH_DRAW;
}

/* Lines to go; 0: it is no key to go by. */
static int step_of(int key, int page)
{
    switch (key) {
    case KEY_UP:
    case 'k':
        return -1;
    case KEY_DOWN:
    case 'j':
        return 1;
    case KEY_PAGE_UP:
        return -page;
    case KEY_PAGE_DOWN:
    case ' ':
        return page;
    case KEY_HOME:
    case 'g':
        return -FAR;
    case KEY_END:
    case 'G':
        return FAR;
    default:
        return 0;
    }
}

static int within(int value, int most)
{
    return value < 0 || most < 0 ? 0 : value > most ? most : value;
}

/* From the first bed on the cursor stays at the top; behind it, it goes with its bed. */
static void move(struct watch_state *state, const struct watch_ward *ward, const struct watch_lists *lists, int step)
{
    const enum watch_list list = state->list;
    const int cursor = within(watch_cursor(ward, state, lists, list) + step, lists->counts[list] - 1);
    state->cursor[list] = cursor;
    if (list == WATCH_BEDS) {
        state->chosen[0] = '\0';
        if (cursor > 0) {
            (void)snprintf(state->chosen, sizeof state->chosen, "%s", ward->beds[lists->beds[cursor]].id);
        }
    }
}

static const char *bed_at_cursor(const struct watch_state *state, const struct watch_ward *ward,
                                 const struct watch_lists *lists)
{
    const int cursor = watch_cursor(ward, state, lists, state->list);
    if (lists->counts[state->list] == 0) {
        return NULL;
    }
    if (state->list == WATCH_BEDS) {
        return ward->beds[lists->beds[cursor]].id;
    }
    if (state->list == WATCH_ALARMS) {
        return ward->beds[ward->alarms[lists->alarms[cursor]].bed].id;
    }
    const struct watch_line *line = &lists->lines[cursor];
    return line->monitor >= 0 ? ward->monitors[line->monitor].bed : NULL;
}

static enum watch_act open_detail(struct watch_state *state, const struct watch_ward *ward,
                                  const struct watch_lists *lists)
{
    const char *bed = bed_at_cursor(state, ward, lists);
    if (bed == NULL || state->in_detail) {
        return WATCH_DRAW;
    }
    (void)snprintf(state->bed, sizeof state->bed, "%s", bed);
    state->in_detail = true;
    state->scroll = 0;
    return WATCH_ASK;
}

static void go_back(struct watch_state *state)
{
    if (state->in_help) {
        state->in_help = false;
    } else if (state->in_detail) {
        state->in_detail = false;
    } else {
        state->filter[0] = '\0';
    }
    state->scroll = 0;
}

static void choose_list(struct watch_state *state, int list)
{
    state->list = (enum watch_list)((list + WATCH_LISTS) % WATCH_LISTS);
    state->in_detail = state->in_help = false;
}

enum watch_act watch_press(struct watch_state *state, int key, const struct watch_ward *ward,
                           const struct watch_lists *lists, int page)
{
    if (state->is_typing) {
        return type(state, key);
    }
    const int step = step_of(key, page < 1 ? 1 : page);
    if (step != 0) {
        if (state->in_detail || state->in_help) {
            state->scroll = within(state->scroll + step, FAR);
        } else {
            move(state, ward, lists, step);
        }
        return WATCH_DRAW;
    }
    switch (key) {
    case 'q':
        return WATCH_QUIT;
    case 's':
        state->is_by_name = !state->is_by_name;
        break;
    case KEY_TAB:
    case KEY_RIGHT:
        choose_list(state, (int)state->list + 1);
        break;
    case KEY_BACK_TAB:
    case KEY_LEFT:
        choose_list(state, (int)state->list - 1);
        break;
    case 'b':
        choose_list(state, WATCH_BEDS);
        break;
    case 'a':
        choose_list(state, WATCH_ALARMS);
        break;
    case 'l':
        choose_list(state, WATCH_LINES);
        break;
    case KEY_ENTER:
        return open_detail(state, ward, lists);
    case KEY_ESCAPE:
    case KEY_ERASE:
        go_back(state);
        break;
    case '/':
        state->is_typing = !state->in_detail && !state->in_help;
        break;
    case 'p':
        state->is_paused = !state->is_paused;
        return WATCH_ASK;
    case '?':
    case 'h':
        state->in_help = !state->in_help;
        state->scroll = 0;
        break;
    default:
        break;
    }
    return WATCH_DRAW;
}
