import Foundation
import SystemPackage
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Disks that are full, folders that cannot be written, outputs that are inputs: one clear error, nothing half-done.
@Suite(.sharedRun) struct FaultsTests {
    private let run: FinishedRun
    private var program: Program { run.program }
    private var model: String { run.folder.appending("f16.gguf").string }

    init() throws { run = try #require(SharedRun.current) }

    private func names(in folder: FilePath) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.string).filter { $0 != ".streams" }.sorted()
    }

    /// Every command that writes a file, writing it to `path`.
    private func writers(to path: String) -> [[String]] {
        [
            ["convert", tinyFolder, "-o", path], ["quantize", model, "-o", path, "--type", "q4_0"],
            ["pull", "tiny:q8_0", "-o", path],
            ["perplexity", model, "--text", sampleText, "--context", "128", "--chunks", "16", "--save-logits", path],
        ]
    }

    @Test(.enabled(if: SmallDisk.isAvailable, Comment(rawValue: SmallDisk.need)))
    func aFullDiskIsOneErrorThatNamesTheFile() throws {
        let disk = try SmallDisk(bytes: 2 << 20)
        try disk.fill(leaving: 300_000)
        let path = disk.folder.appending("out.gguf").string
        for arguments in writers(to: path) {
            let result = try program.run(arguments + ["--quiet"])
            expect(result, 1, naming: path)
            #expect(result.errors.lowercased().contains("free some"), "\(result.errors)")
            #expect(try names(in: disk.folder.path) == ["filler"], "\(arguments[0]) left something behind")
        }
    }

    /// The disk is found full in every step of a run; with room again, the same command finishes.
    @Test(.enabled(if: SmallDisk.isAvailable, Comment(rawValue: SmallDisk.need)), arguments: [1, 5, 14, 20, 25])
    func aRunOnAFullDiskGoesOnOnceThereIsRoom(_ megabytes: Int) throws {
        let disk = try SmallDisk(bytes: 64 << 20)
        try disk.fill(leaving: megabytes << 20)
        let text = try run.folder.write(TinyPipeline().yaml, to: "disk.yaml").string
        let registry = disk.folder.appending("registry.db").string
        let full = try program("run", text, "--registry", registry, "--quiet")
        expect(full, 1, naming: disk.folder.path.string)
        let partial = try FileManager.default.subpathsOfDirectory(atPath: disk.folder.path.string)
            .filter { $0.contains(".partial") }
        #expect(partial.isEmpty)
        try FileManager.default.removeItem(atPath: disk.folder.appending("filler").string)
        let next = try program("run", text, "--registry", registry, "--quiet", "--json")
        #expect(next.status == 0, "\(next.errors)")
        #expect((try next.json()["builds"] as? [Any])?.count == 2)
        #expect(try program("registry", "verify", "--read-data", "--registry", registry).status == 0)
    }

    /// A limit on the size of files stands in for a full disk where none can be made.
    @Test func aFileThatMayNotGrowIsOneErrorThatNamesIt() throws {
        let folder = try ScratchFolder()
        var program = Program(folder: folder)
        program.environment = ["EDGEPIPE_REGISTRY": run.folder.appending("registry.db").string]
        // Blocks of a kibibyte; without the trap the system would end the program.
        program.shellPrefix = "ulimit -f 200; trap '' XFSZ;"
        let path = folder.appending("out.gguf").string
        for arguments in writers(to: path) {
            let result = try program.run(arguments + ["--quiet"])
            expect(result, 1, naming: path)
            #expect(try names(in: folder.path).isEmpty, "\(arguments[0]) left something behind")
        }
        #expect(try self.program("registry", "verify", "--read-data").status == 0)
    }

    @Test func aRunThatMayNotWriteLeavesASoundRegistry() throws {
        let folder = try ScratchFolder()
        try folder.write(TinyPipeline().yaml, to: "tiny.yaml")
        var program = Program(folder: folder)
        program.shellPrefix = "ulimit -f 4000; trap '' XFSZ;"
        expect(try program("run", "tiny.yaml", "--quiet"), 1, naming: "f16.gguf")
        program.shellPrefix = ""
        #expect(try program("registry", "verify", "--read-data").status == 0)
        #expect(try program("run", "tiny.yaml", "--quiet").status == 0)
        #expect(try program("registry", "verify", "--read-data").status == 0)
    }

    @Test(arguments: ["missing/out.gguf", "file/out.gguf", ".", "folder", "folder/.."])
    func aPathThatCannotBeWrittenIsOneError(_ path: String) throws {
        let folder = try ScratchFolder()
        try folder.write("", to: "file")
        try FileManager.default.createDirectory(
            atPath: folder.appending("folder").string,
            withIntermediateDirectories: false
        )
        var program = Program(folder: folder)
        program.environment = ["EDGEPIPE_REGISTRY": run.folder.appending("registry.db").string]
        for arguments in writers(to: path) { expect(try program.run(arguments + ["--quiet"]), 1, naming: path) }
        #expect(try names(in: folder.path) == ["file", "folder"])
        #expect(try names(in: folder.appending("folder")).isEmpty)
    }

    @Test(.enabled(if: SmallDisk.isAvailable, Comment(rawValue: SmallDisk.need)))
    func aReadOnlyDiskIsOneErrorWithTheRemedy() throws {
        let disk = try SmallDisk(bytes: 32 << 20)
        try disk.makeReadOnly()
        let path = disk.folder.appending("out.gguf").string
        for arguments in writers(to: path) {
            let result = try program.run(arguments + ["--quiet"])
            expect(result, 1, naming: path)
            #expect(result.errors.contains("writable disk"), "\(result.errors)")
        }
        let registry = disk.folder.appending("registry.db").string
        expect(try program("run", "tiny.yaml", "--registry", registry, "--quiet"), 1, naming: registry)
    }

    @Test(.enabled(if: geteuid() != 0, "nothing is forbidden to root"))
    func aFolderWithoutLeaveToWriteIsOneErrorWithTheRemedy() throws {
        let folder = try ScratchFolder()
        let manager = FileManager.default
        try manager.setAttributes([.posixPermissions: 0o555], ofItemAtPath: folder.path.string)
        let path = folder.appending("out.gguf").string
        for arguments in writers(to: path) {
            let result = try program.run(arguments + ["--quiet"])
            expect(result, 1, naming: path)
            #expect(result.errors.contains("Check the permissions"), "\(result.errors)")
        }
        #expect(try names(in: folder.path).isEmpty)
        try manager.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path.string)
    }

    /// However the path is written: a file must never be replaced by what is made from it.
    @Test func anOutputThatIsAnInputIsRefusedAndStays() throws {
        let folder = try ScratchFolder()
        try FileManager.default.copyItem(atPath: model, toPath: folder.appending("in.gguf").string)
        try FileManager.default.copyItem(atPath: tinyFolder, toPath: folder.appending("hf").string)
        try FileManager.default.copyItem(atPath: sampleText, toPath: folder.appending("text.txt").string)
        try FileManager.default.createSymbolicLink(
            atPath: folder.appending("link.gguf").string,
            withDestinationPath: "in.gguf"
        )
        let copy = try run.copiedRegistry()
        try FileManager.default.createSymbolicLink(
            atPath: folder.appending("registry").string,
            withDestinationPath: copy.path.string
        )
        let before = try folder.listing().filter { !$0.hasPrefix(".streams") }
        let registry = copy.appending("registry.db").string
        let program = Program(folder: folder)
        for arguments in [
            ["quantize", "in.gguf", "-o", "in.gguf", "--type", "q4_0"],
            ["quantize", "in.gguf", "-o", "./hf/../in.gguf", "--type", "q4_0"],
            ["quantize", "in.gguf", "-o", "link.gguf", "--type", "q4_0"],
            ["quantize", "link.gguf", "-o", "in.gguf", "--type", "q4_0"],
            ["convert", "hf", "-o", "hf/model.safetensors"], ["convert", "hf", "-o", "./hf/tokenizer.model"],
            ["perplexity", "in.gguf", "--text", "text.txt", "--chunks", "1", "--save-logits", "link.gguf"],
            ["perplexity", "in.gguf", "--text", "text.txt", "--chunks", "1", "--save-logits", "./text.txt"],
            ["pull", "tiny:q8_0", "--registry", registry, "-o", "registry/registry.db"],
        ] {
            let result = try program.run(arguments + ["--quiet"])
            #expect([3, 64].contains(result.status), "\(arguments): \(result.errors)")
            #expect(result.errors.contains("Choose another output path."), "\(arguments): \(result.errors)")
        }
        #expect(try folder.listing().filter { !$0.hasPrefix(".streams") } == before)
        #expect(try program("registry", "verify", "--read-data", "--registry", registry).status == 0)
    }
}
