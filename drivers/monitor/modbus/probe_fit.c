#include "drivers/monitor/modbus/probe_fit.h"

#include <stdio.h>
#include <string.h>

#include "drivers/monitor/modbus/decode.h"

enum { WORD_LETTERS_MIN = 4 };

/* What a profile makes of a monitor's registers. */
struct tally {
    struct observation_sink sink; /* first */
    unsigned valid, unbelievable, registers;
};

static void put(struct observation_sink *sink, const struct observation *o)
{
    struct tally *tally = (struct tally *)(void *)sink; /* its first member */
    if (o->kind != OBSERVATION_VALUE) {
        return;
    }
    const struct vital_range range = vital_range((enum vital)o->vital, CLASS_adult);
    const bool believable =
        o->quality != QUALITY_IMPLAUSIBLE && o->value_milli >= range.low_milli && o->value_milli <= range.high_milli;
    tally->valid += o->quality == QUALITY_VALID && believable ? 1U : 0U;
    tally->unbelievable += o->quality == QUALITY_IMPLAUSIBLE || (o->quality == QUALITY_VALID && !believable) ? 1U : 0U;
}

static void put_alarm(struct observation_sink *sink, const struct monitor_alarm *alarm)
{
    (void)sink;
    (void)alarm; /* Modbus has none by name */
}

static bool fits(struct asker *asker, uint8_t address, const struct profile *profile, struct tally *tally)
{
    const struct monitor_config monitor = {.address = address, .profile = profile};
    struct decode_state state = {.bits_known = 0};
    struct request_plan plan;
    *tally = (struct tally){.sink = {.put = put, .put_alarm = put_alarm}};
    requests_plan(profile, &plan);
    for (unsigned i = 0; i < plan.run_count; i++) {
        const struct request request = request_of_run(plan.spans, plan.runs[i]);
        const uint8_t *data = NULL;
        if (asker_read(asker, address, &request, &data) != STATUS_OK) {
            return false;
        }
        decode_answer(&monitor, &state, &request, data, 0, &tally->sink);
        tally->registers += request.count;
    }
    return tally->valid > 0 && tally->unbelievable == 0;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* False when the text is shorter. */
static bool begins_with(const char *text, const char *word, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (lower(text[i]) != lower(word[i])) { /* at the end of the text: a word has no NUL */
            return false;
        }
    }
    return true;
}

/* True when a word of some length that the monitor calls itself by stands in the title. */
static bool is_titled(const struct profile *profile, const char *called)
{
    while (*called != '\0') {
        size_t length = 0;
        while (is_letter(called[length])) {
            length++;
        }
        for (const char *at = profile->title; length >= WORD_LETTERS_MIN && *at != '\0'; at++) {
            if (begins_with(at, called, length)) {
                return true;
            }
        }
        called += length > 0 ? length : 1;
    }
    return false;
}

static bool is_printable(const uint8_t *bytes, size_t length)
{
    bool printable = length > 0;
    for (size_t i = 0; i < length; i++) {
        printable = printable && ((bytes[i] >= ' ' && bytes[i] <= '~') || (bytes[i] == '\0' && i > 0));
    }
    return printable;
}

static void read_identity(struct asker *asker, const struct profile *profile, struct probe_finding *out)
{
    const struct request request = {
        .table = TABLE_HOLDING, .first = profile->identity_register, .count = profile->identity_count};
    const uint8_t *data = NULL;
    if (request.count == 0 || asker_read(asker, out->address, &request, &data) != STATUS_OK) {
        return;
    }
    const size_t length = request_data_bytes(&request);
    if (is_printable(data, length)) {
        (void)snprintf(out->identity, sizeof out->identity, "%.*s", (int)length, (const char *)data);
        return;
    }
    for (size_t i = 0; i < length; i++) {
        (void)snprintf(out->identity + 2 * i, sizeof out->identity - 2 * i, "%02x", data[i]);
    }
}

void fit_best(struct asker *asker, uint8_t address, const struct profile *const *profiles, const char *called,
              struct probe_finding *out)
{
    unsigned best_score = 0;
    unsigned fitting = 0;
    for (; *profiles != NULL; profiles++) {
        struct tally tally;
        if ((*profiles)->protocol != PROTOCOL_MODBUS || !fits(asker, address, *profiles, &tally)) {
            continue;
        }
        const unsigned score = tally.registers + tally.valid + (is_titled(*profiles, called) ? UINT16_MAX : 0U);
        fitting++;
        if (score > best_score) {
            best_score = score;
            out->profile = *profiles;
        }
    }
    out->others = (uint16_t)(fitting > 0 ? fitting - 1 : 0);
    if (out->profile != NULL && out->identity[0] == '\0') {
        read_identity(asker, out->profile, out);
    }
}
