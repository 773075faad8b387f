import NIOCore

/// Limits on what clients may request and hold. Each rejection names the limit.
public struct ServerLimits: Sendable {
    /// The longest request line, in bytes; a longer one is answered with 414.
    public var requestLineBytes = 8 << 10
    /// All fields of a head together, in bytes; more is answered with 431.
    public var headerBytes = 16 << 10
    /// The number of fields that a head may have.
    public var headerCount = 100
    /// The longest JSON body, in bytes; a longer one is answered with 413.
    public var jsonBytes = 1 << 20
    /// The longest manifest, in bytes.
    public var manifestBytes = 4 << 20
    /// The longest small blob that is accepted with a build, in bytes.
    public var documentBytes = 16 << 20
    /// The longest chunk of an upload, in bytes.
    public var chunkBytes = 256 << 20
    /// Connections at the same time; further ones are answered with 503.
    public var connections = 1024
    /// Connections of one address at the same time; nil behind a proxy, which connects for many clients.
    public var connectionsPerAddress: Int? = 64
    /// Seconds that a connection may stay open without a request.
    public var idleSeconds = 60
    /// Seconds from the first byte of a head until it must be complete.
    public var headSeconds = 10
    /// Seconds within which a client must read some of its answer.
    public var stallSeconds = 30
    /// Requests that may wait for a thread; further ones are answered with 503.
    public var queuedWork = 512
    /// Seconds that requests in progress have to finish once the server is asked to stop.
    public var shutdownSeconds = 30
    /// Bytes of a blob that are read at a time; a client holds up to three slices.
    public var sliceBytes = 256 << 10
    /// Total size of decoded parts of builds, in bytes.
    public var decodedBytes = 48 << 20
    /// Total size of cached answers, in bytes.
    public var answerBytes = 16 << 20
    /// Uploads at the same time.
    public var uploads = 16
    /// Seconds without activity after which an upload is discarded.
    public var uploadSeconds = 24 * 60 * 60
    /// Bytes that must stay free on the registry's disk.
    public var diskFloorBytes = 1 << 30

    /// The default limits.
    public init() {}
}
