#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The statistics of an importance matrix for a person to read: the strength of one tensor's inputs, and their
/// unevenness. The measures are those of `llama-imatrix --show-statistics`.
public struct ImportanceStatistics: Sendable, Codable, Equatable {
    /// The weight tensor's name.
    public let tensor: String
    /// The layer's number; nil outside the layers.
    public let layer: Int?
    /// The number of columns, over all experts that any row reached.
    public let elements: Int
    /// The sum of the columns' mean squares.
    public let sum: Double
    /// The smallest column.
    public let min: Double
    /// The largest column.
    public let max: Double
    /// The mean over the columns.
    public let mean: Double
    /// The standard deviation over the columns.
    public let standardDeviation: Double
    /// The share of columns above 0.00001, in percent.
    public let activePercent: Double
    /// The entropy, in bits.
    public let entropy: Double
    /// The entropy as a share of that of as many equal columns, in percent.
    public let entropyPercent: Double
    /// The share of columns more than one standard deviation above the mean, in percent.
    public let outlierPercent: Double
    /// The cosine of the angle to the same tensor's sums in the layer before; nil if there is none.
    public let similarityToPreviousLayer: Double?
    /// The number of experts that no row reached.
    public let unreachedMatrices: Int

    /// The tensor's name without its layer: "ffn_down".
    public var role: String {
        let parts = tensor.split(separator: ".")
        let last = parts.lastIndex(of: "weight") ?? parts.endIndex
        return last > 0 ? String(parts[last - 1]) : tensor
    }

    init?(_ tensor: String, _ entry: ImportanceSums.Entry, previous: ImportanceSums.Entry?) {
        var means: [Double] = []
        for (matrix, count) in entry.counts.enumerated() where count > 0 {
            let columns = (matrix * entry.columnCount)..<((matrix + 1) * entry.columnCount)
            means += entry.sums[columns].map { Double($0) / Double(count) }
        }
        guard let first = means.first else { return nil }
        let number = Double(means.count)
        let sum = means.reduce(0, +)
        let mean = sum / number
        let deviation = Swift.max(0, means.reduce(0) { $0 + $1 * $1 } / number - mean * mean).squareRoot()
        let entropy = sum > 0 ? means.reduce(0) { $1 > 0 ? $0 - $1 / sum * log2($1 / sum) : $0 } : 0
        self.tensor = tensor
        layer = Self.layer(of: tensor)
        elements = means.count
        self.sum = sum
        min = means.reduce(first, Swift.min)
        max = means.reduce(first, Swift.max)
        self.mean = mean
        standardDeviation = deviation
        activePercent = 100 * Double(means.count { abs($0) > 1e-5 }) / number
        self.entropy = entropy
        entropyPercent = means.count > 1 ? 100 * entropy / log2(number) : 0
        outlierPercent = deviation > 0 ? 100 * Double(means.count { ($0 - mean) / deviation > 1 }) / number : 0
        similarityToPreviousLayer = previous.flatMap { Self.cosine(entry.sums, $0.sums) }
        unreachedMatrices = entry.counts.count { $0 == 0 }
    }

    static func layer(of tensor: String) -> Int? {
        let parts = tensor.split(separator: ".")
        guard let index = parts.firstIndex(of: "blk"), index + 1 < parts.count else { return nil }
        return Int(parts[index + 1])
    }

    private static func cosine(_ first: [Float], _ second: [Float]) -> Double? {
        guard first.count == second.count else { return nil }
        func product(_ first: [Float], _ second: [Float]) -> Double {
            zip(first, second).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let lengths = (product(first, first) * product(second, second)).squareRoot()
        return lengths > 0 ? product(first, second) / lengths : nil
    }
}

/// Averages over the tensors of a layer, each weighted by its columns.
public struct LayerImportance: Sendable, Codable, Equatable {
    /// The layer's number.
    public let layer: Int
    /// The average of the tensors' sums of mean squares.
    public let sum: Double
    /// The average of the tensors' shares of outliers, in percent.
    public let outlierPercent: Double
    /// The average of the tensors' similarities; one without a previous layer counts as 0.
    public let similarityToPreviousLayer: Double

    init(layer: Int, _ tensors: [ImportanceStatistics]) {
        let total = tensors.reduce(0) { $0 + Double($1.elements) }
        func average(_ value: (ImportanceStatistics) -> Double) -> Double {
            tensors.reduce(0) { $0 + Double($1.elements) * value($1) } / total
        }
        self.layer = layer
        sum = average(\.sum)
        outlierPercent = average(\.outlierPercent)
        similarityToPreviousLayer = average { $0.similarityToPreviousLayer ?? 0 }
    }
}

extension ImportanceSums {
    /// The statistics by tensor: those of one role together, the strongest first. Tensors that no row reached have
    /// none.
    public var statistics: [ImportanceStatistics] {
        entries.compactMap { name, entry in
            ImportanceStatistics(name, entry, previous: previousName(of: name).flatMap { entries[$0] })
        }.sorted { ($0.role, -$0.sum, $0.tensor) < ($1.role, -$1.sum, $1.tensor) }
    }

    /// Returns the averages by layer.
    public static func layers(of statistics: [ImportanceStatistics]) -> [LayerImportance] {
        let byLayer = Dictionary(grouping: statistics.filter { $0.layer != nil }) { $0.layer ?? 0 }
        return byLayer.sorted { $0.key < $1.key }.map { LayerImportance(layer: $0.key, $0.value) }
    }

    /// Returns the name of the same tensor in the layer before.
    private func previousName(of tensor: String) -> String? {
        guard let layer = ImportanceStatistics.layer(of: tensor), layer > 0 else { return nil }
        return tensor.replacing("blk.\(layer).", with: "blk.\(layer - 1).", maxReplacements: 1)
    }
}
