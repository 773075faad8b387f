import SystemPackage

/// Why a model's metadata cannot be used.
public enum ShapeProblem: Error, Equatable, Sendable {
    /// An architecture that this program does not run.
    case unsupportedArchitecture(String)
    /// A value that this program does not support.
    case unsupportedValue(key: String, value: String)
    /// A value that no model has.
    case badValue(key: String, value: String, expected: String)

    /// The problem in words, ending with what to do about it.
    public var explanation: String {
        switch self {
        case .unsupportedArchitecture(let name):
            "the architecture '\(name)' is not supported; known are "
                + "\(Architecture.namesInFull.joined(separator: ", ")). Choose a model of one of these."
        case .unsupportedValue(let key, let value):
            "the model asks for \(key) = \(value), which this engine does not compute. Use another model."
        case .badValue(let key, let value, let expected):
            "the metadata key '\(key)' is \(value); \(expected) expected. The file is damaged; convert the model again."
        }
    }
}

/// A problem with a model's metadata, and its file.
public struct ShapeError: Error, CustomStringConvertible, Sendable {
    /// The file.
    public let path: FilePath
    /// What is wrong with it.
    public let problem: ShapeProblem

    /// The path and the problem in words.
    public var description: String { "\(path): \(problem.explanation)" }
}
