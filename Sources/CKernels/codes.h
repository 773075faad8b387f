// Numbers as codes of 13 bits and a sign, which share a power of two as their scale.
#include <stdint.h>

enum {
    EK_CODE_LIMIT = 8191,  // 32 products of two such codes stay below 2^31
    // Exponents, as they are stored, of scale and inverse for numbers below 2^(e - 126): 2^(e - 139) and 2^(139 - e).
    EK_SCALE_EXPONENT = 12,
    EK_FACTOR_EXPONENT = 266,
    // Groups without a number of 2^-99 or more count as zero.
    EK_LEAST_EXPONENT = 28,
};

static inline float of_bits(int32_t bits) { return __builtin_bit_cast(float, bits); }

// A group that holds infinity or no number makes all its products no number.
static inline float scale_of(int32_t exponent) {
    return exponent == 255                  ? __builtin_nanf("")
           : exponent < EK_LEAST_EXPONENT ? 0
                                          : of_bits((exponent - EK_SCALE_EXPONENT) << 23);
}

static inline float factor_of(int32_t exponent) {
    return exponent == 255 || exponent < EK_LEAST_EXPONENT ? 0 : of_bits((EK_FACTOR_EXPONENT - exponent) << 23);
}
