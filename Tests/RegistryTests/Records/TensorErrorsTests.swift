import BinaryIO
import Foundation
import GRDB
import Registry
import SystemPackage
import TestSupport
import Testing

let someTensorErrors = TensorErrorRecord(
    againstDigest: BinaryIO.SHA256Digest(of: "source".utf8),
    toolVersion: "0.1.0",
    tensors: [
        .init(name: "blk.0.attn_q.weight", relativeError: 0.0625, weightedError: 0.001),
        .init(name: "output.weight", relativeError: 0.1),
    ]
)

@Suite struct TensorErrorsTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func publish(_ errors: [TensorErrorRecord], into registry: ModelRegistry) throws -> BuildRecord {
        var publication = try publication(scratch.file("a"))
        publication.builds[0].tensorErrors = errors
        return try registry.publish(publication)[0].record
    }

    @Test func whatIsPublishedComesBackOnceAndInOrder() throws {
        let registry = try scratch.registry()
        let build = try publish([someTensorErrors], into: registry)
        #expect(try registry.tensorErrors(of: build.digest) == [someTensorErrors])
        // Whoever notes the same figures of the same bytes again, and with which version.
        var again = someTensorErrors
        (again.toolVersion, again.againstDigest) = ("0.2.0", nil)
        var other = someTensorErrors
        other.tensors[0].relativeError = 0.07
        _ = try publish([again, other], into: registry)
        #expect(try registry.tensorErrors(of: build.digest) == [someTensorErrors, other])
        #expect(try registry.tensorErrors(of: SHA256Digest(of: "x".utf8)).isEmpty)
        #expect(try registry.verify(readData: true).isSound)
    }

    @Test(arguments: [Double.nan, .infinity, -1])
    func whatIsNoErrorIsRefused(_ value: Double) throws {
        let registry = try scratch.registry()
        var record = someTensorErrors
        record.tensors[1].relativeError = value
        #expect(refusal { _ = try publish([record], into: registry) }?.description.contains("output.weight") == true)
        record = someTensorErrors
        record.tensors[0].weightedError = value
        #expect(refusal { _ = try publish([record], into: registry) } != nil)
        record.tensors = []
        #expect(refusal { _ = try publish([record], into: registry) } != nil)
        #expect(try registry.builds().isEmpty)
    }

    @Test func theyAreNotChangedLater() throws {
        let registry = try scratch.registry()
        _ = try publish([someTensorErrors], into: registry)
        for statement in ["UPDATE tensorError SET payload = '[]'", "DELETE FROM tensorError"] {
            let error = refusal { try registry.inspectWriter { try $0.execute(sql: statement) } }
            #expect(error?.description.contains("never changed or removed") == true)
        }
    }

    @Test func theStepCacheCanBeEmptiedWithoutThem() throws {
        let registry = try scratch.registry()
        let build = try publish([someTensorErrors], into: registry)
        try registry.record(step(of: build.digest))
        try registry.forgetSteps()
        #expect(try registry.stepRecord(for: SHA256Digest(of: "key".utf8)) == nil)
        #expect(try registry.tensorErrors(of: build.digest) == [someTensorErrors])
        #expect(try registry.verify(readData: false).isSound)
    }

    private func step(of build: SHA256Digest) throws -> StepRecord {
        let errors = someTensorErrors.tensors.map { tensor in
            let weighted = tensor.weightedError.map { ", \"weightedError\": \($0)" } ?? ""
            return "{\"tensor\": \"\(tensor.name)\", \"relativeError\": \(tensor.relativeError)\(weighted)}"
        }
        let other = SHA256Digest(of: "not published".utf8)
        return StepRecord(
            key: SHA256Digest(of: "key".utf8),
            stepKind: "quantize",
            implementationVersion: "1",
            outputs: """
                {"files": {"_0": [
                    {"digest": "\(other)", "type": "q8_0", "errors": []},
                    {"digest": "\(build)", "type": "q4_k_m", "errors": [\(errors.joined(separator: ","))]}]}}
                """,
            seconds: 1,
            finishedAt: Date()
        )
    }

    /// A registry as the version before wrote it, whose step cache is the only place where the errors stand.
    private func older() throws -> BuildRecord {
        let registry = try scratch.registry()
        let build = try publish([], into: registry)
        try registry.record(step(of: build.digest))
        // What is no product of a step, and of another form, is no reason to stop.
        var odd = try step(of: build.digest)
        (odd.key, odd.outputs) = (SHA256Digest(of: "odd".utf8), "{\"files\": 3, \"sha\": \"\(build.digest)\"}")
        odd.finishedAt = Date(timeIntervalSinceNow: -1000)
        try registry.record(odd)
        try registry.inspectWriter { database in
            try database.execute(
                sql: "DROP TABLE tensorError; DELETE FROM grdb_migrations WHERE identifier LIKE '9 %'"
            )
        }
        try registry.close()
        return build
    }

    @Test(arguments: [ModelRegistry.Mode.readOnly, .openExisting])
    func thoseThatAnOlderVersionLeftInItsStepCacheBecomeRecords(_ mode: ModelRegistry.Mode) throws {
        let build = try older()
        var expected = someTensorErrors
        expected.againstDigest = nil
        let registry = try scratch.registry(mode)
        #expect(try registry.tensorErrors(of: build.digest) == [expected])
        #expect(try registry.verify(readData: true).damages.map(\.detail) == [])
        guard mode != .readOnly else { return }
        try registry.forgetSteps()
        #expect(try registry.tensorErrors(of: build.digest) == [expected])
        // The audit log holds what became known.
        #expect(try registry.auditEntries().last?.action == "facts")
        #expect(try registry.verify(readData: true).isSound)
    }
}
