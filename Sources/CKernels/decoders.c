#include "decoders.h"

#include "block_scales.h"

// Every operation rounds by itself, as in the Swift decoders.
#pragma clang fp contract(off)

#define NAME(function) scalar_##function
#define TARGET
#define LANES 4
#include "decoding/decoders_body.h"

#if defined(__x86_64__)

#define NAME(function) avx2_##function
#define TARGET __attribute__((target("avx2")))
#define LANES 8
#include "decoding/decoders_body.h"

#define NAME(function) avx512_##function
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2")))
#define LANES 16
#include "decoding/decoders_body.h"

#endif

bool ek_decode(ek_variant variant, int tensor_type, int64_t block_count, const uint8_t *blocks, float *out) {
    switch (variant) {
#if defined(__x86_64__)
    case EK_AVX512_VNNI:
    case EK_AVX512: return avx512_decode(tensor_type, block_count, blocks, out);
    case EK_AVX2: return avx2_decode(tensor_type, block_count, blocks, out);
#endif
    default: return scalar_decode(tensor_type, block_count, blocks, out);
    }
}
