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

// The same in another order: the scales and the minima of four groups each, eight bytes to a word.
static inline void unpack_six_bits_in_fours(const uint8_t *bytes, uint64_t fours[2]) {
    uint64_t low;
    uint32_t high;
    __builtin_memcpy(&low, bytes, sizeof low);
    __builtin_memcpy(&high, bytes + 8, sizeof high);
    uint64_t nibbles = (high & 0x0f0f0f0f) | (uint64_t)(high >> 4 & 0x0f0f0f0f) << 32;
    fours[0] = low & 0x3f3f3f3f3f3f3f3f;
    fours[1] = nibbles | (low >> 6 & 0x0303030303030303) << 4;
}

// Sixteen scales of six bits in twelve bytes, each 32 too large.
static inline void unpack_three_bit_scales(const uint8_t *bytes, uint8_t scales[16]) {
    uint32_t words[3], all[4];
    __builtin_memcpy(words, bytes, sizeof words);
    for (int i = 0; i < 4; i++)
        all[i] = (words[i % 2] >> (i / 2 * 4) & 0x0f0f0f0f) | (words[2] >> (i * 2) & 0x03030303) << 4;
    __builtin_memcpy(scales, all, sizeof all);
}
