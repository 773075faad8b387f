// Every inner loop of the NEON variant against the plain one, and the main ones against double precision, on random numbers; see
// check-neon.sh.
#include "ckernels.h"
#include "decoders.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKENS = 37, DEPTH = 400, ROWS = EK_PANEL, ROUNDS = 20 };

static uint64_t state;
static int failures;

static float number(void) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (float)(int32_t)(state >> 32) * 0x1p-31f;
}

static void fill(float *x, int64_t count) {
    for (int64_t i = 0; i < count; i++) x[i] = number();
}

// The largest difference, in units of `scale`.
static double distance(const float *a, const float *b, int64_t count, double scale) {
    double largest = 0;
    for (int64_t i = 0; i < count; i++) {
        if (isnan(a[i]) != isnan(b[i])) return INFINITY;
        double difference = fabs((double)a[i] - b[i]) / scale;
        if (difference > largest) largest = difference;
    }
    return largest;
}

static void report(const char *name, double found, double bound) {
    int good = found <= bound;
    failures += !good;
    printf("%-24s %s: %.3g, allowed %.3g\n", name, good ? "agrees" : "DIFFERS", found, bound);
}

int main(int argc, char **argv) {
    state = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    printf("seed %llu\n", (unsigned long long)state);
    if (!ek_is_supported(EK_NEON)) {
        puts("NEON is not supported here");
        return 1;
    }
    static float x[TOKENS * DEPTH], rows[ROWS * DEPTH], panel[DEPTH * EK_PANEL], out[2][TOKENS * EK_PANEL], a[2][DEPTH], b[DEPTH];
    static int16_t codes[2][TOKENS * 512];
    static float scales[2][TOKENS * 16];
    // A sum of n products rounds at most n times in each variant.
    double products = 2 * DEPTH * 0x1p-23 * DEPTH;
    double worst[12] = {0}, true_errors[4] = {0};
    for (int round = 0; round < ROUNDS; round++) {
        int64_t tokens = 1 + round * 5 % TOKENS, depth = 1 + round * 53 % DEPTH, count = 1 + round * 7 % ROWS;
        fill(x, TOKENS * DEPTH), fill(rows, ROWS * DEPTH), fill(panel, DEPTH * EK_PANEL), fill(b, DEPTH);
        ek_variant variants[2] = {EK_NEON, EK_SCALAR};
        for (int kind = 0; kind < 3; kind++) {
            for (int v = 0; v < 2; v++) {
                memset(out[v], 0, sizeof out[v]);
                if (kind == 0) ek_multiply_rows(variants[v], tokens, depth, x, DEPTH, rows, DEPTH, count, out[v], EK_PANEL);
                if (kind == 1) ek_multiply_panel(variants[v], tokens, depth, x, DEPTH, panel, EK_PANEL, count, out[v], EK_PANEL);
                if (kind == 2) {
                    memset(codes[v], 0, sizeof codes[v]);
                    ek_code_rows(variants[v], 0, tokens, tokens, depth, x, DEPTH, codes[v], scales[v]);
                    ek_multiply_coded(variants[v], tokens, depth, codes[v], scales[v], rows, DEPTH, count, out[v], EK_PANEL);
                }
            }
            double found = distance(out[0], out[1], TOKENS * EK_PANEL, 1);
            if (found > worst[kind]) worst[kind] = found;
            for (int64_t t = 0; t < tokens; t++) {
                for (int64_t r = 0; r < count; r++) {
                    double exact = 0;
                    for (int64_t k = 0; k < depth; k++)
                        exact += (double)x[t * DEPTH + k] * (kind == 1 ? panel[k * EK_PANEL + r] : rows[r * DEPTH + k]);
                    double error = fabs(out[0][t * EK_PANEL + r] - exact);
                    if (error > true_errors[kind]) true_errors[kind] = error;
                }
            }
        }
        if (memcmp(codes[0], codes[1], sizeof codes[0])) worst[3] = INFINITY;
        double single[2], largest[2], sums[2], exponentials[2];
        for (int v = 0; v < 2; v++) {
            memcpy(a[v], rows, sizeof a[v]);
            single[v] = ek_dot(variants[v], a[v], b, depth);
            largest[v] = ek_max(variants[v], a[v], depth);
            sums[v] = ek_sum_exp(variants[v], a[v], depth, 0.5f);
            exponentials[v] = ek_exp_in_place(variants[v], a[v], depth, 0.25f, 1.5f);
        }
        if (fabs(single[0] - single[1]) > worst[4]) worst[4] = fabs(single[0] - single[1]);
        if (fabs(largest[0] - largest[1]) > worst[5]) worst[5] = fabs(largest[0] - largest[1]);
        if (fabs(sums[0] / sums[1] - 1) > worst[6]) worst[6] = fabs(sums[0] / sums[1] - 1);
        double found = fmax(fabs(exponentials[0] / exponentials[1] - 1), distance(a[0], a[1], depth, 4));
        if (found > worst[7]) worst[7] = found;
        for (int64_t i = 0; i < depth; i++) {
            double error = fabs(a[0][i] / exp(1.5 * ((double)rows[i] - 0.25)) - 1);
            if (error > true_errors[3]) true_errors[3] = error;
        }
        for (int kind = 0; kind < 3; kind++) {
            for (int v = 0; v < 2; v++) {
                memcpy(a[v], rows, sizeof a[v]);
                if (kind == 0) ek_swiglu(variants[v], a[v], b, depth);
                if (kind == 1) ek_gelu(variants[v], a[v], b, depth);
                if (kind == 2) ek_soft_cap(variants[v], a[v], depth, 30, 50);
            }
            found = distance(a[0], a[1], depth, kind == 2 ? 30 : 1);
            if (found > worst[8 + kind]) worst[8 + kind] = found;
        }
    }
    report("rows, exactly", true_errors[0], products);
    report("panel, exactly", true_errors[1], products);
    // Two codes, each half a step of a 4096th off.
    report("coded, exactly", true_errors[2], DEPTH * 2.1 * 0x1p-13);
    report("exponentials, exactly", true_errors[3], 8e-7);
    report("products with rows", worst[0], products);
    report("products with a panel", worst[1], products);
    report("coded products", worst[2], 0);
    report("codes", worst[3], 0);
    report("dot", worst[4], products);
    report("max", worst[5], 0);
    report("sum of exponentials", worst[6], 8e-7);
    report("exponentials", worst[7], 8e-7);
    report("swiglu", worst[8], 1e-6);
    report("gelu, of halves", worst[9], 1e-3);
    report("soft cap", worst[10], 1e-6);
    // Decoders have no rounding of their own.
    int types[] = {EK_TYPE_F16, EK_TYPE_Q4_0, EK_TYPE_Q4_1, EK_TYPE_Q5_0, EK_TYPE_Q5_1, EK_TYPE_Q8_0,
                   EK_TYPE_Q2_K, EK_TYPE_Q3_K, EK_TYPE_Q4_K, EK_TYPE_Q5_K, EK_TYPE_Q6_K, EK_TYPE_BF16};
    static uint8_t blocks[512 * 300];
    static float decoded[2][512 * 256];
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        for (size_t i = 0; i < sizeof blocks; i++) blocks[i] = (uint8_t)(number() * 127);
        memset(decoded, 0, sizeof decoded);
        if (!ek_decode(EK_NEON, types[t], 512, blocks, decoded[0])) continue;
        int64_t count = ek_decode(EK_SCALAR, types[t], 512, blocks, decoded[1]) ? 512 * 256 : 0;
        char name[32];
        snprintf(name, sizeof name, "decoder of type %d", types[t]);
        report(name, count && !memcmp(decoded[0], decoded[1], sizeof decoded[0]) ? 0 : INFINITY, 0);
    }
    printf("%d differ\n", failures);
    return failures > 0;
}
