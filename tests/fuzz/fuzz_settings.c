/*
 * libFuzzer: any bytes as the configuration, as a profile, a rules file or a model; the first byte says which. The other
 * files are good ones.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/fuzz_settings.c       run it where tests/data is
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/settings/settings.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES = 4, TEXT_MAX = 16384 };

/* A profile of each kind of driver, which the good configuration names. */
#define GIVES(name)                                                                                \
    {                                                                                              \
        .vital = VITAL_##name, .scale_micro = 1000000, .unit = {1, 1, 0}, .poll_interval_ms = 1000 \
    }
static const struct profile oximeter = {.name = "test-oximeter",
                                        .protocol = PROTOCOL_SERIAL,
                                        .poll_interval_ms = 1000,
                                        .channel_count = 2,
                                        .channels = (const struct profile_channel[]){GIVES(pulse), GIVES(spo2)}};
static const struct profile central = {.name = "test-central",
                                       .protocol = PROTOCOL_HL7,
                                       .poll_interval_ms = 1000,
                                       .channel_count = 2,
                                       .channels = (const struct profile_channel[]){GIVES(hr), GIVES(spo2)}};
static const struct profile module = {.name = "test-module",
                                      .poll_interval_ms = 1000,
                                      .channel_count = 1,
                                      .channels = (const struct profile_channel[]){GIVES(hr)}};
static const struct profile *const builtin[] = {&oximeter, &central, &module, NULL};

static char folder[] = "/dev/shm/wardgate-fuzz-XXXXXX";
static const char *const names[] = {"every-key.yaml",   "profiles/full.yaml",  "rules/full.yaml",
                                    "models/full.yaml", "profiles/plain.yaml", "rules/plain.yaml"};
static const char *const secrets[] = {"secrets/ca.pem",  "secrets/c.pem",    "secrets/k.pem",       "secrets/own.pem",
                                      "secrets/own.key", "secrets/password", "secrets/own.password"};
enum { NAMES = sizeof names / sizeof names[0] };
static char originals[NAMES][TEXT_MAX];
static size_t sizes[NAMES];

static void write_file(const char *name, const void *bytes, size_t size)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *stream = fopen(path, "w");
    if (stream == NULL || fwrite(bytes, 1, size, stream) != size || fclose(stream) != 0) {
        abort();
    }
}

static void copy_file(size_t i)
{
    char path[256];
    (void)snprintf(path, sizeof path, "tests/data/config/good/%s", names[i]);
    FILE *stream = fopen(path, "r");
    if (stream == NULL) {
        abort();
    }
    sizes[i] = fread(originals[i], 1, TEXT_MAX, stream);
    (void)fclose(stream);
    write_file(names[i], originals[i], sizes[i]);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    char path[256];
    if (mkdtemp(folder) == NULL) {
        abort();
    }
    static const char *const folders[] = {"profiles", "rules", "models", "secrets"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, folders[i]);
        if (mkdir(path, 0700) != 0) {
            abort();
        }
    }
    (void)umask(077); /* secrets are for their owner alone */
    for (size_t i = 0; i < NAMES; i++) {
        copy_file(i);
    }
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        write_file(secrets[i], "", 0);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct settings_report report;
    struct settings *settings = NULL;
    char path[256];
    if (size == 0) {
        return 0;
    }
    const size_t which = data[0] % FILES;
    write_file(names[which], data + 1, size - 1);
    (void)snprintf(path, sizeof path, "%s/%s", folder, names[0]);
    const bool is_good = settings_load(path, builtin, &settings, &report);
    assert(is_good == (settings != NULL) && is_good == (report.fault_count == 0));
    settings_free(settings);
    write_file(names[which], originals[which], sizes[which]);
    return 0;
}
