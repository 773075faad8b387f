import DeviceFit
import GGUF
import SystemPackage

/// Memory, speed, heat and battery of each build on phones, from its header alone.
struct FitStage: Stage {
    /// Raised whenever the same builds would be judged otherwise: with new formulas, or a new table of devices.
    static let version = 1

    let builds: [BuildFile]
    let options: FitOptions

    var key: StepKey {
        let inputs = builds.map { ("build.\($0.type)", $0.digest) }
        return StepKey(
            kind: .fit,
            version: Self.version,
            options: [
                "context": "\(options.context)", "kvType": options.kvType,
                "devices": options.devices.isEmpty ? "all" : options.devices.joined(separator: ","),
            ],
            inputs: Dictionary(inputs, uniquingKeysWith: { first, _ in first })
        )
    }

    func run(_ context: StageContext) throws -> StepProduct {
        let catalogue = try Operations.catalogue()
        let devices =
            options.devices.isEmpty ? catalogue.devices : try options.devices.map { try catalogue.device($0) }
        let estimator = FitEstimator(catalogue: catalogue)
        return .fits(
            try builds.enumerated().map { index, build in
                try context.progress(build.type, index + 1, builds.count)
                let profile = try ModelProfile(
                    loadable: try GGUFFile(path: build.path),
                    quantType: build.type.uppercased()
                )
                // A model is never given more context than it was trained for.
                let request = FitRequest(
                    context: min(options.context, profile.contextLength),
                    kvType: options.kvType
                )
                return FittedBuild(
                    type: build.type,
                    digest: build.digest,
                    estimates: try devices.map { try estimator.estimate(profile, on: $0, request) }
                )
            }
        )
    }
}
