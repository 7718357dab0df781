/*
 * input_line.h: what goes into an engine as lines of JSON, and back: the form of `wardgate run --record` (DESIGN.md, Recordings of a run).
 *
 * A line is one flat object: the observations of a monitor at one instant, or any one other input, or a mark of the recording itself. Beds, signals, rules
 * and parameters go by their names. Times are seconds of engine time with three places (a text: RFC 3339). Pure; any thread.
 */
#ifndef WARDGATE_INPUT_LINE_H
#define WARDGATE_INPUT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/engine/hash.h"
#include "app/engine/input.h"
#include "app/flow/json_read.h"

#define INPUT_LINE_MAX          4096 /* bytes of the longest, with its newline */
#define INPUT_LINE_OBSERVATIONS 16   /* in one line */
#define INPUT_LINE_VERSION      1
#define INPUT_WORD_MAX          64

/* What a recording says of itself. */
enum input_mark {
    INPUT_MARK_NONE,
    INPUT_MARK_HEAD,    /* the first line of a recording by the program; one by hand may do without */
    INPUT_MARK_CHECK,   /* so many records have come up to at_ms, stepped or not, and their digest */
    INPUT_MARK_DROPPED, /* inputs that are missing here: nobody could write as fast */
    INPUT_MARK_END      /* nothing comes after it */
};

struct input_head {
    char program[INPUT_WORD_MAX], gateway[INPUT_WORD_MAX], boot[INPUT_WORD_MAX], epoch[INPUT_WORD_MAX];
    uint64_t configuration; /* input_digest of the configuration */
};

/* Each writes one line with its newline; the length, or 0 when it does not fit. */
size_t input_line_head(const struct input_head *head, char *out, size_t size);
size_t input_line_observations(const struct engine_config *config, const struct observation *observations,
                               unsigned count, bool stepped, char *out, size_t size);
size_t input_line_other(const struct engine_config *config, const struct engine_input *input, char *out, size_t size);
size_t input_line_check(int64_t at_ms, bool stepped, uint64_t records, uint64_t digest, char *out, size_t size);
size_t input_line_dropped(uint64_t count, char *out, size_t size);
size_t input_line_end(const char *why, char *out, size_t size);

/* A line that was read; inputs point into it. */
struct input_line {
    enum input_mark mark;
    struct engine_input inputs[INPUT_LINE_OBSERVATIONS];
    unsigned count;
    /* Of a command written by hand: it means whoever is in the bed, an alarm by its name. */
    bool any_stay, any_alarm;
    char alarm_name[ALARM_NAME_MAX];

    struct input_head head;
    int64_t at_ms;
    bool stepped;
    uint64_t records, digest; /* CHECK; DROPPED: records is how many */

    struct observation observations[INPUT_LINE_OBSERVATIONS];
    struct monitor_alarm reported;
    struct bed_command command;
    struct bed_snapshot stay;
    struct alarm_snapshot alarm;
    struct alarm_key key;
    char detail[ALERT_DETAIL_MAX];
};

/* False: fault says what is wrong with it, in a few words that name the key. */
bool input_line_read(const struct engine_config *config, const char *bytes, size_t length, struct input_line *out,
                     char *fault, size_t fault_size);

#define INPUT_DIGEST_BEGIN HASH_64_BASIS

/* Of everything that decides what an engine makes of its inputs. */
uint64_t input_digest_configuration(const struct engine_config *config);
/* Of records, one after the other, from INPUT_DIGEST_BEGIN on. */
uint64_t input_digest_record(uint64_t digest, const struct record *record);

#endif
