/// Suggests corrections for misspelled names.
public enum Spelling {
    /// The nearest of `known`, if it is near enough to be a typo.
    public static func nearest(to text: String, in known: [String]) -> String? {
        let wanted = text.lowercased()
        let ranked = known.map { (name: $0, distance: wanted.spellingDistance(to: $0.lowercased())) }
        guard let best = ranked.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }) else { return nil }
        return best.distance <= max(1, (min(wanted.count, best.name.count) + 1) / 3) ? best.name : nil
    }

    private static let mostListed = 80

    /// "did you mean 'x'? " if there is a similar name, followed by all names.
    public static func advice(for text: String, among known: [String]) -> String {
        let guess = nearest(to: text, in: known).map { "Did you mean '\($0)'? " } ?? ""
        // A registry may have thousands of names; the nearest ones help more than all of them.
        let listed =
            known.count <= mostListed
            ? known : known.sorted { text.spellingDistance(to: $0) < text.spellingDistance(to: $1) }
        let more = known.count > mostListed ? " and \(known.count - mostListed) more" : ""
        return "\(guess)Known here: \(listed.prefix(mostListed).joined(separator: ", "))\(more)."
    }
}
