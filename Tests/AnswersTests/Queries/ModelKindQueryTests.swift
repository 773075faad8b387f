import Answers
import Architectures
import BinaryIO
import Briefs
import DeviceFit
import Testing

/// What embeds, what ranks and what writes have no figure in common.
@Suite struct ModelKindQueryTests {
    private func shelf() throws -> Shelf {
        let shelf = try Shelf()
        try shelf.add("writer", gigabytes: 1, bitsPerByte: 1.1, tags: ["search"])
        try shelf.add("near", gigabytes: 0.3, text: "texts", tags: ["search"], pooling: 1, meanCosine: 0.9991)
        try shelf.add("far", gigabytes: 0.2, text: "texts", tags: ["search"], pooling: 3, meanCosine: 0.95)
        try shelf.add("ranker", gigabytes: 0.3, text: "texts", tags: ["search"], pooling: 4, meanCosine: 0.999)
        return shelf
    }

    @Test func eachKindIsRankedAlone() throws {
        let shelf = try shelf()
        #expect(try shelf.ask { _ in }.models == ["writer"])
        #expect(try shelf.ask { $0.tags = ["search"] }.models == ["writer"], "a tag mixes no kinds")
        #expect(try shelf.ask { $0.kind = .embedding }.models == ["near", "far"])
        #expect(try shelf.ask { $0.kind = .reranker }.models == ["ranker"])
        #expect(try shelf.ask { $0.kind = .embedding }.hint?.contains("which of these models does better") == true)
        #expect(try shelf.ask { $0.kind = .reranker }.hint == nil)
        let refused = try shelf.ask { _ in }.reasons("near")
        #expect(
            refused?.count == 1 && refused?[0].hasPrefix("it is an embedding model, which is not ranked with") == true
        )
        #expect(
            try shelf.ask { $0.kind = .embedding }.reasons("writer")?[0].hasPrefix("it is a language model") == true
        )
    }

    @Test func aModelThatIsNamedIsAskedForWhatItGives() throws {
        let shelf = try shelf()
        #expect(try shelf.ask { $0.model = "near" }.models == ["near"])
        #expect(try shelf.ask { $0.model = "ranker" }.models == ["ranker"])
        let other = try shelf.ask { ($0.model, $0.kind) = ("near", .language) }
        #expect(other.models.isEmpty && other.reasons("near") != nil)
    }

    /// A tenth of a thousandth is less than texts tell apart: there the speed decides, and that is the speed of reading.
    @Test func speedIsThatOfReading() throws {
        let shelf = try Shelf()
        try shelf.add("large", gigabytes: 1, pooling: 1, meanCosine: 0.99901)
        try shelf.add("small", gigabytes: 0.5, pooling: 1, meanCosine: 0.99899)
        let answer = try shelf.ask {
            ($0.kind, $0.ram, $0.platform) = (.embedding, try ByteSize("3GB"), .android)
        }
        #expect(answer.models == ["small", "large"])
        let best = try #require(answer.best)
        #expect(best.decodeTokensPerSecond == nil && best.batteryPercentPer1kTokens == nil)
        #expect(best.prefillTokensPerSecond ?? 0 > 0 && best.estimate?.sustainedDecode == nil)
        #expect(best.estimate?.arithmetic.contains { $0.hasPrefix("reading texts on ") } == true)
        #expect(best.estimate?.arithmetic.contains { $0.hasPrefix("generating") } == false)
        #expect(answer.alternatives[0].note?.contains("ten-thousandth of the cosine, and slower") == true)
        let slow = try shelf.ask {
            ($0.kind, $0.ram, $0.platform) = (.embedding, try ByteSize("3GB"), .android)
            $0.minSpeed = 1e9
        }
        #expect(slow.best == nil)
    }

    /// Its standings know bits per byte alone.
    @Test func aLargeRegistryAnswersForEachKind() throws {
        let shelf = try Shelf()
        for index in 0..<201 { try shelf.add("w\(index)", gigabytes: 0.5, bitsPerByte: 1 + Double(index) / 100) }
        try shelf.add("embeds", gigabytes: 0.3, text: "texts", pooling: 1, meanCosine: 0.99)
        let writers = try shelf.ask { _ in }
        #expect(writers.best?.model == "w0" && !writers.models.contains("embeds"))
        #expect(try shelf.ask { $0.kind = .embedding }.models == ["embeds"])
    }

    @Test func comparisonsAndSnippetsKeepKindsApart() throws {
        let shelf = try shelf()
        var request = BriefRequest()
        request.builds = ["writer:q4_0", "near:q4_0"]
        request.query.platform = .android
        #expect(throws: AnswersError.self) { try shelf.session.brief(request) }
        request.builds = ["near:q4_0", "far:q4_0"]
        let page = try #require(try shelf.session.brief(request)).markdown
        #expect(page.contains("cosine 0.99910") && page.contains("search by meaning"))
        #expect(page.contains("llama_get_embeddings_seq") && !page.contains("bits per byte compares models"))
        #expect(throws: AnswersError.self) {
            try shelf.session.snippet(.swift, of: "near", context: nil, kvType: "f16")
        }
    }
}
