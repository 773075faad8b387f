extension Metadata {
    /// Whether the file is a projector: the part of a model that sees or hears, which engines load beside the language
    /// model.
    /// - Throws: `GGUFProblem.wrongValueType`.
    public var isProjector: Bool {
        get throws { try string("general.type") == "mmproj" || string("general.architecture") == "clip" }
    }

    /// Rejects files that are not models, before a missing key is reported that such files never have.
    /// - Throws: `GGUFProblem.notModel`.
    public func requireModel() throws {
        let kind = try string("general.type") ?? "model"
        let what: String? =
            switch kind {
            case "adapter": "a LoRA adapter, which engines load beside a model"
            case _ where try isProjector: "the part of a model that sees or hears (mmproj)"
            case "imatrix": "an importance matrix"
            case "vocab": "a vocabulary without weights"
            default: nil
            }
        if let what { throw GGUFProblem.notModel(what) }
    }
}
