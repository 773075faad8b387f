import BinaryIO
import DeviceFit

extension BuildQuery {
    /// The target that a build is judged on: devices, or a budget on a platform.
    enum Target {
        case devices([Device], FitEstimator)
        case budget(ByteSize, Platform, FitEstimator)

        /// The memory limit of each device, or of the budget.
        var limits: [MemoryLimit] {
            switch self {
            case .devices(let devices, _): devices.map { MemoryLimit($0) }
            case .budget(let ram, _, _): [MemoryLimit(budget: ram)]
            }
        }

        var deviceIDs: [String] {
            switch self {
            case .devices(let devices, _): devices.map(\.id)
            case .budget: []
            }
        }

        /// The names of the devices; a budget has no name.
        var names: [String?] {
            switch self {
            case .devices(let devices, _): devices.map(\.name)
            case .budget: [nil]
            }
        }

        /// The devices by whose speed a shape is judged.
        var timed: [Device] {
            switch self {
            case .devices(let devices, _): devices
            case .budget(let ram, let platform, let estimator): estimator.representatives(of: ram, platform)
            }
        }

        /// Estimates a shape: on each device, with measurements in place of estimates, or within the budget.
        func estimates(
            _ profile: ModelProfile,
            _ request: FitRequest,
            measured: [String: [DeviceMeasurement]]
        ) throws -> [FitEstimate] {
            switch self {
            case .devices(let devices, let estimator):
                try devices.map { device in
                    try estimator.estimate(profile, on: device, request).replacing(with: measured[device.id] ?? [])
                }
            case .budget(let ram, let platform, let estimator):
                [try estimator.estimate(profile, budget: ram, platform: platform, request)]
            }
        }

        /// Returns whether a shape fits, on each device or within the budget: only the verdicts of `estimates`.
        func verdicts(_ profile: ModelProfile, _ request: FitRequest) throws -> [FitVerdict] {
            switch self {
            case .devices(let devices, _):
                try devices.map { try FitEstimator.verdict(profile, on: $0, request) }
            case .budget(let ram, let platform, _):
                [try FitEstimator.verdict(profile, budget: ram, platform: platform, request)]
            }
        }

        /// The size in bytes above which a file fits nowhere: every estimate counts all of the weights, and the rest of
        /// a file is its names and vocabulary, which never exceed a quarter of a gigabyte.
        var mostFileBytes: Int {
            min(limits.map(\.mostBytes).min() ?? .max, .max >> 1) + (1 << 28)
        }
    }

    /// The default element type of llama.cpp's key-value cache.
    static let usualCache = "f16"

    /// Returns the settings that a model runs with, by default where the query has none.
    func fitRequest(for profile: ModelProfile) -> FitRequest {
        var request = FitRequest(for: profile, context: context, kvType: kvType ?? Self.usualCache)
        if takesImages { request.projectorBytes = profile.projector?.memoryBytes }
        return request
    }

    /// Whether more than memory decides what fits.
    var wantsSpeed: Bool { minSpeed != nil || minSustainedSpeed != nil || maxBattery != nil }

    /// The settings that select a phone, in words.
    private static var phone: String {
        "\(setting: "device"), or \(setting: "ram") with \(setting: "platform")"
    }

    /// The names of the given settings that select builds.
    var filters: [String] {
        let given: [(String, Bool)] = [
            ("model", model != nil), ("max-size", maxSize != nil), ("min-speed", minSpeed != nil),
            ("min-sustained-speed", minSustainedSpeed != nil), ("max-battery", maxBattery != nil),
            ("license", license != nil), ("channel", channel != nil), ("kind", kind != nil), ("tag", !tags.isEmpty),
        ]
        return given.filter(\.1).map(\.0)
    }

    /// - Throws: `DeviceFitError` for unknown devices and values out of range; `AnswersError.badRequest` for settings
    ///   that would have no effect.
    func target(among catalogue: DeviceCatalogue) throws -> Target? {
        try FitRequest(context: context ?? 4096, kvType: kvType ?? Self.usualCache).validated()
        let estimator = FitEstimator(catalogue: catalogue)
        let found = try catalogue.devices(devices, running: system)
        if !found.isEmpty {
            if let platform, let other = found.first(where: { $0.platform != platform }) {
                throw AnswersError.badRequest(
                    "\(other.name) runs \(other.platform.rawValue), not \(platform.rawValue). Leave \(setting: "platform") out."
                )
            }
            return .devices(found.map { $0.limited(to: ram) }, estimator)
        }
        guard let ram else {
            guard platform == nil else {
                throw AnswersError.badRequest(
                    "\(setting: "platform") needs \(setting: "ram"), the memory that your app may use, or \(setting: "device") "
                        + "instead of both."
                )
            }
            let unjudged = [
                ("min-speed", minSpeed), ("min-sustained-speed", minSustainedSpeed), ("max-battery", maxBattery),
            ]
            if let name = unjudged.first(where: { $0.1 != nil })?.0 {
                throw AnswersError.badRequest(
                    "\(setting: name) needs \(Self.phone): speeds are a phone's."
                )
            }
            guard kvType == nil else {
                throw AnswersError.badRequest(
                    "\(setting: "kv-type") needs \(Self.phone): it changes the memory that a phone needs."
                )
            }
            return nil
        }
        guard let platform else {
            throw AnswersError.badRequest(
                "\(setting: "ram") needs \(setting: "platform", "android") or \(setting: "platform", "ios"): what counts "
                    + "differs."
            )
        }
        return .budget(ram, platform, estimator)
    }
}
