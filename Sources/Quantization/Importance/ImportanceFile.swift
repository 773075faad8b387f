import BinaryIO
import GGUF
import SystemPackage
import Tensors

/// The two file formats that llama-imatrix writes. They contain the same run in slightly different numbers.
public enum ImportanceForm: String, Sendable, CaseIterable {
    /// Sums and counts, in a GGUF file.
    case gguf
    /// The older form: sums over all calls.
    case dat

    /// Returns the form for a file of this name.
    public init(path: FilePath) { self = path.extension?.lowercased() == "dat" ? .dat : .gguf }
}

/// The contents of an importance matrix's file, in either form.
struct ImportanceFile {
    struct Entry {
        var sums: [Float]
        /// One count for each of the tensor's matrices, or one for all: the number of rows; in the older form, of
        /// calls.
        var counts: [Float]
    }

    let form: ImportanceForm
    private(set) var entries: [String: Entry] = [:]
    private(set) var datasets: [String] = []
    private(set) var chunkCount = 0
    /// The number of tokens per window; nil in the older form.
    private(set) var chunkSize: Int?

    /// - Throws: `FileError`, `GGUFError`, or `QuantizationError` for a file that is not an importance matrix.
    init(path: FilePath) throws {
        do {
            let mapping = try MappedFile(path: path)
            // The bytes live as long as the mapping.
            self = try withExtendedLifetime(mapping) {
                mapping.bytes.starts(with: "GGUF".utf8)
                    ? try ImportanceFile(try GGUFFile(path: path)) : try ImportanceFile(older: mapping.bytes)
            }
            try check()
        } catch let problem as QuantizationProblem {
            throw QuantizationError(path: path, problem: problem)
        }
    }

    private init(_ file: GGUFFile) throws {
        form = .gguf
        if file.metadata["imatrix.datasets"] == nil, file.metadata["general.architecture"] != nil {
            throw QuantizationProblem.badImportanceMatrix("it is a model or a part of one")
        }
        (datasets, chunkCount, chunkSize) = try file.reading { metadata in
            (
                try metadata.strings("imatrix.datasets").required("imatrix.datasets"),
                try metadata.integer("imatrix.chunk_count").required("imatrix.chunk_count"),
                try metadata.integer("imatrix.chunk_size").required("imatrix.chunk_size")
            )
        }
        for sums in file.tensors where sums.name.hasSuffix(".in_sum2") {
            let name = String(sums.name.dropLast(".in_sum2".count))
            guard let counts = file.tensor(named: "\(name).counts"), counts.type == .f32, sums.type == .f32,
                counts.shape.elementCount > 0, sums.shape.elementCount.isMultiple(of: counts.shape.elementCount)
            else {
                throw QuantizationProblem.badImportanceMatrix("sums and counts of '\(name)' do not belong together")
            }
            entries[name] = Entry(
                sums: Self.floats(file.bytes(of: sums)),
                counts: Self.floats(file.bytes(of: counts))
            )
        }
    }

    private init(older bytes: UnsafeRawBufferPointer) throws {
        form = .dat
        var reader = ByteReader(bytes)
        do {
            let count = try reader.read(Int32.self)
            guard count > 0 else { throw QuantizationProblem.badImportanceMatrix("it has no entries") }
            for _ in 0..<count {
                let name = try reader.readUTF8(byteCount: try reader.readLength())
                let calls = try reader.read(Int32.self)
                let length = try reader.readLength()
                let sums = Self.floats(try reader.read(byteCount: length * 4))
                entries[name] = Entry(sums: sums, counts: [Float(calls)])
            }
            if reader.remaining > 0 {
                chunkCount = Int(try reader.read(Int32.self))
                if reader.remaining > 0 {
                    let text = try reader.readUTF8(byteCount: try reader.readLength())
                    if !text.isEmpty { datasets = [text] }
                }
            }
        } catch let error as ReadError {
            throw QuantizationProblem.badImportanceMatrix("\(error)")
        }
    }

    private func check() throws {
        guard !entries.isEmpty else { throw QuantizationProblem.badImportanceMatrix("it has no entries") }
        for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
            guard entry.sums.allSatisfy(\.isFinite), entry.counts.allSatisfy({ $0.isFinite && abs($0) < 1e15 }) else {
                throw QuantizationProblem.badImportanceMatrix("the entry '\(name)' holds an infinite number or NaN")
            }
        }
    }

    private static func floats(_ bytes: UnsafeRawBufferPointer) -> [Float] {
        (0..<(bytes.count / 4)).map {
            Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)))
        }
    }
}

extension ByteReader {
    /// Reads a length that the older form stores as a signed 32-bit number.
    fileprivate mutating func readLength() throws -> UInt64 {
        let start = offset
        let length = try read(Int32.self)
        guard length >= 0 else {
            throw QuantizationProblem.badImportanceMatrix("at byte \(start) a length is negative")
        }
        return UInt64(length)
    }
}
