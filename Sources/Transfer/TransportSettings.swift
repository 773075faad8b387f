import SystemPackage

/// The timeouts of a transfer, and the proxy and certificates that it uses.
package struct TransportSettings: Sendable {
    package var proxy: HTTPProxy?
    /// Trusted certificates in PEM form, in addition to the system's.
    package var certificates: FilePath?
    package var retries = RetryPolicy()
    package var connectTimeout = Duration.seconds(10)
    /// The longest time without a byte on a connection.
    package var idleTimeout = Duration.seconds(30)
    /// The longest time until the first byte of an answer.
    package var answerTimeout = Duration.seconds(60)
    /// The slowest acceptable transfer.
    package var lowestRate = LowestRate()

    package init() {}
}
