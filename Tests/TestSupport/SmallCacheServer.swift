/// A server in bazel-remote's form, in memory, that may lie.
public final class SmallCacheServer: Sendable {
    public typealias Lie = @Sendable (LoopbackServer.Request, LoopbackServer.Answer) -> LoopbackServer.Answer

    /// What was put, by path: `/prefix/ac/<key>`, `/prefix/cas/<sha256>`.
    public let held = Mutexed<[String: [UInt8]]>([:])
    /// Takes the place of the right answer.
    public let lie = Mutexed<Lie?>(nil)
    private let server = Mutexed<LoopbackServer?>(nil)

    public init() throws {
        let (held, lie) = (held, lie)
        let server = try LoopbackServer { request in
            var answer: LoopbackServer.Answer
            switch request.method {
            case "PUT":
                held.change { $0[request.target] = request.body }
                answer = .init(201)
            default: answer = held.value[request.target].map { .init(200, body: $0) } ?? .init(404)
            }
            if let lie = lie.value { answer = lie(request, answer) }
            return answer
        }
        self.server.change { $0 = server }
    }

    public var requests: [LoopbackServer.Request] { server.value?.requests ?? [] }
    public var address: String { "http://127.0.0.1:\(server.value?.port ?? 0)/prefix" }
    public func stop() { server.change { $0 = nil } }
}
