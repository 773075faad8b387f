import BinaryIO
import Foundation
import Registry
import SystemPackage
import TestSupport
import Testing

@Suite struct ModelRegistrySamplingTests {
    /// A build of two hundred parts.
    private func published(_ scratch: Scratch) throws -> ModelRegistry {
        var publication = try publication(scratch.file("a", count: 400_000, compressible: false))
        publication.builds[0].cuts = (1..<200).map { PartCut(offset: $0 * 2000) }
        let registry = try scratch.registry()
        try registry.publish(publication)
        return registry
    }

    @Test(arguments: [1.0, 25, 80])
    func aSampleReadsAboutItsShare(_ percent: Double) throws {
        let scratch = try Scratch()
        let registry = try published(scratch)
        let reports = try (0..<8).map { try registry.verify(sample: VerificationSample(percent: percent, seed: $0)) }
        let checked = reports.reduce(0) { $0 + ($1.sample?.checked ?? 0) }
        // 1600 draws: five standard deviations to each side.
        let expected = 16 * percent
        let deviation = (expected * (1 - percent / 100)).squareRoot()
        #expect(abs(Double(checked) - expected) < 5 * deviation + 1)
        #expect(reports.allSatisfy { $0.isSound && $0.readBytes == 2000 * ($0.sample?.checked ?? -1) })
    }

    @Test func theSameSeedReadsTheSameAndAnotherSeedOthers() throws {
        let scratch = try Scratch()
        let registry = try published(scratch)
        let packs = scratch.objects.appending("packs").string
        let name = try #require(FileManager.default.subpathsOfDirectory(atPath: packs).first { $0.hasSuffix(".pack") })
        let path = FilePath(packs).pushing(FilePath(name))
        var bytes = try contents(of: path)
        bytes[200_500] ^= 1
        try FileManager.default.removeItem(atPath: path.string)
        try writeFile(bytes, to: path)
        func finds(_ seed: UInt64) throws -> Bool {
            let report = try registry.verify(sample: VerificationSample(percent: 30, seed: seed))
            #expect(report.damages.allSatisfy { $0.builds.map(\.description) == ["tiny@1.0.0:q4_k_m"] })
            return !report.isSound
        }
        let found = try (0..<40).map(finds)
        #expect(found.contains(true) && found.contains(false))
        #expect(try (0..<40).map(finds) == found)
        #expect(try !registry.verify(sample: VerificationSample(percent: 100)).isSound)
    }

    @Test(arguments: [0, -1, 100.5, .infinity, .nan])
    func aShareThatIsNoneIsRefused(_ percent: Double) {
        #expect(refusal { _ = try VerificationSample(percent: percent) } != nil)
    }

    @Test func objectsInOneFileAreSampledToo() throws {
        let scratch = try Scratch()
        let registry = try scratch.registry()
        let build = try registry.publish(publication(scratch.file("a")))[0].record
        let report = try registry.verify(sample: VerificationSample(percent: 100))
        #expect(report.sample?.checked == 1 && report.readBytes == build.fileBytes)
        try scratch.overwrite(build, with: [UInt8](repeating: 7, count: build.storedBytes))
        #expect(try !registry.verify(sample: VerificationSample(percent: 100)).isSound)
        try FileManager.default.removeItem(atPath: scratch.objectPath(of: build).string)
        #expect(try registry.verify(sample: VerificationSample(percent: 100)).damages.count == 1, "said once")
    }
}
