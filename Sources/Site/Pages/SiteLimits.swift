/// Limits of what one page shows, so that the pages of a large registry stay small.
package enum SiteLimits {
    /// Models on a page of the list.
    package static let models = 40
    /// Builds in the table of a version.
    static let builds = 200
    /// Versions in the table of a model.
    static let versions = 100
    /// Fitting builds in an answer.
    static let fitting = 20
    /// Rejected builds in an answer.
    static let refused = 20
}
