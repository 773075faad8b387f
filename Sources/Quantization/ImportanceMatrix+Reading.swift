import BinaryIO
import GGUF
import SystemPackage
import Tensors

extension ImportanceMatrix {
    static func isGGUF(_ path: FilePath) throws -> Bool {
        let mapping = try MappedFile(path: path)
        return mapping.bytes.starts(with: "GGUF".utf8)
    }

    /// The newer form: for each tensor the sums of squares and, for each expert, how many rows went in.
    init(_ file: GGUFFile) throws {
        let known = try file.reading { metadata in
            (
                datasets: try metadata.strings("imatrix.datasets").required("imatrix.datasets"),
                chunks: try metadata.integer("imatrix.chunk_count").required("imatrix.chunk_count")
            )
        }
        _ = try file.reading { try $0.integer("imatrix.chunk_size").required("imatrix.chunk_size") }
        var entries: [String: [Float]] = [:]
        for sums in file.tensors where sums.name.hasSuffix(".in_sum2") {
            let name = String(sums.name.dropLast(".in_sum2".count))
            guard let counts = file.tensor(named: "\(name).counts"), counts.type == .f32, sums.type == .f32,
                counts.shape.elementCount > 0, sums.shape.elementCount.isMultiple(of: counts.shape.elementCount)
            else { throw QuantizationProblem.badMatrix("sums and counts of '\(name)' do not belong together") }
            entries[name] = Self.means(Self.floats(file, sums), Self.floats(file, counts))
        }
        self.init(path: file.path.string, entries: entries, dataset: known.datasets.first, chunkCount: known.chunks)
    }

    /// The older form: for each tensor the sums over all calls, as 32-bit numbers, and the text's path at the end.
    init(legacy path: FilePath) throws {
        let mapping = try MappedFile(path: path)
        var reader = ByteReader(mapping.bytes)
        var entries: [String: [Float]] = [:]
        var (chunks, dataset): (Int, String?) = (0, nil)
        do {
            let count = try reader.read(Int32.self)
            guard count > 0 else { throw QuantizationProblem.badMatrix("it has no entries") }
            for _ in 0..<count {
                let name = try reader.readUTF8(byteCount: try reader.readLength())
                let calls = try reader.read(Int32.self)
                let length = try reader.readLength()
                let bytes = try reader.read(byteCount: length * 4)
                let sums = (0..<Int(length)).map {
                    Float(
                        bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self))
                    )
                }
                entries[name] = calls > 0 ? sums.map { $0 / Float(calls) } : sums
            }
            if reader.remaining > 0 {
                chunks = Int(try reader.read(Int32.self))
                if reader.remaining > 0 {
                    let text = try reader.readUTF8(byteCount: try reader.readLength())
                    dataset = text.isEmpty ? nil : text
                }
            }
        } catch let error as ReadError {
            throw QuantizationProblem.badMatrix("\(error)")
        }
        self.init(path: path.string, entries: entries, dataset: dataset, chunkCount: chunks)
    }

    /// Sums over counts, expert by expert; an expert that no token reached counts everything alike.
    private static func means(_ sums: [Float], _ counts: [Float]) -> [Float] {
        let columns = sums.count / counts.count
        return sums.enumerated().map { index, sum in
            let count = counts[index / columns].rounded(.toNearestOrAwayFromZero)
            return count > 0 ? sum / count : 1
        }
    }

    private static func floats(_ file: GGUFFile, _ tensor: GGUFTensor) -> [Float] {
        let bytes = file.bytes(of: tensor)
        return (0..<tensor.shape.elementCount).map {
            Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)))
        }
    }
}

extension ByteReader {
    /// A length that the older form keeps in a signed 32-bit number.
    fileprivate mutating func readLength() throws -> UInt64 {
        let start = offset
        let length = try read(Int32.self)
        guard length >= 0 else {
            throw QuantizationProblem.badMatrix("at byte \(start) a length is negative")
        }
        return UInt64(length)
    }
}
