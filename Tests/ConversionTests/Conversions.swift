import BinaryIO
import Conversion
import GGUF
import SystemPackage
import Tensors
import TestSupport
import Testing

/// Converts a checkpoint in a folder of its own.
struct Conversions {
    let folder: ScratchFolder
    var output: FilePath { folder.path.appending("out.gguf") }

    init() throws { folder = try ScratchFolder() }

    func convert(
        _ checkpoint: SmallCheckpoint,
        _ type: ConvertedType? = nil,
        shards: Int = 1,
        threads: Int = 2
    ) throws -> GGUFFile {
        let path = try checkpoint.write(into: folder, shards: shards)
        let plan = try ConversionPlan(HuggingFaceFolder(path: path), options: ConversionOptions(type: type))
        try Converter(plan).run(to: output, threads: threads)
        return try GGUFFile(path: output)
    }

    /// What the conversion, which must fail, says; nothing may be left of it.
    func problem(_ checkpoint: SmallCheckpoint, _ type: ConvertedType? = nil) throws -> ConversionProblem? {
        let error = #expect(throws: ConversionError.self) { _ = try convert(checkpoint, type) }
        #expect(try folder.names == ["model"])
        return error?.problem
    }
}

extension GGUFFile {
    /// A copy of a tensor's bytes.
    func content(_ name: String) throws -> [UInt8] {
        let tensor = try #require(self.tensor(named: name))
        return withExtendedLifetime(self) { Array(bytes(of: tensor)) }
    }

    /// The elements of a single-precision tensor.
    func floats(_ name: String) throws -> [Float] {
        try #require(tensor(named: name)?.type == .f32)
        return try content(name).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }
}
