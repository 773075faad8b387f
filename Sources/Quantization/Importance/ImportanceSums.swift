import SystemPackage

/// The sums from which an importance matrix is made: for each weight tensor, the sums of its inputs' squares over some
/// text, and the number of rows.
public struct ImportanceSums: Sendable, Equatable {
    /// The sums of one tensor's inputs.
    public struct Entry: Sendable, Equatable {
        /// One number per column; a stack of matrices (experts) has those of each, one after the other.
        public var sums: [Float]
        /// The number of rows of each matrix, or one number for all of them.
        public var counts: [Int]

        /// Creates an entry; `counts` must divide `sums` into matrices of equal size.
        public init(sums: [Float], counts: [Int]) {
            precondition(!counts.isEmpty && sums.count.isMultiple(of: counts.count))
            self.sums = sums
            self.counts = counts
        }

        /// The number of columns in one matrix.
        public var columnCount: Int { sums.count / counts.count }
    }

    /// The largest accepted number of rows, far beyond any run, which keeps sums of file contents in range.
    private static let mostRows = 1 << 60

    /// The entries by tensor name.
    public private(set) var entries: [String: Entry]
    /// The names of the texts.
    public private(set) var datasets: [String]
    /// The number of windows of text.
    public private(set) var chunkCount: Int
    /// The number of tokens per window.
    public let chunkSize: Int

    /// Creates the sums of one or more runs.
    /// - Parameter chunkSize: the number of tokens per window, at least one.
    public init(entries: [String: Entry], datasets: [String], chunkCount: Int, chunkSize: Int) {
        self.entries = entries
        self.datasets = datasets
        self.chunkCount = chunkCount
        self.chunkSize = max(1, chunkSize)
    }

    /// Reads either form.
    /// - Parameter chunkSize: the number of tokens per window, if the file does not contain it, as in the older form.
    /// - Throws: `FileError`, `GGUFError`, or `QuantizationError` for a file that is not an importance matrix.
    public init(path: FilePath, chunkSize: Int = 512) throws {
        let file = try ImportanceFile(path: path)
        // Bounded, so that no number of rows computed from it can overflow.
        let size = min(max(1, file.chunkSize ?? chunkSize), 1 << 24)
        // The older form divides by rows and multiplies by calls; each call processed one window.
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

    /// Adds the sums of another run. Windows are counted by rows, as llama-imatrix counts them.
    /// - Parameters:
    ///   - path: the file of the other sums.
    ///   - others: the files of these sums. A message names all of them, because the wrong one cannot be determined.
    /// - Throws: `QuantizationError` if they belong to different models.
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
            // In files of the older form, one count applies to all experts.
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
