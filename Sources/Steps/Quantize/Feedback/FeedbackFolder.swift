import BinaryIO
import Foundation
import GGUF
import Inference
import Quantization
import SystemPackage

/// The files of rounding with feedback: the finished tensors, and the states of the text between two layers. A file is
/// either complete or absent; a damaged one is made again.
struct FeedbackFolder {
    let path: FilePath
    /// A digest of everything that decides the contents.
    private let run: SHA256Digest

    /// The data stored with a tensor's bytes.
    private struct Entry: Codable {
        var record: FeedbackRecord
        var digest: String?
    }

    private static let endings = ["bytes", "json", "states", "run"]

    /// Opens a folder, and removes the files of another run.
    init(_ path: FilePath, run: SHA256Digest) throws {
        (self.path, self.run) = (path, run)
        try makeFolder(path)
        let note = path.appending("this.run")
        guard (try? readFile(note, limit: 64)).map({ $0 == Array(run.description.utf8) }) != true else { return }
        try remove(folderToo: false)
        try writeFile(run.description.utf8, to: note)
    }

    /// Removes the stored files, and the folder if it contains nothing else.
    func remove(folderToo: Bool = true) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: path.string) {
            guard Self.endings.contains(where: { name.hasSuffix(".\($0)") }) else { continue }
            try FileManager.default.removeItem(atPath: path.appending(name).string)
        }
        if folderToo { rmdir(path.string) }
    }

    func bytesPath(of item: FeedbackItem) -> FilePath { path.appending("\(item.stem).bytes") }

    /// Returns the outcome of a tensor; nil if it is unknown, or the bytes are damaged.
    func outcome(of item: FeedbackItem) -> (record: FeedbackRecord, bytes: MappedFile?)? {
        guard let json = try? readFile(path.appending("\(item.stem).json"), limit: 1 << 16),
            let entry = try? JSONDecoder().decode(Entry.self, from: Data(json))
        else { return nil }
        guard let digest = entry.digest else { return (entry.record, nil) }
        guard let file = try? MappedFile(path: bytesPath(of: item)), file.count == item.tensor.target.byteCount,
            withExtendedLifetime(file, { "\(SHA256Digest(of: file.bytes))" == digest })
        else { return nil }
        return (entry.record, file)
    }

    /// Stores the outcome of a tensor, after its bytes, if any, are written.
    func save(_ record: FeedbackRecord, of item: FeedbackItem) throws {
        var entry = Entry(record: record)
        if record.taken > 0 { entry.digest = "\(try SHA256Digest(ofFile: bytesPath(of: item)))" }
        try writeFile(try JSONEncoder().encode(entry), to: path.appending("\(item.stem).json"))
    }

    private var statesPath: FilePath { path.appending("text.states") }

    /// Reads the states of the text.
    /// - Parameter last: the last acceptable layer.
    /// - Returns: the layer before which the states were taken; nil if there are none that can be used.
    func loadStates(_ states: LayerStates, upTo last: Int) -> Int? {
        guard let file = try? MappedFile(path: statesPath), file.count == Self.headCount + states.byteCount else {
            return nil
        }
        return withExtendedLifetime(file) {
            let body = UnsafeRawBufferPointer(rebasing: file.bytes[Self.headCount...])
            let layer = Int(Int64(littleEndian: file.bytes.loadUnaligned(as: Int64.self)))
            guard (0...last).contains(layer), file.bytes[..<Self.headCount].elementsEqual(head(layer, body)) else {
                return nil
            }
            var offset = 0
            for window in states.windows.indices {
                let target = UnsafeMutableRawBufferPointer(states[window])
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: body[offset..<(offset + target.count)]))
                offset += target.count
            }
            return layer
        }
    }

    /// Stores the states of the text before a layer.
    func save(_ states: LayerStates, before layer: Int) throws {
        let file = try AtomicFile(path: statesPath)
        try file.write([UInt8](repeating: 0, count: Self.headCount))
        var hash = SHA256Hasher()
        for window in states.windows.indices {
            let bytes = UnsafeRawBufferPointer(states[window])
            hash.update(bytes)
            try file.write(bytes)
        }
        try head(layer, hash.finalize()).withUnsafeBytes { try file.write($0, at: 0) }
        try file.commit()
    }

    private static let headCount = 8 + 64

    private func head(_ layer: Int, _ body: UnsafeRawBufferPointer) -> [UInt8] { head(layer, SHA256Digest(of: body)) }

    private func head(_ layer: Int, _ digest: SHA256Digest) -> [UInt8] {
        withUnsafeBytes(of: Int64(layer).littleEndian) { Array($0) } + Array(digest.description.utf8)
    }
}

extension LayerStates {
    fileprivate var byteCount: Int { windows.reduce(0) { $0 + $1.count * width * MemoryLayout<Float>.stride } }
}
