#include "tests/ward/ward_framer.h"

void ward_framer_init(struct ward_framer *framer, int64_t char_ns, int64_t silence_ns)
{
    *framer = (struct ward_framer){.char_ns = char_ns, .silence_ns = silence_ns};
}

static void frame_take(struct ward_framer *framer, struct ward_frame *out)
{
    out->bytes = framer->bytes;
    out->length = framer->length;
    out->sound = !framer->overlong && ward_rtu_is_sound(framer->bytes, framer->length);
    out->follows = framer->follows;
    out->start_ns = framer->start_ns;
    out->before_ns = framer->before_ns;
    out->end_ns = framer->busy_ns;
    framer->length = 0;
    framer->overlong = false;
}

bool ward_framer_put(struct ward_framer *framer, int64_t now_ns, uint8_t byte, struct ward_frame *out)
{
    const int64_t start_ns = framer->used && framer->busy_ns > now_ns ? framer->busy_ns : now_ns;
    if (framer->length == 0) {
        framer->start_ns = start_ns;
        framer->before_ns = framer->busy_ns;
        framer->follows = framer->used;
    }
    framer->used = true;
    framer->busy_ns = start_ns + framer->char_ns;
    if (framer->length == sizeof framer->bytes) {
        framer->overlong = true;
        return false;
    }
    framer->bytes[framer->length++] = byte;
    const size_t expected = ward_rtu_request_length(framer->bytes, framer->length);
    if (framer->length != expected || !ward_rtu_is_sound(framer->bytes, framer->length)) {
        return false;
    }
    frame_take(framer, out);
    return true;
}

int64_t ward_framer_deadline(const struct ward_framer *framer)
{
    return framer->length == 0 ? WARD_NEVER : framer->busy_ns + framer->silence_ns;
}

bool ward_framer_end(struct ward_framer *framer, int64_t now_ns, struct ward_frame *out)
{
    if (now_ns < ward_framer_deadline(framer)) {
        return false;
    }
    frame_take(framer, out);
    return true;
}
