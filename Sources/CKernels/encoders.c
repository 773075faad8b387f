#include "encoders.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

// Every operation rounds by itself, as the reference's do.
#pragma clang fp contract(off)

typedef float vec4 __attribute__((ext_vector_type(4), aligned(4), may_alias));
typedef float vec8 __attribute__((ext_vector_type(8), aligned(4), may_alias));

#include "encoding/grid_layouts.h"

#define NAME(function) scalar_##function
#define TARGET
#define LANES 4
#include "encoding/encoders_body.h"

#if defined(__x86_64__)

#define NAME(function) avx2_##function
#define TARGET __attribute__((target("avx2")))
#define LANES 8
#include "encoding/encoders_body.h"

#define NAME(function) avx512_##function
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2")))
#define LANES 16
#include "encoding/encoders_body.h"

#endif

bool ek_encode(ek_variant variant, int tensor_type, const ek_run *run, uint8_t *bytes) {
    switch (variant) {
#if defined(__x86_64__)
    case EK_AVX512_VNNI:
    case EK_AVX512: return avx512_encode(tensor_type, run, bytes);
    case EK_AVX2: return avx2_encode(tensor_type, run, bytes);
#endif
    // Four lanes are what every 64-bit Arm processor has, and what x86-64 starts from.
    default: return scalar_encode(tensor_type, run, bytes);
    }
}

uint32_t ek_greatest_magnitude(ek_variant variant, const float *x, int64_t count) {
    switch (variant) {
#if defined(__x86_64__)
    case EK_AVX512_VNNI:
    case EK_AVX512: return avx512_greatest_of_run(x, count);
    case EK_AVX2: return avx2_greatest_of_run(x, count);
#endif
    default: return scalar_greatest_of_run(x, count);
    }
}

void ek_decode_halves(ek_variant variant, const void *halves, float *out, int64_t count) {
    switch (variant) {
#if defined(__x86_64__)
    case EK_AVX512_VNNI:
    case EK_AVX512: avx512_decode_halves(halves, out, count); return;
    case EK_AVX2: avx2_decode_halves(halves, out, count); return;
#endif
    default: scalar_decode_halves(halves, out, count);
    }
}

void ek_add_product(ek_variant variant, const float *tall, const float *wide, int64_t rows, int64_t rank, int64_t columns,
                    float *out) {
    switch (variant) {
#if defined(__x86_64__)
    case EK_AVX512_VNNI:
    case EK_AVX512: avx512_add_product(tall, wide, rows, rank, columns, out); return;
    case EK_AVX2: avx2_add_product(tall, wide, rows, rank, columns, out); return;
#endif
    default: scalar_add_product(tall, wide, rows, rank, columns, out);
    }
}
