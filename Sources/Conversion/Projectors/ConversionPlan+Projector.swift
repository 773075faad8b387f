import GGUF
import Safetensors

extension ConversionPlan {
    /// Plans the conversion of a model's projector: the vision and audio parts, in a file that engines load beside a
    /// build of the language model.
    ///
    /// The output is byte-identical to that of `convert_hf_to_gguf.py --mmproj`.
    /// - Parameter type: the type of weight matrices; nil keeps that of the first one in the towers.
    /// - Throws: `FileError`, `SafetensorsError`, `ConversionError`.
    public init(projectorOf folder: HuggingFaceFolder, type: ConvertedType?, allowsNonFinite: Bool = false) throws {
        do {
            let family = try ProjectorFamilies.family(for: folder)
            let own = try folder.checkpoint.entries.filter { try !family.outputs(of: $0.tensor).isEmpty }
            let type = type ?? Self.automaticType(own)
            let tensors = try ProjectorTensors(folder.checkpoint, family, as: type).tensors
            var metadata = Metadata()
            metadata.set("general.architecture", .string("clip"))
            let count = ParameterCount(tensors.map(\.target))
            try GeneralMetadata.write(folder, count, kind: "mmproj", to: &metadata)
            metadata.set("general.file_type", .uint32(type.fileType))
            try family.writeParameters(to: &metadata)
            metadata.set("general.quantization_version", .uint32(2))
            self.init(
                folder: folder.path,
                metadata: metadata,
                tensors: tensors,
                type: type,
                allowsNonFinite: allowsNonFinite
            )
        } catch let problem as ConversionProblem {
            throw ConversionError(path: folder.path, problem: problem)
        }
    }
}
