import BinaryIO
import Foundation
import SystemPackage
import TestSupport
import Testing

/// Registries that are away, damaged, behind links or on disks that cannot be written, as a user meets them.
@Suite(.sharedRun) struct RegistryFaultsTests {
    private let run: FinishedRun

    init() throws { run = try #require(SharedRun.current) }

    @Test(.enabled(if: SmallDisk.isAvailable, Comment(rawValue: SmallDisk.need)))
    func everyCommandThatReadsWorksOnADiskThatCannotBeWritten() throws {
        let disk = try SmallDisk(bytes: 64 << 20)
        let copy = try run.copiedRegistry()
        for name in try copy.names where name.hasPrefix("registry.db") && !name.hasSuffix("-shm") {
            try FileManager.default.copyItem(
                atPath: copy.appending(name).string,
                toPath: disk.folder.appending(name).string
            )
        }
        try disk.makeReadOnly()
        let folder = try ScratchFolder()
        var program = Program(folder: folder)
        let temporary = folder.appending("temporary")
        try makeFolder(temporary)
        program.environment = [
            "EDGEPIPE_REGISTRY": disk.folder.appending("registry.db").string, "TMPDIR": temporary.string,
        ]
        for arguments in [
            ["query"], ["query", "--device", "pixel-8"], ["registry", "list"], ["registry", "show", "tiny:q8_0"],
            ["registry", "verify"], ["registry", "verify", "--read-data"], ["registry", "verify", "--sample", "50%"],
            ["registry", "history", "tiny"], ["registry", "storage"], ["registry", "gc"], ["registry", "repair"],
            ["registry", "export", "-o", "all"], ["registry", "export", "-o", "all.tar"],
            ["registry", "attest", "tiny:q8_0", "-o", "attested"], ["pull", "tiny:q8_0", "-o", "x.gguf"],
            ["compare", "--platform", "android"],
        ] {
            let result = try program.run(arguments)
            #expect(result.status == 0, "\(arguments.joined(separator: " ")): \(result.errors)")
        }
        for arguments in [
            ["registry", "promote", "tiny@1.0.0", "x", "--why", "a test"], ["registry", "gc", "--remove"],
            ["registry", "import", "x.gguf", "--as", "y@1.0.0:q8_0"], ["registry", "init"],
        ] {
            let result = try program.run(arguments)
            #expect(result.status == 1 && result.errors.contains("whether the disk can be written"), "\(result.errors)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.string).isEmpty)
    }

    /// What pull advises after a flipped bit helps.
    @Test func publishingTheSameFileAgainMendsAFlippedBit() throws {
        let folder = try run.copiedRegistry()
        let program = Program(folder: folder)
        #expect(try program("pull", "tiny:q8_0", "-o", "a.gguf", "--quiet").status == 0)
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path.string)
        where name.hasSuffix(".pack") {
            let path = folder.path.pushing(FilePath(name)).string
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            bytes[bytes.count / 2] ^= 1
            try FileManager.default.removeItem(atPath: path)
            try bytes.write(to: URL(fileURLWithPath: path))
        }
        let damaged = try program("pull", "tiny:q8_0", "-o", "b.gguf", "--quiet")
        #expect(damaged.status == 5 && damaged.errors.contains("Publish the same file again"))
        let again = try program("registry", "import", "a.gguf", "--as", "tiny@1.0.0:q8_0", "--quiet")
        #expect(again.status == 0 && again.output.contains("damaged bytes were stored anew"), "\(again.output)")
        let other = try program("registry", "import", "a.gguf", "--as", "other@1.0.0:q8_0", "--quiet")
        #expect(other.status == 0 && other.output.contains("published"))
        for name in ["tiny:q8_0", "other"] {
            #expect(try program("pull", name, "-o", "c.gguf", "--quiet").status == 0)
        }
    }

    @Test func aRegistryBehindALinkIsTheSameRegistry() throws {
        let folder = try run.copiedRegistry()
        let program = Program(folder: folder)
        try FileManager.default.createSymbolicLink(
            atPath: folder.appending("link.db").string,
            withDestinationPath: "registry.db"
        )
        #expect(try program("pull", "tiny:q8_0", "-o", "a.gguf", "--registry", "link.db", "--quiet").status == 0)
        let name = ["--as", "n@1.0.0:q8_0", "--registry", "link.db", "--quiet"]
        #expect(try program.run(["registry", "import", "a.gguf"] + name).status == 0)
        #expect(try program("registry", "repair", "--apply", "--registry", "link.db").status == 0)
        #expect(try program("registry", "gc", "--remove", "--older-than", "0", "--registry", "link.db").status == 0)
        #expect(try program("registry", "verify", "--read-data").status == 0)
        #expect(try !folder.names.contains("link.db.objects"))
    }

    @Test func aRegistryWithoutItsObjectsIsSaidToHaveNone() throws {
        let folder = try run.copiedRegistry()
        let program = Program(folder: folder)
        let (objects, away) = (folder.appending("registry.db.objects").string, folder.appending("away").string)
        try FileManager.default.moveItem(atPath: objects, toPath: away)
        let words = "registry.db.objects: the folder that holds the bytes of all builds is missing"
        let query = try program("query")
        #expect(query.status == 0 && query.errors.contains(words), "an answer stands without the bytes")
        let pulled = try program("pull", "tiny:q8_0", "-o", "a.gguf", "--quiet")
        #expect(pulled.status == 5 && pulled.errors.contains(words))
        let verified = try program("registry", "verify")
        #expect(verified.status == 5 && verified.output.contains(words))
        let repaired = try program("registry", "repair", "--apply")
        #expect(repaired.status == 5 && repaired.errors.contains(words))
        try FileManager.default.moveItem(atPath: away, toPath: objects)
        #expect(try program("query", "--quiet").status == 0)
        #expect(try program("registry", "verify", "--read-data").status == 0)
    }

    @Test func anEditedRegistryIsFive() throws {
        let folder = try run.copiedRegistry()
        let program = Program(folder: folder)
        let path = folder.appending("registry.db").string
        // Of the same length, as an editor of bytes would do it.
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let edits = [("apache-2.0", "apache-9.9"), ("\"mit\"", "\"mxt\""), ("bit/byte", "bit/bite")]
        for (before, after) in edits {
            while let place = bytes.range(of: Data(before.utf8)) {
                bytes.replaceSubrange(place, with: Data(after.utf8))
            }
        }
        try bytes.write(to: URL(fileURLWithPath: path))
        let result = try program("registry", "verify")
        #expect(result.status == 5 && result.output.contains("measurement"), "\(result.output)\(result.errors)")
        #expect(result.output.contains("tiny@1.0.0:q8_0"))
    }

    @Test func whatIsNoRegistryIsSaidInWords() throws {
        let folder = try ScratchFolder()
        let program = Program(folder: folder)
        try folder.write("a text\n", to: "text.db")
        for command in [["query"], ["registry", "list"], ["registry", "verify"], ["pull", "x", "-o", "y"]] {
            let isFolder = try program.run(command + ["--registry", folder.path.string])
            #expect(isFolder.status == 1 && isFolder.errors.contains("this is a folder"), "\(isFolder.errors)")
            let isText = try program.run(command + ["--registry", "text.db"])
            #expect(isText.status == 1 && isText.errors.contains("not an edgepipe registry"), "\(isText.errors)")
        }
    }
}
