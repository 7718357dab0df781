#include "app/box/report.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/box/boot_partition.h"
#include "app/box/fileset.h"
#include "app/box/led.h"
#include "app/box/report_text.h"
#include "app/engine/hash.h"
#include "app/flow/log.h"

#define SECOND_US INT64_C(1000000)

void report_budget_init(struct report_budget *budget, int64_t now_us)
{
    *budget = (struct report_budget){.left = REPORT_BURST, .refilled_us = now_us};
}

bool report_budget_take(struct report_budget *budget, int64_t now_us)
{
    assert(budget != NULL);
    while (budget->left < REPORT_BURST && now_us - budget->refilled_us >= REPORT_REFILL_S * SECOND_US) {
        budget->left++;
        budget->refilled_us += REPORT_REFILL_S * SECOND_US;
    }
    if (budget->left == REPORT_BURST) {
        budget->refilled_us = now_us;
    }
    if (budget->left == 0) {
        return false;
    }
    budget->left--;
    return true;
}

void reporter_init(struct reporter *reporter, const struct box_places *places, const struct report_ways *ways,
                   int64_t now_us)
{
    assert(reporter != NULL && places != NULL && ways != NULL);
    reporter->places = places;
    reporter->ways = ways;
    report_budget_init(&reporter->budget, now_us);
    facts_init(&reporter->facts);
}

static char *write_text(const struct facts *facts, void (*write)(const struct facts *facts, FILE *stream))
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL) {
        return NULL;
    }
    write(facts, stream);
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static uint64_t digest_of(const char *text)
{
    return hash_64(HASH_64_BASIS, text, strlen(text));
}

/* ---- the ways ---- */

/* A serial console may have nobody who reads: what it does not take is not waited for. */
static void show_on_console(const char *console, const char *brief)
{
    static const char head[] = "\r\n*** wardgate: ";
    const int fd = open(console, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_APPEND | O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    (void)!write(fd, head, sizeof head - 1);
    for (; *brief != '\0'; brief++) {
        (void)!write(fd, *brief == '\n' ? "\r\n" : brief, *brief == '\n' ? 2 : 1);
    }
    (void)close(fd);
}

static void show_on_consoles(const struct reporter *r, const char *brief)
{
    const bool is_wanted = !r->facts.has_outcome || r->facts.outcome.console;
    for (size_t i = 0; is_wanted && i < REPORT_CONSOLES && r->ways->consoles[i] != NULL; i++) {
        show_on_console(r->ways->consoles[i], brief);
    }
}

static void show_on_led(const struct reporter *r)
{
    char name[LED_NAME_MAX];
    const char *wanted = r->facts.has_outcome && r->facts.outcome.led[0] != '\0' ? r->facts.outcome.led : "auto";
    if (led_find(r->ways->leds, wanted, name) && led_show(r->ways->leds, name, facts_state(&r->facts)) != STATUS_OK) {
        log_warning("the lamp %s does not take what it is to show (%s), choose another with led: in network.yaml", name,
                    r->ways->leds);
    }
}

/* The request for a certificate goes where the person can take it from. */
static enum status put_request(const struct reporter *r)
{
    char path[PUBLISH_PATH_MAX];
    struct pool pool;
    struct file_bytes text;
    pool_init(&pool, FILE_BYTES_MAX + 4096);
    enum status status =
        publish_path(path, r->places->data, "etc/keys/gateway.csr") ? file_read(path, &pool, &text) : STATUS_TOO_LARGE;
    if (status == STATUS_OK) {
        status = boot_partition_put(r->places, "gateway.csr", text.bytes, text.size);
    }
    pool_fini(&pool);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status put_report(struct reporter *r, const char *body)
{
    char *text = report_file(&r->facts, body);
    enum status status =
        text != NULL ? boot_partition_put(r->places, "report.txt", text, strlen(text)) : STATUS_NO_MEMORY;
    free(text);
    if (status == STATUS_OK) {
        status = put_request(r);
    }
    if (status != STATUS_OK && r->refused == STATUS_OK) {
        log_warning("the report cannot be written to the boot partition (%s: %s), look at it", r->places->boot,
                    status_text(status));
    }
    r->refused = status;
    return status;
}

/* ---- one look ---- */

static void tell_brief(struct reporter *r, bool settled)
{
    char *brief = write_text(&r->facts, report_brief);
    const uint64_t digest = brief != NULL ? digest_of(brief) : 0;
    const bool is_steady = settled || digest == r->seen_brief;
    r->seen_brief = digest;
    if (brief != NULL && is_steady && (!r->has_told || digest != r->told_brief)) {
        show_on_consoles(r, brief);
        show_on_led(r);
        r->told_brief = digest;
        r->has_told = true;
    }
    free(brief);
}

/* Who reads report.txt must not take an old one for a new one: the console and the lamp tell. */
static void note_refused(struct reporter *r)
{
    if (r->refused != STATUS_OK) {
        box_add_line(r->facts.wrong, sizeof r->facts.wrong,
                     "report.txt cannot be written to the boot partition (%s), one that is there is old -> make room "
                     "there, or change the disk",
                     status_text(r->refused));
    }
}

static bool is_due(struct reporter *r, uint64_t digest, int64_t now_us)
{
    const bool again = r->refused != STATUS_OK && now_us - r->refused_us >= REPORT_RETRY_S * SECOND_US;
    return (digest != r->told_body || again) && report_budget_take(&r->budget, now_us);
}

enum status reporter_look(struct reporter *r, int64_t now_us, bool settled, char **out_body)
{
    assert(r != NULL);
    facts_take(&r->facts, r->places);
    note_refused(r);
    char *body = write_text(&r->facts, report_body);
    enum status status = STATUS_OK;
    if (body == NULL) {
        return STATUS_NO_MEMORY;
    }
    tell_brief(r, settled);
    const uint64_t digest = digest_of(body);
    const bool is_steady = settled || digest == r->seen_body;
    r->seen_body = digest;
    if (is_steady && is_due(r, digest, now_us)) {
        status = put_report(r, body);
        r->told_body = digest;
        r->refused_us = now_us;
    }
    if (out_body != NULL) {
        *out_body = body;
    } else {
        free(body);
    }
    return status;
}
