/// How often and how patiently a request is tried again: each pause is twice the one before, less a random part, so that
/// many clients that failed together do not come back together.
package struct RetryPolicy: Sendable {
    /// Tries in a row that brought nothing new.
    package var attempts = 6
    package var base = Duration.seconds(1)
    package var longest = Duration.seconds(30)
    /// A server may ask for a longer pause, up to this.
    package var longestAsked = Duration.seconds(120)

    /// Something that may go well the next time.
    package struct Retriable: Error {
        package let error: any Error & Sendable
        /// The pause that the server asks for.
        package let pause: Duration?

        package init(error: any Error & Sendable, pause: Duration? = nil) { (self.error, self.pause) = (error, pause) }
    }

    package init() {}

    /// - Parameter isMoving: whether something was gained since it was last asked, which makes the count begin anew.
    /// - Throws: the last try's error, or at once what no other try would mend.
    package func run<Result>(
        isMoving: () -> Bool = { false },
        _ body: () async throws -> Result
    ) async throws -> Result {
        var failures = 0
        while true {
            do {
                return try await body()
            } catch let failure as Retriable {
                failures = isMoving() ? 1 : failures + 1
                let pause = failure.pause ?? delay(after: failures)
                guard failures < attempts, pause <= longestAsked else { throw failure.error }
                try await Task.sleep(for: pause)
            }
        }
    }

    private func delay(after failures: Int) -> Duration {
        min(longest, base * (1 << min(failures - 1, 16))) * Double.random(in: 0.5...1)
    }
}
