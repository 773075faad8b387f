/// The number of attempts and the pauses between them. Each pause is twice the previous one, less a random part, so
/// that clients that failed together do not retry together.
package struct RetryPolicy: Sendable {
    /// The most attempts in a row without progress.
    package var attempts = 6
    package var base = Duration.seconds(1)
    package var longest = Duration.seconds(30)
    /// The longest pause that a server may ask for.
    package var longestAsked = Duration.seconds(120)

    /// An error that a retry may resolve.
    package struct Retriable: Error {
        package let error: any Error & Sendable
        /// The pause that the server asks for; nil for none.
        package let pause: Duration?

        package init(error: any Error & Sendable, pause: Duration? = nil) { (self.error, self.pause) = (error, pause) }
    }

    package init() {}

    /// - Parameter isMoving: whether there was progress since the last call, which restarts the count of attempts.
    /// - Throws: the error of the last attempt; an error that a retry cannot resolve is thrown at once.
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
