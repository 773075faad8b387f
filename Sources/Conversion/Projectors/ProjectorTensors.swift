import GGUF
import Safetensors
import Tensors

/// The tensors of a projector's file, in the checkpoint's order.
struct ProjectorTensors {
    private let family: any ProjectorFamily
    private let type: ConvertedType
    private(set) var tensors: [ConversionPlan.Tensor] = []
    /// The checkpoint's tensor for each output, by the output's name.
    private var sources: [String: SafetensorsTensor] = [:]

    /// - Throws: `ConversionProblem`.
    init(_ checkpoint: SafetensorsCheckpoint, _ family: any ProjectorFamily, as type: ConvertedType) throws {
        self.family = family
        self.type = type
        for entry in checkpoint.entries {
            for output in try family.outputs(of: entry.tensor) { try add(output, of: entry) }
        }
        try check()
    }

    private mutating func add(_ output: ProjectorOutput, of entry: SafetensorsCheckpoint.Entry) throws {
        let source = entry.tensor
        // Scales of quantized weights are not supported here, because quantizers leave the towers alone.
        guard [.f64, .f32, .f16, .bf16].contains(source.type) else {
            throw ConversionProblem.unsupportedElementType(tensor: source.name, type: source.type.rawValue)
        }
        guard let shape = TensorShape(output.dimensions.reversed()), shape.elementCount > 0,
            (1...4).contains(output.dimensions.count)
        else {
            throw ConversionProblem.wrongShape(
                tensor: source.name,
                found: source.shape,
                expected: "one to four dimensions of 1 or more"
            )
        }
        guard sources.updateValue(source, forKey: output.name) == nil else {
            throw ConversionProblem.unknownTensor("\(source.name)' beside another '\(output.name)")
        }
        let wanted = tensorType(of: output)
        let fits = shape.rowLength.isMultiple(of: wanted.block.elements)
        guard let target = GGUFTensor(name: output.name, type: fits ? wanted : .f16, shape: shape) else {
            throw ConversionProblem.wrongShape(tensor: source.name, found: source.shape, expected: "a smaller tensor")
        }
        let part = ConversionPlan.Tensor.Part(entry: entry, scale: nil, updates: [])
        tensors.append(.init(source: .checkpoint([part], output.edit), target: target))
    }

    /// The type of an output. Vectors, norms and positions stay in single precision; patch embeddings keep a type that
    /// engines can convolve with.
    private func tensorType(of output: ProjectorOutput) -> TensorType {
        let name = output.name
        if output.dimensions.count == 1 || name.hasSuffix("_norm.weight") || output.storage == .single { return .f32 }
        if output.storage == .half { return .f16 }
        if name.contains(".patch_embd.weight") { return type == .f16 ? .f16 : .f32 }
        if name.hasSuffix("position_embd.weight") || !name.hasSuffix(".weight") { return .f32 }
        return type.tensorType
    }

    // MARK: Completeness

    private func check() throws {
        let shapes = Dictionary(uniqueKeysWithValues: tensors.map { ($0.target.name, $0.target.shape.dimensions) })
        for (name, expected) in try family.required.sorted(by: { $0.key < $1.key }) {
            guard let found = shapes[name] else { throw ConversionProblem.missingProjectorTensor(name) }
            try require(name, found, expected)
        }
        for tower in try family.towers { try check(tower, shapes) }
    }

    private func require(_ name: String, _ found: [Int], _ expected: [Int?]) throws {
        let fits = found.count == expected.count && zip(found, expected).allSatisfy { $1 == nil || $0 == $1 }
        guard !fits, let source = sources[name] else { return }
        let wanted = expected.map { $0.map(String.init) ?? "any" }.joined(separator: " x ")
        throw ConversionProblem.wrongShape(
            tensor: source.name,
            found: source.shape,
            expected: "\(wanted) elements, fastest first, by config.json"
        )
    }

    /// Checks that all layers in config.json exist, each with the tensors of the first layer and the widths in
    /// config.json.
    private func check(_ tower: Tower, _ shapes: [String: [Int]]) throws {
        var layers: [Int: Set<Substring>] = [:]
        for name in shapes.keys where name.hasPrefix(tower.prefix + ".") {
            let parts = name.dropFirst(tower.prefix.count + 1).split(separator: ".", maxSplits: 1)
            if parts.count == 2, let index = Int(parts[0]) { layers[index, default: []].insert(parts[1]) }
        }
        for index in 0..<tower.layerCount {
            guard let names = layers[index] else { throw ConversionProblem.missingLayerTensors(layer: index) }
            let first = layers[0] ?? names
            if let missing = first.union(tower.needed).subtracting(names).min() {
                throw ConversionProblem.missingProjectorTensor("\(tower.prefix).\(index).\(missing)")
            }
            guard names.contains("attn_qkv.weight") || names.contains("attn_q.weight") else {
                throw ConversionProblem.missingProjectorTensor("\(tower.prefix).\(index).attn_q.weight")
            }
            for name in names {
                let full = "\(tower.prefix).\(index).\(name)"
                guard let expected = tower.shape(of: name), let found = shapes[full] else { continue }
                try require(full, found, expected)
            }
        }
    }
}

extension Tower {
    /// The tensors that every layer must have.
    fileprivate var needed: Set<Substring> {
        Set((["attn_out", "ffn_down", "ffn_up"] + norms).map { "\($0).weight" })
    }

    /// The shape of a layer's tensor from config.json's widths, in GGUF's order; nil if they do not determine it.
    fileprivate func shape(of name: Substring) -> [Int?]? {
        switch name {
        case "attn_q.weight", "attn_k.weight", "attn_v.weight": [width, nil]
        case "attn_qkv.weight": [width, 3 * width]
        case "attn_out.weight": [nil, width]
        case "ffn_up.weight", "ffn_gate.weight": [width, innerWidth]
        case "ffn_down.weight": [innerWidth, width]
        case "ln1.weight", "ln1.bias", "ln2.weight", "ln2.bias": [width]
        default: nil
        }
    }
}
