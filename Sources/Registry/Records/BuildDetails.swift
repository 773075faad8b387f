/// All metadata of a build. Exports store it as JSON, so the names of the fields are a contract.
public struct BuildDetails: Codable, Sendable {
    /// Names, digests and the facts that the publisher states.
    public var build: BuildRecord
    /// The measurements, oldest first.
    public var measurements: [MeasurementRecord]
    /// Estimates, by device.
    public var fits: [FitRecord]
    /// Every step that led to the build's bytes.
    public var lineage: [LineageEdge]
    /// The quantization errors of its tensors; nil in exports of older versions, which did not store them.
    public var tensorErrors: [TensorErrorRecord]?
    /// How the types of its tensors were chosen; nil in exports of older versions, which did not store it.
    public var recipes: [RecipeRecord]?
}

extension ModelRegistry {
    /// All metadata of a build.
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
