import Foundation
import SystemPackage

/// How to run a pipeline.
public struct RunOptions: Sendable {
    /// The registry's file; it is made where it is not there.
    public var registry: FilePath
    /// How many work at a time, at least one.
    public var threads: Int
    /// Refuse steps that would take more memory than this, in bytes; steps side by side share it.
    public var memoryLimit: Int?
    /// Download nothing.
    public var isOffline = false
    /// Where products are kept for the next run.
    public var cache = CacheOptions()
    /// Run again what is cached.
    public var force = false
    /// Run on after a step fails with what does not need it.
    public var keepsGoing = false
    /// Begin with this step; those before it must be cached.
    public var from: String?
    /// Run this step alone; those before it must be cached.
    public var only: String?

    /// As many threads as the machine has cores, where nothing is said.
    public init(registry: FilePath, threads: Int? = nil) {
        self.registry = registry
        self.threads = max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount)
    }

    /// The memory that steps side by side share, in bytes: all of the machine where nothing is said.
    var sharedMemory: Int {
        memoryLimit ?? Int(clamping: ProcessInfo.processInfo.physicalMemory)
    }

    /// Where steps work; nil for the folder beside the registry.
    package var workPlace: FilePath?

    /// Where steps work.
    package var workFolder: FilePath { workPlace ?? FilePath(registry.string + ".work") }
}
