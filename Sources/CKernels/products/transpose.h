// Rows of weights turned into panels, in which one depth's weights lie side by side.

typedef float vec4 __attribute__((ext_vector_type(4), aligned(4), may_alias));

// panel[k][r] = rows[r][k], with zeros for the rows that are missing.
static inline void transpose(int64_t depth, const float *rows, int64_t row_stride, int64_t row_count, float *panel) {
    int64_t whole_depth = depth & ~(int64_t)3;
    int64_t whole_rows = row_count & ~(int64_t)3;
    for (int64_t r = 0; r < whole_rows; r += 4) {
        const float *source = rows + r * row_stride;
        for (int64_t k = 0; k < whole_depth; k += 4) {
            vec4 a = *(const vec4 *)(source + k), b = *(const vec4 *)(source + row_stride + k);
            vec4 c = *(const vec4 *)(source + 2 * row_stride + k), d = *(const vec4 *)(source + 3 * row_stride + k);
            vec4 ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
            vec4 cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);
            float *target = panel + k * EK_PANEL + r;
            *(vec4 *)target = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
            *(vec4 *)(target + EK_PANEL) = __builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
            *(vec4 *)(target + 2 * EK_PANEL) = __builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
            *(vec4 *)(target + 3 * EK_PANEL) = __builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
        }
        for (int64_t k = whole_depth; k < depth; k++)
            for (int64_t i = r; i < r + 4; i++) panel[k * EK_PANEL + i] = rows[i * row_stride + k];
    }
    for (int64_t r = whole_rows; r < EK_PANEL; r++)
        for (int64_t k = 0; k < depth; k++) panel[k * EK_PANEL + r] = r < row_count ? rows[r * row_stride + k] : 0;
}
