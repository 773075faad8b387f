import BinaryIO
import GGUF
import SystemPackage
import Tensors

/// Fisher factors as a GGUF file: for each weight tensor `NAME.rows` and `NAME.columns`, means of squares in single
/// precision, and `NAME.counts`, whole numbers of tokens, one for each matrix.
extension FisherFactors {
    private static let (type, prefix) = ("fisher", "edgepipe.fisher.")
    private static let (rowsEnding, columnsEnding, countsEnding) = (".rows", ".columns", ".counts")
    /// The most tokens that a file may claim, far beyond any run; keeps counts in range.
    private static let mostTokens = 1 << 40

    /// Writes the file, which appears when it is complete.
    /// - Parameter note: a key and a text to include in the file.
    /// - Throws: `FileError`.
    public func write(to path: FilePath, note: (key: String, text: String)? = nil) throws {
        var metadata = Metadata()
        metadata.set("general.type", .string(Self.type))
        for (name, number) in [("tokens", tokens), ("context", context), ("chunks", chunks)] {
            metadata.set(Self.prefix + name, .uint64(UInt64(number)))
        }
        metadata.set(Self.prefix + "seed", .uint64(seed))
        metadata.set(Self.prefix + "kernels", .string(kernels))
        if let note { metadata.set(note.key, .string(note.text)) }
        var table: [GGUFTensor] = []
        var contents: [[UInt8]] = []
        func add(_ name: String, _ type: TensorType, _ dimensions: [Int], _ bytes: [UInt8]) {
            guard let shape = TensorShape(dimensions), let tensor = GGUFTensor(name: name, type: type, shape: shape)
            else {
                preconditionFailure("numbers that are in memory have a size that can be counted")
            }
            table.append(tensor)
            contents.append(bytes)
        }
        for tensor in tensors {
            let count = tensor.matrixCount
            add(
                tensor.name + Self.rowsEnding,
                .f32,
                [tensor.rows, count],
                Self.bytes(tensor.rowFactors.map(\.bitPattern))
            )
            add(
                tensor.name + Self.columnsEnding,
                .f32,
                [tensor.columns, count],
                Self.bytes(tensor.columnFactors.map(\.bitPattern))
            )
            add(tensor.name + Self.countsEnding, .i64, [count], Self.bytes(tensor.counts.map(UInt64.init)))
        }
        let writer = try GGUFFileWriter(path: path, layout: GGUFLayout(metadata: metadata, tensors: table))
        for (index, bytes) in contents.enumerated() {
            try bytes.withUnsafeBytes { try writer.write($0, tensor: index, at: 0) }
        }
        try writer.commit()
    }

    /// Reads a file that `write` wrote.
    /// - Throws: `FileError`, `GGUFError`, or `EvaluationError.notFisherFactors` for a file of another kind, or a
    ///   damaged one.
    public init(path: FilePath) throws {
        try self.init(try GGUFFile(path: path))
    }

    /// Reads the factors in an opened file.
    /// - Throws: as the other initializer.
    public init(_ file: GGUFFile) throws {
        func refusal(_ why: String) -> EvaluationError { .notFisherFactors(path: file.path, why: why) }
        guard case .string(Self.type)? = file.metadata["general.type"] else {
            throw refusal("it does not hold Fisher factors")
        }
        func number(_ name: String, from least: Int) throws -> Int {
            let key = Self.prefix + name
            let found = try file.reading { try $0.integer(key).required(key) }
            guard (least...Self.mostTokens).contains(found) else { throw refusal("'\(key)' is \(found)") }
            return found
        }
        (tokens, context, chunks) = (
            try number("tokens", from: 0), try number("context", from: 1), try number("chunks", from: 0)
        )
        guard case .uint64(let seed)? = file.metadata[Self.prefix + "seed"],
            case .string(let kernels)? = file.metadata[Self.prefix + "kernels"]
        else { throw refusal("it does not say what labels were drawn by, and with which kernels") }
        (self.seed, self.kernels) = (seed, kernels)
        tensors = []
        for rows in file.tensors where rows.name.hasSuffix(Self.rowsEnding) && rows.type == .f32 {
            let name = String(rows.name.dropLast(Self.rowsEnding.count))
            guard let columns = file.tensor(named: name + Self.columnsEnding), columns.type == .f32,
                let counts = file.tensor(named: name + Self.countsEnding), counts.type == .i64
            else { throw refusal("the factors of '\(name)' are not complete") }
            let matrices = counts.shape.elementCount
            guard matrices > 0, rows.shape.elementCount.isMultiple(of: matrices),
                columns.shape.elementCount.isMultiple(of: matrices)
            else { throw refusal("the factors of '\(name)' do not belong together") }
            var tensor = Tensor(
                name: name,
                matrixCount: matrices,
                rows: rows.shape.elementCount / matrices,
                columns: columns.shape.elementCount / matrices
            )
            tensor.rowFactors = Self.floats(file.bytes(of: rows))
            tensor.columnFactors = Self.floats(file.bytes(of: columns))
            guard (tensor.rowFactors + tensor.columnFactors).allSatisfy({ $0.isFinite && $0 >= 0 }) else {
                throw refusal("a factor of '\(name)' is negative, infinite or not a number")
            }
            let found = Self.wholes(file.bytes(of: counts))
            guard found.allSatisfy({ $0 >= 0 && $0 <= tokens }) else {
                throw refusal("'\(name)' was reached by more tokens than were read")
            }
            tensor.counts = found
            tensors.append(tensor)
        }
        guard !tensors.isEmpty else { throw refusal("it has no factors") }
    }

    private static func bytes<Number: FixedWidthInteger>(_ numbers: [Number]) -> [UInt8] {
        numbers.map(\.littleEndian).withUnsafeBytes { Array($0) }
    }

    private static func floats(_ bytes: UnsafeRawBufferPointer) -> [Float] {
        (0..<(bytes.count / 4)).map {
            Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)))
        }
    }

    private static func wholes(_ bytes: UnsafeRawBufferPointer) -> [Int] {
        (0..<(bytes.count / 8)).map {
            Int(Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)))
        }
    }
}
