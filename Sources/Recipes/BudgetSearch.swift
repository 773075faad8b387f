import Tensors

/// Finds the types with the least predicted divergence whose tensors fit a number of bytes.
///
/// Every tensor has its choices, a size and a cost each. From the smallest ones on, the step that saves most divergence a byte is
/// taken as long as it fits: along each tensor's convex hull that is the optimum of the Lagrangian for every size it stops at.
/// What is left of the bytes is filled with whatever fits and saves most, hull or not. `tabulated` goes through sums of bytes besides, and
/// the better one counts. Where a token's time is limited, milliseconds have a price beside bytes.
public struct BudgetSearch: Sendable {
    /// One type that a tensor may have.
    public struct Option: Sendable, Equatable {
        /// See `Option`.
        public let type: TensorType
        /// What it takes in the file, with the padding behind it.
        public let bytes: Int
        /// Predicted divergence, in nats a token.
        public let cost: Double
        /// What a token takes on the device, in milliseconds; 0 where nobody asks.
        public let milliseconds: Double

        /// Every value is as its property describes it.
        public init(type: TensorType, bytes: Int, cost: Double, milliseconds: Double = 0) {
            (self.type, self.bytes, self.cost, self.milliseconds) = (type, bytes, cost, milliseconds)
        }
    }

    /// What was chosen.
    public struct Selection: Sendable, Equatable {
        /// The place of each tensor's option among its options.
        public internal(set) var picks: [Int]
        /// Of the tensors that are chosen for.
        public internal(set) var bytes: Int
        /// See `Option.cost`.
        public internal(set) var cost: Double
        /// See `Option.milliseconds`.
        public internal(set) var milliseconds: Double
    }

    /// For each tensor, its options: at least one, the smallest first.
    public let tensors: [[Option]]

    /// - Precondition: every tensor has an option.
    public init(_ tensors: [[Option]]) {
        precondition(tensors.allSatisfy { !$0.isEmpty }, "every tensor has a type")
        self.tensors = tensors.map { $0.sorted { ($0.bytes, $0.cost) < ($1.bytes, $1.cost) } }
    }

    /// Bytes of the smallest build there is.
    public var fewestBytes: Int { tensors.reduce(0) { $0 + ($1.first?.bytes ?? 0) } }
    /// Bytes of the build that loses least.
    public var mostBytes: Int { best(within: .max).map(\.bytes) ?? 0 }
    /// The shortest time of a token.
    public var fewestMilliseconds: Double {
        tensors.reduce(0) { $0 + ($1.map(\.milliseconds).min() ?? 0) }
    }

    /// - Parameters:
    ///   - bytes: for the tensors that are chosen for.
    ///   - milliseconds: for one token; nil for any.
    /// - Returns: nil where nothing is small and fast enough.
    public func best(within bytes: Int, milliseconds: Double? = nil) -> Selection? {
        var free = search(bytes, price: 0, limit: .infinity)
        if let table = tabulated(within: bytes) {
            let other = fill(table, bytes, .infinity)
            if other.cost < free?.cost ?? .infinity { free = other }
        }
        guard let limit = milliseconds, let free, free.milliseconds > limit else { return free }
        // What a millisecond is worth in bytes, from little to much; where both are short, something between fits best.
        let even = Double(bytes) / limit
        let found = Self.prices.compactMap { search(bytes, price: even * $0, limit: limit) }
        return found.min { $0.cost < $1.cost }
    }

    private static let prices: [Double] = [
        0, 0x1p-8, 0x1p-6, 0x1p-5, 0x1p-4, 0x1p-3, 0x1p-2, 0x1p-1, 1, 2, 4, 8, 16, 32, 64, 256, 4096,
    ]

    /// The selection of given types, a preset's say; nil where one of them is no option.
    public func selection(of types: [TensorType]) -> Selection? {
        precondition(types.count == tensors.count, "a type for each tensor")
        let picks = zip(tensors, types).map { options, type in options.firstIndex { $0.type == type } }
        let found = picks.compactMap { $0 }
        return found.count == picks.count ? selection(found) : nil
    }

    /// The same with what is left of the bytes spent where it saves most.
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

// The search.
extension BudgetSearch {
    /// A step along a tensor's hull.
    private struct Move {
        let tensor: Int
        let option: Int
        /// Divergence saved for a unit of weight.
        let gain: Double
    }

    /// - Parameters:
    ///   - price: of a millisecond, in bytes.
    ///   - limit: in milliseconds.
    /// - Returns: nil where what it begins with is too large or too slow.
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
        // A tensor's steps have falling gains, so that they stay in order; equal gains go by the file's order.
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

    /// Takes what saves most divergence a byte, as long as something fits.
    private func fill(_ selection: Selection, _ bytes: Int, _ limit: Double) -> Selection {
        var selection = selection
        while let (tensor, option) = bestStep(from: selection, bytes - selection.bytes, limit - selection.milliseconds)
        {
            selection = replacing(selection, tensor, option)
        }
        // Added up afresh: the steps have left roundings.
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

    /// The options on the lower convex hull of cost over weight, from the lightest to the one that costs least.
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
