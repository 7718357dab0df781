/*
 * bench_replay.c: how fast `wardgate replay` goes through a recording, and the memory it takes, whatever the length.
 *
 * The recording: all vitals of a patient at one bed, one row a second, the episodic ones at their own pace, walking about their
 * usual values; twice an hour heart rate and saturation leave them for a minute, so that alarms come and go. The rules are the
 * shipped ones. The whole program is measured, from its start to its end, on one core.
 *
 * Prints one JSON object a line.
 */
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DAY_S 86400

#define FLINK_RATE 0.076 /* million events a second, of a windowed count a user */

enum { RATE_LEAST = 3, MEMORY_MOST_MB = 8, SHORT_S = DAY_S / 4, LONG_S = 2 * DAY_S };

struct vital {
    const char *name;
    int32_t usual, swing; /* in its last decimal place */
    int places;
    uint32_t every_s;
};

static const struct vital vitals[] = {
    {"hr", 76, 20, 0, 1},         {"pulse", 76, 20, 0, 1},       {"spo2", 960, 25, 1, 1},
    {"perfusion", 25, 12, 1, 1},  {"resp", 16, 5, 0, 1},         {"nibp_sys", 120, 15, 0, 300},
    {"nibp_dia", 75, 10, 0, 300}, {"nibp_mean", 90, 12, 0, 300}, {"abp_sys", 1200, 150, 1, 1},
    {"abp_dia", 750, 100, 1, 1},  {"abp_mean", 900, 120, 1, 1},  {"cvp", 80, 20, 1, 1},
    {"icp", 100, 30, 1, 1},       {"temp", 368, 5, 1, 1},        {"temp_core", 370, 5, 1, 1},
    {"temp_skin", 335, 10, 1, 1}, {"etco2", 380, 30, 1, 1},      {"fio2", 30, 5, 0, 1},
    {"glucose", 60, 10, 1, 3600}, {"st_ii", 30, 20, 2, 1},       {"pvc_rate", 2, 2, 0, 1},
};
enum { VITALS = sizeof vitals / sizeof vitals[0] };

static char folder[] = "/tmp/wardgate-bench-replay-XXXXXX";

static void expect(int holds, const char *what)
{
    if (!holds) {
        perror(what);
        exit(EXIT_FAILURE);
    }
}

static const char *path_of(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* ---- the recording ---- */

static uint32_t draw(void)
{
    static uint32_t state = 20260131;
    state = state * 1664525 + 1013904223;
    return state >> 16;
}

static void put_value(FILE *stream, int32_t value, int places)
{
    if (places == 0) {
        (void)fprintf(stream, "%d", value);
    } else if (places == 1) {
        (void)fprintf(stream, "%d.%d", value / 10, value % 10);
    } else {
        (void)fprintf(stream, "%d.%02d", value / 100, value % 100);
    }
}

/* A step towards where it belongs, or to either side. */
static int32_t walk(const struct vital *vital, int32_t value, int is_bad)
{
    const int32_t off = (int32_t)(draw() % 3) - 1;
    int32_t aim = vital->usual;
    if (is_bad) {
        aim += strcmp(vital->name, "spo2") == 0 ? -120 : vital - vitals < 2 ? 60 : 0;
    }
    const int32_t pull = (aim - value) / 8;
    const int32_t next = value + off + pull;
    const int32_t low = aim - vital->swing, high = aim + vital->swing;
    return pull != 0 ? next : next < low ? low : next > high ? high : next;
}

/* Returns how many observations there are in it. */
static uint64_t write_recording(const char *name, uint32_t seconds)
{
    FILE *stream = fopen(path_of(name), "w");
    int32_t values[VITALS];
    uint64_t count = 0;
    expect(stream != NULL, name);
    (void)fputs("time", stream);
    for (unsigned v = 0; v < VITALS; v++) {
        values[v] = vitals[v].usual;
        (void)fprintf(stream, ",%s", vitals[v].name);
    }
    for (uint32_t s = 0; s < seconds; s++) {
        (void)fprintf(stream, "\n%u", s);
        for (unsigned v = 0; v < VITALS; v++) {
            (void)fputc(',', stream);
            values[v] = walk(&vitals[v], values[v], s % 1800 >= 1740);
            if (s % vitals[v].every_s == 0) {
                put_value(stream, values[v], vitals[v].places);
                count++;
            }
        }
    }
    expect(fclose(stream) == 0, name);
    return count;
}

static void write_configuration(void)
{
    char here[256];
    FILE *stream = fopen(path_of("wardgate.yaml"), "w");
    expect(stream != NULL && getcwd(here, sizeof here) != NULL, "wardgate.yaml");
    (void)fprintf(stream,
                  "gateway: {id: gw-bench, site: bench, ward: w1}\nstore: {path: %s/store, size: 16MiB}\n"
                  "uplink: {brokers: [\"mqtt://127.0.0.1:1883\"]}\n"
                  "buses:\n  line: {kind: modbus-rtu, device: /dev/null, baud: 19200}\n"
                  "beds:\n  b01: {bus: line, address: 1, profile: generic-vitals, class: adult}\n"
                  "rules: [%s/config/rules/standard.yaml]\n",
                  folder, here);
    expect(fclose(stream) == 0, "wardgate.yaml");
    char profiles[300];
    (void)snprintf(profiles, sizeof profiles, "%s/config/profiles", here);
    expect(symlink(profiles, path_of("profiles")) == 0, "profiles");
}

/* ---- the program ---- */

struct spent {
    double seconds, megabytes;
};

static void replay(const char *name, struct spent *out)
{
    const char *program = getenv("WARDGATE");
    char configuration[128], recording[128];
    (void)snprintf(configuration, sizeof configuration, "%s", path_of("wardgate.yaml"));
    (void)snprintf(recording, sizeof recording, "%s", path_of(name));
    char self[] = "wardgate", command[] = "replay", option[] = "-c";
    char *words[] = {self, command, option, configuration, recording, NULL};
    posix_spawn_file_actions_t files;
    struct timespec from, to;
    struct rusage usage;
    pid_t pid;
    int status = 0;
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    (void)posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    expect(posix_spawn(&pid, program != NULL ? program : "build/wardgate", &files, NULL, words, environ) == 0,
           "the program cannot be started");
    expect(wait4(pid, &status, 0, &usage) == pid && status == 0, "the recording was not replayed");
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    (void)posix_spawn_file_actions_destroy(&files);
    out->seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    out->megabytes = (double)usage.ru_maxrss / 1000.0 * 1.024;
}

static void report_memory(const char *what, const struct spent *spent)
{
    printf("{\"figure\":\"replay_memory\",\"case\":\"%s\",\"value\":%.2f,\"unit\":\"MB\",\"limit\":%d,\"bound\":"
           "\"most\"}\n",
           what, spent->megabytes, MEMORY_MOST_MB);
}

static void clean_up(void)
{
    static const char *const names[] = {"short.csv", "long.csv", "wardgate.yaml", "profiles"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unlink(path_of(names[i]));
    }
    (void)rmdir(folder);
}

int main(void)
{
    struct spent spent_short, spent_long;
    cpu_set_t core;
    CPU_ZERO(&core);
    CPU_SET(sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 1 : 0, &core);
    (void)sched_setaffinity(0, sizeof core, &core);
    expect(mkdtemp(folder) != NULL, "no folder");
    (void)atexit(clean_up);
    write_configuration();
    (void)write_recording("short.csv", SHORT_S);
    const uint64_t count = write_recording("long.csv", LONG_S);
    replay("short.csv", &spent_short);
    replay("long.csv", &spent_long);
    printf("{\"figure\":\"replay_rate\",\"case\":\"21 vitals at 1 Hz, shipped rules, from CSV\",\"value\":%.3f,"
           "\"unit\":\"million observations/s\",\"limit\":%d,\"bound\":\"least\","
           "\"reference\":\"Flink, Nexmark q12, a core with 8 GB, as published\",\"reference_value\":%.3f}\n",
           (double)count / spent_long.seconds / 1e6, RATE_LEAST, FLINK_RATE);
    report_memory("6 h", &spent_short);
    report_memory("2 days", &spent_long);
    return 0;
}
