import BinaryIO
import Foundation
import SystemPackage

/// A delta's table of contents: the old file, the new file, and the operations between them. `docs/deltas.md` describes
/// it byte by byte.
public struct DeltaDirectory: Codable, Hashable, Sendable {
    /// A whole file.
    public struct File: Codable, Hashable, Sendable {
        /// Size in bytes.
        public var bytes: Int
        /// SHA-256 of the whole file.
        public var sha256: SHA256Digest

        /// Creates a value from its parts; each parameter is documented on its property.
        public init(bytes: Int, sha256: SHA256Digest) { (self.bytes, self.sha256) = (bytes, sha256) }
    }

    /// An operation that produces a run of bytes of the new file. Operations follow each other in the order of the
    /// file, without gaps.
    public struct Operation: Codable, Hashable, Sendable {
        /// The kind of operation.
        public enum Kind: String, Codable, Sendable, CaseIterable {
            /// Copies bytes of the old file.
            case copy
            /// Adds the bytes of the frame to bytes of the old file, modulo 256.
            case sub
            /// Decodes the frame with bytes of the old file as its prefix.
            case patch
            /// Decodes the frame alone.
            case raw
        }

        /// The kind of operation.
        public var op: Kind
        /// Offset of the bytes in the old file; nil for `raw`.
        public var at: Int?
        /// The number of bytes of the old file that a patch has as its prefix; nil for other operations.
        public var prefix: Int?
        /// The number of bytes of the new file that it produces.
        public var bytes: Int
        /// Length of the frame, in bytes; nil for `copy`.
        public var frame: Int?
        /// SHA-256 of the bytes that it produces.
        public var sha256: SHA256Digest

        /// The number of bytes of the old file that it reads.
        var oldBytes: Int {
            switch op {
            case .copy, .sub: bytes
            case .patch: prefix ?? 0
            case .raw: 0
            }
        }
    }

    /// The file that the delta applies to.
    public var old: File
    /// The file that the delta produces.
    public var new: File
    /// The operations, in the order of the new file.
    public var operations: [Operation]

    /// The first four bytes of a delta.
    static let magic = Array("EPD1".utf8)
    /// The longest directory, in bytes.
    static let longestDirectory = 1 << 24
    /// The most bytes that one operation may produce.
    static let longestOperation = 1 << 24
    /// The longest prefix of a patch, in bytes: what a frame's window reaches.
    static let longestPrefix = 1 << 23

    /// The beginning of a delta file: magic, length and directory.
    var head: [UInt8] {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            let text = try encoder.encode(self)
            return Self.magic + withUnsafeBytes(of: UInt32(text.count).littleEndian, Array.init) + text
        }
    }

    /// Reads the directory of a delta file.
    /// - Throws: `DeltaError`, `FileError`.
    public init(of path: FilePath) throws {
        let (file, byteCount) = try openRegularFile(path)
        defer { try? file.close() }
        self = try Self.read(file, path, byteCount: byteCount).0
    }

    init(old: File, new: File, operations: [Operation]) {
        (self.old, self.new, self.operations) = (old, new, operations)
    }

    /// Reads the directory of a delta and checks that its numbers are consistent.
    /// - Returns: the directory, and the offset of the frames.
    /// - Throws: `DeltaError`, `FileError`.
    static func read(_ file: FileDescriptor, _ path: FilePath, byteCount: Int) throws -> (DeltaDirectory, frames: Int) {
        func bytes(_ count: Int, at offset: Int) throws -> [UInt8] {
            guard offset + count <= byteCount else { throw DeltaError.damaged(path, detail: "it is cut off") }
            return try file.bytes(offset..<(offset + count), of: path)
        }
        let magic = try bytes(min(4, byteCount), at: 0)
        guard magic == Self.magic else {
            guard magic.count == 4, magic.starts(with: Self.magic.prefix(3)) else { throw DeltaError.notADelta(path) }
            throw DeltaError.unknownFormat(path, String(decoding: magic, as: UTF8.self))
        }
        let length = try bytes(4, at: 4).reversed().reduce(0) { $0 << 8 | Int($1) }
        guard (1...longestDirectory).contains(length) else {
            throw DeltaError.damaged(path, detail: "a directory of \(length) bytes cannot be")
        }
        let directory: DeltaDirectory
        do {
            directory = try JSONDecoder().decode(Self.self, from: Data(try bytes(length, at: 8)))
        } catch let error as DecodingError {
            throw DeltaError.damaged(path, detail: "its directory cannot be read: \(error)")
        }
        if let detail = directory.contradiction(frameBytes: byteCount - 8 - length) {
            throw DeltaError.damaged(path, detail: detail)
        }
        return (directory, 8 + length)
    }

    /// Describes the first contradiction among the numbers; nil if they are consistent.
    func contradiction(frameBytes: Int) -> String? {
        guard old.bytes >= 0, new.bytes >= 0 else { return "a file has fewer than 0 bytes" }
        var (given, framed) = (0, 0)
        for (index, operation) in operations.enumerated() {
            if let detail = operation.contradiction(oldBytes: old.bytes) { return "operation \(index): \(detail)" }
            // Neither sum can overflow: each number is checked before the next is added.
            given += operation.bytes
            framed += operation.frame ?? 0
            guard given <= new.bytes else { return "its operations give more than the new file has" }
            guard framed <= frameBytes else { return "it is cut off" }
        }
        guard given == new.bytes else { return "its operations give less than the new file has" }
        guard framed == frameBytes else { return "\(frameBytes - framed) bytes follow its last frame" }
        return nil
    }
}

extension DeltaDirectory.Operation {
    fileprivate func contradiction(oldBytes old: Int) -> String? {
        guard (1...DeltaDirectory.longestOperation).contains(bytes) else { return "it gives \(bytes) bytes" }
        guard (at != nil) == (op != .raw), (prefix != nil) == (op == .patch), (frame != nil) == (op != .copy) else {
            return "it lacks a number, or has one too many"
        }
        if let at {
            let count = oldBytes
            guard count >= 1, op != .patch || count <= DeltaDirectory.longestPrefix else {
                return "a prefix of \(count) bytes"
            }
            guard at >= 0, at <= old, count <= old - at else { return "it reads past the end of the old file" }
        }
        if let frame {
            guard (1...(bytes + bytes / 64 + 1024)).contains(frame) else { return "a frame of \(frame) bytes" }
        }
        return nil
    }
}
