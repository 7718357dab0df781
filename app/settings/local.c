/*
 * local.c: reads `watchdog` and `indicator`, what there is at the box itself.
 */
#include <assert.h>
#include <string.h>

#include "app/settings/file.h"
#include "app/settings/load.h"

void watchdog_read(struct load *load, const struct node *node)
{
    struct watchdog_keys keys = {.device = NULL};
    const bool is_whole = node != NULL ? section_read(&load->reader, node, &watchdog_section, &keys)
                                       : section_read_defaults(&load->reader, &watchdog_section, &keys);
    if (!is_whole) {
        return;
    }
    load->settings->watchdog.device =
        keys.device != NULL ? file_path(load->folder, keys.device, load->reader.pool) : NULL;
    load->settings->watchdog.timeout_s = (uint32_t)(keys.timeout / 1000);
}

/* CHIP:LINE, or a name. */
static void check_line(struct load *load, const struct node *node, const char *line)
{
    const char *colon = strrchr(line, ':');
    const bool names_chip = colon != NULL && (line[0] == '/' || strncmp(line, "gpiochip", 8) == 0);
    if (line[0] == '\0' || strchr(line, ' ') != NULL ||
        (names_chip && (colon[1] == '\0' || strspn(colon + 1, "0123456789") != strlen(colon + 1)))) {
        report_fault(load->reader.report, node,
                     "names no line of a GPIO chip, write CHIP:NUMBER such as gpiochip0:17, or the line's name");
    } else if (!names_chip && strncmp(line, "gpiochip", 8) == 0) {
        report_fault(load->reader.report, node, "names a chip and no line of it, write %s:NUMBER", line);
    }
}

/* Run as it is, so nothing is looked for in PATH. */
static void check_program(struct load *load, const struct node *node, const char *program)
{
    unsigned mode = 0;
    bool is_roots = false;
    if (program[0] != '/') {
        report_fault(load->reader.report, node, "is no path from the root, write such as /usr/local/bin/%s", program);
        return;
    }
    const enum status status = file_look(program, &mode, &is_roots);
    if (status == STATUS_NOT_FOUND) {
        report_fault(load->reader.report, node, "there is no such program, put it there or remove this key");
    } else if (status != STATUS_OK) {
        report_fault(load->reader.report, node, "cannot be run (%s), name a program", status_text(status));
    } else if ((mode & 0111U) == 0) {
        report_fault(load->reader.report, node, "cannot be run (mode %04o), run: chmod 755 %s", mode, program);
    } else if ((mode & 0002U) != 0) {
        report_fault(load->reader.report, node, "anybody could change this program (mode %04o), run: chmod o-w %s",
                     mode, program);
    }
}

static void read_hook(struct load *load, const struct node *list)
{
    struct indicator_settings *indicator = &load->settings->indicator;
    if (list->child_count > SETTINGS_HOOK_WORDS_MAX) {
        report_fault(load->reader.report, list, "has %u words, at most %d", list->child_count, SETTINGS_HOOK_WORDS_MAX);
        return;
    }
    for (const struct node *item = list->first; item != NULL; item = item->next) {
        if (item->kind != NODE_TEXT) {
            report_fault(load->reader.report, item, "is no word; write [/path/of/program, ARGUMENT, ...]");
            return;
        }
        indicator->hook[item->index] = pool_text(load->reader.pool, item->text, strlen(item->text));
    }
    assert(list->first != NULL); /* a list has an item, says the schema */
    check_program(load, list->first, list->first->text);
}

void indicator_read(struct load *load, const struct node *node)
{
    struct indicator_keys keys = {.led = NULL};
    struct indicator_settings *indicator = &load->settings->indicator;
    const bool is_whole = node != NULL ? section_read(&load->reader, node, &indicator_section, &keys)
                                       : section_read_defaults(&load->reader, &indicator_section, &keys);
    if (!is_whole) {
        return;
    }
    indicator->led = keys.led;
    indicator->buzzer = keys.buzzer;
    indicator->led_active_low = keys.led_active_low != 0;
    indicator->buzzer_active_low = keys.buzzer_active_low != 0;
    indicator->hook_timeout_ms = (uint32_t)keys.hook_timeout;
    indicator->after_ms = (uint32_t)keys.after;
    if (keys.led != NULL) {
        check_line(load, node_child(node, "led"), keys.led);
    }
    if (keys.buzzer != NULL) {
        check_line(load, node_child(node, "buzzer"), keys.buzzer);
    }
    if (keys.hook != NULL) {
        read_hook(load, keys.hook);
    }
}
