import Foundation
import SystemPackage

/// The options of a pipeline run.
public struct RunOptions: Sendable {
    /// The registry's file; it is created if missing.
    public var registry: FilePath
    /// The number of threads, at least one.
    public var threads: Int
    /// The most memory of a step in bytes; steps that need more are refused, and concurrent steps share it.
    public var memoryLimit: Int?
    /// Whether downloads are disabled.
    public var isOffline = false
    /// Where products are stored for the next run.
    public var cache = CacheOptions()
    /// Whether cached steps run again.
    public var force = false
    /// Whether, after a step fails, the steps that do not need it still run.
    public var keepsGoing = false
    /// The first step to run; those before it must be cached.
    public var from: String?
    /// The only step to run; those before it must be cached.
    public var only: String?

    /// Uses as many threads as the machine has cores by default.
    public init(registry: FilePath, threads: Int? = nil) {
        self.registry = registry
        self.threads = max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount)
    }

    /// The memory that concurrent steps share, in bytes: all of the machine by default.
    var sharedMemory: Int {
        memoryLimit ?? Int(clamping: ProcessInfo.processInfo.physicalMemory)
    }

    /// The folder that steps work in; nil for the one beside the registry.
    package var workPlace: FilePath?

    /// The folder that steps work in.
    package var workFolder: FilePath { workPlace ?? FilePath(registry.string + ".work") }
}

extension RunOptions {
    /// The local folder.
    package var cacheFolder: CacheFolder {
        guard case .folder(let path)? = cache.place else { return CacheFolder(workFolder) }
        return CacheFolder(path)
    }
}
