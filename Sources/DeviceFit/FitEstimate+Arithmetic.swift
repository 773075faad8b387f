/// How the numbers of an estimate are computed, in words.
extension FitEstimate {
    /// One line per number: the sum of the memory, the verdict, and each speed with its range, confidence and source.
    public var arithmetic: [String] {
        func size(_ bytes: Int) -> String { ByteSize(bytes: bytes).description }
        func part(_ name: String, _ range: ByteRange) -> String {
            let span = range.low == range.high ? "" : " (\(size(range.low)) to \(size(range.high)))"
            return "\(name) \(size(range.mid))\(span) [\(range.source)]"
        }
        let parts = [
            part("weights", memory.weights), part("KV cache of \(context) tokens in \(kvType)", memory.kvCache),
            part("compute buffer of \(batch) tokens", memory.computeBuffer),
            part("runtime and app", memory.runtimeOverhead),
        ]
        let total = memory.total
        var lines = [
            "memory: " + parts.joined(separator: " + ")
                + " = \(size(total.mid)) (\(size(total.low)) to \(size(total.high)))",
            "limit: \(size(limitBytes)) on \(target); \(reason)",
        ]
        if let decode { lines.append(Self.line("generating on \(engine)", decode)) }
        lines.append(Self.line(decode == nil ? "reading texts on \(engine)" : "reading a prompt", prefill))
        let sustained = speed.times(sustainedFactor)
        lines.append(
            "after ten minutes: \(Self.figure(speed.mid)) x \(Self.figure(sustainedFactor.mid)) = "
                + "\(Self.figure(sustained.mid)) token/s (\(sustainedFactor.confidence.rawValue) confidence) "
                + "[\(sustainedFactor.source)]"
        )
        if let joulesPerToken { lines.append(Self.line("energy", joulesPerToken)) }
        if let battery = batteryPercentPer1kTokens { lines.append(Self.line("battery", battery)) }
        return lines
    }

    private static func line(_ name: String, _ value: RangeEstimate) -> String {
        "\(name): \(figure(value.mid)) \(value.unit) (\(figure(value.low)) to \(figure(value.high)), "
            + "\(value.confidence.rawValue) confidence) [\(value.source)]"
    }

    /// Formats a value with about three digits.
    static func figure(_ value: Double) -> String {
        let digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let whole = Int((value * scale).rounded())
        guard digits > 0 else { return "\(whole)" }
        let text = String(repeating: "0", count: max(0, digits + 1 - "\(whole)".count)) + "\(whole)"
        return text.dropLast(digits) + "." + text.suffix(digits)
    }

    /// Returns a remark on a build that is slow on its engine; nil if it is not slow.
    ///
    /// [P] On Android's processors blocks below four bits cost more to decode than to read, and blocks of five bits
    /// that are not repacked slow prompts as much.
    public static func slowness(of profile: ModelProfile, on estimate: FitEstimate) -> String? {
        guard estimate.platform == .android else { return nil }
        func factors(_ type: String) -> FormatFactors { .of(type, on: .cpu) }
        let read = TypeMixture.ofGenerating(profile)
        // If bytes alone decide, decoding blocks slows nothing.
        let decode = read.speed { factors($0).decode ?? 1 }
        let prefill = TypeMixture.ofPrompts(profile).speed { factors($0).prefill }
        let writes = estimate.decode != nil
        guard writes && decode < 0.85 || prefill < 0.5 else { return nil }
        let isGuess = read.share { factors($0).isMeasured } < 0.9
        let speeds =
            writes
            ? "generating at \(figure(decode)) and reading prompts at \(figure(prefill))"
            : "reading texts at \(figure(prefill))"
        return "\(profile.quantType) is slow on Android processors: \(speeds) of Q4_0's speed"
            + (isGuess ? " (estimated from a similar type)" : "")
    }

    /// Whether processors of Snapdragon phones other than the CPU can run a build's layers; no estimate covers them.
    ///
    /// [LC docs/backend/snapdragon, OPENCL.md] Hexagon and Adreno primarily have kernels for Q4_0; other types are
    /// missing or slow.
    public static func suitsAccelerators(_ profile: ModelProfile, on estimate: FitEstimate) -> Bool {
        estimate.platform == .android && TypeMixture.ofPrompts(profile).share { $0 == "Q4_0" } >= 0.9
    }
}
