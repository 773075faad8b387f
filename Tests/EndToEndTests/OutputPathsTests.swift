import BinaryIO
import Foundation
import SystemPackage
import TestSupport
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// Outputs whose path is a registry, a device, a pipe or a link: one rule for every command that writes a file.
@Suite(.sharedRun) struct OutputPathsTests {
    private let run: FinishedRun
    private var program: Program { run.program }

    init() throws { run = try #require(SharedRun.current) }

    /// Each command that writes a file, without the path.
    static let writers: [[String]] = [
        ["convert", tinyFolder, "-o"], ["quantize", "f16.gguf", "--type", "q4_0", "-o"], ["pull", "tiny:q8_0", "-o"],
        ["imatrix", "f16.gguf", "--text", sampleText, "--context", "32", "--chunks", "1", "-o"],
        ["perplexity", "f16.gguf", "--text", sampleText, "--context", "32", "--chunks", "1", "--save-logits"],
        [
            "sensitivity", "f16.gguf", "--text", sampleText, "--context", "32", "--chunks", "1", "--type", "q4_0",
            "--tensor", "attn_q", "--heat-map",
        ],
        ["report", "tiny", "-o"], ["registry", "export", "tiny:q8_0", "-o"],
    ]

    private func bytes(_ path: FilePath) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path.string)) }

    @Test(arguments: writers)
    func aRegistryIsNeverReplaced(_ command: [String]) throws {
        let copy = try run.copiedRegistry()
        let packs = try FileManager.default.subpathsOfDirectory(atPath: copy.appending("registry.db.objects").string)
        let pack = try #require(packs.first { $0.hasSuffix(".pack") })
        for path in [copy.appending("registry.db"), copy.appending("registry.db.objects").pushing(FilePath(pack))] {
            let before = try bytes(path)
            let result = try program.run(command + [path.string])
            #expect(result.status == 1, "\(command): \(result)")
            #expect(result.errors.contains(path.string), "\(result)")
            #expect(try bytes(path) == before)
        }
        #expect(
            try program("registry", "verify", "--read-data", "--registry", copy.appending("registry.db").string).status
                == 0
        )
    }

    @Test(arguments: writers)
    func theNullDeviceStaysADevice(_ command: [String]) throws {
        let result = try program.run(command + ["/dev/null"])
        #expect(FileStatus("/dev/null")?.kind == .device)
        #expect(command[1] == "export" ? result.status == 1 : result.status == 0, "\(command): \(result)")
    }

    @Test(arguments: writers, ["target.out", "missing.out"])
    func aLinkIsFollowed(_ command: [String], _ target: String) throws {
        guard command[1] != "export" else { return }
        let folder = try ScratchFolder()
        try folder.write("old", to: "real/target.out")
        let link = folder.appending("link.out")
        try FileManager.default.createSymbolicLink(atPath: link.string, withDestinationPath: "real/\(target)")
        let result = try program.run(command + [link.string])
        #expect(result.status == 0, "\(command): \(result)")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.string) == "real/\(target)")
        #expect(FileStatus(folder.appending("real").appending(target))?.byteCount ?? 0 > 100)
    }

    @Test(arguments: writers)
    func aPipeIsNeverReplacedNorWaitedFor(_ command: [String]) throws {
        let folder = try ScratchFolder()
        let pipe = folder.appending("pipe")
        mkfifo(pipe.string, 0o600)
        // Texts wait for whoever reads the pipe; here somebody does.
        let reader = open(pipe.string, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        let result = try program.run(command + [pipe.string], limit: 20)
        #expect([0, 1].contains(result.status), "\(command): \(result)")
        #expect(FileStatus(pipe)?.kind == .pipe)
    }

    /// Every option that names a file to read.
    static let readers: [[String]] = [
        ["inspect"], ["fit"], ["run"], ["plan"], ["validate"], ["convert", "-o", "x.gguf"],
        ["quantize", "-o", "x.gguf", "--type", "q4_0"], ["perplexity", "f16.gguf", "--context", "32", "--text"],
        ["quantize", "f16.gguf", "-o", "x.gguf", "--type", "q4_0", "--imatrix"],
        ["accuracy", "f16.gguf", "--tasks"], ["tokenize", "f16.gguf", "--file"],
        ["registry", "import", "--as", "m@1.0.0:x"],
    ]

    @Test(arguments: readers)
    func aPipeAsInputIsRefusedAtOnce(_ command: [String]) throws {
        let folder = try ScratchFolder()
        let pipe = folder.appending("pipe")
        mkfifo(pipe.string, 0o600)
        let result = try program.run(command + [pipe.string], limit: 20)
        #expect([1, 3].contains(result.status), "\(command): \(result)")
        #expect(result.errors.contains(pipe.string), "\(command): \(result.errors)")
        #expect(FileStatus(program.folder.appending("x.gguf")) == nil)
    }

    /// Nothing that reads can know it: the system says so by a signal.
    @Test func aFileThatIsTruncatedWhileItIsReadIsNamed() throws {
        let folder = try ScratchFolder()
        let model = folder.appending("model.gguf")
        try FileManager.default.copyItem(
            atPath: program.folder.appending("f16.gguf").string,
            toPath: model.string
        )
        let running = try program.start([
            "perplexity", model.string, "--text", sampleText, "--threads", "1", "--context", "512",
        ])
        usleep(700_000)
        truncate(model.string, 8192)
        let result = try running.wait()
        #expect(result.status == 1, "\(result)")
        #expect(result.errors.contains("\(model): the file became shorter"), "\(result)")
    }
}
