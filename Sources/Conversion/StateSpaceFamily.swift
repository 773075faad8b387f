import GGUF

/// A family with state spaces (Mamba 2), whose settings have Mamba's own names or begin with "mamba".
protocol StateSpaceFamily: ModelFamily {
    /// The name of the state space in a layer.
    static var stateModule: String { get }
}

extension StateSpaceFamily {
    /// GGUF's names of the state space's matrices by Hugging Face's names.
    static var stateNames: [String: String] {
        let names = ["in_proj": "ssm_in", "conv1d": "ssm_conv1d", "norm": "ssm_norm", "out_proj": "ssm_out"]
        return Dictionary(uniqueKeysWithValues: names.map { ("\(stateModule).\($0)", $1) })
    }

    /// The use of a state space's tensors other than matrices; nil for other tensors.
    func useOfState(_ rest: String, layer: Int) throws -> TensorUse? {
        let edited: (name: String, edit: TensorEdit)
        switch rest {
        case Self.stateModule + ".A_log": edited = ("ssm_a", TensorEdit(negatesExponential: true, cut: .elements))
        case Self.stateModule + ".D": edited = ("ssm_d", TensorEdit(cut: .elements))
        case Self.stateModule + ".dt_bias": edited = ("ssm_dt.bias", TensorEdit())
        default: return nil
        }
        return .tensors([.init(name: "blk.\(layer).\(edited.name)", edit: edited.edit)])
    }

    /// The edit of a state space's matrices; nil for other tensors.
    func editOfState(_ name: String) throws -> TensorEdit? {
        if name.hasSuffix(".\(Self.stateModule).conv1d.weight") { return TensorEdit(dropsMiddleDimension: true) }
        if name.hasSuffix(".\(Self.stateModule).norm.weight") {
            return TensorEdit(cut: .rows(try config.requiredCount(Self.groupKeys)))
        }
        return nil
    }

    private static var groupKeys: [String] { ["n_groups", "num_groups", "mamba_n_groups", "mamba_num_groups"] }

    /// Writes the keys that describe states, in the order of the hybrid families.
    func writeStates(innerSize: Int, to metadata: inout Metadata) throws {
        func set(_ key: String, _ value: Int) {
            metadata.set("\(Self.ggufName).ssm.\(key)", .uint32(UInt32(clamping: value)))
        }
        set(
            "conv_kernel",
            try config.requiredInteger("conv_kernel", "d_conv", "mamba_conv_kernel", "mamba_d_conv")
        )
        set(
            "state_size",
            try config.requiredInteger(
                "state_size",
                "d_state",
                "state_dim",
                "ssm_state_size",
                "mamba_state_size",
                "mamba_d_state"
            )
        )
        set("group_count", try config.requiredCount(Self.groupKeys))
        set("inner_size", innerSize)
        set("time_step_rank", try config.requiredInteger("n_heads", "num_heads", "mamba_n_heads", "mamba_num_heads"))
    }

    /// Writes a byte-level vocabulary, padded to a multiple of eight tokens.
    func writePaddedVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        let files = try TokenizerFiles(folder)
        let vocabulary = try ByteLevelVocabulary(files, options: options, familyName: Self.preTokenizer, multiple: 8)
        try vocabulary.write(of: files, to: &metadata)
    }
}
