// Formats of one to four bits without a search. The Swift twins bear the formats' names.

FUNCTION floats NAME(greatest_magnitude)(const floats *x, int count) {
    floats greatest = 0;
    for (int i = 0; i < count; i++) {
        floats size = magnitude(x[i]);
        greatest = size > greatest ? size : greatest;
    }
    return greatest;
}

static TARGET void NAME(encode_q1_0)(const batch *b) {
    floats sum = 0;
    ints words[4] = {0};
    for (int i = 0; i < 128; i++) {
        sum += magnitude(b->x[i]);
        words[i / 32] |= b->x[i] >= 0 ? (ints)(int)(1u << i % 32) : (ints)0;
    }
    store_halves(b, 0, to_half(sum / 128));
    store_words(b, 2, words, 4);
}

/// The level of a weight divided by the scale, 0 ... 2, or `otherwise` where the scale was too small to invert.
FUNCTION ints NAME(ternary_level)(floats scaled_x, int otherwise) {
    ints level = 1 - (scaled_x >= 0.5f) + (scaled_x <= -0.5f);
    return magnitude(scaled_x) < 2 ? level : (ints)otherwise;
}

static TARGET void NAME(encode_q2_0)(const batch *b) {
    floats scale = NAME(greatest_magnitude)(b->x, 64), inverse = NAME(inverse_of)(scale);
    ints words[4] = {0};
    for (int i = 0; i < 64; i++) words[i / 16] |= NAME(ternary_level)(b->x[i] * inverse, 0) << 2 * (i % 16);
    store_halves(b, 0, to_half(scale));
    store_words(b, 2, words, 4);
}

static TARGET void NAME(encode_tq2_0)(const batch *b) {
    floats scale = NAME(greatest_magnitude)(b->x, 256), inverse = NAME(inverse_of)(scale);
    ints words[16] = {0};
    for (int i = 0; i < 256; i++) {
        int byte = i / 128 * 32 + i % 32;
        words[byte / 4] |= NAME(ternary_level)(b->x[i] * inverse, 1) << (8 * (byte % 4) + 2 * (i % 128 / 32));
    }
    store_words(b, 0, words, 16);
    store_halves(b, 64, to_half(scale));
}

static TARGET void NAME(encode_tq1_0)(const batch *b) {
    floats scale = NAME(greatest_magnitude)(b->x, 256), inverse = NAME(inverse_of)(scale);
    ints words[13] = {0};
    const floats *x = b->x;
    for (int byte = 0, run = 32, digits = 5; byte < 52; byte += run, x += digits * run) {
        if (byte >= 32) run = byte == 32 ? 16 : 4;
        if (byte == 48) digits = 4;
        for (int i = 0; i < run; i++) {
            ints number = 0;
            for (int digit = 0; digit < 5; digit++)
                number = number * 3 + (digit < digits ? NAME(ternary_level)(x[digit * run + i] * inverse, 1) : (ints)0);
            // From 243rds to 256ths, rounded up, which adds 13 of 243; 1079 is 2^18 / 243.
            number += (13 * number + 242) * 1079 >> 18;
            words[(byte + i) / 4] |= number << 8 * ((byte + i) % 4);
        }
    }
    store_words(b, 0, words, 13);
    store_halves(b, 52, to_half(scale));
}

FUNCTION ints NAME(four_bit_float)(floats x, const floats *magnitudes) {
    floats size = magnitude(x), least = size;
    ints nearest_one = 0;
    for (int i = 1; i < 8; i++) {
        floats distance = magnitude(magnitudes[i] - size);
        ints is_less = distance < least;
        least = is_less ? distance : least;
        nearest_one = is_less ? (ints)i : nearest_one;
    }
    return nearest_one | (((x < 0) & (nearest_one > 0)) & 8);
}

static TARGET void NAME(encode_mxfp4)(const batch *b) {
    static const float values[8] = {0, 1, 2, 3, 4, 6, 8, 12};
    floats greatest = NAME(greatest_magnitude)(b->x, 32), scale, magnitudes[8];
    ints exponent, levels[32], words[4];
    for (int lane = 0; lane < LANES; lane++) exponent[lane] = exponent_of(greatest[lane]);
    scale = FLOATS(exponent < 2 ? (ints)0x200000 << (exponent & 1) : (exponent - 1) << 23);
    for (int i = 0; i < 8; i++) magnitudes[i] = values[i] * scale;
    for (int i = 0; i < 32; i++) levels[i] = NAME(four_bit_float)(b->x[i], magnitudes);
    NAME(pack_four_bits)(levels, words);
    for (int lane = 0; lane < b->live; lane++) b->out[lane * b->block_bytes] = (uint8_t)exponent[lane];
    store_words(b, 1, words, 4);
}
