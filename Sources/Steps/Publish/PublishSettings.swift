import Pipeline
import Settings

/// Settings for publishing to the registry.
public struct PublishSettings: StepKind {
    /// The step whose builds are published.
    public var builds: String
    /// The steps whose results are published with the builds.
    public var measures: [String]
    /// The channel that will point to the version.
    public var channel: String?
    /// The step whose projector is published with each build, as a pair.
    public var projector: String?

    package static let kind = "publish"
    package static let settings = [
        .builds("the step whose builds are published"),
        Setting(
            "measures",
            "the `validate` and `fit` steps whose figures go along",
            standard: "those before it with the same `builds`",
            .files,
            takes: .steps([ValidateSettings.kind, FitSettings.kind])
        ),
        Setting("channel", "a name that will point to this version", standard: "none", .files),
        Setting(
            "projector",
            "the `projector` step whose file is published beside the builds, as the other half of a pair",
            standard: "the last one before it",
            .files,
            takes: .step([ProjectorSettings.kind])
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
        Self.refuseTwins(of: builds, reader, references)
        projector = references.projector(in: reader, standard: references.ids { $0 is ProjectorSettings }.last)
    }

    /// Rejects two builds of one version with the same name; otherwise the second one would be rejected at the very
    /// end.
    private static func refuseTwins(of builds: String, _ reader: SettingReader, _ references: StepReferences) {
        guard let place = reader.node("builds") else { return }
        let types = Set(references.buildTypes(of: builds))
        for id in references.ids(where: { $0 is PublishSettings }) {
            guard let other = references[id] as? PublishSettings, other.builds != builds else { continue }
            let twins = types.intersection(references.buildTypes(of: other.builds)).sorted()
            guard let twin = twins.first else { continue }
            reader.report(
                "step '\(id)' publishes a build '\(twin)' of this version already, out of '\(other.builds)'. Publish one of them.",
                at: place
            )
        }
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
