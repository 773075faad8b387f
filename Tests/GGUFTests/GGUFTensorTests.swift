import GGUF
import Tensors
import Testing

@Suite struct GGUFTensorTests {
    @Test func sizesFollowFromTypeAndShape() throws {
        let tensor = try GGUFLayoutTests.tensor("a", .q4_K, [512, 3, 2])
        #expect(tensor.byteCount == 2 * 144 * 6 && tensor.rowByteCount == 288)
        #expect(try GGUFLayoutTests.tensor("a", .f32, []).byteCount == 4)
        #expect(try GGUFLayoutTests.tensor("a", .f32, [0, 3]).byteCount == 0)
    }

    @Test(
        arguments: [(.q4_K, [255]), (.q8_0, [31, 32]), (.f64, [.max]), (.f32, [1 << 31, 1 << 30])]
            as [(TensorType, [Int])]
    )
    func partialBlocksAndOverflowAreNoTensor(_ type: TensorType, _ dimensions: [Int]) throws {
        let shape = try #require(TensorShape(dimensions))
        #expect(GGUFTensor(name: "a", type: type, shape: shape) == nil)
    }
}
