/// Where a walk through a segment ends: after the last wanted standing, or after all that are equally good.
struct StandingStop {
    let completesTies: Bool
    /// The last wanted standing; nil until it is found.
    var last: StandingPlace?

    init(completesTies: Bool) { self.completesTies = completesTies }

    func isBefore(_ place: StandingPlace) -> Bool {
        guard let last else { return false }
        return completesTies ? Self.step(of: place) > Self.step(of: last) : place > last
    }

    /// The quality in the steps that a ranking distinguishes, a thousandth of a bit per byte; a value out of range
    /// means no quality.
    private static func step(of place: StandingPlace) -> Int {
        Int(exactly: (place.value * 1000).rounded()) ?? .max
    }
}
