// One product, compiled once per instruction set and precision: tile_products.c defines NAME, TARGET, REAL and LANES
// (numbers in a vector) before each inclusion.

typedef REAL NAME(vec) __attribute__((ext_vector_type(LANES), aligned(sizeof(REAL)), may_alias));

// `height` rows by two vectors stay in registers while the terms are added one by one.
static inline __attribute__((always_inline)) TARGET void NAME(strip)(
    const int height, const REAL *tall, int64_t tall_stride, const REAL *wide, int64_t wide_stride, int64_t rank,
    int64_t columns, REAL *out, int64_t out_stride) {
    int64_t column = 0;
    for (; column + 2 * LANES <= columns; column += 2 * LANES) {
        NAME(vec) sums[4][2];
#pragma clang loop unroll(full)
        for (int i = 0; i < height; i++) {
            sums[i][0] = *(const NAME(vec) *)(out + i * out_stride + column);
            sums[i][1] = *(const NAME(vec) *)(out + i * out_stride + column + LANES);
        }
        for (int64_t k = 0; k < rank; k++) {
            NAME(vec) first = *(const NAME(vec) *)(wide + k * wide_stride + column);
            NAME(vec) second = *(const NAME(vec) *)(wide + k * wide_stride + column + LANES);
#pragma clang loop unroll(full)
            for (int i = 0; i < height; i++) {
                NAME(vec) factor = (NAME(vec))(tall[i * tall_stride + k]);
                sums[i][0] += factor * first;
                sums[i][1] += factor * second;
            }
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < height; i++) {
            *(NAME(vec) *)(out + i * out_stride + column) = sums[i][0];
            *(NAME(vec) *)(out + i * out_stride + column + LANES) = sums[i][1];
        }
    }
    for (; column < columns; column++) {
        for (int i = 0; i < height; i++) {
            REAL sum = out[i * out_stride + column];
            for (int64_t k = 0; k < rank; k++) sum += tall[i * tall_stride + k] * wide[k * wide_stride + column];
            out[i * out_stride + column] = sum;
        }
    }
}

static TARGET void NAME(tile)(const REAL *tall, int64_t tall_stride, const REAL *wide, int64_t wide_stride, int64_t rows,
                              int64_t rank, int64_t columns, REAL *out, int64_t out_stride) {
    int64_t row = 0;
    for (; row + 4 <= rows; row += 4)
        NAME(strip)(4, tall + row * tall_stride, tall_stride, wide, wide_stride, rank, columns, out + row * out_stride,
                    out_stride);
    for (; row < rows; row++)
        NAME(strip)(1, tall + row * tall_stride, tall_stride, wide, wide_stride, rank, columns, out + row * out_stride,
                    out_stride);
}

#undef NAME
#undef TARGET
#undef REAL
#undef LANES
