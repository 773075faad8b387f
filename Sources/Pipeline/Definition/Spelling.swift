/// Finds what somebody probably meant.
enum Spelling {
    /// The nearest of `known`, if it is near enough to be a slip.
    static func nearest(to text: String, in known: [String]) -> String? {
        let wanted = text.lowercased()
        let ranked = known.map { (name: $0, distance: distance(wanted, $0.lowercased())) }
        guard let best = ranked.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }) else { return nil }
        return best.distance <= max(1, (min(wanted.count, best.name.count) + 1) / 3) ? best.name : nil
    }

    private static let mostListed = 80

    /// "did you mean 'x'? " where there is a near name, and then all of them.
    static func advice(for text: String, among known: [String]) -> String {
        let guess = nearest(to: text, in: known).map { "Did you mean '\($0)'? " } ?? ""
        // A registry may know thousands of names; the nearest help more than all of them.
        let listed = known.count <= mostListed ? known : known.sorted { distance(text, $0) < distance(text, $1) }
        let more = known.count > mostListed ? " and \(known.count - mostListed) more" : ""
        return "\(guess)Known here: \(listed.prefix(mostListed).joined(separator: ", "))\(more)."
    }

    /// Letters to add, drop or change (Levenshtein).
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let changed = diagonal + (letter == right[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(changed, row[column] + 1, row[column + 1] + 1)
            }
        }
        return row[right.count]
    }
}
