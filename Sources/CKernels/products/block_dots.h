// Products of rows of blocks of 256 weights, whose runs have whole numbers for scales, with one row of coded activations; included
// by coded_dots.c.

// Adds the products of a block of 256 weights in eight runs, whose scales are whole numbers, exactly: `level` tells the levels of
// run `run`, without a sign.
#define SUM_BLOCK(whole, level, factors, own)                                                                     \
    _Pragma("clang loop unroll(full)") for (int run = 0; run < 8; run++) {                                        \
        __m256i codes = _mm256_loadu_si256((const __m256i *)((own) + run * 32));                                  \
        __m256i pairs = _mm256_maddubs_epi16((__m256i)(level), codes);                                            \
        (whole)[run % 4] += (int8)_mm256_madd_epi16(pairs, (factors));                                            \
    }

INLINE float8 floats_of(const int8 whole[4]) { return __builtin_convertvector((whole[0] + whole[1]) + (whole[2] + whole[3]), float8); }

#define DOT(format) static BASE float format(int64_t blocks, const uint8_t *block, const ek_coded *x)

DOT(q2_K) {
    float8 sum = 0.0f;
    float8 minima = 0.0f;
    for (int64_t b = 0; b < blocks; b++, block += 84) {
        int8 whole[4] = {0};
        byte16 packed;
        __builtin_memcpy(&packed, block, sizeof packed);
        short16 scales = __builtin_convertvector(packed & 15, short16);
        int16 least = __builtin_convertvector(packed >> 4, int16) * *(const int16 *)(x->sums + b * 16);
        SUM_BLOCK(whole, load(block + 16 + run / 4 * 32) >> (run % 4 * 2) & 3, half_factors(scales, run), x->codes + b * 256)
        sum += floats_of(whole) * (half_in_hardware(block + 80) * x->scales[b]);
        minima += __builtin_convertvector(least.lo + least.hi, float8) * (half_in_hardware(block + 82) * x->scales[b]);
    }
    return total_of(sum) - total_of(minima);
}

DOT(q3_K) {
    float8 sum = 0.0f;
    float8 offsets = 0.0f;
    for (int64_t b = 0; b < blocks; b++, block += 110) {
        int8 whole[4] = {0};
        byte16 packed;
        unpack_three_bit_scales(block + 96, (uint8_t *)&packed);
        short16 scales = __builtin_convertvector(packed, short16) - 32;
        int16 offset = __builtin_convertvector(scales, int16) * *(const int16 *)(x->sums + b * 16);
        SUM_BLOCK(whole,
                  (load(block + 32 + run / 4 * 32) >> (run % 4 * 2) & 3) | (load(block) >> run & 1) << 2,
                  half_factors(scales, run), x->codes + b * 256)
        float scale = half_in_hardware(block + 108) * x->scales[b];
        sum += floats_of(whole) * scale;
        offsets += __builtin_convertvector(offset.lo + offset.hi, float8) * (4 * scale);
    }
    return total_of(sum) - total_of(offsets);
}

// Eight scales and eight minima of six bits.
#define SIX_BIT_DOT(format, size, level)                                                                          \
    DOT(format) {                                                                                                 \
        float8 sum = 0.0f;                                                                                        \
        float8 minima = 0.0f;                                                                                     \
        for (int64_t b = 0; b < blocks; b++, block += (size)) {                                                   \
            int8 whole[4] = {0};                                                                                  \
            byte16 packed;                                                                                        \
            unpack_six_bits(block + 4, (uint8_t *)&packed, (uint8_t *)&packed + 8);                               \
            short16 scales = __builtin_convertvector(packed, short16);                                            \
            int8 least = __builtin_convertvector(packed.hi, int8) * *(const int8 *)(x->run_sums + b * 8);         \
            SUM_BLOCK(whole, level, run_factors(scales, run), x->codes + b * 256)                                 \
            sum += floats_of(whole) * (half_in_hardware(block) * x->scales[b]);                                   \
            minima += __builtin_convertvector(least, float8) * (half_in_hardware(block + 2) * x->scales[b]);      \
        }                                                                                                         \
        return total_of(sum) - total_of(minima);                                                                  \
    }

SIX_BIT_DOT(q4_K, 144, load(block + 16 + run / 2 * 32) >> (run % 2 * 4) & 15)
SIX_BIT_DOT(q5_K, 176, (load(block + 48 + run / 2 * 32) >> (run % 2 * 4) & 15) | (load(block + 16) >> run & 1) << 4)

DOT(q6_K) {
    float8 sum = 0.0f;
    float8 offsets = 0.0f;
    for (int64_t b = 0; b < blocks; b++, block += 210) {
        int8 whole[4] = {0};
        char16 packed;
        __builtin_memcpy(&packed, block + 192, sizeof packed);
        short16 scales = __builtin_convertvector(packed, short16);
        int16 offset = __builtin_convertvector(scales, int16) * *(const int16 *)(x->sums + b * 16);
        SUM_BLOCK(whole,
                  (load(block + run / 4 * 64 + run % 2 * 32) >> (run % 4 / 2 * 4) & 15) |
                      (load(block + 128 + run / 4 * 32) >> (run % 4 * 2) & 3) << 4,
                  half_factors(scales, run), x->codes + b * 256)
        float scale = half_in_hardware(block + 208) * x->scales[b];
        sum += floats_of(whole) * scale;
        offsets += __builtin_convertvector(offset.lo + offset.hi, float8) * (32 * scale);
    }
    return total_of(sum) - total_of(offsets);
}
