import BinaryIO
import GGUF

/// A family built like BERT: each token attends to all others, and none is predicted.
protocol EncoderFamily: ModelFamily {
    /// Prefixes that tensors' names may have, from modules around the model.
    static var holders: [String] { get }
    /// Prefixes of tensors that are only needed for training.
    static var droppedNames: [String] { get }
    /// The context length, if it differs from the one in config.json.
    func contextLength() throws -> Int?
}

extension EncoderFamily {
    static var readsPooling: Bool { true }

    func contextLength() throws -> Int? { nil }

    /// - Throws: `ConversionProblem.unknownTensor`.
    func use(of name: String) throws -> TensorUse {
        var whole = name
        for holder in Self.holders where whole.hasPrefix(holder) { whole = String(whole.dropFirst(holder.count)) }
        // The first checkpoints used these names for the weights and biases of norms.
        for (old, new) in [(".gamma", ".weight"), (".beta", ".bias")] where whole.hasSuffix(old) {
            whole = whole.dropLast(old.count) + new
        }
        if Self.droppedNames.contains(where: whole.hasPrefix) { return .leftOut }
        guard let dot = whole.lastIndex(of: "."), [".weight", ".bias"].contains(String(whole[dot...])) else {
            throw ConversionProblem.unknownTensor(name)
        }
        let (base, ending) = (String(whole[..<dot]), whole[dot...])
        if base == "classifier" {
            let module = classifierLabels.isEmpty ? "cls" : "cls.output"
            return .tensors([.init(name: module + ending, edit: TensorEdit())])
        }
        if let outside = Self.outsideNames[base] {
            return .tensors([.init(name: outside + ending, edit: try edit(of: whole))])
        }
        let parts = base.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard let place = parts.firstIndex(where: { Int($0) != nil }), let layer = Int(parts[place]),
            (0..<(try config.layerCount)).contains(layer),
            ["encoder.layer", "encoder.layers", "layers"].contains(parts[..<place].joined(separator: ".")),
            let own = Self.layerNames[parts[(place + 1)...].joined(separator: ".")]
        else { throw ConversionProblem.unknownTensor(name) }
        return .tensors([.init(name: "blk.\(layer).\(own)\(ending)", edit: try edit(of: whole))])
    }

    /// The labels of a classifier's scores; empty for the two that transformers makes up if there are none.
    var classifierLabels: [String] {
        guard let labels = config.object("id2label")?.members else {
            let count = config.json["num_labels"]?.integer ?? 2
            return count == 2 || !(1...4096).contains(count) ? [] : (0..<count).map { "LABEL_\($0)" }
        }
        let sorted = labels.sorted { (Int($0.0) ?? 0) < (Int($1.0) ?? 0) }.compactMap { $0.1.string }
        return sorted.count == 2 && sorted[0] == "LABEL_0" ? [] : sorted
    }

    func writeParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        try writeEncoderParameters(to: &metadata, fileType: fileType)
    }

    /// Writes the hyperparameters that all these families share, after the family's purpose.
    func writeEncoderParameters(to metadata: inout Metadata, fileType: UInt32) throws {
        var common = CommonParameters(config, Self.ggufName, fileType: fileType)
        common.assumesOwnKeyHeads = false
        common.contextLength = try contextLength()
        try common.write(to: &metadata)
        metadata.set("\(Self.ggufName).attention.causal", .bool(false))
        config.purpose.write(to: &metadata, prefix: Self.ggufName)
        if let pooling = config.string("classifier_pooling") {
            guard let number = ["cls": UInt32(2), "mean": 1][pooling] else {
                throw ConversionProblem.invalidValue(
                    file: ModelConfig.file,
                    key: "classifier_pooling",
                    expected: "cls or mean, which engines know,"
                )
            }
            metadata.set("\(Self.ggufName).classifier.pooling_type", .uint32(number))
        }
        if !classifierLabels.isEmpty {
            metadata.set("\(Self.ggufName).classifier.output_labels", .array(.string(classifierLabels)))
        }
    }

    /// Writes a WordPiece vocabulary, after the number of token types.
    func writeVocabulary(
        of folder: HuggingFaceFolder,
        to metadata: inout Metadata,
        options: ConversionOptions
    ) throws {
        let files = try TokenizerFiles(folder)
        let types = try config.integer("type_vocab_size") ?? 1
        metadata.set("tokenizer.ggml.token_type_count", .uint32(UInt32(clamping: types)))
        try WordPieceVocabulary(files, options: options).write(of: files, to: &metadata)
    }
}
