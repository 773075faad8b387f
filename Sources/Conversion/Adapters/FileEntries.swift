import GGUF
import Safetensors
import Tensors

/// The tensors of a GGUF model in the form of a checkpoint's entries.
struct FileEntries: Sendable {
    private let files: [SafetensorsFile]
    private let places: [String: (file: Int, tensor: SafetensorsTensor)]

    /// - Throws: `FileError`, or `ConversionProblem.quantizedBase` for a tensor of a type other than f32, f16 and bf16.
    init(_ model: GGUFModel) throws {
        var files: [SafetensorsFile] = []
        var places: [String: (file: Int, tensor: SafetensorsTensor)] = [:]
        for (index, file) in model.files.enumerated() {
            let tensors = try zip(file.tensors, file.offsets).map { tensor, offset in
                guard let type = SafetensorsType.allCases.first(where: { $0.tensorType == tensor.type }) else {
                    throw ConversionProblem.quantizedBase(tensor: tensor.name, type: tensor.type.name.lowercased())
                }
                // Some programs write every matrix with four dimensions.
                var shape = Array(tensor.shape.dimensions.reversed())
                while shape.count > 2, shape[0] == 1 { shape.removeFirst() }
                let range = offset..<(offset + tensor.byteCount)
                return SafetensorsTensor(name: tensor.name, type: type, shape: shape, range: range)
            }
            for tensor in tensors { places[tensor.name] = (index, tensor) }
            files.append(try SafetensorsFile(path: file.path, holding: tensors))
        }
        (self.files, self.places) = (files, places)
    }

    /// The tensor with this name; nil if there is none.
    subscript(name: String) -> SafetensorsCheckpoint.Entry? {
        places[name].map { .init(file: files[$0.file], tensor: $0.tensor) }
    }

    /// The matrices, or vectors, of a stacked tensor.
    /// - Parameter depth: their number; a divisor of the tensor's slowest dimension.
    func slices(of name: String, depth: Int) -> [SafetensorsCheckpoint.Entry] {
        guard let (file, tensor) = places[name] else { return [] }
        let size = tensor.range.count / depth
        return (0..<depth).map { index in
            let start = tensor.range.lowerBound + index * size
            let slice = SafetensorsTensor(
                name: tensor.name,
                type: tensor.type,
                shape: Array(tensor.shape.dropFirst()),
                range: start..<(start + size)
            )
            return .init(file: files[file], tensor: slice)
        }
    }
}
