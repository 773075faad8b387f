import BinaryIO
import GGUF
import SystemPackage
import Tensors

extension ImportanceSums {
    /// Writes, atomically, a file that llama-quantize and llama-imatrix can read.
    /// - Parameter note: a key and a text to include in the GGUF form.
    /// - Throws: `FileError`.
    public func write(to path: FilePath, as form: ImportanceForm, note: (key: String, text: String)? = nil) throws {
        switch form {
        case .gguf: try writeGGUF(to: path, note)
        case .dat: try writeFile(olderForm, to: path)
        }
    }

    private func writeGGUF(to path: FilePath, _ note: (key: String, text: String)?) throws {
        var metadata = Metadata()
        metadata.set("general.type", .string("imatrix"))
        metadata.set("imatrix.datasets", .array(.string(datasets)))
        metadata.set("imatrix.chunk_count", .uint32(UInt32(clamping: chunkCount)))
        metadata.set("imatrix.chunk_size", .uint32(UInt32(clamping: chunkSize)))
        if let note { metadata.set(note.key, .string(note.text)) }
        var tensors: [GGUFTensor] = []
        var contents: [[Float]] = []
        func add(_ name: String, _ rowLength: Int, _ rowCount: Int, _ values: [Float]) {
            // In ggml, one row is a tensor of one dimension.
            let dimensions = rowCount == 1 ? [rowLength] : [rowLength, rowCount]
            guard let shape = TensorShape(dimensions), let tensor = GGUFTensor(name: name, type: .f32, shape: shape)
            else { preconditionFailure("numbers that are in memory have a size that can be counted") }
            tensors.append(tensor)
            contents.append(values)
        }
        for (name, entry) in sortedEntries {
            add("\(name).in_sum2", entry.columnCount, entry.counts.count, entry.sums)
            add("\(name).counts", 1, entry.counts.count, entry.counts.map(Float.init))
        }
        let writer = try GGUFFileWriter(path: path, layout: GGUFLayout(metadata: metadata, tensors: tensors))
        for (index, values) in contents.enumerated() {
            try values.map(\.bitPattern.littleEndian).withUnsafeBytes { try writer.write($0, tensor: index, at: 0) }
        }
        try writer.commit()
    }

    /// The bytes of the older form: means times calls, for the tensors that any row reached. Experts that no row
    /// reached weigh all columns equally.
    private var olderForm: [UInt8] {
        var bytes: [UInt8] = []
        func append(_ number: Int) {
            withUnsafeBytes(of: Int32(clamping: number).littleEndian) { bytes.append(contentsOf: $0) }
        }
        func append(_ text: String) {
            append(text.utf8.count)
            bytes += text.utf8
        }
        let stored = sortedEntries.filter { $0.entry.counts.contains { $0 > 0 } }
        append(stored.count)
        for (name, entry) in stored {
            let calls = ((entry.counts.max() ?? 0) + chunkSize - 1) / chunkSize
            append(name)
            append(calls)
            append(entry.sums.count)
            for (index, sum) in entry.sums.enumerated() {
                let count = Float(entry.counts[index / entry.columnCount])
                let mean = count == 0 ? 1 : sum / count
                withUnsafeBytes(of: (mean * Float(calls)).bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
            }
        }
        append(chunkCount)
        append(datasets.last ?? "")
        return bytes
    }

    /// The entries in the order of the names' bytes.
    private var sortedEntries: [(name: String, entry: Entry)] {
        entries.map { ($0.key, $0.value) }.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }
}
