import BinaryIO
import Foundation
import Registry
import SystemPackage
import Work

/// Everything the registry knows of a build.
public struct BuildDetails: Codable, Sendable {
    public var build: BuildRecord
    public var measurements: [MeasurementRecord]
    public var fits: [FitRecord]
    public var lineage: [LineageEdge]
    /// Nil in exports of versions that kept none.
    public var tensorErrors: [TensorErrorRecord]?

    init(_ build: BuildRecord, in registry: ModelRegistry) throws {
        self.build = build
        measurements = try registry.measurements(of: build.digest)
        fits = try registry.fits(of: build.digest)
        lineage = try registry.lineage(of: build.digest)
        tensorErrors = try registry.tensorErrors(of: build.digest)
    }
}

/// What was pulled.
public struct PullReport: Codable, Sendable {
    public var build: String
    public var output: String
    public var sha256: SHA256Digest
    public var bytes: Int
}

extension Operations {
    public static func versions(in registry: FilePath) throws -> [VersionRecord] {
        try reading(registry) { try $0.versions() }
    }

    public static func builds(in registry: FilePath) throws -> [BuildRecord] {
        try reading(registry) { try $0.builds() }
    }

    /// - Parameter name: `model[@version][:type]`
    public static func details(of name: String, in registry: FilePath) throws -> BuildDetails {
        try reading(registry) { registry in
            try BuildDetails(registry.resolve(try BuildReference(name)), in: registry)
        }
    }

    /// Points a channel to a version, for a reason that stays in its history.
    /// - Parameters:
    ///   - version: `model@version`.
    ///   - expected: where the caller believes the channel points, `nothing` where it should not exist yet; nil moves it
    ///     from wherever it is.
    /// - Returns: the move, or the last one where the channel pointed there already.
    public static func promote(
        _ version: String,
        to channel: String,
        expecting expected: String?,
        because reason: MoveReason,
        in path: FilePath
    ) throws -> ChannelMove {
        let reference = try BuildReference(version)
        guard case .version(let target) = reference.selector, reference.type == nil else {
            throw PipelineError.badRequest("'\(version)' is no version of a model. Write model@1.2.3.")
        }
        return try changing(path) { registry in
            try registry.setChannel(
                channel,
                of: reference.model,
                to: target,
                expecting: try expected.flatMap { $0 == "nothing" ? nil : try ModelVersion(parsing: $0) },
                isNew: expected == "nothing",
                because: reason
            )
            let moves = try registry.channelHistory(of: reference.model)
            guard let move = moves.last(where: { $0.channel == channel }) else {
                preconditionFailure("a channel that points somewhere was moved there")
            }
            return move
        }
    }

    /// Every move of a model's channels, oldest first.
    public static func history(of model: String, in path: FilePath) throws -> [ChannelMove] {
        try reading(path) { registry in
            try NothingFits.unless(registry, knowsModel: model)
            return try registry.channelHistory(of: model)
        }
    }

    /// Removes files that killed processes left in a registry and nothing published needs.
    /// - Parameters:
    ///   - age: leave alone what is younger, in seconds: another process may be at it.
    ///   - removes: whether they are removed, not only named.
    public static func collectLeftovers(
        in path: FilePath,
        olderThan age: Double,
        removes: Bool
    ) throws -> [VerificationReport.Leftover] {
        try opening(path, removes ? .openExisting : .readOnly) {
            try $0.collectLeftovers(olderThan: age, dryRun: !removes)
        }
    }

    /// Withdraws builds from what a registry offers.
    /// - Parameters:
    ///   - name: `model@version[:type]`.
    ///   - applies: whether it is done, not only said.
    public static func delete(
        _ name: String,
        because reason: MoveReason,
        applies: Bool,
        in path: FilePath
    ) throws -> WithdrawalReport {
        let reference = try BuildReference(name)
        guard case .version(let version) = reference.selector else {
            throw PipelineError.badRequest("'\(name)' names no version. Write model@1.2.3 or model@1.2.3:type.")
        }
        return try changing(path) { registry in
            try registry.withdraw(
                version,
                of: reference.model,
                type: reference.type,
                because: reason,
                dryRun: !applies
            )
        }
    }

    public static func initialize(_ registry: FilePath) throws {
        try ModelRegistry(path: registry, mode: .create).close()
    }

    public static func verify(
        _ registry: FilePath,
        readData: Bool,
        sample: VerificationSample? = nil,
        progress: @escaping WorkProgress
    ) throws -> VerificationReport {
        var report = try opening(registry, .readOnly, checksDatabase: false) { registry in
            if let sample {
                return try registry.verify(sample: sample) { done, total in try progress("verifying", done, total) }
            }
            return try registry.verify(readData: readData) { done, total in try progress("verifying", done, total) }
        }
        // Where it cannot be written the marks stay, and are told.
        if !report.returned.isEmpty, (try? changing(registry, { try $0.forgetDamage(of: report.returned) })) != nil {
            let returned = Set(report.returned)
            report.damages.removeAll { $0.kind == .lost && !returned.isDisjoint(with: $0.objects) }
        }
        return report
    }

    /// What keeps every build of a registry from being pulled, in words: an answer stands without the bytes, but whoever
    /// reads it has to know.
    public static func objectsWarning(of registry: FilePath) throws -> String? {
        try reading(registry) { registry in
            do {
                try registry.checkObjects()
                return nil
            } catch let error as RegistryError where error.isDamage {
                return "no build can be pulled: \(error)"
            }
        }
    }

    public static func query(_ query: BuildQuery, in registry: FilePath) throws -> QueryAnswer {
        try reading(registry) { try query.answer(from: $0) }
    }

    /// A build out of the registry, decompressed and verified before the file gets its name.
    /// - Parameter key: a file with the public key by which it must be signed.
    public static func pull(
        _ name: String,
        from registry: FilePath,
        to output: FilePath,
        signedBy key: FilePath? = nil,
        progress: @escaping WorkProgress
    ) throws -> PullReport {
        try refuse(output, replacing: [registry] + (key.map { [$0] } ?? []))
        let key = try key.map { try SigningKey.Public(pem: keyText($0)) }
        return try reading(registry) { registry in
            let record = try registry.resolve(try BuildReference(name))
            try checkSpace(for: record.fileBytes, at: output)
            _ = try registry.pull(record.name, to: output, signedBy: key) { transfer in
                try progress("pulling \(transfer.build)", transfer.doneBytes, transfer.totalBytes)
            }
            return PullReport(
                build: "\(record.name)",
                output: output.string,
                sha256: record.digest,
                bytes: record.fileBytes
            )
        }
    }

    package static func reading<Value>(_ path: FilePath, _ body: (ModelRegistry) throws -> Value) throws -> Value {
        try opening(path, .readOnly, body)
    }

    package static func changing<Value>(_ path: FilePath, _ body: (ModelRegistry) throws -> Value) throws -> Value {
        try opening(path, .openExisting, body)
    }

    private static func opening<Value>(
        _ path: FilePath,
        _ mode: ModelRegistry.Mode,
        checksDatabase: Bool = true,
        _ body: (ModelRegistry) throws -> Value
    ) throws -> Value {
        let registry = try ModelRegistry(path: path, mode: mode, checksDatabase: checksDatabase)
        defer { try? registry.close() }
        return try body(registry)
    }
}
