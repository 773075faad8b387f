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

static TARGET bool NAME(encode)(int tensor_type, const ek_run *run, uint8_t *bytes) {
    NAME(encoder) encoder;
    ek_run plain = *run;
    plain.importance = NULL;
    switch (tensor_type) {
    case 2: encoder = (NAME(encoder)){NAME(encode_q4_0), 32, 18, true}; break;
    case 3: encoder = (NAME(encoder)){NAME(encode_q4_1), 32, 20, true}; break;
    case 6: encoder = (NAME(encoder)){NAME(encode_q5_0), 32, 22, true}; break;
    case 7: encoder = (NAME(encoder)){NAME(encode_q5_1), 32, 24, true}; break;
    case 8: encoder = (NAME(encoder)){NAME(encode_q8_0), 32, 34, false}, run = &plain; break;
    case 10: encoder = (NAME(encoder)){NAME(encode_q2_K), 256, 84, false}; break;
    case 11: encoder = (NAME(encoder)){NAME(encode_q3_K), 256, 110, false}; break;
    case 12: encoder = (NAME(encoder)){NAME(encode_q4_K), 256, 144, false}; break;
    case 13: encoder = (NAME(encoder)){NAME(encode_q5_K), 256, 176, false}; break;
    case 14: encoder = (NAME(encoder)){NAME(encode_q6_K), 256, 210, false}; break;
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
