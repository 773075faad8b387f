import GGUF
import Quantization
import Tensors
import TestSupport
import Testing

@Suite struct MetadataOverrideTests {
    @Test(
        arguments: [
            ("a.b=int:4096", .integer(4096)), ("a.b=int:-7", .integer(-7)), ("a.b=float:5e5", .float(5e5)),
            ("a.b=bool:true", .bool(true)), ("a.b=bool:false", .bool(false)), ("a.b=str:x=y:z", .text("x=y:z")),
            ("a.b=str:", .text("")),
        ] as [(String, MetadataOverride.Value)]
    )
    func aKeyATypeAndAValueAreRead(_ text: String, _ value: MetadataOverride.Value) throws {
        let override = try #require(MetadataOverride(text))
        #expect(override.key == "a.b" && override.value == value)
    }

    @Test(arguments: [
        "", "a", "a=", "a=1", "a=int:", "a=int:x", "a=int:1.5", "a=bool:yes", "a=number:1", "=int:1",
        "general.alignment=int:64", "a=float:x",
    ])
    func whatIsNoneIsRefused(_ text: String) {
        #expect(MetadataOverride(text) == nil)
    }

    @Test func longKeysAndTextsAreRefused() {
        let (fits, long) = (String(repeating: "k", count: 127), String(repeating: "k", count: 128))
        #expect(MetadataOverride("\(fits)=str:\(fits)") != nil)
        #expect(MetadataOverride("\(long)=int:1") == nil)
        #expect(MetadataOverride("a=str:\(long)") == nil)
    }

    private func planned(_ overrides: [String], _ change: (inout QuantizationOptions) -> Void = { _ in }) throws
        -> Metadata
    {
        let model = try SmallModel([
            ("blk.0.ffn_down.weight", .f16, [256, 2], [1]), ("blk.1.ffn_down.weight", .f16, [256, 2], [1]),
            ("blk.2.ffn_down.weight", .f16, [256, 2], [1]),
        ])
        var options = QuantizationOptions()
        options.overrides = try overrides.map { try #require(MetadataOverride($0)) }
        change(&options)
        let plan = try QuantizationPlan(model.open(), as: .q8_0, options: options)
        let bytes = plan.layouts[0].headerBytes + [UInt8](repeating: 0, count: plan.byteCount)
        return try GGUFFile(path: model.folder.write(bytes, to: "planned.gguf")).metadata
    }

    /// Every override moves its key to the end, and integers lose their sign.
    @Test func overridesStandBehindAllElseInTheirOrder() throws {
        let metadata = try planned(["x=int:-3", "llama.block_count=int:5", "y=float:0.5", "x=bool:true"])
        #expect(
            metadata.pairs.map(\.key).suffix(5) == [
                "general.quantization_version", "general.file_type", "llama.block_count", "y", "x",
            ]
        )
        #expect(metadata["x"] == .bool(true) && metadata["y"] == .float32(0.5))
        #expect(try planned(["x=int:-3"])["x"] == .uint32(3))
    }

    @Test func theLayersThatStayAreCountedAtTheVeryEnd() throws {
        let metadata = try planned(["x=int:1"]) { $0.prunedLayers = [1] }
        #expect(metadata.pairs.last?.key == "llama.block_count")
        #expect(metadata["llama.block_count"] == .uint32(2))
    }
}
