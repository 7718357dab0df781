#include "drivers/monitor/hl7/ack.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "drivers/monitor/hl7/mllp.h"

enum { ECHO_MAX = 100 }; /* of names of applications and the like */

/* When MSH-15 or MSH-16 wants an acknowledgement. */
static bool is_wanted(struct text condition, enum ack_result result)
{
    return text_is(condition, "AL") || (text_is(condition, "ER") && result != ACK_TAKEN) ||
           (text_is(condition, "SU") && result == ACK_TAKEN);
}

/* A field that is sent back as it came, if that is not too long. */
static struct text echo(const struct message *message, unsigned n)
{
    const struct text field = message_field(message, message->header, n);
    return field.length <= ECHO_MAX ? field : TEXT_NONE;
}

struct writer {
    char *out;
    size_t used;
};

static void put_text(struct writer *w, struct text text)
{
    assert(w->used + text.length <= ACK_BYTES_MAX); /* ECHO_MAX and ACK_CONTROL_ID_MAX see to it */
    memcpy(w->out + w->used, text.at, text.length);
    w->used += text.length;
}

static void put_word(struct writer *w, const char *word)
{
    put_text(w, (struct text){word, strlen(word)});
}

/* A separator, then a text. */
static void put_field(struct writer *w, const struct message *message, struct text text)
{
    put_text(w, (struct text){&message->field, 1});
    put_text(w, text);
}

/* With zeros in front, at least `width` digits. */
static void put_number(struct writer *w, int width, uint64_t number)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%0*" PRIu64, width, number);
    put_word(w, text);
}

/* Year, month and day of a day of 1970; a year is counted from March. */
static void put_date(struct writer *w, int64_t days)
{
    const int64_t from_march_0000 = days + 719468;
    const int64_t era = from_march_0000 / 146097, day_of_era = from_march_0000 % 146097;
    const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t month = (5 * day_of_year + 2) / 153;
    put_number(w, 4, (uint64_t)(era * 400 + year_of_era + (month >= 10 ? 1 : 0)));
    put_number(w, 2, (uint64_t)(month < 10 ? month + 3 : month - 9));
    put_number(w, 2, (uint64_t)(day_of_year - (153 * month + 2) / 5 + 1));
}

static void put_time(struct writer *w, const struct ack_stamp *stamp)
{
    const int64_t ms = stamp->local_ms > 0 ? stamp->local_ms : 0, seconds = ms / 1000 % 86400;
    const int32_t offset_min = (stamp->utc_offset_s < 0 ? -stamp->utc_offset_s : stamp->utc_offset_s) / 60;
    put_date(w, ms / 86400000);
    put_number(w, 2, (uint64_t)(seconds / 3600));
    put_number(w, 2, (uint64_t)(seconds / 60 % 60));
    put_number(w, 2, (uint64_t)(seconds % 60));
    put_word(w, ".");
    put_number(w, 3, (uint64_t)(ms % 1000));
    put_word(w, stamp->utc_offset_s < 0 ? "-" : "+");
    put_number(w, 2, (uint64_t)offset_min / 60);
    put_number(w, 2, (uint64_t)offset_min % 60);
}

/* ACK^R01^ACK in the message's own delimiters. */
static void put_type(struct writer *w, const struct message *message)
{
    const struct text trigger = message_component(message, message_field(message, message->header, 9), 2);
    const struct text separator = {&message->component, 1};
    put_field(w, message, (struct text){"ACK", 3});
    if (trigger.length > 0 && trigger.length <= ECHO_MAX) {
        put_text(w, separator);
        put_text(w, trigger);
        put_text(w, separator);
        put_word(w, "ACK");
    }
}

static size_t write_one(const struct message *message, const char *code, const char *reason,
                        const struct ack_stamp *stamp, char *out)
{
    static const char name[] = "WARDGATE";
    const struct text version = echo(message, 12), processing = echo(message, 11);
    struct writer w = {.out = out};
    put_word(&w, (const char[]){MLLP_BEGIN, '\0'});
    put_word(&w, "MSH");
    put_field(&w, message, message_field(message, message->header, 2));
    put_field(&w, message, (struct text){name, sizeof name - 1});
    put_field(&w, message, echo(message, 6));
    put_field(&w, message, echo(message, 3));
    put_field(&w, message, echo(message, 4));
    put_field(&w, message, TEXT_NONE);
    put_time(&w, stamp);
    put_field(&w, message, TEXT_NONE);
    put_type(&w, message);
    put_field(&w, message, (struct text){"WG", 2});
    put_number(&w, 1, stamp->id);
    put_field(&w, message, processing.length > 0 ? processing : (struct text){"P", 1});
    put_field(&w, message, version.length > 0 ? version : (struct text){"2.6", 3});
    put_word(&w, "\rMSA");
    put_field(&w, message, (struct text){code, 2});
    put_field(&w, message, message_field(message, message->header, 10));
    if (reason != NULL) {
        put_field(&w, message, (struct text){reason, strlen(reason)});
    }
    put_word(&w, (const char[]){'\r', MLLP_END, MLLP_END_LAST, '\0'});
    return w.used;
}

size_t ack_write(const struct message *message, enum ack_result result, const char *reason,
                 const struct ack_stamp *stamp, char *out)
{
    static const char *const accept_codes[] = {[ACK_TAKEN] = "CA", [ACK_FAILED] = "CE", [ACK_REFUSED] = "CR"};
    static const char *const codes[] = {[ACK_TAKEN] = "AA", [ACK_FAILED] = "AE", [ACK_REFUSED] = "AR"};
    const struct text control_id = message_field(message, message->header, 10);
    const struct text accept = message_component(message, message_field(message, message->header, 15), 1);
    const struct text application = message_component(message, message_field(message, message->header, 16), 1);
    const bool is_original = accept.length == 0 && application.length == 0;
    const bool is_both = is_wanted(accept, result) && application.length > 0 && !text_is(application, "NE");
    struct ack_stamp next = *stamp;
    size_t used = 0;
    if (control_id.length == 0 || control_id.length > ACK_CONTROL_ID_MAX) {
        return 0;
    }
    if (is_both) {
        used = write_one(message, accept_codes[result], reason, stamp, out);
        next.id++;
    }
    const bool is_answered = is_both ? result == ACK_TAKEN && is_wanted(application, result)
                                     : is_wanted(accept, result) || is_wanted(application, result);
    if (is_original || is_answered) {
        used += write_one(message, codes[result], reason, &next, out + used);
    }
    return used;
}
