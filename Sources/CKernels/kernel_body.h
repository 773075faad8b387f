// One set of kernels, compiled once per instruction set: kernels.c defines NAME, TARGET, LANES (floats in a vector),
// VECTORS (vectors side by side in a register tile) and TOKENS (rows of a register tile) before each inclusion.

typedef float NAME(vec) __attribute__((ext_vector_type(LANES), aligned(4), may_alias));
typedef int32_t NAME(ivec) __attribute__((ext_vector_type(LANES)));
typedef double NAME(dvec) __attribute__((ext_vector_type(LANES)));

// A register tile: `tokens` is a constant at every call, so that the accumulators stay in registers.
static inline __attribute__((always_inline)) TARGET void NAME(tile)(
    const int tokens, bool is_first, int64_t depth, const float *x, int64_t x_stride, const float *panel,
    int64_t panel_stride, int64_t columns, float *out, int64_t out_stride) {
    NAME(vec) sum[TOKENS][VECTORS];
#pragma clang loop unroll(full)
    for (int t = 0; t < tokens; t++) {
#pragma clang loop unroll(full)
        for (int v = 0; v < VECTORS; v++) sum[t][v] = (NAME(vec))(0.0f);
    }
    for (int64_t k = 0; k < depth; k++) {
        NAME(vec) w[VECTORS];
#pragma clang loop unroll(full)
        for (int v = 0; v < VECTORS; v++) w[v] = *(const NAME(vec) *)(panel + k * panel_stride + v * LANES);
#pragma clang loop unroll(full)
        for (int t = 0; t < tokens; t++) {
            NAME(vec) factor = (NAME(vec))(x[t * x_stride + k]);
#pragma clang loop unroll(full)
            for (int v = 0; v < VECTORS; v++) sum[t][v] += factor * w[v];
        }
    }
    if (columns < LANES * VECTORS) {
        // A narrow panel: nothing may be written past its columns.
        float row[LANES * VECTORS];
#pragma clang loop unroll(full)
        for (int t = 0; t < tokens; t++) {
#pragma clang loop unroll(full)
            for (int v = 0; v < VECTORS; v++) *(NAME(vec) *)(row + v * LANES) = sum[t][v];
            for (int64_t c = 0; c < columns; c++)
                out[t * out_stride + c] = is_first ? row[c] : out[t * out_stride + c] + row[c];
        }
        return;
    }
#pragma clang loop unroll(full)
    for (int t = 0; t < tokens; t++) {
#pragma clang loop unroll(full)
        for (int v = 0; v < VECTORS; v++) {
            NAME(vec) *place = (NAME(vec) *)(out + t * out_stride + v * LANES);
            *place = is_first ? sum[t][v] : *place + sum[t][v];
        }
    }
}

// All tokens against one strip of a panel, LANES * VECTORS columns wide.
static inline __attribute__((always_inline)) TARGET void NAME(strip)(
    bool is_first, int64_t tokens, int64_t depth, const float *x, int64_t x_stride, const float *panel,
    int64_t panel_stride, int64_t columns, float *out, int64_t out_stride) {
    int64_t t = 0;
#define EK_TILES(count)                                                                                     \
    for (; (count) <= TOKENS && tokens - t >= (count); t += (count))                                        \
        NAME(tile)((count) <= TOKENS ? (count) : 1, is_first, depth, x + t * x_stride, x_stride, panel,     \
                   panel_stride, columns, out + t * out_stride, out_stride);
    EK_TILES(TOKENS)
    EK_TILES(8)
    EK_TILES(4)
    EK_TILES(2)
    EK_TILES(1)
#undef EK_TILES
}

// All tokens against one block of depth of a panel.
static TARGET void NAME(multiply_block)(bool is_first, int64_t tokens, int64_t depth, const float *x, int64_t x_stride,
                                        const float *panel, int64_t panel_stride, int64_t columns, float *out,
                                        int64_t out_stride) {
    for (int64_t c = 0; c < columns; c += LANES * VECTORS)
        NAME(strip)(is_first, tokens, depth, x, x_stride, panel + c, panel_stride, columns - c, out + c, out_stride);
}

static TARGET float NAME(dot)(const float *a, const float *b, int64_t count) {
    NAME(vec) sum[EK_LANES / LANES];
    for (int v = 0; v < EK_LANES / LANES; v++) sum[v] = (NAME(vec))(0.0f);
    int64_t i = 0;
    for (; i + EK_LANES <= count; i += EK_LANES) {
#pragma clang loop unroll(full)
        for (int v = 0; v < EK_LANES / LANES; v++)
            sum[v] += *(const NAME(vec) *)(a + i + v * LANES) * *(const NAME(vec) *)(b + i + v * LANES);
    }
    // The partial sums are folded in halves, whatever the width of a vector.
#pragma clang loop unroll(full)
    for (int half = EK_LANES / LANES / 2; half > 0; half /= 2) {
#pragma clang loop unroll(full)
        for (int v = 0; v < half; v++) sum[v] += sum[v + half];
    }
#if LANES == 16
    float __attribute__((ext_vector_type(8))) eight = sum[0].lo + sum[0].hi;
    float __attribute__((ext_vector_type(4))) four = eight.lo + eight.hi;
#elif LANES == 8
    float __attribute__((ext_vector_type(4))) four = sum[0].lo + sum[0].hi;
#else
    float __attribute__((ext_vector_type(4))) four = sum[0];
#endif
    float total = (four.x + four.z) + (four.y + four.w);
    for (; i < count; i++) total += a[i] * b[i];
    return total;
}

static TARGET float NAME(max)(const float *x, int64_t count) {
    float largest = x[0];
    int64_t i = 0;
    if (count >= LANES) {
        NAME(vec) top = *(const NAME(vec) *)x;
        for (i = LANES; i + LANES <= count; i += LANES) top = __builtin_elementwise_max(top, *(const NAME(vec) *)(x + i));
        for (int l = 0; l < LANES; l++) largest = top[l] > largest ? top[l] : largest;
    }
    for (; i < count; i++) largest = x[i] > largest ? x[i] : largest;
    return largest;
}

// exp to about 2 units in the last place: x = n ln 2 + r with |r| <= ln 2 / 2, a polynomial of degree 6 in r (Cephes),
// and n added to the exponent. Arguments are held within the range of normal results.
static inline __attribute__((always_inline)) TARGET NAME(vec) NAME(exp)(NAME(vec) x) {
    x = x < (NAME(vec))(-87.3f) ? (NAME(vec))(-87.3f) : x;
    x = x > (NAME(vec))(88.3f) ? (NAME(vec))(88.3f) : x;
    const float shift = 0x1.8p23f;  // adding and subtracting it rounds to the nearest integer
    NAME(vec) shifted = x * 1.44269504f + shift;
    NAME(vec) n = shifted - shift;
    NAME(vec) r = x - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    NAME(vec) p = (NAME(vec))(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    NAME(ivec) bits = __builtin_bit_cast(NAME(ivec), p);
    // The low bits of the shifted number are n itself.
    bits += __builtin_bit_cast(NAME(ivec), shifted) << 23;
    return __builtin_bit_cast(NAME(vec), bits);
}

static TARGET double NAME(exp_in_place)(float *x, int64_t count, float shift, float scale) {
    NAME(dvec) sum = (NAME(dvec))(0.0);
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        NAME(vec) *place = (NAME(vec) *)(x + i);
        NAME(vec) e = NAME(exp)((*place - shift) * scale);
        *place = e;
        sum += __builtin_convertvector(e, NAME(dvec));
    }
    double total = 0;
    for (int l = 0; l < LANES; l++) total += sum[l];
    if (i < count) {
        NAME(vec) rest = (NAME(vec))(0.0f);
        for (int l = 0; l < count - i; l++) rest[l] = x[i + l];
        rest = NAME(exp)((rest - shift) * scale);
        for (int l = 0; l < count - i; l++) total += x[i + l] = rest[l];
    }
    return total;
}

static TARGET double NAME(sum_exp)(const float *x, int64_t count, float shift) {
    NAME(dvec) sum = (NAME(dvec))(0.0);
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES)
        sum += __builtin_convertvector(NAME(exp)(*(const NAME(vec) *)(x + i) - shift), NAME(dvec));
    double total = 0;
    for (int l = 0; l < LANES; l++) total += sum[l];
    if (i < count) {
        NAME(vec) rest = (NAME(vec))(0.0f);
        for (int l = 0; l < count - i; l++) rest[l] = x[i + l];
        rest = NAME(exp)(rest - shift);
        for (int l = 0; l < count - i; l++) total += rest[l];
    }
    return total;
}

static TARGET void NAME(swiglu)(float *gate, const float *up, int64_t count) {
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        NAME(vec) *place = (NAME(vec) *)(gate + i);
        *place = *place / (1.0f + NAME(exp)(-*place)) * *(const NAME(vec) *)(up + i);
    }
    if (i < count) {
        NAME(vec) rest = (NAME(vec))(0.0f);
        for (int l = 0; l < count - i; l++) rest[l] = gate[i + l];
        rest = rest / (1.0f + NAME(exp)(-rest));
        for (int l = 0; l < count - i; l++) gate[i + l] = rest[l] * up[i + l];
    }
}

// Rounds to half precision, and back: to 11 bits, or to a multiple of the smallest number. Results stay below 2^15.
static inline __attribute__((always_inline)) TARGET NAME(vec) NAME(half)(NAME(vec) x) {
    NAME(ivec) bits = __builtin_bit_cast(NAME(ivec), x);
    bits = (bits + 0xfff + ((bits >> 13) & 1)) & ~0x1fff;
    NAME(vec) rounded = __builtin_bit_cast(NAME(vec), bits);
    NAME(vec) tiny = (x + 0.75f) - 0.75f;
    NAME(vec) size = x < 0.0f ? -x : x;
    rounded = size < 0x1p-14f ? tiny : rounded;
    return x == x ? rounded : x;
}

static inline __attribute__((always_inline)) TARGET NAME(vec) NAME(gelu_of)(NAME(vec) x) {
    NAME(vec) h = NAME(half)(x);
    NAME(vec) inner = h * 0.797884561f * (1.0f + 0.044715f * h * h);
    NAME(vec) result = NAME(half)(h / (1.0f + NAME(exp)(-2.0f * inner)));
    result = x <= -10.0f ? (NAME(vec))(0.0f) : result;
    return x >= 10.0f ? x : result;
}

static TARGET void NAME(gelu)(float *x, const float *factors, int64_t count) {
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        NAME(vec) *place = (NAME(vec) *)(x + i);
        NAME(vec) result = NAME(gelu_of)(*place);
        *place = factors ? result * *(const NAME(vec) *)(factors + i) : result;
    }
    if (i < count) {
        NAME(vec) rest = (NAME(vec))(0.0f);
        for (int l = 0; l < count - i; l++) rest[l] = x[i + l];
        rest = NAME(gelu_of)(rest);
        for (int l = 0; l < count - i; l++) x[i + l] = factors ? rest[l] * factors[i + l] : rest[l];
    }
}

// tanh(x) = 1 - 2 / (exp(2 x) + 1), good to a unit in the last place of 1.
static inline __attribute__((always_inline)) TARGET NAME(vec) NAME(capped)(NAME(vec) x, float scale, float cap) {
    return cap - 2.0f * cap / (NAME(exp)(2.0f * scale / cap * x) + 1.0f);
}

static TARGET void NAME(soft_cap)(float *x, int64_t count, float scale, float cap) {
    int64_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        NAME(vec) *place = (NAME(vec) *)(x + i);
        *place = NAME(capped)(*place, scale, cap);
    }
    if (i < count) {
        NAME(vec) rest = (NAME(vec))(0.0f);
        for (int l = 0; l < count - i; l++) rest[l] = x[i + l];
        rest = NAME(capped)(rest, scale, cap);
        for (int l = 0; l < count - i; l++) x[i + l] = rest[l];
    }
}

#undef NAME
#undef TARGET
#undef LANES
#undef VECTORS
#undef TOKENS
