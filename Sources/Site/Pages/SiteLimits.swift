/// Bounds of what one page shows, so that a large registry still gives small pages.
enum SiteLimits {
    /// Models on a page of the list.
    static let models = 40
    /// Builds in the table of a version.
    static let builds = 200
    /// Versions in the table of a model.
    static let versions = 100
    /// Builds that fit, in an answer.
    static let fitting = 20
    /// Refused builds in an answer.
    static let refused = 20
}
