/*
 * load.h: what the readers of the single parts share while a configuration is loaded. Private to app/settings.
 *
 * Order: ward (gateway, store, uplink), buses, beds, profiles, rules, overrides, then the checks across all of them.
 * Each reports every fault it finds and goes on; what is not sound is marked, so that no later part complains about
 * what follows from it.
 */
#ifndef WARDGATE_LOAD_H
#define WARDGATE_LOAD_H

#include "app/settings/keys.h"
#include "app/settings/report.h"
#include "app/settings/settings.h"

#define LOAD_BYTES_MAX ((size_t)64 * 1024 * 1024) /* of either pool: far above what the other limits allow */

struct load {
    struct reader reader;                 /* its pool lives as long as the settings */
    struct pool *trees;                   /* gone after loading */
    const struct profile *const *builtin; /* as settings_load's */
    const char *folder;                   /* of the configuration */
    struct settings *settings;
    const struct node *root;

    struct bus_settings *buses; /* room for SETTINGS_BUSES_MAX, counted in settings, like all of these */

    struct bed_settings *beds;
    const struct node *bed_nodes[SETTINGS_BEDS_MAX];
    bool bed_is_sound[SETTINGS_BEDS_MAX]; /* with all of its profiles */
    bool are_beds_sound;                  /* all of them, so that what none of them has is known */

    struct profile *profiles;
    const struct node *profile_nodes[SETTINGS_PROFILES_MAX]; /* where it was first named */
    bool profile_is_sound[SETTINGS_PROFILES_MAX];

    struct rule *rules;
    const struct node *rule_nodes[SETTINGS_RULES_MAX];
    bool rule_is_sound[SETTINGS_RULES_MAX];
    bool rule_is_optional[SETTINGS_RULES_MAX]; /* its file says so */
    bool are_rules_sound;                      /* every file could be read and every rule has its place above */
};

void ward_read(struct load *load);
void uplink_read(struct load *load, const struct node *node);
void watchdog_read(struct load *load, const struct node *node);  /* NULL: it is not there */
void indicator_read(struct load *load, const struct node *node); /* likewise */
void summary_read(struct load *load, const struct node *node);   /* NULL: it is not there */
void buses_read(struct load *load, const struct node *entries);
void beds_read(struct load *load, const struct node *entries);
bool profiles_read(struct load *load) MUST_CHECK; /* false: no memory for them */
void rules_read(struct load *load, const struct node *list);
void models_read(struct load *load, const struct node *list);
void overrides_read(struct load *load);
void checks_run(struct load *load);
/* Warns of a limit beyond what is believed of its vital, once a class, and of a bed's own ones. */
void rule_ranges_check(struct load *load, uint16_t rule, uint16_t bed, bool is_told[CLASS_COUNT]);
void fixed_collect(struct load *load); /* only when there is no fault */

/* A file that a list names, of a kind (`rules`, `models`): as seen from the configuration, else where the package installs it. NULL: reported. */
const char *load_find_file(struct load *load, const struct node *node, const char *kind);

const char *bus_kind_word(enum bus_kind kind);

/* The bus that a monitor names, made when it is a URL of a new one. False: reported at `node`. */
bool buses_find(struct load *load, const struct node *node, const char *name, uint16_t *out) MUST_CHECK;

/* True when a profile of this name can be spoken over the bus. False: reported at `node`. */
bool profiles_fit(struct load *load, const struct node *node, const char *name,
                  const struct bus_settings *bus) MUST_CHECK;

/* The place of the profile of this name, which profiles_read will read. False: there are too many. */
bool profiles_refer(struct load *load, const struct node *node, const char *name, uint16_t *out) MUST_CHECK;

/* The node of what a rule's condition was read from. */
const struct node *load_condition(const struct load *load, uint16_t rule);

/* The name of the first vital of a set that is not empty. */
const char *load_first_vital(uint32_t vitals);

/* settings_load with another bound on each pool, so that running out of memory can be tested at every step. */
bool load_within(const char *file, size_t bytes_max, const struct profile *const *builtin, struct settings **out,
                 struct settings_report *report) MUST_CHECK;

#endif
