import BinaryIO
import Foundation
import GGUF
import SystemPackage
import Tensors
import TestSupport
import Testing

@Suite struct GGUFModelTests {
    private let folder: ScratchFolder
    private let whole: GGUFFile
    private let shards: [FilePath]

    init() throws {
        folder = try ScratchFolder()
        whole = try GGUFFile(path: folder.write(GGUFBuilder.sound.file, to: "whole.gguf"))
        shards = try SplitModel.write(whole, to: folder.path.appending("model"), count: 2)
    }

    private func problem(_ path: FilePath) -> GGUFProblem? {
        #expect(throws: GGUFError.self) { _ = try GGUFModel(path: path) }?.problem
    }

    @Test func severalFilesAreOneModel() throws {
        #expect(shards.map(\.lastComponent?.string) == ["model-00001-of-00002.gguf", "model-00002-of-00002.gguf"])
        let model = try GGUFModel(path: shards[0])
        #expect(model.tensors == whole.tensors)
        #expect(model.tensors.map(model.shard) == [0, 0, 1])
        for tensor in model.tensors {
            withExtendedLifetime(model) {
                #expect(Array(model.bytes(of: tensor)) == Array(whole.bytes(of: tensor)))
            }
        }
        #expect(model.metadata["general.architecture"] == .string("test"))
    }

    @Test func oneFileIsAModelToo() throws {
        let model = try GGUFModel(path: whole.path)
        #expect(model.files.count == 1 && model.tensors == whole.tensors)
    }

    @Test func onlyTheFirstFileOpensTheModel() {
        #expect(problem(shards[1]) == .notFirstShard(number: 2, count: 2))
    }

    @Test func aFirstFileUnderAnotherNameIsRefused() throws {
        let renamed = folder.path.appending("renamed.gguf")
        try FileManager.default.moveItem(atPath: shards[0].string, toPath: renamed.string)
        #expect(problem(renamed) == .unnumberedShard(number: 1, count: 2))
    }

    @Test func aMissingFileIsNamed() throws {
        try FileManager.default.removeItem(atPath: shards[1].string)
        let error = #expect(throws: FileError.self) { _ = try GGUFModel(path: shards[0]) }
        #expect(error?.path == shards[1])
    }

    @Test func aFileInAnothersPlaceIsRefused() throws {
        try FileManager.default.removeItem(atPath: shards[1].string)
        try FileManager.default.copyItem(atPath: whole.path.string, toPath: shards[1].string)
        #expect(problem(shards[0]) == .wrongShard(found: nil, expected: 2))
        try FileManager.default.removeItem(atPath: shards[1].string)
        try FileManager.default.copyItem(atPath: shards[0].string, toPath: shards[1].string)
        #expect(problem(shards[0]) == .wrongShard(found: 1, expected: 2))
    }

    @Test func tensorsThatAreTwiceOrMissingAreRefused() throws {
        func rewrite(_ tensors: [GGUFTensor]) throws {
            var metadata = Metadata()
            metadata.set("split.no", .uint16(1))
            let layout = GGUFLayout(metadata: metadata, tensors: tensors)
            try GGUFFileWriter(path: shards[1], layout: layout).commit()
        }
        try rewrite([whole.tensors[0]])
        #expect(problem(shards[0]) == .duplicateTensor(whole.tensors[0].name))
        try rewrite([])
        #expect(problem(shards[0]) == .wrongShardTensors(found: 2, expected: 3))
    }
}

@Suite struct GGUFModelWriterTests {
    private let folder: ScratchFolder
    private let files: [(path: FilePath, layout: GGUFLayout)]

    init() throws {
        let folder = try ScratchFolder()
        self.folder = folder
        files = try ["a", "b"].map { name in
            let layout = GGUFLayout(metadata: Metadata(), tensors: [try GGUFLayoutTests.tensor(name, .f32, [3])])
            return (folder.path.appending(name), layout)
        }
    }

    @Test func tensorsAreCountedAcrossFilesAndAllAppearTogether() throws {
        let writer = try GGUFModelWriter(files)
        for index in 0..<2 {
            try [UInt8](repeating: UInt8(index + 1), count: 12).withUnsafeBytes {
                try writer.write($0, tensor: index, at: 0)
            }
        }
        #expect(files.allSatisfy { fileIdentity($0.path) == nil })
        try GGUFModelWriter.commit([writer])
        for (index, file) in files.enumerated() {
            let made = try GGUFFile(path: file.path)
            let bytes = withExtendedLifetime(made) { Array(made.bytes(of: made.tensors[0])) }
            #expect(bytes == [UInt8](repeating: UInt8(index + 1), count: 12))
        }
    }

    @Test func aFileThatCannotBeMadeLeavesNoneOfTheOthers() throws {
        try FileManager.default.createDirectory(atPath: files[1].path.string, withIntermediateDirectories: false)
        #expect(throws: FileError.self) { _ = try GGUFModelWriter(files) }
        #expect(try folder.names == ["b"])
    }

    @Test func whatIsGivenUpIsGone() throws {
        let writer = try GGUFModelWriter(files)
        writer.discard()
        #expect(try folder.names.isEmpty)
    }
}
