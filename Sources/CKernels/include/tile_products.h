// Products of parts of matrices for linear algebra, in which every variant gives the same sums: each element gets its
// terms one by one, in their order, and every operation rounds by itself. The Swift twin is in the BlockFormats target.
#ifndef EDGEPIPE_TILE_PRODUCTS_H
#define EDGEPIPE_TILE_PRODUCTS_H

#include "ckernels.h"

/// out[r][c] += tall[r][k] * wide[k][c] for k = 0 ..< rank, one after the other. Strides are in numbers.
void ek_add_tile(ek_variant variant, const float *tall, int64_t tall_stride, const float *wide, int64_t wide_stride,
                 int64_t rows, int64_t rank, int64_t columns, float *out, int64_t out_stride);

/// The same in double precision.
void ek_add_double_tile(ek_variant variant, const double *tall, int64_t tall_stride, const double *wide,
                        int64_t wide_stride, int64_t rows, int64_t rank, int64_t columns, double *out,
                        int64_t out_stride);

#endif
