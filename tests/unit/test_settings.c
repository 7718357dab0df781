/*
 * The configuration as a whole: files beside what is told of them (tests/data/config), what ships, the tables of keys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/engine/entry.h"
#include "app/settings/keys.h"
#include "app/settings/load.h"
#include "app/settings/report.h"
#include "app/settings/settings.h"
#include "tests/unit/support/settings_data.h"

#define DATA "tests/data/config"

static struct settings_report report;
static char root[4096]; /* where the tests were started */

static int remember_root(void **state)
{
    (void)state;
    return settings_data_set_modes() && getcwd(root, sizeof root) != NULL ? 0 : -1;
}

/* Each test works in the folder of its files, so that messages name them as a user would. */
static void enter(const char *folder)
{
    assert_int_equal(chdir(root), 0);
    assert_int_equal(chdir(folder), 0);
}

static struct settings *load(const char *file)
{
    struct settings *settings = NULL;
    const bool is_good = settings_load(file, builtin_profiles, &settings, &report);
    assert_true(is_good == (settings != NULL) && is_good == (report.fault_count == 0));
    return settings;
}

static struct settings *load_good(const char *file)
{
    struct settings *settings = load(file);
    if (settings == NULL) {
        settings_print_report(&report, stderr, false);
        fail();
    }
    return settings;
}

static char *print(bool colours)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    settings_print_report(&report, stream, colours);
    assert_int_equal(fclose(stream), 0);
    return text;
}

static char *read_text(const char *file)
{
    char *text = calloc(1, 65536);
    FILE *stream = fopen(file, "r");
    if (text == NULL || stream == NULL) {
        fail_msg("cannot read %s", file);
    }
    const size_t length = fread(text, 1, 65535, stream);
    assert_true(length < 65535);
    assert_int_equal(fclose(stream), 0);
    return text;
}

static int is_configuration(const struct dirent *entry)
{
    const char *end = strrchr(entry->d_name, '.');
    return end != NULL && strcmp(end, ".yaml") == 0;
}

/* Every file of a folder against what is expected to be told of it. */
static int check_folder(const char *folder, bool are_good)
{
    struct dirent **entries = NULL;
    enter(folder);
    const int count = scandir(".", &entries, is_configuration, alphasort);
    int wrong = 0;
    for (int i = 0; i < count; i++) {
        char file[300];
        (void)snprintf(file, sizeof file, "%.*s.expected", (int)(strlen(entries[i]->d_name) - 5), entries[i]->d_name);
        char *expected = read_text(file);
        struct settings *settings = load(entries[i]->d_name);
        char *told = print(false);
        if ((settings != NULL) != are_good || strcmp(told, expected) != 0) {
            print_error("%s/%s\n--- expected\n%s--- told\n%s", folder, entries[i]->d_name, expected, told);
            wrong++;
        }
        settings_free(settings);
        free(told);
        free(expected);
        free(entries[i]);
    }
    free(entries);
    assert_int_equal(wrong, 0);
    return count;
}

static void bad_files_are_told_of_exactly(void **state)
{
    (void)state;
    assert_true(check_folder(DATA "/bad", false) >= 190);
}

static void good_files_load(void **state)
{
    (void)state;
    assert_true(check_folder(DATA "/good", true) >= 5);
}

static void a_missing_file_is_told_of(void **state)
{
    (void)state;
    enter(DATA "/bad");
    assert_null(load("no/such.yaml"));
    char *told = print(false);
    assert_string_equal(told, "wardgate: no/such.yaml: there is no such file, check its name and folder\n");
    free(told);
}

static void a_large_file_is_refused(void **state)
{
    (void)state;
    char file[] = "/tmp/wardgate-settings-XXXXXX";
    const int descriptor = mkstemp(file);
    assert_true(descriptor >= 0);
    assert_int_equal(ftruncate(descriptor, 10 * 1024 * 1024), 0);
    assert_null(load(file));
    assert_string_equal(report.faults[0].message, "this file is larger than 1 MiB, it cannot be a configuration");
    assert_int_equal(close(descriptor), 0);
    assert_int_equal(unlink(file), 0);
}

static bool is_told_of_open_secret(mode_t mode, uid_t owner)
{
    char secret[] = "/tmp/wardgate-secret-XXXXXX", file[] = "/tmp/wardgate-settings-XXXXXX", text[160];
    const int secret_descriptor = mkstemp(secret), descriptor = mkstemp(file);
    const int length = snprintf(text, sizeof text,
                                "uplink: {brokers: [\"mqtt://127.0.0.1\"], username: u, password_file: %s}\n", secret);
    bool is_told = false;
    assert_true(secret_descriptor >= 0 && descriptor >= 0);
    assert_int_equal(write(descriptor, text, (size_t)length), length);
    assert_int_equal(fchown(secret_descriptor, owner, (gid_t)-1), 0);
    assert_int_equal(fchmod(secret_descriptor, mode), 0);
    assert_null(load(file)); /* there are no beds */
    for (uint32_t i = 0; i < report.fault_count; i++) {
        is_told = is_told || strstr(report.faults[i].message, "other users can open this secret") != NULL;
    }
    assert_int_equal(close(secret_descriptor) + close(descriptor), 0);
    assert_int_equal(unlink(secret) + unlink(file), 0);
    return is_told;
}

/* As drivers/uplink/credential.c has it (test_certificate.c). */
static void a_secret_is_its_owners_or_root_s_group_s(void **state)
{
    (void)state;
    static const struct {
        mode_t mode;
        bool of_ours, of_roots; /* told of */
    } cases[] = {{0600, false, false}, {0400, false, false}, {0640, true, false}, {0440, true, false},
                 {0660, true, true},   {0650, true, true},   {0644, true, true},  {0604, true, true},
                 {0602, true, true},   {0601, true, true}};
    const bool is_root = geteuid() == 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(is_told_of_open_secret(cases[i].mode, is_root ? 12345 : geteuid()) == cases[i].of_ours);
        assert_true(!is_root || is_told_of_open_secret(cases[i].mode, 0) == cases[i].of_roots);
    }
}

static void colours_only_when_asked(void **state)
{
    (void)state;
    enter(DATA "/bad");
    assert_null(load("rule-expression.yaml"));
    char *plain = print(false), *coloured = print(true);
    assert_null(strchr(plain, '\033'));
    assert_string_equal(coloured,
                        "wardgate: \033[1mrules/expression.yaml:3:24:\033[0m \033[1;31m\033[0mrules.a_rule.when: "
                        "unknown name \"limt\", did you mean \"limit\"?\n"
                        "    share(spo2 < limt, 15s) >= 0.8\n"
                        "                 \033[1;31m^~~~\033[0m\n");
    free(plain);
    free(coloured);
}

/* --- what ships --- */

static void the_shipped_configuration_is_sound(void **state)
{
    (void)state;
    enter("config");
    struct settings *s = load_good("wardgate.yaml");
    char *told = print(false);
    assert_string_equal(told, "");
    free(told);
    assert_true(s->rule_count >= 20);
    for (uint16_t i = 0; i < s->rule_count; i++) {
        const struct rule *r = &s->rules[i];
        for (uint8_t j = 0; j < r->parameter_count; j++) {
            for (unsigned class = 0; class < CLASS_COUNT && r->parameters[j].name != NULL; class ++) {
                assert_true(r->parameters[j].has[class]);
            }
        }
        assert_string_not_equal(r->text, r->name);
        assert_string_not_equal(r->advice, "");
        /* Only the first uses a window of what is polled; the others work at any poll interval. */
        for (uint8_t w = 0; w < r->when.window_count && i > 0; w++) {
            const struct window_spec *window = &r->when.windows[w];
            assert_true(window->bare || window->aggregate == AGGREGATE_AGE ||
                        (window->aggregate == AGGREGATE_COUNT && (ENTRY_ONLY >> window->vital & 1U) != 0));
        }
    }
    settings_free(s);
}

static const struct rule *find(const struct settings *s, const char *name)
{
    for (uint16_t i = 0; i < s->rule_count; i++) {
        if (strcmp(s->rules[i].name, name) == 0) {
            return &s->rules[i];
        }
    }
    fail_msg("no rule %s", name);
    return NULL;
}

static void shipped_limits_lie_in_order(void **state)
{
    (void)state;
    static const char *const ascending[][4] = {
        {"hr_extreme_low", "hr_low", "hr_high", "hr_extreme_high"},
        {"pulse_extreme_low", "pulse_low", "pulse_high", "pulse_extreme_high"},
        {"spo2_desat", "spo2_low", NULL, NULL},
        {"resp_low", "resp_high", NULL, NULL},
        {"nibp_mean_low", "nibp_sys_low", "nibp_sys_high", NULL},
        {"nibp_mean_low", "nibp_mean_high", "nibp_sys_high", NULL},
        {"abp_mean_low", "abp_sys_low", "abp_sys_high", NULL},
        {"temp_low", "temp_high", NULL, NULL},
        {"glucose_very_low", "glucose_low", "glucose_high", "glucose_very_high"},
    };
    enter("config");
    struct settings *s = load_good("wardgate.yaml");
    for (size_t i = 0; i < sizeof ascending / sizeof ascending[0]; i++) {
        for (size_t j = 1; j < 4 && ascending[i][j] != NULL; j++) {
            const struct rule *low = find(s, ascending[i][j - 1]), *high = find(s, ascending[i][j]);
            for (unsigned class = 0; class < CLASS_COUNT; class ++) {
                assert_true(low->parameters[PARAMETER_LIMIT].value_milli[class] <
                            high->parameters[PARAMETER_LIMIT].value_milli[class]);
            }
        }
    }
    assert_int_equal(find(s, "spo2_low")->parameters[PARAMETER_LIMIT].value_milli[CLASS_adult], 90000);
    assert_int_equal(find(s, "glucose_high")->parameters[PARAMETER_LIMIT].value_milli[CLASS_adult],
                     9991); /* 180 mg/dL */
    assert_int_equal(find(s, "spo2_desat")->priority, PRIORITY_HIGH);
    settings_free(s);
}

/* --- the tables --- */

static const struct section *const sections[] = {
    &ward_section,     &gateway_section,  &store_section, &uplink_section,  &broker_section, &bed_section,
    &monitor_section,  &commands_section, &bus_section,   &profile_section, &bit_section,    &channel_section,
    &identity_section, &episodic_section, &rules_section, &rule_section,
};
enum { SECTIONS = sizeof sections / sizeof sections[0], SECTIONS_MAX = 32, TARGET_BYTES_MAX = 512 };

/* Variants are sections of their own. */
static size_t list_sections(const struct section *out[SECTIONS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < SECTIONS; i++) {
        out[count++] = sections[i];
        for (size_t j = 0; sections[i]->variants != NULL && sections[i]->fields[0].words[j] != NULL; j++) {
            assert_true(count < SECTIONS_MAX - 1);
            out[count++] = sections[i]->variants[j];
        }
    }
    return count;
}

static void check_field(const struct field *field)
{
    assert_true(strlen(field->help) > 7 && strlen(field->help) < 130);
    assert_null(strchr(field->help, '\n'));
    assert_false(field->is_required && field->fallback != NULL);
    assert_true(field->type == FIELD_ID || field->low <= field->high);
}

static void each_key_has_one_line_of_help(void **state)
{
    (void)state;
    const struct section *all[SECTIONS_MAX];
    const size_t count = list_sections(all);
    for (size_t i = 0; i < count; i++) {
        assert_true(all[i]->count > 0 && all[i]->count <= SECTION_FIELDS_MAX);
        for (size_t j = 0; j < all[i]->count; j++) {
            check_field(&all[i]->fields[j]);
            for (size_t k = 0; k < j; k++) {
                assert_string_not_equal(all[i]->fields[k].name, all[i]->fields[j].name);
            }
        }
    }
}

static void each_default_can_be_read(void **state)
{
    (void)state;
    const struct section *all[SECTIONS_MAX];
    const size_t count = list_sections(all);
    report_init(&report, "defaults");
    for (size_t i = 0; i < count; i++) {
        int64_t target[TARGET_BYTES_MAX / sizeof(int64_t)] = {0};
        struct pool pool;
        pool_init(&pool, 4096);
        const struct reader reader = {&pool, &report};
        assert_true(section_read_defaults(&reader, all[i], target));
        pool_fini(&pool);
    }
    assert_int_equal(report.fault_count, 0);
}

static bool is_one_value(enum field_type type)
{
    return type < FIELD_WORDS;
}

/* What the shipped example shows behind a # must be as right as what it shows before. */
static void each_example_can_be_read(void **state)
{
    (void)state;
    const struct section *all[SECTIONS_MAX];
    const size_t count = list_sections(all);
    unsigned examples = 0;
    report_init(&report, "examples");
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < all[i]->count; j++) {
            const struct field *field = &all[i]->fields[j];
            const struct node written = {.kind = NODE_TEXT,
                                         .text = field->example != NULL ? field->example : field->sample};
            int64_t target[TARGET_BYTES_MAX / sizeof(int64_t)] = {0};
            struct pool pool;
            pool_init(&pool, 4096);
            const struct reader reader = {&pool, &report};
            if (written.text != NULL && is_one_value(field->type)) {
                assert_true(field_read(&reader, &written, field, target));
                examples++;
            }
            pool_fini(&pool);
        }
    }
    assert_int_equal(report.fault_count, 0);
    assert_true(examples >= 20);
}

/* --- memory --- */

static void running_out_of_memory_anywhere_is_told_of(void **state)
{
    (void)state;
    enter(DATA "/good");
    struct settings *settings = NULL;
    size_t bytes_max = 0;
    while (!load_within("every-key.yaml", bytes_max, builtin_profiles, &settings, &report)) {
        assert_null(settings);
        assert_true(report.fault_count > 0);
        assert_string_equal(report.faults[0].message,
                            "the configuration needs more memory than there is, make it smaller");
        bytes_max += bytes_max / 64 + 8;
    }
    assert_true(bytes_max > 10000);
    settings_free(settings);
}

static void nothing_is_freed_as_nothing(void **state)
{
    (void)state;
    settings_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_files_are_told_of_exactly),
        cmocka_unit_test(good_files_load),
        cmocka_unit_test(a_missing_file_is_told_of),
        cmocka_unit_test(a_large_file_is_refused),
        cmocka_unit_test(a_secret_is_its_owners_or_root_s_group_s),
        cmocka_unit_test(colours_only_when_asked),
        cmocka_unit_test(the_shipped_configuration_is_sound),
        cmocka_unit_test(shipped_limits_lie_in_order),
        cmocka_unit_test(each_key_has_one_line_of_help),
        cmocka_unit_test(each_default_can_be_read),
        cmocka_unit_test(each_example_can_be_read),
        cmocka_unit_test(running_out_of_memory_anywhere_is_told_of),
        cmocka_unit_test(nothing_is_freed_as_nothing),
    };
    return cmocka_run_group_tests(tests, remember_root, NULL);
}
