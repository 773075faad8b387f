// Products of rows of blocks with one row of coded activations, compiled once without and once with VNNI: coded_dots.c defines NAME,
// TARGET, ADD_PAIRS and ADD_BYTES before each inclusion. Sources/BlockFormats/Formats tells each layout.

#define DOT(format) static TARGET float NAME(format)(int64_t blocks, const uint8_t *block, const ek_coded *x)

// A block of 256 weights in eight runs, whose scales are whole numbers: their products are summed exactly, in four chains, so
// that no sum waits for the one before. `level` tells the levels of run `run`, without a sign.
#define SUM_BLOCK(whole, level, factors, own)                                                                     \
    _Pragma("clang loop unroll(full)") for (int run = 0; run < 8; run++) {                                        \
        __m256i pairs = _mm256_maddubs_epi16((__m256i)(level), _mm256_loadu_si256((const __m256i *)((own) + run * 32)));\
        (whole)[run % 4] = ADD_PAIRS((whole)[run % 4], pairs, factors);                                           \
    }

static inline __attribute__((always_inline)) TARGET float8 NAME(floats_of)(const __m256i whole[4]) {
    int8 sum = ((int8)whole[0] + (int8)whole[1]) + ((int8)whole[2] + (int8)whole[3]);
    return __builtin_convertvector(sum, float8);
}

// Sixteen scales, and what the weights' offset, or their minima, take away: `lows` are words that are multiplied with the sums of
// the codes of sixteen.
#define HALF_RUN_DOT(format, size, scale_words, low_words, level, scale_of_block, low_of_block)                   \
    DOT(format) {                                                                                                 \
        float8 sum = 0.0f, lows = 0.0f;                                                                           \
        for (int64_t b = 0; b < blocks; b++, block += (size)) {                                                   \
            __m256i whole[4] = {0};                                                                               \
            short16 scales = (scale_words);                                                                       \
            short16 low = (low_words);                                                                            \
            __m256i first = _mm256_broadcastsi128_si256((__m128i)scales.lo);                                      \
            __m256i last = _mm256_broadcastsi128_si256((__m128i)scales.hi);                                       \
            SUM_BLOCK(whole, level, half_factors(run < 4 ? first : last, run), x->codes + b * 256)                \
            int8 offset = (int8)_mm256_madd_epi16((__m256i)low, words(x->sums + b * 16));                         \
            sum += NAME(floats_of)(whole) * (scale_of_block);                                                     \
            lows += __builtin_convertvector(offset, float8) * (low_of_block);                                     \
        }                                                                                                         \
        return total_of(sum) - total_of(lows);                                                                    \
    }

static inline __attribute__((always_inline)) TARGET byte16 NAME(sixteen)(const uint8_t *place) {
    byte16 bytes;
    __builtin_memcpy(&bytes, place, sizeof bytes);
    return bytes;
}

static inline __attribute__((always_inline)) TARGET short16 NAME(three_bit_scales)(const uint8_t *place) {
    byte16 packed;
    unpack_three_bit_scales(place, (uint8_t *)&packed);
    return __builtin_convertvector(packed, short16) - 32;
}

HALF_RUN_DOT(q2_K, 84, __builtin_convertvector(NAME(sixteen)(block) & 15, short16),
             __builtin_convertvector(NAME(sixteen)(block) >> 4, short16),
             load(block + 16 + run / 4 * 32) >> (run % 4 * 2) & 3, half_in_hardware(block + 80) * x->scales[b],
             half_in_hardware(block + 82) * x->scales[b])

HALF_RUN_DOT(q3_K, 110, NAME(three_bit_scales)(block + 96), scales,
             (load(block + 32 + run / 4 * 32) >> (run % 4 * 2) & 3) | (load(block) >> run & 1) << 2,
             half_in_hardware(block + 108) * x->scales[b], 4 * half_in_hardware(block + 108) * x->scales[b])

HALF_RUN_DOT(q6_K, 210, __builtin_convertvector((char16)NAME(sixteen)(block + 192), short16), scales,
             (load(block + run / 4 * 64 + run % 2 * 32) >> (run % 4 / 2 * 4) & 15) |
                 (load(block + 128 + run / 4 * 32) >> (run % 4 * 2) & 3) << 4,
             half_in_hardware(block + 208) * x->scales[b], 32 * half_in_hardware(block + 208) * x->scales[b])

// Eight scales and eight minima of six bits: of four runs each the scales, then the minima.
#define SIX_BIT_DOT(format, size, level)                                                                          \
    DOT(format) {                                                                                                 \
        float8 sum = 0.0f, minima = 0.0f;                                                                         \
        for (int64_t b = 0; b < blocks; b++, block += (size)) {                                                   \
            __m256i whole[4] = {0};                                                                               \
            uint64_t fours[2];                                                                                    \
            unpack_six_bits_in_fours(block + 4, fours);                                                           \
            __m256i packed = _mm256_cvtepu8_epi16(_mm_set_epi64x((int64_t)fours[1], (int64_t)fours[0]));          \
            __m256i first = _mm256_permute2x128_si256(packed, packed, 0x00);                                      \
            __m256i last = _mm256_permute2x128_si256(packed, packed, 0x11);                                       \
            SUM_BLOCK(whole, level, run_factors(run < 4 ? first : last, run), x->codes + b * 256)                 \
            int8 least = (int8)_mm256_madd_epi16(packed, words(x->run_sums + b * 16));                            \
            float4 halves = two_halves(block, x->scales[b]);                                                      \
            sum += NAME(floats_of)(whole) * halves.x;                                                             \
            minima += __builtin_convertvector(least, float8) * halves.y;                                          \
        }                                                                                                         \
        return total_of(sum) - total_of(minima);                                                                  \
    }

SIX_BIT_DOT(q4_K, 144, load(block + 16 + run / 2 * 32) >> (run % 2 * 4) & 15)
SIX_BIT_DOT(q5_K, 176,
            (load(block + 48 + run / 2 * 32) >> (run % 2 * 4) & 15) | (load(block + 16) >> run & 1) << 4)

// Blocks of 32 weights, each with a scale; four at a time, so that no sum waits for the one before.
#define ADD_BLOCK(size, whole, add_minimum, scale)                                                                \
    {                                                                                                             \
        const uint8_t *own = block + n * (size);                                                                  \
        const int8_t *codes = x->codes + (b + n) * 32;                                                            \
        sums[n] += __builtin_convertvector((int8)(whole), float8) * (scale);                                      \
        (void)own;                                                                                                \
        (void)codes;                                                                                              \
        add_minimum;                                                                                              \
    }

#define FLAT_DOT(format, size, whole, add_minimum)                                                                \
    DOT(format) {                                                                                                 \
        float8 sums[4] = {0};                                                                                     \
        float4 minima = 0.0f;                                                                                     \
        int64_t b = 0;                                                                                            \
        for (; b + 4 <= blocks; b += 4, block += 4 * (size)) {                                                    \
            float4 scales = four_halves(block, size) * *(const near4 *)(x->scales + b);                           \
            _Pragma("clang loop unroll(full)") for (int n = 0; n < 4; n++)                                        \
                ADD_BLOCK(size, whole, add_minimum, all_of(scales, n))                                            \
        }                                                                                                         \
        for (int n = 0; b + n < blocks; n++)                                                                      \
            ADD_BLOCK(size, whole, add_minimum, half_in_hardware(own) * x->scales[b + n])                         \
        return total_of((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((minima.x + minima.y) + (minima.z + minima.w));\
    }

static inline __attribute__((always_inline)) TARGET __m256i NAME(of_signed)(__m256i level, const int8_t *codes) {
    __m256i own = _mm256_sign_epi8(_mm256_loadu_si256((const __m256i *)codes), level);
    return ADD_BYTES(_mm256_setzero_si256(), _mm256_abs_epi8(level), own);
}

static inline __attribute__((always_inline)) TARGET __m256i NAME(of_unsigned)(__m256i start, __m256i level, const int8_t *codes) {
    return ADD_BYTES(start, level, _mm256_loadu_si256((const __m256i *)codes));
}

FLAT_DOT(q4_0, 18, NAME(of_unsigned)(in_first(-8 * x->whole_sums[b + n]), nibbles(own + 2), codes), (void)0)
FLAT_DOT(q4_1, 20, NAME(of_unsigned)(_mm256_setzero_si256(), nibbles(own + 4), codes),
         minima[n] += half_in_hardware(own + 2) * ((float)x->whole_sums[b + n] * x->scales[b + n]))
FLAT_DOT(q8_0, 34, NAME(of_signed)(signed_bytes(own + 2), codes), (void)0)

static ek_dot_function NAME(dot_of)(int tensor_type) {
    switch (tensor_type) {
    case EK_TYPE_Q4_0: return NAME(q4_0);
    case EK_TYPE_Q4_1: return NAME(q4_1);
    case EK_TYPE_Q8_0: return NAME(q8_0);
    case EK_TYPE_Q2_K: return NAME(q2_K);
    case EK_TYPE_Q3_K: return NAME(q3_K);
    case EK_TYPE_Q4_K: return NAME(q4_K);
    case EK_TYPE_Q5_K: return NAME(q5_K);
    case EK_TYPE_Q6_K: return NAME(q6_K);
    default: return NULL;
    }
}

#undef DOT
#undef SUM_BLOCK
#undef HALF_RUN_DOT
#undef SIX_BIT_DOT
#undef ADD_BLOCK
#undef FLAT_DOT
#undef NAME
#undef TARGET
#undef ADD_PAIRS
#undef ADD_BYTES
