/*
 * count_pieces.c: the same work each time, in pieces, for callgrind to count its instructions (toolchain/count-instructions).
 *
 * A piece is a function piece_*; what stands outside of them, as reading the recording, does not count. No clock, no
 * thread, no randomness of the system. The first fault ends it: work that was not done costs nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cli/command.h"
#include "app/cli/recording.h"
#include "app/engine/engine.h"
#include "app/engine/window.h"
#include "app/flow/payload.h"
#include "app/flow/ring.h"
#include "app/plan.h"
#include "drivers/monitor/hl7/hl7_profile.h"
#include "drivers/monitor/hl7/intake.h"
#include "drivers/monitor/modbus/decode.h"
#include "drivers/monitor/modbus/frame.h"

#define FOLDER    "tests/bench/counts/"
#define RECORDING "tests/data/derived_1hz/mimicdb_03700181_1hz.csv"
#define MAP       "t_s=time,PR_bpm=pulse,ABP_sys=abp_sys,ABP_dia=abp_dia,ABP_mean=abp_mean,RESP_rpm=resp"
#define MESSAGE   "tests/data/hl7/mindray_vs900_oru_r01.hl7"

enum {
    WINDOW_PUTS = 3000,
    PAYLOADS = 300,
    RING_ROUNDS = 2000,
    RING_BATCH = 32,
    RING_SLOTS = 256,
    ANSWERS = 1000,
    REGISTERS = 12,
    MESSAGES = 100,
    WARD_SECONDS = 90,
    BYTES_MAX = 4096
};

static void expect(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "count_pieces: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static struct arena take_arena(size_t bytes)
{
    struct arena arena = {.size = (bytes + 63) / 64 * 64};
    arena.base = aligned_alloc(64, arena.size);
    expect(arena.base != NULL, "no memory");
    memset(arena.base, 0, arena.size);
    return arena;
}

/* ---- a recording through the engine, alerts as payloads ---- */

struct replay {
    struct record_sink sink; /* first */
    struct observation *observations;
    size_t count;
    int64_t last_ms;
    uint32_t vitals;
    struct engine *engine;
    struct payload_context payloads;
    unsigned alerts;
};

static struct replay replay;
static struct plan plan;

static void put_record(struct record_sink *sink, const struct record *record)
{
    struct replay *r = (struct replay *)(void *)sink;
    char json[PAYLOAD_ALERT_MAX];
    if (record->kind == RECORD_ALERT) {
        r->alerts += payload_alert(&r->payloads, &record->alert, 0, json, sizeof json) > 0;
    }
}

static void read_recording(void)
{
    static const char *const bed = "b01", *const name = RECORDING;
    const struct recording_options options = {.map = MAP, .bed_ids = &bed, .bed_count = 1};
    const struct observation *observations = NULL;
    struct recording_counts counts;
    struct recording recording;
    size_t count = 0;
    expect(recording_open(&recording, &name, 1, &options), "the recording cannot be opened");
    while (recording_next(&recording, &observations, &count) && count > 0) {
        replay.observations = reallocarray(replay.observations, replay.count + count, sizeof *observations);
        expect(replay.observations != NULL, "no memory");
        memcpy(replay.observations + replay.count, observations, count * sizeof *observations);
        replay.count += count;
    }
    recording_count(&recording, &counts);
    expect(counts.rows > 0, "the recording cannot be read");
    replay.last_ms = counts.last_ms;
    replay.vitals = recording.vitals;
    recording_close(&recording);
}

static void prepare_replay(void)
{
    struct settings *settings = command_settings(FOLDER "wardgate.yaml");
    expect(settings != NULL, "the configuration is not good");
    read_recording();
    const struct plan_recording shape = {.vitals = replay.vitals};
    expect(plan_make_replay(settings, &shape, &plan) == STATUS_OK, "no plan");
    struct arena arena = {.base = NULL};
    (void)engine_make(&arena, &plan.engine);
    arena = take_arena(arena.used);
    replay.engine = engine_make(&arena, &plan.engine);
    replay.sink.put = put_record;
    replay.payloads = (struct payload_context){.config = &plan.engine,
                                               .topic_root = "wardgate",
                                               .site = "count",
                                               .ward = "w1",
                                               .gateway = "gw-count",
                                               .boot = "01234567",
                                               .epoch = "0123456789abcdef",
                                               .version = "count"};
    engine_begin(replay.engine, replay.observations[0].at_ms);
    engine_admit(replay.engine, 0, replay.observations[0].at_ms);
}

static void step_until(int64_t until_ms)
{
    while (engine_next(replay.engine) <= until_ms) {
        engine_step(replay.engine, until_ms, &replay.sink);
    }
}

static void piece_replay(void)
{
    for (size_t i = 0; i < replay.count; i++) {
        const struct observation *o = &replay.observations[i];
        step_until(o->at_ms - 1);
        expect(engine_observe(replay.engine, o), "an observation is refused");
    }
    step_until(replay.last_ms);
    expect(replay.alerts >= 10, "too few alerts for a fair piece of work");
}

/* ---- windows ---- */

static struct series *series;
static struct window *windows[12];
enum { WINDOWS = sizeof windows / sizeof windows[0] };

static void make_windows(struct arena *arena)
{
    static const uint32_t spans_ms[] = {16000, 60000, 300000, 3600000};
    static const enum aggregate aggregates[] = {AGGREGATE_MEAN, AGGREGATE_MAX, AGGREGATE_MIN};
    struct window_spec specs[WINDOWS];
    struct series_config config = {.period_ms = 1000};
    for (unsigned i = 0; i < WINDOWS; i++) {
        specs[i] = (struct window_spec){
            .vital = VITAL_hr, .aggregate = aggregates[i % 3], .span_ms = spans_ms[i / 3], .coverage_permille = 700};
        series_demand_add(&config.demand, &specs[i]);
    }
    series = series_make(arena, &config);
    for (unsigned i = 0; i < WINDOWS; i++) {
        windows[i] = window_make(arena, series, &specs[i]);
    }
}

static void prepare_windows(void)
{
    struct arena arena = {.base = NULL};
    make_windows(&arena);
    arena = take_arena(arena.used);
    make_windows(&arena);
}

/* A saw that also shakes: some observations are new extrema of a window, most are not. */
static int32_t value_at(int64_t i)
{
    return (int32_t)(60000 + i % 700 * 40 + i * 7919 % 911 * 10);
}

static void piece_windows(void)
{
    unsigned known = 0;
    for (int64_t i = 0; i < WINDOW_PUTS; i++) {
        (void)series_put(series, i * 1000, value_at(i));
        for (unsigned w = 0; w < WINDOWS; w++) {
            known += window_answer_inline(windows[w], i * 1000).known;
        }
    }
    expect(known > WINDOW_PUTS, "the windows know nothing");
}

/* ---- a vitals payload ---- */

static struct bed_view view;

static void prepare_payload(void)
{
    view = (struct bed_view){.monitored = true, .stay = UINT64_C(0x123456789abcdef0), .at_ms = 1000};
    for (unsigned v = 0; v < REGISTERS; v++) {
        view.vitals[view.vital_count++] = (struct vital_view){
            .vital = (uint8_t)v, .source = (uint8_t)v, .value_milli = 36600 + (int32_t)v * 1234, .at_ms = 1000};
    }
}

static void piece_payload(void)
{
    static char json[PAYLOAD_VITALS_MAX];
    char topic[PAYLOAD_TOPIC_MAX];
    for (int64_t i = 0; i < PAYLOADS; i++) {
        view.at_ms += 1000;
        view.vitals[0].value_milli += 100;
        const int64_t wall_ms = INT64_C(1790000000000) + i * 1000;
        expect(payload_vitals(&replay.payloads, &view, wall_ms, wall_ms + 30000, json, sizeof json) > 0, "no payload");
        topic_of_bed(&replay.payloads, "b1", "vitals", topic);
    }
}

/* ---- the ring ---- */

static struct ring ring;

static void prepare_ring(void)
{
    struct arena arena = take_arena(RING_SLOTS * sizeof(struct observation));
    ring_init(&ring, &arena, RING_SLOTS, sizeof(struct observation));
}

static void piece_ring(void)
{
    struct observation batch[RING_BATCH], taken[RING_BATCH];
    memset(batch, 0, sizeof batch);
    for (unsigned i = 0; i < RING_ROUNDS; i++) {
        expect(ring_push(&ring, batch) && ring_pop(&ring, taken, 1) == 1, "one went missing");
        expect(ring_push_batch(&ring, batch, RING_BATCH) == RING_BATCH, "no room");
        expect(ring_pop(&ring, taken, RING_BATCH) == RING_BATCH, "some went missing");
    }
}

/* ---- an answer over Modbus TCP ---- */

static unsigned put_count;

static void put_observation(struct observation_sink *sink, const struct observation *observation)
{
    (void)sink;
    (void)observation;
    put_count++;
}

static void put_alarm(struct observation_sink *sink, const struct monitor_alarm *alarm)
{
    (void)sink;
    (void)alarm;
}

static struct observation_sink sink = {.put = put_observation, .put_alarm = put_alarm};
static struct profile_channel channels[REGISTERS];
static const struct profile profile = {.channel_count = REGISTERS, .channels = channels};
static struct monitor_config monitor = {.address = 1, .profile = &profile};
static uint8_t frame[9 + 2 * REGISTERS];

static void prepare_modbus(void)
{
    static const uint8_t head[9] = {0, 1, 0, 0, 0, 3 + 2 * REGISTERS, 1, 3, 2 * REGISTERS};
    memcpy(frame, head, sizeof head);
    for (unsigned i = 0; i < REGISTERS; i++) {
        channels[i] = (struct profile_channel){.vital = (enum vital)i,
                                               .table = TABLE_HOLDING,
                                               .reg = (uint16_t)i,
                                               .type = TYPE_U16,
                                               .scale_micro = 100000,
                                               .unit = {.multiplier = 1, .divisor = 1},
                                               .low_milli = 0,
                                               .high_milli = 300000};
        frame[9 + 2 * i + 1] = (uint8_t)(100 + i);
    }
}

static void piece_modbus(void)
{
    static struct decode_state state;
    const struct request request = {.table = TABLE_HOLDING, .first = 0, .count = REGISTERS};
    const struct expected expected = {.address = 1, .function = 3, .data_bytes = 2 * REGISTERS, .transaction = 1};
    for (unsigned i = 0; i < ANSWERS; i++) {
        expect(frame_check_tcp(frame, sizeof frame, &expected) == STATUS_OK, "the answer is refused");
        decode_answer(&monitor, &state, &request, frame + 9, i, &sink);
    }
    expect(put_count >= ANSWERS * REGISTERS, "too few values come out of an answer");
}

/* ---- a message of HL7 ---- */

static char message[BYTES_MAX];
static size_t message_length;
static struct intake intake;

static void prepare_hl7(void)
{
    static struct monitor_health monitor_health[1];
    static struct bus_health health = {.monitors = monitor_health};
    static const struct monitor_config monitors[1] = {{.place = "00A0370098007A80"}};
    static struct monitor_config placed[1];
    static const struct bus_config *config;
    static struct bus_config made = {.monitors = placed, .monitor_count = 1, .believe_debug = true};
    placed[0] = monitors[0];
    placed[0].profile = hl7_profiles[0];
    config = &made;
    FILE *file = fopen(MESSAGE, "rb");
    expect(file != NULL, "no message");
    message_length = fread(message, 1, sizeof message, file);
    (void)fclose(file);
    struct arena arena = {.base = NULL};
    intake_make(&intake, &arena, config, &health);
    arena = take_arena(arena.used);
    intake_make(&intake, &arena, config, &health);
}

static void piece_hl7(void)
{
    put_count = 0;
    for (unsigned i = 0; i < MESSAGES; i++) {
        const struct moment now = {.wall_ms = INT64_C(1575632092000), .at_ms = 1000000};
        static char copy[BYTES_MAX];
        struct message parsed;
        enum ack_result result = ACK_TAKEN;
        const char *reason = NULL;
        memcpy(copy, message, message_length);
        char *number = memmem(copy, message_length, "|1914|", 6); /* another one each time: no repetition */
        expect(number != NULL, "no MSH-10");
        number[1] = (char)('A' + i / 10);
        number[2] = (char)('0' + i % 10);
        expect(intake_take(&intake, copy, message_length, &now, &sink, &parsed, &result, &reason), "not a message");
        expect(result == ACK_TAKEN, "the message is refused");
    }
    expect(put_count >= MESSAGES, "too few values come out of a message");
}

/* ---- wards: what an observation costs with twenty rules on its bed, and whether that grows with the beds ---- */

static const enum vital watched[] = {VITAL_hr,      VITAL_pulse,   VITAL_resp,    VITAL_spo2,
                                     VITAL_abp_sys, VITAL_abp_dia, VITAL_abp_mean};
enum { WATCHED = sizeof watched / sizeof watched[0] };

struct ward {
    struct record_sink sink; /* first */
    struct engine_config config;
    struct bed_config beds[64];
    struct engine *engine;
    unsigned alerts;
};

static struct ward wards[3]; /* of 8 beds, of 64, of 64 with rules over them */
static struct plan bed_plan, voting_plan;

static void count_alert(struct record_sink *sink_of, const struct record *record)
{
    struct ward *ward = (struct ward *)(void *)sink_of;
    ward->alerts += record->kind == RECORD_ALERT ? 1 : 0;
}

static void prepare_ward(struct ward *ward, const struct plan *of_bed, uint16_t bed_count)
{
    struct arena arena = {.base = NULL};
    ward->sink.put = count_alert;
    ward->config = of_bed->engine;
    ward->config.beds = ward->beds;
    ward->config.bed_count = bed_count;
    for (uint16_t b = 0; b < bed_count; b++) {
        ward->beds[b] = of_bed->engine.beds[0];
    }
    (void)engine_make(&arena, &ward->config);
    arena = take_arena(arena.used);
    ward->engine = engine_make(&arena, &ward->config);
    engine_begin(ward->engine, 0);
    for (uint16_t b = 0; b < bed_count; b++) {
        engine_admit(ward->engine, b, 0);
    }
}

static void prepare_plan(const char *name, unsigned rule_count, struct plan *out)
{
    struct settings *settings = command_settings(name);
    expect(settings != NULL && plan_make(settings, out) == STATUS_OK, "no plan of a bed");
    unsigned rules = 0;
    for (unsigned r = 0; r < out->engine.rule_count; r++) {
        rules += rule_applies(&out->engine.beds[0], &out->engine.rules[r]) ? 1 : 0;
    }
    expect(rules == rule_count, "a bed has not as many rules as it should");
}

static void prepare_wards(void)
{
    prepare_plan(FOLDER "beds.yaml", 20, &bed_plan);
    prepare_plan(FOLDER "voting.yaml", 22, &voting_plan);
    prepare_ward(&wards[0], &bed_plan, 8);
    prepare_ward(&wards[1], &bed_plan, 64);
    prepare_ward(&wards[2], &voting_plan, 64);
}

/* What stands still for most of the time, as vitals do. */
static int32_t watched_at(unsigned vital, int64_t second, uint16_t bed)
{
    static const int32_t usual_milli[WATCHED] = {72000, 72000, 14000, 97000, 120000, 75000, 90000};
    return usual_milli[vital] + (int32_t)((second / 3 + bed + (int64_t)vital) % 3) * 1000;
}

static void step_ward(struct ward *ward, int64_t until_ms)
{
    while (engine_next(ward->engine) <= until_ms) {
        engine_step(ward->engine, until_ms, &ward->sink);
    }
}

/* Each bed once a second, at an instant of its own. */
static void run_ward(struct ward *ward)
{
    for (int64_t second = 1; second <= WARD_SECONDS; second++) {
        for (uint16_t b = 0; b < ward->config.bed_count; b++) {
            struct observation o = {.at_ms = second * 1000 + b * 1000 / ward->config.bed_count, .bed = b};
            step_ward(ward, o.at_ms - 1);
            for (unsigned v = 0; v < WATCHED; v++) {
                o.vital = (uint8_t)watched[v];
                o.value_milli = watched_at(v, second, b);
                expect(engine_observe(ward->engine, &o), "an observation is refused");
            }
        }
    }
    step_ward(ward, WARD_SECONDS * 1000 + 999);
    expect(ward->alerts == 0, "an alarm in a quiet ward");
}

static void piece_beds_8(void)
{
    run_ward(&wards[0]);
}

static void piece_beds_64(void)
{
    run_ward(&wards[1]);
}

static void piece_votes_64(void)
{
    run_ward(&wards[2]);
}

/* ---- all of them ---- */

/* Not known to the compiler, so that each piece stays a function of its own. */
static void (*const volatile pieces[])(void) = {piece_replay, piece_windows, piece_payload, piece_ring,    piece_modbus,
                                                piece_hl7,    piece_beds_8,  piece_beds_64, piece_votes_64};

/* With any argument it says how many observations a bed of the wards has. */
int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        (void)printf("%d\n", WARD_SECONDS * WATCHED);
        return EXIT_SUCCESS;
    }
    prepare_replay();
    prepare_windows();
    prepare_payload();
    prepare_ring();
    prepare_modbus();
    prepare_hl7();
    prepare_wards();
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        pieces[i]();
    }
    free(replay.observations);
    return EXIT_SUCCESS;
}
