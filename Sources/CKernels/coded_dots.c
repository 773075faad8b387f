// A row of activations against rows of weights as they lie in the file: what writing a text, token by token, spends its time on.
#include "block_scales.h"
#include "decoders.h"

#include <math.h>
#include <stddef.h>

void ek_code_row(int64_t group, int64_t depth, const float *x, int8_t *codes, float *scales, int16_t *sums, int16_t *run_sums,
                 int32_t *whole_sums) {
    for (int64_t k = 0; k < depth; k += group) {
        int64_t count = depth - k < group ? depth - k : group;
        float largest = 0;
        for (int64_t i = 0; i < count; i++) largest = fmaxf(largest, fabsf(x[k + i]));
        // A row that holds something infinite, or no number, has no products.
        float all = 0;
        for (int64_t i = 0; i < count; i++) all += x[k + i] * 0.0f;
        scales[k / group] = largest / 127 + all;
        float factor = largest > 0 && all == 0 ? 127 / largest : 0;
        // What the smallest numbers would be multiplied by is infinite; they are as good as zero.
        if (factor > 0x1p127f) factor = 0;
        for (int64_t i = 0; i < group; i++) {
            // Infinity and what is no number have no code, not even times zero.
            float number = factor > 0 && i < count ? x[k + i] * factor : 0;
            codes[k + i] = (int8_t)(number + copysignf(0.5f, number));
        }
    }
    for (int64_t run = 0; run < (depth + 31) / 32; run++) {
        for (int64_t part = 2 * run; part < 2 * run + 2; part++) {
            sums[part] = 0;
            for (int64_t i = 0; i < 16; i++) sums[part] += codes[part * 16 + i];
        }
        // In fours, each after four zeros: so lie the minima of blocks whose scales are packed with them.
        int64_t place = run / 4 * 8 + run % 4;
        run_sums[place] = 0;
        run_sums[place + 4] = sums[2 * run] + sums[2 * run + 1];
        whole_sums[run] = run_sums[place + 4];
    }
}

#if defined(__x86_64__)

#include <immintrin.h>

typedef uint8_t byte16 __attribute__((ext_vector_type(16)));
typedef uint8_t byte32 __attribute__((ext_vector_type(32), aligned(1), may_alias));
typedef int8_t char16 __attribute__((ext_vector_type(16)));
typedef int16_t short16 __attribute__((ext_vector_type(16)));
typedef int32_t int8 __attribute__((ext_vector_type(8), aligned(4), may_alias));
typedef float float4 __attribute__((ext_vector_type(4)));
typedef float float8 __attribute__((ext_vector_type(8)));
typedef float near4 __attribute__((ext_vector_type(4), aligned(4), may_alias));
typedef float near8 __attribute__((ext_vector_type(8), aligned(4), may_alias));
typedef float (*ek_dot_function)(int64_t blocks, const uint8_t *block, const ek_coded *x);

static inline __attribute__((always_inline, target("avx2,fma,f16c"))) float half_in_hardware(const uint8_t *place) {
    int16_t half;
    __builtin_memcpy(&half, place, sizeof half);
    return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(half)));
}

#define BASE __attribute__((target("avx2,fma,f16c")))
#define INLINE static inline __attribute__((always_inline)) BASE

// What the two half runs of a run count, of eight factors in both halves of a register.
INLINE __m256i half_factors(__m256i eight, int run) {
    int16_t low = (int16_t)(0x100 * (run % 4 * 4 + 1) + run % 4 * 4);
    return _mm256_shuffle_epi8(eight, _mm256_set_m128i(_mm_set1_epi16(low + 0x202), _mm_set1_epi16(low)));
}

// What a run counts, of the first four factors there.
INLINE __m256i run_factors(__m256i eight, int run) {
    return _mm256_shuffle_epi8(eight, _mm256_set1_epi16((int16_t)(0x100 * (run % 4 * 2 + 1) + run % 4 * 2)));
}

INLINE float total_of(float8 sums) {
    float4 half = sums.lo + sums.hi;
    return (half.x + half.z) + (half.y + half.w);
}

// Two halves that lie side by side, each times a factor.
INLINE float4 two_halves(const uint8_t *place, float factor) {
    int32_t both;
    __builtin_memcpy(&both, place, sizeof both);
    return (float4)_mm_cvtph_ps(_mm_cvtsi32_si128(both)) * factor;
}

INLINE byte32 load(const uint8_t *place) { return *(const byte32 *)place; }

INLINE __m256i words(const int16_t *place) { return _mm256_loadu_si256((const __m256i *)place); }

INLINE __m256i signed_bytes(const uint8_t *place) { return _mm256_loadu_si256((const __m256i *)place); }

// Sixteen bytes, of which 32 weights have a half each.
INLINE __m256i nibbles(const uint8_t *place) {
    __m128i both = _mm_loadu_si128((const __m128i *)place);
    return _mm256_and_si256(_mm256_set_m128i(_mm_srli_epi16(both, 4), both), _mm256_set1_epi8(15));
}

// The scales of four blocks.
INLINE float4 four_halves(const uint8_t *place, int64_t size) {
    int16_t halves[4];
    for (int n = 0; n < 4; n++) __builtin_memcpy(halves + n, place + n * size, sizeof halves[n]);
    return (float4)_mm_cvtph_ps(_mm_set_epi16(0, 0, 0, 0, halves[3], halves[2], halves[1], halves[0]));
}

INLINE float8 all_of(float4 numbers, int n) {
    return (float8)_mm256_permutevar8x32_ps(_mm256_castps128_ps256((__m128)numbers), _mm256_set1_epi32(n));
}

// A whole number in the first lane.
INLINE __m256i in_first(int32_t number) { return _mm256_zextsi128_si256(_mm_cvtsi32_si128(number)); }

#define NAME(function) plain_##function
#define TARGET BASE
#define ADD_PAIRS(sum, a, b) _mm256_add_epi32((sum), _mm256_madd_epi16((a), (b)))
#define ADD_BYTES(sum, a, b)                                                                                      \
    _mm256_add_epi32((sum), _mm256_madd_epi16(_mm256_maddubs_epi16((a), (b)), _mm256_set1_epi16(1)))
#include "products/block_dots.h"

#define NAME(function) vnni_##function
#define TARGET __attribute__((target("avx512f,avx512vl,avx512bw,avx512vnni,avx2,fma,f16c")))
#define ADD_PAIRS(sum, a, b) _mm256_dpwssd_epi32((sum), (a), (b))
#define ADD_BYTES(sum, a, b) _mm256_dpbusd_epi32((sum), (a), (b))
#include "products/block_dots.h"
#include "products/wide_dots.h"

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

static ek_dot_function dot_of(ek_variant variant, int tensor_type) {
    switch (tensor_type) {
    case EK_TYPE_F16: return half_dot;
    case EK_TYPE_BF16: return brain_dot;
    default: return variant == EK_AVX512_VNNI ? wide_dot_of(tensor_type) : plain_dot_of(tensor_type);
    }
}

bool ek_dot_rows(ek_variant variant, int tensor_type, int64_t block, int64_t count, int64_t row_bytes, const uint8_t *rows,
                 const ek_coded *x, float *out) {
    ek_dot_function dot = variant == EK_SCALAR ? NULL : dot_of(variant, tensor_type);
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
