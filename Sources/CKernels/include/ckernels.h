// The innermost loops of inference, for instruction sets that Swift cannot choose at run time. Each has a Swift twin in
// the Inference target, which says what it computes; the variants differ from it by rounding only.
#ifndef EDGEPIPE_CKERNELS_H
#define EDGEPIPE_CKERNELS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum ek_variant {
    EK_SCALAR = 0,  // whatever the compiler's baseline offers
    EK_AVX2 = 1,    // AVX2, FMA and F16C
    EK_AVX512 = 2,  // AVX-512 F, DQ, VL and BW
    EK_NEON = 3,    // every 64-bit Arm processor
    EK_AVX512_VNNI = 4,  // the same with VNNI, which multiplies and adds whole numbers at once
} ek_variant;

enum {
    EK_PANEL = 32,   // columns of a weight panel
    EK_DEPTH = 128,  // products that are summed before the sum is added to the output
    EK_LANES = 64,   // partial sums of a dot product
    EK_GROUP = 32,   // coded numbers that share a scale
};

/// Whether this build contains the variant and this processor can run it.
bool ek_is_supported(ek_variant variant);

/// Tells the processor that this thread waits for another.
static inline void ek_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/// out[t][r] = sum over k of x[t][k] * rows[r][k], for t < tokens, k < depth, r < row_count <= EK_PANEL: activations by
/// weights as they lie in a file. Strides are in floats. Products are summed in order of k within blocks of EK_DEPTH,
/// and the blocks' sums in order, so that the result does not depend on how tokens and rows are divided among calls.
void ek_multiply_rows(ek_variant variant, int64_t tokens, int64_t depth, const float *x, int64_t x_stride,
                      const float *rows, int64_t row_stride, int64_t row_count, float *out, int64_t out_stride);

/// out[t][c] = sum over k of x[t][k] * panel[k][c], for c < columns <= EK_PANEL, in the same order. Every row of the
/// panel must have EK_PANEL readable floats.
void ek_multiply_panel(ek_variant variant, int64_t tokens, int64_t depth, const float *x, int64_t x_stride,
                       const float *panel, int64_t panel_stride, int64_t columns, float *out, int64_t out_stride);

/// Codes `count` rows of activations from `first` on: 32 numbers share a scale, a power of two, and each becomes a whole
/// number of up to 13 bits, rounded to nearest, ties to even. Groups with something infinite or no number in them get a scale
/// that is no number.
/// The codes of all `total` rows lie block by block: (depth / EK_DEPTH, total, EK_DEPTH), padded with zeros, and the scales
/// likewise: (depth / EK_DEPTH, total, EK_DEPTH / EK_GROUP).
void ek_code_rows(ek_variant variant, int64_t first, int64_t count, int64_t total, int64_t depth, const float *x,
                  int64_t x_stride, int16_t *codes, float *scales);

/// out[t][r] = sum over k of x[t][k] * rows[r][k], as ek_multiply_rows, for coded activations and weights that are coded on
/// the way. Products of a group are summed exactly, and groups in order, so that all variants give the same numbers.
void ek_multiply_coded(ek_variant variant, int64_t tokens, int64_t depth, const int16_t *codes, const float *scales,
                       const float *rows, int64_t row_stride, int64_t row_count, float *out, int64_t out_stride);

/// Sum of a[i] * b[i] in EK_LANES partial sums, which are then folded in halves.
float ek_dot(ek_variant variant, const float *a, const float *b, int64_t count);

/// The largest element; count must be positive.
float ek_max(ek_variant variant, const float *x, int64_t count);

/// x[i] = exp(scale * (x[i] - shift)), and the sum of the results in double precision.
double ek_exp_in_place(ek_variant variant, float *x, int64_t count, float shift, float scale);

/// The sum of exp(x[i] - shift) in double precision.
double ek_sum_exp(ek_variant variant, const float *x, int64_t count, float shift);

/// gate[i] = gate[i] / (1 + exp(-gate[i])) * up[i]
void ek_swiglu(ek_variant variant, float *gate, const float *up, int64_t count);

/// x[i] = h / (1 + exp(-2 u)) * factors[i], where h is x[i], rounded to half precision, and u = sqrt(2 / pi) * (h +
/// 0.044715 h^3); the quotient is rounded likewise. It is 0 up to -10 and x[i] from 10 on. factors may be null.
void ek_gelu(ek_variant variant, float *x, const float *factors, int64_t count);

/// x[i] = cap * tanh(scale * x[i] / cap)
void ek_soft_cap(ek_variant variant, float *x, int64_t count, float scale, float cap);

#endif
