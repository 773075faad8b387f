import AsyncHTTPClient
import BinaryIO
import Foundation
import NIOHTTP1
import SystemPackage
import Transfer

extension S3Client {
    /// The largest file that is uploaded in one part, in bytes.
    static let longestWhole = 64 << 20
    /// The size of a part, in bytes, which is held in memory; an upload has at most 10,000 parts.
    static func partBytes(of byteCount: Int) -> Int {
        let least = 16 << 20
        let needed = byteCount / 10_000 + 1
        return max(least, (needed >> 20 + 1) << 20)
    }

    /// The outcome of an upload.
    enum Outcome {
        case stored
        /// Another client stored the object first.
        case wasThere
    }

    /// Stores a file under an unused name.
    /// - Parameter advance: called with the number of bytes uploaded.
    /// - Throws: `ObjectStorageError`, errors of `advance`; the next call resumes with the parts already uploaded.
    func put(_ name: String, _ file: FilePath, byteCount: Int, _ advance: (Int) throws -> Void) async throws -> Outcome
    {
        let input = try naming("open", file) { try FileDescriptor.open(file, .readOnly, options: [.noFollow]) }
        defer { try? input.close() }
        guard byteCount > Self.longestWhole else {
            let outcome = try await putWhole(name, try Self.read(input, file, 0..<byteCount))
            try advance(byteCount)
            return outcome
        }
        do {
            return try await putParts(name, input, file, byteCount, advance)
        } catch let error as ObjectStorageError where error.isForgottenUpload {
            return try await putParts(name, input, file, byteCount, advance)
        }
    }

    private func putWhole(_ name: String, _ bytes: [UInt8]) async throws -> Outcome {
        let digest = SHA256Digest(of: bytes)
        let call = Call(
            method: .PUT,
            name: name,
            headers: [("x-amz-checksum-sha256", Self.base64(digest)), ("If-None-Match", "*")],
            body: bytes,
            digest: digest
        )
        return try await retrying {
            let answer = try await send(call)
            if answer.status == .preconditionFailed { return .wasThere }
            // Another upload of the same name is in progress, and may still fail.
            if answer.status == .conflict { throw again(call, "another upload of it is under way") }
            try await check(answer, .ok, .created, .noContent, of: call)
            return .stored
        }
    }

    private func putParts(
        _ name: String,
        _ input: FileDescriptor,
        _ file: FilePath,
        _ byteCount: Int,
        _ advance: (Int) throws -> Void
    ) async throws -> Outcome {
        let upload = try await openUpload(name)
        let known = try await parts(of: upload, name)
        let step = Self.partBytes(of: byteCount)
        var list = ""
        for (index, offset) in stride(from: 0, to: byteCount, by: step).enumerated() {
            let bytes = try Self.read(input, file, offset..<min(offset + step, byteCount))
            let digest = SHA256Digest(of: bytes)
            let checksum = Self.base64(digest)
            let tag: String
            if let part = known[index + 1], part.isOf(bytes, checksum) {
                tag = part.tag
            } else {
                tag = try await putPart(index + 1, of: upload, name, bytes, digest)
            }
            list +=
                "<Part><ChecksumSHA256>\(checksum)</ChecksumSHA256><ETag>\(Self.escaped(tag))</ETag>"
                + "<PartNumber>\(index + 1)</PartNumber></Part>"
            try advance(min(offset + step, byteCount))
        }
        let outcome = try await complete(upload, name, list)
        if outcome == .wasThere { try? await abandon(upload, name) }
        return outcome
    }

    private func putPart(
        _ number: Int,
        of upload: String,
        _ name: String,
        _ bytes: [UInt8],
        _ digest: SHA256Digest
    ) async throws -> String {
        let call = Call(
            method: .PUT,
            name: name,
            query: [("partNumber", "\(number)"), ("uploadId", upload)],
            headers: [("x-amz-checksum-sha256", Self.base64(digest))],
            body: bytes,
            digest: digest
        )
        return try await retrying {
            let answer = try await send(call)
            try await check(answer, .ok, of: call)
            guard let tag = answer.headers.first(name: "ETag"), tag.utf8.count <= 200 else {
                throw ObjectStorageError.badAnswer(what(call), "a part of it has no name")
            }
            return tag
        }
    }

    private func parts(of upload: String, _ name: String) async throws -> [Int: S3Part] {
        var found: [Int: S3Part] = [:]
        var marker = 0
        while true {
            let call = Call(name: name, query: [("part-number-marker", "\(marker)"), ("uploadId", upload)])
            let page = try await document(call, "ListPartsResult")
            for entry in page.all("Part") {
                guard let number = entry.text("PartNumber").flatMap({ Int($0) }), let tag = entry.text("ETag"),
                    let size = entry.text("Size").flatMap({ Int($0) })
                else { continue }
                found[number] = S3Part(tag: tag, byteCount: size, checksum: entry.text("ChecksumSHA256"))
            }
            guard page.text("IsTruncated") == "true", let next = page.text("NextPartNumberMarker").flatMap({ Int($0) }),
                next > marker, next <= 10_000
            else { return found }
            marker = next
        }
    }

    /// The unfinished upload of an earlier run, or a new one.
    private func openUpload(_ name: String) async throws -> String {
        let listing = Call(query: [("prefix", place.key(name)), ("uploads", "")])
        if let page = try? await document(listing, "ListMultipartUploadsResult"),
            let known = page.all("Upload").last(where: { $0.text("Key") == place.key(name) })?.text("UploadId")
        {
            return known
        }
        let call = Call(
            method: .POST,
            name: name,
            query: [("uploads", "")],
            headers: [("x-amz-checksum-algorithm", "SHA256")]
        )
        guard let upload = try await document(call, "InitiateMultipartUploadResult").text("UploadId"), !upload.isEmpty
        else { throw ObjectStorageError.badAnswer(what(call), "an upload has no name") }
        return upload
    }

    private func complete(_ upload: String, _ name: String, _ list: String) async throws -> Outcome {
        let call = Call(
            method: .POST,
            name: name,
            query: [("uploadId", upload)],
            headers: [("If-None-Match", "*"), ("Content-Type", "application/xml")],
            body: Array(
                "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(list)</CompleteMultipartUpload>"
                    .utf8
            )
        )
        return try await retrying {
            let answer = try await send(call)
            if answer.status == .preconditionFailed { return .wasThere }
            if answer.status == .conflict { throw again(call, "another upload of it is under way") }
            // An earlier attempt whose answer was lost may have completed the upload.
            if answer.status == .notFound, try await head(name) != nil { return .wasThere }
            try await check(answer, .ok, of: call)
            let body = try await explaining(what(call)) {
                try await transport.document(of: answer, limit: Self.longestDocument)
            }
            // [CompleteMultipartUpload] An error may follow a successful status, because the operation takes long.
            if let code = Self.code(of: body ?? []) {
                if code == "PreconditionFailed" { return .wasThere }
                throw RetryPolicy.Retriable(error: ObjectStorageError.refused(what(call), status: 200, code: code))
            }
            return .stored
        }
    }

    private func abandon(_ upload: String, _ name: String) async throws {
        _ = try await send(Call(method: .DELETE, name: name, query: [("uploadId", upload)]))
    }

    private func document(_ call: Call, _ element: String) async throws -> S3Answer {
        try await retrying {
            let answer = try await send(call)
            try await check(answer, .ok, of: call)
            let bytes = try await explaining(what(call)) {
                try await transport.document(of: answer, limit: Self.longestDocument)
            }
            guard let bytes, let result = S3Answer(bytes).first(element) else {
                throw ObjectStorageError.badAnswer(what(call), "its answer cannot be read")
            }
            return result
        }
    }

    private static func read(_ input: FileDescriptor, _ file: FilePath, _ range: Range<Int>) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: range.count) { target, count in
            while count < range.count {
                let rest = UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(target)[count..<range.count]
                )
                let got = try naming("read", file) {
                    try input.read(fromAbsoluteOffset: Int64(range.lowerBound + count), into: rest)
                }
                guard got > 0 else {
                    throw FileError("read", file, because: "it became shorter. Run the same command again.")
                }
                count += got
            }
        }
    }

    static func base64(_ digest: SHA256Digest) -> String {
        let hex = Array("\(digest)".utf8)
        let bytes = stride(from: 0, to: hex.count, by: 2).compactMap {
            UInt8(String(decoding: hex[$0..<($0 + 2)], as: UTF8.self), radix: 16)
        }
        return Data(bytes).base64EncodedString()
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
    }
}

extension ObjectStorageError {
    /// Whether the service has discarded an unfinished upload.
    fileprivate var isForgottenUpload: Bool {
        if case .refused(_, 404, _) = self { true } else { false }
    }
}
