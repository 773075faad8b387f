import Crypto
import Foundation

/// An object storage in memory, on the loopback address, that may also misbehave. It checks every signature, by its own
/// reading of Amazon S3 API Reference, "Signature Calculations for the Authorization Header".
public final class SmallS3: Sendable {
    public static let accessKey = "EDGEKEY"
    public static let secret = "a/secret+of=its-own"
    public static let bucket = "models"

    /// What it may do wrong.
    public struct Faults: Sendable {
        /// Answers so many requests with 503 first.
        public var busyAnswers = 0
        /// Cuts so many requests before they are answered.
        public var lostAnswers = 0
        /// Sends so many bytes of an object, then cuts the connection; as many times as there are entries.
        public var cuts: [Int] = []
        /// Sends objects with another last byte.
        public var changesBytes = false
        /// Adds so many bytes to each size that it tells.
        public var extraBytes = 0
        /// Stores these bytes of somebody else under a name before it looks at what is to be stored.
        public var isLate: [UInt8]?
        /// Forgets uploads in parts when the next part comes, so many times.
        public var forgottenUploads = 0
        /// Refuses with this status.
        public var status: Int?
        /// Tells no checksums.
        public var tellsNoChecksums = false
    }

    public struct State: Sendable {
        public var objects: [String: [UInt8]] = [:]
        public var uploads: [String: (key: String, parts: [Int: [UInt8]])] = [:]
        public var faults = Faults()
        /// Of objects and parts that were stored.
        public var receivedBytes = 0
        var counter = 0
    }

    public let state = Mutexed(State())
    private let server: LoopbackServer

    public init() throws {
        let state = state
        server = try LoopbackServer { request in Responder(state: state).answer(request) }
    }

    public var requests: [LoopbackServer.Request] { server.requests }
    public var endpoint: String { "http://127.0.0.1:\(server.port)" }
    public func set(_ change: (inout Faults) -> Void) { state.change { change(&$0.faults) } }

    /// What a client needs to know.
    public var environment: [String: String] {
        [
            "AWS_ENDPOINT_URL_S3": endpoint, "AWS_ACCESS_KEY_ID": Self.accessKey, "AWS_SECRET_ACCESS_KEY": Self.secret,
            "AWS_REGION": "eu-central-1",
        ]
    }

    private struct Responder {
        let state: Mutexed<State>

        typealias Request = LoopbackServer.Request
        typealias Answer = LoopbackServer.Answer

        func answer(_ request: Request) -> Answer {
            var fault: Answer?
            state.change { state in
                if state.faults.lostAnswers > 0 {
                    state.faults.lostAnswers -= 1
                    fault = Answer(0)
                } else if state.faults.busyAnswers > 0 {
                    state.faults.busyAnswers -= 1
                    fault = refusal(503, "SlowDown")
                } else if let status = state.faults.status {
                    fault = refusal(status, "AccessDenied")
                }
            }
            if let fault { return fault }
            guard isSigned(request) else { return refusal(403, "SignatureDoesNotMatch") }
            let halves = request.target.split(separator: "?", maxSplits: 1).map(String.init)
            let names = halves[0].dropFirst().split(separator: "/", maxSplits: 1).map(String.init)
            guard names.first == SmallS3.bucket else { return refusal(404, "NoSuchBucket") }
            let query = halves.count > 1 ? fields(halves[1]) : [:]
            guard names.count == 2 else { return bucket(request, query) }
            if let sum = request.headers["x-amz-checksum-sha256"], sum != checksum(request.body) {
                return refusal(400, "XAmzContentChecksumMismatch")
            }
            let key = names[1].removingPercentEncoding ?? names[1]
            switch request.method {
            case "PUT" where query["uploadId"] != nil: return putPart(request, query)
            case "PUT": return put(key, request.body, request)
            case "POST": return post(key, request, query)
            case "DELETE": return delete(key, query)
            case "GET" where query["uploadId"] != nil: return parts(query)
            default: return get(key, request)
            }
        }

        private func bucket(_ request: Request, _ query: [String: String]) -> Answer {
            guard query["uploads"] != nil else { return Answer(200) }
            let uploads = state.value.uploads.filter { $0.value.key.hasPrefix(query["prefix"] ?? "") }
            let list = uploads.map { "<Upload><Key>\($0.value.key)</Key><UploadId>\($0.key)</UploadId></Upload>" }
            return xml("<ListMultipartUploadsResult xmlns=\"x\">\(list.joined())</ListMultipartUploadsResult>")
        }

        private func put(_ key: String, _ bytes: [UInt8], _ request: Request) -> Answer {
            var answer = Answer(200, headers: ["ETag": "\"\(key.count)\""])
            state.change { state in
                if let other = state.faults.isLate { state.objects[key] = other }
                state.faults.isLate = nil
                guard request.headers["if-none-match"] != "*" || state.objects[key] == nil else {
                    answer = refusal(412, "PreconditionFailed")
                    return
                }
                state.objects[key] = bytes
                state.receivedBytes += request.method == "PUT" ? bytes.count : 0
            }
            return answer
        }

        private func putPart(_ request: Request, _ query: [String: String]) -> Answer {
            var answer = refusal(404, "NoSuchUpload")
            state.change { state in
                let id = query["uploadId"] ?? ""
                if state.faults.forgottenUploads > 0 {
                    state.faults.forgottenUploads -= 1
                    state.uploads[id] = nil
                }
                guard state.uploads[id] != nil, let number = query["partNumber"].flatMap({ Int($0) }) else { return }
                state.uploads[id]?.parts[number] = request.body
                state.receivedBytes += request.body.count
                answer = Answer(200, headers: ["ETag": "\"\(md5(request.body))\""])
            }
            return answer
        }

        private func post(_ key: String, _ request: Request, _ query: [String: String]) -> Answer {
            if query["uploads"] != nil {
                var id = ""
                state.change { state in
                    state.counter += 1
                    id = "upload/\(state.counter)+="
                    state.uploads[id] = (key, [:])
                }
                return xml("<InitiateMultipartUploadResult><UploadId>\(id)</UploadId></InitiateMultipartUploadResult>")
            }
            guard let upload = state.value.uploads[query["uploadId"] ?? ""] else { return refusal(404, "NoSuchUpload") }
            let bytes = upload.parts.sorted { $0.key < $1.key }.flatMap(\.value)
            let answer = put(key, bytes, request)
            if answer.status == 200 { state.change { $0.uploads[query["uploadId"] ?? ""] = nil } }
            return answer.status == 200 ? xml("<CompleteMultipartUploadResult/>") : answer
        }

        private func parts(_ query: [String: String]) -> Answer {
            guard let upload = state.value.uploads[query["uploadId"] ?? ""] else { return refusal(404, "NoSuchUpload") }
            let list = upload.parts.map { number, bytes in
                "<Part><PartNumber>\(number)</PartNumber><ETag>&quot;\(md5(bytes))&quot;</ETag><Size>\(bytes.count)</Size></Part>"
            }
            return xml("<ListPartsResult>\(list.joined())</ListPartsResult>")
        }

        private func delete(_ key: String, _ query: [String: String]) -> Answer {
            state.change { state in
                if let id = query["uploadId"] { state.uploads[id] = nil } else { state.objects[key] = nil }
            }
            return Answer(204)
        }

        private func get(_ key: String, _ request: Request) -> Answer {
            guard var bytes = state.value.objects[key] else { return refusal(404, "NoSuchKey") }
            let faults = state.value.faults
            let total = bytes.count + faults.extraBytes
            var headers: [String: String] = [:]
            if !faults.tellsNoChecksums, request.headers["x-amz-checksum-mode"] == "ENABLED" {
                headers["x-amz-checksum-sha256"] = checksum(bytes)
            }
            if faults.changesBytes { bytes[bytes.count - 1] ^= 1 }
            var status = 200
            if let range = request.headers["range"]?.dropFirst("bytes=".count) {
                let ends = range.split(separator: "-").compactMap { Int($0) }
                let last = min(bytes.count - 1, ends.count > 1 ? ends[1] : bytes.count - 1)
                guard ends[0] <= last else {
                    return Answer(416, headers: ["Content-Range": "bytes */\(total)"])
                }
                bytes = Array(bytes[ends[0]...last])
                headers["Content-Range"] = "bytes \(ends[0])-\(last)/\(total)"
                status = 206
            }
            var cut: Int?
            if request.method == "GET" {
                state.change { cut = $0.faults.cuts.isEmpty ? nil : $0.faults.cuts.removeFirst() }
            }
            let length = faults.extraBytes == 0 || status == 206 ? nil : "\(total)"
            return Answer(status, headers: headers, body: bytes, announcedLength: length, cutAfter: cut)
        }

        private func refusal(_ status: Int, _ code: String) -> Answer {
            var answer = xml("<Error><Code>\(code)</Code><Message>no</Message></Error>")
            answer.status = status
            return answer
        }

        private func xml(_ text: String) -> Answer {
            Answer(200, headers: ["Content-Type": "application/xml"], body: "<?xml version=\"1.0\"?>\(text)".utf8)
        }

        private func fields(_ query: String) -> [String: String] {
            query.split(separator: "&").reduce(into: [:]) { fields, pair in
                let halves = pair.split(separator: "=", maxSplits: 1).map { String($0).removingPercentEncoding ?? "" }
                fields[halves[0]] = halves.count > 1 ? halves[1] : ""
            }
        }

        private func isSigned(_ request: Request) -> Bool {
            guard let header = request.headers["authorization"],
                let found = header.wholeMatch(
                    of:
                        /AWS4-HMAC-SHA256 Credential=([^\/]+)\/(\d+)\/([^\/]+)\/s3\/aws4_request,SignedHeaders=([^,]+),Signature=([0-9a-f]{64})/
                ),
                found.1 == SmallS3.accessKey,
                request.headers["x-amz-content-sha256"] == hex(SHA256.hash(data: request.body)),
                let time = request.headers["x-amz-date"]
            else { return false }
            let halves = request.target.split(separator: "?", maxSplits: 1).map(String.init)
            let query = halves.count > 1 ? halves[1].split(separator: "&").sorted().joined(separator: "&") : ""
            let signed = found.4.split(separator: ";").map { "\($0):\(request.headers[String($0)] ?? "")\n" }.joined()
            guard found.4.contains("host"), found.4.contains("x-amz-date") else { return false }
            let canonical = [
                request.method, halves[0], query, signed, String(found.4),
                request.headers["x-amz-content-sha256"] ?? "",
            ].joined(separator: "\n")
            let text =
                "AWS4-HMAC-SHA256\n\(time)\n\(found.2)/\(found.3)/s3/aws4_request\n"
                + hex(SHA256.hash(data: Array(canonical.utf8)))
            func mac(_ key: [UInt8], _ text: String) -> [UInt8] {
                Array(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: SymmetricKey(data: key)))
            }
            let key = ["\(found.2)", "\(found.3)", "s3", "aws4_request"].reduce(
                Array("AWS4\(SmallS3.secret)".utf8),
                mac
            )
            return mac(key, text).map { String(format: "%02x", $0) }.joined() == found.5
        }

        private func hex(_ digest: some Sequence<UInt8>) -> String {
            digest.map { String(format: "%02x", $0) }.joined()
        }
        private func md5(_ bytes: [UInt8]) -> String { hex(Insecure.MD5.hash(data: bytes)) }
        private func checksum(_ bytes: [UInt8]) -> String { Data(SHA256.hash(data: bytes)).base64EncodedString() }
    }
}
