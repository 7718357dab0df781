#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/payload.h"
#include "tests/scenario/scene.h"

struct play {
    struct scene *scene;
    struct scene_gateway *gateway;
    int64_t deaf_until_ms; /* the gateway is down until then: nobody hears */
};

/* --- what is looked at while it plays ------------------------------------------------------------------------ */

static struct scene_score score_of(const struct bed_view *view, enum score score)
{
    const struct score_result *result = &view->scoring.results[score];
    struct scene_score is = {.score = score, .sign = '?', .missing = result->missing};
    if (result->complete || result->has_least) {
        is.sign = result->complete ? '=' : '>';
        is.total_milli = result->complete ? result->total_milli : result->least_milli;
        (void)snprintf(is.band, sizeof is.band, "%s",
                       score_band_word(score, result->complete ? result->band : result->least_band));
    }
    return is;
}

static void check_score(struct play *p, const struct scene_item *item)
{
    struct bed_view view;
    char wanted[SCENE_TEXT_MAX], came[SCENE_TEXT_MAX];
    scene_gateway_view(p->gateway, item->bed, &view);
    if ((view.scoring.scores >> item->score.score & 1U) == 0) {
        scene_fail(p->scene, item->line, "this bed does not keep %s", score_name(item->score.score));
        return;
    }
    const struct scene_score is = score_of(&view, item->score.score);
    scene_print_score(&item->score, wanted);
    scene_print_score(&is, came);
    if (strcmp(wanted, came) != 0) {
        scene_fail(p->scene, item->line, "expected %s, is %s", wanted, came);
    }
}

/* By its name; ESTIMATES_MAX: this bed does not keep it. */
static unsigned find_estimate(const struct play *p, const struct bed_view *view, const char *name)
{
    const struct engine_config *config = scene_gateway_config(p->gateway);
    unsigned i = 0;
    while (i < ESTIMATES_MAX &&
           ((view->estimates.kept >> i & 1U) == 0 || strcmp(payload_estimate_name(config, i), name) != 0)) {
        i++;
    }
    return i;
}

static void check_estimate(struct play *p, const struct scene_item *item)
{
    struct bed_view view;
    struct scene_estimate is = item->estimate;
    char wanted[SCENE_TEXT_MAX], came[SCENE_TEXT_MAX];
    scene_gateway_view(p->gateway, item->bed, &view);
    const unsigned i = find_estimate(p, &view, is.name);
    if (i == ESTIMATES_MAX) {
        scene_fail(p->scene, item->line, "this bed does not keep %s", is.name);
        return;
    }
    const struct estimate_result *result = &view.estimates.results[i];
    is.missing = result->missing;
    if (!result->complete) {
        (void)snprintf(is.result, sizeof is.result, "unknown");
    } else if (i == ESTIMATE_PRESSURE) {
        const enum pressure_scheme scheme = scene_gateway_config(p->gateway)->pressure_scheme;
        (void)snprintf(is.result, sizeof is.result, "%s", pressure_category_word(scheme, result->category));
    } else {
        const int milli = (int)payload_probability_milli(result);
        (void)snprintf(is.result, sizeof is.result, "%d.%03d%s", milli / 1000, milli % 1000,
                       result->reached ? " reached" : "");
    }
    scene_print_estimate(&item->estimate, wanted);
    scene_print_estimate(&is, came);
    if (strcmp(wanted, came) != 0) {
        scene_fail(p->scene, item->line, "expected %s, is %s", wanted, came);
    }
}

static const struct vital_view *find_view(const struct bed_view *view, unsigned vital)
{
    for (unsigned i = 0; i < view->vital_count; i++) {
        if (view->vitals[i].vital == vital) {
            return &view->vitals[i];
        }
    }
    return NULL;
}

static void check_shown(struct play *p, const struct scene_item *item)
{
    struct bed_view view;
    scene_gateway_view(p->gateway, item->bed, &view);
    const struct vital_view *v = find_view(&view, item->shown.vital);
    const char *name = vital_info((enum vital)item->shown.vital)->name;
    if (v == NULL) {
        scene_fail(p->scene, item->line, "this bed does not have %s", name);
    } else if (v->quality != item->shown.quality) {
        scene_fail(p->scene, item->line, "expected %s %s, is %s", name, quality_word((enum quality)item->shown.quality),
                   quality_word((enum quality)v->quality));
    } else if (v->quality == QUALITY_VALID &&
               (v->value_milli != item->shown.value_milli || v->source != item->shown.source)) {
        scene_fail(p->scene, item->line, "expected %s %g of %s, is %g of %s", name,
                   (double)item->shown.value_milli / 1000, vital_info((enum vital)item->shown.source)->name,
                   (double)v->value_milli / 1000, vital_info((enum vital)v->source)->name);
    }
}

/* --- commands ------------------------------------------------------------------------------------------------ */

/* The newest alert of that alarm, whose id and rev somebody has seen. */
static bool resolve_alarm(struct play *p, struct scene_item *item)
{
    unsigned count = 0;
    const struct scene_alert *alerts = scene_gateway_alerts(p->gateway, &count);
    while (count > 0 && (strcmp(alerts[count - 1].name, item->alarm) != 0 || alerts[count - 1].bed != item->bed)) {
        count--;
    }
    if (count > 0) {
        item->command.alarm_id = alerts[count - 1].id;
        item->command.rev = alerts[count - 1].rev;
    }
    return count > 0;
}

/* And its parameter, if one is named. */
static bool resolve_rule(struct play *p, struct scene_item *item)
{
    const struct engine_config *config = scene_gateway_config(p->gateway);
    for (unsigned r = 0; r < config->rule_count; r++) {
        const struct rule *rule = &config->rules[r];
        if (strcmp(rule->name, item->rule) == 0 && item->parameter[0] == '\0') {
            item->command.rule = (uint16_t)r;
            return true;
        }
        for (unsigned i = 0; strcmp(rule->name, item->rule) == 0 && i < rule->parameter_count; i++) {
            if (rule->parameters[i].name != NULL && strcmp(rule->parameters[i].name, item->parameter) == 0) {
                item->command.rule = (uint16_t)r;
                item->command.parameter = (uint8_t)i;
                return true;
            }
        }
    }
    return false;
}

static void tell(struct play *p, struct scene_item *item)
{
    if (item->alarm[0] != '\0' && !resolve_alarm(p, item)) {
        scene_fail(p->scene, item->line, "there was no alarm %s", item->alarm);
        return;
    }
    if (item->rule[0] != '\0' && !resolve_rule(p, item)) {
        scene_fail(p->scene, item->line, "there is no %s of a rule %s", item->parameter, item->rule);
        return;
    }
    item->command.bed = item->bed;
    (void)snprintf(item->command.id, sizeof item->command.id, "c%u", item->order);
    const enum command_verdict verdict = scene_gateway_command(p->gateway, item->at_ms, &item->command);
    if (verdict != (enum command_verdict)item->verdict) {
        scene_fail(p->scene, item->line, "expected the answer %s, came %s", verdict_text(item->verdict),
                   verdict_text(verdict));
    }
}

static void restart(struct play *p, const struct scene_item *item)
{
    if (!scene_gateway_restart(p->gateway, item->at_ms, &item->restart)) {
        scene_fail(p->scene, item->line, "the gateway does not restart: its store cannot be written or read");
    }
    p->deaf_until_ms = item->at_ms + item->restart.away_ms;
}

/* --- in order of time ---------------------------------------------------------------------------------------- */

static int compare_items(const void *first, const void *second)
{
    const struct scene_item *a = first, *b = second;
    if (a->at_ms != b->at_ms) {
        return a->at_ms < b->at_ms ? -1 : 1;
    }
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    return a->order < b->order ? -1 : 1;
}

static void play_item(struct play *p, struct scene_item *item)
{
    if (item->kind == SCENE_VALUE) {
        if (item->at_ms >= p->deaf_until_ms) {
            scene_gateway_until(p->gateway, item->at_ms - 1);
            scene_gateway_observe(p->gateway, &item->value);
        }
        return;
    }
    if (item->at_ms < p->deaf_until_ms) {
        return; /* an expectation of what was before; whatever came is there */
    }
    scene_gateway_until(p->gateway, item->at_ms);
    if (item->kind == SCENE_COMMAND) {
        tell(p, item);
    } else if (item->kind == SCENE_LINE) {
        scene_gateway_line(p->gateway, item->at_ms, item->line_works);
    } else if (item->kind == SCENE_RESTART) {
        restart(p, item);
    } else if (item->kind == SCENE_SCORE) {
        check_score(p, item);
    } else if (item->kind == SCENE_ESTIMATE) {
        check_estimate(p, item);
    } else if (item->kind == SCENE_SHOWN) {
        check_shown(p, item);
    }
}

/* --- what came against what was expected --------------------------------------------------------------------- */

static bool is_watched(const struct scene_given *given, const char *name)
{
    for (unsigned i = 0; i < given->watched_count; i++) {
        const size_t length = strlen(given->watched[i]);
        if (strncmp(name, given->watched[i], length) == 0 && (name[length] == '\0' || name[length] == '.')) {
            return true;
        }
    }
    return given->watched_count == 0;
}

static const struct scene_alert *next_watched(const struct scene *scene, const struct scene_alert *alerts,
                                              unsigned count, unsigned *at)
{
    while (*at < count && !is_watched(&scene->given, alerts[*at].name)) {
        ++*at;
    }
    return *at < count ? &alerts[*at] : NULL;
}

static void expect_alert(struct scene *scene, const struct scene_item *item, const struct scene_alert *alert)
{
    char wanted[SCENE_TEXT_MAX], came[SCENE_TEXT_MAX];
    scene_print_alert(&item->alert, UINT32_MAX, wanted);
    if (alert == NULL) {
        scene_fail(scene, item->line, "expected %s, nothing came", wanted);
        return;
    }
    scene_print_alert(alert, item->alert.says | SAYS_PART, came);
    if (strcmp(wanted, came) != 0) {
        scene_fail(scene, item->line, "expected %s, came %s", wanted, came);
    }
}

static void expect_nothing(struct scene *scene, const struct scene_item *item, const struct scene_alert *alert)
{
    char came[SCENE_TEXT_MAX];
    if (alert != NULL && alert->at_ms <= item->at_ms) {
        scene_print_alert(alert, UINT32_MAX, came);
        scene_fail(scene, item->line, "expected nothing, came %s", came);
    }
}

/* Every alert that is watched must have been expected, in order. */
static void compare(struct play *p)
{
    struct scene *scene = p->scene;
    unsigned count = 0, at = 0, last = scene->line;
    const struct scene_alert *alerts = scene_gateway_alerts(p->gateway, &count);
    for (unsigned i = 0; i < scene->count && scene->fault[0] == '\0'; i++) {
        const struct scene_item *item = &scene->items[i];
        const struct scene_alert *next = next_watched(scene, alerts, count, &at);
        last = item->kind == SCENE_ALERT ? item->line : last;
        if (item->kind == SCENE_ALERT) {
            expect_alert(scene, item, next);
            at++;
        } else if (item->kind == SCENE_NOTHING) {
            expect_nothing(scene, item, next);
        }
    }
    const struct scene_alert *left = next_watched(scene, alerts, count, &at);
    if (left != NULL) {
        char came[SCENE_TEXT_MAX];
        scene_print_alert(left, UINT32_MAX, came);
        scene_fail(scene, last, "after this nothing more was expected, came %s", came);
    }
}

void scene_play(const char *folder, struct scene *scene)
{
    struct play p = {.scene = scene, .gateway = scene_gateway_open(folder, scene)};
    if (p.gateway == NULL) {
        return;
    }
    qsort(scene->items, scene->count, sizeof *scene->items, compare_items);
    for (unsigned i = 0; i < scene->count && scene->fault[0] == '\0'; i++) {
        play_item(&p, &scene->items[i]);
    }
    if (scene->fault[0] == '\0') {
        compare(&p);
    }
    scene_gateway_close(p.gateway);
}
