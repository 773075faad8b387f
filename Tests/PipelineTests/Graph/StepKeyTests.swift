import BinaryIO
import Pipeline
import TestSupport
import Testing

@Suite struct StepKeyTests {
    private func key(
        _ options: [String: String] = ["type": "f16"],
        inputs: [String: StepKey.Input] = ["source": .file(SHA256Digest(of: "a".utf8))],
        kind: String = "convert",
        version: Int = 1
    ) -> SHA256Digest {
        StepKey(kind: kind, version: version, settings: options, inputs: inputs).digest
    }

    @Test func everythingThatDecidesTheOutcomeChangesTheKey() {
        let keys = [
            key(), key(["type": "f32"]), key(["typ": "f16"]), key([:]), key(["type": "f16", "pre": ""]),
            key(inputs: ["source": .file(SHA256Digest(of: "b".utf8))]), key(inputs: [:]),
            key(inputs: ["model": .file(SHA256Digest(of: "a".utf8))]), key(kind: "quantize"), key(version: 2),
        ]
        #expect(Set(keys).count == keys.count)
        #expect(key() == key())
    }

    /// What another node makes stands in a key by that node's key, or by its bytes once they are known.
    @Test func productsCountByTheirKeysAndByTheirBytes() {
        let name = StepNode.Name(step: "f16")
        let (one, two) = (SHA256Digest(of: "one".utf8), SHA256Digest(of: "two".utf8))
        func key(_ input: SHA256Digest) -> StepKey {
            StepKey(kind: "fit", version: 1, settings: [:], inputs: ["build": .product(of: name, key: input)])
        }
        #expect(key(one).digest != key(two).digest)
        #expect(key(one).digest(byContent: { _ in one }) == key(two).digest(byContent: { _ in one }))
        #expect(key(one).digest(byContent: { _ in one }) != key(one).digest(byContent: { _ in two }))
        #expect(key(one).digest(byContent: { _ in nil }) == nil)
        let digests: [SHA256Digest?] = [key(one).digest, key(one).digest(byContent: { _ in one })]
        #expect(digests[0] != digests[1], "a key is never taken for bytes")
        let file = StepKey(kind: "fit", version: 1, settings: [:], inputs: ["build": .file(one)])
        #expect(!digests.contains(file.digest), "nor a file for a key")
        #expect(file.digest(byContent: { _ in one }) == nil)
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
