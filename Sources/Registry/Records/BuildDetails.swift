/// Everything that a registry knows of a build. Exports keep it as JSON: the names of the fields are a contract.
public struct BuildDetails: Codable, Sendable {
    /// Names, digests and what the publisher states.
    public var build: BuildRecord
    /// Oldest first.
    public var measurements: [MeasurementRecord]
    /// Estimates, by device.
    public var fits: [FitRecord]
    /// Every step that leads to the build's bytes.
    public var lineage: [LineageEdge]
    /// Nil in exports of versions that kept none.
    public var tensorErrors: [TensorErrorRecord]?
    /// How tensors' types were chosen; nil in exports of versions that kept none.
    public var recipes: [RecipeRecord]?
}

extension ModelRegistry {
    /// What there is to know of a build.
    /// - Throws: `RegistryError`.
    public func details(of build: BuildRecord) throws -> BuildDetails {
        BuildDetails(
            build: build,
            measurements: try measurements(of: build.digest),
            fits: try fits(of: build.digest),
            lineage: try lineage(of: build.digest),
            tensorErrors: try tensorErrors(of: build.digest),
            recipes: try recipes(of: build.digest)
        )
    }
}
