import BinaryIO

/// Why a pipeline cannot run on a cluster.
public enum ClusterError: Error, CustomStringConvertible, Sendable {
    /// The request is invalid, whatever the cluster's state.
    case badRequest(String)
    /// A program of the cluster is not installed here.
    case noProgram(String)
    /// A program of the cluster failed, with its own words.
    case programFailed(String, words: String)
    /// An answer differs from the program's manual.
    case badAnswer(String)
    case unknownPartition(String, known: [String])
    /// Jobs of a submission that failed could not be cancelled either.
    case leftHeld(id: String, jobs: [Int], folder: String, words: String)
    /// A step needs more memory than the machines have; all in bytes.
    case tooLittleMemory(step: String, needed: Int, largest: Int, node: String, partition: String?)
    /// A submission is not in the folder.
    case unknownSubmission(String, folder: String)

    /// The error in words that end with what to do.
    public var description: String {
        switch self {
        case .badRequest(let words): words
        case .noProgram(let name):
            "\(name) is not on the path. Run this on a machine of the cluster that has Slurm's commands, or add their folder to PATH."
        case .programFailed(let name, let words):
            "\(name) failed: \(words). Ask `sinfo` whether the cluster answers, and run the same command again; nothing was left half "
                + "submitted."
        case .leftHeld(let id, let jobs, let folder, let words):
            "the cluster stopped answering during the submission (\(words)). Jobs \(jobs.map { "\($0)" }.joined(separator: ", ")) may "
                + "still be queued; they are held and do not run. Once the cluster answers, cancel them with \(command: "cancel \(id)") "
                + "and \(setting: "folder", folder), and submit again."
        case .badAnswer(let name):
            "the answer of \(name) cannot be read. Report the cluster's version of Slurm as a bug."
        case .unknownPartition(let name, let known):
            "the cluster has no partition '\(name)'. \(Spelling.advice(for: name, among: known))"
        case .tooLittleMemory(let step, let needed, let largest, let node, let partition):
            "step '\(step)' needs \(needed >> 20) MiB of memory, and the largest machine\(partition.map { " of partition '\($0)'" } ?? "") "
                + "has \(largest >> 20) MiB (\(node)). Choose another \(setting: "partition"), or fewer \(setting: "cpus")."
        case .unknownSubmission(let name, let folder):
            "nothing was submitted as '\(name)' in \(folder). Give the pipeline's file, or an id that `submit` printed."
        }
    }

    /// A program's own words about its failure, without advice; nil for other errors.
    var programsWords: String? {
        if case .programFailed(let name, let words) = self { "\(name): \(words)" } else { nil }
    }

    /// Whether the caller must change the request.
    public var isBadRequest: Bool {
        switch self {
        case .badRequest, .unknownPartition, .unknownSubmission: true
        case .noProgram, .programFailed, .badAnswer, .tooLittleMemory, .leftHeld: false
        }
    }
}
