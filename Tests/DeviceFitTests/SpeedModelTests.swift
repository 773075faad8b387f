import DeviceFit
import Testing

@Suite struct SpeedModelTests {
    private let estimator: FitEstimator

    init() throws { estimator = FitEstimator(catalogue: try DeviceCatalogue()) }

    private func estimate(_ model: ModelProfile, on id: String, context: Int = 256) throws -> FitEstimate {
        try estimator.estimate(model, on: estimator.catalogue.device(id), FitRequest(context: context))
    }

    /// By hand: 31.6 ms x 0.71377 GB + 11.1 ms x 1.26892 = 36.640 ms for Q4_0; (31.6 x 18/32 + 11.1) x 0.23341 / 0.533 = 12.645 ms for
    /// Q6_K; half of 7 MiB of cache adds 0.116 ms. The phone itself made 19.66 tokens a second.
    @Test func twoTermsPredictAMeasuredPhone() throws {
        let decode = try estimate(SampleModels.qwen25, on: "galaxy-s23").speed
        #expect(abs(decode.mid - 1000 / 49.401) < 0.01)
        #expect(decode.low < 19.66 && 19.66 < decode.high)
        #expect(decode.confidence == .high)
    }

    /// By hand: 1.54 less 151936 x 1536 / 10^9 of embeddings is 1.3066; 154 / 1.3066 = 117.86; the phone made 119.81 tokens a second.
    @Test func thePrefillConstantPredictsAMeasuredPhone() throws {
        let prefill = try estimate(SampleModels.qwen25, on: "galaxy-s23").prefill
        #expect(abs(prefill.mid - 117.86) < 0.01)
        #expect(prefill.low < 119.81 && 119.81 < prefill.high)
    }

    /// Qwen2.5-1.5B on the Galaxy S23's CPU, as measured, with the tensor types of its files: bytes of the layers, and the tied
    /// embedding in Q6_K.
    @Test(arguments: [
        (["Q2_K": 279_000_000, "Q3_K": 205_000_000], 14.47), (["Q3_K": 396_000_000, "Q4_K": 242_000_000], 15.34),
        (["Q4_K": 601_000_000, "Q6_K": 196_000_000], 18.48), (["Q5_K": 735_000_000, "Q6_K": 196_000_000], 14.39),
        (["Q6_K": 1_072_000_000], 11.76),
    ])
    func typesKeepTheirMeasuredOrder(_ layers: [String: Int], _ measured: Double) throws {
        var model = SampleModels.qwen25
        model.layerBytesByType = layers
        model.weightBytesByType = layers.merging(["Q6_K": model.tokenEmbeddingBytes], uniquingKeysWith: +)
        model.weightBytes = model.weightBytesByType.values.reduce(0, +)
        let decode = try estimate(model, on: "galaxy-s23").speed
        #expect(decode.low < measured && measured < decode.high, "\(decode)")
        #expect(decode.confidence == .high)
    }

    /// Gemma 3 1B on the Snapdragon 8 Elite Gen 5: its rows of 1152 weights are no whole blocks of 256, so that its Q4_K_M has Q5_0 in
    /// most tensors and reads prompts at a third of Q4_0's speed, as measured, and its Q3_K_M has Q4_0 there.
    @Test func speedFollowsTheTypesThatTensorsHaveNotTheFilesName() throws {
        var named = SampleModels.qwen25
        named.quantType = "Q4_K_M"
        var fallen = named
        fallen.layerBytesByType = ["Q5_0": 700_000_000, "Q4_K": 150_000_000]
        fallen.weightBytesByType = ["Q5_0": 700_000_000, "Q4_K": 150_000_000, "Q6_K": 191_469_978]
        let (even, slow) = try (estimate(named, on: "galaxy-s23"), estimate(fallen, on: "galaxy-s23"))
        #expect(slow.prefill.mid < 0.4 * even.prefill.mid)
        #expect(slow.speed.mid < 0.9 * even.speed.mid)
        #expect(FitEstimate.slowness(of: named, on: even) == nil)
        #expect(try #require(FitEstimate.slowness(of: fallen, on: slow)).contains("slow on Android"))
    }

    /// [J] Qwen3.5-2B Q4_K_M, 1.32 GB: 39.1 tokens a second on an A19 Pro.
    @Test func bandwidthAlonePredictsAnIPhone() throws {
        let model = SampleModels.model(
            "qwen35",
            billions: 2,
            layers: [.init(count: 6, kvHeads: 2, keyLength: 256, valueLength: 256)],
            embedding: 2048,
            vocabulary: 248_320,
            weightBytes: 1_320_000_000,
            quantType: "Q4_K_M"
        )
        let decode = try estimate(model, on: "iphone-17-pro").speed
        #expect(decode.low < 39.1 && 39.1 < decode.high)
    }

    @Test func aTypeThatWasNotMeasuredIsSaidToBeAGuess() throws {
        var model = SampleModels.qwen25
        model.weightBytesByType = ["IQ3_S": 700_000_000, "Q6_K": 191_469_978]
        let decode = try estimate(model, on: "galaxy-s23").speed
        #expect(decode.confidence == .low)
        #expect(decode.low <= decode.mid / 2 && decode.high >= decode.mid * 2)
        #expect(decode.source.contains("not measured"))
    }

    @Test func aChipThatWasNotMeasuredIsSaidToBeAGuess() throws {
        for id in ["redmi-12c-3", "pixel-8", "iphone-13"] {
            let estimate = try estimate(SampleModels.qwen25, on: id)
            #expect(estimate.speed.confidence == .low)
            #expect(estimate.speed.high / estimate.speed.low >= 4)
        }
    }

    /// By hand: 0.24 J x 1.54 = 0.3696 J at four bits, for which all weights would take (31.6 x 18/32 + 11.1) x 1.50233 = 43.380 ms; they
    /// take 49.285 ms, so 0.4199 J. A percent of 15.1 Wh is 543.6 J; 1000 tokens take 0.77 %.
    @Test func batteryFollowsFromEnergy() throws {
        let estimate = try estimate(SampleModels.qwen25, on: "galaxy-s23")
        #expect(abs((estimate.joulesPerToken?.mid ?? 0) - 0.4199) < 1e-4)
        let battery = try #require(estimate.batteryPercentPer1kTokens)
        #expect(abs(battery.mid - (estimate.joulesPerToken?.mid ?? 0) * 1000 / 543.6) < 1e-9)
    }

    /// [J] On Apple's chips bytes decide, and a token of a file twice as large takes twice the energy.
    @Test func batteryFollowsTheBytesThatAreRead() throws {
        var large = SampleModels.phi35
        large.weightBytesByType = ["Q8_0": 2 * large.weightBytes]
        large.weightBytes *= 2
        let (small, double) = try (
            estimate(SampleModels.phi35, on: "iphone-17-pro"), estimate(large, on: "iphone-17-pro")
        )
        let (more, less) = (try #require(double.joulesPerToken), try #require(small.joulesPerToken))
        #expect(abs(more.mid / less.mid - 17 / 9) < 0.2)
    }

    @Test func aDeviceWithoutABatteryFigureGetsNone() throws {
        #expect(try estimate(SampleModels.qwen25, on: "poco-x7-klee").batteryPercentPer1kTokens == nil)
    }

    @Test func aLongerContextIsNeverFaster() throws {
        let speeds = try [256, 1024, 4096, 16384].map {
            try estimate(SampleModels.phi35, on: "galaxy-s23", context: $0).speed.mid
        }
        #expect(speeds == speeds.sorted(by: >))
    }

    @Test func onlyTheExpertsThatRunAreRead() throws {
        var dense = SampleModels.phi35
        let slow = try estimate(dense, on: "galaxy-s23").speed.mid
        dense.activeParameterCount = dense.parameterCount / 4
        dense.experts = .init(count: 8, used: 2)
        #expect(try estimate(dense, on: "galaxy-s23").speed.mid > 3 * slow)
    }

    /// By hand, for an Exynos 1480 (4 x 2.75 GHz big cores, 25.6 GB/s): half of the bandwidth is 78.125 ms/GB; 11 of the
    /// Snapdragon 8 Gen 2's 14.4 GHz make 16.2 x 14.4 / 11 = 21.207 ms. Q4_0 takes 55.763 + 26.910; Q6_K (43.945 + 21.207) x 0.23341 / 0.533 =
    /// 28.531; the cache 0.287: 111.491 ms.
    /// Prefill would be 117.6 and is held at 100.
    @Test func anUnmeasuredChipIsScaledFromAMeasuredOne() throws {
        let estimate = try estimate(SampleModels.qwen25, on: "galaxy-a55")
        #expect(abs(estimate.speed.mid - 1000 / 111.491) < 0.001)
        #expect(abs(estimate.prefill.mid - 100 / 1.30663) < 0.001)
    }

    /// A chip of little cores only takes the slowest constants of the class: 156.25 x 0.71377 + 60 x 1.26892 for Q4_0, and (156.25 x 18/32 + 60)
    /// x 0.23341 / 0.533 for Q6_K, and 0.573.
    @Test func littleCoresTakeTheSlowestConstants() throws {
        let estimate = try estimate(SampleModels.qwen25, on: "galaxy-a13-3")
        #expect(abs(estimate.speed.mid - 1000 / 253.003) < 0.001)
        #expect(abs(estimate.prefill.mid - 25 / 1.30663) < 0.001)
    }
}
