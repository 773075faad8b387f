import BinaryIO
import Pipeline
import SystemPackage

/// The request to run a pipeline on a cluster.
public struct SubmitRequest: Sendable {
    /// The pipeline file; `overrides` replace its settings.
    public var file: FilePath
    public var overrides: [String]
    /// The model, if the file has several.
    public var model: String?
    /// The types of the builds to make; empty for all.
    public var types: [String] = []
    /// The options of the run: the registry, the cache, whether the Hub is used.
    public var options: RunOptions
    /// The cache as written in the option.
    public var cache: String
    /// The partition; nil for the cluster's default.
    public var partition: String?
    /// The number of cores of a task.
    public var cpus = 4
    /// The time limit of a task in Slurm's syntax; nil for the partition's default.
    public var timeLimit: String?
    /// The host on which the last job publishes; nil for any.
    public var publishingHost: String?
    /// The program that tasks run.
    public var program: FilePath
    /// The folder for scripts, logs and notes; nil for a folder of the cache's, or one beside the pipeline file if the
    /// cache is a server.
    public var folder: FilePath?
    /// Whether any difference from the lock beside the file is an error, now and in each task.
    public var isLocked = false
    /// Whether scripts are written without submitting anything.
    public var isDryRun = false

    /// - Parameters:
    ///   - cache: the cache as written in the option.
    ///   - program: the program that tasks run.
    public init(_ file: FilePath, _ overrides: [String], _ options: RunOptions, cache: String, program: FilePath) {
        (self.file, self.overrides, self.options) = (file, overrides, options)
        (self.cache, self.program) = (cache, program)
    }

    /// The cache as tasks find it, whatever folder they start in.
    var cachePlace: String {
        if case .folder(let path)? = options.cache.place { return path.fromRoot.string }
        return cache
    }

    /// Whether tasks share no folder except that of the scripts.
    var isOnServer: Bool { if case .server? = options.cache.place { true } else { false } }

    /// - Throws: `ClusterError.badRequest` for values that sbatch would misread.
    func check() throws {
        func refuse(_ text: String?, _ setting: String, _ wants: String, _ accepts: (Character) -> Bool) throws {
            guard let text, text.isEmpty || !text.allSatisfy({ $0.isASCII && accepts($0) }) else { return }
            throw ClusterError.badRequest("'\(text.visible)' is not a valid \(setting: setting). Write \(wants).")
        }
        let isName = { (character: Character) in character.isLetter || character.isNumber || "_.-,".contains(character)
        }
        try refuse(partition, "partition", "a partition's name, such as gpu", isName)
        try refuse(publishingHost, "publish-on", "a host's name, such as node1", isName)
        try refuse(timeLimit, "time", "days-hours:minutes:seconds, such as 4:00:00") {
            $0.isNumber || ":-".contains($0)
        }
        guard (1...4096).contains(cpus) else { throw ClusterError.badRequest("\(setting: "cpus") takes 1 to 4096.") }
    }

    /// The name of the folder beside a pipeline file.
    private static let ownFolder = "edgepipe-submissions"

    /// Returns the folder of the submissions. A server stores no scripts, but all machines can read the pipeline file's
    /// folder.
    /// - Parameter file: the pipeline file, or an id; nil for the current folder.
    package static func folder(
        _ chosen: FilePath?,
        cache: CacheOptions.Place?,
        of file: FilePath?
    ) throws -> SubmissionFolder {
        if let chosen { return SubmissionFolder(chosen.fromRoot) }
        switch cache {
        case .folder(let path)?: return SubmissionFolder(path.fromRoot.appending("submissions"))
        case .server?:
            let place = file.map { $0.fromRoot.removingLastComponent() } ?? FilePath("").fromRoot
            return SubmissionFolder(place.appending(ownFolder))
        case nil:
            throw ClusterError.badRequest("Give the \(setting: "cache") that all machines see.")
        }
    }
}
