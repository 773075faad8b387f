/// Finds names similar to an unknown one.
enum Similarity {
    /// The names nearest to `name` by edit distance, ignoring case.
    static func nearest(to name: String, of known: [String], count: Int) -> [String] {
        let wanted = core(name)
        let ranked = known.map { (name: $0, distance: distance(wanted, core($0))) }
        return ranked.sorted { ($0.distance, $0.name) < ($1.distance, $1.name) }.prefix(count).map(\.name)
    }

    /// The part of a name that distinguishes architectures, shortened because a name from a hostile file may have any
    /// length.
    private static func core(_ name: String) -> [Character] {
        let name = name.prefix(128).lowercased()
        let endings = ["forcausallm", "forconditionalgeneration", "lmheadmodel", "model"]
        let ending = endings.first(where: name.hasSuffix) ?? ""
        return Array(name.dropLast(ending.count))
    }

    /// The Levenshtein distance.
    private static func distance(_ first: [Character], _ second: [Character]) -> Int {
        var row = Array(0...second.count)
        for (index, letter) in first.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in second.enumerated() {
                let replaced = diagonal + (letter == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
            }
        }
        return row[second.count]
    }
}
