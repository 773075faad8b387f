import DeviceFit
import Foundation
import Testing

/// Profiles that a registry keeps, read field by field and by Foundation's decoder.
@Suite struct StoredFieldsTests {
    /// Every member that a profile can have.
    private static let whole = """
        {
          "architecture": "gemma3", "parameterCount": 4000, "activeParameterCount": 3000, "weightBytes": 2500,
          "weightBytesByType": {"Q4_K": 2000, "F32": 500}, "tokenEmbeddingBytes": 700, "isEmbeddingTied": true,
          "perLayerEmbeddingBytes": 10, "embeddingLength": 64, "vocabularySize": 100, "feedForwardLength": 128,
          "headCount": 4, "contextLength": 8192, "quantType": "Q4_K_M \\u00e9", "predictorBytes": 5,
          "layerBytesByType": {"Q4_K": 1300}, "perLayerEmbeddingType": "Q6_K", "experts": {"count": 8, "used": 2},
          "chat": {"hasTemplate": true, "endTokens": ["</s>", "<|end|>"]}, "tokenEmbeddingType": "Q6_K",
          "tags": ["chat", "code"], "loads": true,
          "layers": [{
            "count": 2, "kvHeads": 1, "keyLength": 16, "valueLength": 8, "slidingWindow": 512, "stateBytes": 3,
            "feedForwardLength": 96, "readsOther": false, "takesKeysForValues": true, "lacksMixer": false,
            "lacksNetwork": true,
            "gatedDelta": {"keyHeads": 1, "valueHeads": 2, "headLength": 3, "convolutionLength": 4},
            "stateSpace": {"heads": 1, "headLength": 2, "groups": 3, "stateLength": 4, "convolutionLength": 5}
          }],
          "graph": {
            "network": "gatedInOne", "fusesQKV": true, "normalizesHeads": true, "turnsHeads": false,
            "hasPostNorms": true, "hasLayerNorm": false, "isParallel": true, "expertLength": 9,
            "sharedExpertLength": 8, "leadingDenseLayers": 1, "layerInputLength": 32, "hasBothNetworks": true,
            "lacksFirstNorms": false, "positionCount": 3, "inputRowCount": 2, "growsQueries": true, "pooling": 1,
            "normsSums": true, "normsEmbedding": false, "kind": "embedding"
          },
          "projector": {
            "bytes": 77, "width": 64, "imageCost": "256 tokens", "computeBytes": 88, "pictureSide": 896,
            "published": {"type": "mmproj-f16", "sha256": "\(String(repeating: "ab", count: 32))"}
          }
        }
        """

    private func byFoundation(_ text: String) -> ModelProfile? {
        try? JSONDecoder().decode(ModelProfile.self, from: Data(text.utf8))
    }

    /// The members that are nil, by path.
    private func missing(_ value: Any, _ path: String = "profile") -> [String] {
        let mirror = Mirror(reflecting: value)
        if mirror.displayStyle == .optional, mirror.children.isEmpty { return [path] }
        return mirror.children.flatMap { missing($0.value, "\(path).\($0.label ?? "")") }
    }

    @Test func everyMemberIsReadAsFoundationReadsIt() throws {
        let expected = try #require(byFoundation(Self.whole))
        #expect(missing(expected) == [], "a member that the text above lacks")
        #expect(ModelProfile(stored: Self.whole) == expected)
        let stored = try expected.stored
        #expect(ModelProfile(stored: stored) == expected)
    }

    @Test func whatFoundationRefusesIsRefused() throws {
        let document = try JSONSerialization.jsonObject(with: Data(Self.whole.utf8))
        var texts = ["", "{}", "[]", "null", "{\"architecture\": 1}", Self.whole + "x", String(Self.whole.dropLast())]
        for path in paths(document) {
            for change in [nil, NSNull(), "text", 1.5, [Int](), [String: Int]()] as [Any?] {
                let data = try JSONSerialization.data(withJSONObject: changed(document, path[...], change))
                texts.append(String(decoding: data, as: UTF8.self))
            }
        }
        #expect(texts.count > 400)
        for text in texts { #expect(ModelProfile(stored: text) == byFoundation(text), "\(text)") }
    }

    private func paths(_ value: Any) -> [[String]] {
        guard let object = value as? [String: Any] else {
            return (value as? [Any])?.first.map { paths($0).map { ["0"] + $0 } } ?? []
        }
        return object.flatMap { key, value in [[key]] + paths(value).map { [key] + $0 } }
    }

    private func changed(_ value: Any, _ path: ArraySlice<String>, _ change: Any?) -> Any {
        guard let key = path.first else { return value }
        if let elements = value as? [Any] { return elements.map { changed($0, path.dropFirst(), change) } }
        guard var object = value as? [String: Any] else { return value }
        object[key] = path.count == 1 ? change : object[key].map { changed($0, path.dropFirst(), change) }
        return object
    }
}
