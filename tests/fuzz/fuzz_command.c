/*
 * libFuzzer: any bytes as a command, from the broker or from the local socket: the first byte says which. What is accepted is whole.
 *
 *     clang -fsanitize=fuzzer,address,undefined ... tests/fuzz/fuzz_command.c
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "app/flow/command_read.h"
#include "app/flow/payload.h"
#include "drivers/store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct rule rules[] = {
    {.name = "spo2_low", .parameters = {{.name = "limit"}, {.name = "span"}}, .parameter_count = 2},
    {.name = "hr_odd", .parameters = {{.name = NULL}, {.name = "low"}}, .parameter_count = 2}};
static const struct bed_config beds[] = {{.id = "b01"}, {.id = "b02"}};
static const struct engine_config engine = {.beds = beds, .bed_count = 2, .rules = rules, .rule_count = 2};
static const struct payload_context context = {.config = &engine, .gateway = "gw", .boot = "00c0ffee"};

static bool ends(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static void check(const struct bed_command *c, const struct command_times *times)
{
    const bool local = c->role == ROLE_local;
    assert(c->verdict < VERDICT_COUNT && c->bed == 1 && c->origin == 42);
    assert(ends(c->id, sizeof c->id) && ends(c->by, sizeof c->by));
    if (c->verdict == VERDICT_MALFORMED) {
        assert(command_fault_text(c->fault)[0] != '\0');
        return;
    }
    assert(local || (c->id[0] != '\0' && c->by[0] != '\0' && times->has_at && times->has_stay));
    if (c->verdict != VERDICT_ACCEPTED) {
        return;
    }
    assert(c->kind < COMMAND_KIND_COUNT && c->priority <= PRIORITY_HIGH);
    assert(c->duration_ms <= AWAY_MS_MAX && (c->kind != COMMAND_away || c->duration_ms >= 1));
    assert(c->what < PAUSE_WHAT_COUNT && (c->kind != COMMAND_pause || c->what != PAUSE_NONE));
    assert(c->kind != COMMAND_describe || c->attribute < ATTRIBUTE_COUNT);
    assert(c->kind != COMMAND_transfer || c->to_bed < engine.bed_count);
    assert(c->kind != COMMAND_acknowledge || (c->alarm_id != 0 && c->rev != 0));
    if (c->kind == COMMAND_pause || c->kind == COMMAND_resume) {
        assert(c->rule < engine.rule_count || c->rule == RULE_NONE);
    }
    if (c->kind == COMMAND_set_limit || c->kind == COMMAND_reset_limit) {
        assert(c->rule < engine.rule_count && rules[c->rule].parameters[c->parameter].name != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char out[STORE_AUDIT_MAX];
    struct command_times times;
    if (size == 0) {
        return 0;
    }
    struct reply reply = {.command = {.bed = 1, .origin = 42, .role = data[0] % 2 == 0 ? ROLE_charge : ROLE_local}};
    char *json = malloc(size); /* of its exact size, so that a byte too many is seen */
    assert(json != NULL);
    memcpy(json, data + 1, size - 1);
    command_read(&engine, json, size - 1, &reply.command, &times);
    free(json);
    check(&reply.command, &times);
    assert(payload_reply(&context, &reply, out, PAYLOAD_REPLY_MAX) > 0);
    assert(payload_audit(&context, &reply.command, 0, 0, out, STORE_AUDIT_MAX) > 0);
    return 0;
}
