// Decoders of the common block formats, compiled once per instruction set: decoders.c defines NAME, TARGET and LANES before each
// inclusion. A vector holds neighbouring weights of one group; Sources/BlockFormats/Formats tells each layout.

typedef float NAME(floats) __attribute__((ext_vector_type(LANES), may_alias));
typedef int32_t NAME(ints) __attribute__((ext_vector_type(LANES), may_alias));
typedef uint8_t NAME(bytes) __attribute__((ext_vector_type(LANES), may_alias));
typedef int8_t NAME(chars) __attribute__((ext_vector_type(LANES), may_alias));
#define floats NAME(floats)
#define ints NAME(ints)
#define INLINE static inline __attribute__((always_inline)) TARGET
#define DECODER(format) static TARGET void NAME(format)(int64_t count, const uint8_t *block, float *out)

INLINE ints NAME(load)(const uint8_t *place) {
    NAME(bytes) bytes;
    __builtin_memcpy(&bytes, place, sizeof bytes);
    return __builtin_convertvector(bytes, ints);
}
#define load NAME(load)

INLINE void NAME(store)(float *place, floats weights) { __builtin_memcpy(place, &weights, sizeof weights); }
#define store NAME(store)

INLINE floats NAME(to_floats)(ints x) { return __builtin_convertvector(x, floats); }
#define to_floats NAME(to_floats)

// Bit `first + l` of a word in lane l.
INLINE ints NAME(bits)(uint32_t word, int first) {
    static const int32_t counts[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    ints shift;
    __builtin_memcpy(&shift, counts, sizeof shift);
    return (ints)(int32_t)word >> (shift + first) & 1;
}
#define bits NAME(bits)

DECODER(q4_0) {
    for (; count > 0; count--, block += 18, out += 32) {
        float scale = half_at(block);
        for (int i = 0; i < 16; i += LANES) {
            ints byte = load(block + 2 + i);
            store(out + i, to_floats((byte & 15) - 8) * scale);
            store(out + 16 + i, to_floats((byte >> 4) - 8) * scale);
        }
    }
}

DECODER(q4_1) {
    for (; count > 0; count--, block += 20, out += 32) {
        float scale = half_at(block), minimum = half_at(block + 2);
        for (int i = 0; i < 16; i += LANES) {
            ints byte = load(block + 4 + i);
            store(out + i, to_floats(byte & 15) * scale + minimum);
            store(out + 16 + i, to_floats(byte >> 4) * scale + minimum);
        }
    }
}

DECODER(q5_0) {
    for (; count > 0; count--, block += 22, out += 32) {
        float scale = half_at(block);
        uint32_t high;
        __builtin_memcpy(&high, block + 2, sizeof high);
        for (int i = 0; i < 16; i += LANES) {
            ints byte = load(block + 6 + i);
            store(out + i, to_floats(((byte & 15) | bits(high, i) << 4) - 16) * scale);
            store(out + 16 + i, to_floats((byte >> 4 | bits(high, 16 + i) << 4) - 16) * scale);
        }
    }
}

DECODER(q5_1) {
    for (; count > 0; count--, block += 24, out += 32) {
        float scale = half_at(block), minimum = half_at(block + 2);
        uint32_t high;
        __builtin_memcpy(&high, block + 4, sizeof high);
        for (int i = 0; i < 16; i += LANES) {
            ints byte = load(block + 8 + i);
            store(out + i, to_floats((byte & 15) | bits(high, i) << 4) * scale + minimum);
            store(out + 16 + i, to_floats(byte >> 4 | bits(high, 16 + i) << 4) * scale + minimum);
        }
    }
}

DECODER(q8_0) {
    for (; count > 0; count--, block += 34, out += 32) {
        float scale = half_at(block);
        for (int i = 0; i < 32; i += LANES) {
            NAME(chars) levels;
            __builtin_memcpy(&levels, block + 2 + i, sizeof levels);
            store(out + i, __builtin_convertvector(levels, floats) * scale);
        }
    }
}

DECODER(q2_K) {
    for (; count > 0; count--, block += 84, out += 256) {
        float scale = half_at(block + 80), minimum = half_at(block + 82);
        for (int group = 0; group < 16; group++) {
            float group_scale = scale * (float)(block[group] & 15), group_minimum = minimum * (float)(block[group] >> 4);
            const uint8_t *levels = block + 16 + group / 8 * 32 + group % 2 * 16;
            for (int i = 0; i < 16; i += LANES) {
                ints level = load(levels + i) >> (group % 8 / 2 * 2) & 3;
                store(out + group * 16 + i, group_scale * to_floats(level) - group_minimum);
            }
        }
    }
}

DECODER(q3_K) {
    for (; count > 0; count--, block += 110, out += 256) {
        float scale = half_at(block + 108);
        uint8_t scales[16];
        unpack_three_bit_scales(block + 96, scales);
        for (int group = 0; group < 16; group++) {
            float group_scale = scale * (float)(scales[group] - 32);
            const uint8_t *levels = block + 32 + group / 8 * 32 + group % 2 * 16;
            const uint8_t *masks = block + group % 2 * 16;
            for (int i = 0; i < 16; i += LANES) {
                ints level = load(levels + i) >> (group % 8 / 2 * 2) & 3;
                ints top = load(masks + i) >> (group / 2) & 1;
                store(out + group * 16 + i, group_scale * to_floats((level | top << 2) - 4));
            }
        }
    }
}

DECODER(q4_K) {
    for (; count > 0; count--, block += 144, out += 256) {
        float scale = half_at(block), minimum = half_at(block + 2);
        uint8_t scales[8], minima[8];
        unpack_six_bits(block + 4, scales, minima);
        for (int group = 0; group < 8; group++) {
            float group_scale = scale * (float)scales[group], group_minimum = minimum * (float)minima[group];
            const uint8_t *levels = block + 16 + group / 2 * 32;
            for (int i = 0; i < 32; i += LANES) {
                ints level = load(levels + i) >> (group % 2 * 4) & 15;
                store(out + group * 32 + i, group_scale * to_floats(level) - group_minimum);
            }
        }
    }
}

DECODER(q5_K) {
    for (; count > 0; count--, block += 176, out += 256) {
        float scale = half_at(block), minimum = half_at(block + 2);
        uint8_t scales[8], minima[8];
        unpack_six_bits(block + 4, scales, minima);
        for (int group = 0; group < 8; group++) {
            float group_scale = scale * (float)scales[group], group_minimum = minimum * (float)minima[group];
            const uint8_t *levels = block + 48 + group / 2 * 32;
            for (int i = 0; i < 32; i += LANES) {
                ints level = (load(levels + i) >> (group % 2 * 4) & 15) | (load(block + 16 + i) >> group & 1) << 4;
                store(out + group * 32 + i, group_scale * to_floats(level) - group_minimum);
            }
        }
    }
}

DECODER(q6_K) {
    for (; count > 0; count--, block += 210, out += 256) {
        float scale = half_at(block + 208);
        for (int group = 0; group < 16; group++) {
            int run = group / 2 % 4, part = group % 2 * 16;
            float group_scale = scale * (float)(int8_t)block[192 + group];
            const uint8_t *low = block + group / 8 * 64 + run % 2 * 32 + part;
            const uint8_t *high = block + 128 + group / 8 * 32 + part;
            for (int i = 0; i < 16; i += LANES) {
                ints level = (load(low + i) >> (run / 2 * 4) & 15) | (load(high + i) >> (run * 2) & 3) << 4;
                store(out + group * 16 + i, group_scale * to_floats(level - 32));
            }
        }
    }
}

static TARGET bool NAME(decode)(int tensor_type, int64_t count, const uint8_t *blocks, float *out) {
    switch (tensor_type) {
    case EK_TYPE_Q4_0: NAME(q4_0)(count, blocks, out); return true;
    case EK_TYPE_Q4_1: NAME(q4_1)(count, blocks, out); return true;
    case EK_TYPE_Q5_0: NAME(q5_0)(count, blocks, out); return true;
    case EK_TYPE_Q5_1: NAME(q5_1)(count, blocks, out); return true;
    case EK_TYPE_Q8_0: NAME(q8_0)(count, blocks, out); return true;
    case EK_TYPE_Q2_K: NAME(q2_K)(count, blocks, out); return true;
    case EK_TYPE_Q3_K: NAME(q3_K)(count, blocks, out); return true;
    case EK_TYPE_Q4_K: NAME(q4_K)(count, blocks, out); return true;
    case EK_TYPE_Q5_K: NAME(q5_K)(count, blocks, out); return true;
    case EK_TYPE_Q6_K: NAME(q6_K)(count, blocks, out); return true;
    default: return false;
    }
}

#undef floats
#undef ints
#undef INLINE
#undef DECODER
#undef load
#undef store
#undef to_floats
#undef bits
#undef NAME
#undef TARGET
#undef LANES
