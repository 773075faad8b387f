import BinaryIO
import Foundation
import SystemPackage

/// What a delta says of itself: from which file it leads to which, and how. `docs/deltas.md` has it byte by byte.
public struct DeltaDirectory: Codable, Hashable, Sendable {
    /// A whole file.
    public struct File: Codable, Hashable, Sendable {
        /// Its length.
        public var bytes: Int
        /// Of all of it.
        public var sha256: SHA256Digest

        /// Every value is as its property describes it.
        public init(bytes: Int, sha256: SHA256Digest) { (self.bytes, self.sha256) = (bytes, sha256) }
    }

    /// How some bytes of the new file come about; in the order of the file, without gaps.
    public struct Operation: Codable, Hashable, Sendable {
        /// What is done.
        public enum Kind: String, Codable, Sendable, CaseIterable {
            /// Bytes of the old file as they are.
            case copy
            /// Bytes of the old file, to each of which a byte of the frame is added, modulo 256.
            case sub
            /// The frame, decoded with bytes of the old file before it.
            case patch
            /// The frame alone.
            case raw
        }

        /// What is done.
        public var op: Kind
        /// Where the bytes of the old file begin; nil for `raw`.
        public var at: Int?
        /// How many bytes of the old file stand before a patch; nil for others.
        public var prefix: Int?
        /// Of the new file.
        public var bytes: Int
        /// Length of the frame; nil for `copy`.
        public var frame: Int?
        /// Of the bytes of the new file.
        public var sha256: SHA256Digest

        /// How many bytes of the old file are read.
        var oldBytes: Int {
            switch op {
            case .copy, .sub: bytes
            case .patch: prefix ?? 0
            case .raw: 0
            }
        }
    }

    /// The file that it is applied to.
    public var old: File
    /// The file that comes of it.
    public var new: File
    /// In the order of the new file.
    public var operations: [Operation]

    /// The first four bytes of a delta.
    static let magic = Array("EPD1".utf8)
    /// Bytes of a directory at most.
    static let longestDirectory = 1 << 24
    /// Bytes that one operation gives at most.
    static let longestOperation = 1 << 24
    /// Bytes of the old file before a patch at most: what is within reach of a frame's window.
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

    /// Of a delta file.
    /// - Throws: `DeltaError`, `FileError`.
    public init(of path: FilePath) throws {
        let (file, byteCount) = try openRegularFile(path)
        defer { try? file.close() }
        self = try Self.read(file, path, byteCount: byteCount).0
    }

    init(old: File, new: File, operations: [Operation]) {
        (self.old, self.new, self.operations) = (old, new, operations)
    }

    /// Reads the beginning of a delta and holds every number against the others.
    /// - Returns: the directory, and where the frames begin.
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

    /// Why these numbers cannot be; nil where they can.
    func contradiction(frameBytes: Int) -> String? {
        guard old.bytes >= 0, new.bytes >= 0 else { return "a file has fewer than 0 bytes" }
        var (given, framed) = (0, 0)
        for (index, operation) in operations.enumerated() {
            if let detail = operation.contradiction(oldBytes: old.bytes) { return "operation \(index): \(detail)" }
            // Both stay far from overflow: each is compared before the next is added.
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
