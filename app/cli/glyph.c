#include "app/cli/glyph.h"

#include <stdbool.h>
#include <string.h>

#include "app/flow/json.h"

struct range {
    uint32_t first, last;
};

static bool is_in(const struct range *ranges, size_t count, uint32_t code)
{
    for (size_t i = 0; i < count; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last) {
            return true;
        }
    }
    return false;
}
#define IS_IN(ranges, code) is_in(ranges, sizeof(ranges) / sizeof(ranges)[0], code)

/* C0, C1, what turns the direction, separators of lines, invisible ones, private and none at all. */
static bool is_harmful(uint32_t code)
{
    static const struct range harmful[] = {{0x00, 0x1F},       {0x7F, 0x9F},     {0xAD, 0xAD},       {0x61C, 0x61C},
                                           {0x180E, 0x180E},   {0x200B, 0x200F}, {0x2028, 0x202E},   {0x2060, 0x206F},
                                           {0xFEFF, 0xFEFF},   {0xFFF9, 0xFFFF}, {0xE0000, 0xE0FFF}, {0xE000, 0xF8FF},
                                           {0xF0000, 0x10FFFF}};
    return IS_IN(harmful, code);
}

static uint32_t decode(const unsigned char *bytes, size_t length)
{
    static const unsigned char heads[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = bytes[0] & heads[length];
    for (size_t i = 1; i < length; i++) {
        code = code << 6 | (bytes[i] & 0x3FU);
    }
    return code;
}

uint32_t glyph_take(const char **at)
{
    const unsigned char *bytes = (const unsigned char *)*at;
    if (*bytes == '\0') {
        return 0;
    }
    const size_t length = json_utf8_length(bytes, strnlen(*at, GLYPH_BYTES_MAX));
    *at += length > 0 ? length : 1;
    const uint32_t code = length > 0 ? decode(bytes, length) : SAFE_GLYPH;
    return is_harmful(code) ? SAFE_GLYPH : code;
}

int glyph_width(uint32_t code)
{
    static const struct range combining[] = {{0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},   {0x610, 0x61A},
                                             {0x64B, 0x65F},   {0x6D6, 0x6DC},   {0x93C, 0x93C},   {0x941, 0x948},
                                             {0x94D, 0x94D},   {0xE31, 0xE31},   {0xE34, 0xE3A},   {0xE47, 0xE4E},
                                             {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0x302A, 0x302F},
                                             {0x3099, 0x309A}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
    static const struct range wide[] = {{0x1100, 0x115F},   {0x231A, 0x231B},  {0x2329, 0x232A},   {0x2E80, 0x303E},
                                        {0x3041, 0x33FF},   {0x3400, 0x4DBF},  {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},
                                        {0xA960, 0xA97F},   {0xAC00, 0xD7A3},  {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},
                                        {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},  {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF},
                                        {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
    if (code < 0x300) {
        return 1;
    }
    return IS_IN(combining, code) ? 0 : IS_IN(wide, code) ? 2 : 1;
}
