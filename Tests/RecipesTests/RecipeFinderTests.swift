import Conversion
import GGUF
import Quantization
import Recipes
import Tensors
import TestSupport
import Testing

@Suite struct RecipeFinderTests {
    private let models: TinyModels
    private let source: GGUFModel

    init() throws {
        models = try TinyModels()
        source = try GGUFModel(path: try models.converted(.f16))
    }

    /// Factors by the tensors' names, so that some count a hundred times more than others.
    private func factors(_ seed: UInt64 = 1) -> [String: TensorFactors] {
        var random = SeededRandom(seed: seed)
        var factors: [String: TensorFactors] = [:]
        for tensor in source.tensors where tensor.shape.dimensions.count == 2 && tensor.name != "token_embd.weight" {
            let weight = Float.random(in: 0.01...1, using: &random)
            factors[tensor.name] = TensorFactors(
                rows: (0..<tensor.shape.rowCount).map { _ in weight * Float.random(in: 0...1, using: &random) },
                columns: (0..<tensor.shape.rowLength).map { _ in Float.random(in: 0...1, using: &random) },
                shares: [1]
            )
        }
        return factors
    }

    private func table(_ ladder: TypeLadder = .all, threads: Int = 2) throws -> CostTable {
        try CostRun(source, ladder, factors: factors(), options: QuantizationOptions(), threads: threads).table()
    }

    private func finder(_ ladder: TypeLadder = .all) throws -> RecipeFinder {
        try RecipeFinder(source, try table(ladder), ladder, options: QuantizationOptions())
    }

    @Test func theFileHasTheBytesThatTheRecipeSays() throws {
        let finder = try finder()
        for part in [0.1, 0.4, 0.8] {
            let bytes = finder.fewestBytes + Int(part * Double(finder.mostBytes - finder.fewestBytes))
            let recipe = try finder.recipe(within: bytes)
            let plan = try QuantizationPlan(source, policy: recipe.policy(named: "phone"))
            #expect(plan.byteCount == recipe.bytes)
            #expect(abs(plan.bitsPerWeight - recipe.bitsPerWeight) < 1e-9)
            #expect(recipe.bytes <= bytes && Double(recipe.bytes) >= 0.98 * Double(bytes))
        }
    }

    @Test func noPresetThatFitsIsPredictedToLoseLess() throws {
        let finder = try finder()
        #expect(finder.presetSizes.count > 5)
        for preset in finder.presetSizes where preset.bytes >= finder.fewestBytes {
            let recipe = try finder.recipe(within: preset.bytes)
            #expect(recipe.predictedKld <= preset.cost * (1 + 1e-9), "\(preset.type)")
            #expect(try #require(recipe.preset).predictedKld <= preset.cost)
        }
    }

    @Test func sharesAddUpToThePrediction() throws {
        let finder = try finder(.k)
        let recipe = try finder.recipe(within: (finder.fewestBytes + finder.mostBytes) / 2)
        let sum = recipe.tensors.reduce(0) { $0 + $1.kldShare }
        #expect(abs(sum - recipe.predictedKld) <= 1e-9 * sum)
        #expect(recipe.tensors.allSatisfy { $0.type.hasPrefix("Q") })
    }

    @Test func bitsAWeightAreThoseOfTheTensorsAlone() throws {
        let finder = try finder()
        let bytes = finder.byteCount(of: .bitsPerWeight(4.5))
        let recipe = try finder.recipe(within: bytes)
        #expect(recipe.bitsPerWeight <= 4.5 && recipe.bitsPerWeight > 4.3)
    }

    @Test func budgetsThatNoBuildMeetsAreRefusedWithTheNearest() throws {
        let finder = try finder()
        #expect(
            throws: RecipeError.tooSmall(bytes: 1000, smallest: finder.fewestBytes, ladder: "all")
        ) { try finder.recipe(within: 1000) }
        #expect(
            throws: RecipeError.tooLarge(bytes: 1 << 40, largest: finder.mostBytes, ladder: "all")
        ) { try finder.recipe(within: 1 << 40) }
    }

    @Test func aTableOfAnotherModelIsRefused() throws {
        var table = try table()
        table.tensors.removeFirst()
        #expect(throws: RecipeError.self) {
            try RecipeFinder(source, table, .all, options: QuantizationOptions())
        }
        var wrong = factors()
        wrong["blk.0.ffn_down.weight"] = TensorFactors(rows: [1], columns: [1], shares: [1])
        #expect(
            throws: RecipeError.factorsOfAnotherModel(tensor: "blk.0.ffn_down.weight", path: source.path)
        ) { try CostRun(source, .k, factors: wrong, options: QuantizationOptions()).table() }
        wrong = factors()
        let columns = try #require(source.tensors.first { $0.name == "blk.0.ffn_down.weight" }).shape
        wrong["blk.0.ffn_down.weight"] = TensorFactors(
            rows: [Float](repeating: .nan, count: columns.rowCount),
            columns: [Float](repeating: 1, count: columns.rowLength),
            shares: [1]
        )
        #expect(throws: RecipeError.notFinite(tensor: "blk.0.ffn_down.weight")) {
            try CostRun(source, .k, factors: wrong, options: QuantizationOptions()).table()
        }
    }
}

@Suite struct CostRunTests {
    private let models: TinyModels
    private let source: GGUFModel

    init() throws {
        models = try TinyModels()
        source = try GGUFModel(path: try models.converted(.f16))
    }

    private func run(_ ladder: TypeLadder = .k, threads: Int = 1) -> CostRun {
        CostRun(source, ladder, factors: [:], options: QuantizationOptions(), threads: threads)
    }

    @Test func moreBitsCostLess() throws {
        for tensor in try run().table().tensors {
            let costs = tensor.choices.map(\.cost)
            #expect(costs.count >= 4)
            #expect(costs == costs.sorted(by: >), "\(tensor.name)")
            #expect(tensor.source == .unknown)
        }
    }

    @Test func costsAreTheSameForAnyNumberOfThreads() throws {
        #expect(try run(threads: 1).table() == run(threads: 3).table())
    }

    @Test func aRunThatIsCutGoesOnWithWhatItHad() throws {
        struct Stop: Error {}
        var left: CostTable?
        #expect(throws: Stop.self) {
            try run().table { _, done, _, table in
                left = table
                if done > 0, table.tensors.count == 5 { throw Stop() }
            }
        }
        let earlier = try #require(left)
        #expect(earlier.tensors.count == 5)
        var asked: [String] = []
        let whole = try run().table(continuing: earlier) { tensor, _, _, _ in asked.append(tensor) }
        #expect(try whole == run().table())
        #expect(asked.count == whole.tensors.count)
    }

    @Test func sampledErrorsAreNearThoseOfAllRows() throws {
        // The embedding has many rows; its cost by all of them is the quantizer's own mean square.
        let table = try run().table()
        let embedding = try #require(source.tensors.first { $0.name == "token_embd.weight" })
        let outcome = try #require(table["token_embd.weight"]?[.q4_K] ?? table["token_embd.weight"]?[.q4_0])
        var options = QuantizationOptions()
        options.pure = true
        let type = try #require(outcome.tensorType)
        options.tokenEmbeddingType = type
        let plan = try QuantizationPlan(source, as: .q8_0, options: options)
        let output = models.scratch("embedding.gguf")
        let losses = try Quantizer(source: source, outputs: [Quantizer.Output(plan: plan, path: output)])
            .run(threads: 2, measuresLoss: true)[0]
        let place = try #require(plan.tensors.firstIndex { $0.target.name == embedding.name })
        let relative = try #require(losses[place].loss?.relativeError)
        var energy = 0.0
        let reader = source.makeReader()
        try reader.withRows(0..<embedding.shape.rowCount, of: embedding) { bytes in
            for value in bytes.bindMemory(to: Float16.self) { energy += Double(value) * Double(value) }
        }
        let expected = relative * relative * energy / 2
        #expect(abs(outcome.cost / expected - 1) < 0.1)
    }
}

@Suite struct TypeLadderTests {
    @Test func laddersAreReadAsTheyAreWritten() {
        #expect(TypeLadder("k") == .k && TypeLadder("ALL") == .all)
        #expect(TypeLadder("q4_k, q6_K") == .types([.q4_K, .q6_K]))
        for wrong in ["", "q4_k,", "q4_k,nonsense", "f16", "q4_k_m"] where wrong != "q4_k," {
            #expect(TypeLadder(wrong) == nil, "\(wrong)")
        }
        for ladder in [TypeLadder.k, .all, .types([.q4_0])] { #expect(TypeLadder("\(ladder)") == ladder) }
    }

    @Test func rowsOfNoWholeLargeBlocksGetSmallOnes() {
        #expect(TypeLadder.k.types(rowLength: 256) == [.q2_K, .q3_K, .q4_K, .q5_K, .q6_K, .q8_0])
        #expect(TypeLadder.k.types(rowLength: 96) == [.iq4_nl, .q4_0, .q5_0, .q5_1, .q8_0])
        #expect(TypeLadder.all.types(rowLength: 256).contains(.iq3_s))
        #expect(!TypeLadder.all.types(rowLength: 256).contains(.q4_0))
        #expect(TypeLadder.types([.q4_0]).types(rowLength: 96) == [.q4_0])
    }
}
