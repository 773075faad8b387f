// Vectors of as many blocks as a register holds, one a lane, and what moves weights and bytes in and out of them.

typedef float NAME(floats) __attribute__((ext_vector_type(LANES), may_alias));
typedef int32_t NAME(ints) __attribute__((ext_vector_type(LANES), may_alias));
#define floats NAME(floats)
#define ints NAME(ints)
#define FUNCTION static inline __attribute__((always_inline)) TARGET
#define SPLAT(x) ((floats)(x))
#define INTS(x) ((ints)(x))
#define FLOATS(x) ((floats)(x))

FUNCTION bool NAME(any)(ints mask) { return __builtin_reduce_or(mask) != 0; }
#define any NAME(any)

FUNCTION floats NAME(magnitude)(floats x) { return FLOATS(INTS(x) & 0x7fffffff); }
#define magnitude NAME(magnitude)

/// The nearest whole numbers, ties to even, for magnitudes below 2^22: one instruction where there is one, or else a sum
/// that has no bits behind the binary point.
FUNCTION floats NAME(nearest)(floats x) {
#if LANES > 4
    return __builtin_elementwise_roundeven(x);
#else
    return (x + 12582912.0f) - 12582912.0f;
#endif
}
#define nearest NAME(nearest)

/// The same for every input, as the reference takes them from the sum's bits: large numbers wrap.
FUNCTION ints NAME(nearest_wrapping)(floats x) { return (INTS(x + 12582912.0f) & 0x7fffff) - 0x400000; }
#define nearest_wrapping NAME(nearest_wrapping)

FUNCTION floats NAME(to_floats)(ints x) { return __builtin_convertvector(x, floats); }
#define to_floats NAME(to_floats)

/// NaN becomes the lower limit.
FUNCTION floats NAME(clamp)(floats x, float lower, float upper) {
    floats raised = x > SPLAT(lower) ? x : SPLAT(lower);
    return raised > SPLAT(upper) ? SPLAT(upper) : raised;
}
#define clamp NAME(clamp)

FUNCTION ints NAME(clamp_ints)(ints x, int lower, int upper) {
    ints raised = x < (ints)lower ? (ints)lower : x;
    return raised > (ints)upper ? (ints)upper : raised;
}
#define clamp_ints NAME(clamp_ints)

/// Half precision as 16 bits: ties to even, infinity on overflow, one NaN.
FUNCTION ints NAME(to_half)(floats x) {
    ints bits = INTS(x), size = bits & 0x7fffffff;
    ints normal = (size + 0xfff + ((size >> 13) & 1) - 0x38000000) >> 13;
    // Adding 0.5 makes the processor round a subnormal result at the right bit.
    ints subnormal = INTS(FLOATS(size) + 0.5f) - 0x3f000000;
    ints half = size < 0x38800000 ? subnormal : normal;
    half = size >= 0x47800000 ? (ints)0x7c00 : half;
    half = size > 0x7f800000 ? (ints)0x7e00 : half;
    return half | ((bits >> 16) & 0x8000);
}
#define to_half NAME(to_half)

FUNCTION floats NAME(from_half)(ints half) {
    ints value = INTS(FLOATS((half & 0x7fff) << 13) * 0x1p112f);
    value |= (half & 0x7c00) == 0x7c00 ? (ints)0x7f800000 : (ints)0;
    return FLOATS(value | (half & 0x8000) << 16);
}
#define from_half NAME(from_half)

/// Blocks to encode, a lane a block.
typedef struct NAME(batch) {
    const floats *x;
    /// What columns count; null without an importance matrix.
    const floats *importance;
    /// Mean of the squared weights of the block's row; set with importance only.
    floats row_mean_square;
    /// The blocks' bytes, and how many of the lanes have a block.
    uint8_t *out;
    int block_bytes, live;
} NAME(batch);
#define batch NAME(batch)

FUNCTION void NAME(store_words)(const batch *b, int offset, const ints *words, int count) {
    for (int lane = 0; lane < b->live; lane++)
        for (int k = 0; k < count; k++)
            __builtin_memcpy(b->out + lane * b->block_bytes + offset + 4 * k, (const int32_t *)(words + k) + lane, 4);
}
#define store_words NAME(store_words)

FUNCTION void NAME(store_halves)(const batch *b, int offset, ints halves) {
    for (int lane = 0; lane < b->live; lane++)
        __builtin_memcpy(b->out + lane * b->block_bytes + offset, (const int32_t *)&halves + lane, 2);
}
#define store_halves NAME(store_halves)

/// tile[i] lane r = rows[r][i]; `count` is a multiple of four.
FUNCTION void NAME(transpose)(const float *const *rows, int count, floats *tile) {
    float *target = (float *)tile;
    for (int r = 0; r < LANES; r += 4) {
        for (int i = 0; i < count; i += 4) {
            vec4 a = *(const vec4 *)(rows[r] + i), b = *(const vec4 *)(rows[r + 1] + i);
            vec4 c = *(const vec4 *)(rows[r + 2] + i), d = *(const vec4 *)(rows[r + 3] + i);
            vec4 ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
            vec4 cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
            float *at = target + i * LANES + r;
            *(vec4 *)at = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
            *(vec4 *)(at + LANES) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
            *(vec4 *)(at + 2 * LANES) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
            *(vec4 *)(at + 3 * LANES) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
        }
    }
}
#define transpose NAME(transpose)
