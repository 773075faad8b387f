import Testing

/// Many clients who ask the same at once cost one answer.
@Suite struct AnswerCacheTests {
    @Test func manyWhoAskAtOnceGetOneAnswer() async throws {
        try await ServedRegistry.run { served in
            let target = "/api/v1/query?ram=3GB&platform=android"
            let answers = try await withThrowingTaskGroup(of: RawAnswer.self) { group in
                for _ in 0..<24 { group.addTask { try await served.ask(target) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.count == 24 && answers.allSatisfy { $0.status == 200 })
            #expect(Set(answers.map { $0.headers["etag"] }).count == 1)
        }
    }

    @Test func whoAsksBesideARefusalIsToldSoToo() async throws {
        try await ServedRegistry.run { served in
            let answers = try await withThrowingTaskGroup(of: RawAnswer.self) { group in
                for _ in 0..<8 { group.addTask { try await served.ask("/api/v1/builds/nobody") } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.status == 404 })
        }
    }
}
