/*
 * The ring's elements are of 32 bytes. An observation takes one; everything else takes HEAVY_SLOTS of them, a struct heavy
 * cut in pieces.
 */
#include "app/flow/recorder.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/flow/log.h"
#include "hal/clock.h"

#define LOOK_US      200000 /* the thread writes at least this often */
#define ROOM_WAIT_US 1000

enum { CHECK_EVERY = 4096 };

enum slot_kind { SLOT_OBSERVATION, SLOT_HEAVY, SLOT_CHECK, SLOT_DROPPED };

struct slot {
    uint8_t kind; /* enum slot_kind */
    bool stepped;
    uint8_t unused[6];
    union {
        struct observation observation;
        struct {
            int64_t at_ms;
            uint64_t records, digest;
        };
    };
};
_Static_assert(sizeof(struct slot) == 32, "slots lie in whole cache lines");

/* An input with what it points at. */
struct heavy {
    struct engine_input input;
    struct alarm_key key;
    union {
        struct monitor_alarm reported;
        struct bed_command command;
        struct bed_snapshot stay;
        struct alarm_snapshot alarm;
        char detail[ALERT_DETAIL_MAX];
    };
};
enum { HEAVY_SLOTS = 1 + (sizeof(struct heavy) + sizeof(struct slot) - 1) / sizeof(struct slot) };

/* The first slot says what follows. */
struct heavy_slots {
    struct slot first;
    unsigned char pieces[(HEAVY_SLOTS - 1) * sizeof(struct slot)];
};

void recorder_init(struct recorder *recorder, struct arena *arena)
{
    char *buffer = ARENA_TAKE(arena, char, RECORDER_BUFFER);
    ring_init(&recorder->ring, arena, RECORDER_SLOTS, sizeof(struct slot));
    recorder->buffer = buffer;
}

/* --- the engine's thread ------------------------------------------------------------------------------------- */

static bool wait_for_room(struct recorder *recorder, uint32_t slots)
{
    while (ring_room(&recorder->ring) < slots && !recorder->begun && recorder->patience_us > 0) {
        wake_raise(&recorder->wake);
        clock_sleep_until_us(clock_boot_us() + ROOM_WAIT_US);
        recorder->patience_us -= ROOM_WAIT_US;
    }
    return ring_room(&recorder->ring) >= slots;
}

/* What was dropped before it is told first, so that there is room for both or for none. */
static bool push(struct recorder *recorder, const void *slots, uint32_t count)
{
    if (!wait_for_room(recorder, count + 1)) {
        recorder->dropped++;
        atomic_fetch_add_explicit(&recorder->lost, 1, memory_order_relaxed);
        return false;
    }
    if (recorder->dropped > 0) {
        const struct slot dropped = {.kind = SLOT_DROPPED, .records = recorder->dropped};
        (void)ring_push(&recorder->ring, &dropped);
        recorder->dropped = 0;
    }
    const uint32_t pushed = ring_push_batch(&recorder->ring, slots, count);
    assert(pushed == count);
    (void)pushed;
    return true;
}

/* Everything up to the input that comes now has been stepped, but its own instant if `stepped` does not say so. */
static void push_check(struct recorder *recorder, int64_t at_ms, bool stepped)
{
    const struct slot slot = {.kind = SLOT_CHECK,
                              .stepped = stepped,
                              .at_ms = at_ms,
                              .records = recorder->records,
                              .digest = recorder->digest};
    if (ring_room(&recorder->ring) > 1 && push(recorder, &slot, 1)) { /* it can wait, and is no input */
        recorder->since_check = 0;
    }
}

static void push_heavy(struct recorder *recorder, const struct engine_input *input)
{
    struct heavy heavy = {.input = *input};
    struct heavy_slots slots = {.first = {.kind = SLOT_HEAVY}};
    switch (input->kind) {
    case INPUT_REPORTED:
        heavy.reported = *input->reported;
        break;
    case INPUT_COMMAND:
        heavy.command = *input->command;
        break;
    case INPUT_STAY:
        heavy.stay = *input->stay;
        break;
    case INPUT_PAST:
    case INPUT_ALARM:
        heavy.alarm = *input->alarm;
        heavy.key = *input->key;
        break;
    case INPUT_SAID:
    case INPUT_CONDITION:
        strncpy(heavy.detail, input->detail, sizeof heavy.detail - 1);
        break;
    case INPUT_SEED:
    case INPUT_CLOCK:
    case INPUT_NUMBERS:
    case INPUT_RESTORE_BEGIN:
    case INPUT_RESTORE_END:
    case INPUT_BEGIN:
    case INPUT_CONTINUE:
    case INPUT_LINE:
    case INPUT_RETIRE:
    case INPUT_OBSERVATION:
    case INPUT_KIND_COUNT:
        break;
    }
    memcpy(slots.pieces, &heavy, sizeof heavy);
    (void)push(recorder, &slots, HEAVY_SLOTS);
}

static void take(struct engine_witness *witness, const struct engine_input *input)
{
    struct recorder *recorder = (struct recorder *)(void *)witness; /* its first member */
    if (recorder->retired || atomic_load_explicit(&recorder->failed, memory_order_relaxed)) {
        return;
    }
    recorder->retired = input->kind == INPUT_RETIRE;
    if ((++recorder->since_check >= CHECK_EVERY && recorder->begun) || recorder->retired) {
        push_check(recorder, input->at_ms, input->stepped);
    }
    if (input->kind == INPUT_OBSERVATION) {
        const struct slot slot = {
            .kind = SLOT_OBSERVATION, .stepped = input->stepped, .observation = *input->observation};
        (void)push(recorder, &slot, 1);
    } else {
        push_heavy(recorder, input);
    }
    recorder->begun |= input->kind == INPUT_BEGIN || input->kind == INPUT_CONTINUE;
    if (ring_room(&recorder->ring) < RECORDER_SLOTS / 2) {
        wake_raise(&recorder->wake);
    }
}

/* Those of a restore are dropped, in the run as in its replay. */
static void give(struct engine_witness *witness, const struct record *record)
{
    struct recorder *recorder = (struct recorder *)(void *)witness;
    if (recorder->begun && !recorder->retired) {
        recorder->records++;
        recorder->digest = input_digest_record(recorder->digest, record);
    }
}

/* --- the writing thread -------------------------------------------------------------------------------------- */

static void fail(struct recorder *recorder, const char *what)
{
    log_warning("the recording has ended (%s: %s); the gateway goes on, what is recorded so far can be replayed",
                recorder->name, what);
    (void)!ftruncate(recorder->fd, recorder->written); /* whole lines */
    atomic_store_explicit(&recorder->runs, false, memory_order_relaxed);
    atomic_store_explicit(&recorder->failed, true, memory_order_relaxed);
}

static void flush(struct recorder *recorder)
{
    size_t done = 0;
    while (done < recorder->length && !atomic_load_explicit(&recorder->failed, memory_order_relaxed)) {
        const ssize_t wrote = write(recorder->fd, recorder->buffer + done, recorder->length - done);
        if (wrote < 0 && errno != EINTR) {
            fail(recorder, strerror(errno));
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    recorder->written += atomic_load_explicit(&recorder->failed, memory_order_relaxed) ? 0 : (int64_t)done;
    recorder->length = 0;
    if (recorder->written > RECORDER_BYTES_MAX && !atomic_load_explicit(&recorder->failed, memory_order_relaxed)) {
        fail(recorder, "it has grown to its bound of 4 GiB");
    }
}

/* Room for one more line. */
static char *line_place(struct recorder *recorder, size_t *out_size)
{
    if (RECORDER_BUFFER - recorder->length < INPUT_LINE_MAX) {
        flush(recorder);
    }
    *out_size = RECORDER_BUFFER - recorder->length;
    return recorder->buffer + recorder->length;
}

static void put_group(struct recorder *recorder)
{
    if (recorder->group_count > 0) {
        size_t size;
        char *place = line_place(recorder, &size);
        recorder->length += input_line_observations(recorder->config, recorder->group, recorder->group_count,
                                                    recorder->group_stepped, place, size);
    }
    recorder->group_count = 0;
}

static bool goes_with(const struct recorder *recorder, const struct slot *slot)
{
    const struct observation *first = &recorder->group[0], *o = &slot->observation;
    if (slot->stepped || recorder->group_count == INPUT_LINE_OBSERVATIONS || first->at_ms != o->at_ms ||
        first->bed != o->bed || first->monitor != o->monitor) {
        return false;
    }
    for (unsigned i = 0; i < recorder->group_count; i++) {
        const struct observation *before = &recorder->group[i];
        if (before->kind == o->kind && before->vital == o->vital && before->signal == o->signal) {
            return false; /* a key comes once */
        }
    }
    return true;
}

static void put_observation(struct recorder *recorder, const struct slot *slot)
{
    if (recorder->group_count > 0 && !goes_with(recorder, slot)) {
        put_group(recorder);
    }
    if (recorder->group_count == 0) {
        recorder->group_stepped = slot->stepped;
    }
    recorder->group[recorder->group_count++] = slot->observation;
}

static void put_heavy(struct recorder *recorder)
{
    unsigned char pieces[(HEAVY_SLOTS - 1) * sizeof(struct slot)];
    struct heavy heavy;
    size_t size;
    const uint32_t got = ring_pop(&recorder->ring, pieces, HEAVY_SLOTS - 1);
    assert(got == HEAVY_SLOTS - 1); /* they were put together */
    (void)got;
    memcpy(&heavy, pieces, sizeof heavy);
    switch (heavy.input.kind) {
    case INPUT_REPORTED:
        heavy.input.reported = &heavy.reported;
        break;
    case INPUT_COMMAND:
        heavy.input.command = &heavy.command;
        break;
    case INPUT_STAY:
        heavy.input.stay = &heavy.stay;
        break;
    case INPUT_PAST:
    case INPUT_ALARM:
        heavy.input.alarm = &heavy.alarm;
        heavy.input.key = &heavy.key;
        break;
    case INPUT_SAID:
    case INPUT_CONDITION:
        heavy.input.detail = heavy.detail;
        break;
    case INPUT_SEED:
    case INPUT_CLOCK:
    case INPUT_NUMBERS:
    case INPUT_RESTORE_BEGIN:
    case INPUT_RESTORE_END:
    case INPUT_BEGIN:
    case INPUT_CONTINUE:
    case INPUT_LINE:
    case INPUT_RETIRE:
    case INPUT_OBSERVATION:
    case INPUT_KIND_COUNT:
        break;
    }
    char *place = line_place(recorder, &size);
    recorder->length += input_line_other(recorder->config, &heavy.input, place, size);
}

static void put_dropped(struct recorder *recorder, uint64_t count)
{
    size_t size;
    char *place = line_place(recorder, &size);
    recorder->length += input_line_dropped(count, place, size);
    log_warning("%llu input%s missing in the recording (%s), the disk is too slow for it", (unsigned long long)count,
                count == 1 ? " is" : "s are", recorder->name);
}

static void put_slot(struct recorder *recorder, const struct slot *slot)
{
    size_t size;
    if (slot->kind == SLOT_OBSERVATION) {
        put_observation(recorder, slot);
        return;
    }
    put_group(recorder);
    if (slot->kind == SLOT_HEAVY) {
        put_heavy(recorder);
        return;
    }
    if (slot->kind == SLOT_DROPPED) {
        put_dropped(recorder, slot->records);
        return;
    }
    char *place = line_place(recorder, &size);
    recorder->length += input_line_check(slot->at_ms, slot->stepped, slot->records, slot->digest, place, size);
}

static void write_all(struct recorder *recorder)
{
    struct slot slot;
    while (ring_pop(&recorder->ring, &slot, 1) == 1) {
        put_slot(recorder, &slot);
    }
    flush(recorder);
}

void *recorder_run(void *argument)
{
    struct recorder *recorder = argument;
    while (!atomic_load(&recorder->stop)) {
        write_all(recorder);
        (void)wake_wait_until(&recorder->wake, clock_boot_us() + LOOK_US);
    }
    write_all(recorder);
    return NULL;
}

/* --- main's thread ------------------------------------------------------------------------------------------- */

enum status recorder_open(struct recorder *recorder, const char *name)
{
    const unsigned part = atomic_load(&recorder->part) + 1;
    const int length = part == 1 ? snprintf(recorder->name, sizeof recorder->name, "%s", name)
                                 : snprintf(recorder->name, sizeof recorder->name, "%s.%u", name, part);
    recorder->wake.fd = recorder->fd = -1;
    atomic_store(&recorder->part, part);
    if (length < 0 || (size_t)length >= sizeof recorder->name) {
        log_error("cannot record (%.80s...), give the file a shorter name", name);
        return STATUS_IO;
    }
    recorder->fd = open(recorder->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (recorder->fd < 0) {
        log_error("cannot record (%s: %s), name a new file in a folder that is there", recorder->name, strerror(errno));
        return STATUS_IO;
    }
    return STATUS_OK;
}

enum status recorder_start(struct recorder *recorder, struct engine *engine, const struct engine_config *config,
                           const struct input_head *head)
{
    recorder->witness = (struct engine_witness){.takes = take, .gives = give};
    recorder->config = config;
    recorder->engine = engine;
    recorder->records = recorder->dropped = recorder->since_check = 0;
    recorder->digest = INPUT_DIGEST_BEGIN;
    recorder->begun = recorder->retired = false;
    recorder->patience_us = RECORDER_PATIENCE_US;
    recorder->written = 0;
    recorder->group_count = 0;
    atomic_store(&recorder->stop, false);
    atomic_store(&recorder->failed, false);
    recorder->length = input_line_head(head, recorder->buffer, RECORDER_BUFFER);
    enum status status = wake_open(&recorder->wake);
    if (status == STATUS_OK) {
        status = thread_start(&recorder->thread, "record", recorder_run, recorder);
    }
    if (status == STATUS_OK) {
        atomic_store(&recorder->runs, true);
        engine_set_witness(engine, &recorder->witness);
    }
    return status;
}

/* All that the run has made of its inputs, if no instant is left half-way. */
static void put_last_check(struct recorder *recorder)
{
    const struct engine *engine = recorder->engine;
    const int64_t at_ms = engine_now(engine);
    size_t size;
    if (recorder->begun && !recorder->retired && engine_next(engine) > at_ms) {
        char *place = line_place(recorder, &size);
        recorder->length += input_line_check(at_ms, true, recorder->records, recorder->digest, place, size);
    }
}

static void put_end(struct recorder *recorder, enum recorder_end why)
{
    size_t size;
    put_group(recorder);
    if (recorder->dropped > 0) {
        put_dropped(recorder, recorder->dropped);
    }
    put_last_check(recorder);
    char *place = line_place(recorder, &size);
    recorder->length += input_line_end(why == RECORDER_RELOADS ? "reload" : "stop", place, size);
    flush(recorder);
}

void recorder_stop(struct recorder *recorder, enum recorder_end why)
{
    if (recorder->fd < 0) {
        return;
    }
    if (recorder->engine != NULL) { /* else it was only opened */
        atomic_store(&recorder->stop, true);
        wake_raise(&recorder->wake);
        thread_join(&recorder->thread);
        put_end(recorder, why);
    }
    recorder->engine = NULL;
    atomic_store(&recorder->runs, false);
    wake_close(&recorder->wake);
    if (close(recorder->fd) != 0) {
        log_warning("the end of the recording could not be written (%s)", recorder->name);
    }
    recorder->fd = -1;
}
