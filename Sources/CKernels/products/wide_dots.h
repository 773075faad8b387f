// Products of rows of four- and five-bit blocks with one row of coded activations, in 512-bit registers: both halves of a byte are
// taken apart at once, so that the levels lie in the order of the activations. Other formats gain nothing from the width: memory
// is no faster.

#define WIDE __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx512vnni,avx2,fma,f16c")))
#define WIDE_INLINE static inline __attribute__((always_inline)) WIDE

// Takes the low halves of bytes in the first quarter, or half, of a register, and the high ones in the next.
WIDE_INLINE __m512i halves_of_bytes(__m512i bytes, __m512i shifts) {
    return _mm512_and_si512(_mm512_srlv_epi16(bytes, shifts), _mm512_set1_epi8(15));
}

// Of four blocks the number at a place, counted in words.
WIDE_INLINE __m128 numbers_at(__m512i heads, int first, int step) {
    __m512i places = _mm512_castsi128_si512(_mm_setr_epi16(first, first + step, first + 2 * step, first + 3 * step, 0, 0, 0, 0));
    return _mm_cvtph_ps(_mm512_castsi512_si128(_mm512_permutexvar_epi16(places, heads)));
}

// Four blocks of 32 weights at a time, two in a register; their levels lie behind `head` bytes. `low` is what each block takes away or adds.
#define WIDE_FLAT_DOT(format, size, head, low)                                                                    \
    static WIDE float wide_##format(int64_t blocks, const uint8_t *block, const ek_coded *x) {                    \
        if (blocks % 4) return vnni_##format(blocks, block, x);                                                   \
        const __m512i shifts = _mm512_set_epi64(0x4000400040004, 0x4000400040004, 0, 0, 0x4000400040004, 0x4000400040004, 0, 0);\
        __m512 sums[2] = {_mm512_setzero_ps(), _mm512_setzero_ps()};                                              \
        __m128 lows = _mm_setzero_ps();                                                                           \
        for (int64_t b = 0; b < blocks; b += 4, block += 4 * (size)) {                                            \
            __m512i heads = _mm512_loadu_si512(block);                                                            \
            __m128 own = _mm_loadu_ps(x->scales + b);                                                             \
            __m128 scales = _mm_mul_ps(numbers_at(heads, 0, (size) / 2), own);                                    \
            __m128 codes = _mm_cvtepi32_ps(_mm_loadu_si128((const __m128i *)(x->whole_sums + b)));                \
            lows = _mm_fmadd_ps(low, codes, lows);                                                                \
            _Pragma("clang loop unroll(full)") for (int n = 0; n < 2; n++) {                                      \
                const uint8_t *pair = block + n * 2 * (size) + (head);                                            \
                __m512i one = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)pair));                     \
                __m512i both = _mm512_mask_broadcast_i32x4(one, 0xff00, _mm_loadu_si128((const __m128i *)(pair + (size))));\
                __m512i whole = _mm512_dpbusd_epi32(_mm512_setzero_si512(), halves_of_bytes(both, shifts),        \
                                                    _mm512_loadu_si512(x->codes + (b + n * 2) * 32));             \
                __m512i places = _mm512_inserti64x4(_mm512_set1_epi32(2 * n), _mm256_set1_epi32(2 * n + 1), 1);   \
                __m512 factors = _mm512_permutexvar_ps(places, _mm512_castps128_ps512(scales));                   \
                sums[n] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(whole), factors, sums[n]);                           \
            }                                                                                                     \
        }                                                                                                         \
        float4 low_sums = (float4)lows;                                                                           \
        return _mm512_reduce_add_ps(_mm512_add_ps(sums[0], sums[1])) + ((low_sums.x + low_sums.z) + (low_sums.y + low_sums.w));\
    }

WIDE_FLAT_DOT(q4_0, 18, 2, _mm_mul_ps(scales, _mm_set1_ps(-8)))
WIDE_FLAT_DOT(q4_1, 20, 4, _mm_mul_ps(numbers_at(heads, 1, 10), own))

// Of scales that lie in fours, each with the minima behind it, those of a pair of runs: one for each half of a register.
WIDE_INLINE __m512i pair_factors(__m256i fours, int pair) {
    int first = pair * 2 + pair / 2 * 4;
    __m512i places = _mm512_inserti64x4(_mm512_set1_epi16(first), _mm256_set1_epi16(first + 1), 1);
    return _mm512_permutexvar_epi16(places, _mm512_castsi256_si512(fours));
}

// Blocks of 256 weights in four pairs of runs; `level` tells the levels of pair `n` of `nibbles`.
#define WIDE_SIX_BIT_DOT(format, size, nibbles_at, before, level)                                                 \
    static WIDE float wide_##format(int64_t blocks, const uint8_t *block, const ek_coded *x) {                    \
        const __m512i shifts = _mm512_inserti64x4(_mm512_setzero_si512(), _mm256_set1_epi16(4), 1);               \
        __m512 sum = _mm512_setzero_ps();                                                                         \
        float8 minima = 0.0f;                                                                                     \
        for (int64_t b = 0; b < blocks; b++, block += (size)) {                                                   \
            uint64_t fours[2];                                                                                    \
            unpack_six_bits_in_fours(block + 4, fours);                                                           \
            __m256i packed = _mm256_cvtepu8_epi16(_mm_set_epi64x((int64_t)fours[1], (int64_t)fours[0]));          \
            __m512i whole[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};                                  \
            before;                                                                                               \
            _Pragma("clang loop unroll(full)") for (int n = 0; n < 4; n++) {                                      \
                __m512i both = _mm512_broadcast_i64x4(words((const int16_t *)(block + (nibbles_at) + n * 32)));   \
                __m512i nibbles = halves_of_bytes(both, shifts);                                                  \
                __m512i pairs = _mm512_maddubs_epi16(level, _mm512_loadu_si512(x->codes + b * 256 + n * 64));     \
                whole[n % 2] = _mm512_dpwssd_epi32(whole[n % 2], pairs, pair_factors(packed, n));                 \
            }                                                                                                     \
            int8 least = (int8)_mm256_madd_epi16(packed, words(x->run_sums + b * 16));                            \
            float4 halves = two_halves(block, x->scales[b]);                                                      \
            __m512 numbers = _mm512_cvtepi32_ps(_mm512_add_epi32(whole[0], whole[1]));                            \
            sum = _mm512_fmadd_ps(numbers, _mm512_set1_ps(halves.x), sum);                                        \
            minima += __builtin_convertvector(least, float8) * halves.y;                                          \
        }                                                                                                         \
        return _mm512_reduce_add_ps(sum) - total_of(minima);                                                      \
    }

// Bit 2n of a byte belongs to the first run of pair n, bit 2n + 1 to the second.
WIDE_INLINE __m512i with_fifth_bit(__m512i nibbles, __m512i high, int n) {
    __m512i bits = _mm512_inserti64x4(_mm512_set1_epi8((char)(1 << 2 * n)), _mm256_set1_epi8((char)(2 << 2 * n)), 1);
    return _mm512_or_si512(nibbles, _mm512_maskz_set1_epi8(_mm512_test_epi8_mask(high, bits), 16));
}

WIDE_SIX_BIT_DOT(q4_K, 144, 16, (void)0, nibbles)
WIDE_SIX_BIT_DOT(q5_K, 176, 48, __m512i high = _mm512_broadcast_i64x4(words((const int16_t *)(block + 16))),
                 with_fifth_bit(nibbles, high, n))

static ek_dot_function wide_dot_of(int tensor_type) {
    switch (tensor_type) {
    case EK_TYPE_Q4_0: return wide_q4_0;
    case EK_TYPE_Q4_1: return wide_q4_1;
    case EK_TYPE_Q4_K: return wide_q4_K;
    case EK_TYPE_Q5_K: return wide_q5_K;
    default: return vnni_dot_of(tensor_type);
    }
}

#undef WIDE
#undef WIDE_INLINE
#undef WIDE_FLAT_DOT
#undef WIDE_SIX_BIT_DOT
