import BlockFormats
import GGUF
import Safetensors
import Tensors

/// Determines the shape and type of the output for each tensor of the checkpoint.
struct PlannedTensors {
    let folder: HuggingFaceFolder
    let family: any ModelFamily
    let type: ConvertedType
    let scales: WeightScales
    let matrices: PackedMatrices
    let adapters: [LowRankAdapter]
    /// The number of rows of matrices with a row for each token; nil leaves them unchanged.
    let tokenRows: Int?

    /// Endings of the names of matrices that engines read in single precision.
    private static let preciseMatrices = [
        ".altup_correct_coef.weight", ".altup_predict_coef.weight", ".ffn_gate_inp.weight",
        ".ffn_gate_inp_shexp.weight", ".shortconv.conv.weight", ".ssm_conv1d.weight",
        "position_embd.weight", "token_types.weight", "_norm.weight",
    ]

    /// Whether a tensor is kept in single precision for any requested type.
    static func staysPrecise(_ name: String, _ dimensionCount: Int) -> Bool {
        dimensionCount <= 1 || !name.hasSuffix(".weight") || preciseMatrices.contains(where: name.hasSuffix)
    }

    /// - Parameters:
    ///   - parts: one tensor of the checkpoint, or several to stack.
    ///   - name: the name in the output.
    func tensor(
        _ parts: [TensorStacks.Part],
        _ name: String,
        _ edit: TensorEdit
    ) throws -> ConversionPlan.Tensor {
        let parts = try parts.map { TensorStacks.Part(entry: try replaced($0), name: $0.name) }
        let source = parts[0].entry.tensor
        guard WeightDecoder.reads(source.type) else {
            throw ConversionProblem.unsupportedElementType(tensor: source.name, type: source.type.rawValue)
        }
        for part in parts.map(\.entry.tensor) where part.shape != source.shape || part.type != source.type {
            throw ConversionProblem.wrongShape(
                tensor: part.name,
                found: part.shape,
                expected: "\(source.shape) of \(source.type.rawValue), as its like has it,"
            )
        }
        var dimensions = try Self.dimensions(of: source, edit)
        if dimensions.count == 2 {
            dimensions[0] = try family.keptRows(of: parts[0].name, dimensions[0], in: folder)
        }
        let tokenRows = VocabularySize.holdsTokens(name) ? tokenRows : nil
        if let tokenRows { dimensions[0] = tokenRows }
        if parts.count > 1 { dimensions.insert(parts.count, at: 0) }
        guard let shape = TensorShape(dimensions.reversed()), shape.elementCount > 0, dimensions.count <= 4 else {
            throw Self.unexpected(source, "one to four dimensions of 1 or more")
        }
        if let expected = try WidthCheck(family.config).problem(of: name, shape) {
            throw Self.unexpected(source, expected)
        }
        // Vectors, norms and biases stay in single precision; rows that the type's blocks do not divide get half
        // precision.
        let wanted = Self.staysPrecise(name, dimensions.count) ? TensorType.f32 : type.tensorType
        let fits = shape.rowLength.isMultiple(of: wanted.block.elements)
        guard let target = GGUFTensor(name: name, type: fits ? wanted : .f16, shape: shape) else {
            throw Self.unexpected(source, "a smaller tensor")
        }
        let changed = try parts.map { entry, name in
            let packed = matrices[entry.tensor.name]
            let scale = packed == nil ? try scales.scale(of: entry.tensor) : nil
            guard entry.tensor.type != .i8 || scale != nil else {
                throw ConversionProblem.unsupportedElementType(tensor: entry.tensor.name, type: "I8 without a scale")
            }
            // The updates were checked against the weights when the adapters were checked.
            let updates = adapters.compactMap { $0.updates[name] }
            let isShort = tokenRows.map { $0 > entry.tensor.shape[0] } ?? false
            guard !isShort || (scale == nil && packed == nil) else {
                throw ConversionProblem.unsupportedElementType(tensor: entry.tensor.name, type: "quantized numbers")
            }
            return ConversionPlan.Tensor.Part(
                entry: entry,
                scale: scale,
                updates: updates,
                packed: packed,
                filler: isShort && entry.tensor.shape.count == 2 ? MeanRow(entry, updates) : nil
            )
        }
        var isTurned = edit.order == .transposed
        if case .transposedStack = edit.order { isTurned = true }
        guard !isTurned || changed.allSatisfy({ $0.scale == nil && $0.packed == nil }) else {
            throw ConversionProblem.unsupportedElementType(tensor: source.name, type: source.type.rawValue)
        }
        return .init(source: .checkpoint(changed, edit), target: target)
    }

    /// The tensor, or its replacement by the last adapter that has one.
    private func replaced(_ part: TensorStacks.Part) throws -> SafetensorsCheckpoint.Entry {
        let others = adapters.compactMap { $0.replacements[part.name] }
        guard others.count < 2 else {
            throw ConversionProblem.unsupportedAdapter("another adapter replaces '\(part.name)' too")
        }
        return others.first ?? part.entry
    }

    /// The dimensions after the edit, slowest first.
    static func dimensions(of source: SafetensorsTensor, _ edit: TensorEdit) throws -> [Int] {
        var dimensions = source.shape
        if edit.dropsMiddleDimension {
            guard dimensions.count == 3, dimensions[1] == 1 else {
                throw unexpected(source, "three dimensions, the middle one 1,")
            }
            dimensions.remove(at: 1)
        }
        if let cut = edit.cut {
            guard dimensions.count == 1 else { throw unexpected(source, "one dimension") }
            switch cut {
            case .elements: dimensions.append(1)
            case .rows(let count):
                guard dimensions[0].isMultiple(of: count) else {
                    throw unexpected(source, "a multiple of \(count) elements")
                }
                dimensions = [count, dimensions[0] / count]
            }
        }
        try edit.order.check(dimensions, of: source)
        if let columns = edit.columns, dimensions.last != columns.count {
            throw unexpected(source, "rows of \(columns.count) elements")
        }
        switch edit.order {
        case .unchanged, .interleavedHalves, .planes, .tiled: break
        case .picked(let rows): dimensions[0] = rows.count
        case .half, .alternating: dimensions[1] /= 2
        case .transposed: dimensions.reverse()
        case .transposedStack(let columns):
            dimensions = [dimensions[0], columns.count(of: dimensions[2]), dimensions[1]]
        }
        return dimensions
    }

    private static func unexpected(_ tensor: SafetensorsTensor, _ expected: String) -> ConversionProblem {
        .wrongShape(tensor: tensor.name, found: tensor.shape, expected: expected)
    }
}
