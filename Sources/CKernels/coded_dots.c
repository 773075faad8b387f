// A row of activations against rows of weights as they lie in the file: what writing a text, token by token, spends its time on.
#include "block_scales.h"
#include "decoders.h"

#include <math.h>
#include <stddef.h>

void ek_code_row(int64_t group, int64_t depth, const float *x, int8_t *codes, float *scales, int32_t *sums, int32_t *run_sums) {
    for (int64_t k = 0; k < depth; k += group) {
        int64_t count = depth - k < group ? depth - k : group;
        float largest = 0;
        for (int64_t i = 0; i < count; i++) largest = fmaxf(largest, fabsf(x[k + i]));
        // A row that holds something infinite, or no number, has no products.
        float all = 0;
        for (int64_t i = 0; i < count; i++) all += x[k + i] * 0.0f;
        scales[k / group] = largest / 127 + all;
        float factor = largest > 0 && all == 0 ? 127 / largest : 0;
        for (int64_t i = 0; i < group; i++) {
            float number = i < count ? x[k + i] * factor : 0;
            codes[k + i] = (int8_t)(number + copysignf(0.5f, number));
        }
    }
    for (int64_t run = 0; run < (depth + 31) / 32; run++) {
        for (int64_t part = 2 * run; part < 2 * run + 2; part++) {
            sums[part] = 0;
            for (int64_t i = 0; i < 16; i++) sums[part] += codes[part * 16 + i];
        }
        run_sums[run] = sums[2 * run] + sums[2 * run + 1];
    }
}

#if defined(__x86_64__)

#include <immintrin.h>

typedef uint8_t byte16 __attribute__((ext_vector_type(16)));
typedef uint8_t byte32 __attribute__((ext_vector_type(32), aligned(1), may_alias));
typedef int8_t char16 __attribute__((ext_vector_type(16)));
typedef int16_t short16 __attribute__((ext_vector_type(16)));
typedef int32_t int16 __attribute__((ext_vector_type(16), aligned(4), may_alias));
typedef int32_t int8 __attribute__((ext_vector_type(8), aligned(4), may_alias));
typedef float float4 __attribute__((ext_vector_type(4)));
typedef float float8 __attribute__((ext_vector_type(8)));
typedef float near8 __attribute__((ext_vector_type(8), aligned(4), may_alias));
typedef float (*ek_dot_function)(int64_t blocks, const uint8_t *block, const ek_coded *x);

static inline __attribute__((always_inline, target("avx2,fma,f16c"))) float half_in_hardware(const uint8_t *place) {
    int16_t half;
    __builtin_memcpy(&half, place, sizeof half);
    return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(half)));
}

// 256-bit registers are enough: wider ones were not faster, since a block's scales cost as much as its levels.
#define BASE __attribute__((target("avx2,fma,f16c")))
#define INLINE static inline __attribute__((always_inline)) BASE

// What the runs of a block count, from eight factors; or their halves, from eight of sixteen.
INLINE __m256i run_factors(short16 all, int run) {
    __m256i eight = _mm256_broadcastsi128_si256((__m128i)all.lo);
    return _mm256_shuffle_epi8(eight, _mm256_set1_epi16((int16_t)(0x100 * (2 * run + 1) + 2 * run)));
}

INLINE __m256i half_factors(short16 all, int run) {
    __m256i eight = _mm256_broadcastsi128_si256((__m128i)(run < 4 ? all.lo : all.hi));
    int16_t low = (int16_t)(0x100 * (run % 4 * 4 + 1) + run % 4 * 4);
    return _mm256_shuffle_epi8(eight, _mm256_set_m128i(_mm_set1_epi16(low + 0x202), _mm_set1_epi16(low)));
}

INLINE float total_of(float8 sums) {
    float4 half = sums.lo + sums.hi;
    return (half.x + half.z) + (half.y + half.w);
}

INLINE byte32 load(const uint8_t *place) { return *(const byte32 *)place; }

// Blocks of 32 weights, each with a scale.
INLINE __m256i nibbles(const uint8_t *place) {
    __m128i both = _mm_loadu_si128((const __m128i *)place);
    return _mm256_and_si256(_mm256_set_m128i(_mm_srli_epi16(both, 4), both), _mm256_set1_epi8(15));
}

INLINE __m256i signed_nibbles(const uint8_t *place) { return _mm256_sub_epi8(nibbles(place), _mm256_set1_epi8(8)); }

INLINE __m256i signed_bytes(const uint8_t *place) { return _mm256_loadu_si256((const __m256i *)place); }

// Products of signed levels, each the sum of four neighbours'.
INLINE float8 products(__m256i level, const int8_t *codes) {
    __m256i own = _mm256_sign_epi8(_mm256_loadu_si256((const __m256i *)codes), level);
    __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(level), own);
    return __builtin_convertvector((int8)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1)), float8);
}

#define ADD_BLOCK(size, levels, add_minimum)                                                                      \
    {                                                                                                             \
        const uint8_t *own = block + n * (size);                                                                  \
        float scale = half_in_hardware(own) * x->scales[b + n];                                                   \
        sums[n] += products(levels, x->codes + (b + n) * 32) * scale;                                             \
        add_minimum;                                                                                              \
    }

// Four blocks at a time, so that no sum waits for the one before.
#define FLAT_DOT(format, size, levels, add_minimum)                                                               \
    static BASE float format(int64_t blocks, const uint8_t *block, const ek_coded *x) {                           \
        float8 sums[4] = {0};                                                                                     \
        float4 minima = 0.0f;                                                                                     \
        int64_t b = 0;                                                                                            \
        for (; b + 4 <= blocks; b += 4, block += 4 * (size)) {                                                    \
            _Pragma("clang loop unroll(full)") for (int n = 0; n < 4; n++) ADD_BLOCK(size, levels, add_minimum)   \
        }                                                                                                         \
        for (int n = 0; b + n < blocks; n++) ADD_BLOCK(size, levels, add_minimum)                                 \
        return total_of((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((minima.x + minima.y) + (minima.z + minima.w));\
    }

FLAT_DOT(q4_0, 18, signed_nibbles(own + 2), (void)0)
FLAT_DOT(q4_1, 20, nibbles(own + 4),
         minima[n] += half_in_hardware(own + 2) * ((float)x->run_sums[b + n] * x->scales[b + n]))
FLAT_DOT(q8_0, 34, signed_bytes(own + 2), (void)0)

// Numbers of sixteen bits, with activations as they are.
#define WIDE_DOT(format, floats_at)                                                                               \
    static BASE float format##_dot(int64_t count, const uint8_t *block, const ek_coded *x) {                      \
        float8 sums[4] = {0};                                                                                     \
        int64_t k = 0;                                                                                            \
        for (; k + 32 <= count; k += 32)                                                                          \
            _Pragma("clang loop unroll(full)") for (int v = 0; v < 4; v++)                                        \
                sums[v] += floats_at(block + 2 * (k + v * 8)) * *(const near8 *)(x->numbers + k + v * 8);         \
        float total = total_of((sums[0] + sums[1]) + (sums[2] + sums[3]));                                        \
        for (; k < count; k++) total += format##_at(block + 2 * k) * x->numbers[k];                               \
        return total;                                                                                             \
    }

INLINE float8 halves_at(const uint8_t *place) { return (float8)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)place)); }
INLINE float8 brains_at(const uint8_t *place) {
    return (float8)_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)place)), 16);
}
WIDE_DOT(half, halves_at)
WIDE_DOT(brain, brains_at)

#include "products/block_dots.h"

static ek_dot_function dot_of(int tensor_type) {
    switch (tensor_type) {
    case 1: return half_dot;
    case 2: return q4_0;
    case 3: return q4_1;
    case 8: return q8_0;
    case 10: return q2_K;
    case 11: return q3_K;
    case 12: return q4_K;
    case 13: return q5_K;
    case 14: return q6_K;
    case 30: return brain_dot;
    default: return NULL;
    }
}

bool ek_dot_rows(ek_variant variant, int tensor_type, int64_t block, int64_t count, int64_t row_bytes, const uint8_t *rows,
                 const ek_coded *x, float *out) {
    ek_dot_function dot = variant == EK_SCALAR ? NULL : dot_of(tensor_type);
    if (!dot) return false;
    for (int64_t r = 0; r < count; r++) out[r] = dot(x->count / block, rows + r * row_bytes, x);
    return true;
}

#else

bool ek_dot_rows(ek_variant variant, int tensor_type, int64_t block, int64_t count, int64_t row_bytes, const uint8_t *rows,
                 const ek_coded *x, float *out) {
    return false;
}

#endif
