// Runs of blocks, in batches of a block a lane.

typedef struct NAME(encoder) {
    void (*encode)(const batch *b);
    int elements, bytes;
    /// Whether the importance of a weight depends on its whole row.
    bool needs_row;
} NAME(encoder);

/// The mean of the squared weights of up to LANES rows, a lane a row: the order of the sum decides its last bits.
FUNCTION floats NAME(row_mean_squares)(const float *weights, int64_t columns, int64_t row_count) {
    const float *rows[LANES];
    for (int lane = 0; lane < LANES; lane++)
        rows[lane] = weights + (lane < row_count ? lane : row_count - 1) * columns;
    floats tile[32], sum = 0;
    for (int64_t column = 0; column < columns; column += 32) {
        transpose(rows, 32, tile);
        for (int i = 0; i < 32; i++) sum += tile[i] * tile[i];
        for (int lane = 0; lane < LANES; lane++) rows[lane] += 32;
    }
    return sum / (float)columns;
}

/// Encodes `count` blocks. `row_means` are those of the rows from the first block's on; null where not needed.
static TARGET void NAME(encode_blocks)(const NAME(encoder) *encoder, const ek_run *run, int64_t first, int64_t count,
                                       const float *row_means, uint8_t *bytes) {
    floats x[256], importance[256];
    int64_t row_blocks = run->importance ? run->columns / encoder->elements : 0;
    for (int64_t start = first; start < first + count; start += LANES) {
        int64_t left = first + count - start;
        batch b = {.x = x,
                   .grid = run->grid,
                   .out = bytes + start * encoder->bytes,
                   .block_bytes = encoder->bytes,
                   .live = left < LANES ? (int)left : LANES};
        const float *rows[LANES];
        // Lanes without a block repeat the last one.
        for (int lane = 0; lane < LANES; lane++)
            rows[lane] = run->weights + (start + (lane < b.live ? lane : b.live - 1)) * encoder->elements;
        transpose(rows, encoder->elements, x);
        if (run->importance) {
            float means[LANES] = {0};
            for (int lane = 0; lane < LANES; lane++) {
                int64_t block = start + (lane < b.live ? lane : b.live - 1);
                rows[lane] = run->importance + block % row_blocks * encoder->elements;
                if (row_means) means[lane] = row_means[(block - first) / row_blocks];
            }
            transpose(rows, encoder->elements, importance);
            b.importance = importance;
            __builtin_memcpy(&b.row_mean_square, means, sizeof means);
        }
        encoder->encode(&b);
    }
}

static TARGET void NAME(encode_halves)(const float *x, uint8_t *out, int64_t count) {
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        floats weights;
        __builtin_memcpy(&weights, x + i, sizeof weights);
        uint16_t __attribute__((ext_vector_type(LANES))) halves =
            __builtin_convertvector(to_half(weights), uint16_t __attribute__((ext_vector_type(LANES))));
        __builtin_memcpy(out + 2 * i, &halves, sizeof halves);
    }
    for (; i < count; i++) {
        uint16_t half = (uint16_t)to_half(SPLAT(x[i]))[0];
        __builtin_memcpy(out + 2 * i, &half, sizeof half);
    }
}

static TARGET bool NAME(encode)(int tensor_type, const ek_run *run, uint8_t *bytes) {
    NAME(encoder) encoder;
    ek_run plain = *run;
    plain.importance = NULL;
    switch (tensor_type) {
    case EK_TYPE_F16: NAME(encode_halves)(run->weights, bytes, run->block_count); return true;
    case EK_TYPE_Q4_0: encoder = (NAME(encoder)){NAME(encode_q4_0), 32, 18, true}; break;
    case EK_TYPE_Q4_1: encoder = (NAME(encoder)){NAME(encode_q4_1), 32, 20, true}; break;
    case EK_TYPE_Q5_0: encoder = (NAME(encoder)){NAME(encode_q5_0), 32, 22, true}; break;
    case EK_TYPE_Q5_1: encoder = (NAME(encoder)){NAME(encode_q5_1), 32, 24, true}; break;
    case EK_TYPE_Q8_0: encoder = (NAME(encoder)){NAME(encode_q8_0), 32, 34, false}, run = &plain; break;
    case EK_TYPE_Q2_K: encoder = (NAME(encoder)){NAME(encode_q2_K), 256, 84, false}; break;
    case EK_TYPE_Q3_K: encoder = (NAME(encoder)){NAME(encode_q3_K), 256, 110, false}; break;
    case EK_TYPE_Q4_K: encoder = (NAME(encoder)){NAME(encode_q4_K), 256, 144, false}; break;
    case EK_TYPE_Q5_K: encoder = (NAME(encoder)){NAME(encode_q5_K), 256, 176, false}; break;
    case EK_TYPE_Q6_K: encoder = (NAME(encoder)){NAME(encode_q6_K), 256, 210, false}; break;
    case EK_TYPE_IQ2_XXS: encoder = (NAME(encoder)){NAME(encode_iq2_xxs), 256, 66, false}; break;
    case EK_TYPE_IQ2_XS: encoder = (NAME(encoder)){NAME(encode_iq2_xs), 256, 74, false}; break;
    case EK_TYPE_IQ3_XXS: encoder = (NAME(encoder)){NAME(encode_iq3_xxs), 256, 98, false}; break;
    case EK_TYPE_IQ1_S: encoder = (NAME(encoder)){NAME(encode_iq1_s), 256, 50, false}; break;
    case EK_TYPE_IQ4_NL: encoder = (NAME(encoder)){NAME(encode_iq4_nl), 32, 18, false}; break;
    case EK_TYPE_IQ3_S: encoder = (NAME(encoder)){NAME(encode_iq3_s), 256, 110, false}; break;
    case EK_TYPE_IQ2_S: encoder = (NAME(encoder)){NAME(encode_iq2_s), 256, 82, false}; break;
    case EK_TYPE_IQ4_XS: encoder = (NAME(encoder)){NAME(encode_iq4_xs), 256, 136, false}; break;
    case EK_TYPE_IQ1_M: encoder = (NAME(encoder)){NAME(encode_iq1_m), 256, 56, false}; break;
    case EK_TYPE_TQ1_0: encoder = (NAME(encoder)){NAME(encode_tq1_0), 256, 54, false}, run = &plain; break;
    case EK_TYPE_TQ2_0: encoder = (NAME(encoder)){NAME(encode_tq2_0), 256, 66, false}, run = &plain; break;
    case EK_TYPE_MXFP4: encoder = (NAME(encoder)){NAME(encode_mxfp4), 32, 17, false}, run = &plain; break;
    case EK_TYPE_Q1_0: encoder = (NAME(encoder)){NAME(encode_q1_0), 128, 18, false}, run = &plain; break;
    case EK_TYPE_Q2_0: encoder = (NAME(encoder)){NAME(encode_q2_0), 64, 18, false}, run = &plain; break;
    default: return false;
    }
    if (!run->importance || !encoder.needs_row) {
        NAME(encode_blocks)(&encoder, run, 0, run->block_count, NULL, bytes);
        return true;
    }
    int64_t row_blocks = run->columns / encoder.elements, row_count = run->block_count / row_blocks;
    for (int64_t row = 0; row < row_count; row += LANES) {
        int64_t rows = row_count - row < LANES ? row_count - row : LANES;
        floats means = NAME(row_mean_squares)(run->weights + row * run->columns, run->columns, rows);
        NAME(encode_blocks)(&encoder, run, row * row_blocks, rows * row_blocks, (const float *)&means, bytes);
    }
    return true;
}

static TARGET uint32_t NAME(greatest_of_run)(const float *x, int64_t count) {
    // Magnitudes compare as their bits do.
    ints greatest = 0;
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        ints bits;
        __builtin_memcpy(&bits, x + i, sizeof bits);
        bits &= 0x7fffffff;
        greatest = bits > greatest ? bits : greatest;
    }
    int32_t result = __builtin_reduce_max(greatest);
    for (; i < count; i++) {
        int32_t bits;
        __builtin_memcpy(&bits, x + i, sizeof bits);
        bits &= 0x7fffffff;
        result = bits > result ? bits : result;
    }
    return (uint32_t)result;
}

static TARGET void NAME(decode_halves)(const char *halves, float *out, int64_t count) {
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        uint16_t __attribute__((ext_vector_type(LANES))) bits;
        __builtin_memcpy(&bits, halves + 2 * i, sizeof bits);
        floats decoded = from_half(__builtin_convertvector(bits, ints));
        __builtin_memcpy(out + i, &decoded, sizeof decoded);
    }
    for (; i < count; i++) {
        uint16_t bits;
        __builtin_memcpy(&bits, halves + 2 * i, sizeof bits);
        out[i] = from_half((ints)(int)bits)[0];
    }
}

/// Four rows by two vectors stay in registers while the terms are added one by one.
static TARGET void NAME(add_product)(const float *tall, const float *wide, int64_t rows, int64_t rank, int64_t columns,
                                     float *out) {
    enum { HEIGHT = 4, WIDTH = 2 * LANES };
    int64_t row = 0;
    for (; row + HEIGHT <= rows; row += HEIGHT) {
        for (int64_t column = 0; column + WIDTH <= columns; column += WIDTH) {
            floats sums[HEIGHT][2];
            for (int i = 0; i < HEIGHT; i++)
                __builtin_memcpy(sums[i], out + (row + i) * columns + column, sizeof sums[i]);
            for (int64_t k = 0; k < rank; k++) {
                floats terms[2];
                __builtin_memcpy(terms, wide + k * columns + column, sizeof terms);
                for (int i = 0; i < HEIGHT; i++) {
                    floats factor = SPLAT(tall[(row + i) * rank + k]);
                    sums[i][0] += factor * terms[0];
                    sums[i][1] += factor * terms[1];
                }
            }
            for (int i = 0; i < HEIGHT; i++)
                __builtin_memcpy(out + (row + i) * columns + column, sums[i], sizeof sums[i]);
        }
    }
    // What the tiles leave: the last columns, and the last rows.
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t column = r < row ? columns / WIDTH * WIDTH : 0; column < columns; column++) {
            float sum = out[r * columns + column];
            for (int64_t k = 0; k < rank; k++) sum += tall[r * rank + k] * wide[k * columns + column];
            out[r * columns + column] = sum;
        }
    }
}
