#include "app/flow/exposition.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "app/flow/json.h"

static const char *const type_words[] = {[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge"};

void exposition_begin(struct exposition *e, char *out, size_t size)
{
    *e = (struct exposition){.out = out, .size = size};
}

size_t exposition_end(struct exposition *e)
{
    if (e->overflowed || e->length >= e->size) {
        return 0;
    }
    e->out[e->length] = '\0';
    return e->length;
}

static void put(struct exposition *e, const char *bytes, size_t length)
{
    if (e->overflowed || length >= e->size - e->length) {
        e->overflowed = true;
        return;
    }
    memcpy(e->out + e->length, bytes, length);
    e->length += length;
}

static void put_text(struct exposition *e, const char *text)
{
    put(e, text, strlen(text));
}

/* A label's text; of a help text quotes stay as they are. */
static void put_escaped(struct exposition *e, const char *text, bool is_label)
{
    for (size_t left = strlen(text); left > 0;) {
        const size_t length = json_utf8_length((const unsigned char *)text, left);
        if (*text == '\\') {
            put_text(e, "\\\\");
        } else if (*text == '\n') {
            put_text(e, "\\n");
        } else if (*text == '"' && is_label) {
            put_text(e, "\\\"");
        } else if (length == 0) {
            put_text(e, "?");
        } else {
            put(e, text, length);
        }
        text += length > 0 ? length : 1;
        left -= length > 0 ? length : 1;
    }
}

void exposition_metric(struct exposition *e, const struct metric *metric)
{
    e->metric = metric;
    e->has_head = false;
}

static void put_head(struct exposition *e)
{
    put_text(e, "# HELP ");
    put_text(e, e->metric->name);
    put_text(e, " ");
    put_escaped(e, e->metric->help, false);
    put_text(e, "\n# TYPE ");
    put_text(e, e->metric->name);
    put_text(e, " ");
    put_text(e, type_words[e->metric->type]);
    put_text(e, "\n");
    e->has_head = true;
}

static void put_labels(struct exposition *e, const struct exposition_label *labels, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        put_text(e, i == 0 ? "{" : ",");
        put_text(e, labels[i].key);
        put_text(e, "=\"");
        put_escaped(e, labels[i].text, true);
        put_text(e, "\"");
    }
    put_text(e, count > 0 ? "} " : " ");
}

/* 1500000 of a unit of 1000000 is 1.5. */
static void put_number(struct exposition *e, uint64_t value, uint32_t unit)
{
    char text[40];
    assert(unit == 1 || unit == 1000 || unit == 1000000);
    if (unit == 1) {
        (void)snprintf(text, sizeof text, "%" PRIu64, value);
    } else {
        const int places = unit == 1000 ? 3 : 6;
        int length = snprintf(text, sizeof text, "%" PRIu64 ".%0*" PRIu64, value / unit, places, value % unit);
        while (text[length - 1] == '0') {
            length--;
        }
        text[text[length - 1] == '.' ? length - 1 : length] = '\0';
    }
    put_text(e, text);
}

void exposition_sample(struct exposition *e, const struct exposition_label *labels, size_t count, uint64_t value,
                       uint32_t unit)
{
    if (!e->has_head) {
        put_head(e);
    }
    put_text(e, e->metric->name);
    put_labels(e, labels, count);
    put_number(e, value, unit);
    put_text(e, "\n");
}
