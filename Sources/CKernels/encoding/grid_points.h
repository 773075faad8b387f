// Neighbours on the grids of the IQ formats: what DigitCosts and GridNeighbours do, candidates in the lanes.

#define OFF_GRID 0x10000  // marks a point that rounding alone did not lead to
#define NO_POINT -1       // costs overflowed

typedef uint32_t NAME(uints) __attribute__((ext_vector_type(LANES), may_alias));
#define uints NAME(uints)
typedef uint16_t NAME(shorts) __attribute__((ext_vector_type(LANES)));
typedef bool NAME(bools) __attribute__((ext_vector_type(LANES)));

// A table of four or eight numbers, from which the lowest two or three bits of an index choose.
typedef struct NAME(table) {
#if LANES > 4
    floats entries;
#elif defined(__aarch64__)
    uint8x16x2_t bytes;
#else
    const float *entries;
#endif
} NAME(table);
#define table NAME(table)

FUNCTION table NAME(table_of)(const float *entries, const int bits) {
#if LANES == 16
    if (bits == 3) {
        vec8 eight = *(const vec8 *)entries;
        return (table){__builtin_shufflevector(eight, eight, 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7)};
    }
    vec4 four = *(const vec4 *)entries;
    return (table){__builtin_shufflevector(four, four, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3)};
#elif LANES == 8
    if (bits == 3) return (table){*(const vec8 *)entries};
    vec4 four = *(const vec4 *)entries;
    return (table){__builtin_shufflevector(four, four, 0, 1, 2, 3, 0, 1, 2, 3)};
#elif defined(__aarch64__)
    const uint8_t *bytes = (const uint8_t *)entries;
    return (table){{{vld1q_u8(bytes), vld1q_u8(bytes + (bits == 3 ? 16 : 0))}}};
#else
    return (table){entries};
#endif
}
#define table_of NAME(table_of)

FUNCTION floats NAME(look_up)(table from, const int bits, ints index) {
#if LANES == 16
    return (floats)_mm512_permutexvar_ps((__m512i)index, (__m512)from.entries);
#elif LANES == 8
    return (floats)_mm256_permutevar8x32_ps((__m256)from.entries, (__m256i)index);
#elif defined(__aarch64__)
    // The four bytes of each number are looked up one by one.
    ints bytes = (index & ((1 << bits) - 1)) * 0x04040404 + 0x03020100;
    return bits == 3 ? (floats)vqtbl2q_u8(from.bytes, (uint8x16_t)bytes)
                     : (floats)vqtbl1q_u8(from.bytes.val[0], (uint8x16_t)bytes);
#else
    floats found;
    for (int lane = 0; lane < LANES; lane++) found[lane] = from.entries[index[lane] & ((1 << bits) - 1)];
    return found;
#endif
}
#define look_up NAME(look_up)

// A row of weights that becomes one point, each repeated for every digit that it may get.
typedef struct NAME(row) {
    floats x[32 / LANES], w[32 / LANES];
} NAME(row);
#define row NAME(row)

FUNCTION row NAME(spread)(const float *x, const float *w, const int bits) {
    row spread;
    for (int i = 0; i < 32; i++) {
        ((float *)spread.x)[i] = x[i >> bits];
        // A negative zero would make costs that do not compare as their bits do.
        ((float *)spread.w)[i] = w[i >> bits] + 0.0f;
    }
    return spread;
}
#define spread NAME(spread)

/// The digits of the cheapest neighbour, the first of equals; `values` are those of the digits, repeated for each place.
FUNCTION int NAME(cheapest)(const row *of, float scale, const floats *values, const uint16_t *list, const int bits) {
    const int places = bits == 2 ? 8 : 4;
    floats costs[32 / LANES];
    for (int v = 0; v < 32 / LANES; v++) {
        floats difference = scale * values[v] - of->x[v];
        costs[v] = of->w[v] * difference * difference;
    }
    table tables[8];
#pragma clang loop unroll(full)
    for (int place = 0; place < places; place++)
        tables[place] = table_of((const float *)costs + (place << bits), bits);
    // Costs are not negative, so they compare as their bits do, and what is no number is above all.
    const uint32_t most = 0x7f7fffff;
    uints best = most;
    ints start_of_best = 0;
    int count = list[0];
    list++;
    for (int start = 0; start < count; start += LANES) {
        NAME(shorts) packed;
        __builtin_memcpy(&packed, list + start, sizeof packed);
        ints digits = __builtin_convertvector(packed, ints);
        floats sum = look_up(tables[0], bits, digits);
#pragma clang loop unroll(full)
        for (int place = 1; place < places; place++) sum += look_up(tables[place], bits, digits >> bits * place);
        ints is_less = (uints)sum < best;
        best = is_less ? (uints)sum : best;
        start_of_best = is_less ? (ints)start : start_of_best;
    }
    uint32_t least = __builtin_reduce_min(best);
    if (least == most) return NO_POINT;
    ints is_least = best == (uints)least;
    if (count > LANES) {
        int start = __builtin_reduce_min(is_least ? start_of_best : (ints)INT32_MAX);
        is_least &= start_of_best == start;
        list += start;
    }
    uint32_t mask = 0;
    NAME(bools) bits_of_mask = __builtin_convertvector(is_least, NAME(bools));
    __builtin_memcpy(&mask, &bits_of_mask, sizeof bits_of_mask);
    return list[__builtin_ctz(mask)];
}
#define cheapest NAME(cheapest)
