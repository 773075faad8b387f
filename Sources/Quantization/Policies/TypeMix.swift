import Architectures
import GGUF
import Tensors

/// Chooses the type of each tensor of a mix. Tensors must come in file order, because some rules count the earlier
/// ones.
///
/// The rules are those of llama.cpp's `llama_tensor_get_type`: the most sensitive tensors (value projections, the down
/// projections of some layers, the output) get more bits, and the rest fewer.
struct TypeMix {
    let fileType: FileType
    let facts: ModelFacts
    /// Whether there is an importance matrix; some rules apply only without one.
    let hasImportanceMatrix: Bool
    /// Whether there is no output tensor: then the token embedding serves as one and is treated as one.
    let isTied: Bool
    let valueTensorCount: Int
    private var storage: StorageRule { facts.architecture.storage }
    private var valuesSeen = 0
    private var downsSeen = 0
    private var gatesSeen = 0
    private var upsSeen = 0

    init(_ fileType: FileType, _ facts: ModelFacts, tensors: [GGUFTensor], hasImportanceMatrix: Bool = false) {
        self.fileType = fileType
        self.facts = facts
        self.hasImportanceMatrix = hasImportanceMatrix
        isTied = !tensors.contains { $0.name == "output.weight" }
        valueTensorCount = tensors.count { TensorRole(name: $0.name).carriesValues }
    }

    /// - Throws: `QuantizationProblem` if an expert model has a tensor outside its layers.
    mutating func type(of tensor: GGUFTensor, default type: TensorType) throws -> TensorType {
        let role = TensorRole(name: tensor.name)
        if storage.keepsEightBits(tensor.name), type.isQuantized { return .q8_0 }
        if role == .output || (role == .tokenEmbedding && isTied) { return outputType(tensor, type) }
        if fileType == .mxfp4_MOE { return expertType(tensor, role) }
        if role == .tokenEmbedding { return embeddingType(type) }
        return fileType.isVeryLow ? veryLowType(role, type) : try layerType(tensor, role, type)
    }

    private mutating func layerType(
        _ tensor: GGUFTensor,
        _ role: TensorRole,
        _ type: TensorType
    ) throws -> TensorType {
        if role.carriesValues {
            defer { valuesSeen += 1 }
            return valueType(type)
        }
        switch role {
        case .attentionK:
            return facts.expertCount == 8 ? .q8_0 : queryOrKeyType(type)
        case .attentionQ:
            return queryOrKeyType(type)
        case .attentionOutput:
            return attentionOutputType(type)
        case .ffnDown:
            defer { downsSeen += 1 }
            return downType(layer: try layer(of: tensor, seen: downsSeen), type)
        case .ffnGate:
            defer { gatesSeen += 1 }
            return gateOrUpType(layer: try layer(of: tensor, seen: gatesSeen), type)
        case .ffnUp:
            defer { upsSeen += 1 }
            return gateOrUpType(layer: try layer(of: tensor, seen: upsSeen), type)
        default:
            return type
        }
    }

    /// Returns the type for mixes of about two bits or less, which have few rules, and count their down projections
    /// tensor by tensor.
    private mutating func veryLowType(_ role: TensorRole, _ type: TensorType) -> TensorType {
        let better: TensorType = fileType == .iq2_S || fileType == .iq2_M ? .iq3_s : .q2_K
        if role.carriesValues { return facts.sharesHeads || facts.expertCount >= 4 ? .q4_K : better }
        switch role {
        case .attentionK:
            return facts.expertCount == 8 ? .q4_K : type
        case .ffnDown:
            defer { downsSeen += 1 }
            return downsSeen < facts.layerCount / 8 ? better : type
        case .attentionOutput where facts.expertCount == 8:
            return .q5_K
        case .attentionOutput:
            switch fileType {
            case .iq1_S, .iq1_M: return .iq2_xxs
            case .iq2_S, .iq2_M: return .iq3_s
            default: return type
            }
        default:
            return type
        }
    }

    /// Returns the layer of a tensor, counted by the earlier tensors, or, in expert models, read from the name.
    private func layer(of tensor: GGUFTensor, seen: Int) throws -> Int {
        guard facts.expertCount > 1 else { return seen }
        guard let layer = layerIndex(of: tensor.name), layer < facts.layerCount else {
            throw QuantizationProblem.layerOutOfRange(tensor: tensor.name, layerCount: facts.layerCount)
        }
        return layer
    }

    /// Whether a layer is in the first or last eighth, or every third one between.
    private static func deservesMoreBits(_ layer: Int, of count: Int) -> Bool {
        layer < count / 8 || layer >= 7 * count / 8 || (layer - count / 8) % 3 == 2
    }
}

// Rules for tensors outside the layers, and for expert mixes.
extension TypeMix {
    private func outputType(_ tensor: GGUFTensor, _ type: TensorType) -> TensorType {
        let isWhole = tensor.shape.rowLength.isMultiple(of: type.block.elements)
        if fileType == .mxfp4_MOE || storage.hasMixOfFalcon || !isWhole || type == .q8_0 { return .q8_0 }
        return fileType.isVeryLow || fileType == .iq3_XXS ? .q5_K : .q6_K
    }

    private func embeddingType(_ type: TensorType) -> TensorType {
        switch fileType {
        case .iq1_S, .iq1_M, .iq2_XXS, .iq2_XS: .q2_K
        case .iq2_S, .iq2_M, .iq3_XXS: .iq3_s
        case .tq1_0, .tq2_0, .q2_0: .q4_K
        default: type
        }
    }

    /// Returns four bits for experts, which are three-dimensional, and eight for the rest.
    private func expertType(_ tensor: GGUFTensor, _ role: TensorRole) -> TensorType {
        let hasMatrices = tensor.shape.dimensions.count > 2 && tensor.shape.dimensions[2] > 1
        let isExpert = !storage.expertsAreNetworksAlone || [.ffnUp, .ffnGate, .ffnDown].contains(role)
        return hasMatrices && isExpert ? .mxfp4 : .q8_0
    }
}

// Rules for tensors inside the layers.
extension TypeMix {
    private func valueType(_ type: TensorType) -> TensorType {
        // Value heads shared by many query heads: small tensors that are important.
        let isShared = facts.sharesHeads
        var chosen: TensorType =
            switch fileType {
            case .q2_K: isShared ? .q4_K : .q3_K
            case .q2_K_S, .iq3_XS, .iq3_S: isShared ? .q4_K : type
            case .iq3_XXS: isShared ? .q4_K : hasImportanceMatrix ? .iq3_xxs : .iq3_s
            case .iq3_M: .q4_K
            case .q3_K_M: valuesSeen < 2 ? .q5_K : .q4_K
            case .q3_K_L: .q5_K
            case .iq4_NL, .iq4_XS: isShared ? .q5_K : type
            case .q4_K_M, .q5_K_M: Self.deservesMoreBits(valuesSeen, of: valueTensorCount) ? .q6_K : type
            case .q4_K_S: valuesSeen < 4 ? .q5_K : type
            default: type
            }
        if facts.isSeventyBillion, chosen == .q3_K || chosen == .q4_K { chosen = .q5_K }
        return facts.expertCount == 8 ? .q8_0 : chosen
    }

    private func queryOrKeyType(_ type: TensorType) -> TensorType {
        switch fileType {
        case .iq3_XS: .iq3_xxs
        case .iq3_XXS: .iq2_s
        default: type
        }
    }

    private func attentionOutputType(_ type: TensorType) -> TensorType {
        if storage.hasMixOfFalcon { return fileType == .q3_K_L ? .q4_K : type }
        if facts.expertCount == 8 {
            switch fileType {
            case .q2_K, .q3_K_S, .q3_K_M, .q4_K_S, .q4_K_M, .iq3_XXS, .iq3_XS, .iq3_S, .iq3_M, .iq4_NL, .iq4_XS:
                return .q5_K
            default: return type
            }
        }
        switch fileType {
        case .q2_K: return .q3_K
        case .iq3_XXS: return .iq3_s
        case .q3_K_M, .iq3_M: return .q4_K
        case .q3_K_L: return .q5_K
        default: return type
        }
    }

    private func downType(layer: Int, _ type: TensorType) -> TensorType {
        let count = facts.layerCount
        let isEarly = layer < count / 8
        let deservesMore = Self.deservesMoreBits(layer, of: count)
        switch fileType {
        case .q2_K:
            return .q3_K
        case .q2_K_S:
            return isEarly ? .q4_K : type
        case .iq3_XXS:
            return hasImportanceMatrix ? type : isEarly ? .q4_K : .q3_K
        case .q3_K_M:
            if layer < count / 16 { return .q5_K }
            return !storage.hasMixOfFalcon || deservesMore ? .q4_K : .q3_K
        case .iq3_M:
            return isEarly || (facts.expertCount == 8 && deservesMore) ? .q4_K : type
        case .q3_K_L:
            return storage.hasMixOfFalcon ? .q4_K : .q5_K
        case .q4_K_M where storage.hasMixOfFalcon:
            return layer < count / 16 ? .q6_K : deservesMore ? .q5_K : .q4_K
        case .q4_K_M, .q5_K_M:
            return deservesMore ? .q6_K : type
        case .iq4_NL, .iq4_XS:
            return isEarly && !hasImportanceMatrix ? .q5_K : type
        case .q4_K_S:
            return isEarly && !storage.hasMixOfFalcon ? .q5_K : type
        case .q4_0, .q5_0:
            // The first layers' down projections can fail in these types even with an importance matrix.
            guard hasImportanceMatrix, isEarly else { return type }
            return fileType == .q4_0 ? .q4_1 : .q5_1
        default:
            return type
        }
    }

    private func gateOrUpType(layer: Int, _ type: TensorType) -> TensorType {
        let isMiddle = layer >= facts.layerCount / 8 && layer < 7 * facts.layerCount / 8
        return fileType == .iq3_XS && isMiddle ? .iq3_xxs : type
    }
}

extension FileType {
    /// Whether the mix is built around types of two bits or less.
    fileprivate var isVeryLow: Bool {
        switch self {
        case .iq1_S, .iq1_M, .iq2_XXS, .iq2_XS, .iq2_S, .iq2_M: true
        default: false
        }
    }
}
