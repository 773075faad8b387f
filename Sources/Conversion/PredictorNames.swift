/// The names of layers that predict further tokens (MTP), after the model's own layers, and of the modules that connect
/// them.
enum PredictorNames {
    private static let prefixes = ["mtp.", "model.mtp."]
    /// Modules outside of the layers, with the prefixes of GGUF's names for them.
    private static let joints = [
        "fc": "nextn.eh_proj", "pre_fc_norm_embedding": "nextn.enorm", "pre_fc_norm_hidden": "nextn.hnorm",
        "norm": "nextn.shared_head_norm",
    ]

    /// The layer of a tensor.
    enum Place: Equatable {
        /// A layer's tensor, by its name inside the layer.
        case layer(Int, String)
        /// A tensor of the first layer, by GGUF's name.
        case joint(String)
    }

    /// - Returns: nil for a tensor of the main model.
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

    /// The number of these layers.
    static func layerCount(_ names: some Sequence<String>) -> Int {
        names.reduce(0) { count, name in
            if case .layer(let layer, _)? = place(of: name) { max(count, layer + 1) } else { count }
        }
    }
}
