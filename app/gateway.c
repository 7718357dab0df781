#include "app/gateway.h"

#include <assert.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "app/flow/log.h"
#include "app/gateway_internal.h"
#include "drivers/monitor/hl7/hl7_driver.h"
#include "drivers/monitor/modbus/modbus_driver.h"
#include "drivers/monitor/serial/serial_driver.h"
#include "hal/clock.h"

#define LARGE_BYTES (128 * 1024)

static const struct monitor_driver *const drivers[] = {&modbus_rtu_driver, &modbus_tcp_driver,
                                                       &modbus_rtu_over_tcp_driver, &serial_driver, &hl7_driver};

const struct profile *const *gateway_profiles(void)
{
    static const struct profile *all[SETTINGS_PROFILES_MAX + 1];
    size_t count = 0;
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
        for (const struct profile *const *p = drivers[i]->profiles; p != NULL && *p != NULL; p++) {
            assert(count < SETTINGS_PROFILES_MAX);
            all[count++] = *p;
        }
    }
    all[count] = NULL;
    return all;
}

const struct monitor_driver *gateway_driver(const char *kind)
{
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
        if (strcmp(drivers[i]->kind, kind) == 0) {
            return drivers[i];
        }
    }
    return NULL;
}

/* --- memory -------------------------------------------------------------------------------------------------- */

void gateway_add_to_bill(struct gateway_bill *bill, const char *part, size_t bytes)
{
    if (bill != NULL) {
        bill->lines[bill->count].part = part;
        bill->lines[bill->count++].bytes = bytes;
        bill->total += bytes;
    }
}

/* All whole pages at once: the first request waits for them, and a fault for each takes longer. A kernel that cannot leaves them to who writes first. */
static void fill_pages(void *base, size_t size)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t from = ((uintptr_t)base + page - 1) / page * page, to = ((uintptr_t)base + size) / page * page;
    if (to > from) {
        (void)madvise((char *)base + (from - (uintptr_t)base), to - from, MADV_POPULATE_WRITE);
    }
}

bool gateway_take_memory(struct arena *arena, size_t bytes)
{
    *arena = (struct arena){.size = (bytes + 63) / 64 * 64};
    arena->base = aligned_alloc(64, arena->size);
    if (arena->base != NULL) {
        fill_pages(arena->base, arena->size);
        memset(arena->base, 0, arena->size); /* every page is there before the first alarm */
    }
    return arena->base != NULL;
}

void gateway_free_memory(struct arena *arena)
{
    free(arena->base);
    *arena = (struct arena){.base = NULL};
}

bool gateway_take_reserve(struct arena *reserve, size_t bytes)
{
    *reserve = (struct arena){.size = (bytes + 63) / 64 * 64};
    if (reserve->size > 0) {
        /* cppcheck-suppress invalidFunctionArg ; -1 is no file */
        reserve->base = mmap(NULL, reserve->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
    if (reserve->base == MAP_FAILED) {
        reserve->base = NULL;
    }
    return reserve->base != NULL || reserve->size == 0;
}

void gateway_clear_reserve(struct arena *reserve)
{
    if (reserve->base != NULL && madvise(reserve->base, reserve->size, MADV_DONTNEED) != 0) {
        memset(reserve->base, 0, reserve->size);
    }
}

void gateway_free_reserve(struct arena *reserve)
{
    if (reserve->base != NULL) {
        (void)munmap(reserve->base, reserve->size);
    }
    *reserve = (struct arena){.base = NULL};
}

/* --- what goes on through reloads ---------------------------------------------------------------------------- */

/* A random number as lower-case hex digits. */
static void random_hex(char *text, size_t digits)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[STORE_EPOCH_MAX] = {0};
    if (getrandom(bytes, digits, 0) != (ssize_t)digits) {
        const uint64_t instant = (uint64_t)clock_wall_ms() * 1000003U + (uint64_t)clock_boot_us();
        memcpy(bytes, &instant, sizeof instant);
    }
    for (size_t i = 0; i < digits; i++) {
        text[i] = hex[bytes[i] & 15U];
    }
    text[digits] = '\0';
}

/* What cannot change while the gateway runs: all texts are those of the settings of the start. */
static void name_everything(struct gateway *g)
{
    const struct settings *s = g->settings;
    random_hex(g->boot, sizeof g->boot - 1);
    random_hex(g->epoch, 16); /* unless that of the store can be gone on with */
    (void)snprintf(g->client_id, sizeof g->client_id, "wardgate-%s", s->gateway.id);
    for (unsigned i = 0; i < s->uplink.broker_count; i++) {
        const struct broker_settings *b = &s->uplink.brokers[i];
        g->brokers[i] = b->url;
        g->uplink_brokers[i] = (struct uplink_broker){.url = b->url,
                                                      .ca = b->ca,
                                                      .cert = b->cert,
                                                      .key = b->key,
                                                      .username = b->username,
                                                      .password_file = b->password_file};
    }
}

/* Measures while the arena has no base. */
static void build_lasting(struct gateway *g, struct arena *arena)
{
    g->link = deliver_link_make(arena);
    ring_init(&g->asides_ring, arena_reserve(arena), ASIDE_SLOTS, sizeof(struct aside_note));
    g->asides = (struct asides){.ring = &g->asides_ring, .brokers = g->brokers};
    g->report_text = ARENA_TAKE(arena_reserve(arena), char, REPORT_TEXT_MAX);
    g->reload_text = ARENA_TAKE(arena_reserve(arena), char, RELOAD_TEXT_MAX);
    metrics_init(&g->metrics, arena, g->settings->metrics);
    if (g->record != NULL) {
        recorder_init(&g->recorder, arena);
    }
}

static struct gateway *new_gateway(const struct settings *settings)
{
    struct gateway *g = calloc(1, sizeof *g);
    if (g != NULL) {
        g->settings = settings;
        g->started_us = clock_boot_us();
        g->engine_wake.fd = -1;
        g->local = (struct local_socket){.fd = -1, .wake = {.fd = -1}};
        g->signal_fd = -1;
        g->recorder.fd = -1;
        name_everything(g);
        watch_init(g);
    }
    return g;
}

/* Two arenas to be taken that large. */
static void measure_lasting(struct gateway *g, size_t *out_bytes, size_t *out_reserve_bytes)
{
    struct arena reserve = {.base = NULL}, arena = {.reserve = &reserve};
    build_lasting(g, &arena);
    *out_bytes = arena.used;
    *out_reserve_bytes = reserve.used;
}

static bool take_lasting(struct gateway *g)
{
    size_t bytes, reserve_bytes;
    measure_lasting(g, &bytes, &reserve_bytes);
    if (!gateway_take_memory(&g->lasting, bytes) || !gateway_take_reserve(&g->lasting_reserve, reserve_bytes)) {
        return false;
    }
    struct arena reserve = g->lasting_reserve, arena = g->lasting;
    arena.reserve = &reserve;
    build_lasting(g, &arena);
    return true;
}

void gateway_measure(const struct plan *plan, struct gateway_bill *out)
{
    size_t bytes, reserve_bytes;
    struct gateway *g = new_gateway(plan->settings);
    *out = (struct gateway_bill){.count = 0};
    if (g != NULL) {
        const enum status status = generation_measure(g, plan, out);
        (void)status; /* without memory the bill is short, and the start will say so */
        measure_lasting(g, &bytes, &reserve_bytes);
        gateway_add_to_bill(out, "connection and report", bytes + reserve_bytes);
        free(g);
    }
}

/* --- from the first allocation to the last ------------------------------------------------------------------- */

bool gateway_fits(const struct settings *settings, const struct plan *plan)
{
    struct gateway_bill bill;
    gateway_measure(plan, &bill);
    if (bill.total > settings->memory_bytes) {
        log_error("the windows need %zu KiB, more than memory: allows (%s), see `wardgate check`", bill.total / 1024,
                  settings->file);
    }
    const bool is_quick = plan_rule_cost_per_s(plan) <= plan_rule_cost_allowed(settings);
    if (!is_quick) {
        log_error("the rules take more of the processor than rule_load: allows (%s), see `wardgate check`",
                  settings->file);
    }
    return bill.total <= settings->memory_bytes && is_quick;
}

static bool reload(void *context, const char *by, char *out, size_t size)
{
    return gateway_reload(context, by, out, size);
}

static enum status make(struct gateway *g, const struct settings *settings, const struct plan *plan)
{
    const enum status status = wake_open(&g->engine_wake);
    if (status != STATUS_OK) {
        return status;
    }
    if (g->record != NULL && recorder_open(&g->recorder, g->record) != STATUS_OK) {
        return STATUS_IO;
    }
    if (!take_lasting(g)) {
        return STATUS_NO_MEMORY;
    }
    const struct local_requests requests = {.reload = reload, .indicator = watch_indicate, .context = g};
    if (local_init(&g->local, &requests, g->report_text) != STATUS_OK) {
        return STATUS_IO;
    }
    const bool numbered = bed_numbers_add(&g->line_beds, &plan->engine);
    assert(numbered); /* an empty list has room for every configuration */
    (void)numbered;
    g->now = generation_make(g, settings, plan, NULL);
    return g->now != NULL ? STATUS_OK : STATUS_NO_MEMORY;
}

static void unmake(struct gateway *g)
{
    recorder_stop(&g->recorder, RECORDER_STOPS); /* of an engine that never began */
    generation_free(g, g->now, NULL);
    lines_free_network(g);
    gateway_free_memory(&g->lasting);
    gateway_free_reserve(&g->lasting_reserve);
    local_fini(&g->local);
    wake_close(&g->engine_wake);
}

/* Nothing may be freed under a thread that hangs: the end of the program frees it. */
static enum gateway_end end_beside_thread(const struct gateway *g)
{
    if (!g->starts_anew) {
        log_error("a thread did not end, so the program ends around it; alerts are stored");
        _exit(EXIT_FAILURE);
    }
    return GATEWAY_STARTS_ANEW;
}

enum gateway_end gateway_run(const struct settings *settings, const struct plan *plan, const char *record)
{
    bool done = false;
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES); /* what is that large goes back to the system after each reload */
    if (!gateway_fits(settings, plan)) {
        return GATEWAY_FAILED;
    }
    struct gateway *g = new_gateway(settings);
    if (g != NULL) {
        g->record = record;
    }
    const enum status status = g != NULL ? make(g, settings, plan) : STATUS_NO_MEMORY;
    if (status == STATUS_OK) {
        done = gateway_run_parts(g);
    } else {
        log_error("cannot start (%s), give the box more memory or file descriptors", status_text(status));
    }
    if (g != NULL && g->has_left_behind) {
        return end_beside_thread(g);
    }
    const bool starts_anew =
        g != NULL && g->starts_anew; /* what hung went on after all, while the others were stopped */
    if (g != NULL) {
        unmake(g);
        free(g);
    }
    return starts_anew ? GATEWAY_STARTS_ANEW : done ? GATEWAY_STOPPED : GATEWAY_FAILED;
}
