#include "tile_products.h"

// Every operation rounds by itself, so that vectors of any width give the same sums.
#pragma clang fp contract(off)

#define NAME(function) scalar_float_##function
#define TARGET
#define REAL float
#define LANES 4
#include "products/tile_body.h"

#define NAME(function) scalar_double_##function
#define TARGET
#define REAL double
#define LANES 2
#include "products/tile_body.h"

#if defined(__x86_64__)

#define NAME(function) avx2_float_##function
#define TARGET __attribute__((target("avx2")))
#define REAL float
#define LANES 8
#include "products/tile_body.h"

#define NAME(function) avx2_double_##function
#define TARGET __attribute__((target("avx2")))
#define REAL double
#define LANES 4
#include "products/tile_body.h"

#define NAME(function) avx512_float_##function
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2")))
#define REAL float
#define LANES 16
#include "products/tile_body.h"

#define NAME(function) avx512_double_##function
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2")))
#define REAL double
#define LANES 8
#include "products/tile_body.h"

#define DISPATCH(precision, ...)                                          \
    switch (variant) {                                                    \
    case EK_AVX512_VNNI:                                                  \
    case EK_AVX512: avx512_##precision##_tile(__VA_ARGS__); return;       \
    case EK_AVX2: avx2_##precision##_tile(__VA_ARGS__); return;           \
    default: scalar_##precision##_tile(__VA_ARGS__);                      \
    }
#else
// Two vectors of four lanes are what every 64-bit Arm processor has.
#define DISPATCH(precision, ...) scalar_##precision##_tile(__VA_ARGS__);
#endif

void ek_add_tile(ek_variant variant, const float *tall, int64_t tall_stride, const float *wide, int64_t wide_stride,
                 int64_t rows, int64_t rank, int64_t columns, float *out, int64_t out_stride) {
    DISPATCH(float, tall, tall_stride, wide, wide_stride, rows, rank, columns, out, out_stride)
}

void ek_add_double_tile(ek_variant variant, const double *tall, int64_t tall_stride, const double *wide,
                        int64_t wide_stride, int64_t rows, int64_t rank, int64_t columns, double *out,
                        int64_t out_stride) {
    DISPATCH(double, tall, tall_stride, wide, wide_stride, rows, rank, columns, out, out_stride)
}
