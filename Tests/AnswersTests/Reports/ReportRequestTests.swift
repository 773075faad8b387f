import Answers
import BinaryIO
import Crypto
import Foundation
import Pipeline
import Registry
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing

@Suite struct ReportRequestTests {
    private let run: TinyRun

    init() throws {
        run = try TinyRun()
        try run.run()
    }

    private func report(_ request: ReportRequest, to name: String = "report.html") throws -> String {
        let path = run.scratch.appending(name)
        _ = try RegistrySession.with(run.registry) { try $0.writeReport(request, to: path) { _, _, _ in } }
        return String(decoding: try readFile(path, limit: 1 << 24), as: UTF8.self)
    }

    @Test func everyNumberIsTheRegistrys() throws {
        let text = try report(ReportRequest(model: "tiny"), to: "report.md")
        let registry = try ModelRegistry(path: run.registry, mode: .readOnly)
        for build in try registry.builds() {
            #expect(text.contains("`\(build.digest)`") && text.contains("| \(build.fileBytes) |"))
            for measurement in try registry.measurements(of: build.digest) where abs(measurement.value) >= 0.01 {
                #expect(text.contains("\(measurement.value)".prefix(4)), "\(measurement.metric)")
            }
        }
        #expect(text.hasPrefix("# tiny 1.0.0") && text.contains("channel candidate"))
        #expect(text.contains("| convert |") && text.contains("| quantize |"))
    }

    @Test func tensorTypesAreThoseOfTheFilesHeader() throws {
        let text = try report(ReportRequest(model: "tiny:q4_k_m"), to: "report.md")
        #expect(text.contains("## Tensors of q4_k_m") && text.contains("| 3 | F32 |"))
        #expect(try report(ReportRequest(model: "tiny@1.0.0:q8_0"), to: "report.md").contains("Q8_0"))
    }

    /// Weights that are damaged do not matter to a report: the header is read, and verified, alone.
    @Test func ofTheFileOnlyTheHeaderIsRead() throws {
        let request = ReportRequest(model: "tiny:q8_0")
        let before = try report(request)
        let root = FilePath(run.registry.string + ".objects").appending("packs")
        let files = try #require(FileManager.default.enumerator(atPath: root.string)).compactMap { $0 as? String }
        for name in files where name.hasSuffix(".pack") {
            let pack = root.appending(name)
            var bytes = try readFile(pack, limit: 1 << 28)
            bytes[bytes.count - 1] ^= 1
            try FileManager.default.removeItem(atPath: pack.string)
            #expect(FileManager.default.createFile(atPath: pack.string, contents: Data(bytes)))
        }
        #expect(try report(request) == before)
    }

    @Test func withoutSensitivitiesTheQuantizersErrorsAreShown() throws {
        let text = try report(ReportRequest(model: "tiny:q4_k_m"), to: "report.md")
        #expect(text.contains("as the quantizer noted it") && text.contains("Q4_K (0.0"))
    }

    /// What is true of a build's bytes is a fact of them, not what a step left behind.
    @Test func noNumberComesFromTheStepCache() throws {
        let requests = ["tiny:q4_k_m", "tiny:q8_0"].map { ReportRequest(model: $0) }
        let before = try requests.map { try report($0) }
        let registry = try ModelRegistry(path: run.registry, mode: .openExisting)
        try registry.forgetSteps()
        try registry.close()
        #expect(try requests.map { try report($0) } == before)
        #expect(try TestRegistry(run.registry).verify(readData: false).isSound)
    }

    @Test func theNameDecidesBetweenHTMLAndMarkdownUnlessTheFormatDoes() throws {
        var request = ReportRequest(model: "tiny")
        #expect(try report(request).hasPrefix("<!DOCTYPE html>"))
        request.format = .md
        #expect(try report(request).hasPrefix("# tiny"))
        request.format = .html
        #expect(try report(request, to: "x.md").hasPrefix("<!DOCTYPE html>"))
    }

    @Test func theSameRequestGivesTheSameBytes() throws {
        let request = ReportRequest(model: "tiny")
        #expect(try report(request, to: "a.html") == report(request, to: "b.html"))
    }

    /// Of the model that the build was made from, as `edgepipe sensitivity` stores it.
    @Test func errorsOfTensorsComeFromStoredSensitivities() throws {
        let base = try base(of: "tiny:q4_k_m")
        let record = SensitivityRecord(
            modelDigest: base.model,
            buildDigest: base.build,
            textDigest: BinaryIO.SHA256Digest(of: "text".utf8),
            types: "Q4_K",
            context: 128,
            chunks: 2,
            kernels: "swift",
            toolVersion: "0",
            payload: Self.payload("blk.1.attn_output.weight", type: "Q4_K", kld: 0.0625)
        )
        let registry = try ModelRegistry(path: run.registry, mode: .openExisting)
        try registry.record(record)
        try registry.close()
        let text = try report(ReportRequest(model: "tiny:q4_k_m"), to: "report.md")
        #expect(text.contains("(0.063)") && text.contains("2 chunks of 128 tokens"))
        #expect(text.contains("of each tensor of this build alone"))
        let other = try report(ReportRequest(model: "tiny:q8_0"), to: "report.md")
        #expect(!other.contains("(0.063)"), "another type costs something else")
    }

    @Test func aSignatureIsShownWithItsKey() throws {
        let registry = try ModelRegistry(path: run.registry, mode: .openExisting)
        let key = try SigningKey(pem: P256.Signing.PrivateKey().pemRepresentation)
        let build = try registry.resolve(try BuildReference("tiny:q8_0"))
        _ = try registry.sign(build.name, with: key)
        let entry = try #require(try registry.auditEntries().last { $0.action == "sign" })
        try registry.close()
        let detail = try JSONDecoder().decode([String: String].self, from: Data(entry.detail.utf8))
        let text = try report(ReportRequest(model: "tiny"), to: "report.md")
        #expect(text.contains("`\(try #require(detail["key"]))`") && text.contains("does not verify them"))
    }

    @Test func whatIsNotThereIsNamedWithWhatIs() throws {
        for name in ["nothing", "tiny@2.0.0", "tiny:q2_k", "tiny@production"] {
            #expect(throws: RegistryError.self) { try report(ReportRequest(model: name)) }
        }
        #expect(!FileManager.default.fileExists(atPath: run.scratch.appending("report.html").string))
    }

    @Test func theRegistryIsNeverOverwritten() throws {
        #expect(throws: OutputError.replacesInput(run.registry)) {
            try RegistrySession.with(run.registry) { session in
                try session.writeReport(ReportRequest(model: "tiny"), to: run.registry) { _, _, _ in }
            }
        }
    }

    private func base(of name: String) throws -> (model: BinaryIO.SHA256Digest, build: BinaryIO.SHA256Digest) {
        let details = try TestRegistry(run.registry).details(of: name)
        let edge = try #require(details.lineage.first { $0.to == details.build.digest && $0.stepKind == "quantize" })
        return (edge.from, details.build.digest)
    }

    private static func payload(_ name: String, type: String, kld: Double) -> String {
        """
        {"context": 128, "chunks": 2, "scoredTokens": 100, "kernels": "swift", "sumOfDivergences": \(kld), "tensors": [
        {"name": "\(name)", "layer": 1, "role": "attn_output", "type": "\(type)", "bytes": 1, "baseBytes": 2, "kld": \(kld),
        "standardError": 0.001, "sameTopPercent": 99}]}
        """
    }
}
