import AsyncHTTPClient
import BinaryIO
import Foundation
import NIOHTTP1
import Transfer

extension S3Client {
    /// An attempt that transferred this many bytes before it was cut does not count as a failure.
    private static let worthwhile = 1 << 20

    /// Reads a range of an object.
    /// - Parameter byteCount: the expected size of the whole object, in bytes; nil accepts any size.
    /// - Returns: nil if there is no object with this name.
    /// - Throws: `ObjectStorageError.wrongSize` if the object has another size.
    func bytes(_ range: Range<Int>, of name: String, byteCount: Int?) async throws -> [UInt8]? {
        let wanted = "bytes \(range.lowerBound)-\(range.upperBound - 1)/"
        let call = Call(name: name, headers: [("Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")])
        return try await retrying {
            let answer = try await send(call)
            if answer.status == .notFound { return try await nothing(answer) }
            let told = answer.headers.first(name: "Content-Range") ?? ""
            let whole = told.split(separator: "/").last.flatMap { Int($0) }
            if answer.status == .rangeNotSatisfiable {
                throw ObjectStorageError.wrongSize(
                    what(call),
                    found: whole ?? 0,
                    expected: byteCount ?? range.upperBound
                )
            }
            try await check(answer, .partialContent, of: call)
            if let byteCount, let whole, whole != byteCount {
                throw ObjectStorageError.wrongSize(what(call), found: whole, expected: byteCount)
            }
            guard told.hasPrefix(wanted) else { throw again(call, "it sends other bytes than it was asked for") }
            let bytes = try await explaining(what(call)) {
                try await transport.document(of: answer, limit: range.count)
            }
            guard let bytes, bytes.count == range.count else { throw again(call, "it sends more or less than it says") }
            return bytes
        }
    }

    /// Downloads a whole object into a file, and resumes after a broken connection.
    /// - Returns: false if there is no object with this name.
    /// - Throws: `ObjectStorageError.wrongSize` if the object has another size, `.wrongBytes`.
    func fetch(_ name: String, byteCount: Int, into file: PartialFile, _ advance: (Int) throws -> Void) async throws
        -> Bool
    {
        var start = file.count
        return try await transport.settings.retries.run {
            defer { start = max(start, file.count) }
            return file.count - start >= Self.worthwhile
        } _: {
            try await receive(name, byteCount, into: file, advance)
        }
    }

    private func receive(
        _ name: String,
        _ byteCount: Int,
        into file: PartialFile,
        _ advance: (Int) throws -> Void
    ) async throws -> Bool {
        if file.isComplete, byteCount > 0 { return true }
        var call = Call(name: name, headers: [("x-amz-checksum-mode", "ENABLED")])
        if file.count > 0 { call.headers.append(("Range", "bytes=\(file.count)-")) }
        let answer = try await send(call)
        if answer.status == .notFound { return try await nothing(answer) == nil ? false : true }
        if answer.status == .rangeNotSatisfiable {
            try file.restart()
            throw again(call, "it knows no such part")
        }
        try await check(answer, .ok, .partialContent, of: call)
        if answer.status == .ok, file.count > 0 { try file.restart() }
        let begin = file.count
        if answer.status == .partialContent,
            answer.headers.first(name: "Content-Range") != "bytes \(begin)-\(byteCount - 1)/\(byteCount)"
        {
            try file.restart()
            throw again(call, "it sends other bytes than it was asked for")
        }
        if let text = answer.headers.first(name: "Content-Length"), let length = Int(text), length != byteCount - begin
        {
            throw ObjectStorageError.wrongSize(what(call), found: begin + max(0, length), expected: byteCount)
        }
        try await explaining(what(call)) {
            try await transport.forEachPart(of: answer) { bytes in
                guard file.count + bytes.count <= byteCount else {
                    throw ObjectStorageError.wrongSize(what(call), found: file.count + bytes.count, expected: byteCount)
                }
                try file.append(bytes)
                try advance(file.count)
            }
        }
        guard file.isComplete else { throw again(call, "it sent \(file.count) of \(byteCount) bytes") }
        if let told = Self.digest(answer.headers), let own = BlobDigest(base64: told), file.found != own {
            try file.restart()
            throw RetryPolicy.Retriable(error: ObjectStorageError.wrongBytes(what(call)))
        }
        return true
    }

    /// Returns nil for a missing object, after checking that its bucket exists.
    private func nothing(_ answer: HTTPClientResponse) async throws -> [UInt8]? {
        if await code(of: answer) != "NoSuchKey" { try await checkBucket() }
        return nil
    }

    func again(_ call: Call, _ reason: String) -> RetryPolicy.Retriable {
        RetryPolicy.Retriable(error: ObjectStorageError.badAnswer(what(call), reason))
    }
}

extension BlobDigest {
    /// Parses a SHA-256 in Base64, as S3 writes it.
    init?(base64: String) {
        guard let bytes = Data(base64Encoded: base64), bytes.count == 32 else { return nil }
        self.init(hex: bytes.map { String(format: "%02x", $0) }.joined())
    }
}
