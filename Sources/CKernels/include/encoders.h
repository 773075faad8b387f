// Encoders of block formats, for instruction sets that Swift cannot choose at run time. Each has a Swift twin in the
// BlockFormats target, which defines it; every variant gives the twin's bytes.
#ifndef EDGEPIPE_ENCODERS_H
#define EDGEPIPE_ENCODERS_H

#include "ckernels.h"
#include "tensor_types.h"

/// The grid of an IQ format; see GridNeighbours, whose lists are padded here to whole vectors.
typedef struct ek_grid {
    const int32_t *places;
    const uint16_t *lists, *points;
} ek_grid;

/// Blocks of weights that lie one after the other.
typedef struct ek_run {
    const float *weights;
    int64_t block_count;
    /// What each column counts, `columns` numbers, for a run of whole rows; null without an importance matrix.
    const float *importance;
    /// Weights in a row; read with importance only.
    int64_t columns;
    /// For formats that have one.
    const ek_grid *grid;
} ek_run;

/// Encodes a run to the format with GGUF's number `tensor_type`.
/// Returns false, and does nothing, where the variant has no encoder for the format.
bool ek_encode(ek_variant variant, int tensor_type, const ek_run *run, uint8_t *bytes);

/// The largest magnitude, as its bits: those of infinity or NaN where there is one. Zero for no numbers.
uint32_t ek_greatest_magnitude(ek_variant variant, const float *x, int64_t count);

/// Adds the product of `tall`, rows by rank, and `wide`, rank by columns, to `out`, rows by columns.
void ek_add_product(ek_variant variant, const float *tall, const float *wide, int64_t rows, int64_t rank, int64_t columns,
                    float *out);

/// Half to single precision; exact.
void ek_decode_halves(ek_variant variant, const void *halves, float *out, int64_t count);

#endif
