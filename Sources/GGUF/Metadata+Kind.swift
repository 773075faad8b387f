extension Metadata {
    /// Refuses files that hold something else than a model, before a key is missed in them that they never have.
    /// - Throws: `GGUFProblem.notModel`.
    public func requireModel() throws {
        let kind = try string("general.type") ?? "model"
        let what: String? =
            switch kind {
            case "adapter": "a LoRA adapter, which engines load beside a model"
            case "mmproj": "the part of a model that sees or hears (mmproj)"
            case "imatrix": "an importance matrix"
            case "vocab": "a vocabulary without weights"
            default:
                try string("general.architecture") == "clip" ? "the part of a model that sees or hears (mmproj)" : nil
            }
        if let what { throw GGUFProblem.notModel(what) }
    }
}
