import BinaryIO
import Pipeline
import SystemPackage

/// What is given to a cluster, and how.
public struct SubmitRequest: Sendable {
    /// The pipeline file, and settings in place of its own.
    public var file: FilePath
    public var overrides: [String]
    /// Which model, where the file has several.
    public var model: String?
    /// Types of builds that are left; all where there are none.
    public var types: [String] = []
    /// Takes the place of the pipeline file's, for steps: the registry, the cache, whether the Hub is asked.
    public var options: RunOptions
    /// The cache as the option takes it.
    public var cache: String
    /// nil for the cluster's own choice.
    public var partition: String?
    /// Cores of a task.
    public var cpus = 4
    /// The longest that a task may take, as Slurm writes it; nil for the partition's own.
    public var timeLimit: String?
    /// The host on which the last job publishes; nil for any.
    public var publishingHost: String?
    /// The program that tasks run.
    public var program: FilePath
    /// Where scripts, logs and notes go; nil for a folder of the cache's, or one beside the pipeline file where the cache is a server.
    public var folder: FilePath?
    /// Whether nothing may differ from the lock beside the file, neither now nor in a task.
    public var isLocked = false
    /// Whether scripts are written and nothing is submitted.
    public var isDryRun = false

    /// - Parameters:
    ///   - cache: as the option takes it.
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

    /// Whether tasks share no folder with each other but that of the scripts.
    var isOnServer: Bool { if case .server? = options.cache.place { true } else { false } }

    /// - Throws: `ClusterError.badRequest` for what sbatch would misread.
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

    /// Beside a pipeline file.
    private static let ownFolder = "edgepipe-submissions"

    /// Where submissions are kept. A server holds no scripts, and all machines see the pipeline file's folder.
    /// - Parameter file: the pipeline file, or an id; nil for what the current folder has.
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
