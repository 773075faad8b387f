import Answers
import BinaryIO
import Distribution
import Foundation
import Registry
import SystemPackage
import Work

/// Where a registry is: a file, or a place in an OCI registry.
public enum RegistryPlace: Sendable {
    case file(FilePath)
    case remote(RemotePlace)

    /// - Parameters:
    ///   - text: a path, `oci://host/path`, or the `http://` or `https://` address of a server.
    ///   - isInsecure: whether an OCI registry speaks plain HTTP.
    /// - Throws: `DistributionError.badReference`.
    public init(_ text: String, isInsecure: Bool) throws {
        if OCIReference.isWritten(text) {
            self = .remote(try RemotePlace(text, isInsecure: isInsecure))
        } else if let server = try RemotePlace(server: text) {
            self = .remote(server)
        } else {
            self = .file(FilePath(text))
        }
    }

    /// Opens the registry to ask it, and closes it when `body` returns or throws.
    /// - Throws: `RegistryError`, `DistributionError`, and what `body` throws.
    public func reading<Value>(progress: @escaping WorkProgress, _ body: (RegistrySession) throws -> Value) throws
        -> Value
    {
        switch self {
        case .file(let path): return try RegistrySession.with(path, .reading, body)
        case .remote(let place):
            let session = RegistrySession(try RemoteRegistry(place).open(progress: progress))
            defer { try? session.close() }
            return try body(session)
        }
    }

    /// Opens the registry to change it.
    /// - Throws: `RegistryError`; `StepsError.badRequest` for one that lies elsewhere; what `body` throws.
    public func changing<Value>(_ body: (RegistrySession) throws -> Value) throws -> Value {
        switch self {
        case .file(let path): return try RegistrySession.with(path, .changing, body)
        case .remote(let place):
            throw StepsError.badRequest(
                "\(place.reference) is not changed from here. Change a registry on a disk, and push to it."
            )
        }
    }
}

extension Operations {
    /// What is pulled, from where, and how.
    public struct PullRequest: Sendable {
        /// `model[@version][:type]`, or `oci://host/path:tag`.
        public var name: String
        /// The file to write.
        public var output: FilePath
        /// A file with the public key by which it must be signed; nil asks for none.
        public var key: FilePath?
        /// Whether a model that sees comes without what it sees with.
        public var leavesProjector = false
        /// Whether an OCI registry speaks plain HTTP.
        public var isInsecure = false
        /// A file of an older build, of which as much is taken as helps; nil for none.
        public var since: FilePath?

        /// Takes a build with what it sees with.
        public init(_ name: String, to output: FilePath) { (self.name, self.output) = (name, output) }
    }

    /// Writes a build to a file, from a registry on a disk or from afar.
    /// - Throws: `RegistryError`, `DistributionError`, `FileError`, `GGUFError` for an older file that is none, and whatever
    ///   `progress` throws.
    public static func pull(
        _ request: PullRequest,
        from registry: RegistryPlace,
        progress: @escaping WorkProgress
    ) throws -> PullReport {
        func fetch(_ place: RemotePlace, named name: String?) throws -> PullReport {
            var pull = RemotePull(from: place)
            (pull.leavesProjector, pull.since) = (request.leavesProjector, request.since)
            var report = try pull.write(to: request.output, signedBy: request.key, progress: progress)
            if let name { report.build = name }
            return report
        }
        if OCIReference.isWritten(request.name) {
            return try fetch(RemotePlace(request.name, isInsecure: request.isInsecure), named: nil)
        }
        switch registry {
        case .remote(let place):
            let (found, record) = try RemoteRegistry(place).place(of: request.name, progress: progress)
            return try fetch(found, named: "\(record.name)")
        case .file(let path):
            guard request.since == nil else {
                throw StepsError.badRequest(
                    "\(setting: "since") is for builds that come over a network, and \(path.string.visible) is here. "
                        + "Leave it out."
                )
            }
            return try RegistrySession.with(path) { session in
                var pull = BuildPull(from: session.registry)
                pull.leavesProjector = request.leavesProjector
                return try pull.write(request.name, to: request.output, signedBy: request.key, progress: progress)
            }
        }
    }

    /// Makes the delta between two builds, and keeps it beside their registry, where it is offered to whoever has the older one.
    /// - Parameters:
    ///   - old: `model[@version][:type]`, as is `new`.
    ///   - threads: how many compress; nil for all processors.
    /// - Throws: `StepsError.badRequest` for a registry that lies elsewhere, and where the delta would save less than 40 %;
    ///   `RegistryError`, `FileError`, and whatever `progress` throws.
    public static func keepDelta(
        from old: String,
        to new: String,
        in place: RegistryPlace,
        threads: Int?,
        progress: @escaping WorkProgress
    ) throws -> DeltaShelf.Entry {
        try place.changing { session in
            let builds = try [old, new].map { try session.registry.resolve(BuildReference($0)) }
            let kept = try DeltaShelf(beside: session.path).delta(
                from: builds[0],
                to: builds[1],
                in: session.registry,
                threads: threads ?? ProcessInfo.processInfo.activeProcessorCount,
                progress: progress
            )
            guard let kept else {
                throw StepsError.badRequest(
                    "a delta from \(builds[0].name) to \(builds[1].name) would be no shorter than 0.6 of the file. Send the file itself."
                )
            }
            return kept
        }
    }
}
