import GGUF
import Tensors

/// Chooses the type of each tensor of a mix. Tensors must come in file order: some rules count those seen before.
///
/// The rules are llama.cpp's `llama_tensor_get_type`; more bits go to what hurts most (value projections, the down
/// projections of some layers, the output) and fewer to the rest.
struct TypeMix {
    let fileType: FileType
    let facts: ModelFacts
    /// Whether there is an importance matrix: some rules are for the lack of one.
    let hasMatrix: Bool
    /// No output tensor: the token embedding serves as one and is treated as one.
    let isTied: Bool
    let valueTensorCount: Int
    private var valuesSeen = 0
    private var downsSeen = 0

    init(_ fileType: FileType, _ facts: ModelFacts, tensors: [GGUFTensor], hasMatrix: Bool = false) {
        self.fileType = fileType
        self.facts = facts
        self.hasMatrix = hasMatrix
        isTied = !tensors.contains { $0.name == "output.weight" }
        valueTensorCount = tensors.count { TensorRole(name: $0.name).carriesValues }
    }

    /// - Throws: `QuantizationProblem` when an expert model has a tensor outside its layers.
    mutating func type(of tensor: GGUFTensor, default type: TensorType) throws -> TensorType {
        let role = TensorRole(name: tensor.name)
        if role == .output || (role == .tokenEmbedding && isTied) {
            return outputType(tensor, type)
        }
        if role.carriesValues {
            defer { valuesSeen += 1 }
            return valueType(type)
        }
        switch role {
        case .attentionK:
            return facts.expertCount == 8 ? .q8_0 : type
        case .ffnDown:
            defer { downsSeen += 1 }
            return try downType(tensor, type)
        case .attentionOutput:
            return attentionOutputType(type)
        default:
            return type
        }
    }

    private var isFalcon: Bool { facts.architecture == "falcon" }

    private func outputType(_ tensor: GGUFTensor, _ type: TensorType) -> TensorType {
        if isFalcon || !tensor.shape.rowLength.isMultiple(of: type.block.elements) { return .q8_0 }
        return type == .q8_0 ? .q8_0 : .q6_K
    }

    private func valueType(_ type: TensorType) -> TensorType {
        // The most shared value heads: small tensors on which much depends.
        let isShared = facts.headsPerKeyValueHead >= 4
        var chosen: TensorType =
            switch fileType {
            case .q2_K: isShared ? .q4_K : .q3_K
            case .q2_K_S: isShared ? .q4_K : type
            case .q3_K_M: valuesSeen < 2 ? .q5_K : .q4_K
            case .q3_K_L: .q5_K
            case .q4_K_M, .q5_K_M: Self.deservesMoreBits(valuesSeen, of: valueTensorCount) ? .q6_K : type
            case .q4_K_S: valuesSeen < 4 ? .q5_K : type
            default: type
            }
        if facts.isSeventyBillion, chosen == .q3_K || chosen == .q4_K { chosen = .q5_K }
        return facts.expertCount == 8 ? .q8_0 : chosen
    }

    private func downType(_ tensor: GGUFTensor, _ type: TensorType) throws -> TensorType {
        let count = facts.layerCount
        let layer = try layer(of: tensor, seen: downsSeen)
        switch fileType {
        case .q2_K:
            return .q3_K
        case .q3_K_M:
            if layer < count / 16 { return .q5_K }
            return !isFalcon || Self.deservesMoreBits(layer, of: count) ? .q4_K : .q3_K
        case .q3_K_L:
            return isFalcon ? .q4_K : .q5_K
        case .q4_K_M where isFalcon:
            return layer < count / 16 ? .q6_K : Self.deservesMoreBits(layer, of: count) ? .q5_K : .q4_K
        case .q4_K_M, .q5_K_M:
            return Self.deservesMoreBits(layer, of: count) ? .q6_K : type
        case .q4_K_S:
            return !isFalcon && layer < count / 8 ? .q5_K : type
        case .q2_K_S:
            return layer < count / 8 ? .q4_K : type
        case .q4_0 where hasMatrix:
            // The first layers' down projections can go astray in these types even with a matrix.
            return layer < count / 8 ? .q4_1 : type
        case .q5_0 where hasMatrix:
            return layer < count / 8 ? .q5_1 : type
        default:
            return type
        }
    }

    private func attentionOutputType(_ type: TensorType) -> TensorType {
        if isFalcon { return fileType == .q3_K_L ? .q4_K : type }
        if facts.expertCount == 8 {
            switch fileType {
            case .q2_K, .q3_K_S, .q3_K_M, .q4_K_S, .q4_K_M: return .q5_K
            default: return type
            }
        }
        switch fileType {
        case .q2_K: return .q3_K
        case .q3_K_M: return .q4_K
        case .q3_K_L: return .q5_K
        default: return type
        }
    }

    /// Layers are counted by the tensors seen, except in expert models, where names tell.
    private func layer(of tensor: GGUFTensor, seen: Int) throws -> Int {
        guard facts.expertCount > 1 else { return seen }
        guard let layer = layerIndex(of: tensor.name), layer < facts.layerCount else {
            throw QuantizationProblem.layerOutOfRange(tensor: tensor.name, layerCount: facts.layerCount)
        }
        return layer
    }

    /// The first and last eighth of the layers, and every third between.
    private static func deservesMoreBits(_ layer: Int, of count: Int) -> Bool {
        layer < count / 8 || layer >= 7 * count / 8 || (layer - count / 8) % 3 == 2
    }
}
