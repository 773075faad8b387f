import BinaryIO
import SystemPackage

/// Why no recipe could be made.
public enum RecipeError: Error, Equatable, Sendable, CustomStringConvertible {
    case tooSmall(bytes: Int, smallest: Int, ladder: String)
    case tooLarge(bytes: Int, largest: Int, ladder: String)
    case tooSlow(milliseconds: Double, fastest: Double)
    case tableOfAnotherModel(tensor: String)
    case factorsOfAnotherModel(tensor: String, path: FilePath?)
    case notFinite(tensor: String)
    case nothingToChoose

    /// A message with the figures that ends with what to do.
    public var description: String {
        switch self {
        case .tooSmall(let bytes, let smallest, let ladder):
            "No build of \(bytes) bytes can be made: the smallest with the ladder '\(ladder)' has \(smallest) bytes. "
                + "Give that size or more\(ladder == "all" ? "" : ", or the ladder 'all'")."
        case .tooLarge(let bytes, let largest, let ladder):
            "\(bytes) bytes are more than any build needs: the largest with the ladder '\(ladder)' has \(largest) bytes. "
                + "Give that size or less, or keep the model as it is."
        case .tooSlow(let milliseconds, let fastest):
            "No build takes \(milliseconds.formatted(3)) ms a token: the fastest takes \(fastest.formatted(3)) ms. "
                + "Ask for fewer tokens a second, or take a smaller model."
        case .tableOfAnotherModel(let tensor):
            "The costs do not know the tensor '\(tensor)'. They belong to another model; compute them from this one."
        case .factorsOfAnotherModel(let tensor, let path):
            (path.map { "\($0): " } ?? "") + "The factors of tensor '\(tensor)' are of another shape. "
                + "They belong to another model; compute them from this one."
        case .notFinite(let tensor):
            "The costs of tensor '\(tensor)' are infinite or not a number. The model's weights are damaged; make the "
                + "file again."
        case .nothingToChoose:
            "The model has no tensor whose type may change. Give one with weight matrices."
        }
    }
}
