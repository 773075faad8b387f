import BinaryIO
import Foundation
import GGUF
import Synchronization
import SystemPackage

/// The existing bytes of a tensor.
struct PreparedTensor: Equatable {
    let file: MappedFile
    /// The offset of its bytes in the file.
    let offset: Int

    static func == (left: Self, right: Self) -> Bool { left.file === right.file && left.offset == right.offset }
}

/// Records which tensors of an unfinished output are complete, so that the next run reuses them.
///
/// `<output>.journal` contains the digest of the header, then the index of each complete tensor and the digest of its
/// bytes in `<output>.partial`. A line is trusted only if those bytes have that digest, because after a power failure
/// the disk may contain the line and not the bytes.
final class QuantizationJournal: Sendable {
    let partial: FilePath
    /// The tensors that an earlier run finished, by their indices in the layout.
    let whole: [Int: PreparedTensor]

    private let path: FilePath
    private let layout: GGUFLayout
    private let file: FileDescriptor
    private let writing = Mutex(())

    /// A length greater than that of any line, in bytes.
    private static let lineBytes = 100

    /// - Throws: `FileError` if the journal cannot be written.
    init(_ output: FilePath, _ layout: GGUFLayout) throws {
        partial = FilePath("\(output).partial")
        path = FilePath("\(output).journal")
        self.layout = layout
        let title = "\(SHA256Digest(of: layout.headerBytes))"
        let lines = Self.lines(of: path, title, layout)
        whole = Self.whole(lines, partial, layout)
        file = try naming("create", path) { [path] in
            try FileDescriptor.open(
                path,
                .writeOnly,
                options: [.create, .truncate, .append, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead]
            )
        }
        // From now on only verified lines are trusted.
        let kept = lines.filter { [whole] in whole[$0.index] != nil }.map(Self.line)
        try write(([title] + kept).map { "\($0)\n" }.joined())
    }

    deinit { try? file.close() }

    /// Records that a tensor's last byte is written.
    /// - Throws: `FileError`.
    func note(_ index: Int) throws {
        guard whole[index] == nil else { return }
        let file = try MappedFile(path: partial)
        let digest = try withExtendedLifetime(file) { SHA256Digest(of: try file.bytes(in: layout.range(index))) }
        try write("\(Self.line(index, digest))\n")
    }

    /// Removes the journal after the output has its name.
    func remove() { try? FileManager.default.removeItem(atPath: path.string) }

    private func write(_ text: String) throws {
        try writing.withLock { _ in try naming("write", path) { _ = try file.writeAll(text.utf8) } }
    }

    private static func line(_ index: Int, _ digest: SHA256Digest) -> String { "\(index) \(digest)" }

    /// Returns the tensors that a journal names; none if it belongs to another output.
    private static func lines(
        of path: FilePath,
        _ title: String,
        _ layout: GGUFLayout
    ) -> [(index: Int, digest: SHA256Digest)] {
        let limit = (layout.tensors.count + 1) * lineBytes
        guard let bytes = try? readFile(path, limit: limit) else { return [] }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard let first = lines.first, first == title else { return [] }
        return lines.dropFirst().compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 2, let index = Int(words[0]), layout.tensors.indices.contains(index),
                let digest = SHA256Digest(hex: words[1])
            else { return nil }
            return (index, digest)
        }
    }

    private static func whole(
        _ lines: [(index: Int, digest: SHA256Digest)],
        _ partial: FilePath,
        _ layout: GGUFLayout
    ) -> [Int: PreparedTensor] {
        guard let file = try? MappedFile(path: partial) else { return [:] }
        var whole: [Int: PreparedTensor] = [:]
        for (index, digest) in lines {
            let range = layout.range(index)
            guard let bytes = try? file.bytes(in: range), SHA256Digest(of: bytes) == digest else { continue }
            whole[index] = PreparedTensor(file: file, offset: range.lowerBound)
            file.release(range)
        }
        return whole
    }
}

extension GGUFLayout {
    /// Returns the range of a tensor's bytes in the file.
    fileprivate func range(_ index: Int) -> Range<Int> {
        offsets[index]..<(offsets[index] + tensors[index].byteCount)
    }
}

/// Detects when all slabs of a tensor are done.
final class SlabCountdown: Sendable {
    private let rest: Mutex<[Int: Int]>

    init(_ slabs: [Slab]) { rest = Mutex(slabs.reduce(into: [:]) { $0[$1.index, default: 0] += 1 }) }

    /// Counts a finished slab, and returns whether it was the tensor's last.
    func isLast(_ slab: Slab) -> Bool {
        rest.withLock { rest in
            rest[slab.index, default: 0] -= 1
            return rest[slab.index] == 0
        }
    }
}
