import GGUF
import SystemPackage
import Tensors
import TestSupport
import Testing

/// A GGUF file of a few tensors, in a folder of its own.
struct SmallModel {
    let folder: ScratchFolder
    let path: FilePath

    /// - Parameters:
    ///   - tensors: their values repeat to fill the shape; types other than f32, f16 and bf16 get zero bytes.
    init(
        _ tensors: [(name: String, type: TensorType, shape: [Int], values: [Float])],
        metadata: Metadata = metadata("llama", layers: 1)
    ) throws {
        folder = try ScratchFolder()
        path = folder.path.appending("source.gguf")
        let table = try tensors.map { try tensor($0.name, $0.type, $0.shape) }
        let writer = try GGUFFileWriter(path: path, layout: GGUFLayout(metadata: metadata, tensors: table))
        for (index, (_, type, _, values)) in tensors.enumerated() {
            var bytes = LittleEndianBytes()
            for element in 0..<table[index].shape.elementCount {
                let value = values.isEmpty ? 0 : values[element % values.count]
                switch type {
                case .f32: bytes.append(value.bitPattern)
                case .f16: bytes.append(HalfFloat.encode(value))
                case .bf16: bytes.append(BrainFloat.encode(value))
                default: break
                }
            }
            if bytes.bytes.isEmpty { bytes.bytes = Array(repeating: 0, count: table[index].byteCount) }
            try bytes.bytes.withUnsafeBytes { try writer.write($0, tensor: index, at: 0) }
        }
        try writer.commit()
    }

    func open() throws -> GGUFModel { try GGUFModel(path: path) }

    /// Where the tests write.
    var output: FilePath { folder.path.appending("out.gguf") }
}
