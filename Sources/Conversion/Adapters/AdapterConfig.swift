import BinaryIO

/// The contents of `adapter_config.json`: the strength of each module's update. Settings that change a model in a way
/// that cannot be merged are rejected, because ignoring them would give a different model.
///
/// Source: PEFT's `LoraConfig`.
struct AdapterConfig {
    static let file = "adapter_config.json"

    /// Initializations that leave the base model's weights unchanged.
    private static let plainInitials: Set<String> = ["gaussian", "eva", "orthogonal"]
    private static let unmerged = [
        "alora_invocation_tokens", "layer_replication", "target_parameters", "trainable_token_indices",
    ]

    let alpha: Double
    let usesMagnitudes: Bool
    private let scalesByRoot: Bool
    private let alphas: [(pattern: Regex<AnyRegexOutput>, alpha: Double)]

    /// - Throws: `ConversionProblem`.
    init(_ json: JSONValue) throws {
        let kind = json["peft_type"]?.string ?? "LORA"
        guard kind == "LORA" else {
            throw ConversionProblem.unsupportedAdapter("it is of the kind '\(kind)', not LORA")
        }
        for key in Self.unmerged {
            guard let value = json[key], !value.isNull, value.array?.isEmpty != true,
                value.object?.members.isEmpty != true
            else { continue }
            throw ConversionProblem.unsupportedAdapter("it uses '\(key)'")
        }
        if let initial = json["init_lora_weights"]?.string, !Self.plainInitials.contains(initial) {
            throw ConversionProblem.unsupportedAdapter(
                "'\(initial)' changed the base model's weights when training began"
            )
        }
        guard let alpha = json["lora_alpha"]?.double, alpha.isFinite else {
            throw ConversionProblem.missingKey(file: Self.file, key: "lora_alpha")
        }
        // Merging it would have no effect, and in an adapter file llama.cpp treats zero as a missing strength.
        guard alpha != 0 else {
            throw ConversionProblem.invalidValue(file: Self.file, key: "lora_alpha", expected: "a number other than 0")
        }
        self.alpha = alpha
        usesMagnitudes = json["use_dora"]?.bool ?? false
        scalesByRoot = json["use_rslora"]?.bool ?? false
        alphas = try (json["alpha_pattern"]?.object?.members ?? []).map { key, value in
            guard let alpha = value.double, alpha.isFinite, let pattern = try? Regex("(.*\\.)?(\(key))") else {
                throw ConversionProblem.invalidValue(
                    file: Self.file,
                    key: "alpha_pattern",
                    expected: "regular expressions with a number for each"
                )
            }
            return (pattern, alpha)
        }
    }

    /// The factor of a module's update.
    func strength(of module: String, rank: Int) -> Double {
        let alpha = alphas.first { module.wholeMatch(of: $0.pattern) != nil }?.alpha ?? alpha
        return alpha / (scalesByRoot ? Double(rank).squareRoot() : Double(rank))
    }
}
