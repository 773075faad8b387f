// What the grid formats search for and how they lay out a block, the same for every instruction set. The Swift twins
// bear the formats' names and explain the layouts.

typedef struct grid_block {
    uint16_t half, numbers[64];
    uint8_t signs[32], levels[16];
    bool is_zero[16];
} grid_block;

enum { REFINE_OFF_GRID, REFINE_ALL_UNLESS_ON_GRID, REFINE_ALL };

// GridSearch's properties; `bits` of a packed digit stand for the grid's shape.
typedef struct grid_plan {
    int bits, group, steps;
    float step, negligible;
    bool even_signs, from_search;
    int refinement;
    float mean_factor, plain_factor, correction;
    void (*store)(const grid_block *block, uint8_t *out);
} grid_plan;

/// The number of the point with these digits.
static uint16_t number_of(const ek_grid *grid, int digits, int bits) {
    int cell = digits & 0xfff;
    if (bits == 2) {
        cell = 0;
        for (int place = 7; place >= 0; place--) cell = 3 * cell + (digits >> 2 * place & 3);
    }
    return (uint16_t)grid->places[cell];
}

/// Makes a block unusable, for weights that the reference stops the program for.
static void give_up(uint8_t *out, int count) {
    memset(out, 0, (size_t)count);
    out[1] = 0x7e;
}

static void store_bytes(uint8_t *out, uint32_t word, int count) {
    for (int i = 0; i < count; i++) out[i] = (uint8_t)(word >> 8 * i);
}

static void store_levels(uint8_t *out, const uint8_t *levels, int count) {
    for (int i = 0; i < count; i += 2) *out++ = levels[i] | levels[i + 1] << 4;
}

/// Four times seven signs, and four bits of scale above them.
static uint32_t signs_and_level(const grid_block *block, int group) {
    uint32_t word = (uint32_t)block->levels[group] << 28;
    for (int i = 0; i < 4; i++) word |= (uint32_t)block->signs[4 * group + i] << 7 * i;
    return word;
}

static void store_iq2_xxs(const grid_block *block, uint8_t *out) {
    store_bytes(out, block->half, 2);
    for (int group = 0; group < 8; group++) {
        for (int i = 0; i < 4; i++) out[2 + 8 * group + i] = (uint8_t)block->numbers[4 * group + i];
        store_bytes(out + 6 + 8 * group, signs_and_level(block, group), 4);
    }
}

static void store_iq2_xs(const grid_block *block, uint8_t *out) {
    store_bytes(out, block->half, 2);
    for (int i = 0; i < 32; i++) store_bytes(out + 2 + 2 * i, block->numbers[i] | block->signs[i] << 9, 2);
    store_levels(out + 66, block->levels, 16);
}

static void store_iq2_s(const grid_block *block, uint8_t *out) {
    store_bytes(out, block->half, 2);
    memset(out + 66, 0, 8);
    for (int i = 0; i < 32; i++) {
        out[2 + i] = (uint8_t)block->numbers[i];
        out[34 + i] = block->signs[i];
        out[66 + i / 4] |= block->numbers[i] >> 8 << 2 * (i % 4);
    }
    store_levels(out + 74, block->levels, 16);
}

static void store_iq3_xxs(const grid_block *block, uint8_t *out) {
    store_bytes(out, block->half, 2);
    for (int i = 0; i < 64; i++) out[2 + i] = (uint8_t)block->numbers[i];
    for (int group = 0; group < 8; group++) store_bytes(out + 66 + 4 * group, signs_and_level(block, group), 4);
}

static void store_iq3_s(const grid_block *block, uint8_t *out) {
    memset(out, 0, 110);
    store_bytes(out, block->half, 2);
    // A group of zeros takes no place among points and signs.
    uint8_t *points = out + 2, *signs = out + 74;
    for (int group = 0; group < 8; group++) {
        if (block->is_zero[group]) continue;
        for (int i = 0; i < 8; i++) {
            *points++ = (uint8_t)block->numbers[8 * group + i];
            out[66 + group] |= block->numbers[8 * group + i] >> 8 << i;
        }
        for (int i = 0; i < 4; i++) *signs++ = block->signs[4 * group + i];
    }
    store_levels(out + 106, block->levels, 8);
}

/// MXFP4's exponent for a block's greatest magnitude; see its Swift twin. The logarithm itself decides only for numbers
/// just below a power of two and for subnormal ones.
static int exponent_of(float greatest) {
    if (greatest == 0) return 0;
    uint32_t bits;
    memcpy(&bits, &greatest, 4);
    bool is_simple = bits >= 0x800000 && (bits & 0x7fffff) < 0x7fff00;
    int exponent = is_simple ? (int)(bits >> 23) - 127 : (int)floorf((float)log2((double)greatest));
    return (exponent + 125) & 255;
}

static const grid_plan iq2_xxs_plan = {2, 32, 6, 0.1f, 1e-15f, true, true, REFINE_ALL, 1, 0, 1, store_iq2_xxs};
static const grid_plan iq2_xs_plan = {2, 16, 9, 0.1f, 1e-15f, true, false, REFINE_OFF_GRID, 1, 0, 1, store_iq2_xs};
static const grid_plan iq2_s_plan = {2, 16, 9, 0.1f, 1e-8f, false, false, REFINE_OFF_GRID, 2, 0.25f, 0.9875f,
                                     store_iq2_s};
static const grid_plan iq3_xxs_plan = {3, 32, 15, 0.2f, 1e-8f, true, false, REFINE_OFF_GRID, 2, 0, 1.0125f,
                                       store_iq3_xxs};
static const grid_plan iq3_s_plan = {3, 32, 9, 0.2f, 0x1p-149f, false, false, REFINE_ALL_UNLESS_ON_GRID, 2, 0, 1.033f,
                                     store_iq3_s};
