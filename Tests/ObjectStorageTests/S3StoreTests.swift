import BinaryIO
import Foundation
import ObjectStorage
import SystemPackage
import TestSupport
import Testing
import Transfer

@Suite struct S3StoreTests {
    private let scratch: ScratchFolder
    private let server: SmallS3
    private let store: S3Store

    init() throws {
        scratch = try ScratchFolder()
        server = try SmallS3()
        store = try Self.store(server.environment)
    }

    private static func store(_ environment: [String: String], _ place: String = "s3://models/a/b") throws -> S3Store {
        var settings = try S3Settings(environment: environment)
        settings.transport.retries.base = .milliseconds(1)
        return try S3Store(S3Place(place), settings)
    }

    private func file(_ count: Int, seed: UInt8 = 1) throws -> (path: FilePath, bytes: [UInt8]) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) &+ seed }
        let path = scratch.path.appending("file-\(count)-\(seed)")
        try writeFile(bytes, to: path)
        return (path, bytes)
    }

    @discardableResult
    private func put(_ name: String, _ count: Int, seed: UInt8 = 1, in other: S3Store? = nil) throws -> S3Store.Upload {
        let (path, bytes) = try file(count, seed: seed)
        return try (other ?? store).put(name, path, byteCount: count, digest: SHA256Digest(of: bytes))
    }

    private func fetch(_ name: String, _ count: Int) throws -> [UInt8]? {
        let path = scratch.path.appending("fetched-\(UInt64.random(in: 0 ... .max))")
        return try store.fetch(name, byteCount: count, to: path) ? readFile(path, limit: 1 << 28) : nil
    }

    @Test func whatIsStoredComesBackWholeAndByRange() throws {
        let (_, bytes) = try file(100_000)
        #expect(try put("packs/x.pack", 100_000) == .stored)
        #expect(server.state.value.objects.keys.sorted() == ["a/b/packs/x.pack"])
        #expect(try store.size(of: "packs/x.pack") == 100_000)
        #expect(try fetch("packs/x.pack", 100_000) == bytes)
        #expect(try store.bytes(10..<20, of: "packs/x.pack", byteCount: 100_000) == Array(bytes[10..<20]))
        try store.remove("packs/x.pack")
        #expect(try store.size(of: "packs/x.pack") == nil)
        #expect(try fetch("packs/x.pack", 100_000) == nil)
        #expect(try store.bytes(0..<1, of: "packs/x.pack", byteCount: nil) == nil)
    }

    @Test func aWrongSecretIsDeniedAndInNoMessage() throws {
        var environment = server.environment
        environment["AWS_SECRET_ACCESS_KEY"] = "not-the-secret"
        let other = try Self.store(environment)
        let error = #expect(throws: ObjectStorageError.self) { try put("x", 10, in: other) }
        #expect(error == .denied("s3://models/a/b/x", code: "SignatureDoesNotMatch"))
        let text = "\(try #require(error))"
        #expect(!text.contains("not-the-secret") && !text.contains(SmallS3.accessKey))
        #expect(server.state.value.objects.isEmpty)
    }

    @Test func aBucketThatIsGoneIsNoObjectThatIsGone() throws {
        let other = try Self.store(server.environment, "s3://other/a")
        #expect(throws: ObjectStorageError.missingBucket("s3://other")) { try other.size(of: "x") }
        #expect(throws: ObjectStorageError.missingBucket("s3://other")) {
            try other.bytes(0..<1, of: "x", byteCount: 1)
        }
    }

    @Test func ofTwoWritersTheSecondTakesWhatIsThere() throws {
        let (_, bytes) = try file(1000)
        server.set { $0.isLate = bytes }
        #expect(try put("x", 1000) == .wasThere)
        #expect(server.state.value.receivedBytes == 0)
    }

    @Test(arguments: [false, true]) func otherBytesUnderTheNameAreRefused(_ hasSameSize: Bool) throws {
        let (_, other) = try file(hasSameSize ? 1000 : 999, seed: 7)
        server.set { $0.isLate = other }
        #expect(throws: ObjectStorageError.occupied("s3://models/a/b/x")) { try put("x", 1000) }
        #expect(server.state.value.objects["a/b/x"] == other)
    }

    @Test func busyAnswersAndLostOnesAreTriedAgain() throws {
        server.set { $0.busyAnswers = 2 }
        #expect(try put("x", 1000) == .stored)
        server.set { $0.lostAnswers = 2 }
        #expect(try store.size(of: "x") == 1000)
    }

    @Test func aServerThatStaysBusyIsNamed() throws {
        server.set { $0.busyAnswers = 100 }
        #expect(throws: ObjectStorageError.refused("s3://models/a/b/x", status: 503, code: "SlowDown")) {
            try put("x", 10)
        }
    }

    @Test func whatIsDeniedIsNotTriedAgain() throws {
        server.set { $0.status = 403 }
        #expect(throws: ObjectStorageError.denied("s3://models/a/b/x", code: nil)) { try store.size(of: "x") }
        #expect(server.requests.count == 1)
    }

    @Test func redirectsAreNotFollowed() throws {
        server.set { $0.status = 307 }
        #expect(throws: ObjectStorageError.self) { try store.size(of: "x") }
        #expect(server.requests.count == 1)
    }

    @Test func aCutTransferGoesOnWhereItWas() throws {
        try put("x", 3_000_000)
        let (_, bytes) = try file(3_000_000)
        server.set { $0.cuts = [1_500_000, 1_000_000] }
        #expect(try fetch("x", 3_000_000) == bytes)
        let ranges = server.requests.compactMap { $0.headers["range"] }
        #expect(ranges.count == 2)
    }

    @Test func changedBytesDoNotPassTheChecksum() throws {
        try put("x", 1000)
        server.set { $0.changesBytes = true }
        #expect(throws: ObjectStorageError.wrongBytes("s3://models/a/b/x")) { try fetch("x", 1000) }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: scratch.path.string).allSatisfy {
                !$0.hasPrefix("fetched")
            }
        )
    }

    @Test func liesAboutSizesAreTold() throws {
        try put("x", 1000)
        server.set { $0.extraBytes = 5 }
        let error = ObjectStorageError.wrongSize("s3://models/a/b/x", found: 1005, expected: 1000)
        #expect(throws: error) { try fetch("x", 1000) }
        #expect(throws: error) { try store.bytes(0..<10, of: "x", byteCount: 1000) }
        server.set { $0.extraBytes = 0 }
        #expect(throws: ObjectStorageError.wrongSize("s3://models/a/b/x", found: 1000, expected: 2000)) {
            try store.bytes(1500..<1600, of: "x", byteCount: 2000)
        }
    }

    @Test func aServerThatIsAwayIsUnreachable() throws {
        var environment = server.environment
        environment["AWS_ENDPOINT_URL_S3"] = "http://127.0.0.1:1"
        let error = #expect(throws: ObjectStorageError.self) { try Self.store(environment).size(of: "x") }
        guard case .unreachable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    // MARK: Parts

    private static let large = (64 << 20) + 5

    @Test func aLargeFileGoesInPartsAndResumes() throws {
        struct Stop: Error {}
        let (path, bytes) = try file(Self.large)
        let digest = SHA256Digest(of: bytes)
        #expect(throws: Stop.self) {
            try store.put("x", path, byteCount: Self.large, digest: digest) { if $0 > 20 << 20 { throw Stop() } }
        }
        #expect(server.state.value.objects.isEmpty && server.state.value.receivedBytes == 32 << 20)
        #expect(try store.put("x", path, byteCount: Self.large, digest: digest) == .stored)
        #expect(server.state.value.receivedBytes == Self.large)
        #expect(server.state.value.objects["a/b/x"] == bytes)
        #expect(server.state.value.uploads.isEmpty)
    }

    @Test func anUploadThatWasForgottenBeginsAnew() throws {
        server.set { $0.forgottenUploads = 1 }
        #expect(try put("x", Self.large) == .stored)
        let stored = server.state.value.objects["a/b/x"]
        server.set { $0.isLate = stored }
        #expect(try put("x", Self.large) == .wasThere)
        #expect(server.state.value.uploads.isEmpty)
    }
}
