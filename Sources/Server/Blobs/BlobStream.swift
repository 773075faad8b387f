import BinaryIO
import Distribution
import Hummingbird
import NIOCore
import Registry

/// A published file, opened for many clients.
enum Blob: Sendable {
    case pieces(BuildPieces)
    /// One that is decompressed from its beginning.
    case bytes(BuildBytes)
    case delta(DeltaShelf.Entry)

    var digest: SHA256Digest {
        switch self {
        case .pieces(let pieces): pieces.digest
        case .bytes(let bytes): bytes.digest
        case .delta(let delta): delta.digest
        }
    }

    var count: Int {
        switch self {
        case .pieces(let pieces): pieces.count
        case .bytes(let bytes): bytes.count
        case .delta(let delta): delta.bytes
        }
    }

    /// Bytes of a file that is not made of pieces.
    fileprivate func read(_ range: Range<Int>) throws -> [UInt8] {
        switch self {
        case .pieces: preconditionFailure("pieces are decoded one by one")
        case .bytes(let bytes): return try bytes.read(range)
        case .delta(let delta): return try delta.read(range)
        }
    }
}

/// A range of a file on its way to a client: a slice is read while the one before it is sent.
struct BlobStream: Sendable {
    let blob: Blob
    let range: Range<Int>
    let sliceBytes: Int
    let threads: WorkerThreads
    let decoded: DecodedParts

    /// Smaller parts are decoded where they are needed, which costs less than keeping them.
    private static let smallPart = 1 << 20

    /// A decoded part that this client is in the middle of.
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
    /// - Throws: what reading throws, and what writing throws where the client went away.
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

    /// The slice behind another; empty at the end. What the other held is carried on, or given back.
    private func read(after last: Slice) async throws -> Slice {
        let begin = last.end
        guard begin < range.upperBound else {
            release(last.held)
            return Slice(buffer: ByteBuffer(), end: begin)
        }
        guard case .pieces(let pieces) = blob else {
            let end = min(range.upperBound, begin + sliceBytes)
            let blob = blob
            return Slice(buffer: try await threads.run { ByteBuffer(bytes: try blob.read(begin..<end)) }, end: end)
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

    /// As many pieces as a slice takes, as long as they are plain or small; nil where the first one is not here.
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
            // A small part is decoded once, and goes out whole.
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

    /// The next part that is worth being decoded ahead.
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
            if let held { part = held.part } else {
                part = try await decoded.take(index, of: pieces)
                // The next part is decoded while this one is sent.
                if let next = next(after: index, pieces) { Task { await decoded.prepare(next, of: pieces) } }
            }
            var buffer = ByteBufferAllocator().buffer(capacity: wanted.count)
            if part.with(wanted, { buffer.writeBytes($0) }) {
                let isLast = end == piece.range.upperBound
                if isLast { decoded.release(part, piece.digest) }
                return Slice(buffer: buffer, end: end, held: isLast ? nil : Held(index: index, part: part))
            }
            // It was taken back for others; it is decoded again.
            held = nil
        }
    }
}
