import BinaryIO
import BlockFormats
import Conversion
import Foundation
import GGUF
import Quantization
import SystemPackage
import Tensors
import TestSupport
import Testing

@Suite struct QuantizerTests {
    private let models: TinyModels
    private let folder: ScratchFolder
    private let source: GGUFModel

    init() throws {
        models = try TinyModels()
        folder = try ScratchFolder()
        source = try GGUFModel(path: models.converted(.f16))
    }

    private func outputs(
        _ types: [FileType],
        _ options: QuantizationOptions = .init()
    ) throws -> [Quantizer.Output] {
        try types.map {
            Quantizer.Output(
                plan: try QuantizationPlan(source, as: $0, options: options),
                path: folder.path.appending("\($0.tag).gguf")
            )
        }
    }

    /// Every file type at once, in one pass over the source, to the byte as llama-quantize writes each, whatever the
    /// processor's instructions. Types that it refuses without a matrix have no golden here.
    @Test(arguments: Kernels.available)
    func allFilesOfOnePassAreLlamas(_ kernels: Kernels) throws {
        let goldens = try QuantizedGolden.plain()
        // It was not asked for F16, which is what the source is.
        let types = FileType.allCases.filter { $0 != .f16 }
        let made = try outputs(types.filter { goldens[$0.name] != nil })
        try Quantizer(source: source, outputs: made).run(threads: 2, kernels: kernels)
        for output in made {
            try expect(output.path, toEqual: try #require(goldens[output.plan.fileType.name]))
        }
        for type in types where goldens[type.name] == nil {
            guard case .importanceMatrixNeeded = try QuantizationPlan(source, as: type).obstacle?.problem else {
                Issue.record("\(type.name) was not refused without a matrix")
                continue
            }
        }
    }

    /// The digests are of llama-quantize's tensors (llama.cpp 0c1e57098), with the goldens' importance matrix and an entry for the token
    /// embedding in it: the numbers 1 to 7 over and over.
    @Test(arguments: [
        (FileType.q4_K_M, "9ffe9eaf11498f529a15ccc7bdd2070caa24456c66cc2ad8c467a5528f12cd64"),
        (.q2_K, "4d95fc619a2b9db6766f68bef78060dc064decf38f29537ddf524dcf348d9907"),
    ])
    func anEntryForTheEmbeddingCountsAsWithLlama(_ type: FileType, _ digest: String) throws {
        let name = "token_embd.weight"
        let golden = try QuantizedGolden.matrix()
        let columns = try #require(source.tensors.first { $0.name == name }).shape.rowLength
        var options = QuantizationOptions()
        options.importanceMatrix = ImportanceMatrix(
            path: golden.path,
            entries: golden.entries.merging([name: (0..<columns).map { Float($0 % 7 + 1) }]) { $1 },
            dataset: golden.dataset,
            chunkCount: golden.chunkCount
        )
        let made = try outputs([type], options)
        try Quantizer(source: source, outputs: made).run(threads: 2)
        let file = try GGUFFile(path: made[0].path)
        let tensor = try #require(file.tensor(named: name))
        #expect("\(SHA256Digest(of: file.bytes(of: tensor)))" == digest)
    }

    @Test(arguments: Kernels.available)
    func allFilesOfOnePassWithAMatrixAreLlamas(_ kernels: Kernels) throws {
        let goldens = try QuantizedGolden.withMatrix()
        var options = QuantizationOptions()
        options.importanceMatrix = try QuantizedGolden.matrix()
        let made = try outputs(FileType.allCases.filter { $0 != .f16 }, options)
        try Quantizer(source: source, outputs: made).run(threads: 2, kernels: kernels)
        for output in made {
            let name = output.plan.fileType.name
            try expect(output.path, toEqual: try #require(goldens[name], "\(name) has no golden"))
        }
    }

    private func expect(_ path: FilePath, toEqual golden: QuantizedGolden) throws {
        let made = try GGUFFile(path: path)
        #expect(made.tensors.count == golden.tensors.count)
        for tensor in made.tensors {
            let digest = withExtendedLifetime(made) { SHA256Digest(of: made.bytes(of: tensor)).description }
            #expect([tensor.type.name, digest] == golden.tensors[tensor.name], "\(path) \(tensor.name)")
        }
        #expect(made.byteCount == golden.file_bytes)
        #expect(try SHA256Digest(ofFile: path).description == golden.file_sha256, "\(path)")
    }

    /// Slabs are handed out to whoever comes first; that must not show.
    @Test(arguments: [1, 2, 7])
    func theBytesDoNotDependOnTheThreads(_ threads: Int) throws {
        let goldens = try QuantizedGolden.plain()
        for output in try outputs([.q4_K_M, .q3_K_L]) {
            try Quantizer(source: source, outputs: [output]).run(threads: threads)
            let digest = try SHA256Digest(ofFile: output.path).description
            #expect(digest == goldens[output.plan.fileType.name]?.file_sha256)
        }
    }

    @Test func progressGrowsToTheSourcesSize() throws {
        let seen = Mutexed<[Int]>([])
        let total = source.tensors.reduce(0) { $0 + $1.byteCount }
        try Quantizer(source: source, outputs: outputs([.q8_0])).run(threads: 2) { done, all in
            seen.change { $0.append(done) }
            #expect(all == total)
        }
        #expect(seen.value == seen.value.sorted() && seen.value.last == total)
    }

    @Test(arguments: [1, 3])
    func aRunThatIsStoppedLeavesNoFileAndNoOldFileChanges(_ threads: Int) throws {
        struct Stopped: Error {}
        let outputs = try outputs([.q4_0, .q6_K])
        try folder.write([1, 2, 3], to: "q4_0.gguf")
        #expect(throws: Stopped.self) {
            try Quantizer(source: source, outputs: outputs).run(threads: threads) { done, total in
                if done > total / 2 { throw Stopped() }
            }
        }
        #expect(try folder.names == ["q4_0.gguf"])
        #expect(try readFile(outputs[0].path, limit: 10) == [1, 2, 3])
    }

    @Test func theSourceIsNeverOverwritten() throws {
        let plan = try QuantizationPlan(source, as: .q8_0)
        let link = folder.path.appending("link.gguf")
        try FileManager.default.createSymbolicLink(atPath: link.string, withDestinationPath: source.path.string)
        for path in [source.path, link] {
            let error = #expect(throws: QuantizationError.self) {
                _ = try Quantizer(source: source, outputs: [Quantizer.Output(plan: plan, path: path)])
            }
            #expect(error?.problem == .outputIsInput && error?.path == path)
        }
    }

    @Test func aFolderThatIsNotThereIsAnErrorBeforeAnyWork() throws {
        let plan = try QuantizationPlan(source, as: .q8_0)
        let output = Quantizer.Output(plan: plan, path: folder.path.appending("missing/out.gguf"))
        #expect(throws: FileError.self) { try Quantizer(source: source, outputs: [output]).run(threads: 1) }
    }
}

@Suite struct QuantizerRefusalTests {
    private func run(_ model: SmallModel, as type: FileType) throws -> QuantizationProblem? {
        let source = try model.open()
        let output = Quantizer.Output(plan: try QuantizationPlan(source, as: type), path: model.output)
        let error = #expect(throws: QuantizationError.self) {
            try Quantizer(source: source, outputs: [output]).run(threads: 2)
        }
        #expect(try model.folder.names == ["source.gguf"])
        #expect(error?.path == model.path)
        return error?.problem
    }

    @Test(arguments: [Float.infinity, -.infinity, .nan], [TensorType.f32, .f16, .bf16])
    func aNumberThatIsNotFiniteIsNamedByTensorAndElement(_ value: Float, _ type: TensorType) throws {
        let name = "blk.0.ffn_up.weight"
        var values = [Float](repeating: 0.5, count: 512 * 300)
        values[512 * 257 + 3] = value
        let model = try SmallModel([(name, type, [512, 300], values)])
        for target in [FileType.q4_K_M, .q8_0] {
            #expect(try run(model, as: target) == .notFinite(tensor: name, element: 512 * 257 + 3))
        }
    }

    /// A single-precision number can lie beyond what half-precision scales reach.
    @Test(
        arguments: [
            (.q4_0, "Q4_0"), (.q5_1, "Q5_1"), (.q8_0, "Q8_0"), (.q2_K, "Q2_K"), (.q3_K_S, "Q3_K"), (.q4_K_S, "Q4_K"),
            (.q5_K_S, "Q5_K"), (.q6_K, "Q6_K"), (.f16, "F16"),
        ] as [(FileType, String)]
    )
    func weightsBeyondTheScalesAreRefused(_ fileType: FileType, _ type: String) throws {
        let name = "blk.0.ffn_up.weight"
        let model = try SmallModel([(name, .f32, [256, 4], [1, -2, 3e38, -1e38])])
        #expect(try run(model, as: fileType) == .outOfRange(tensor: name, type: type))
    }

    @Test func tensorsThatStayAreCopiedWhateverTheirType() throws {
        let model = try SmallModel([
            ("blk.0.ffn_up.weight", .f16, [256, 4], [1, 2]), ("positions", .i32, [8], []),
        ])
        let source = try model.open()
        let output = Quantizer.Output(plan: try QuantizationPlan(source, as: .q8_0), path: model.output)
        try Quantizer(source: source, outputs: [output]).run(threads: 1)
        #expect(try GGUFFile(path: model.output).tensors.map(\.type) == [.i32, .q8_0])
    }
}
