// Products of activations with weights of 16 bits and fewer, in whole numbers.
//
// Both factors are coded first: 32 numbers share a power of two, and each is a code of 13 bits and a sign. A group's sum of
// products then fits 32 bits and is exact, whatever instructions compute it; scales are powers of two, so that nothing rounds
// but codes, the conversion of a group's sum, and the sum of groups, which are added in order. So every variant gives the
// same bits, at up to twice the speed of single precision.
#include "ckernels.h"
#include "codes.h"
#include "products/transpose.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define NAME(function) scalar_##function
#define TARGET
#define LANES 4
#define TOKENS 4
#if defined(__x86_64__)
#define MULTIPLY_PAIRS(sum, a, b) ((sum) + (ints)_mm_madd_epi16((__m128i)(a), (__m128i)(b)))
#else
#define MULTIPLY_PAIRS(sum, a, b) ((sum) + ((a) << 16 >> 16) * ((b) << 16 >> 16) + ((a) >> 16) * ((b) >> 16))
#endif
#include "products/coded_body.h"

#if defined(__x86_64__)

#define NAME(function) avx2_##function
#define TARGET __attribute__((target("avx2,fma")))
#define LANES 8
#define TOKENS 4
#define MULTIPLY_PAIRS(sum, a, b) ((sum) + (ints)_mm256_madd_epi16((__m256i)(a), (__m256i)(b)))
#include "products/coded_body.h"

#define NAME(function) avx512_##function
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")))
#define LANES 16
#define TOKENS 6
#define MULTIPLY_PAIRS(sum, a, b) ((sum) + (ints)_mm512_madd_epi16((__m512i)(a), (__m512i)(b)))
#include "products/coded_body.h"

#define NAME(function) vnni_##function
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx512vnni,avx2,fma")))
#define LANES 16
#define TOKENS 6
#define MULTIPLY_PAIRS(sum, a, b) ((ints)_mm512_dpwssd_epi32((__m512i)(sum), (__m512i)(a), (__m512i)(b)))
#include "products/coded_body.h"

#define DISPATCH(function, ...)                                   \
    switch (variant) {                                            \
    case EK_AVX512_VNNI: vnni_##function(__VA_ARGS__); break;     \
    case EK_AVX512: avx512_##function(__VA_ARGS__); break;        \
    case EK_AVX2: avx2_##function(__VA_ARGS__); break;            \
    default: scalar_##function(__VA_ARGS__); break;               \
    }
#else
#define DISPATCH(function, ...) scalar_##function(__VA_ARGS__);
#endif

void ek_code_rows(ek_variant variant, int64_t first, int64_t count, int64_t total, int64_t depth, const float *x,
                  int64_t x_stride, int16_t *codes, float *scales) {
    for (int64_t t = first; t < first + count; t++) {
        DISPATCH(code_row, depth, x + t * x_stride, total * EK_DEPTH, total * (EK_DEPTH / EK_GROUP),
                 codes + t * EK_DEPTH, scales + t * (EK_DEPTH / EK_GROUP))
    }
}

void ek_multiply_coded(ek_variant variant, int64_t tokens, int64_t depth, const int16_t *codes, const float *scales,
                       const float *rows, int64_t row_stride, int64_t row_count, float *out, int64_t out_stride) {
    // 16 KB of weights and 8 KB of their codes: both stay in the first-level cache.
    _Alignas(64) float panel[EK_DEPTH * EK_PANEL];
    _Alignas(64) int32_t pairs[EK_DEPTH / 2 * EK_PANEL];
    _Alignas(64) float panel_scales[EK_DEPTH / EK_GROUP * EK_PANEL];
    for (int64_t k = 0; k < depth; k += EK_DEPTH) {
        int64_t block = depth - k < EK_DEPTH ? depth - k : EK_DEPTH;
        int64_t groups = (block + EK_GROUP - 1) / EK_GROUP;
        transpose(block, rows + k, row_stride, row_count, panel);
        for (int64_t i = block * EK_PANEL; i < groups * EK_GROUP * EK_PANEL; i++) panel[i] = 0;
        DISPATCH(code_panel, groups, panel, pairs, panel_scales)
        DISPATCH(multiply_block, k == 0, tokens, groups, codes + k * tokens, scales + k / EK_GROUP * tokens, pairs,
                 panel_scales, row_count, out, out_stride)
    }
}
