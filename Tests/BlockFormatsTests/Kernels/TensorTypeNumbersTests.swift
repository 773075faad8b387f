import CKernels
import Tensors
import Testing

@Suite struct TensorTypeNumbersTests {
    /// The number of a type in the C kernels' header.
    private static func number(of type: TensorType) -> ek_tensor_type {
        switch type {
        case .f32: EK_TYPE_F32
        case .f16: EK_TYPE_F16
        case .q4_0: EK_TYPE_Q4_0
        case .q4_1: EK_TYPE_Q4_1
        case .q5_0: EK_TYPE_Q5_0
        case .q5_1: EK_TYPE_Q5_1
        case .q8_0: EK_TYPE_Q8_0
        case .q8_1: EK_TYPE_Q8_1
        case .q2_K: EK_TYPE_Q2_K
        case .q3_K: EK_TYPE_Q3_K
        case .q4_K: EK_TYPE_Q4_K
        case .q5_K: EK_TYPE_Q5_K
        case .q6_K: EK_TYPE_Q6_K
        case .q8_K: EK_TYPE_Q8_K
        case .iq2_xxs: EK_TYPE_IQ2_XXS
        case .iq2_xs: EK_TYPE_IQ2_XS
        case .iq3_xxs: EK_TYPE_IQ3_XXS
        case .iq1_s: EK_TYPE_IQ1_S
        case .iq4_nl: EK_TYPE_IQ4_NL
        case .iq3_s: EK_TYPE_IQ3_S
        case .iq2_s: EK_TYPE_IQ2_S
        case .iq4_xs: EK_TYPE_IQ4_XS
        case .i8: EK_TYPE_I8
        case .i16: EK_TYPE_I16
        case .i32: EK_TYPE_I32
        case .i64: EK_TYPE_I64
        case .f64: EK_TYPE_F64
        case .iq1_m: EK_TYPE_IQ1_M
        case .bf16: EK_TYPE_BF16
        case .tq1_0: EK_TYPE_TQ1_0
        case .tq2_0: EK_TYPE_TQ2_0
        case .mxfp4: EK_TYPE_MXFP4
        case .nvfp4: EK_TYPE_NVFP4
        case .q1_0: EK_TYPE_Q1_0
        case .q2_0: EK_TYPE_Q2_0
        }
    }

    @Test(arguments: TensorType.allCases)
    func theKernelsGiveEveryTypeItsNumberInGGUF(_ type: TensorType) {
        #expect(Self.number(of: type).rawValue == type.rawValue)
    }
}
