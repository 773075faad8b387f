import BinaryIO
import Foundation
import Registry
import Site
import SystemPackage
import TestSupport
import Testing

@Suite struct SiteBlobTests {
    /// A build of random bytes is kept as it is.
    private func plain() throws -> (sample: SiteSample, build: BuildRecord) {
        let sample = try SiteSample.usual()
        let build = try sample.registry.build(named: BuildName("phi3@1.1.0:q8_0"))
        #expect(build.encoding == .raw)
        return (sample, build)
    }

    @Test func aBuildThatTheRegistryHoldsAsItIsTakesNoSecondCopy() throws {
        let (sample, build) = try plain()
        let file = sample.scratch.appending("blob")
        try SiteBlob(build: build, registry: sample.registry) { _, _, _ in }.write(to: file)
        #expect(try SHA256Digest(ofFile: file) == build.digest)
        let own = try #require(sample.registry.plainFile(of: build))
        let links = try FileManager.default.attributesOfItem(atPath: own.string)[.referenceCount] as? Int
        // A file system that clones files has two files; any other has one with two names.
        #expect(links == 2 || fileIdentity(own) != fileIdentity(file))
    }

    @Test func aBuildWhoseBytesAreDamagedGetsNoName() throws {
        let (sample, build) = try plain()
        let own = try #require(sample.registry.plainFile(of: build))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: own.string)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: own.string))
        bytes[0] ^= 1
        try bytes.write(to: URL(fileURLWithPath: own.string))
        let file = sample.scratch.appending("blob")
        #expect(throws: RegistryError.self) {
            try SiteBlob(build: build, registry: sample.registry) { _, _, _ in }.write(to: file)
        }
        #expect(FileStatus(file) == nil)
    }

    @Test func aFolderThatHoldsTheRegistryIsNoSite() throws {
        let sample = try SiteSample.usual()
        #expect(throws: FileError.self) {
            try SiteExport().write(sample.session, to: sample.scratch.path) { _, _, _ in }
        }
        #expect(FileStatus(sample.scratch.appending(SiteFolder.stateFolder)) == nil)
    }
}
