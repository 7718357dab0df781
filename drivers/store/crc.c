#include "drivers/store/crc.h"

#include <assert.h>

enum { AT_A_TIME = 8, BYTES = 256 };

/* A byte's entry is the sum of what is left of each of its bits. */
#define BIT(byte, bit, left) ((((byte) >> (bit)) & 1U) != 0 ? (left) : 0U)
#define ENTRY(byte, a, b, c, d, e, f, g, h)                                                                     \
    BIT(byte, 0, a) ^ BIT(byte, 1, b) ^ BIT(byte, 2, c) ^ BIT(byte, 3, d) ^ BIT(byte, 4, e) ^ BIT(byte, 5, f) ^ \
        BIT(byte, 6, g) ^ BIT(byte, 7, h)
#define FOUR(at, ...) \
    ENTRY(at, __VA_ARGS__), ENTRY((at) + 1U, __VA_ARGS__), ENTRY((at) + 2U, __VA_ARGS__), ENTRY((at) + 3U, __VA_ARGS__)
#define SIXTEEN(at, ...) \
    FOUR(at, __VA_ARGS__), FOUR((at) + 4U, __VA_ARGS__), FOUR((at) + 8U, __VA_ARGS__), FOUR((at) + 12U, __VA_ARGS__)
#define MANY(at, ...)                                                                             \
    SIXTEEN(at, __VA_ARGS__), SIXTEEN((at) + 16U, __VA_ARGS__), SIXTEEN((at) + 32U, __VA_ARGS__), \
        SIXTEEN((at) + 48U, __VA_ARGS__)
#define TABLE(...)                                                                                      \
    {                                                                                                   \
        MANY(0U, __VA_ARGS__), MANY(64U, __VA_ARGS__), MANY(128U, __VA_ARGS__), MANY(192U, __VA_ARGS__) \
    }

/* tables[n][v]: what is left of a byte v behind which 7 - n more are taken; given by its eight bits. */
static const uint32_t tables[AT_A_TIME][BYTES] = {
    TABLE(0xCCAA009E, 0x4225077D, 0x844A0EFA, 0xD3E51BB5, 0x7CBB312B, 0xF9766256, 0x299DC2ED, 0x533B85DA),
    TABLE(0xA6770BB4, 0x979F1129, 0xF44F2413, 0x33EF4E67, 0x67DE9CCE, 0xCFBD399C, 0x440B7579, 0x8816EAF2),
    TABLE(0xCB5CD3A5, 0x4DC8A10B, 0x9B914216, 0xEC53826D, 0x03D6029B, 0x07AC0536, 0x0F580A6C, 0x1EB014D8),
    TABLE(0x3D6029B0, 0x7AC05360, 0xF580A6C0, 0x30704BC1, 0x60E09782, 0xC1C12F04, 0x58F35849, 0xB1E6B092),
    TABLE(0xB8BC6765, 0xAA09C88B, 0x8F629757, 0xC5B428EF, 0x5019579F, 0xA032AF3E, 0x9B14583D, 0xED59B63B),
    TABLE(0x01C26A37, 0x0384D46E, 0x0709A8DC, 0x0E1351B8, 0x1C26A370, 0x384D46E0, 0x709A8DC0, 0xE1351B80),
    TABLE(0x191B3141, 0x32366282, 0x646CC504, 0xC8D98A08, 0x4AC21251, 0x958424A2, 0xF0794F05, 0x3B83984B),
    TABLE(0x77073096, 0xEE0E612C, 0x076DC419, 0x0EDB8832, 0x1DB71064, 0x3B6E20C8, 0x76DC4190, 0xEDB88320),
};

/* Written out, it is one load where that is the processor's own order. */
static uint32_t read_le(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* None of the look-ups waits for another one. */
static inline uint32_t take_word(const uint32_t (*table)[BYTES], uint32_t word)
{
    return table[0][word & 255U] ^ table[1][word >> 8 & 255U] ^ table[2][word >> 16 & 255U] ^ table[3][word >> 24];
}

uint32_t crc_32(const void *bytes, size_t size)
{
    assert(bytes != NULL || size == 0);
    const unsigned char *at = bytes;
    uint32_t crc = UINT32_MAX;
    for (; size >= AT_A_TIME; size -= AT_A_TIME, at += AT_A_TIME) {
        crc = take_word(tables, read_le(at) ^ crc) ^ take_word(tables + AT_A_TIME / 2, read_le(at + AT_A_TIME / 2));
    }
    for (; size > 0; size--, at++) {
        crc = crc >> 8 ^ tables[AT_A_TIME - 1][(crc ^ *at) & 255U];
    }
    return ~crc;
}
