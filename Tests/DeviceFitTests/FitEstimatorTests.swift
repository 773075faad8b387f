import DeviceFit
import Foundation
import Testing

@Suite struct FitEstimatorTests {
    private let estimator: FitEstimator

    init() throws { estimator = FitEstimator(catalogue: try DeviceCatalogue()) }

    private func ranges(_ estimate: FitEstimate) -> [RangeEstimate] {
        [
            estimate.speed, estimate.prefill, estimate.sustainedFactor,
            estimate.sustainedDecode ?? estimate.prefill, estimate.joulesPerToken ?? estimate.prefill,
        ] + [estimate.batteryPercentPer1kTokens].compactMap(\.self)
    }

    @Test(arguments: ["Q4_0", "Q4_K_M", "Q8_0", "IQ1_S", "IQ4_XS", "F16"])
    func everyDeviceGetsFiniteRangesInOrder(_ type: String) throws {
        var model = SampleModels.phi35
        model.quantType = type
        for device in estimator.catalogue.devices {
            let estimate = try estimator.estimate(model, on: device)
            for range in ranges(estimate) {
                #expect(range.low > 0 && range.low <= range.mid && range.mid <= range.high, "\(device.id): \(range)")
                #expect(range.high.isFinite && !range.source.isEmpty, "\(device.id): \(range)")
            }
            let total = estimate.memory.total
            #expect(0 < total.low && total.low <= total.mid && total.mid <= total.high, "\(device.id)")
            #expect(estimate.sustainedDecode?.mid ?? .infinity <= estimate.speed.mid)
            #expect(!estimate.reason.isEmpty)
        }
    }

    /// On the Galaxy S23 up to 3968 MiB ran and from about 3849 MiB some crashed (key P): 4 GiB is where verdicts turn.
    @Test func theVerdictFollowsTheMeasuredCeiling() throws {
        let phone = try estimator.catalogue.device("galaxy-s23")
        func verdict(gigabytes: Double) throws -> FitVerdict {
            let model = SampleModels.model(
                "phi3",
                billions: 3.8,
                layers: [.init(count: 32, kvHeads: 8, keyLength: 96, valueLength: 96)],
                embedding: 3072,
                vocabulary: 32_064,
                weightBytes: Int(gigabytes * 1e9)
            )
            return try estimator.estimate(model, on: phone, FitRequest(context: 2048)).verdict
        }
        #expect(try verdict(gigabytes: 2.2) == .fits)
        #expect(try verdict(gigabytes: 3.8) == .tight)
        #expect(try verdict(gigabytes: 5.2) == .doesNotFit)
    }

    /// Above the default limit, an iPhone's verdict leans on the entitlement, or on that of 8 GB phones, and says so.
    @Test func anIPhoneAboveItsDefaultLimitIsTight() throws {
        for id in ["iphone-15-pro", "iphone-17-pro"] {
            let phone = try estimator.catalogue.device(id)
            var model = SampleModels.phi35
            let tight = try estimator.estimate(model, on: phone)
            #expect(tight.verdict == .tight)
            #expect(tight.reason.contains("at the very best 6.4 GB"))
            model.weightBytes = 6_000_000_000
            #expect(try estimator.estimate(model, on: phone).verdict == .doesNotFit)
        }
    }

    @Test func aBudgetNeverFitsLessWhenItGrows() throws {
        let order: [FitVerdict] = [.doesNotFit, .tight, .fits]
        let verdicts = try stride(from: 500_000_000, through: 6_000_000_000, by: 50_000_000).map { bytes in
            let budget = ByteSize(bytes: bytes)
            return try estimator.estimate(SampleModels.phi35, budget: budget, platform: .android).verdict
        }
        let ranks = verdicts.compactMap(order.firstIndex)
        #expect(ranks == ranks.sorted())
        #expect(Set(ranks) == [0, 1, 2])
    }

    @Test(arguments: Platform.allCases, ["500MB", "3GB", "6GiB", "40GB"])
    func aBareBudgetIsAnsweredWithLowConfidence(_ platform: Platform, _ size: String) throws {
        let budget = try ByteSize(size)
        let estimate = try estimator.estimate(SampleModels.qwen25, budget: budget, platform: platform)
        #expect(estimate.limitBytes == budget.bytes)
        #expect(estimate.confidence == .low)
        for range in ranges(estimate) {
            #expect(range.low > 0 && range.low <= range.mid && range.mid <= range.high && range.high.isFinite)
        }
    }

    /// The span over the class must hold every device of it.
    @Test func theSpanOfABudgetHoldsItsDevices() throws {
        let estimate = try estimator.estimate(SampleModels.qwen25, budget: ByteSize("4GiB"), platform: .android)
        let phone = try estimator.estimate(SampleModels.qwen25, on: estimator.catalogue.device("galaxy-s23"))
        #expect(estimate.speed.low <= phone.speed.low && phone.speed.high <= estimate.speed.high)
    }

    @Test func impossibleRequestsAreRefused() throws {
        let phone = try estimator.catalogue.device("pixel-8")
        for request in [
            FitRequest(context: 0), FitRequest(context: -1), FitRequest(context: .max), FitRequest(batch: 0),
            FitRequest(batch: .max), FitRequest(kvType: "q9_9"),
        ] {
            #expect(throws: DeviceFitError.self) { try estimator.estimate(SampleModels.qwen25, on: phone, request) }
        }
    }

    /// A profile comes out of a registry that anyone may have written: absurd sizes are refused, never a trap.
    @Test func absurdProfilesAreRefused() throws {
        let phone = try estimator.catalogue.device("pixel-8")
        let numbers: [WritableKeyPath<ModelProfile, Int>] = [
            \.parameterCount, \.activeParameterCount, \.weightBytes, \.tokenEmbeddingBytes, \.perLayerEmbeddingBytes,
            \.embeddingLength, \.vocabularySize, \.layers[0].count, \.layers[0].kvHeads, \.layers[0].keyLength,
            \.layers[0].valueLength, \.layers[0].stateBytes,
        ]
        for path in numbers {
            for value in [Int.max, Int.min, -1] {
                var model = SampleModels.qwen25
                model[keyPath: path] = value
                #expect(throws: DeviceFitError.self) { try estimator.estimate(model, on: phone) }
            }
        }
    }

    @Test func anEstimateSurvivesJSON() throws {
        let phone = try estimator.catalogue.device("pixel-8")
        let estimate = try estimator.estimate(SampleModels.gemma3, on: phone)
        #expect(try JSONDecoder().decode(FitEstimate.self, from: JSONEncoder().encode(estimate)) == estimate)
        let model = SampleModels.gemma3
        #expect(try JSONDecoder().decode(ModelProfile.self, from: JSONEncoder().encode(model)) == model)
    }
}
