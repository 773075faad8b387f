import NIOCore

/// Bounds of what clients may ask for and hold on to. Each refusal says which one was met.
public struct ServerLimits: Sendable {
    /// The longest request line, in bytes; a longer one is answered with 414.
    public var requestLineBytes = 8 << 10
    /// All fields of a head together, in bytes; more is answered with 431.
    public var headerBytes = 16 << 10
    /// How many fields a head may have.
    public var headerCount = 100
    /// The longest body of JSON, in bytes; a longer one is answered with 413.
    public var jsonBytes = 1 << 20
    /// The longest manifest, in bytes.
    public var manifestBytes = 4 << 20
    /// The longest small blob that is taken with a build, in bytes.
    public var documentBytes = 16 << 20
    /// The longest chunk of an upload, in bytes.
    public var chunkBytes = 256 << 20
    /// Connections at a time; further ones are answered with 503.
    public var connections = 1024
    /// Connections of one address at a time; nil for a proxy, which stands for many.
    public var connectionsPerAddress: Int? = 64
    /// Seconds that a connection may be open without a request.
    public var idleSeconds = 60
    /// Seconds in which a head must be complete once it began.
    public var headSeconds = 10
    /// Seconds in which a client must take some of what is sent to it.
    public var stallSeconds = 30
    /// Requests that wait for a thread; further ones are answered with 503.
    public var queuedWork = 512
    /// Seconds in which requests end once the server is asked to stop.
    public var shutdownSeconds = 30
    /// Bytes of a blob that are read at a time; a client holds up to three of these.
    public var sliceBytes = 256 << 10
    /// What decoded parts of builds may take together, in bytes.
    public var decodedBytes = 48 << 20
    /// Answers that are kept, in bytes.
    public var answerBytes = 16 << 20
    /// Uploads at a time.
    public var uploads = 16
    /// Seconds after which an upload that nobody went on with is forgotten.
    public var uploadSeconds = 24 * 60 * 60
    /// Bytes that must stay free on the registry's disk.
    public var diskFloorBytes = 1 << 30

    /// The usual bounds.
    public init() {}
}
