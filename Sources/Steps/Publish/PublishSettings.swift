import Pipeline
import Settings

/// What goes into the registry.
public struct PublishSettings: StepKind {
    /// The step whose builds are published.
    public var builds: String
    /// The steps whose figures are published with the builds.
    public var measures: [String]
    /// A name that will point to the version.
    public var channel: String?
    /// The step whose projector is published with each build, as a pair.
    public var projector: String?

    package static let kind = "publish"
    package static let settings = [
        Setting("builds", "the step whose builds are published", .files),
        Setting(
            "measures",
            "the `validate` and `fit` steps whose figures go along",
            standard: "those before it with the same `builds`",
            .files
        ),
        Setting("channel", "a name that will point to this version", standard: "none", .files),
        Setting(
            "projector",
            "the `projector` step whose file is published beside the builds, as the other half of a pair",
            standard: "the last one before it",
            .files
        ),
    ]

    package init(_ reader: SettingReader, _ references: StepReferences) {
        let builds = references.builds("builds", in: reader)
        self.builds = builds
        let kinds = [ValidateSettings.kind, FitSettings.kind]
        measures =
            references.ids("measures", in: reader, kinds: kinds)
            ?? references.ids { settings in
                (settings as? ValidateSettings)?.builds == builds || (settings as? FitSettings)?.builds == builds
            }
        channel = reader.text("channel")
        projector = references.projector(in: reader, standard: references.ids { $0 is ProjectorSettings }.last)
    }

    package var needs: [String] { [builds] + measures + (projector.map { [$0] } ?? []) }

    func step(_ id: String, on bench: Workbench) throws -> any Step {
        let maker = bench.builds(builds)
        return PublishStep(
            id: id,
            settings: self,
            definition: bench.definition,
            source: bench.source,
            registry: bench.cache.registry,
            maker: maker,
            projector: projector.map(bench.projector),
            measured: measures.flatMap { bench.measure($0).nodes }
        )
    }
}
