import SystemPackage

/// What a step leaves to those after it; kept in the step cache.
public enum StepProduct: Codable, Sendable {
    case files([BuildFile])
    case evaluations([EvaluatedBuild])
    case fits([FittedBuild])
    case registrations([RegisteredBuild])

    /// Names of what was made, for reports.
    public var outputs: [String] {
        switch self {
        case .files(let files): files.map { $0.path.string }
        case .evaluations(let builds): builds.map { $0.type }
        case .fits(let builds): builds.map { $0.type }
        case .registrations(let builds): builds.map { $0.name }
        }
    }

    var files: [BuildFile]? { if case .files(let files) = self { files } else { nil } }

    /// How its files came out, where they are quantizations.
    var quantizations: [RunReport.Quantization]? {
        files?.map { file in
            RunReport.Quantization(
                type: file.type,
                bitsPerWeight: file.bitsPerWeight,
                relativeError: file.relativeError,
                fallbacks: file.fallbacks,
                errors: file.errors
            )
        }
    }

    /// The same product with its files under other paths.
    func mapFiles(_ transform: (FilePath) -> FilePath) -> StepProduct {
        guard let files else { return self }
        return .files(
            files.map { file in
                var file = file
                file.path = transform(file.path)
                return file
            }
        )
    }

    /// Whether what the product speaks of is still there.
    var isIntact: Bool { files?.allSatisfy { $0.isIntact } ?? true }
}
