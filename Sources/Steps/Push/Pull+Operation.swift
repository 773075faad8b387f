import Answers
import BinaryIO
import Distribution
import Registry
import SystemPackage
import Work

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
}
