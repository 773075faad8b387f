import GGUF
import Quantization
import Tensors
import Testing

/// The system's libraries have a type of that name too.
typealias FileType = Quantization.FileType

/// A tensor of one type and shape; without a shape, a matrix whose rows are whole blocks of every type.
func tensor(_ name: String, _ type: TensorType = .f16, _ shape: [Int] = [256, 2]) throws -> GGUFTensor {
    let shape = try #require(TensorShape(shape))
    return try #require(GGUFTensor(name: name, type: type, shape: shape))
}

/// The metadata that the choice of types reads.
func metadata(
    _ architecture: String,
    layers: Int,
    heads: Int = 8,
    keyValueHeads: Int? = 8,
    experts: Int? = nil
) -> Metadata {
    var metadata = Metadata()
    metadata.set("general.architecture", .string(architecture))
    metadata.set("\(architecture).block_count", .uint32(UInt32(layers)))
    metadata.set("\(architecture).attention.head_count", .uint32(UInt32(heads)))
    if let keyValueHeads {
        metadata.set("\(architecture).attention.head_count_kv", .uint32(UInt32(keyValueHeads)))
    }
    if let experts { metadata.set("\(architecture).expert_count", .uint32(UInt32(experts))) }
    return metadata
}

/// What each tensor becomes, by name.
func choices(
    _ fileType: FileType,
    _ metadata: Metadata,
    _ tensors: [GGUFTensor],
    _ change: (inout QuantizationOptions) -> Void = { _ in }
) throws -> [String: TypeChooser.Choice] {
    var options = QuantizationOptions()
    change(&options)
    let ordered = tensors.sorted { precedesInFile($0.name, $1.name) }
    var chooser = try TypeChooser(.mix(fileType), ModelFacts(metadata), tensors: ordered, options)
    var choices: [String: TypeChooser.Choice] = [:]
    for tensor in ordered { choices[tensor.name] = try chooser.choice(for: tensor) }
    return choices
}
