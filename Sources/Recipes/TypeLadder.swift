import Quantization
import Tensors

/// The types that a recipe chooses from.
public enum TypeLadder: Hashable, Sendable {
    /// The K types and Q8_0, which every phone's engine multiplies fast.
    case k
    /// Also the types with vector grids: less error in the same bytes, slower on processors without tables in
    /// registers.
    case all
    /// Only these types.
    case types([TensorType])

    /// Parses the name of a ladder, or types separated by commas.
    /// - Returns: nil if a name is unknown, or is that of an unquantized type.
    public init?(_ text: String) {
        switch text.lowercased() {
        case "k": self = .k
        case "all": self = .all
        default:
            let names = text.split(separator: ",").map { $0.trimmingPrefix { $0 == " " } }
            let types = names.compactMap { TensorType(name: String($0)) }.filter(Self.every.contains)
            guard !names.isEmpty, types.count == names.count else { return nil }
            self = .types(types)
        }
    }

    /// Every type that a recipe may use, smallest first. Types of about one bit per weight are left out, because only
    /// models trained for them work with them.
    public static let every: [TensorType] = [
        .iq2_xxs, .iq2_xs, .iq2_s, .q2_K, .iq3_xxs, .q3_K, .iq3_s, .iq4_xs, .iq4_nl, .q4_0, .q4_K, .q4_1, .q5_K, .q5_0,
        .q5_1, .q6_K, .q8_0,
    ]

    /// The types for rows of a length, smallest first.
    ///
    /// Rows whose length is not a multiple of the large block get the types that llama.cpp falls back to.
    public func types(rowLength: Int) -> [TensorType] {
        let fallbacks: [TensorType] = [.iq4_nl, .q4_0, .q5_0, .q5_1, .q8_0]
        let own: [TensorType] =
            switch self {
            case .k: [.q2_K, .q3_K, .q4_K, .q5_K, .q6_K, .q8_0]
            case .all: Self.every.filter { ![.q4_0, .q4_1, .q5_0, .q5_1].contains($0) }
            case .types(let types): types
            }
        let fitting = own.filter { rowLength.isMultiple(of: $0.block.elements) }
        let isCoarse = own.contains { !rowLength.isMultiple(of: $0.block.elements) }
        let allowed = isCoarse ? fitting + fallbacks : fitting
        return Self.every.filter { allowed.contains($0) && rowLength.isMultiple(of: $0.block.elements) }
    }
}

extension TypeLadder: CustomStringConvertible {
    /// The text that `init` parses.
    public var description: String {
        switch self {
        case .k: "k"
        case .all: "all"
        case .types(let types): types.map { $0.name.lowercased() }.joined(separator: ",")
        }
    }
}
