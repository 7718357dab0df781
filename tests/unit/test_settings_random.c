/*
 * Good files, damaged at random: whatever they say, loading ends, tells what is wrong or gives settings that hold
 * together, and frees all it took (under AddressSanitizer).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/settings/settings.h"
#include "tests/unit/support/settings_data.h"

enum { ROUNDS = 3000, TEXT_MAX = 32768, FILES = 3 };

struct text {
    const char *source; /* where it comes from, in tests/data/config/good */
    char bytes[TEXT_MAX];
    size_t size;
};

static struct text originals[FILES] = {
    {.source = "every-key.yaml"}, {.source = "profiles/full.yaml"}, {.source = "rules/full.yaml"}};
static const char *const others[] = {"profiles/plain.yaml", "rules/plain.yaml", "models/full.yaml"};
static char folder[] = "/tmp/wardgate-settings-XXXXXX";
static struct settings_report report;
static struct settings *running; /* of the undamaged files */
static uint64_t random_state;

static uint32_t random_below(uint32_t bound)
{
    random_state ^= random_state << 13; /* xorshift64 */
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 32) % bound;
}

static void read_original(struct text *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "tests/data/config/good/%s", text->source);
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    text->size = fread(text->bytes, 1, sizeof text->bytes, stream);
    assert_true(text->size > 0 && text->size < sizeof text->bytes / 2);
    assert_int_equal(fclose(stream), 0);
}

static void write_text(const struct text *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, text->source);
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    assert_int_equal(fwrite(text->bytes, 1, text->size, stream), text->size);
    assert_int_equal(fclose(stream), 0);
}

/* Puts `size` bytes in place of those from `from` to `to`. */
static void replace(struct text *text, size_t from, size_t to, const char *bytes, size_t size)
{
    if (text->size - (to - from) + size > sizeof text->bytes) {
        return;
    }
    memmove(text->bytes + from + size, text->bytes + to, text->size - to);
    memcpy(text->bytes + from, bytes, size);
    text->size += size - (to - from);
}

static void change_byte(struct text *text)
{
    text->bytes[random_below((uint32_t)text->size)] = (char)random_below(256);
}

static void remove_span(struct text *text)
{
    const size_t from = random_below((uint32_t)text->size);
    const size_t length = random_below(64);
    replace(text, from, from + length < text->size ? from + length : text->size, "", 0);
}

static void repeat_span(struct text *text)
{
    const size_t from = random_below((uint32_t)text->size), at = random_below((uint32_t)text->size);
    size_t length = random_below(256);
    char copy[256];
    length = from + length < text->size ? length : text->size - from;
    memcpy(copy, text->bytes + from, length);
    replace(text, at, at, copy, length);
}

static void insert_word(struct text *text)
{
    static const char *const words[] = {
        "{",
        "}",
        "[",
        "]",
        ":",
        ": ",
        ",",
        "\n",
        "\n  ",
        "- ",
        "\"",
        "'",
        "\t",
        "#",
        "|\n",
        ">\n",
        "&a ",
        "*a",
        "!x ",
        "? ",
        "---",
        "null",
        "~",
        "yes",
        "-1",
        "0",
        "1e9",
        "99999999999999999999",
        "ms",
        "0x",
        "limit",
        "adult",
        "{limit",
        "%",
        "\xC3\xA9",
        "\xFF",
        "<<: ",
        "and",
        "(",
        ")",
        "mean(hr, 5s) ",
        "hl7",
        "serial",
        "rtu-over-tcp://",
        "^^",
        "address: ",
        "test-oximeter",
    };
    const char *word = words[random_below(sizeof words / sizeof words[0])];
    const size_t at = random_below((uint32_t)text->size);
    replace(text, at, at, word, strlen(word));
}

static void damage(struct text *text)
{
    static void (*const ways[])(struct text *) = {change_byte, remove_span, repeat_span, insert_word};
    for (uint32_t left = 1 + random_below(4); left > 0 && text->size > 0; left--) {
        ways[random_below(sizeof ways / sizeof ways[0])](text);
    }
}

static void check_bed(const struct settings *s, const struct bed_settings *bed)
{
    assert_true(strlen(bed->id) > 0 && strlen(bed->id) <= SETTINGS_ID_MAX);
    assert_true(bed->monitor_count > 0 && bed->monitor_count <= ENGINE_MONITORS_PER_BED_MAX);
    for (uint8_t i = 0; i < bed->monitor_count; i++) {
        assert_true(bed->monitors[i].bus < s->bus_count && bed->monitors[i].profile < s->profile_count);
        assert_true((bed->monitors[i].place != NULL) == (s->buses[bed->monitors[i].bus].kind == BUS_HL7));
    }
    for (uint16_t i = 0; i < bed->override_count; i++) {
        assert_true(bed->overrides[i].rule < s->rule_count);
        assert_true(bed->overrides[i].parameter == OVERRIDE_OFF ||
                    bed->overrides[i].parameter < s->rules[bed->overrides[i].rule].parameter_count);
    }
}

static void check_rule(const struct rule *rule)
{
    assert_true(strlen(rule->name) <= RULE_NAME_MAX && rule->text != NULL && rule->advice != NULL);
    assert_true(rule->when.vitals != 0 && rule->delay_ms <= RULE_DELAY_MS_MAX);
    assert_true(rule->parameter_count > 0 && rule->parameter_count <= PARAMETERS_MAX);
    assert_false(rule->has_clear && rule->has_hysteresis);
}

static void check_settings(const struct settings *s)
{
    assert_true(s->bed_count > 0 && s->bus_count > 0 && s->profile_count > 0 && s->uplink.broker_count > 0);
    assert_non_null(s->store.path);
    assert_non_null(s->status_socket);
    for (uint16_t i = 0; i < s->bed_count; i++) {
        check_bed(s, &s->beds[i]);
    }
    for (uint16_t i = 0; i < s->rule_count; i++) {
        check_rule(&s->rules[i]);
    }
    for (uint16_t i = 0; i < s->bus_count; i++) {
        assert_non_null(s->buses[i].name);
        const bool is_serial = s->buses[i].kind == BUS_MODBUS_RTU || s->buses[i].kind == BUS_SERIAL;
        assert_non_null(is_serial ? s->buses[i].device : s->buses[i].host);
        assert_true(is_serial || s->buses[i].port > 0);
    }
}

static void load_and_check(FILE *sink)
{
    char path[256];
    struct settings *settings = NULL;
    (void)snprintf(path, sizeof path, "%s/every-key.yaml", folder);
    const bool is_good = settings_load(path, builtin_profiles, &settings, &report);
    assert_true(is_good == (settings != NULL) && is_good == (report.fault_count == 0));
    settings_print_report(&report, sink, true);
    if (settings != NULL) {
        check_settings(settings);
        (void)settings_can_follow(running, settings, &report);
    }
    settings_free(settings);
}

static void load_profile(void)
{
    char path[256];
    static struct profile_room room;
    (void)snprintf(path, sizeof path, "%s/profiles/full.yaml", folder);
    const bool is_good = settings_load_profile(path, &room, &report);
    assert_true(is_good == (report.fault_count == 0));
    assert_true(!is_good || room.profile.channel_count > 0);
}

static void damaged_files_never_harm(void **state)
{
    (void)state;
    static struct text damaged;
    FILE *sink = fopen("/dev/null", "w");
    assert_non_null(sink);
    for (int round = 0; round < ROUNDS; round++) {
        const struct text *original = &originals[random_below(FILES)];
        damaged = *original;
        damage(&damaged);
        write_text(&damaged);
        load_and_check(sink);
        load_profile();
        write_text(original);
    }
    assert_int_equal(fclose(sink), 0);
}

static void files_cut_short_never_harm(void **state)
{
    (void)state;
    static struct text cut;
    FILE *sink = fopen("/dev/null", "w");
    assert_non_null(sink);
    for (int i = 0; i < FILES; i++) {
        cut = originals[i];
        while (cut.size > 0) {
            cut.size -= cut.size < 7 ? cut.size : 7;
            write_text(&cut);
            load_and_check(sink);
        }
        write_text(&originals[i]);
    }
    assert_int_equal(fclose(sink), 0);
}

static void make_folder(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void write_secrets(void)
{
    make_folder("secrets");
    for (size_t i = 0; settings_secrets[i] != NULL; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s/secrets/%s", folder, settings_secrets[i]);
        const int descriptor = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        assert_true(descriptor >= 0);
        assert_int_equal(close(descriptor), 0);
    }
}

static int set_up(void **state)
{
    (void)state;
    const char *seed = getenv("WARDGATE_TEST_SEED");
    random_state = seed != NULL ? strtoull(seed, NULL, 0) : UINT64_C(0x5EED);
    random_state = random_state != 0 ? random_state : 1;
    print_message("seed %#llx (WARDGATE_TEST_SEED)\n", (unsigned long long)random_state);
    assert_non_null(mkdtemp(folder));
    make_folder("profiles");
    make_folder("rules");
    make_folder("models");
    for (int i = 0; i < FILES; i++) {
        read_original(&originals[i]);
        write_text(&originals[i]);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        static struct text text;
        text.source = others[i];
        read_original(&text);
        write_text(&text);
    }
    write_secrets();
    char path[256];
    (void)snprintf(path, sizeof path, "%s/every-key.yaml", folder);
    return settings_load(path, builtin_profiles, &running, &report) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"every-key.yaml",  "profiles/full.yaml", "profiles/plain.yaml",
                                        "rules/full.yaml", "rules/plain.yaml",   "models/full.yaml"};
    char path[256];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    settings_free(running);
    for (size_t i = 0; settings_secrets[i] != NULL; i++) {
        (void)snprintf(path, sizeof path, "%s/secrets/%s", folder, settings_secrets[i]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof path, "%s/secrets", folder);
    (void)rmdir(path);
    (void)snprintf(path, sizeof path, "%s/profiles", folder);
    (void)rmdir(path);
    (void)snprintf(path, sizeof path, "%s/rules", folder);
    (void)rmdir(path);
    (void)snprintf(path, sizeof path, "%s/models", folder);
    (void)rmdir(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_files_never_harm),
        cmocka_unit_test(files_cut_short_never_harm),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
