import DeviceFit
import Testing

@Suite struct SpeedModelTests {
    private let estimator: FitEstimator

    init() throws { estimator = FitEstimator(catalogue: try DeviceCatalogue()) }

    private func estimate(_ model: ModelProfile, on id: String, context: Int = 256) throws -> FitEstimate {
        try estimator.estimate(model, on: estimator.catalogue.device(id), FitRequest(context: context))
    }

    /// By hand: 25.6 ms x 0.9052 GB + 16.2 ms x 1.54 = 48.12 ms for the weights; half of 7 MiB of cache adds 0.09 ms.
    /// The phone itself made 19.66 tokens a second.
    @Test func twoTermsPredictAMeasuredPhone() throws {
        let decode = try estimate(SampleModels.qwen25, on: "galaxy-s23").decode
        #expect(abs(decode.mid - 1000 / 48.214) < 0.01)
        #expect(decode.low < 19.66 && 19.66 < decode.high)
        #expect(decode.confidence == .high)
    }

    /// By hand: 1.54 less 151936 x 1536 / 10^9 of embeddings is 1.3066; 154 / 1.3066 = 117.86; the phone made 119.81 tokens a second.
    @Test func thePrefillConstantPredictsAMeasuredPhone() throws {
        let prefill = try estimate(SampleModels.qwen25, on: "galaxy-s23").prefill
        #expect(abs(prefill.mid - 117.86) < 0.01)
        #expect(prefill.low < 119.81 && 119.81 < prefill.high)
    }

    /// Qwen2.5-1.5B on the Galaxy S23's CPU, as measured; factors are medians over ten models, so the range must hold it.
    @Test(arguments: [("Q2_K", 14.47), ("Q3_K_M", 15.34), ("Q4_K_M", 18.48), ("Q5_K_M", 14.39), ("Q6_K", 11.76)])
    func typesKeepTheirMeasuredOrder(_ type: String, _ measured: Double) throws {
        // Bytes at other sizes do not matter to the factor model: it works from Q4_0's.
        var model = SampleModels.qwen25
        model.quantType = type
        let decode = try estimate(model, on: "galaxy-s23").decode
        #expect(decode.low < measured && measured < decode.high, "\(decode)")
        #expect(decode.confidence == .high)
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
        let decode = try estimate(model, on: "iphone-17-pro").decode
        #expect(decode.low < 39.1 && 39.1 < decode.high)
    }

    @Test func aTypeThatWasNotMeasuredIsSaidToBeAGuess() throws {
        var model = SampleModels.qwen25
        model.quantType = "IQ3_S"
        let decode = try estimate(model, on: "galaxy-s23").decode
        #expect(decode.confidence == .low)
        #expect(decode.low <= decode.mid / 2 && decode.high >= decode.mid * 2)
        #expect(decode.source.contains("not measured"))
    }

    @Test func aChipThatWasNotMeasuredIsSaidToBeAGuess() throws {
        for id in ["redmi-12c-3", "pixel-8", "iphone-13"] {
            let estimate = try estimate(SampleModels.qwen25, on: id)
            #expect(estimate.decode.confidence == .low)
            #expect(estimate.decode.high / estimate.decode.low >= 4)
        }
    }

    /// By hand: 0.24 J x 1.54 = 0.3696 J; a percent of 15.1 Wh is 543.6 J; 1000 tokens take 0.68 %.
    @Test func batteryFollowsFromEnergy() throws {
        let estimate = try estimate(SampleModels.qwen25, on: "galaxy-s23")
        #expect(abs(estimate.joulesPerToken.mid - 0.3696) < 1e-9)
        let battery = try #require(estimate.batteryPercentPer1kTokens)
        #expect(abs(battery.mid - 0.3696 * 1000 / 543.6) < 1e-9)
    }

    @Test func aDeviceWithoutABatteryFigureGetsNone() throws {
        #expect(try estimate(SampleModels.qwen25, on: "poco-x7-klee").batteryPercentPer1kTokens == nil)
    }

    @Test func aLongerContextIsNeverFaster() throws {
        let speeds = try [256, 1024, 4096, 16384].map {
            try estimate(SampleModels.phi35, on: "galaxy-s23", context: $0).decode.mid
        }
        #expect(speeds == speeds.sorted(by: >))
    }

    @Test func onlyTheExpertsThatRunAreRead() throws {
        var dense = SampleModels.phi35
        let slow = try estimate(dense, on: "galaxy-s23").decode.mid
        dense.activeParameterCount = dense.parameterCount / 4
        dense.experts = .init(count: 8, used: 2)
        #expect(try estimate(dense, on: "galaxy-s23").decode.mid > 3 * slow)
    }

    /// By hand, for an Exynos 1480 (4 x 2.75 GHz big cores, 25.6 GB/s): half of the bandwidth is 78.125 ms/GB; 11 of the
    /// Snapdragon 8 Gen 2's 14.4 GHz make 16.2 x 14.4 / 11 = 21.207 ms; 70.721 + 32.659 + 0.287 for the cache = 103.667 ms.
    /// Prefill would be 117.6 and is held at 100.
    @Test func anUnmeasuredChipIsScaledFromAMeasuredOne() throws {
        let estimate = try estimate(SampleModels.qwen25, on: "galaxy-a55")
        #expect(abs(estimate.decode.mid - 1000 / 103.667) < 0.001)
        #expect(abs(estimate.prefill.mid - 100 / 1.30663) < 0.001)
    }

    /// A chip of little cores only takes the slowest constants of the class: 1000 / 6.4 x 0.90524 + 60 x 1.54 + 0.573.
    @Test func littleCoresTakeTheSlowestConstants() throws {
        let estimate = try estimate(SampleModels.qwen25, on: "galaxy-a13-3")
        #expect(abs(estimate.decode.mid - 1000 / 234.416) < 0.001)
        #expect(abs(estimate.prefill.mid - 25 / 1.30663) < 0.001)
    }
}
