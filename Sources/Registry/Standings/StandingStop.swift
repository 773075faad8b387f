/// Where a walk through a segment ends: with the last one that is wanted, or with those that are as good.
struct StandingStop {
    let completesTies: Bool
    /// The last one that is wanted; nil while it was not found.
    var last: StandingPlace?

    init(completesTies: Bool) { self.completesTies = completesTies }

    func isBefore(_ place: StandingPlace) -> Bool {
        guard let last else { return false }
        return completesTies ? Self.step(of: place) > Self.step(of: last) : place > last
    }

    /// A thousandth of a bit per byte is what a ranking tells apart; out of range is no quality.
    private static func step(of place: StandingPlace) -> Int {
        Int(exactly: (place.value * 1000).rounded()) ?? .max
    }
}
