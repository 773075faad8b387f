// IQ4_NL and IQ4_XS: UnevenSearch, a block a lane.

// The sixteen values as a tree: the limits between them that decide at each depth, then what is left to choose from.
// A limit lies halfway between two values; what is not below it, not even being a number, goes up.
typedef struct NAME(value_tree) {
    table limits[3], lower, upper;
} NAME(value_tree);

FUNCTION NAME(value_tree) NAME(uneven_values)(void) {
    static const float limits[3][8] = {{-57, 45.5f, -57, 45.5f, -57, 45.5f, -57, 45.5f},
                                       {-93.5f, -28.5f, 19, 79, -93.5f, -28.5f, 19, 79},
                                       {-115.5f, -74, -42, -16, 7, 31.5f, 61, 101}};
    static const float lower[8] = {-127, -83, -49, -22, 1, 25, 53, 89}, upper[8] = {-104, -65, -35, -10, 13, 38, 69, 113};
    return (NAME(value_tree)){{table_of(limits[0], 3), table_of(limits[1], 3), table_of(limits[2], 3)},
                              table_of(lower, 3),
                              table_of(upper, 3)};
}

/// The pair of values, the lower of which has the index twice the pair's, and whether the upper one is nearest.
FUNCTION ints NAME(nearest_pair)(const NAME(value_tree) *tree, floats x, ints *is_upper) {
    ints pair = x < -4.5f ? (ints)0 : (ints)1;
#pragma clang loop unroll(full)
    for (int depth = 0; depth < 2; depth++)
        pair += pair + (x < look_up(tree->limits[depth], 3, pair) ? (ints)0 : (ints)1);
    *is_upper = ~(x < look_up(tree->limits[2], 3, pair));
    return pair;
}

FUNCTION floats NAME(search_uneven)(const NAME(value_tree) *tree, const floats *x, const floats *w) {
    floats extreme = extreme_of(x, 32), scale = 0, best = 0;
    // The plain scale comes first.
    for (int step = -8; step <= 7; step++) {
        floats inverse = step == -8 ? 1 / (-extreme / -127.0f) : ((float)step - 127.0f) / extreme;
        floats qx = 0, q2 = 0;
#pragma clang loop unroll_count(4)
        for (int i = 0; i < 32; i++) {
            ints is_upper, pair = NAME(nearest_pair)(tree, inverse * x[i], &is_upper);
            floats q = is_upper ? look_up(tree->upper, 3, pair) : look_up(tree->lower, 3, pair);
            floats wq = w[i] * q;
            qx += wq * x[i];
            q2 += wq * q;
        }
        ints accepted = step == -8 ? q2 > 0 : (q2 > 0) & (qx * qx > best * q2);
        if (!any(accepted) && step > -8) continue;
        floats fitted = qx / q2;
        scale = accepted ? fitted : scale;
        best = step == -8 ? scale * qx : accepted ? fitted * qx : best;
    }
    return magnitude(extreme) < NEGLIGIBLE ? SPLAT(0) : scale;
}

FUNCTION void NAME(weigh_uneven)(const batch *b, int first, floats mean_square, floats *w) {
    for (int i = 0; i < 32; i++) {
        floats square = b->x[first + i] * b->x[first + i];
        w[i] = b->importance ? b->importance[first + i] * __builtin_elementwise_sqrt(mean_square + square) : square;
    }
}

/// A group's levels in four words, weight `i` and weight `i + 16` in a byte.
FUNCTION void NAME(pack_uneven)(const NAME(value_tree) *tree, const floats *x, floats inverse, ints *words) {
    ints levels[32];
    for (int i = 0; i < 32; i++) {
        ints is_upper, pair = NAME(nearest_pair)(tree, inverse * x[i], &is_upper);
        levels[i] = pair + pair - is_upper;
    }
    for (int k = 0; k < 4; k++) words[k] = four(levels + 4 * k, 0, 15) | four(levels + 16 + 4 * k, 0, 15) << 4;
}

static TARGET void NAME(encode_iq4_nl)(const batch *b) {
    NAME(value_tree) tree = NAME(uneven_values)();
    floats w[32], mean_square = NAME(sum_of_squares)(b->x, 32) * (2.0f / 32);
    NAME(weigh_uneven)(b, 0, mean_square, w);
    floats scale = NAME(search_uneven)(&tree, b->x, w);
    ints words[4];
    NAME(pack_uneven)(&tree, b->x, scale == 0 ? SPLAT(0) : 1 / scale, words);
    store_halves(b, 0, to_half(scale));
    store_words(b, 2, words, 4);
}

static TARGET void NAME(encode_iq4_xs)(const batch *b) {
    NAME(value_tree) tree = NAME(uneven_values)();
    floats scales[8], w[32], extreme = 0, mean_square = NAME(sum_of_squares)(b->x, 256) * (2.0f / 256);
    for (int group = 0; group < 8; group++) {
        NAME(weigh_uneven)(b, 32 * group, mean_square, w);
        scales[group] = NAME(search_uneven)(&tree, b->x + 32 * group, w);
        extreme = magnitude(scales[group]) > magnitude(extreme) ? scales[group] : extreme;
    }
    floats scale = -extreme / 32, inverse = scale == 0 ? SPLAT(0) : 1 / scale;
    ints words[34] = {to_half(scale), 0};
    for (int group = 0; group < 8; group++) {
        ints level = clamp_ints(nearest_wrapping(inverse * scales[group]), -32, 31);
        floats group_scale = scale * to_floats(level);
        NAME(pack_uneven)(&tree, b->x + 32 * group, group_scale == 0 ? SPLAT(0) : 1 / group_scale, words + 2 + 4 * group);
        level += 32;
        words[0] |= (level >> 4) << (16 + 2 * group);
        words[1] |= (level & 15) << 4 * group;
    }
    store_words(b, 0, words, 34);
}
