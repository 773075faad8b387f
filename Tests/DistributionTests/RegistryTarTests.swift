import Answers
import BinaryIO
import Distribution
import Foundation
import Pipeline
import Registry
import StepsTestSupport
import SystemPackage
import TestSupport
import Testing
import edgepipe

/// Exports that are one file, and what such a file may be made to claim.
@Suite struct RegistryTarTests {
    private let run: TinyRun
    private let file: FilePath

    init() throws {
        run = try TinyRun()
        try run.run()
        file = run.scratch.appending("exported.tar")
    }

    private func export(_ names: [String] = []) throws -> TransferReport {
        try TestRegistry(run.registry).export(names, to: file)
    }

    private func imported(_ path: FilePath, into name: String = "other.db") throws -> FilePath {
        let registry = run.scratch.appending(name)
        try RegistryCare.initialize(registry)
        _ = try TestRegistry(registry).importLayout(path)
        return registry
    }

    @Test func whatLeavesInAFileComesBackWithEverythingKnownOfIt() throws {
        #expect(Set(try export().builds) == Set(try run.published().keys))
        let other = try imported(file)
        for (name, digest) in try run.published() {
            let (before, after) = (
                try TestRegistry(run.registry).details(of: name), try TestRegistry(other).details(of: name)
            )
            #expect(after.build.digest.description == digest && after.build.facts == before.build.facts)
            #expect(Set(after.measurements) == Set(before.measurements) && Set(after.fits) == Set(before.fits))
        }
        let report = try TestRegistry(other).verify(readData: true)
        #expect(report.isSound && report.leftovers.isEmpty)
        // The same builds give the same file, and importing it again changes nothing.
        let first = try SHA256Digest(ofFile: file)
        _ = try export()
        #expect(try SHA256Digest(ofFile: file) == first)
        _ = try TestRegistry(other).importLayout(file)
    }

    @Test func oneBuildOrOneVersionIsEnough() throws {
        let name = try #require(try run.published().keys.min())
        #expect(try export([name]).builds == [name])
        #expect(try TestRegistry(imported(file)).builds().map { "\($0.name)" } == [name])
        let version = String(name.prefix { $0 != ":" })
        #expect(try export([version]).builds.count == 2)
    }

    /// The file is what other programs take for a tar file, and unpacked it is the folder that an export writes.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/bin/tar")))
    func tarUnpacksIt() throws {
        _ = try export()
        let folder = run.scratch.appending("unpacked")
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        func tar(_ arguments: String...) throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/tar")
            process.arguments = arguments
            try process.run()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
        try tar("xf", file.string, "-C", folder.string)
        #expect(try TestRegistry(imported(folder)).builds().count == 2)
        // What tar packs comes back too, with folders and owners in it, whatever its dialect.
        for format in ["gnu", "ustar"] {
            let again = run.scratch.appending("\(format).tar")
            try tar("cf", again.string, "--format=\(format)", "-C", folder.string, ".")
            #expect(try TestRegistry(imported(again, into: "\(format).db")).builds().count == 2)
        }
    }

    /// What is done to a file on its way.
    enum Harm: CaseIterable {
        case absoluteName, escapingName, escapingBlob, controlCharacters, symbolicLink, hardLink, device, strangerBeside
        case hugeSize, negativeSize, shortSize, truncated, withoutEnd, twice, changedHeader, changedBlob, noIndex
        case renamingHeader, empty, notATar
    }

    /// A file in the archive: where its header is, and how long its bytes are.
    private struct Entry {
        var offset: Int
        var name: String
        var byteCount: Int
        var padded: Int { (byteCount + 511) / 512 * 512 }
    }

    private func entries(_ bytes: [UInt8]) -> [Entry] {
        var (entries, offset) = ([Entry](), 0)
        while offset + 512 <= bytes.count, bytes[offset] != 0 {
            let name = String(decoding: bytes[offset..<(offset + 100)].prefix { $0 != 0 }, as: UTF8.self)
            let size = String(decoding: bytes[(offset + 124)..<(offset + 135)], as: UTF8.self)
            entries.append(Entry(offset: offset, name: name, byteCount: Int(size, radix: 8) ?? 0))
            offset += 512 + (entries.last?.padded ?? 0)
        }
        return entries
    }

    private func changed(_ bytes: [UInt8], _ entry: Entry, at offset: Int, _ text: [UInt8]) -> [UInt8] {
        var bytes = bytes
        bytes.replaceSubrange((entry.offset + offset)..<(entry.offset + offset + text.count), with: text)
        bytes.replaceSubrange((entry.offset + 148)..<(entry.offset + 156), with: [UInt8](repeating: 32, count: 8))
        let sum = bytes[entry.offset..<(entry.offset + 512)].reduce(0) { $0 + Int($1) }
        let octal = String(sum, radix: 8)
        let field = String(repeating: "0", count: 6 - octal.count) + octal + "\0 "
        bytes.replaceSubrange((entry.offset + 148)..<(entry.offset + 156), with: Array(field.utf8))
        return bytes
    }

    private func harmed(_ bytes: [UInt8], _ harm: Harm) throws -> [UInt8] {
        let all = entries(bytes)
        let marker = try #require(all.first { $0.name == "oci-layout" })
        let index = try #require(all.first { $0.name == "index.json" })
        let blob = try #require(all.max { $0.byteCount < $1.byteCount })
        func named(_ name: String) -> [UInt8] {
            changed(bytes, marker, at: 0, Array(name.utf8) + [UInt8](repeating: 0, count: 100 - name.utf8.count))
        }
        func typed(_ type: Character) -> [UInt8] { changed(bytes, marker, at: 156, Array("\(type)".utf8)) }
        func sized(_ field: [UInt8]) -> [UInt8] { changed(bytes, blob, at: 124, field) }
        switch harm {
        case .absoluteName: return named("/etc/passwd")
        case .escapingName: return named("../oci-layout")
        case .escapingBlob: return named("blobs/sha256/../../../registry.db")
        case .controlCharacters: return named("blobs/\u{1b}[31m\n")
        case .symbolicLink: return typed("2")
        case .hardLink: return typed("1")
        case .device: return typed("3")
        case .strangerBeside: return named("readme.txt")
        case .hugeSize: return sized(Array("77777777777".utf8))
        case .negativeSize: return sized([UInt8](repeating: 0xFF, count: 12))
        case .shortSize: return sized(Array("00000001000".utf8))
        case .truncated: return Array(bytes.prefix(bytes.count / 2))
        case .withoutEnd: return Array(bytes.dropLast(1024))
        case .twice: return bytes[marker.offset..<(marker.offset + 512 + marker.padded)] + bytes
        case .changedHeader:
            var bytes = bytes
            bytes[blob.offset + 20] ^= 1
            return bytes
        case .changedBlob:
            var bytes = bytes
            bytes[blob.offset + 512 + blob.byteCount / 2] ^= 1
            return bytes
        case .noIndex: return Array(bytes[..<index.offset]) + [UInt8](repeating: 0, count: 1024)
        case .renamingHeader:
            let record = Array("15 path=/etc/x\n".utf8)
            var header = Array(bytes[marker.offset..<(marker.offset + 512)])
            let entry = Entry(offset: 0, name: "", byteCount: 0)
            header = changed(header, entry, at: 124, Array("00000000017".utf8))
            header = changed(header, entry, at: 156, Array("x".utf8))
            return header + record + [UInt8](repeating: 0, count: 512 - record.count) + bytes
        case .empty: return [UInt8](repeating: 0, count: 1024)
        case .notATar: return Array("GGUF is not a tar file, and this is neither".utf8)
        }
    }

    @Test(arguments: Harm.allCases)
    func aFileThatWasChangedIsRefusedInWordsAndNothingIsWritten(_ harm: Harm) throws {
        _ = try export([try #require(try run.published().keys.min())])
        let bytes = try harmed(readFile(file, limit: 1 << 26), harm)
        let hostile = run.scratch.appending("hostile.tar")
        try writeFile(bytes, to: hostile)
        let other = run.scratch.appending("other.db")
        try RegistryCare.initialize(other)
        let before = try run.scratch.listing().filter { !$0.contains("other.db") }
        do {
            _ = try TestRegistry(other).importLayout(hostile)
            Issue.record("\(harm) was accepted")
        } catch {
            #expect("\(error)".contains("hostile.tar"), "\(error)")
            #expect(ExitStatus(error) == .badInput)
            #expect(!"\(error)".unicodeScalars.contains { $0.value < 32 }, "\(error)")
        }
        #expect(try TestRegistry(other).builds().isEmpty)
        let report = try TestRegistry(other).verify(readData: true)
        #expect(report.isSound && report.leftovers.isEmpty)
        #expect(try run.scratch.listing().filter { !$0.contains("other.db") } == before)
    }
}
