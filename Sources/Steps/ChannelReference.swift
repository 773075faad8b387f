import BinaryIO
import DeviceFit
import Pipeline
import Registry

/// The builds of the version that a channel points to now, which new ones are held against.
struct ChannelReference {
    /// The channel's name.
    let channel: String
    /// By type.
    private let builds: [String: BuildRecord]
    private let registry: ModelRegistry?

    /// - Parameter registry: nil before the first run; then there is nothing to hold against.
    init(_ channel: String, of model: String, in registry: ModelRegistry?) throws {
        (self.channel, self.registry) = (channel, registry)
        let found = try registry?.builds(matching: BuildFilter(model: model, channel: channel)) ?? []
        builds = Dictionary(found.map { ($0.name.type, $0) }) { first, _ in first }
    }

    /// Of the file, in bytes; nil where the version has no such build.
    func fileBytes(of type: String) -> Int? { builds[type]?.fileBytes }

    /// The build's name; nil where the version has no such build.
    func name(of type: String) -> String? { builds[type].map { "\($0.name)" } }

    /// What to expect of the build on the same devices and with the same request; nil where that cannot be told.
    func estimates(of type: String, on devices: [Device], _ request: FitRequest, by estimator: FitEstimator) throws
        -> [FitEstimate]?
    {
        guard let profile = builds[type].flatMap({ ModelProfile(stored: $0.facts.profile) }) else { return nil }
        return try devices.map { try estimator.estimate(profile, on: $0, request) }
    }

    /// The latest value of a metric on the same text, read in the same windows.
    func value(of metric: String, of type: String, text: SHA256Digest, context: Int) throws -> Double? {
        guard let build = builds[type] else { return nil }
        return try registry?.measurements(of: build.digest)
            .last { $0.metric == metric && $0.textDigest == text && $0.context == context }?.value
    }
}
