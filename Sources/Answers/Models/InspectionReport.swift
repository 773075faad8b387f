import Architectures
import BinaryIO
import DeviceFit
import GGUF
import Safetensors
import SystemPackage
import Tensors

/// The contents of a model file. The field names are a contract with other programs.
public struct InspectionReport: Encodable, Sendable {
    /// A tensor of the file's table.
    public struct Tensor: Encodable, Sendable {
        /// The name in the file.
        public var name: String
        /// The type by the format's name, such as `Q4_K`.
        public var type: String
        /// The dimensions in the file's order: in GGUF the fastest is first.
        public var shape: [Int]
        /// The bytes of its data.
        public var bytes: Int
        /// The offset from the start of the file.
        public var offset: Int
        /// The SHA-256 of its data; nil unless digests were requested.
        public var sha256: SHA256Digest?
    }

    /// The format: `gguf` or `safetensors`.
    public var format: String
    /// The SHA-256 of the file; nil unless digests were requested.
    public var sha256: SHA256Digest?
    /// The size of the whole file in bytes.
    public var bytes: Int
    /// The number of elements of all tensors.
    public var parameters: Int
    /// The metadata in the order of the file; empty for safetensors.
    public var metadata: OrderedMetadata
    /// The tensors; nil unless they were requested.
    public var tensors: [Tensor]?
    /// The bytes of all tensors of a type.
    public var bytesByType: [String: Int]
    /// The bytes of layers that predict further tokens (MTP), which engines do not run; nil if there are none.
    public var predictorBytes: Int?
    /// The profile of a projector file, with which a model sees or hears; nil for other files.
    public var projector: ProjectorProfile?
}

extension InspectionReport {
    /// Reads the metadata and tensors of a GGUF or safetensors file.
    /// - Parameters:
    ///   - tensors: whether they are listed.
    ///   - digests: whether the file and each listed tensor are hashed.
    /// - Throws: `GGUFError`, `SafetensorsError`, `FileError`.
    public init(of path: FilePath, tensors: Bool, digests: Bool) throws {
        if path.extension == "safetensors" {
            self = try Self.safetensors(path, tensors, digests)
            return
        }
        let file = try GGUFFile(path: path)
        let rows = zip(file.tensors, file.offsets).map { tensor, offset in
            InspectionReport.Tensor(
                name: tensor.name,
                type: tensor.type.name,
                shape: tensor.shape.dimensions,
                bytes: tensor.byteCount,
                offset: offset,
                sha256: tensors && digests ? SHA256Digest(of: file.bytes(of: tensor)) : nil
            )
        }
        self.init(
            format: "gguf",
            sha256: digests ? try SHA256Digest(ofFile: path) : nil,
            bytes: file.byteCount,
            parameters: file.tensors.elementCount,
            metadata: OrderedMetadata(file.metadata),
            tensors: tensors ? rows : nil,
            bytesByType: Dictionary(rows.map { ($0.type, $0.bytes) }, uniquingKeysWith: +),
            predictorBytes: Self.predictorBytes(file),
            projector: try? ProjectorProfile(file)
        )
    }

    /// Returns nil also for a file whose shape cannot be read: its architecture may be unknown, or it may not be a
    /// model.
    private static func predictorBytes(_ file: GGUFFile) -> Int? {
        guard let prefixes = try? ModelShape(file).predictorPrefixes, !prefixes.isEmpty else { return nil }
        return file.tensors.filter { prefixes.contains(where: $0.name.hasPrefix) }.byteCount
    }

    private static func safetensors(
        _ path: FilePath,
        _ tensors: Bool,
        _ digests: Bool
    ) throws -> InspectionReport {
        let file = try SafetensorsFile(path: path)
        let rows = file.tensors.map { tensor in
            InspectionReport.Tensor(
                name: tensor.name,
                type: tensor.type.rawValue,
                shape: tensor.shape,
                bytes: tensor.range.count,
                offset: tensor.range.lowerBound,
                sha256: tensors && digests ? SHA256Digest(of: file.bytes(of: tensor)) : nil
            )
        }
        return InspectionReport(
            format: "safetensors",
            sha256: digests ? try SHA256Digest(ofFile: path) : nil,
            bytes: FileStatus(path)?.byteCount ?? 0,
            // The reader has checked that each product of dimensions fits into an Int.
            parameters: file.tensors.reduce(0) { $0 + $1.shape.reduce(1, *) },
            metadata: OrderedMetadata(Metadata()),
            tensors: tensors ? rows : nil,
            bytesByType: Dictionary(rows.map { ($0.type, $0.bytes) }, uniquingKeysWith: +)
        )
    }
}

/// A file's metadata for output: JSON keeps every value, a table shortens long arrays.
public struct OrderedMetadata: Encodable, Sendable {
    private let metadata: Metadata

    init(_ metadata: Metadata) { self.metadata = metadata }

    /// Encodes the pairs as one object, in the order of the file.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        for (key, value) in metadata.pairs {
            try value.encode(to: container.superEncoder(forKey: Key(stringValue: key)))
        }
    }

    /// The key, type and value of each pair, with the value cut to one line.
    public var rows: [[String]] {
        metadata.pairs.map { key, value in [key, value.typeName, value.summary] }
    }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }
}

extension MetadataValue {
    fileprivate func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .uint8(let value): try container.encode(value)
        case .int8(let value): try container.encode(value)
        case .uint16(let value): try container.encode(value)
        case .int16(let value): try container.encode(value)
        case .uint32(let value): try container.encode(value)
        case .int32(let value): try container.encode(value)
        case .float32(let value): try container.encode(value)
        case .bool(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .uint64(let value): try container.encode(value)
        case .int64(let value): try container.encode(value)
        case .float64(let value): try container.encode(value)
        case .array(let array):
            switch array {
            case .uint8(let elements): try container.encode(elements)
            case .int8(let elements): try container.encode(elements)
            case .uint16(let elements): try container.encode(elements)
            case .int16(let elements): try container.encode(elements)
            case .uint32(let elements): try container.encode(elements)
            case .int32(let elements): try container.encode(elements)
            case .float32(let elements): try container.encode(elements)
            case .bool(let elements): try container.encode(elements)
            case .string(let elements): try container.encode(elements)
            case .uint64(let elements): try container.encode(elements)
            case .int64(let elements): try container.encode(elements)
            case .float64(let elements): try container.encode(elements)
            }
        }
    }

    fileprivate var summary: String {
        switch self {
        case .string(let text):
            let line = text.replacing("\n", with: "\\n")
            return line.count > 60 ? line.prefix(57) + "..." : line
        case .bool(let flag): return "\(flag)"
        case .float32(let number): return "\(number)"
        case .float64(let number): return "\(number)"
        case .array(let array): return "\(array.count) elements"
        default: return integer.map { "\($0)" } ?? "?"
        }
    }
}
