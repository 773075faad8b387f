import BinaryIO
import Foundation
import SystemPackage

/// What was given to a cluster, as `submission.json` keeps it beside the scripts.
package struct Submission: Codable, Sendable {
    /// A task, and the key under which its product will be in the cache.
    struct Task: Codable, Sendable {
        let number: Int
        let node: String
        let key: SHA256Digest
    }

    /// An array of tasks.
    struct Job: Codable, Sendable {
        let step: String
        let script: String
        /// nil until it is submitted.
        var job: Int?
        let tasks: [Task]
    }

    /// How far the submission itself got.
    enum Stage: String, Codable, Sendable { case submitting, submitted, cancelled }

    static let currentFormat = 1
    static let fileName = "submission.json"

    let format: Int
    let id: String
    let pipeline: String
    /// From the root.
    let file: String
    /// As the option takes it.
    let cache: String
    let edgepipe: String
    let submittedAt: String
    var stage: Stage
    var jobs: [Job]
    /// The job that publishes; nil where the pipeline publishes nothing.
    var publishing: Job?

    /// All that were given to the cluster.
    var jobIDs: [Int] { (jobs + (publishing.map { [$0] } ?? [])).compactMap(\.job) }

    /// What jobs are called, by which they are known again.
    func jobName(_ step: String) -> String { "\(id).\(Self.plain(step))" }

    /// A step's id in letters that sbatch reads as they are.
    static func plain(_ step: String) -> String {
        String(step.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) ? $0 : "_" })
    }
}

/// The folder in which submissions are, each in a folder of its own.
package struct SubmissionFolder: Sendable {
    package let root: FilePath

    /// More are not looked through.
    private static let sizeLimit = 64 << 20

    package init(_ root: FilePath) { self.root = root }

    func folder(_ id: String) -> FilePath { root.appending(id) }

    /// - Throws: `FileError`.
    func save(_ submission: Submission) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let path = folder(submission.id).appending(Submission.fileName)
        try writeFile(try encoder.encode(submission), to: path)
    }

    /// All that can be read, the newest first.
    func all() -> [Submission] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.string)) ?? []
        return names.compactMap(submission).sorted { ($0.submittedAt, $0.id) > ($1.submittedAt, $1.id) }
    }

    private func submission(_ id: String) -> Submission? {
        guard NameGrammar.accepts(id),
            let bytes = try? readFile(folder(id).appending(Submission.fileName), limit: Self.sizeLimit),
            let submission = try? JSONDecoder().decode(Submission.self, from: Data(bytes)),
            submission.format == Submission.currentFormat, submission.id == id
        else { return nil }
        return submission
    }

    /// The submission with an id, or the last one of each pipeline of a file.
    /// - Throws: `ClusterError.unknownSubmission`.
    func find(_ text: String) throws -> [Submission] {
        if let found = submission(text) { return [found] }
        let path = FilePath(text).fromRoot.string
        var known: Set<String> = []
        let found = all().filter { ($0.file == path || $0.pipeline == text) && known.insert($0.pipeline).inserted }
        guard !found.isEmpty else { throw ClusterError.unknownSubmission(text, folder: root.string) }
        return found
    }
}

extension FilePath {
    /// The path from the root, without steps back: other machines start in other folders.
    var fromRoot: FilePath {
        (isAbsolute ? self : FilePath(FileManager.default.currentDirectoryPath).pushing(self)).lexicallyNormalized()
    }
}
