import Registry
import SystemPackage

extension Operations {
    /// The runs that a registry remembers, newest first.
    /// - Parameter pipeline: runs of this pipeline only; nil for all.
    public static func runs(of pipeline: String?, limit: Int, in registry: FilePath) throws -> [RunRecord] {
        try reading(registry) { try $0.runs(of: pipeline, limit: limit) }
    }
}
