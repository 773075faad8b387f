import Answers
import BinaryIO
import Foundation
import ModelHub
import Pipeline
import Registry
import SystemPackage

/// The result of rebuilding a version. The names of the fields are a contract with other programs.
public struct RebuildReport: Codable, Sendable {
    /// One build.
    public struct Build: Codable, Sendable {
        /// The name, `model@version:type`.
        public var build: String
        /// The SHA-256 in the registry.
        public var recorded: SHA256Digest
        /// The SHA-256 of the rebuilt file; nil if none was made.
        public var rebuilt: SHA256Digest?
        /// Whether the two are equal.
        public var isSame: Bool
        /// The version of edgepipe that published it.
        public var publishedBy: String
        /// The reason why no file was made.
        public var problem: String?
    }

    /// The name, `model@version`.
    public var version: String
    /// The version of edgepipe that rebuilt it.
    public var edgepipe: String
    /// The elapsed time, in seconds.
    public var seconds: Double
    /// The builds in the order of the registry.
    public var builds: [Build]

    /// Whether every build has the bytes that were published.
    public var isSame: Bool { builds.allSatisfy(\.isSame) }
}

/// Which builds to rebuild, and how.
public struct RebuildRequest: Sendable {
    /// `model@version` or `model@channel`, with or without `:type`.
    public var version: String
    /// The registry's file, which is only read.
    public var registry: FilePath
    /// A pipeline file to use instead of the one in the registry.
    public var pipeline: FilePath?
    /// `KEY=VALUE` settings of that file.
    public var overrides: [String] = []
    /// The working folder; nil for a folder beside the registry. The rebuilt files are removed.
    public var folder: FilePath?
    /// The number of threads.
    public var threads: Int?
    /// Whether downloads are disabled.
    public var isOffline = false

    /// Creates a request that uses the pipeline from the registry.
    public init(_ version: String, registry: FilePath) { (self.version, self.registry) = (version, registry) }
}

/// Rebuilds published builds from their source and pipeline, without a cache, and compares the results with what was
/// published.
public struct RebuildRun: Sendable {
    private let request: RebuildRequest
    private let report: RunReporting

    /// Creates a run that by default reports nothing.
    public init(_ request: RebuildRequest, report: @escaping RunReporting = { _ in }) {
        (self.request, self.report) = (request, report)
    }

    /// - Throws: `RegistryError` for an unknown version; `RebuildError` if something is missing; the errors of a run.
    public func run() throws -> RebuildReport {
        let started = Date()
        let registry = try ModelRegistry(path: request.registry, mode: .readOnly)
        defer { try? registry.close() }
        let wanted = try builds(in: registry)
        let place = request.folder ?? FilePath(request.registry.string + ".work")
        let scratch = place.appending("rebuild-\(UUID().uuidString)")
        try makeFolder(scratch)
        defer { try? FileManager.default.removeItem(atPath: scratch.string) }
        // The builds of one version may come from several pipelines.
        var groups: [(definition: SHA256Digest?, builds: [BuildRecord])] = []
        for build in wanted {
            let definition = request.pipeline == nil ? build.facts.pipelineDigest : nil
            if let index = groups.firstIndex(where: { $0.definition == definition }) {
                groups[index].builds.append(build)
            } else {
                groups.append((definition, [build]))
            }
        }
        var made: [String: RebuildReport.Build] = [:]
        // Anything missing is reported before any build is made.
        let definitions = try groups.map { try definition(of: $0.builds[0], in: registry) }
        for (index, group) in groups.enumerated() {
            let folder = scratch.appending("\(index)")
            for build in try rebuild(group.builds, definitions[index], registry, in: folder) {
                made[build.build] = build
            }
            try? FileManager.default.removeItem(atPath: folder.string)
        }
        return RebuildReport(
            version: "\(wanted[0].name.model)@\(wanted[0].name.version)",
            edgepipe: Edgepipe.version,
            seconds: Date().timeIntervalSince(started),
            builds: wanted.compactMap { made["\($0.name)"] }
        )
    }

    /// Returns the requested builds; never empty.
    private func builds(in registry: ModelRegistry) throws -> [BuildRecord] {
        let reference = try BuildReference(request.version)
        var filter = BuildFilter(model: reference.model, type: reference.type)
        switch reference.selector {
        case .newest: break
        case .version(let version): filter.version = version
        case .channel(let channel): filter.channel = channel
        }
        let found = try registry.builds(matching: filter)
        let versions = Set(found.map(\.name.version))
        let version = versions.filter { !$0.isPreRelease }.max() ?? versions.max()
        let builds = found.filter { $0.name.version == version }
        guard !builds.isEmpty else {
            // Throws an error that lists the existing versions and builds.
            _ = try registry.resolve(reference)
            throw RegistryError.notFound(request.version, available: [])
        }
        return builds
    }

    /// Returns the pipeline that made a build.
    private func definition(of build: BuildRecord, in registry: ModelRegistry) throws -> PipelineDefinition {
        if let path = request.pipeline {
            let definitions = try PipelineFile(path: path, overrides: request.overrides).definitions
            guard let definition = definitions.first(where: { $0.name == build.name.model }) else {
                throw RebuildError.otherPipeline(path, wanted: build.name.model, known: definitions.map(\.name))
            }
            if definition.digest != build.facts.pipelineDigest {
                remark("\(path) is not, letter by letter, the pipeline that made \(build.name)")
            }
            return definition
        }
        guard let digest = build.facts.pipelineDigest else {
            throw RebuildError.noPipeline(build: "\(build.name)", source: build.facts.sourceURI)
        }
        guard let record = try registry.pipeline(digest) else {
            throw RebuildError.pipelineNotKept(build: "\(build.name)", digest: digest, toolVersion: build.toolVersion)
        }
        return try record.definition
    }

    private func remark(_ words: String) {
        try? report(RunEvent(event: .remark, step: "", kind: "verify", detail: words))
    }

    // MARK: Rebuilding

    /// Rebuilds the builds of one pipeline.
    private func rebuild(
        _ builds: [BuildRecord],
        _ definition: PipelineDefinition,
        _ registry: ModelRegistry,
        in folder: FilePath
    ) throws -> [RebuildReport.Build] {
        try makeFolder(folder)
        var options = RunOptions(registry: folder.appending("registry.db"), threads: request.threads)
        options.cache.mode = .off
        options.workPlace = folder
        options.isOffline = request.isOffline
        let cache = try StepCache(registry: nil, options, isWritable: true)
        let published = definition.steps.compactMap { $0.settings as? PublishSettings }
        let makers = Set(published.flatMap { [$0.builds] + ($0.projector.map { [$0] } ?? []) })
        // Measurements decide no build, and their texts may be missing.
        let making = definition.compactMapSettings { step in
            switch step.settings {
            case is ValidateSettings, is FitSettings, is PublishSettings: nil
            default: step.settings
            }
        }
        let (steps, source, notes) = try steps(of: making, builds[0], cache)
        let planned = steps.filter { makers.contains($0.id) }.compactMap { $0 as? any BuildMaker }.flatMap(\.builds)
        let wanted = planned.filter { plan in builds.contains { $0.name.type == plan.type } }
        for build in builds {
            guard let plan = wanted.first(where: { $0.type == build.name.type }) else { continue }
            let behind = Self.nodes(behind: [plan.node], in: steps)
            try checkFiles(of: build, behind, in: steps, source, notes, registry)
        }
        let runner = StepRunner(
            steps,
            cache,
            options,
            selected: [],
            nodes: Self.nodes(behind: wanted.map(\.node), in: steps),
            workFolder: folder.appending(definition.name),
            report: report
        )
        _ = try runner.run()
        return builds.map { build in
            let plan = wanted.first { $0.type == build.name.type }
            let rebuilt = plan.flatMap { runner.product(of: $0.node.name)?.files.first?.digest }
            return RebuildReport.Build(
                build: "\(build.name)",
                recorded: build.digest,
                rebuilt: rebuilt,
                isSame: rebuilt == build.digest,
                publishedBy: build.toolVersion,
                problem: plan == nil ? "the pipeline does not make this build" : nil
            )
        }
    }

    /// Returns the steps over the source that a build names.
    private func steps(
        of definition: PipelineDefinition,
        _ build: BuildRecord,
        _ cache: StepCache
    ) throws -> (steps: [any Step], source: SourceCheckpoint, notes: InputNotes) {
        let uri = build.facts.sourceURI
        // A Hub model was recorded with its commit.
        let isOfHub = definition.source.hasPrefix("hf://") && uri.hasPrefix("hf://")
        let pinned = definition.replacing(source: isOfHub ? uri : definition.source, adapters: definition.adapters)
        let version = "\(build.name.model)@\(build.name.version)"
        do {
            let located = try LocatedSource.downloaded(pinned, isOffline: request.isOffline, report)
            let source = try SourceCheckpoint(located, of: pinned, cache)
            if let recorded = build.facts.sourceDigest, recorded != source.digest {
                throw RebuildError.otherSource(
                    build: "\(build.name)",
                    source: source.uri,
                    recorded: recorded,
                    found: source.digest
                )
            }
            // The imported files are stored with the pipeline, and may no longer exist.
            let notes = InputNotes(folder: pinned.folder, source: nil, imported: [])
            return (try Workbench.steps(of: pinned, source, cache, notes), source, notes)
        } catch let error as ModelHubError {
            throw RebuildError.away(version: version, source: uri, underlying: error)
        } catch let error as FileError {
            throw RebuildError.away(version: version, source: uri, underlying: error)
        } catch PipelineError.stepFailed(let step, let error as FileError) {
            let error = PipelineError.stepFailed(step: step, underlying: error)
            throw RebuildError.away(version: version, source: uri, underlying: error)
        }
    }

    /// Compares the texts, matrices and recipes that nodes read with those in the lineage of a build. The lineage of
    /// builds published by older versions names none; then nothing is compared.
    /// - Throws: `RebuildError.otherFile`.
    private func checkFiles(
        of build: BuildRecord,
        _ names: Set<StepNode.Name>,
        in steps: [any Step],
        _ source: SourceCheckpoint,
        _ notes: InputNotes,
        _ registry: ModelRegistry
    ) throws {
        guard let recordedSource = build.facts.sourceDigest else { return }
        let lineage = try registry.lineage(of: build.digest)
        let kinds = Dictionary(uniqueKeysWithValues: steps.map { ($0.id, $0.kind) })
        for node in steps.flatMap(\.nodes) where names.contains(node.name) {
            let given = node.givenFiles.filter { $0 != source.digest }
            // A user-supplied file may be the product of another pipeline, so only the kinds that this node reads
            // count.
            let inputs = Set(node.inputs.compactMap { kinds[$0.step] })
            let made = Set(lineage.filter { inputs.contains($0.stepKind) }.map(\.to))
            var recorded: [SHA256Digest] = []
            for edge in lineage
            where edge.stepKind == node.key.kind && edge.optionsDigest == node.key.settingsDigest
                && edge.from != recordedSource && !made.contains(edge.from) && !recorded.contains(edge.from)
            {
                recorded.append(edge.from)
            }
            guard !recorded.isEmpty, let found = given.first(where: { !recorded.contains($0) }) else { continue }
            throw RebuildError.otherFile(
                build: "\(build.name)",
                step: node.name.step,
                file: notes.inputs.first { $0.value == found }?.key ?? "a file that it reads",
                recorded: recorded,
                found: found
            )
        }
    }

    /// Returns some nodes, and all nodes whose products they need.
    private static func nodes(behind wanted: [StepNode], in steps: [any Step]) -> Set<StepNode.Name> {
        var names = Set(wanted.map(\.name))
        for node in steps.flatMap(\.nodes).reversed() where names.contains(node.name) { names.formUnion(node.inputs) }
        return names
    }
}
