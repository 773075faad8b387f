import Answers
import BinaryIO
import DeviceFit
import Distribution
import Registry
import Work

/// Settings for pushing builds.
public struct PushRequest: Sendable {
    /// The clients that the builds are for.
    public var dialects: [Dialect]
    /// The size of a chunk, in bytes.
    public var chunkBytes: Int
    /// The number of earlier versions of a build from which deltas are offered.
    public var deltas = 0
    /// The accepted chunk sizes, in bytes: two chunks are held in memory.
    private static let chunks = (1 << 20)...(256 << 20)

    /// - Parameters:
    ///   - dialects: names separated by commas; nil for all.
    ///   - chunk: a size, such as `16MiB`.
    ///   - deltas: a number of versions; nil for none.
    /// - Throws: `StepsError.badRequest`, `DeviceFitError`.
    public init(dialects: String?, chunk: String?, deltas: Int? = nil) throws {
        self.deltas = deltas ?? 0
        guard (0...100).contains(self.deltas) else {
            throw StepsError.badRequest("\(setting: "deltas") takes 0 to 100.")
        }
        self.dialects =
            try (dialects?.split(separator: ",").map { String($0) })?.map { name in
                guard let dialect = Dialect(rawValue: name.lowercased()) else {
                    let advice = Spelling.advice(for: name, among: Dialect.allCases.map(\.rawValue))
                    throw StepsError.badRequest("\(setting: "dialect") '\(name)' is not known. \(advice)")
                }
                return dialect
            } ?? Dialect.allCases
        chunkBytes = try chunk.map { try ByteSize($0).bytes } ?? 16 << 20
        guard Self.chunks.contains(chunkBytes) else {
            throw StepsError.badRequest("\(setting: "chunk") takes 1 MiB to 256 MiB.")
        }
    }
}

extension Operations {
    /// Pushes builds with all their data to an OCI registry.
    /// - Parameter names: `model`, `model@version`, `model@channel`, each with or without `:type`; empty for all.
    /// - Throws: `DistributionError`, `RegistryError`, and any error of `progress`.
    public static func push(
        _ names: [String],
        to place: RemotePlace,
        _ request: PushRequest,
        from session: RegistrySession,
        progress: @escaping WorkProgress
    ) throws -> PushReport {
        var push = RegistryPush(from: session.registry)
        (push.dialects, push.chunkBytes, push.deltas) = (request.dialects, request.chunkBytes, request.deltas)
        push.documents = { build in
            try session.attestations(of: build).map { document in
                PushedDocument(
                    document.artifactType,
                    title: document.name,
                    bytes: document.bytes,
                    annotations: document.annotations
                )
            }
        }
        return try push.run(names, to: place, progress: progress)
    }
}
