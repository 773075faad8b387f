import Architectures
import BinaryIO
import Evaluation
import GGUF
import Inference
import Quantization
import SystemPackage
import Tensors

#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

/// The forecast of what rounding with feedback needs, before anything runs. It assumes that no two tensors share
/// inputs, because sharing is known only when the model runs; so no run needs more.
struct FeedbackForecast {
    /// The peak memory, in bytes.
    let byteCount: Int
    /// The groups of tensors that are collected together, by layer: each layer runs once per group.
    let groups: [Int: [Set<String>]]

    /// - Parameters:
    ///   - items: the tensors to round.
    ///   - limit: the most memory, in bytes; layers run several times if one run would need more.
    init(_ items: [FeedbackItem], _ shape: ModelShape, tokens: Int, limit: Int) {
        let context = CorrelationOptions.context
        let windows = (tokens + context - 1) / context
        let held = max(1, windows / 8) * context
        let used = shape.experts?.usedCount ?? 1
        // The states of all windows, and those of the current run.
        let states = LayerStates.byteCount(of: shape, tokens: windows * context) + (256 << 20)
        let (basis, scratch) = FeedbackBasis.byteCount(columns: items.map(\.columns).max() ?? 0)
        let base = states + 2 * basis + scratch
        var most = 0
        groups = Dictionary(grouping: items, by: \.stage).mapValues { items in
            var groups: [Set<String>] = []
            var bytes = 0
            for item in items.sorted(by: { $0.name < $1.name }) where groups.last?.contains(item.name) != true {
                let matrices = item.tensor.matrixCount
                // Each held-back token reaches as many experts as a token uses, in strips that are not all full.
                let rows = matrices > 1 ? held * used + matrices * 32 : held
                let own =
                    (matrices > 1 ? matrices + 1 : 1) * InputCorrelation.byteCount(columns: item.columns)
                    + HeldInputs.byteCount(columns: item.columns, tokens: rows)
                    + 2 * context * item.columns * MemoryLayout<Float>.stride
                if groups.isEmpty || base + bytes + own > limit {
                    groups.append([])
                    bytes = 0
                }
                groups[groups.count - 1].insert(item.name)
                bytes += own
                most = max(most, bytes)
            }
            return groups
        }
        byteCount = items.isEmpty ? 0 : base + most
    }

    /// Estimates the number of operations: running the model, making and inverting sums, rounding and judging weights.
    static func operations(_ items: [FeedbackItem], tokens: Int) -> Double {
        let inputs = Dictionary(items.map { ("\($0.stage) \($0.columns)", $0) }) { first, _ in first }.values
        let sums = inputs.reduce(0.0) { sum, item in
            let columns = Double(item.columns)
            return sum + columns * columns * (Double(tokens) + columns)
        }
        return items.reduce(sums) { sum, item in
            let weights = Double(item.tensor.source.shape.elementCount)
            return sum + weights * (2 * Double(tokens) + Double(item.columns) + Double(tokens) / 2)
        }
    }

    /// Three quarters of the machine's memory, in bytes.
    static var standardLimit: Int {
        sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) / 4 * 3
    }

    /// - Throws: `StepsError.badRequest` if it exceeds the limit.
    func require(_ limit: Int, _ path: FilePath) throws {
        guard byteCount > limit else { return }
        func gigabytes(_ bytes: Int) -> String { "\((Double(bytes) / 1e9).formatted(2)) GB" }
        throw StepsError.badRequest(
            "\(path): rounding with feedback takes up to \(gigabytes(byteCount)) of memory, and may take \(gigabytes(limit)). "
                + "Allow more with \(setting: "feedback-memory"), or take fewer tokens with \(setting: "feedback-tokens")."
        )
    }
}
