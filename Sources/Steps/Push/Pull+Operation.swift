import Answers
import BinaryIO
import Distribution
import Registry
import SystemPackage
import Work

extension Operations {
    /// What to pull, from where, and how.
    public struct PullRequest: Sendable {
        /// `model[@version][:type]`, or `oci://host/path:tag`.
        public var name: String
        /// The file to write.
        public var output: FilePath
        /// The file of the public key that must have signed the build; nil to require no signature.
        public var key: FilePath?
        /// Whether the projector of a vision model is omitted.
        public var leavesProjector = false
        /// Whether an OCI registry uses plain HTTP.
        public var isInsecure = false
        /// The file of an older build, whose parts are reused if that helps; nil for none.
        public var since: FilePath?

        /// Creates a request for a build with its projector.
        public init(_ name: String, to output: FilePath) { (self.name, self.output) = (name, output) }
    }

    /// Writes a build to a file, from a local or a remote registry.
    /// - Throws: `RegistryError`, `DistributionError`, `FileError`, `GGUFError` if the older file is not a GGUF file,
    ///   and any error of `progress`.
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
