import Tensors

/// Finds the types with the least predicted divergence whose tensors fit into a number of bytes.
///
/// Every tensor has options, each with a size and a cost. The search starts from the smallest ones and repeatedly takes
/// the step that saves the most divergence per byte and still fits. Along each tensor's convex hull, that is the
/// optimum of the Lagrangian for every size where it stops. The bytes left over are filled with whatever fits and saves
/// most, on the hull or not. `tabulated` searches over sums of bytes as well, and the better result is used. If the
/// time per token is limited, milliseconds have a price too.
public struct BudgetSearch: Sendable {
    /// A type that a tensor may have.
    public struct Option: Sendable, Equatable {
        /// The quantization type.
        public let type: TensorType
        /// Size in the file including padding, in bytes.
        public let bytes: Int
        /// Predicted divergence, in nats per token.
        public let cost: Double
        /// Time per token on the device, in milliseconds; 0 if speed does not matter.
        public let milliseconds: Double

        /// Creates a value from its parts; each parameter is documented on its property.
        public init(type: TensorType, bytes: Int, cost: Double, milliseconds: Double = 0) {
            (self.type, self.bytes, self.cost, self.milliseconds) = (type, bytes, cost, milliseconds)
        }
    }

    /// The chosen option of each tensor, with their totals.
    public struct Selection: Sendable, Equatable {
        /// The index of each tensor's option among its options.
        public internal(set) var picks: [Int]
        /// Total size of the tensors that are chosen for, in bytes.
        public internal(set) var bytes: Int
        /// Total predicted divergence, in nats per token.
        public internal(set) var cost: Double
        /// Total time per token on the device, in milliseconds.
        public internal(set) var milliseconds: Double
    }

    /// The options of each tensor: at least one, smallest first.
    public let tensors: [[Option]]

    /// - Precondition: every tensor has an option.
    public init(_ tensors: [[Option]]) {
        precondition(tensors.allSatisfy { !$0.isEmpty }, "every tensor has a type")
        self.tensors = tensors.map { $0.sorted { ($0.bytes, $0.cost) < ($1.bytes, $1.cost) } }
    }

    /// Size of the smallest possible build, in bytes.
    public var fewestBytes: Int { tensors.reduce(0) { $0 + ($1.first?.bytes ?? 0) } }
    /// Size of the build with the least predicted divergence, in bytes.
    public var mostBytes: Int { best(within: .max).map(\.bytes) ?? 0 }
    /// The shortest possible time per token, in milliseconds.
    public var fewestMilliseconds: Double {
        tensors.reduce(0) { $0 + ($1.map(\.milliseconds).min() ?? 0) }
    }

    /// - Parameters:
    ///   - bytes: the size allowed for the tensors that are chosen for.
    ///   - milliseconds: the time allowed per token; nil for any.
    /// - Returns: nil if nothing is small and fast enough.
    public func best(within bytes: Int, milliseconds: Double? = nil) -> Selection? {
        var free = search(bytes, price: 0, limit: .infinity)
        if let table = tabulated(within: bytes) {
            let other = fill(table, bytes, .infinity)
            if other.cost < free?.cost ?? .infinity { free = other }
        }
        guard let limit = milliseconds, let free, free.milliseconds > limit else { return free }
        // The price of a millisecond in bytes, from low to high; if both are scarce, a price in between fits best.
        let even = Double(bytes) / limit
        let found = Self.prices.compactMap { search(bytes, price: even * $0, limit: limit) }
        return found.min { $0.cost < $1.cost }
    }

    private static let prices: [Double] = [
        0, 0x1p-8, 0x1p-6, 0x1p-5, 0x1p-4, 0x1p-3, 0x1p-2, 0x1p-1, 1, 2, 4, 8, 16, 32, 64, 256, 4096,
    ]

    /// The selection of given types, such as those of a preset; nil if one of them is not an option.
    public func selection(of types: [TensorType]) -> Selection? {
        precondition(types.count == tensors.count, "a type for each tensor")
        let picks = zip(tensors, types).map { options, type in options.firstIndex { $0.type == type } }
        let found = picks.compactMap { $0 }
        return found.count == picks.count ? selection(found) : nil
    }

    /// The selection with the remaining bytes spent where they save the most divergence.
    public func filled(_ selection: Selection, within bytes: Int, milliseconds limit: Double? = nil) -> Selection {
        fill(selection, bytes, limit ?? .infinity)
    }

    func selection(_ picks: [Int]) -> Selection {
        var selection = Selection(picks: picks, bytes: 0, cost: 0, milliseconds: 0)
        for (options, pick) in zip(tensors, picks) {
            selection.bytes += options[pick].bytes
            selection.cost += options[pick].cost
            selection.milliseconds += options[pick].milliseconds
        }
        return selection
    }
}

// The search algorithm.
extension BudgetSearch {
    /// A step along a tensor's hull.
    private struct Move {
        let tensor: Int
        let option: Int
        /// Divergence saved per unit of weight.
        let gain: Double
    }

    /// - Parameters:
    ///   - price: the price of a millisecond, in bytes.
    ///   - limit: the time allowed per token, in milliseconds.
    /// - Returns: nil if the smallest options are too large or too slow.
    private func search(_ bytes: Int, price: Double, limit: Double) -> Selection? {
        func weight(_ option: Option) -> Double { Double(option.bytes) + price * option.milliseconds }
        var picks: [Int] = []
        var moves: [Move] = []
        for (tensor, options) in tensors.enumerated() {
            let hull = Self.hull(options, weight)
            picks.append(hull[0])
            for (from, to) in zip(hull, hull.dropFirst()) {
                let saved = options[from].cost - options[to].cost
                let added = weight(options[to]) - weight(options[from])
                moves.append(Move(tensor: tensor, option: to, gain: saved / added))
            }
        }
        // The gains of a tensor's steps decrease, so its steps stay in order; equal gains keep the file's order.
        moves.sort { $0.gain != $1.gain ? $0.gain > $1.gain : ($0.tensor, $0.option) < ($1.tensor, $1.option) }
        var selection = selection(picks)
        guard selection.bytes <= bytes, selection.milliseconds <= limit else { return nil }
        var isStopped = [Bool](repeating: false, count: tensors.count)
        for move in moves where !isStopped[move.tensor] {
            let changed = replacing(selection, move.tensor, move.option)
            if changed.bytes <= bytes, changed.milliseconds <= limit {
                selection = changed
            } else {
                isStopped[move.tensor] = true
            }
        }
        return fill(selection, bytes, limit)
    }

    private func replacing(_ selection: Selection, _ tensor: Int, _ option: Int) -> Selection {
        var changed = selection
        let (old, new) = (tensors[tensor][selection.picks[tensor]], tensors[tensor][option])
        changed.picks[tensor] = option
        changed.bytes += new.bytes - old.bytes
        changed.cost += new.cost - old.cost
        changed.milliseconds += new.milliseconds - old.milliseconds
        return changed
    }

    /// Repeatedly takes the step that saves the most divergence per byte, while one fits.
    private func fill(_ selection: Selection, _ bytes: Int, _ limit: Double) -> Selection {
        var selection = selection
        while let (tensor, option) = bestStep(from: selection, bytes - selection.bytes, limit - selection.milliseconds)
        {
            selection = replacing(selection, tensor, option)
        }
        // Sums are computed anew, because the steps have accumulated rounding errors.
        return self.selection(selection.picks)
    }

    private func bestStep(from selection: Selection, _ bytes: Int, _ milliseconds: Double) -> (Int, Int)? {
        var best: (gain: Double, tensor: Int, option: Int)?
        for (tensor, options) in tensors.enumerated() {
            let own = options[selection.picks[tensor]]
            for (index, option) in options.enumerated() where option.cost < own.cost {
                let added = option.bytes - own.bytes
                guard added <= bytes, option.milliseconds - own.milliseconds <= max(0, milliseconds) else { continue }
                let gain = (own.cost - option.cost) / Double(max(1, added))
                if gain > best?.gain ?? 0 { best = (gain, tensor, index) }
            }
        }
        return best.map { ($0.tensor, $0.option) }
    }

    /// The options on the lower convex hull of cost over weight, from the lightest to the least costly.
    private static func hull(_ options: [Option], _ weight: (Option) -> Double) -> [Int] {
        let order = options.indices.sorted {
            (weight(options[$0]), options[$0].cost, $0) < (weight(options[$1]), options[$1].cost, $1)
        }
        var hull: [Int] = []
        for index in order {
            if let last = hull.last, options[index].cost >= options[last].cost { continue }
            while hull.count >= 2 {
                let (first, last) = (options[hull[hull.count - 2]], options[hull[hull.count - 1]])
                let old = (first.cost - last.cost) / (weight(last) - weight(first))
                let new = (last.cost - options[index].cost) / (weight(options[index]) - weight(last))
                guard new >= old else { break }
                hull.removeLast()
            }
            hull.append(index)
        }
        return hull
    }
}
