import BinaryIO
import DeviceFit
import Foundation
import Registry

/// What a mobile team asks for.
public struct BuildQuery: Sendable {
    /// Memory that the app may use.
    public var ram: ByteSize?
    public var platform: Platform?
    /// A device of the catalogue, by id.
    public var device: String?
    /// Tokens; nil takes 4096, or what the model was trained for where that is less.
    public var context: Int?
    public var kvType = "f16"
    public var model: String?
    public var maxSize: ByteSize?
    /// Tokens a second while generating.
    public var minSpeed: Double?
    public var license: String?
    public var channel: String?

    public init() {}
}

/// The best build, the runners-up, and for every refused one the reasons.
public struct QueryAnswer: Codable, Sendable {
    public struct Refusal: Codable, Sendable {
        public var build: String
        public var reasons: [String]
    }

    public var best: BuildSummary?
    public var alternatives: [BuildSummary]
    public var refused: [Refusal]

    /// `best` is always there: null says that nothing fits, which a missing key would leave open.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(best, forKey: .best)
        try container.encode(alternatives, forKey: .alternatives)
        try container.encode(refused, forKey: .refused)
    }
}

extension BuildQuery {
    private static let defaultContext = 4096

    /// Ranks the registry's builds: of those that fit, the best in bits per byte of the same text first.
    /// - Throws: `RegistryError`, `DeviceFitError` for an unknown device, `PipelineError.badRequest`.
    public func answer(from registry: ModelRegistry) throws -> QueryAnswer {
        let target = try target()
        let filter = BuildFilter(model: model, channel: channel)
        var fitting: [BuildSummary] = []
        var refused: [QueryAnswer.Refusal] = []
        for record in try registry.builds(matching: filter) {
            var summary = try BuildSummary(registry, record)
            var reasons = self.reasons(against: record)
            if let target {
                reasons += try judge(&summary, record, target)
            }
            if reasons.isEmpty {
                fitting.append(summary)
            } else {
                refused.append(.init(build: summary.build, reasons: reasons))
            }
        }
        let ranked = Self.ranked(fitting)
        return QueryAnswer(best: ranked.first, alternatives: Array(ranked.dropFirst()), refused: refused)
    }

    /// What a build is judged by: a device, or a budget on a platform.
    private enum Target {
        case device(Device, FitEstimator)
        case budget(ByteSize, Platform, FitEstimator)
    }

    private func target() throws -> Target? {
        let estimator = FitEstimator(catalogue: try DeviceCatalogue())
        if let device {
            let found = try estimator.catalogue.device(device)
            if let platform, platform != found.platform {
                throw PipelineError.badRequest(
                    "\(found.name) runs \(found.platform.rawValue), not \(platform.rawValue). Leave --platform out."
                )
            }
            return .device(found, estimator)
        }
        guard let ram else {
            guard platform == nil else {
                throw PipelineError.badRequest(
                    "--platform needs --ram, the memory that your app may use, or --device instead of both."
                )
            }
            return nil
        }
        guard let platform else {
            throw PipelineError.badRequest("--ram needs --platform android or --platform ios: what counts differs.")
        }
        return .budget(ram, platform, estimator)
    }

    private func reasons(against record: BuildRecord) -> [String] {
        var reasons: [String] = []
        if let maxSize, record.fileBytes > maxSize.bytes {
            reasons.append("the file has \(ByteSize(bytes: record.fileBytes)), over \(maxSize)")
        }
        if let license, record.facts.license.lowercased() != license.lowercased() {
            reasons.append("its licence is \(record.facts.license), not \(license)")
        }
        return reasons
    }

    /// Estimates the build on the target.
    /// - Returns: what speaks against it.
    private func judge(_ summary: inout BuildSummary, _ record: BuildRecord, _ target: Target) throws -> [String] {
        guard let profile = try? JSONDecoder().decode(ModelProfile.self, from: Data(record.facts.profile.utf8)) else {
            return ["its shape is not in the registry, so that nothing can be estimated; publish it again"]
        }
        if let context, context > profile.contextLength {
            return ["it was trained for \(profile.contextLength) tokens of context; \(context) were asked for"]
        }
        let request = FitRequest(
            context: context ?? min(Self.defaultContext, profile.contextLength),
            kvType: kvType
        )
        let estimate: FitEstimate
        let limitName: String
        switch target {
        case .device(let device, let estimator):
            estimate = try estimator.estimate(profile, on: device, request)
            limitName = "what an app on \(device.name) may use"
        case .budget(let ram, let platform, let estimator):
            estimate = try estimator.estimate(profile, budget: ram, platform: platform, request)
            limitName = "the budget"
        }
        summary.set(estimate)
        var reasons: [String] = []
        if estimate.verdict == .doesNotFit {
            let peak = ByteSize(bytes: estimate.memory.total.mid)
            let limit = ByteSize(bytes: estimate.limitBytes)
            reasons.append("peak \(peak) at context \(request.context) is over \(limit), \(limitName)")
        } else if estimate.verdict == .tight {
            summary.note = "tight: \(estimate.reason)"
        }
        if let minSpeed, estimate.decode.mid < minSpeed {
            reasons.append(
                "about \(estimate.decode.mid.formatted(1)) tokens a second are under \(minSpeed.formatted(1))"
            )
        }
        return reasons
    }

    /// What surely fits comes before what is tight, then quality on the same text, then speed.
    ///
    /// Bits per byte of different texts cannot be compared, so builds measured on the text that most were measured on
    /// come first.
    private static func ranked(_ builds: [BuildSummary]) -> [BuildSummary] {
        let texts = Dictionary(grouping: builds.compactMap { $0.textSha256 }, by: { $0 }).mapValues { $0.count }
        let common = texts.max { ($0.value, "\($0.key)") < ($1.value, "\($1.key)") }?.key
        func rank(_ build: BuildSummary) -> (Int, Int, Double, Double, String) {
            let isComparable = build.textSha256 == common && build.bitsPerByte != nil
            return (
                build.estimate?.verdict == .tight ? 1 : 0, isComparable ? 0 : 1, build.bitsPerByte ?? .infinity,
                -(build.decodeTokensPerSecond ?? 0), build.build
            )
        }
        return builds.sorted { rank($0) < rank($1) }.map { build in
            var build = build
            if build.textSha256 != common || build.bitsPerByte == nil, build.note == nil {
                build.note = "its quality was not measured on the same text as the others'"
            }
            return build
        }
    }
}
