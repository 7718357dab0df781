#include "app/settings/plain.h"

#include <assert.h>

static bool is_c1(unsigned char byte)
{
    return byte >= 0x80 && byte < 0xA0;
}

/* Whether a byte of 0x80 to 0x9F goes on with a character that began before it: alone it is a control character of terminals of eight bits. */
static bool goes_on(const unsigned char *text, size_t index)
{
    size_t back = 1;
    while (back < 4 && back <= index && (text[index - back] & 0xC0U) == 0x80U) {
        back++;
    }
    const unsigned char lead = back <= index ? text[index - back] : 0;
    const size_t length = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : lead >= 0xC0U ? 2 : 1;
    return back < length;
}

bool plain_is_control(const char *text, size_t length, size_t index)
{
    assert(text != NULL && index < length);
    const unsigned char *const bytes = (const unsigned char *)text;
    const unsigned char byte = bytes[index];
    if (byte < ' ' || byte == 0x7F) {
        return true;
    }
    if (byte == 0xC2) {
        return index + 1 < length && is_c1(bytes[index + 1]);
    }
    return is_c1(byte) && ((index > 0 && bytes[index - 1] == 0xC2) || !goes_on(bytes, index));
}

static void mask(char *text, size_t length, char stays)
{
    bool before = false; /* what is masked already is not looked at again: both bytes of one go together */
    for (size_t i = 0; i < length; i++) {
        const bool is_control = before || plain_is_control(text, length, i);
        before = is_control && (unsigned char)text[i] == 0xC2;
        text[i] = is_control && text[i] != stays ? ' ' : text[i];
    }
}

void plain_mask(char *text, size_t length)
{
    assert(text != NULL);
    mask(text, length, '\n');
}

void plain_mask_line(char *text, size_t length)
{
    assert(text != NULL);
    mask(text, length, ' ');
}
