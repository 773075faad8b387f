import SystemPackage

/// How patient a transfer is, and what stands between.
package struct TransportSettings: Sendable {
    package var proxy: HTTPProxy?
    /// Certificates in PEM form that are trusted beside the system's.
    package var certificates: FilePath?
    package var retries = RetryPolicy()
    package var connectTimeout = Duration.seconds(10)
    /// How long a connection may be silent.
    package var idleTimeout = Duration.seconds(30)
    /// How long an answer may take up to its first byte.
    package var answerTimeout = Duration.seconds(60)
    /// The slowest transfer that is waited for.
    package var lowestRate = LowestRate()

    package init() {}
}
