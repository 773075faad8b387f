import Tensors
import Testing

@Suite struct TensorShapeTests {
    @Test(
        arguments: [
            ([], 1, 1, 1), ([5], 5, 5, 1), ([4, 3], 12, 4, 3), ([2, 3, 5], 30, 2, 15), ([0], 0, 0, 0),
            ([3, 0], 0, 3, 0),
            ([.max], .max, .max, 1), ([1 << 31, 1 << 31], 1 << 62, 1 << 31, 1 << 31),
        ] as [([Int], Int, Int, Int)]
    )
    func countsElementsAndRows(_ dimensions: [Int], _ elements: Int, _ rowLength: Int, _ rows: Int) throws {
        let shape = try #require(TensorShape(dimensions))
        #expect(shape.elementCount == elements && shape.rowLength == rowLength && shape.rowCount == rows)
        #expect(shape.description == "\(dimensions)")
    }

    @Test(
        arguments: [
            ([], []), ([1], [1]), ([1, 1, 1], [1]), ([64, 1], [64]), ([1, 3, 1], [1, 3]), ([2, 3], [2, 3]),
        ]
            as [([Int], [Int])]
    )
    func dimensionsOfOneAtTheEndMayGo(_ dimensions: [Int], _ rest: [Int]) throws {
        #expect(try #require(TensorShape(dimensions)).withoutTrailingOnes.dimensions == rest)
    }

    @Test(arguments: [[-1], [3, -2], [1 << 32, 1 << 31], [.max, 2], [.max, .max, 0], [.min]])
    func refusesNegativeDimensionsAndOverflow(_ dimensions: [Int]) {
        #expect(TensorShape(dimensions) == nil)
    }
}
