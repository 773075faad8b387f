// The scales of blocks, as their formats pack them.
#include <stdint.h>

static inline float half_at(const uint8_t *place) {
    uint16_t half;
    __builtin_memcpy(&half, place, sizeof half);
    float value = __builtin_bit_cast(float, (uint32_t)(half & 0x7fff) << 13) * 0x1p112f;
    uint32_t bits = __builtin_bit_cast(uint32_t, value);
    if ((half & 0x7c00) == 0x7c00) bits |= 0x7f800000;
    return __builtin_bit_cast(float, bits | (uint32_t)(half & 0x8000) << 16);
}

static inline float brain_at(const uint8_t *place) {
    uint16_t upper;
    __builtin_memcpy(&upper, place, sizeof upper);
    return __builtin_bit_cast(float, (uint32_t)upper << 16);
}

// Eight scales and eight minima of six bits in twelve bytes.
static inline void unpack_six_bits(const uint8_t *bytes, uint8_t scales[8], uint8_t minima[8]) {
    uint32_t words[3];
    __builtin_memcpy(words, bytes, sizeof words);
    uint32_t own[2] = {words[0] & 0x3f3f3f3f, (words[2] & 0x0f0f0f0f) | (words[0] >> 6 & 0x03030303) << 4};
    uint32_t least[2] = {words[1] & 0x3f3f3f3f, (words[2] >> 4 & 0x0f0f0f0f) | (words[1] >> 6 & 0x03030303) << 4};
    __builtin_memcpy(scales, own, sizeof own);
    __builtin_memcpy(minima, least, sizeof least);
}

// Sixteen scales of six bits in twelve bytes, each 32 too large.
static inline void unpack_three_bit_scales(const uint8_t *bytes, uint8_t scales[16]) {
    uint32_t words[3], all[4];
    __builtin_memcpy(words, bytes, sizeof words);
    for (int i = 0; i < 4; i++)
        all[i] = (words[i % 2] >> (i / 2 * 4) & 0x0f0f0f0f) | (words[2] >> (i * 2) & 0x03030303) << 4;
    __builtin_memcpy(scales, all, sizeof all);
}
