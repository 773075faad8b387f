import GGUF

extension LoadingCheck {
    /// Rejects a file that is not a model, and a model that no engine can load.
    /// - Throws: `GGUFError`, `InferenceError`.
    public static func requireModel(_ file: GGUFFile) throws {
        try file.reading { try $0.requireModel() }
        try require(file)
    }
}

extension GGUFHeader {
    /// The reason why no engine can load the file, as a sentence with what to do; nil if no problem is known.
    public var loadingProblem: String? {
        do {
            try metadata.requireModel()
        } catch let problem as GGUFProblem {
            return problem.explanation
        } catch {
            return nil
        }
        return LoadingCheck.problem(of: metadata, tensors).map { InferenceProblem.cannotLoad($0).explanation }
    }
}
