import BinaryIO
import Hummingbird
import NIOCore
import Registry
import SystemPackage

/// A published file, opened for many clients.
enum Blob: Sendable {
    case pieces(BuildPieces)
    /// A build that is decompressed from its beginning.
    case bytes(BuildBytes)
    /// An uncompressed file that is not a build.
    case file(FilePath, SHA256Digest, count: Int)

    var digest: SHA256Digest {
        switch self {
        case .pieces(let pieces): pieces.digest
        case .bytes(let bytes): bytes.digest
        case .file(_, let digest, _): digest
        }
    }

    var count: Int {
        switch self {
        case .pieces(let pieces): pieces.count
        case .bytes(let bytes): bytes.count
        case .file(_, _, let count): count
        }
    }
}

/// Sends a range of a file to a client: the next slice is read while the current one is sent.
struct BlobStream: Sendable {
    let blob: Blob
    let range: Range<Int>
    let sliceBytes: Int
    let threads: WorkerThreads
    let decoded: DecodedParts

    /// The size from which a part is shared, in bytes. Decoding a smaller part again costs less than keeping it.
    private static let smallPart = 1 << 20

    /// A decoded part that this client is reading.
    private struct Held: Sendable {
        let index: Int
        let part: DecodedParts.Part
    }

    private struct Slice: Sendable {
        var buffer: ByteBuffer
        var end: Int
        var held: Held?
    }

    /// Sends the range.
    /// - Throws: errors of reading, and of writing if the client disconnected.
    func send(_ writer: inout any ResponseBodyWriter) async throws {
        var slice = Slice(buffer: ByteBuffer(), end: range.lowerBound)
        defer { release(slice.held) }
        slice = try await read(after: slice)
        while slice.buffer.readableBytes > 0 {
            let current = slice
            slice.held = nil
            async let following = read(after: current)
            do {
                try await writer.write(current.buffer)
            } catch {
                if let last = try? await following { release(last.held) }
                throw error
            }
            slice = try await following
        }
        try await writer.finish(nil)
    }

    private func release(_ held: Held?) {
        guard let held, case .pieces(let pieces) = blob else { return }
        decoded.release(held.part, pieces.pieces[held.index].digest)
    }

    /// The slice after another; empty at the end. The decoded part that the other slice held is passed on or released.
    private func read(after last: Slice) async throws -> Slice {
        let begin = last.end
        guard begin < range.upperBound else {
            release(last.held)
            return Slice(buffer: ByteBuffer(), end: begin)
        }
        guard case .pieces(let pieces) = blob else {
            let end = min(range.upperBound, begin + sliceBytes)
            return Slice(buffer: try await threads.run { ByteBuffer(bytes: try bytes(begin..<end)) }, end: end)
        }
        let index = pieces.index(at: begin)
        let piece = pieces.pieces[index]
        let known = last.held?.index == index ? last.held : nil
        if known == nil {
            release(last.held)
            let isSmall = piece.isPlain || piece.range.count <= Self.smallPart
            if isSmall, let slice = try await threads.run({ try plain(from: begin, pieces) }) { return slice }
        }
        return try await large(index, pieces, from: begin, known)
    }

    /// Reads a range of a file that is not stored in pieces.
    private func bytes(_ range: Range<Int>) throws -> [UInt8] {
        switch blob {
        case .pieces: preconditionFailure("pieces are read as such")
        case .bytes(let bytes): return try bytes.read(range)
        case .file(let path, _, _):
            let (file, _) = try openRegularFile(path)
            defer { try? file.close() }
            return try file.bytes(range, of: path)
        }
    }

    /// As many pieces as fit into a slice, as long as they are uncompressed or small; nil if the first one is not on
    /// this disk.
    private func plain(from begin: Int, _ pieces: BuildPieces) throws -> Slice? {
        let most = min(range.upperBound, begin + sliceBytes)
        var buffer = ByteBufferAllocator().buffer(capacity: most - begin)
        var offset = begin
        while offset < most {
            let index = pieces.index(at: offset)
            let piece = pieces.pieces[index]
            let end = min(piece.range.upperBound, most)
            if piece.isPlain {
                var isHere = false
                try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: end - offset) { target in
                    let target = UnsafeMutableRawBufferPointer(rebasing: target[..<(end - offset)])
                    isHere = try pieces.read(index, offset..<end, into: target)
                    return isHere ? end - offset : 0
                }
                if isHere {
                    offset = end
                    continue
                }
            }
            // A small part is decoded once and sent whole.
            guard piece.range.count <= Self.smallPart else { break }
            let last = min(piece.range.upperBound, range.upperBound)
            let wanted = (offset - piece.range.lowerBound)..<(last - piece.range.lowerBound)
            try pieces.decode(index, with: decoded.tools).withBytes {
                buffer.writeBytes(UnsafeRawBufferPointer(rebasing: $0[wanted]))
            }
            offset = last
        }
        return offset == begin ? nil : Slice(buffer: buffer, end: offset)
    }

    /// The next part that is large enough to be decoded ahead.
    private func next(after index: Int, _ pieces: BuildPieces) -> Int? {
        let near = pieces.pieces.indices.dropFirst(index + 1).prefix(8)
        return near.first { number in
            let piece = pieces.pieces[number]
            return !piece.isPlain && piece.range.count > Self.smallPart && piece.range.lowerBound < range.upperBound
        }
    }

    private func large(_ index: Int, _ pieces: BuildPieces, from begin: Int, _ known: Held?) async throws -> Slice {
        let piece = pieces.pieces[index]
        let end = min(piece.range.upperBound, range.upperBound, begin + sliceBytes)
        let wanted = (begin - piece.range.lowerBound)..<(end - piece.range.lowerBound)
        var held = known
        while true {
            let part: DecodedParts.Part
            if let held {
                part = held.part
            } else {
                part = try await decoded.take(index, of: pieces)
                // Decodes the next part while this one is sent.
                if let next = next(after: index, pieces) { Task { await decoded.prepare(next, of: pieces) } }
            }
            var buffer = ByteBufferAllocator().buffer(capacity: wanted.count)
            if part.with(wanted, { buffer.writeBytes($0) }) {
                let isLast = end == piece.range.upperBound
                if isLast { decoded.release(part, piece.digest) }
                return Slice(buffer: buffer, end: end, held: isLast ? nil : Held(index: index, part: part))
            }
            // The part was reclaimed for other readers, so it is decoded again.
            held = nil
        }
    }
}
