import Conversion
import GGUF
import SystemPackage
import Tensors
import TestSupport
import Testing

@Suite struct ConvertedModelTests {
    @Test(arguments: [ConvertedType.f16, .bf16, .f32, .q8_0])
    func rowsAndMetadataAreThoseOfTheFileThatAConversionWrites(_ type: ConvertedType) throws {
        for checkpoint in [SmallCheckpoint.llama(), try .phi3()] {
            let conversions = try Conversions()
            let file = try conversions.convert(checkpoint, type)
            let folder = try HuggingFaceFolder(path: conversions.folder.path.appending("model"))
            let plan = try ConversionPlan(folder, options: ConversionOptions(type: type))
            let model = ConvertedModel(plan, inputs: folder.inputs)
            #expect(
                model.metadata.pairs.map { "\($0.key) \($0.value)" }
                    == file.metadata.pairs.map { "\($0.key) \($0.value)" }
            )
            #expect(model.tensors == file.tensors)
            #expect(model.alignment == file.alignment)
            let reader = model.makeReader()
            for tensor in model.tensors {
                var bytes: [UInt8] = []
                // Slabs need not be alike.
                let middle = tensor.shape.rowCount / 3
                for rows in [0..<middle, middle..<tensor.shape.rowCount] where !rows.isEmpty {
                    try reader.withRows(rows, of: tensor) { bytes += $0 }
                }
                #expect(try bytes == file.content(tensor.name), "\(tensor.name)")
            }
        }
    }
}
