import Architectures
import Inference
import TestSupport
import Testing

/// What a session is said to take, held against the buffers that it makes.
@Suite struct SessionMemoryTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    private func model(_ golden: GoldenModel) throws -> LanguageModel {
        let path = folder.appending("model.gguf")
        try golden.write(to: path)
        return try LanguageModel(path: path)
    }

    /// Bytes of all buffers of a session, wherever in it they are.
    private func buffers(of session: InferenceSession) -> Int {
        var seen: [ObjectIdentifier: Int] = [:]
        func look(into value: Any) {
            if let buffer = value as? FloatBuffer {
                seen[ObjectIdentifier(buffer)] = buffer.count * MemoryLayout<Float>.stride
            } else if !(value is LanguageModel), !(value is [Float]) {
                for child in Mirror(reflecting: value).children { look(into: child.value) }
            }
        }
        look(into: session)
        return seen.values.reduce(0, +)
    }

    @Test(arguments: try GoldenModel.all.filter(\.isRun))
    func everyFamilyTakesWhatItsShapeSays(_ golden: GoldenModel) throws {
        let model = try model(golden)
        let tokens = [Int32](repeating: 1, count: 40)
        for options in [
            SessionOptions(context: 40, threads: 2, readsWholeTexts: true),
            SessionOptions(context: 600, cacheType: .f16, threads: 3),
        ] {
            let isRead = !model.shape.seesBothWays
            let session = try InferenceSession(model, options)
            if isRead { try session.evaluate(tokens, logitsFor: 0..<40) { _ in } }
            let fact = buffers(of: session)
            let memory = SessionMemory(model.shape, vocabulary: model.vocabularySize, options)
            let forecast = memory.byteCount(logits: isRead ? 40 : 0)
            let ratio = Double(forecast) / Double(fact)
            #expect(abs(ratio - 1) < 0.04, "\(golden.name): \(forecast) instead of \(fact)")
        }
    }

    @Test func logitsAndTheStateGrowWithTheContext() throws {
        let golden = try #require(try GoldenModel.all.first { $0.isRun && $0.name.hasPrefix("llama") })
        let model = try model(golden)
        func bytes(_ context: Int, _ logits: Int, vocabulary: Int, whole: Bool = true) -> Int {
            let options = SessionOptions(context: context, threads: 2, readsWholeTexts: whole)
            return SessionMemory(model.shape, vocabulary: vocabulary, options).byteCount(logits: logits)
        }
        // Half of a window's logits, as they are scored, up to 64 MiB of them.
        #expect(bytes(512, 256, vocabulary: 50_000) - bytes(512, 0, vocabulary: 50_000) == 256 * 50_000 * 4)
        #expect(bytes(512, 512, vocabulary: 50_000) - bytes(512, 0, vocabulary: 50_000) == 335 * 50_000 * 4)
        #expect(bytes(512, 1, vocabulary: 50_000, whole: false) > bytes(512, 1, vocabulary: 50_000))
        #expect(bytes(1 << 20, 1, vocabulary: 50_000) > 64 * bytes(1 << 12, 1, vocabulary: 50_000))
        #expect(bytes(.max / 2, .max / 2, vocabulary: 1 << 40) > 0, "numbers of no model end in no trap")
    }
}
