import BinaryIO
import DeviceFit
import GGUF
import Quantization
import Recipes
import Tensors

/// The limits of a recipe: bytes, or a device's memory and speed.
struct RecipeTarget {
    /// The largest size of the file, in bytes.
    let budget: Int
    private let costed: CostedTensors
    private let device: FittedDevice?

    init(_ goal: RecipeGoal, _ costed: CostedTensors) throws {
        self.costed = costed
        switch goal {
        case .budget(let budget):
            self.budget = try costed.finder().byteCount(of: budget)
            device = nil
        case .device(let id, let context, let speed):
            let device = try FittedDevice(id, context: context, tokensPerSecond: speed, costed)
            self.budget = try device.largest(costed)
            self.device = device
        }
    }

    /// Returns the types with the least divergence by these costs.
    func recipe(by table: CostTable) throws -> Recipe {
        guard let device else { return try costed.finder(table).recipe(within: budget) }
        return try device.recipe(within: budget, by: table, costed)
    }

    /// Returns a plan of given types as a recipe, with the model's costs.
    func recipe(like plan: QuantizationPlan) throws -> Recipe {
        try costed.finder(milliseconds: device?.milliseconds).recipe(of: plan)
    }
}

/// The device for which a build is made.
struct FittedDevice {
    let device: Device
    let request: FitRequest
    let tokensPerSecond: Double?
    private let estimator: FitEstimator
    private let shape: ModelProfile

    init(_ id: String, context: Int?, tokensPerSecond: Double?, _ costed: CostedTensors) throws {
        let catalogue = try DeviceCatalogue.configured()
        guard let device = try catalogue.devices([id], running: nil).first else {
            throw StepsError.badRequest("\(setting: "fit") names no device. Give an id of `edgepipe devices`.")
        }
        (self.device, self.tokensPerSecond) = (device, tokensPerSecond)
        estimator = FitEstimator(catalogue: catalogue)
        shape = try ModelProfile(planned: costed.source.metadata, costed.source.tensors, quantType: "recipe")
        if let context, context > shape.contextLength {
            throw StepsError.badRequest(
                "the model was trained for \(shape.contextLength) tokens of context; \(context) were asked for. "
                    + "Give \(setting: "context", "\(shape.contextLength)") or less."
            )
        }
        request = FitRequest(for: shape, context: context)
    }

    /// Returns the time per token for one tensor, in milliseconds, by the middle of the estimate.
    func milliseconds(_ tensor: GGUFTensor) -> Double {
        let isLookedUp =
            tensor.name == "per_layer_token_embd.weight"
            || (tensor.name == "token_embd.weight" && !shape.isEmbeddingTied)
        if isLookedUp { return 0 }
        let experts = shape.experts.flatMap {
            tensor.name.contains("_exps.") ? Double($0.used) / Double($0.count) : nil
        }
        return FitEstimator.milliseconds(
            ofWeights: Double(tensor.shape.elementCount) * (experts ?? 1),
            as: tensor.type,
            on: device
        )
    }

    /// Returns the largest size, in bytes, at which the best recipe fits, whatever its speed.
    /// - Throws: `StepsError.badRequest` with what the smallest recipe needs.
    func largest(_ costed: CostedTensors) throws -> Int {
        let finder = try costed.finder(milliseconds: milliseconds)
        var (low, high) = (finder.fewestBytes, finder.mostBytes)
        func fits(_ bytes: Int) throws -> Bool { try estimate(finder.recipe(within: bytes), costed).verdict == .fits }
        guard try fits(low) else {
            let estimate = try estimate(finder.recipe(within: low), costed)
            throw StepsError.badRequest(
                "\(device.name): no build fits. The smallest with this ladder \(estimate.reason) "
                    + "Give a shorter context, the ladder 'all', or a smaller model."
            )
        }
        if try fits(high) { return high }
        // A thousandth of the file is precise enough.
        while high - low > max(1, low / 1000) {
            let middle = low + (high - low) / 2
            if try fits(middle) { low = middle } else { high = middle }
        }
        return low
    }

    func recipe(within bytes: Int, by table: CostTable, _ costed: CostedTensors) throws -> Recipe {
        try recipe(within: bytes, try costed.finder(table, milliseconds: milliseconds))
    }

    private func recipe(within bytes: Int, _ finder: RecipeFinder) throws -> Recipe {
        let limit = try tokensPerSecond.map { 1000 / $0 - (try cacheMilliseconds()) }
        return try finder.recipe(within: min(bytes, finder.mostBytes), milliseconds: limit)
    }

    /// Returns the part of a token's time for reading the cache, beyond that of a context of one token.
    private func cacheMilliseconds() throws -> Double {
        var short = request
        short.context = 1
        guard let full = try estimator.estimate(shape, on: device, request).decode,
            let empty = try estimator.estimate(shape, on: device, short).decode
        else { return 0 }
        return 1000 / full.mid - 1000 / empty.mid
    }

    private func estimate(_ recipe: Recipe, _ costed: CostedTensors) throws -> FitEstimate {
        let plan = try QuantizationPlan(costed.source, policy: recipe.policy(named: "recipe"), options: costed.options)
        let tensors = plan.tensors.map(\.target)
        let profile = try ModelProfile(planned: costed.source.metadata, tensors, quantType: "recipe")
        return try estimator.estimate(profile, on: device, request)
    }
}

extension RecipeGoal {
    /// Returns the largest size of a build, in bytes, as far as it is known before the costs of tensors.
    func mostBytes(_ source: any ModelSource) throws -> Int {
        let largest = try QuantizationPlan(source, as: .q8_0)
        switch self {
        case .budget(.bytes(let bytes)): return bytes
        case .budget(.bitsPerWeight(let bits)):
            let header = largest.byteCount - largest.tensors.lazy.map(\.target).byteCount
            return header + Int(bits * Double(source.tensors.elementCount) / 8)
        case .device(let id, _, _):
            let device = try DeviceCatalogue.configured().device(id)
            return min(largest.byteCount, FitEstimator.mostBytes(on: device))
        }
    }
}
