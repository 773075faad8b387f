import SystemPackage

/// What a step leaves to those after it; kept in the step cache.
public enum StepProduct: Codable, Sendable {
    case files([BuildFile])
    case matrix(MatrixFile)
    case evaluations([EvaluatedBuild])
    case fits([FittedBuild])
    case registrations([RegisteredBuild])

    /// Names of what was made, for reports.
    public var outputs: [String] {
        switch self {
        case .files(let files): files.map { $0.path.string }
        case .matrix(let matrix): [matrix.path.string]
        case .evaluations(let builds): builds.map { $0.type }
        case .fits(let builds): builds.map { $0.type }
        case .registrations(let builds): builds.map { $0.name }
        }
    }

    var files: [BuildFile]? { if case .files(let files) = self { files } else { nil } }

    var matrix: MatrixFile? { if case .matrix(let matrix) = self { matrix } else { nil } }

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
        switch self {
        case .files(var files):
            for index in files.indices { files[index].path = transform(files[index].path) }
            return .files(files)
        case .matrix(var matrix):
            matrix.path = transform(matrix.path)
            return .matrix(matrix)
        case .evaluations, .fits, .registrations: return self
        }
    }

    /// Whether what the product speaks of is still there.
    var isIntact: Bool { files?.allSatisfy { $0.isIntact } ?? matrix?.isIntact ?? true }
}
