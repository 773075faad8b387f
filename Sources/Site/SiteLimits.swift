/// Bounds of what a page shows.
enum SiteLimits {
    /// How many builds a page names; the rest is counted.
    static let namedBuilds = 200
}
