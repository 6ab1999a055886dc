/*
 * crc32.c: the CRC-32 of zlib and Ethernet, eight bytes a step (slicing-by-8, Kounavis and Berry 2005).
 *
 * Its table is written on first use, which must be over before a second thread comes: making a decoder sees to that.
 */
#include "frame.h"

#define POLYNOMIAL 0xEDB88320u
#define SLICES 8

static uint32_t s_table[SLICES][256];

static void prepare(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t sum = i;
        for (int bit = 0; bit < 8; bit++)
            sum = (sum >> 1) ^ ((sum & 1u) ? POLYNOMIAL : 0u);
        s_table[0][i] = sum;
    }
    for (int slice = 1; slice < SLICES; slice++)
        for (uint32_t i = 0; i < 256; i++)
            s_table[slice][i] = (s_table[slice - 1][i] >> 8) ^ s_table[0][s_table[slice - 1][i] & 0xFFu];
}

static uint32_t word(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* What the four bytes in `word` contribute when `behind` bytes follow them in the step. */
static uint32_t slice4(uint32_t word, int behind)
{
    return s_table[behind + 3][word & 0xFFu] ^ s_table[behind + 2][word >> 8 & 0xFFu] ^
           s_table[behind + 1][word >> 16 & 0xFFu] ^ s_table[behind][word >> 24];
}

uint32_t wire_crc32(uint32_t crc, const uint8_t *bytes, size_t length)
{
    if (!s_table[SLICES - 1][255])
        prepare();
    crc = ~crc;
    for (; length >= SLICES; bytes += SLICES, length -= SLICES)
        crc = slice4(crc ^ word(bytes), 4) ^ slice4(word(bytes + 4), 0);
    for (; length; bytes++, length--)
        crc = (crc >> 8) ^ s_table[0][(crc ^ *bytes) & 0xFFu];
    return ~crc;
}
