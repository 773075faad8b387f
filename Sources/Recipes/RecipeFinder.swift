import GGUF
import Quantization
import Tensors

/// Chooses the types of a model's tensors for a size in bytes, by the cost of each type.
public struct RecipeFinder {
    /// The model's tensors whose types may change, as they will be in the file.
    public let tensors: [GGUFTensor]
    private let source: any ModelSource
    private let ladder: TypeLadder
    private let options: QuantizationOptions
    private let search: BudgetSearch
    /// Bytes of the file that do not depend on the choice.
    private let fixedBytes: Int
    /// Bytes before the tensors, which `fixedBytes` includes.
    private let headerBytes: Int
    private let presets: [Preset]

    /// One of llama.cpp's mixes, which a recipe competes with.
    private struct Preset {
        let type: FileType
        let bytes: Int
        let selection: BudgetSearch.Selection
    }

    /// - Parameters:
    ///   - table: the costs of the tensors.
    ///   - ladder: the types to choose from.
    ///   - options: how the model will be quantized; their importance matrix determines the presets' types.
    ///   - milliseconds: returns the time per token, in milliseconds, of a tensor with a type on the target device; nil
    ///     if speed does not matter.
    /// - Throws: `RecipeError` for a table of another model; `QuantizationError`.
    public init(
        _ source: some ModelSource,
        _ table: CostTable,
        _ ladder: TypeLadder,
        options: QuantizationOptions,
        milliseconds: ((GGUFTensor) -> Double)? = nil
    ) throws {
        (self.source, self.ladder, self.options) = (source, ladder, options)
        let plan = try QuantizationPlan(source, as: .q8_0, options: options)
        let free = plan.freeTensors
        guard !free.isEmpty else { throw RecipeError.nothingToChoose }
        tensors = free
        let alignment = source.alignment
        fixedBytes = plan.byteCount - free.reduce(0) { $0 + Self.padded($1.byteCount, alignment) }
        headerBytes = plan.byteCount - plan.tensors.reduce(0) { $0 + Self.padded($1.target.byteCount, alignment) }
        search = BudgetSearch(
            try free.map { tensor in
                guard let costs = table[tensor.name] else { throw RecipeError.tableOfAnotherModel(tensor: tensor.name) }
                return try Self.options(of: tensor, costs, alignment, milliseconds)
            }
        )
        presets = Self.presets(source, options, ladder, search, fixedBytes)
    }

    /// Size of the smallest possible file, in bytes.
    public var fewestBytes: Int { fixedBytes + search.fewestBytes }
    /// Size of the file with the least predicted divergence, in bytes.
    public var mostBytes: Int { fixedBytes + search.mostBytes }
    /// The number of weights of the whole model.
    public var weightCount: Int { source.tensors.elementCount }

    /// The size of a file with this budget, in bytes.
    public func byteCount(of budget: Budget) -> Int {
        switch budget {
        case .bytes(let bytes): bytes
        case .bitsPerWeight(let bits): headerBytes + Int((bits * Double(weightCount) / 8).rounded(.down))
        }
    }

    /// The types with the least predicted divergence in a file of at most `bytes`.
    /// - Parameter milliseconds: the time allowed per token.
    /// - Throws: `RecipeError` if no file is small or fast enough, or if even the best one is much smaller.
    public func recipe(
        within bytes: Int,
        milliseconds: Double? = nil
    ) throws -> Recipe {
        guard bytes >= fewestBytes else {
            throw RecipeError.tooSmall(bytes: bytes, smallest: fewestBytes, ladder: "\(ladder)")
        }
        guard let found = search.best(within: bytes - fixedBytes, milliseconds: milliseconds) else {
            throw RecipeError.tooSlow(milliseconds: milliseconds ?? 0, fastest: search.fewestMilliseconds)
        }
        // If more bytes improve nothing, the budget cannot be filled.
        if milliseconds == nil, Double(mostBytes) < 0.995 * Double(bytes) {
            throw RecipeError.tooLarge(bytes: bytes, largest: mostBytes, ladder: "\(ladder)")
        }
        // The search also starts from presets, which may lie off its path.
        let rivals = presets.filter { $0.bytes <= bytes && $0.selection.milliseconds <= milliseconds ?? .infinity }
        let improved = rivals.map {
            search.filled($0.selection, within: bytes - fixedBytes, milliseconds: milliseconds)
        }
        let best = ([found] + improved).min { $0.cost < $1.cost } ?? found
        let preset = rivals.min { $0.selection.cost < $1.selection.cost }
        return recipe(best, preset, base: base(of: best.bytes + fixedBytes))
    }

    /// The predicted cost of a plan with given types.
    /// - Throws: `RecipeError.tableOfAnotherModel` if a type is missing from the costs.
    public func recipe(of plan: QuantizationPlan) throws -> Recipe {
        guard let selection = search.selection(of: plan.freeTensors.map(\.type)) else {
            throw RecipeError.tableOfAnotherModel(tensor: plan.freeTensors.first?.name ?? "")
        }
        return recipe(selection, nil, base: plan.fileType)
    }

    /// The mixes that use only types of the ladder, smallest first, with their predicted costs.
    public var presetSizes: [(type: FileType, bytes: Int, cost: Double)] {
        presets.map { ($0.type, $0.bytes, $0.selection.cost) }
    }

    private func recipe(_ selection: BudgetSearch.Selection, _ preset: Preset?, base: FileType) -> Recipe {
        let chosen = zip(zip(tensors, search.tensors), selection.picks).map { ($0.0, $0.1[$1]) }
        return Recipe(
            base: base,
            ladder: ladder.description,
            bytes: selection.bytes + fixedBytes,
            bitsPerWeight: bits(selection, chosen),
            predictedKld: selection.cost,
            millisecondsPerToken: selection.milliseconds > 0 ? selection.milliseconds : nil,
            preset: preset.map {
                Recipe.Preset(type: $0.type.tag, bytes: $0.bytes, predictedKld: $0.selection.cost)
            },
            tensors: chosen.map { tensor, option in
                Recipe.Tensor(
                    name: tensor.name,
                    type: option.type.name,
                    bytes: GGUFTensor(name: tensor.name, type: option.type, shape: tensor.shape)?.byteCount ?? 0,
                    kldShare: option.cost
                )
            }
        )
    }

    private func bits(_ selection: BudgetSearch.Selection, _ chosen: [(GGUFTensor, BudgetSearch.Option)]) -> Double {
        let names = Set(tensors.map(\.name))
        let fixed = source.tensors.filter { !names.contains($0.name) }.byteCount
        let own = chosen.reduce(0) { $0 + ($1.1.type.byteCount(elements: $1.0.shape.elementCount) ?? 0) }
        return Double(fixed + own) * 8 / Double(max(1, weightCount))
    }

    /// The mix whose number the file gets: the largest one of at most this size.
    private func base(of bytes: Int) -> FileType {
        (presets.last { $0.bytes <= bytes } ?? presets.first)?.type ?? .q4_K_M
    }
}

// The options to choose from.
extension RecipeFinder {
    private static func padded(_ bytes: Int, _ alignment: Int) -> Int {
        (bytes + alignment - 1) / alignment * alignment
    }

    private static func options(
        of tensor: GGUFTensor,
        _ costs: CostTable.Tensor,
        _ alignment: Int,
        _ milliseconds: ((GGUFTensor) -> Double)?
    ) throws -> [BudgetSearch.Option] {
        let options = costs.choices.compactMap { choice -> BudgetSearch.Option? in
            guard let type = choice.tensorType,
                let made = GGUFTensor(name: tensor.name, type: type, shape: tensor.shape)
            else { return nil }
            return BudgetSearch.Option(
                type: type,
                bytes: padded(made.byteCount, alignment),
                cost: choice.cost,
                milliseconds: milliseconds?(made) ?? 0
            )
        }
        guard !options.isEmpty else { throw RecipeError.tableOfAnotherModel(tensor: tensor.name) }
        guard options.allSatisfy({ $0.cost.isFinite && $0.cost >= 0 }) else {
            throw RecipeError.notFinite(tensor: tensor.name)
        }
        return options
    }

    private static func presets(
        _ source: some ModelSource,
        _ options: QuantizationOptions,
        _ ladder: TypeLadder,
        _ search: BudgetSearch,
        _ fixedBytes: Int
    ) -> [Preset] {
        FileType.allCases.compactMap { type -> Preset? in
            // A mix that does not suit this model is skipped.
            guard let plan = try? QuantizationPlan(source, as: type, options: options), plan.obstacle == nil,
                let selection = search.selection(of: plan.freeTensors.map(\.type))
            else { return nil }
            return Preset(type: type, bytes: plan.byteCount, selection: selection)
        }.sorted { ($0.bytes, $0.type.rawValue) < ($1.bytes, $1.type.rawValue) }
    }
}
