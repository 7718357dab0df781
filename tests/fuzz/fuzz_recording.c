/*
 * libFuzzer: any bytes as the recording of a run, line by line, into an engine that has two beds and two rules. A line is read, or refused with a word; what was
 * read says the same when it is written again; the engine takes it or not, and never breaks.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/fuzz_recording.c
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/input_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS_MAX = 20000 };

static struct rule rules[2];
static const struct channel_config channels[] = {
    {.vital = VITAL_hr, .period_ms = 1000, .stale_ms = 10000, .high_milli = 300000},
    {.vital = VITAL_spo2, .period_ms = 1000, .stale_ms = 10000, .high_milli = 100000},
    {.vital = VITAL_nibp_sys, .episodic = true, .period_ms = 1000, .stale_ms = 4500000, .high_milli = 300000}};
static const struct signal_config signals[] = {
    {.name = "probe_off", .means = SIGNAL_sensor_off, .vitals = 2, .number = 3},
    {.name = "vtach", .text = "VT", .means = SIGNAL_monitor_alarm_high}};
static struct bed_config beds[2];
static struct engine_config config = {
    .beds = beds, .bed_count = 2, .rules = rules, .rule_count = 2, .stay_after_ms = 3000};
static struct arena arena;
static unsigned steps;

static void put(struct record_sink *sink, const struct record *record)
{
    (void)sink;
    (void)input_digest_record(INPUT_DIGEST_BEGIN, record);
}

static void make_rule(struct rule *rule, const char *name, const char *when, int32_t limit_milli)
{
    const struct parameter_names names = {.names = {"limit"}, .count = 1};
    struct expression_fault fault;
    *rule = (struct rule){.name = name,
                          .text = "",
                          .advice = "",
                          .priority = PRIORITY_HIGH,
                          .delay_ms = 2000,
                          .unknown_after_ms = 30000,
                          .parameter_count = 1};
    rule->parameters[PARAMETER_LIMIT] = (struct rule_parameter){
        .name = "limit", .settable = true, .settable_low_milli = 1000, .settable_high_milli = 200000};
    for (unsigned c = 0; c < CLASS_COUNT; c++) {
        rule->parameters[PARAMETER_LIMIT].has[c] = true;
        rule->parameters[PARAMETER_LIMIT].value_milli[c] = limit_milli;
    }
    const bool compiled = expression_compile(when, &names, 700, &rule->when, &fault);
    assert(compiled);
}

static void prepare(void)
{
    make_rule(&rules[0], "hr_high", "hr > limit", 120000);
    make_rule(&rules[1], "spo2_low", "share(spo2 < limit, 15s) >= 0.8", 90000);
    for (unsigned b = 0; b < 2; b++) {
        beds[b] = (struct bed_config){.id = b == 0 ? "b01" : "b02",
                                      .channels = channels,
                                      .signals = signals,
                                      .channel_count = 3,
                                      .signal_count = 2,
                                      .monitor_count = 1,
                                      .reports_alarms = b == 1,
                                      .monitor_period_ms = {1000}};
    }
    (void)engine_make(&arena, &config);
    arena = (struct arena){.size = (arena.used + 63) / 64 * 64};
    arena.base = aligned_alloc(64, arena.size);
    assert(arena.base != NULL);
}

static void check_again(const struct input_line *line)
{
    static struct input_line second;
    char text[INPUT_LINE_MAX], fault[200];
    const struct engine_input *input = &line->inputs[0];
    const size_t length =
        input->kind == INPUT_OBSERVATION
            ? input_line_observations(&config, line->observations, line->count, line->stepped, text, sizeof text)
            : input_line_other(&config, input, text, sizeof text);
    assert(length > 0);
    const bool read = input_line_read(&config, text, length, &second, fault, sizeof fault);
    assert(read && second.count == line->count && second.inputs[0].kind == input->kind);
    (void)read;
}

/* Far apart instants have many steps between them, which take time and find nothing. */
static bool is_near(const struct engine *engine, const struct engine_input *input)
{
    const int64_t now_ms = engine_now(engine);
    return now_ms == INT64_MIN || input->at_ms == INT64_MIN ||
           (input->at_ms > now_ms - 1000000 && input->at_ms < now_ms + 1000000);
}

static void feed(struct engine *engine, const uint8_t *bytes, size_t size)
{
    static struct input_line line;
    struct record_sink sink = {.put = put};
    char fault[200];
    if (!input_line_read(&config, (const char *)bytes, size, &line, fault, sizeof fault)) {
        assert(fault[0] != '\0');
        return;
    }
    if (line.count > 0 && !line.any_alarm) { /* that one is for whoever knows the alarm of that name */
        check_again(&line);
    }
    for (unsigned i = 0; i < line.count; i++) {
        if (!is_near(engine, &line.inputs[i]) || line.inputs[i].kind == INPUT_RETIRE || ++steps > STEPS_MAX) {
            continue;
        }
        (void)engine_take(engine, &line.inputs[i], &sink);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (arena.base == NULL) {
        prepare();
    }
    memset(arena.base, 0, arena.size);
    arena.used = 0;
    struct engine *engine = engine_make(&arena, &config);
    steps = 0;
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        const size_t length = end != NULL ? (size_t)(end - data) : size;
        feed(engine, data, length);
        data += length + (end != NULL ? 1 : 0);
        size -= length + (end != NULL ? 1 : 0);
    }
    return 0;
}
