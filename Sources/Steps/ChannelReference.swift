import BinaryIO
import DeviceFit
import Pipeline
import Registry

/// The builds of the version that a channel currently points to. New builds are compared with them.
struct ChannelReference {
    /// The channel's name.
    let channel: String
    /// The builds by type.
    private let builds: [String: BuildRecord]
    private let registry: ModelRegistry?

    /// - Parameter registry: nil before the first run, when there is nothing to compare with.
    init(_ channel: String, of model: String, in registry: ModelRegistry?) throws {
        (self.channel, self.registry) = (channel, registry)
        let found = try registry?.builds(matching: BuildFilter(model: model, channel: channel)) ?? []
        builds = Dictionary(found.map { ($0.name.type, $0) }) { first, _ in first }
    }

    /// The size of the file, in bytes; nil if the version has no such build.
    func fileBytes(of type: String) -> Int? { builds[type]?.fileBytes }

    /// The build's name; nil if the version has no such build.
    func name(of type: String) -> String? { builds[type].map { "\($0.name)" } }

    /// Estimates the build on the same devices with the same request; nil if that is not possible.
    func estimates(of type: String, on devices: [Device], _ request: FitRequest, by estimator: FitEstimator) throws
        -> [FitEstimate]?
    {
        guard let profile = builds[type].flatMap({ ModelProfile(stored: $0.facts.profile) }) else { return nil }
        return try devices.map { try estimator.estimate(profile, on: $0, request) }
    }

    /// Returns the latest value of a metric on the same text with the same windows.
    func value(of metric: String, of type: String, text: SHA256Digest, context: Int) throws -> Double? {
        guard let build = builds[type] else { return nil }
        return try registry?.measurements(of: build.digest)
            .last { $0.metric == metric && $0.textDigest == text && $0.context == context }?.value
    }
}
