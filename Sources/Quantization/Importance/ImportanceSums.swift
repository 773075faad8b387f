import SystemPackage

/// What an importance matrix is made from: for each weight tensor, the sums of its inputs' squares over some text, and
/// how many rows of them there were.
public struct ImportanceSums: Sendable, Equatable {
    /// What was seen of one tensor's inputs.
    public struct Entry: Sendable, Equatable {
        /// One number a column; a stack of matrices (experts) has those of each behind each other.
        public var sums: [Float]
        /// One number a matrix, or one for all of them.
        public var counts: [Int]

        /// An entry; `counts` must divide `sums` into matrices of equal size.
        public init(sums: [Float], counts: [Int]) {
            precondition(!counts.isEmpty && sums.count.isMultiple(of: counts.count))
            self.sums = sums
            self.counts = counts
        }

        /// Columns of one matrix.
        public var columnCount: Int { sums.count / counts.count }
    }

    /// Far beyond any run; keeps sums of what files claim in range.
    private static let mostRows = 1 << 60

    /// By tensor name.
    public private(set) var entries: [String: Entry]
    /// The texts that went in.
    public private(set) var datasets: [String]
    /// Windows of text that went in.
    public private(set) var chunkCount: Int
    /// Tokens of a window.
    public let chunkSize: Int

    /// Sums of one run or more.
    /// - Parameter chunkSize: tokens of a window, one or more.
    public init(entries: [String: Entry], datasets: [String], chunkCount: Int, chunkSize: Int) {
        self.entries = entries
        self.datasets = datasets
        self.chunkCount = chunkCount
        self.chunkSize = max(1, chunkSize)
    }

    /// Reads either form.
    /// - Parameter chunkSize: tokens of a window where the file does not say, as the older form does not.
    /// - Throws: `FileError`, `GGUFError`, or `QuantizationError` for what is no importance matrix.
    public init(path: FilePath, chunkSize: Int = 512) throws {
        let file = try ImportanceFile(path: path)
        // Bounded, so that no count of rows that is made of it can overflow.
        let size = min(max(1, file.chunkSize ?? chunkSize), 1 << 24)
        // The older form divides by rows and multiplies by calls; a call saw a window.
        let factor = file.form == .dat ? size : 1
        let entries = file.entries.mapValues { entry in
            Entry(
                sums: factor == 1 ? entry.sums : entry.sums.map { $0 * Float(factor) },
                counts: entry.counts.map { count in
                    let (rows, overflow) = max(0, Int(count.rounded(.toNearestOrAwayFromZero)))
                        .multipliedReportingOverflow(by: factor)
                    return overflow ? Self.mostRows : min(rows, Self.mostRows)
                }
            )
        }
        self.init(entries: entries, datasets: file.datasets, chunkCount: file.chunkCount, chunkSize: size)
    }

    /// Adds what another run saw. Windows are counted by the rows that went in, as llama-imatrix counts them.
    /// - Parameters:
    ///   - path: where the other came from.
    ///   - others: where this came from. Which of them is the odd one cannot be told, so that a message names all.
    /// - Throws: `QuantizationError` where they belong to different models.
    public mutating func add(
        _ other: ImportanceSums,
        from path: FilePath,
        to others: [FilePath] = []
    ) throws(QuantizationError) {
        for (name, entry) in other.entries {
            guard var known = entries[name] else {
                entries[name] = entry
                continue
            }
            // One count stands for all experts, in files of the older form.
            let count = max(known.counts.count, entry.counts.count)
            guard known.sums.count == entry.sums.count,
                [known, entry].allSatisfy({ $0.counts.count == 1 || $0.counts.count == count })
            else {
                let names = others.isEmpty ? "the matrix before it" : others.map(\.string).joined(separator: ", ")
                let reason =
                    "its entry '\(name)' has \(entry.sums.count) numbers for \(entry.counts.count) matrices, that of "
                    + "\(names) has \(known.sums.count) for \(known.counts.count)"
                throw QuantizationError(path: path, problem: .importanceMatricesOfDifferentModels(reason))
            }
            for index in known.sums.indices { known.sums[index] += entry.sums[index] }
            known.counts = (0..<count).map {
                min(
                    known.counts[known.counts.count == 1 ? 0 : $0] + entry.counts[entry.counts.count == 1 ? 0 : $0],
                    Self.mostRows
                )
            }
            entries[name] = known
        }
        datasets += other.datasets
        chunkCount = (entries.values.compactMap { $0.counts.max() }.max() ?? 0) / chunkSize
    }
}
