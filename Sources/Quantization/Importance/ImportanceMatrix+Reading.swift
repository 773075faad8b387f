import SystemPackage

extension ImportanceMatrix {
    /// Reads either form.
    /// - Throws: `FileError`, `GGUFError`, or `QuantizationError` for a file that is not an importance matrix.
    public init(path: FilePath) throws {
        let file = try ImportanceFile(path: path)
        let entries = file.entries.mapValues { entry in
            switch file.form {
            case .gguf: Self.means(entry)
            case .dat: entry.counts[0] > 0 ? entry.sums.map { $0 / entry.counts[0] } : entry.sums
            }
        }
        self.init(path: path.string, entries: entries, dataset: file.datasets.first, chunkCount: file.chunkCount)
        for (name, values) in entries.sorted(by: { $0.key < $1.key }) where !values.allSatisfy(\.isFinite) {
            throw QuantizationError(
                path: path,
                problem: .badImportanceMatrix("the entry '\(name)' holds an infinite number or NaN")
            )
        }
    }

    /// Returns sums divided by counts, expert by expert; an expert without tokens weighs all columns equally.
    private static func means(_ entry: ImportanceFile.Entry) -> [Float] {
        let columns = entry.sums.count / entry.counts.count
        return entry.sums.enumerated().map { index, sum in
            let count = entry.counts[index / columns].rounded(.toNearestOrAwayFromZero)
            return count > 0 ? sum / count : 1
        }
    }
}
