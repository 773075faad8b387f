import Answers
import BinaryIO
import DeviceFit
import Testing

@Suite struct BuildQueryTests {
    private func budget(_ query: inout BuildQuery) throws {
        query.ram = try ByteSize("3GB")
        query.platform = .android
    }

    /// 2.8 GB and 175 to 250 MB for the program straddle 3 GB.
    @Test func whatSurelyFitsComesBeforeWhatIsTightAndThenQualityDecides() throws {
        let shelf = try Shelf()
        try shelf.add("tight", gigabytes: 2.8, bitsPerByte: 0.8)
        try shelf.add("worse", gigabytes: 0.5, bitsPerByte: 1.2)
        try shelf.add("better", gigabytes: 1.5, bitsPerByte: 1.0)
        let answer = try shelf.ask(budget)
        #expect(answer.models == ["better", "worse", "tight"])
        #expect(answer.best?.estimate?.verdict == .fits)
        #expect(answer.best?.note == nil)
        let last = try #require(answer.alternatives.last)
        #expect(last.estimate?.verdict == .tight)
        #expect(last.note?.hasPrefix("tight: needs about 3.0 GB and up to 3.1 GB; the budget is 3.0 GB") == true)
        #expect(answer.refused.isEmpty)
    }

    @Test func ofEqualQualityTheFasterComesFirst() throws {
        let shelf = try Shelf()
        try shelf.add("a-slow", gigabytes: 2, bitsPerByte: 1)
        try shelf.add("b-fast", gigabytes: 1, bitsPerByte: 1)
        #expect(try shelf.ask(budget).models == ["b-fast", "a-slow"])
        #expect(try shelf.ask { _ in }.models == ["a-slow", "b-fast"], "without a target no speed is known")
    }

    /// Bits per byte of another text say nothing here, however good they look.
    @Test func qualityCountsOnTheTextThatMostWereMeasuredOn() throws {
        let shelf = try Shelf()
        try shelf.add("elsewhere", gigabytes: 0.5, bitsPerByte: 0.1, text: "another text")
        try shelf.add("unmeasured", gigabytes: 0.5)
        try shelf.add("one", gigabytes: 1, bitsPerByte: 1.1)
        try shelf.add("two", gigabytes: 1, bitsPerByte: 1.0)
        let answer = try shelf.ask(budget)
        #expect(answer.models == ["two", "one", "elsewhere", "unmeasured"])
        let note = "its quality was not measured on the same text as the others'"
        #expect(answer.alternatives.map(\.note) == [nil, note, note])
    }

    @Test func whatDoesNotFitIsRefusedWithItsNumbers() throws {
        let shelf = try Shelf()
        try shelf.add("large", gigabytes: 7, bitsPerByte: 0.7)
        try shelf.add("small", gigabytes: 0.5, bitsPerByte: 1.2)
        let budgeted = try shelf.ask(budget)
        #expect(budgeted.models == ["small"])
        #expect(budgeted.reasons("large") == ["peak 7.2 GB at context 4096 is over 3.0 GB, the budget"])
        let onDevice = try shelf.ask {
            $0.devices = ["pixel-8"]
            $0.context = 512
        }
        #expect(
            onDevice.reasons("large") == [
                "peak 7.2 GB at context 512 is over 4.3 GB, what an app on Pixel 8 may use"
            ]
        )
    }

    @Test func aContextBeyondTheModelsIsRefusedAndTheDefaultStaysWithin() throws {
        let shelf = try Shelf()
        try shelf.add("short", gigabytes: 0.5, bitsPerByte: 1, trainedContext: 2048)
        #expect(try shelf.ask(budget).best?.estimate?.context == 2048)
        let answer = try shelf.ask {
            try budget(&$0)
            $0.context = 2049
        }
        #expect(answer.best == nil)
        #expect(answer.reasons("short") == ["it was trained for 2048 tokens of context; 2049 were asked for"])
    }

    @Test func everyFilterSaysWhyInWords() throws {
        let shelf = try Shelf()
        try shelf.add("free", gigabytes: 1, bitsPerByte: 1, license: "MIT")
        try shelf.add("owned", gigabytes: 1, bitsPerByte: 0.9, license: "llama3")
        let licensed = try shelf.ask { $0.license = "mit" }
        #expect(licensed.models == ["free"], "in any case of letters")
        #expect(licensed.reasons("owned") == ["its licence is llama3, not mit"])

        let sized = try shelf.ask { $0.maxSize = try ByteSize("6B") }
        #expect(sized.models.isEmpty)
        #expect(sized.reasons("free") == ["the file has 8 B, over 6 B"])

        let fast = try shelf.ask {
            try budget(&$0)
            ($0.minSpeed, $0.license) = (1000, "mit")
        }
        #expect(fast.best == nil)
        let reasons = try #require(fast.reasons("owned"))
        #expect(reasons.count == 2, "all reasons at once")
        #expect(reasons[0] == "its licence is llama3, not mit")
        #expect(reasons[1].hasPrefix("about ") && reasons[1].hasSuffix(" tokens a second are under 1000.0"))
    }

    @Test func modelAndChannelNarrowTheSearch() throws {
        let shelf = try Shelf()
        try shelf.add("one", gigabytes: 1, channel: "stable")
        try shelf.add("two", gigabytes: 1)
        #expect(try shelf.ask { $0.model = "two" }.models == ["two"])
        #expect(try shelf.ask { $0.channel = "stable" }.models == ["one"])
    }

    static let unknownNames: [(String?, String?, String)] = [
        ("Two", nil, "the registry has no model 'Two'. Did you mean 'two'? Known here: one, two."),
        (nil, "stabel", "the registry has no channel 'stabel'. Did you mean 'stable'? Known here: stable."),
    ]

    @Test(arguments: unknownNames)
    func aNameThatNothingHasIsAnErrorWithNearNames(_ model: String?, _ channel: String?, _ words: String) throws {
        let shelf = try Shelf()
        try shelf.add("one", gigabytes: 1, channel: "stable")
        try shelf.add("two", gigabytes: 1)
        let error = try #require(throws: NothingFits.self) {
            try shelf.ask { ($0.model, $0.channel) = (model, channel) }
        }
        #expect(error.description == words)
    }

    /// Of a device's limit and the app's own, the smaller counts.
    @Test func aBudgetBesideADeviceCounts() throws {
        let shelf = try Shelf()
        try shelf.add("one", gigabytes: 0.5, bitsPerByte: 1)
        func answer(_ ram: String?) throws -> QueryAnswer {
            try shelf.ask {
                $0.devices = ["Pixel 8"]
                $0.ram = try ram.map { try ByteSize($0) }
            }
        }
        #expect(try answer(nil).best?.estimate?.limitBytes == 4 << 30)
        #expect(try answer("100GB").best?.estimate?.limitBytes == 4 << 30)
        let tight = try #require(try answer("2GB").best?.estimate)
        #expect(
            tight.limitBytes == 2_000_000_000 && tight.target == "pixel-8" && tight.reason.contains("the budget is")
        )
        let refusals = try #require(try answer("100MB").reasons("one"))
        #expect(refusals.contains { $0.contains("is over 100.0 MB") }, "\(refusals)")
    }

    @Test func withoutATargetAContextChoosesBuilds() throws {
        let shelf = try Shelf()
        try shelf.add("short", gigabytes: 1, trainedContext: 2048)
        try shelf.add("long", gigabytes: 1)
        let answer = try shelf.ask { $0.context = 4096 }
        #expect(answer.models == ["long"])
        #expect(answer.reasons("short") == ["it was trained for 2048 tokens of context; 4096 were asked for"])
    }

    @Test func withoutATargetNothingIsEstimated() throws {
        let shelf = try Shelf()
        try shelf.add("one", gigabytes: 100, bitsPerByte: 1)
        let best = try #require(try shelf.ask { _ in }.best)
        #expect(best.estimate == nil && best.peakMemoryBytes == nil && best.decodeTokensPerSecond == nil)
    }

    @Test func aBuildWithoutItsShapeIsRefusedAndNotGuessed() throws {
        let shelf = try Shelf()
        try shelf.add("odd", gigabytes: 1, profile: "{}")
        #expect(
            try shelf.ask(budget).reasons("odd") == [
                "its shape is not in the registry, so that nothing can be estimated; publish it again"
            ]
        )
    }

    @Test func anUnknownDeviceIsAnErrorWithNearNames() throws {
        let shelf = try Shelf()
        let error = try #require(throws: DeviceFitError.self) { try shelf.ask { $0.devices = ["pixle-8"] } }
        guard case .unknownDevice("pixle-8", let suggestions) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(suggestions.contains("pixel-8"))
    }

    @Test func halfARequestIsRefusedWithWhatIsMissing() throws {
        let shelf = try Shelf()
        func refusal(_ change: (inout BuildQuery) throws -> Void) -> String {
            do {
                _ = try shelf.ask(change)
                return "accepted"
            } catch { return "\(error)" }
        }
        #expect(
            refusal { $0.ram = try ByteSize("3GB") }
                == "'ram' needs 'platform: android' or 'platform: ios': what counts differs."
        )
        #expect(refusal { $0.platform = .ios }.hasPrefix("'platform' needs 'ram'"))
        #expect(
            SettingStyle.option.within { refusal { $0.platform = .ios } }.hasPrefix("--platform needs --ram"),
            "a command line spells options"
        )
        #expect(
            refusal { ($0.devices, $0.platform) = (["pixel-8"], .ios) }
                == "Pixel 8 runs android, not ios. Leave 'platform' out."
        )
        #expect(refusal { $0.kvType = "q8_0" }.hasPrefix("'kv-type' needs 'device'"))
        #expect(refusal { $0.kvType = "bogus" }.contains("\"bogus\""))
        #expect(refusal { $0.context = 0 }.contains("a context of 0 tokens"))
        #expect(refusal { $0.context = 99_999_999 }.contains("a context of 99999999 tokens"))
        let small = refusal { $0 = try BuildQuery(ram: "3", platform: "android", maxSize: nil) }
        #expect(small == "\"3\" is 3 bytes, too few for a model. Add a unit, such as 3GB.")
        #expect(refusal { $0 = try BuildQuery(ram: nil, platform: nil, maxSize: "500kB") }.contains("500000 bytes"))
        #expect(refusal { $0 = try BuildQuery(ram: nil, platform: "andriod", maxSize: nil) }.contains("'android'"))
        #expect(refusal { $0 = try BuildQuery(ram: "3G", platform: nil, maxSize: nil) }.contains("is not a size"))
    }

    @Test func anEmptyRegistryHasNoAnswer() throws {
        let answer = try Shelf().ask(budget)
        #expect(answer.best == nil && answer.alternatives.isEmpty && answer.refused.isEmpty)
    }

    /// Of several devices a build has to fit all, and the slowest speaks for them.
    @Test func severalDevicesAreAskedAtOnce() throws {
        let shelf = try Shelf()
        try shelf.add("large", gigabytes: 3.2, bitsPerByte: 0.8)
        try shelf.add("small", gigabytes: 0.5, bitsPerByte: 1.2)
        let answer = try shelf.ask {
            $0.devices = ["pixel-8", "iphone-13"]
            $0.context = 512
        }
        #expect(answer.models == ["small"])
        let refusals = try #require(answer.reasons("large"))
        #expect(!refusals.isEmpty && refusals.allSatisfy { $0.hasPrefix("iPhone 13: peak 3.") })
        let best = try #require(answer.best)
        #expect(best.estimates.map(\.target) == ["pixel-8", "iphone-13"])
        #expect(best.decodeTokensPerSecond == best.estimates.map(\.speed.mid).min())
        #expect(best.peakMemoryBytes == best.estimates.map(\.memory.total.mid).max())
        let error = try #require(throws: AnswersError.self) {
            try shelf.ask { ($0.devices, $0.platform) = (["iphone-13", "pixel-8"], .ios) }
        }
        #expect("\(error)".contains("Pixel 8 runs android"))
    }

    @Test func speedAfterTenMinutesAndBatteryAreConditions() throws {
        let shelf = try Shelf()
        try shelf.add("one", gigabytes: 2, bitsPerByte: 1)
        let slow = try shelf.ask {
            $0.devices = ["pixel-8"]
            ($0.minSustainedSpeed, $0.maxBattery) = (1000, 0.0001)
        }
        #expect(slow.models.isEmpty)
        let reasons = try #require(slow.reasons("one"))
        #expect(reasons.count == 2)
        #expect(reasons.first?.contains("tokens a second after ten minutes are under 1000.0") == true)
        #expect(reasons.last?.contains("% of the battery for 1000 tokens are over") == true)
        #expect(throws: AnswersError.self) { try shelf.ask { $0.minSustainedSpeed = 1 } }
    }

    /// Less than a thousandth of a bit a byte is no difference: there the faster one comes first, and the answer says so.
    @Test func tiesAreExplained() throws {
        let shelf = try Shelf()
        try shelf.add("big", gigabytes: 2, bitsPerByte: 1.0001)
        try shelf.add("quick", gigabytes: 1, bitsPerByte: 1.0003)
        let answer = try shelf.ask(budget)
        #expect(answer.models == ["quick", "big"])
        #expect(answer.alternatives[0].note?.contains("as good as quick") == true)
    }

    @Test func theArithmeticAddsUp() throws {
        let shelf = try Shelf()
        try shelf.add("one", gigabytes: 1, bitsPerByte: 1)
        let lines = try #require(try shelf.ask(budget).best?.estimate?.arithmetic)
        #expect(lines[0].hasPrefix("memory: weights 1.0 GB") && lines[0].contains(" = 1.2 GB"))
        #expect(lines.contains { $0.hasPrefix("after ten minutes: ") } && lines.count == 7)
    }

    /// Published before it was asked, and no model.
    @Test func whatNoEngineLoadsIsRefusedWhenItWouldBeNamed() throws {
        let shelf = try Shelf()
        try shelf.add("old", gigabytes: 0.5, bitsPerByte: 0.5, isChecked: false)
        try shelf.add("good", gigabytes: 1, bitsPerByte: 1)
        try shelf.add("large", gigabytes: 7, bitsPerByte: 0.7, isChecked: false)
        let answer = try shelf.ask(budget)
        #expect(answer.models == ["good"])
        #expect(answer.best?.remarks.isEmpty == true, "it is not compared with one that is refused")
        #expect(answer.refused.map(\.build) == ["old@1.0.0:q4_0", "large@1.0.0:q4_0"])
        #expect(answer.reasons("old")?.first?.contains("no GGUF file") == true)
        // What is refused for another reason was not read.
        #expect(answer.reasons("large")?.count == 1 && answer.reasons("large")?[0].contains("over 3.0 GB") == true)
        #expect(try shelf.ask { _ in }.models == ["good"])
    }
}
