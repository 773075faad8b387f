// Products of coded numbers, compiled once per instruction set: coded_products.c defines NAME, TARGET, LANES (numbers in a
// vector), TOKENS (rows of a register tile, which is two vectors wide) and MULTIPLY_PAIRS before each inclusion.

typedef float NAME(floats) __attribute__((ext_vector_type(LANES), aligned(4), may_alias));
typedef int32_t NAME(ints) __attribute__((ext_vector_type(LANES), aligned(4), may_alias));
typedef int16_t NAME(shorts) __attribute__((ext_vector_type(LANES), aligned(2), may_alias));
#define floats NAME(floats)
#define ints NAME(ints)
#define INLINE static inline __attribute__((always_inline)) TARGET

// The numbers' codes: multiplied with a power of two, rounded to nearest, ties to even, by a sum that has no bits behind the
// binary point, and held within the limit.
INLINE ints NAME(codes)(floats x, floats factor) {
    ints code = __builtin_bit_cast(ints, x * factor + 12582912.0f) - 0x4b400000;
    return __builtin_elementwise_max(__builtin_elementwise_min(code, (ints)EK_CODE_LIMIT), (ints)-EK_CODE_LIMIT);
}

static TARGET void NAME(code_row)(int64_t depth, const float *x, int64_t block_stride, int64_t group_stride,
                                  int16_t *codes, float *scales) {
    for (int64_t k = 0; k < depth; k += EK_DEPTH, codes += block_stride, scales += group_stride) {
        for (int64_t g = 0; g < EK_DEPTH / EK_GROUP; g++) {
            float padded[EK_GROUP] = {0};
            const float *group = x + k + g * EK_GROUP;
            int64_t left = depth - k - g * EK_GROUP;
            if (left < EK_GROUP) {
                for (int64_t i = 0; i < left; i++) padded[i] = group[i];
                group = padded;
            }
            ints largest = 0;
            for (int64_t i = 0; i < EK_GROUP; i += LANES)
                largest = __builtin_elementwise_max(largest, *(const ints *)(group + i) & 0x7fffffff);
            int32_t exponent = (int32_t)((uint32_t)__builtin_reduce_max(largest) >> 23);
            scales[g] = scale_of(exponent);
            floats factor = factor_of(exponent);
            for (int64_t i = 0; i < EK_GROUP; i += LANES) {
                ints code = NAME(codes)(*(const floats *)(group + i), factor);
                *(NAME(shorts) *)(codes + g * EK_GROUP + i) = __builtin_convertvector(code, NAME(shorts));
            }
        }
    }
}

// The codes of a panel, two depths to a place, and the scales of its groups.
static TARGET void NAME(code_panel)(int64_t groups, const float *panel, int32_t *pairs, float *scales) {
    for (int64_t g = 0; g < groups; g++) {
        for (int64_t c = 0; c < EK_PANEL; c += LANES) {
            const float *column = panel + g * EK_GROUP * EK_PANEL + c;
            ints largest = 0;
            for (int64_t k = 0; k < EK_GROUP; k++)
                largest = __builtin_elementwise_max(largest, *(const ints *)(column + k * EK_PANEL) & 0x7fffffff);
            ints exponent = largest >> 23;
            ints factor = (EK_FACTOR_EXPONENT - exponent) << 23;
            ints scale = (exponent - EK_SCALE_EXPONENT) << 23;
            factor = exponent < EK_LEAST_EXPONENT ? (ints)0 : factor;
            scale = exponent < EK_LEAST_EXPONENT ? (ints)0 : scale;
            factor = exponent == 255 ? (ints)0 : factor;
            scale = exponent == 255 ? (ints)0x7fc00000 : scale;
            *(ints *)(scales + g * EK_PANEL + c) = scale;
            for (int64_t k = 0; k < EK_GROUP; k += 2) {
                ints even = NAME(codes)(*(const floats *)(column + k * EK_PANEL), __builtin_bit_cast(floats, factor));
                ints odd = NAME(codes)(*(const floats *)(column + (k + 1) * EK_PANEL), __builtin_bit_cast(floats, factor));
                *(ints *)(pairs + (g * EK_GROUP + k) / 2 * EK_PANEL + c) = (even & 0xffff) | odd << 16;
            }
        }
    }
}

// A register tile: `tokens` is a constant at every call, so that the sums stay in registers.
INLINE void NAME(tile)(const int tokens, bool is_first, int64_t groups, const int32_t *x, const float *x_scales,
                       const int32_t *panel, const float *panel_scales, int64_t columns, float *out, int64_t out_stride) {
    floats sum[TOKENS][2];
    float edge[TOKENS][2 * LANES];
    bool is_whole = columns >= 2 * LANES;
#pragma clang loop unroll(full)
    for (int t = 0; t < tokens; t++) {
        if (!is_whole)
            for (int64_t c = 0; c < columns; c++) edge[t][c] = is_first ? 0 : out[t * out_stride + c];
        const float *place = is_whole ? out + t * out_stride : edge[t];
#pragma clang loop unroll(full)
        for (int v = 0; v < 2; v++) sum[t][v] = is_first ? (floats)(0.0f) : *(const floats *)(place + v * LANES);
    }
    for (int64_t g = 0; g < groups; g++) {
        ints whole[TOKENS][2];
#pragma clang loop unroll(full)
        for (int t = 0; t < tokens; t++) whole[t][0] = whole[t][1] = 0;
        for (int64_t k = g * EK_GROUP / 2; k < (g + 1) * EK_GROUP / 2; k++) {
            ints left = *(const ints *)(panel + k * EK_PANEL), right = *(const ints *)(panel + k * EK_PANEL + LANES);
#pragma clang loop unroll(full)
            for (int t = 0; t < tokens; t++) {
                ints factor = (ints)x[t * (EK_DEPTH / 2) + k];
                whole[t][0] = MULTIPLY_PAIRS(whole[t][0], left, factor);
                whole[t][1] = MULTIPLY_PAIRS(whole[t][1], right, factor);
            }
        }
#pragma clang loop unroll(full)
        for (int t = 0; t < tokens; t++) {
            float scale = x_scales[t * (EK_DEPTH / EK_GROUP) + g];
#pragma clang loop unroll(full)
            for (int v = 0; v < 2; v++) {
                floats part = __builtin_convertvector(whole[t][v], floats) * scale;
                sum[t][v] += part * *(const floats *)(panel_scales + g * EK_PANEL + v * LANES);
            }
        }
    }
#pragma clang loop unroll(full)
    for (int t = 0; t < tokens; t++) {
        float *place = is_whole ? out + t * out_stride : edge[t];
#pragma clang loop unroll(full)
        for (int v = 0; v < 2; v++) *(floats *)(place + v * LANES) = sum[t][v];
        if (!is_whole)
            for (int64_t c = 0; c < columns; c++) out[t * out_stride + c] = edge[t][c];
    }
}

// All tokens against one block of depth of a panel.
static TARGET void NAME(multiply_block)(bool is_first, int64_t tokens, int64_t groups, const int16_t *codes,
                                        const float *scales, const int32_t *panel, const float *panel_scales,
                                        int64_t columns, float *out, int64_t out_stride) {
    for (int64_t c = 0; c < columns; c += 2 * LANES) {
        int64_t t = 0;
#define EK_TILES(count)                                                                                        \
    for (; tokens - t >= (count); t += (count))                                                                \
        NAME(tile)((count), is_first, groups, (const int32_t *)(codes + t * EK_DEPTH),                         \
                   scales + t * (EK_DEPTH / EK_GROUP), panel + c, panel_scales + c, columns - c,               \
                   out + t * out_stride + c, out_stride);
        EK_TILES(TOKENS)
        EK_TILES(2)
        EK_TILES(1)
#undef EK_TILES
    }
}

#undef floats
#undef ints
#undef INLINE
#undef NAME
#undef TARGET
#undef LANES
#undef TOKENS
#undef MULTIPLY_PAIRS
