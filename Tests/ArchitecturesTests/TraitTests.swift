import Architectures
import GGUF
import Testing

/// What sets single families apart, and what of it no model has.
@Suite struct TraitTests {
    private func metadata(
        _ architecture: String,
        _ values: [String: MetadataValue] = [:],
        layers: UInt32 = 4,
        plain: [String: MetadataValue] = [:]
    ) -> Metadata {
        var metadata = Metadata()
        metadata.set("general.architecture", .string(architecture))
        let common: [String: MetadataValue] = [
            "block_count": .uint32(layers), "embedding_length": .uint32(64), "attention.head_count": .uint32(4),
            "feed_forward_length": .uint32(128), "attention.layer_norm_rms_epsilon": .float32(1e-5),
            "attention.layer_norm_epsilon": .float32(1e-5),
        ]
        for (key, value) in common.merging(values, uniquingKeysWith: { $1 }) {
            metadata.set("\(architecture).\(key)", value)
        }
        for (key, value) in plain { metadata.set(key, value) }
        return metadata
    }

    private func arithmetic(_ metadata: Metadata) throws -> ModelArithmetic {
        try ModelArithmetic(metadata, of: ModelShape(metadata))
    }

    // MARK: Windows and positions

    /// llama.cpp gives EXAONE 4 windows at 64 layers and at no other number, whatever the file says.
    @Test func onlyTheLargestEXAONEHasWindows() throws {
        let window: [String: MetadataValue] = ["attention.sliding_window": .uint32(8)]
        let small = try ModelShape(metadata("exaone4", window)).attentions
        #expect(small.allSatisfy { $0.window == nil && $0.positions == .everywhere })
        let large = try ModelShape(metadata("exaone4", window, layers: 64)).attentions
        #expect(large.prefix(5).map(\.window) == [8, 8, 8, nil, 8])
        #expect(large.prefix(5).map(\.positions) == [.local, .local, .local, PositionRule.none, .local])
        let silent = try ModelShape(metadata("exaone4", layers: 64)).attentions
        #expect(silent[0].window == 4096)
    }

    @Test func commandsWindowsAloneKnowPositions() throws {
        let values: [String: MetadataValue] = ["attention.sliding_window": .uint32(8), "logit_scale": .float32(0.25)]
        let file = metadata("cohere2", values)
        let shape = try ModelShape(file)
        #expect(shape.attentions.map(\.positions) == [.local, .local, .local, PositionRule.none])
        #expect(shape.norms.kind == .layer && !shape.norms.hasBias && shape.output == .embedding)
        #expect(try arithmetic(file).logitScale == 0.25)
        for name in values.keys {
            var lacking = values
            lacking[name] = nil
            #expect(throws: GGUFProblem.missingKey("cohere2.\(name)")) { try arithmetic(metadata("cohere2", lacking)) }
        }
    }

    @Test func aListOfWindowsOfTheWrongLengthIsRefused() {
        let list: MetadataValue = .array(.bool([true, false]))
        let values: [String: MetadataValue] = [
            "attention.sliding_window": .uint32(8), "attention.sliding_window_pattern": list,
        ]
        #expect(throws: ShapeProblem.self) { try ModelShape(metadata("cohere2", values)) }
        #expect(throws: ShapeProblem.self) { try ModelShape(metadata("exaone4", values, layers: 64)) }
    }

    // MARK: Sections and rows

    @Test func sectionsOfPositionsAreOneForTexts() throws {
        let sections: [String: MetadataValue] = ["rope.dimension_sections": .array(.int32([2, 3, 3, 0]))]
        for name in ["qwen2vl", "qwen3vl"] {
            let file = metadata(name, sections)
            #expect(try ModelShape(file).input.positionCount == 4)
            for lengths in [[2, 3, 3], [0, 0, 0, 0], [-1, 3, 3, 0], [.max, .max, 2, 2], [9, 9, 9, 9]] as [[Int32]] {
                let other = metadata(name, ["rope.dimension_sections": .array(.int32(lengths))])
                #expect(throws: ShapeProblem.self) { try arithmetic(other) }
            }
            #expect(throws: GGUFProblem.missingKey("\(name).rope.dimension_sections")) {
                try arithmetic(metadata(name))
            }
        }
        #expect(try ModelShape(metadata("qwen2", sections)).input.positionCount == 1)
    }

    /// Of a head of 16 elements; Qwen3-VL's own lengths leave two of its 64 pairs over, too.
    @Test(
        arguments: [
            ("qwen2vl", [2, 3, 3, 0], []), ("qwen2vl", [2, 2, 2, 2], [6, 7]), ("qwen3vl", [3, 3, 2, 0], []),
            ("qwen3vl", [2, 3, 3, 0], [6]), ("qwen3vl", [4, 2, 2, 0], [7]),
        ] as [(String, [Int32], Set<Int>)]
    )
    func pairsOfTheFourthPositionStayStill(_ name: String, _ lengths: [Int32], _ expected: Set<Int>) throws {
        let file = metadata(name, ["rope.dimension_sections": .array(.int32(lengths))])
        #expect(try arithmetic(file).rotary?.stillPairs == expected)
    }

    @Test func rowsOfWhatIsSeenAreCountedAndBounded() throws {
        func rows(_ count: UInt32) throws -> Int {
            try ModelShape(metadata("qwen3vl", ["n_deepstack_layers": .uint32(count)])).input.rowCount
        }
        #expect(try rows(3) == 4)
        #expect(throws: ShapeProblem.self) { try rows(1024) }
        #expect(throws: ShapeProblem.self) { try rows(.max) }
    }

    // MARK: Arithmetic

    /// 1 + beta ln(1 + floor(position / context)), as llama.cpp's `llm_graph_input_attn_temp`.
    @Test func ministralsQueriesGrowWithTheirPosition() throws {
        let file = metadata(
            "mistral3",
            [
                "attention.temperature_scale": .float32(0.5), "rope.scaling.type": .string("yarn"),
                "rope.scaling.factor": .float32(4), "rope.scaling.original_context_length": .uint32(64),
                "rope.scaling.yarn_log_multiplier": .float32(1),
            ]
        )
        let arithmetic = try arithmetic(file)
        let temperature = try #require(arithmetic.temperature)
        #expect([0, 63, 64, 128].map(temperature.factor) == [1, 1, 1 + 0.5 * 0.6931472, 1 + 0.5 * 1.0986123])
        #expect(try #require(arithmetic.rotary).magnitude == 1)
        #expect(try ModelShape(file).input.growsQueries)
        let endless = metadata("mistral3", ["attention.temperature_scale": .float32(.infinity)])
        #expect(throws: ShapeProblem.self) { try ModelShape(endless) }
        let silent = metadata("mistral3", ["attention.temperature_scale": .float32(0.5)])
        #expect(throws: GGUFProblem.self) { try ModelShape(silent) }
    }

    @Test func eachLayersActivationHasItsNumbers() throws {
        func file(_ count: Int, first: Float = 0) -> Metadata {
            let numbers = [first] + Array(repeating: Float(0), count: count - 1)
            let names = ["alpha_n", "alpha_p", "beta", "eps"]
            let keys = names.map { ("xielu.\($0)", MetadataValue.array(.float32(numbers))) }
            return metadata("apertus", plain: Dictionary(uniqueKeysWithValues: keys))
        }
        guard case .dense(let network) = try ModelShape(file(4, first: 30)).layers[0].network,
            case .plainXIELU(let unit) = network.activation
        else {
            Issue.record("no xIELU")
            return
        }
        #expect(unit.positive == 30 && unit.negative == 60 && unit.slope == 30)
        #expect(unit(2) == 30 * 4 + 30 * 2 && unit(0) == 0)
        for count in [1, 3, 5] { #expect(throws: ShapeProblem.self) { try ModelShape(file(count)) } }
        #expect(throws: ShapeProblem.self) { try ModelShape(file(4, first: .nan)) }
        #expect(throws: GGUFProblem.missingKey("xielu.alpha_n")) { try ModelShape(metadata("apertus")) }
    }
}
