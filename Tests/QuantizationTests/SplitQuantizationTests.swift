import BinaryIO
import Conversion
import Foundation
import GGUF
import Quantization
import SystemPackage
import TestSupport
import Testing

@Suite struct SplitQuantizationTests {
    private let models: TinyModels
    private let folder: ScratchFolder
    private let shards: [FilePath]
    private let whole: GGUFModel
    private let split: GGUFModel

    init() throws {
        models = try TinyModels()
        folder = try ScratchFolder()
        let file = try GGUFFile(path: try models.converted(.f16))
        shards = try SplitModel.write(file, to: folder.path.appending("model"), count: 3)
        whole = try GGUFModel(file)
        split = try GGUFModel(path: shards[0])
    }

    private func quantize(
        _ source: GGUFModel,
        _ name: String,
        _ change: (inout QuantizationOptions) -> Void = { _ in }
    ) throws -> [FilePath] {
        var options = QuantizationOptions()
        change(&options)
        let plan = try QuantizationPlan(source, as: .q4_K_M, options: options)
        let output = Quantizer.Output(plan: plan, path: folder.path.appending(name))
        try Quantizer(source: source, outputs: [output]).run(threads: 2)
        return output.paths
    }

    /// One file comes out as if one had gone in.
    @Test func filesAreJoined() throws {
        let joined = try quantize(split, "joined.gguf")
        #expect(try SHA256Digest(ofFile: joined[0]).description == QuantizedGolden.plain()["Q4_K_M"]?.file_sha256)
    }

    @Test func filesAreKeptWithTheirTensors() throws {
        let made = try GGUFModel(path: try quantize(split, "out.gguf") { $0.keepsSplit = true }[0])
        #expect(made.files.map(\.path.lastComponent?.string) == (1...3).map { "out-0000\($0)-of-00003.gguf" })
        #expect(made.tensors.map(\.name) == split.tensors.map(\.name))
        #expect(made.files.map(\.tensors.count) == split.files.map(\.tensors.count))
        #expect(made.files[0].metadata.pairs.last?.key == "split.tensors.count")
        #expect(made.files[1].metadata.pairs.map(\.key) == ["split.no", "split.count", "split.tensors.count"])
    }

    @Test func oneFileThatIsKeptIsNumberedToo() throws {
        let paths = try quantize(whole, "one") { $0.keepsSplit = true }
        #expect(paths.map(\.lastComponent?.string) == ["one-00001-of-00001.gguf"])
        #expect(try GGUFFile(path: paths[0]).metadata["split.count"] == nil)
    }

    @Test func noneOfTheFilesIsOverwritten() throws {
        for shard in shards {
            let error = #expect(throws: QuantizationError.self) {
                try quantize(split, try #require(shard.lastComponent?.string))
            }
            #expect(error?.problem == .outputIsInput)
        }
        let error = #expect(throws: QuantizationError.self) { try quantize(split, "model") { $0.keepsSplit = true } }
        #expect(error?.problem == .outputIsInput && error?.path == shards[0])
    }

    /// The last file cannot be made: the first two are not there either.
    @Test func allFilesAppearOrNone() throws {
        let blocked = folder.path.appending("out-00003-of-00003.gguf")
        try FileManager.default.createDirectory(atPath: blocked.string, withIntermediateDirectories: false)
        #expect(throws: FileError.self) { try quantize(split, "out.gguf") { $0.keepsSplit = true } }
        #expect(try folder.names == (shards + [blocked]).compactMap(\.lastComponent?.string).sorted())
    }
}
