import BinaryIO
import Briefs
import DeviceFit
import Foundation
import GGUF
import Registry
import Work

/// Fills a report from the registry, its only source.
struct ReportMaterial {
    private let session: RegistrySession
    private let request: ReportRequest
    private let choice: VersionChoice
    private let devices: [Device]
    private let estimator: FitEstimator
    /// The fits of all builds of the version, by digest.
    private let storedFits: [SHA256Digest: [FitRecord]]

    private var registry: ModelRegistry { session.registry }

    init(_ session: RegistrySession, _ request: ReportRequest) throws {
        (self.session, self.request) = (session, request)
        choice = try VersionChoice(request.model, in: session)
        let catalogue = try session.catalogue()
        estimator = FitEstimator(catalogue: catalogue)
        var fits: [SHA256Digest: [FitRecord]] = [:]
        for build in choice.builds { fits[build.digest] = try session.registry.fits(of: build.digest) }
        storedFits = fits
        let stored = Set(fits.values.joined().map(\.device))
        // A device that was removed from the catalogue has no display name.
        let known = catalogue.devices.filter { stored.contains($0.id) }
        let chosen = try request.devices.map { try catalogue.device($0) }
        let usual = ["iphone-15", "pixel-8"]
        devices = !chosen.isEmpty ? chosen : !known.isEmpty ? known : try usual.map(catalogue.device)
    }

    /// - Throws: `RegistryError`, `FileError`, `GGUFError`.
    func report(_ progress: @escaping WorkProgress) throws -> ModelReport {
        let answer = try ranking(for: devices.map(\.id))
        let ranked = answer.ranked.filter { name in choice.builds.contains { "\($0.name)" == name } }
        let best = choice.builds.first { "\($0.name)" == ranked.first }
        let focus = choice.named ?? best ?? choice.builds.min { $0.fileBytes < $1.fileBytes } ?? choice.builds[0]
        let signatures = try ReportSignatures(registry)
        let lineage = try lineage()
        let errors = try TensorErrors(of: focus, lineage, in: registry)
        return ModelReport(
            model: focus.name.model,
            version: "\(focus.name.version)",
            channels: try channels(),
            builds: try choice.builds.map { build in
                ReportedBuild(
                    build,
                    try registry.measurements(of: build.digest),
                    signatures.of(build),
                    rank: ranked.firstIndex(of: "\(build.name)").map { $0 + 1 },
                    remarks: answer.remarks["\(build.name)"] ?? []
                )
            },
            focus: focus.name.type,
            choice: choice.named != nil ? .named : best != nil ? .best : .smallest,
            fits: try fits(of: focus),
            tensors: try header(of: focus, progress).tensors.map(errors.reported),
            errors: errors.kind,
            lineage: lineage.map { edge in
                ReportedStep(
                    from: "\(edge.from)",
                    kind: edge.stepKind,
                    to: "\(edge.to)",
                    options: "\(edge.optionsDigest)"
                )
            },
            moves: try moves()
        )
    }

    /// Returns the query's answer for these devices: the builds in order, and the remarks on each.
    private func ranking(for devices: [String]) throws -> (ranked: [String], remarks: [String: [String]]) {
        var query = BuildQuery()
        (query.devices, query.model, query.kvType) = (devices, choice.name.model, request.kvType)
        query.context = context
        let answer = try query.answer(from: session)
        let fitting = [answer.best].compactMap { $0 } + answer.alternatives
        var remarks: [String: [String]] = [:]
        for build in fitting { remarks[build.build] = build.remarks }
        for refusal in answer.refused { remarks[refusal.build] = refusal.reasons }
        return (fitting.map(\.build), remarks)
    }

    /// The requested context, or the one of most fits in the registry; nil leaves it to the query.
    private var context: Int? {
        if let context = request.context { return context }
        let ids = Set(devices.map(\.id))
        let found = storedFits.values.joined().filter { ids.contains($0.device) && $0.kvType == request.kvType }
        let counts = Dictionary(grouping: found, by: \.context).mapValues(\.count)
        return counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key
    }

    private func fits(of build: BuildRecord) throws -> [ReportedFit] {
        guard let profile = session.profile(build.facts.profile) else { return [] }
        let fit = FitRequest(for: profile, context: context, kvType: request.kvType)
        let types = Dictionary(choice.builds.map { ("\($0.name)", $0.name.type) }) { first, _ in first }
        return try devices.map { device in
            let stored = storedFits[build.digest]?.first { record in
                record.device == device.id && record.context == fit.context && record.kvType == fit.kvType.lowercased()
            }
            let known = stored.flatMap { try? JSONDecoder().decode(FitEstimate.self, from: Data($0.payload.utf8)) }
            return ReportedFit(
                device: device,
                estimate: try known ?? estimator.estimate(profile, on: device, fit),
                isStored: known != nil,
                best: try ranking(for: [device.id]).ranked.lazy.compactMap { types[$0] }.first
            )
        }
    }

    /// Reads and verifies the header of the build's file from its object, without the rest of the file.
    private func header(of build: BuildRecord, _ progress: @escaping WorkProgress) throws -> GGUFHeader {
        try registry.header(of: build) { end in
            try progress("reading the header of \(build.name)", end, build.fileBytes)
        }
    }

    /// Returns every step that leads to any of the builds, each once.
    private func lineage() throws -> [LineageEdge] {
        var edges: [LineageEdge] = []
        for build in choice.builds {
            edges += try registry.lineage(of: build.digest).filter { !edges.contains($0) }
        }
        return edges
    }

    private func channels() throws -> [String] {
        try registry.versions().first { $0.model == choice.name.model && $0.version == choice.name.version }?
            .channels ?? []
    }

    /// Returns nil if the registry is older than the reasons of moves.
    private func moves() throws -> [ReportedMove]? {
        let version = choice.name.version
        return try unlessOlder { try registry.channelHistory(of: choice.name.model) }?
            .filter { $0.to == version || $0.from == version }
            .map { move in
                ReportedMove(
                    channel: move.channel,
                    from: move.from.map { "\($0)" },
                    to: "\(move.to)",
                    at: move.at.formatted(.iso8601),
                    who: move.reason.who,
                    why: move.reason.why
                )
            }
    }
}

/// Reads data that a registry from before a table or column was added cannot have.
/// - Returns: nil for such a registry, which a report must not change.
func unlessOlder<Value>(_ body: () throws -> Value) throws -> Value? {
    do {
        return try body()
    } catch RegistryError.database {
        return nil
    }
}
