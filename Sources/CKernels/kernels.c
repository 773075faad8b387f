#include "ckernels.h"
#include "products/transpose.h"

#define NAME(function) scalar_##function
#define TARGET
#define LANES 4
#define VECTORS 2
#define TOKENS 4
#include "kernel_body.h"

#if defined(__x86_64__)

#define NAME(function) avx2_##function
#define TARGET __attribute__((target("avx2,fma")))
#define LANES 8
#define VECTORS 2
#define TOKENS 6
#include "kernel_body.h"

#define NAME(function) avx512_##function
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")))
#define LANES 16
#define VECTORS 2
#define TOKENS 12
#include "kernel_body.h"

#elif defined(__aarch64__)

#define NAME(function) neon_##function
#define TARGET
#define LANES 4
#define VECTORS 4
#define TOKENS 6
#include "kernel_body.h"

#endif

bool ek_is_supported(ek_variant variant) {
    switch (variant) {
    case EK_SCALAR:
        return true;
#if defined(__x86_64__)
    case EK_AVX2:
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
    case EK_AVX512:
        __builtin_cpu_init();
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
               ek_is_supported(EK_AVX2);
    case EK_AVX512_VNNI:
        return ek_is_supported(EK_AVX512) && __builtin_cpu_supports("avx512vnni");
#elif defined(__aarch64__)
    case EK_NEON:
        return true;
#endif
    default:
        return false;
    }
}

#if defined(__x86_64__)
#define DISPATCH(function, ...)                                   \
    switch (variant) {                                            \
    case EK_AVX512_VNNI:                                          \
    case EK_AVX512: return avx512_##function(__VA_ARGS__);        \
    case EK_AVX2: return avx2_##function(__VA_ARGS__);            \
    default: return scalar_##function(__VA_ARGS__);               \
    }
#elif defined(__aarch64__)
#define DISPATCH(function, ...)                                   \
    switch (variant) {                                            \
    case EK_NEON: return neon_##function(__VA_ARGS__);            \
    default: return scalar_##function(__VA_ARGS__);               \
    }
#else
#define DISPATCH(function, ...) return scalar_##function(__VA_ARGS__);
#endif

static void multiply_block(ek_variant variant, bool is_first, int64_t tokens, int64_t depth, const float *x,
                           int64_t x_stride, const float *panel, int64_t panel_stride, int64_t columns, float *out,
                           int64_t out_stride) {
    DISPATCH(multiply_block, is_first, tokens, depth, x, x_stride, panel, panel_stride, columns, out, out_stride)
}

void ek_multiply_panel(ek_variant variant, int64_t tokens, int64_t depth, const float *x, int64_t x_stride,
                       const float *panel, int64_t panel_stride, int64_t columns, float *out, int64_t out_stride) {
    for (int64_t k = 0; k < depth; k += EK_DEPTH)
        multiply_block(variant, k == 0, tokens, depth - k < EK_DEPTH ? depth - k : EK_DEPTH, x + k, x_stride,
                       panel + k * panel_stride, panel_stride, columns, out, out_stride);
}

void ek_multiply_rows(ek_variant variant, int64_t tokens, int64_t depth, const float *x, int64_t x_stride,
                      const float *rows, int64_t row_stride, int64_t row_count, float *out, int64_t out_stride) {
    // 16 KB: stays in the first-level cache while all tokens pass.
    _Alignas(64) float panel[EK_DEPTH * EK_PANEL];
    for (int64_t k = 0; k < depth; k += EK_DEPTH) {
        int64_t block = depth - k < EK_DEPTH ? depth - k : EK_DEPTH;
        transpose(block, rows + k, row_stride, row_count, panel);
        multiply_block(variant, k == 0, tokens, block, x + k, x_stride, panel, EK_PANEL, row_count, out, out_stride);
    }
}

float ek_dot(ek_variant variant, const float *a, const float *b, int64_t count) {
    DISPATCH(dot, a, b, count)
}

float ek_max(ek_variant variant, const float *x, int64_t count) {
    DISPATCH(max, x, count)
}

double ek_exp_in_place(ek_variant variant, float *x, int64_t count, float shift, float scale) {
    DISPATCH(exp_in_place, x, count, shift, scale)
}

double ek_sum_exp(ek_variant variant, const float *x, int64_t count, float shift) {
    DISPATCH(sum_exp, x, count, shift)
}

void ek_swiglu(ek_variant variant, float *gate, const float *up, int64_t count) {
    DISPATCH(swiglu, gate, up, count)
}

void ek_gelu(ek_variant variant, float *x, const float *factors, int64_t count) {
    DISPATCH(gelu, x, factors, count)
}

void ek_soft_cap(ek_variant variant, float *x, int64_t count, float scale, float cap) {
    DISPATCH(soft_cap, x, count, scale, cap)
}
