// Formats of 32 weights with one scale, and perhaps a minimum. The Swift twins bear the formats' names.

/// The number without its fraction; what is no small positive number gives zero.
FUNCTION ints NAME(truncated)(floats x) {
    return __builtin_convertvector(((x >= 0) & (x < 256)) ? x : SPLAT(0), ints);
}

FUNCTION floats NAME(inverse_of)(floats scale) { return scale == 0 ? SPLAT(0) : 1 / scale; }

FUNCTION void NAME(pack_four_bits)(const ints *levels, ints *words) {
    for (int k = 0; k < 4; k++) words[k] = four(levels + 4 * k, 0, 15) | four(levels + 16 + 4 * k, 0, 15) << 4;
}

FUNCTION ints NAME(pack_fifth_bits)(const ints *levels) {
    ints word = 0;
    for (int i = 0; i < 32; i++) word |= (levels[i] >> 4 & 1) << i;
    return word;
}

/// Q4_0 and Q5_0.
FUNCTION void NAME(encode_scale)(const batch *b, const int half) {
    ints levels[32], words[5];
    floats scale;
    if (b->importance) {
        floats w[32];
        NAME(weigh)(b, 0, 32, b->row_mean_square, w);
        scaled found = search_scale(b->x, w, 32, (float)half);
        for (int i = 0; i < 32; i++) levels[i] = scaled_levels(b->x[i], found, (float)half);
        scale = found.scale;
    } else {
        scale = extreme_of(b->x, 32) / (float)-half;
        floats inverse = NAME(inverse_of)(scale);
        for (int i = 0; i < 32; i++) {
            ints level = NAME(truncated)(b->x[i] * inverse + ((float)half + 0.5f));
            levels[i] = level > 2 * half - 1 ? (ints)(2 * half - 1) : level;
        }
    }
    store_halves(b, 0, to_half(scale));
    NAME(pack_four_bits)(levels, words + 1);
    if (half == 8) {
        store_words(b, 2, words + 1, 4);
    } else {
        words[0] = NAME(pack_fifth_bits)(levels);
        store_words(b, 2, words, 5);
    }
}
static TARGET void NAME(encode_q4_0)(const batch *b) { NAME(encode_scale)(b, 8); }
static TARGET void NAME(encode_q5_0)(const batch *b) { NAME(encode_scale)(b, 16); }

/// Q4_1 and Q5_1.
FUNCTION void NAME(encode_scale_and_minimum)(const batch *b, const int limit) {
    ints levels[32], words[6];
    floats scale, minimum;
    if (b->importance) {
        floats w[32];
        NAME(weigh)(b, 0, 32, b->row_mean_square, w);
        affine found = search_affine(b->x, w, 32, WEIGHTED_STEPS((float)limit));
        for (int i = 0; i < 32; i++) levels[i] = affine_levels(b->x[i], found, limit);
        scale = found.scale;
        minimum = -found.minimum;
    } else {
        floats maximum = SPLAT(-__FLT_MAX__);
        minimum = SPLAT(__FLT_MAX__);
        for (int i = 0; i < 32; i++) {
            minimum = b->x[i] < minimum ? b->x[i] : minimum;
            maximum = b->x[i] > maximum ? b->x[i] : maximum;
        }
        scale = (maximum - minimum) / (float)limit;
        floats inverse = NAME(inverse_of)(scale);
        for (int i = 0; i < 32; i++) {
            ints level = NAME(truncated)((b->x[i] - minimum) * inverse + 0.5f);
            // The reference does not limit five bits.
            if (limit == 15) level = level > 15 ? (ints)15 : level;
            levels[i] = level;
        }
    }
    words[0] = to_half(scale) | to_half(minimum) << 16;
    NAME(pack_four_bits)(levels, words + 2);
    if (limit == 15) {
        words[1] = words[0];
        store_words(b, 0, words + 1, 5);
    } else {
        words[1] = NAME(pack_fifth_bits)(levels);
        store_words(b, 0, words, 6);
    }
}
static TARGET void NAME(encode_q4_1)(const batch *b) { NAME(encode_scale_and_minimum)(b, 15); }
static TARGET void NAME(encode_q5_1)(const batch *b) { NAME(encode_scale_and_minimum)(b, 31); }

static TARGET void NAME(encode_q8_0)(const batch *b) {
    floats greatest = 0;
    for (int i = 0; i < 32; i++) {
        floats size = magnitude(b->x[i]);
        greatest = size > greatest ? size : greatest;
    }
    floats scale = greatest / 127, inverse = NAME(inverse_of)(scale);
    ints levels[32], words[8];
    for (int i = 0; i < 32; i++) {
        // Ties go away from zero; rounding to even differs only there, by one towards zero.
        floats x = b->x[i] * inverse, even = nearest(x), rest = x - even;
        even = ((rest == 0.5f) & (x > 0)) ? even + 1 : even;
        even = ((rest == -0.5f) & (x < 0)) ? even - 1 : even;
        levels[i] = nearest_wrapping(even);
    }
    for (int k = 0; k < 8; k++) words[k] = four(levels + 4 * k, 0, 0xff);
    store_halves(b, 0, to_half(scale));
    store_words(b, 2, words, 8);
}
