import BlockFormats
import GGUF
import Tensors

/// Takes tensors out of a file by name and shape, and remembers which were taken.
struct TensorReader {
    let file: GGUFFile
    private var taken: Set<String> = []

    init(_ file: GGUFFile) { self.file = file }

    /// A matrix of `rows` by `columns`.
    /// - Throws: `InferenceProblem`.
    mutating func matrix(_ name: String, rows: Int, columns: Int) throws -> WeightMatrix {
        guard let matrix = try optionalMatrix(name, rows: rows, columns: columns) else {
            throw InferenceProblem.missingTensor(name)
        }
        return matrix
    }

    mutating func optionalMatrix(_ name: String, rows: Int, columns: Int) throws -> WeightMatrix? {
        try tensor(name, shape: [columns, rows]).map { WeightMatrix($0, in: file) }
    }

    /// A vector of exactly `count` numbers.
    /// - Throws: `InferenceProblem`.
    mutating func vector(_ name: String, count: Int) throws -> [Float] {
        guard let vector = try optionalVector(name, count: count) else { throw InferenceProblem.missingTensor(name) }
        return vector
    }

    mutating func optionalVector(_ name: String, count: Int) throws -> [Float]? {
        guard let tensor = try tensor(name, shape: [count]) else { return nil }
        return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            let target = UnsafeMutableBufferPointer(start: buffer.baseAddress, count: count)
            BlockCodec.decode(tensor.type, file.bytes(of: tensor), into: target)
            initialized = count
        }
    }

    /// Refuses a file with weights that nobody asked for: leaving them out would give a plausible, wrong result.
    func requireAllTaken() throws {
        for tensor in file.tensors where !taken.contains(tensor.name) {
            throw InferenceProblem.unexpectedTensor(tensor.name)
        }
    }

    /// Marks a tensor as known without reading it.
    mutating func skip(_ name: String) { taken.insert(name) }

    private mutating func tensor(_ name: String, shape: [Int]) throws -> GGUFTensor? {
        guard let tensor = file.tensor(named: name) else { return nil }
        guard tensor.shape.dimensions == shape else {
            throw InferenceProblem.wrongShape(tensor: name, expected: shape, found: tensor.shape.dimensions)
        }
        guard BlockCodec.canDecode(tensor.type) else {
            throw InferenceProblem.unsupportedType(tensor: name, type: tensor.type.name)
        }
        taken.insert(name)
        return tensor
    }
}
