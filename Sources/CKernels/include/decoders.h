// What reads the common block formats: decoders, and products of rows with activations. Decoders have Swift twins in the
// BlockFormats target, which define them, and every variant gives the twin's numbers. A product is a decoded row times the
// coded activations; the variants differ from that by rounding only.
#ifndef EDGEPIPE_DECODERS_H
#define EDGEPIPE_DECODERS_H

#include "ckernels.h"
#include "tensor_types.h"

/// Decodes blocks of the format with GGUF's number `tensor_type`.
/// Returns false, and does nothing, where there is no decoder for the format.
bool ek_decode(ek_variant variant, int tensor_type, int64_t block_count, const uint8_t *blocks, float *out);

/// One row of activations.
typedef struct ek_coded {
    int64_t count;
    /// As they are.
    const float *numbers;
    /// As whole numbers from -127 to 127, padded with zeros, and what one counts, for each group.
    const int8_t *codes;
    const float *scales;
    /// For each 16 numbers the sum of their codes; and for each 32, in fours, each after four zeros.
    const int16_t *sums, *run_sums;
    /// For each 32 numbers the sum of their codes.
    const int32_t *whole_sums;
} ek_coded;

/// Codes one row in groups of 32 numbers, or of as many as a block of the weights has.
void ek_code_row(int64_t group, int64_t depth, const float *x, int8_t *codes, float *scales, int16_t *sums, int16_t *run_sums,
                 int32_t *whole_sums);

/// out[r] = sum over k of rows[r][k] * x[k], for rows of whole blocks of `block` weights, of the format with GGUF's number
/// `tensor_type`. Blocks are multiplied with codes, in groups of their own length; numbers of sixteen bits with x as it is.
/// Returns false, and does nothing, where the variant has no such product for the format.
bool ek_dot_rows(ek_variant variant, int tensor_type, int64_t block, int64_t count, int64_t row_bytes, const uint8_t *rows,
                 const ek_coded *x, float *out);

#endif
