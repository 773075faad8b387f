import BinaryIO
import Pipeline
import TestSupport
import Testing

@Suite struct StepKeyTests {
    private func key(
        _ options: [String: String] = ["type": "f16"],
        inputs: [String: SHA256Digest] = ["source": SHA256Digest(of: "a".utf8)],
        kind: StepKind = .convert,
        version: Int = 1
    ) -> SHA256Digest {
        StepKey(kind: kind, version: version, options: options, inputs: inputs).digest
    }

    @Test func everythingThatDecidesTheOutcomeChangesTheKey() {
        let keys = [
            key(), key(["type": "f32"]), key(["typ": "f16"]), key([:]), key(["type": "f16", "pre": ""]),
            key(inputs: ["source": SHA256Digest(of: "b".utf8)]), key(inputs: [:]),
            key(inputs: ["model": SHA256Digest(of: "a".utf8)]), key(kind: .quantize), key(version: 2),
        ]
        #expect(Set(keys).count == keys.count)
        #expect(key() == key())
    }

    /// Values may hold what separates them: the length in front keeps them apart.
    @Test func noTwoSetsOfOptionsReadTheSame() {
        let sets: [[String: String]] = [
            ["a": "1\nb=2"], ["a": "1\nb=1:2"], ["a": "1", "b": "2"], ["a": "1\n", "b": "2"], ["a": "", "b": "1\n2"],
            ["a": "3:1\nb", "b": "2"], ["a": "1:1\nb=1:2"],
        ]
        #expect(Set(sets.map { key($0) }).count == sets.count)
    }

    /// Random options out of the characters that the encoding itself uses.
    @Test func randomOptionsDoNotCollide() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        var seen: [SHA256Digest: [String: String]] = [:]
        for _ in 0..<3000 {
            var options: [String: String] = [:]
            for name in ["a", "b", "c"].prefix(Int.random(in: 1...3, using: &random)) {
                options[name] = String(
                    (0..<Int.random(in: 0...6, using: &random)).map { _ in
                        "\n:=12ab".randomElement(using: &random) ?? "a"
                    }
                )
            }
            let digest = key(options)
            #expect(seen[digest] == nil || seen[digest] == options, "seed \(seed)")
            seen[digest] = options
        }
    }
}
