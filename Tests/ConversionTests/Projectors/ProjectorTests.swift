import Conversion
import GGUF
import Tensors
import TestSupport
import Testing

/// Every family's projector against what the reference converter makes of it.
@Suite struct ProjectorTests {
    @Test(arguments: try ProjectorGolden.names)
    func metadataAndTensorsAreTheReferencesInItsOrder(_ name: String) throws {
        let golden = try ProjectorGolden(name)
        let file = try ProjectorConversions().convert(golden.checkpoint())
        let keys = Set(golden.metadata.map(\.key))
        #expect(file.metadata.pairs.map(\.key).filter(keys.contains) == golden.metadata.map(\.key))
        #expect(file.metadata.pairs.filter { $0.key.hasPrefix("clip.") }.allSatisfy { keys.contains($0.key) })
        for (key, value) in golden.metadata {
            #expect(value != nil && file.metadata[key] == value, "\(key)")
        }
        let tensors = file.tensors.map {
            FamilyGolden.Tensor(name: $0.name, type: $0.type.name.uppercased(), dimensions: $0.shape.dimensions)
        }
        #expect(tensors == golden.tensors)
    }

    @Test(arguments: ConvertedType.allCases)
    func whatEnginesConvolveWithStaysUnquantized(_ type: ConvertedType) throws {
        let file = try ProjectorConversions().convert(ProjectorGolden("qwen3-vl").checkpoint(), type)
        let expected: TensorType = type == .f16 ? .f16 : .f32
        #expect(file.tensor(named: "v.patch_embd.weight")?.type == expected)
        #expect(file.tensor(named: "v.patch_embd.weight.1")?.type == expected)
        #expect(file.tensor(named: "v.position_embd.weight")?.type == .f32)
        #expect(file.tensor(named: "mm.0.weight")?.type.name.lowercased() == type.rawValue)
    }

    @Test func gemma3ProjectsInHalfPrecisionWhateverIsAsked() throws {
        for type in ConvertedType.allCases {
            let file = try ProjectorConversions().convert(ProjectorGolden("gemma3").checkpoint(), type)
            #expect(file.tensor(named: "mm.input_projection.weight")?.type == .f16)
            #expect(file.tensor(named: "v.patch_embd.weight")?.type == .f32)
        }
    }

    @Test func withoutATypeTheTowersOwnIsKept() throws {
        let file = try ProjectorConversions().convert(ProjectorGolden("smolvlm").checkpoint(), nil)
        #expect(try file.metadata.integer("general.file_type") == 32)
    }

    @Test func theFramesOfAConvolutionComeApart() throws {
        var checkpoint = try ProjectorGolden("qwen2.5-vl").checkpoint()
        let name = "visual.patch_embed.proj.weight"
        let index = try #require(checkpoint.tensors.firstIndex { $0.name == name })
        let shape = checkpoint.tensors[index].shape
        #expect(shape[2] == 2)
        var bytes = LittleEndianBytes()
        for place in 0..<shape.reduce(1, *) { bytes.append(UInt32(Float(place % 1000).bitPattern)) }
        (checkpoint.tensors[index].bytes, checkpoint.tensors[index].dtype) = (bytes.bytes, "F32")
        let file = try ProjectorConversions().convert(checkpoint, .f32)
        let area = shape[3] * shape[4]
        for (frame, output) in ["v.patch_embd.weight", "v.patch_embd.weight.1"].enumerated() {
            let expected = (0..<(shape[0] * shape[1])).flatMap { plane in
                (0..<area).map { Float(((plane * 2 + frame) * area + $0) % 1000) }
            }
            #expect(try file.floats(output) == expected)
        }
    }

    @Test func queriesKeysAndValuesComeApart() throws {
        let golden = try ProjectorGolden("qwen2.5-vl")
        let fused = try golden.checkpoint()
        let bias = try #require(fused.tensors.first { $0.name == "visual.blocks.1.attn.qkv.bias" })
        let file = try ProjectorConversions().convert(fused, .f32)
        let parts = try ["q", "k", "v"].flatMap { try file.floats("v.blk.1.attn_\($0).bias") }
        let numbers = stride(from: 0, to: bias.bytes.count, by: 2).map {
            BrainFloat.decode(UInt16(bias.bytes[$0]) | UInt16(bias.bytes[$0 + 1]) << 8)
        }
        #expect(parts == numbers)
    }

    @Test func coloursOfAPatchBecomePlanes() {
        let order = RowOrder.planes(count: 3, area: 4)
        let sources = (0..<24).map { order.source(of: $0, rowCount: 24, matrixRows: 2) }
        #expect(sources == [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11].flatMap { [$0] } + [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11].map { $0 + 12 })
    }

    @Test(arguments: [1, 3])
    func threadsDoNotChangeTheBytes(_ threads: Int) throws {
        let checkpoint = try ProjectorGolden("gemma4-audio").checkpoint()
        let one = try ProjectorConversions().convert(checkpoint, .q8_0, threads: 2)
        let other = try ProjectorConversions().convert(checkpoint, .q8_0, threads: threads)
        for tensor in one.tensors { #expect(try one.content(tensor.name) == other.content(tensor.name)) }
    }

    @Test func theNewerNamesOfSigLIPsTensorsAreRead() throws {
        let golden = try ProjectorGolden("gemma3")
        var checkpoint = try golden.checkpoint()
        for index in checkpoint.tensors.indices {
            checkpoint.tensors[index].name = checkpoint.tensors[index].name.replacing("vision_model.", with: "")
        }
        let names = try ProjectorConversions().convert(checkpoint).tensors.map(\.name)
        #expect(Set(names) == Set(golden.tensors.map(\.name)))
    }

    @Test func aLayerThatIsTakenBeforeTheLastShortensTheTower() throws {
        var checkpoint = try ProjectorGolden("lfm2-vl").checkpoint()
        try checkpoint.set(["vision_feature_layer": "-2"])
        let file = try ProjectorConversions().convert(checkpoint)
        #expect(try file.metadata.integer("clip.vision.block_count") == 2)
    }
}
