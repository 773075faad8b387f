// Formats of 256 weights in groups, whose scales are quantized in turn. The Swift twins bear the formats' names.

/// What a weight counts with an importance matrix; `mean_square` is the block's.
FUNCTION void NAME(weigh)(const batch *b, int first, int count, floats mean_square, floats *w) {
    for (int i = first; i < first + count; i++)
        *w++ = b->importance[i] * __builtin_elementwise_sqrt(mean_square + b->x[i] * b->x[i]);
}

FUNCTION floats NAME(sum)(const floats *x, int count) {
    floats sum = 0;
    for (int i = 0; i < count; i++) sum += x[i];
    return sum;
}

FUNCTION floats NAME(sum_of_squares)(const floats *x, int count) {
    floats sum = 0;
    for (int i = 0; i < count; i++) sum += x[i] * x[i];
    return sum;
}

/// Of the groups' scales the one of largest magnitude, the first of equals.
FUNCTION floats NAME(extreme_scale)(const floats *scales) {
    floats extreme = 0;
    for (int group = 0; group < 16; group++)
        extreme = magnitude(scales[group]) > magnitude(extreme) ? scales[group] : extreme;
    return extreme;
}

/// Four levels a word: those at `levels`, then `levels + 1` and so on, each limited by `mask`.
FUNCTION ints NAME(four)(const ints *levels, int shift, int mask) {
    ints word = levels[0] >> shift & mask;
    for (int i = 1; i < 4; i++) word |= (levels[i] >> shift & mask) << 8 * i;
    return word;
}
#define four NAME(four)

/// Q4_K and Q5_K: eight groups of 32.
FUNCTION void NAME(encode_six_bit_scales)(const batch *b, const bool has_fifth_bit) {
    const int limit = has_fifth_bit ? 31 : 15;
    const affine_steps steps = has_fifth_bit ? (affine_steps){31, -0.5f, 0.1f, 15, false}
                                             : (affine_steps){15, -1, 0.1f, 20, false};
    floats scales[8], minimums[8], totals[8];
    affine found[8];
    floats mean_square = b->importance ? 2 * NAME(sum_of_squares)(b->x, 256) / 256 : SPLAT(0);
    for (int group = 0; group < 8; group++) {
        const floats *x = b->x + 32 * group;
        floats w[32];
        if (b->importance) {
            NAME(weigh)(b, 32 * group, 32, mean_square, w);
            totals[group] = NAME(sum)(w, 32);
        } else {
            floats average = __builtin_elementwise_sqrt(NAME(sum_of_squares)(x, 32) / 32);
            for (int i = 0; i < 32; i++) w[i] = average + magnitude(x[i]);
        }
        found[group] = search_affine(x, w, 32, b->importance ? WEIGHTED_STEPS((float)limit) : steps);
        scales[group] = found[group].scale;
        minimums[group] = found[group].minimum;
    }

    ints words[44], s[8], m[8];
    floats scale = 0, minimum = 0;
    if (b->importance) {
        scale = search_positive(scales, totals, 8, 63, s);
        minimum = search_positive(minimums, totals, 8, 63, m);
        for (int group = 0; has_fifth_bit && group < 8; group++) {
            s[group] = s[group] > 63 ? (ints)63 : s[group];
            m[group] = m[group] > 63 ? (ints)63 : m[group];
        }
    } else {
        for (int group = 0; group < 8; group++) {
            scale = scales[group] > scale ? scales[group] : scale;
            minimum = minimums[group] > minimum ? minimums[group] : minimum;
        }
        floats inverse_scale = scale > 0 ? 63 / scale : SPLAT(0);
        floats inverse_minimum = minimum > 0 ? 63 / minimum : SPLAT(0);
        for (int group = 0; group < 8; group++) {
            s[group] = nearest_wrapping(inverse_scale * scales[group]) & 0xff;
            m[group] = nearest_wrapping(inverse_minimum * minimums[group]) & 0xff;
            s[group] = s[group] > 63 ? (ints)63 : s[group];
            m[group] = m[group] > 63 ? (ints)63 : m[group];
        }
        scale /= 63;
        minimum /= 63;
    }
    ints half_scale = to_half(scale), half_minimum = to_half(minimum);
    scale = from_half(half_scale);
    minimum = from_half(half_minimum);
    words[0] = half_scale | half_minimum << 16;
    words[1] = words[2] = words[3] = 0;
    for (int i = 0; i < 4; i++) {
        // A number that the search left above six bits spills into its neighbour's; the decoder's view of it counts.
        ints scale_bits = (s[i] | (s[4 + i] >> 4) << 6) & 0xff, minimum_bits = (m[i] | (m[4 + i] >> 4) << 6) & 0xff;
        words[1] |= scale_bits << 8 * i;
        words[2] |= minimum_bits << 8 * i;
        words[3] |= ((s[4 + i] & 15) | (m[4 + i] & 15) << 4) << 8 * i;
        s[i] = scale_bits & 63;
        m[i] = minimum_bits & 63;
        s[4 + i] = (s[4 + i] & 15) | (scale_bits >> 6) << 4;
        m[4 + i] = (m[4 + i] & 15) | (minimum_bits >> 6) << 4;
    }

    ints *high = words + 4, *low = has_fifth_bit ? words + 12 : words + 4;
    for (int pair = 0; pair < 4; pair++) {
        ints levels[64];
        for (int half = 0; half < 2; half++) {
            int group = 2 * pair + half;
            floats group_scale = scale * to_floats(s[group]), group_minimum = minimum * to_floats(m[group]);
            ints is_degenerate = group_scale == 0;
            // Where there is nothing to divide by, what the search rounded to is kept.
            bool some_are = any(is_degenerate);
            for (int i = 0; i < 32; i++) {
                floats x = b->x[32 * group + i];
                ints level = clamp_ints(nearest_wrapping((x + group_minimum) / group_scale), 0, limit);
                if (some_are) level = is_degenerate ? affine_levels(x, found[group], limit) : level;
                levels[32 * half + i] = level;
            }
        }
        for (int k = 0; k < 8; k++) {
            low[8 * pair + k] = four(levels + 4 * k, 0, 15) | four(levels + 32 + 4 * k, 0, 15) << 4;
            if (!has_fifth_bit) continue;
            ints bits = four(levels + 4 * k, 4, 1) | four(levels + 32 + 4 * k, 4, 1) << 1;
            high[k] = pair == 0 ? bits : high[k] | bits << 2 * pair;
        }
    }
    store_words(b, 0, words, has_fifth_bit ? 44 : 36);
}
static TARGET void NAME(encode_q4_K)(const batch *b) { NAME(encode_six_bit_scales)(b, false); }
static TARGET void NAME(encode_q5_K)(const batch *b) { NAME(encode_six_bit_scales)(b, true); }

/// How Q2_K and Q3_K place two bits of 256 weights in sixteen words.
FUNCTION void NAME(pack_two_bits)(const ints *levels, ints *words) {
    for (int half = 0; half < 2; half++)
        for (int k = 0; k < 8; k++) {
            const ints *first = levels + 128 * half + 4 * k;
            words[8 * half + k] = four(first, 0, 3) | four(first + 32, 0, 3) << 2 | four(first + 64, 0, 3) << 4 |
                                  four(first + 96, 0, 3) << 6;
        }
}

static TARGET void NAME(encode_q2_K)(const batch *b) {
    floats scales[16], minimums[16], totals[16];
    affine found[16];
    floats mean_square = b->importance ? NAME(sum_of_squares)(b->x, 256) / 256 : SPLAT(0);
    for (int group = 0; group < 16; group++) {
        const floats *x = b->x + 16 * group;
        floats w[16];
        if (b->importance) {
            NAME(weigh)(b, 16 * group, 16, mean_square, w);
            totals[group] = NAME(sum)(w, 16);
            found[group] = search_affine(x, w, 16, WEIGHTED_STEPS(3));
        } else {
            for (int i = 0; i < 16; i++) w[i] = magnitude(x[i]);
            found[group] = search_affine(x, w, 16, (affine_steps){3, -0.5f, 0.1f, 15, true});
        }
        scales[group] = found[group].scale;
        minimums[group] = found[group].minimum;
    }

    ints words[21], s[16], m[16];
    floats scale = 0, minimum = 0;
    if (b->importance) {
        scale = search_positive(scales, totals, 16, 15, s);
        minimum = search_positive(minimums, totals, 16, 15, m);
    } else {
        for (int group = 0; group < 16; group++) {
            scale = scales[group] > scale ? scales[group] : scale;
            minimum = minimums[group] > minimum ? minimums[group] : minimum;
        }
        for (int group = 0; group < 16; group++) {
            s[group] = nearest_wrapping(15 / scale * scales[group]) & 0xff;
            m[group] = nearest_wrapping(15 / minimum * minimums[group]) & 0xff;
            s[group] = scale > 0 ? s[group] : (ints)0;
            m[group] = minimum > 0 ? m[group] : (ints)0;
        }
        scale /= 15;
        minimum /= 15;
    }
    ints half_scale = to_half(scale), half_minimum = to_half(minimum), packed[16];
    scale = from_half(half_scale);
    minimum = from_half(half_minimum);
    ints levels[256];
    for (int group = 0; group < 16; group++) {
        packed[group] = (s[group] | m[group] << 4) & 0xff;
        floats group_scale = scale * to_floats(packed[group] & 15);
        floats group_minimum = minimum * to_floats(packed[group] >> 4);
        ints is_degenerate = group_scale == 0;
        bool some_are = any(is_degenerate);
        for (int i = 16 * group; i < 16 * group + 16; i++) {
            ints level = clamp_ints(nearest_wrapping((b->x[i] + group_minimum) / group_scale), 0, 3);
            if (some_are) level = is_degenerate ? affine_levels(b->x[i], found[group], 3) : level;
            levels[i] = level;
        }
    }
    for (int k = 0; k < 4; k++) words[k] = four(packed + 4 * k, 0, 0xff);
    NAME(pack_two_bits)(levels, words + 4);
    words[20] = half_scale | half_minimum << 16;
    store_words(b, 0, words, 21);
}

static TARGET void NAME(encode_q3_K)(const batch *b) {
    floats scales[16], totals[16];
    scaled found[16];
    floats mean_square = b->importance ? 2 * NAME(sum_of_squares)(b->x, 256) / 256 : SPLAT(0);
    for (int group = 0; group < 16; group++) {
        floats w[64];
        if (b->importance) {
            NAME(weigh)(b, 16 * group, 16, mean_square, w);
            totals[group] = NAME(sum)(w, 16);
            found[group] = search_scale(b->x + 16 * group, w, 16, 4);
            scales[group] = found[group].scale;
        } else if (group % 4 == 0) {
            search_three_bits(b->x + 16 * group, w, scales + group);
        }
    }

    ints words[27], s[16], half_scale;
    if (b->importance) {
        scaled outer = search_scale(scales, totals, 16, 32);
        for (int group = 0; group < 16; group++) s[group] = scaled_levels(scales[group], outer, 32);
        half_scale = to_half(outer.scale);
    } else {
        floats extreme = NAME(extreme_scale)(scales);
        ints is_zero = extreme == 0;
        floats inverse = -32 / extreme;
        for (int group = 0; group < 16; group++) {
            // Narrowed to a signed byte before it is limited.
            ints level = nearest_wrapping(inverse * scales[group]) << 24 >> 24;
            s[group] = is_zero ? (ints)0 : clamp_ints(level, -32, 31) + 32;
        }
        half_scale = to_half(is_zero ? SPLAT(0) : 1 / inverse);
    }
    floats scale = from_half(half_scale);
    ints levels[256];
    for (int group = 0; group < 16; group++) {
        const floats *x = b->x + 16 * group;
        ints *level = levels + 16 * group;
        floats group_scale = scale * to_floats(s[group] - 32);
        ints is_degenerate = group_scale == 0;
        for (int i = 0; i < 16; i++) level[i] = clamp_ints(nearest_wrapping(x[i] / group_scale), -4, 3) + 4;
        if (!any(is_degenerate)) continue;
        floats kept[64], unused[4];
        if (!b->importance) search_three_bits(b->x + group / 4 * 64, kept, unused);
        for (int i = 0; i < 16; i++) {
            ints search_level = b->importance ? scaled_levels(x[i], found[group], 4)
                                              : __builtin_convertvector(kept[group % 4 * 16 + i], ints);
            level[i] = is_degenerate ? search_level : level[i];
        }
    }
    for (int k = 0; k < 8; k++) {
        words[k] = four(levels + 4 * k, 2, 1);
        for (int bit = 1; bit < 8; bit++) words[k] |= four(levels + 32 * bit + 4 * k, 2, 1) << bit;
    }
    NAME(pack_two_bits)(levels, words + 8);
    words[24] = four(s, 0, 15) | four(s + 8, 0, 15) << 4;
    words[25] = four(s + 4, 0, 15) | four(s + 12, 0, 15) << 4;
    words[26] = four(s, 4, 3) | four(s + 4, 4, 3) << 2 | four(s + 8, 4, 3) << 4 | four(s + 12, 4, 3) << 6;
    store_words(b, 0, words, 27);
    store_halves(b, 108, half_scale);
}

static TARGET void NAME(encode_q6_K)(const batch *b) {
    floats scales[16];
    scaled found[16];
    for (int group = 0; group < 16; group++) {
        // The importance matrix alone counts here, without the weights' own size.
        const floats *w = b->importance ? b->importance + 16 * group : NULL;
        found[group] = search_scale(b->x + 16 * group, w, 16, 32);
        scales[group] = found[group].scale;
    }
    floats extreme = NAME(extreme_scale)(scales);
    ints is_used = magnitude(extreme) >= NEGLIGIBLE;
    floats inverse = -128 / extreme;
    ints half_scale = to_half(1 / inverse);
    floats scale = from_half(half_scale);
    ints words[52], s[16], levels[256];
    for (int group = 0; group < 16; group++) {
        ints limited = nearest_wrapping(inverse * scales[group]);
        s[group] = limited > 127 ? (ints)127 : limited;
        floats group_scale = scale * to_floats(s[group] << 24 >> 24);
        ints is_degenerate = group_scale == 0;
        bool some_are = any(is_degenerate);
        for (int i = 16 * group; i < 16 * group + 16; i++) {
            ints level = clamp_ints(nearest_wrapping(b->x[i] / group_scale), -32, 31) + 32;
            if (some_are) level = is_degenerate ? scaled_levels(b->x[i], found[group], 32) : level;
            levels[i] = level;
        }
    }
    for (int half = 0; half < 2; half++)
        for (int k = 0; k < 8; k++) {
            const ints *first = levels + 128 * half + 4 * k;
            words[16 * half + k] = four(first, 0, 15) | four(first + 64, 0, 15) << 4;
            words[16 * half + 8 + k] = four(first + 32, 0, 15) | four(first + 96, 0, 15) << 4;
            words[32 + 8 * half + k] = four(first, 4, 3) | four(first + 32, 4, 3) << 2 | four(first + 64, 4, 3) << 4 |
                                       four(first + 96, 4, 3) << 6;
        }
    for (int k = 0; k < 4; k++) words[48 + k] = four(s + 4 * k, 0, 0xff);
    for (int k = 0; k < 52; k++) words[k] = is_used ? words[k] : (ints)0;
    store_words(b, 0, words, 52);
    store_halves(b, 208, is_used ? half_scale : (ints)0);
}
