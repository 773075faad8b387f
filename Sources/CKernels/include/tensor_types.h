#ifndef EDGEPIPE_TENSOR_TYPES_H
#define EDGEPIPE_TENSOR_TYPES_H

/// GGUF's numbers for the types of tensors, which ggml calls `ggml_type`. Tensors' `TensorType` has the same; a test holds
/// the two together.
typedef enum ek_tensor_type {
    EK_TYPE_F32 = 0,
    EK_TYPE_F16 = 1,
    EK_TYPE_Q4_0 = 2,
    EK_TYPE_Q4_1 = 3,
    EK_TYPE_Q5_0 = 6,
    EK_TYPE_Q5_1 = 7,
    EK_TYPE_Q8_0 = 8,
    EK_TYPE_Q8_1 = 9,
    EK_TYPE_Q2_K = 10,
    EK_TYPE_Q3_K = 11,
    EK_TYPE_Q4_K = 12,
    EK_TYPE_Q5_K = 13,
    EK_TYPE_Q6_K = 14,
    EK_TYPE_Q8_K = 15,
    EK_TYPE_IQ2_XXS = 16,
    EK_TYPE_IQ2_XS = 17,
    EK_TYPE_IQ3_XXS = 18,
    EK_TYPE_IQ1_S = 19,
    EK_TYPE_IQ4_NL = 20,
    EK_TYPE_IQ3_S = 21,
    EK_TYPE_IQ2_S = 22,
    EK_TYPE_IQ4_XS = 23,
    EK_TYPE_I8 = 24,
    EK_TYPE_I16 = 25,
    EK_TYPE_I32 = 26,
    EK_TYPE_I64 = 27,
    EK_TYPE_F64 = 28,
    EK_TYPE_IQ1_M = 29,
    EK_TYPE_BF16 = 30,
    EK_TYPE_TQ1_0 = 34,
    EK_TYPE_TQ2_0 = 35,
    EK_TYPE_MXFP4 = 39,
    EK_TYPE_NVFP4 = 40,
    EK_TYPE_Q1_0 = 41,
    EK_TYPE_Q2_0 = 42,
} ek_tensor_type;

#endif
