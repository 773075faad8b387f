import BinaryIO
import Conversion
import SystemPackage
import TestSupport

/// A PEFT folder for the small Llama, every part of which a test can change.
struct SmallAdapter {
    static let layer = "base_model.model.model.layers.0"

    var config = ["peft_type": #""LORA""#, "lora_alpha": "16", "r": "4"]
    /// Holds the tensors, whose names and values a test may change.
    var contents = SmallCheckpoint()

    /// Updates of a module, of rank 4.
    mutating func update(_ module: String, rows: Int, columns: Int, rank: Int = 4) {
        contents.add("\(module).lora_A.weight", [rank, columns], dtype: "F32")
        contents.add("\(module).lora_B.weight", [rows, rank], dtype: "F32")
    }

    /// An update of the values' projection.
    static func ofValues() -> SmallAdapter {
        var adapter = SmallAdapter()
        adapter.update("\(layer).self_attn.v_proj", rows: 128, columns: 256)
        return adapter
    }

    /// The numbers of a tensor of single precision.
    func floats(_ name: String) -> [Float] {
        guard let tensor = contents.tensors.first(where: { $0.name == name }) else { return [] }
        return tensor.bytes.withUnsafeBytes { bytes in
            (0..<(bytes.count / 4)).map { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
        }
    }

    /// - Returns: the folder, called `some-lora`.
    func write(into folder: ScratchFolder, named name: String = "some-lora") throws -> FilePath {
        let members = config.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }
        try makeFolder(folder.path.appending(name))
        try folder.write(Array("{\(members.joined(separator: ","))}".utf8), to: "\(name)/adapter_config.json")
        let bytes = SmallCheckpoint.safetensors(contents.tensors)
        try folder.write(bytes, to: "\(name)/adapter_model.safetensors")
        return folder.path.appending(name)
    }

    /// What the small Llama's tensor becomes with the update of `module`, in double precision.
    func merged(_ base: [Float], _ module: String, strength: Double, rank: Int = 4) -> [Double] {
        let (a, b) = (floats("\(module).lora_A.weight"), floats("\(module).lora_B.weight"))
        let columns = a.count / rank
        return base.indices.map { index in
            let (row, column) = index.quotientAndRemainder(dividingBy: columns)
            let sum = (0..<rank).reduce(0) { $0 + Double(b[row * rank + $1]) * Double(a[$1 * columns + column]) }
            return Double(base[index]) + strength * sum
        }
    }
}
