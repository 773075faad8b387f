import BlockFormats
import GGUF
import Tensors

/// Reads tensors from a file by name and shape, and records which were read.
///
/// Without a file it checks only the shapes, so the code that reads a model also checks a table of tensors.
struct TensorReader {
    private let file: GGUFFile?
    private let tensors: [String: GGUFTensor]
    /// The prefix of every name.
    var prefix = ""
    private var taken: Set<String> = []

    init(_ file: GGUFFile) {
        self.file = file
        tensors = Dictionary(file.tensors.map { ($0.name, $0) }) { first, _ in first }
    }

    /// Creates a reader that reads no weights: matrices have no bytes, and numbers are empty.
    init(shapesOf tensors: [GGUFTensor]) {
        file = nil
        self.tensors = Dictionary(tensors.map { ($0.name, $0) }) { first, _ in first }
    }

    func has(_ name: String) -> Bool { tensors[prefix + name] != nil }

    /// Reads a matrix of `rows` by `columns`.
    /// - Throws: `InferenceProblem`.
    mutating func matrix(_ name: String, rows: Int, columns: Int) throws -> WeightMatrix {
        try required(optionalMatrix(name, rows: rows, columns: columns), name)
    }

    mutating func optionalMatrix(_ name: String, rows: Int, columns: Int) throws -> WeightMatrix? {
        try tensor(name, [columns, rows]).map { WeightMatrix($0, in: file) }
    }

    /// Reads the matrices of a stack.
    mutating func matrices(_ name: String, count: Int, rows: Int, columns: Int) throws -> [WeightMatrix] {
        let stack = try required(tensor(name, [columns, rows, count]), name)
        return (0..<count).map { WeightMatrix(stack, in: file, index: $0, of: count) }
    }

    /// Reads all numbers of a small tensor, the first dimension varying fastest.
    /// - Throws: `InferenceProblem`.
    mutating func numbers(_ name: String, _ shape: [Int]) throws -> [Float] {
        try required(optionalNumbers(name, shape), name)
    }

    mutating func optionalNumbers(_ name: String, _ shape: [Int]) throws -> [Float]? {
        guard let tensor = try tensor(name, shape) else { return nil }
        guard let file else { return [] }
        let count = tensor.shape.elementCount
        return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            let target = UnsafeMutableBufferPointer(start: buffer.baseAddress, count: count)
            BlockCodec.decode(tensor.type, file.bytes(of: tensor), into: target)
            initialized = count
        }
    }

    /// Rejects a file with weights that were not read: ignoring them would give a plausible, wrong result.
    func requireAllTaken() throws {
        let stray = file?.tensors.first { !taken.contains($0.name) }?.name
        if let stray { throw InferenceProblem.unexpectedTensor(stray) }
    }

    /// Marks a tensor as known without reading it.
    mutating func skip(_ name: String) { taken.insert(name) }

    /// Marks all tensors as known whose names begin with a prefix.
    mutating func skip(allOf prefix: String) { taken.formUnion(tensors.keys.lazy.filter { $0.hasPrefix(prefix) }) }

    private func required<Value>(_ value: Value?, _ name: String) throws -> Value {
        guard let value else { throw InferenceProblem.missingTensor(prefix + name) }
        return value
    }

    private mutating func tensor(_ name: String, _ dimensions: [Int]) throws -> GGUFTensor? {
        let name = prefix + name
        guard let tensor = tensors[name] else { return nil }
        // A vector may be stored as a matrix of one row.
        guard TensorShape(dimensions)?.withoutTrailingOnes == tensor.shape.withoutTrailingOnes else {
            throw InferenceProblem.wrongShape(tensor: name, expected: dimensions, found: tensor.shape.dimensions)
        }
        guard BlockCodec.canDecode(tensor.type) else {
            throw InferenceProblem.unsupportedType(tensor: name, type: tensor.type.name)
        }
        taken.insert(name)
        return tensor
    }
}
