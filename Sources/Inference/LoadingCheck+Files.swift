import GGUF

extension LoadingCheck {
    /// Refuses what is no model, and a model that no engine can load.
    /// - Throws: `GGUFError`, `InferenceError`.
    public static func requireModel(_ file: GGUFFile) throws {
        try file.reading { try $0.requireModel() }
        try require(file)
    }
}

extension GGUFHeader {
    /// Why no engine can load the file, as a sentence with what to do; nil where nothing is known against it.
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
