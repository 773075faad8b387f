/// Names of what predicts further tokens (MTP): layers behind the model's own, and what joins them to it.
enum PredictorNames {
    private static let prefixes = ["mtp.", "model.mtp."]
    /// Modules outside of the layers, and what GGUF's names for them begin from.
    private static let joints = [
        "fc": "nextn.eh_proj", "pre_fc_norm_embedding": "nextn.enorm", "pre_fc_norm_hidden": "nextn.hnorm",
        "norm": "nextn.shared_head_norm",
    ]

    /// Whose layer a tensor belongs to.
    enum Place: Equatable {
        /// A layer's tensor by its name inside of the layer.
        case layer(Int, String)
        /// A tensor of the first layer by GGUF's name of it.
        case joint(String)
    }

    /// - Returns: nil for a tensor of the model's own.
    static func place(of name: String) -> Place? {
        guard let prefix = prefixes.first(where: name.hasPrefix) else { return nil }
        let rest = name.dropFirst(prefix.count)
        let parts = rest.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        if parts.count == 3, parts[0] == "layers", let layer = Int(parts[1]), (0..<64).contains(layer) {
            return .layer(layer, parts[2])
        }
        guard parts.count == 2, let joint = joints[parts[0]] else { return nil }
        return .joint("\(joint).\(parts[1])")
    }

    /// How many layers there are.
    static func layerCount(_ names: some Sequence<String>) -> Int {
        names.reduce(0) { count, name in
            if case .layer(let layer, _)? = place(of: name) { max(count, layer + 1) } else { count }
        }
    }
}
