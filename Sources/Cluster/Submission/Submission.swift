import BinaryIO
import Foundation
import SystemPackage

/// A submission to a cluster, stored as `submission.json` beside the scripts.
package struct Submission: Codable, Sendable {
    /// A task, and the key of its product in the cache.
    struct Task: Codable, Sendable {
        let number: Int
        let node: String
        let key: SHA256Digest
    }

    /// An array of tasks.
    struct Job: Codable, Sendable {
        let step: String
        let script: String
        /// The job's id; nil until it is submitted.
        var job: Int?
        let tasks: [Task]
    }

    /// The progress of the submission itself.
    enum Stage: String, Codable, Sendable { case submitting, submitted, cancelled }

    static let currentFormat = 1
    static let fileName = "submission.json"

    let format: Int
    let id: String
    let pipeline: String
    /// The absolute path.
    let file: String
    /// The cache as written in the option.
    let cache: String
    let edgepipe: String
    let submittedAt: String
    var stage: Stage
    var jobs: [Job]
    /// The job that publishes; nil if the pipeline publishes nothing.
    var publishing: Job?

    /// The ids of all submitted jobs.
    var jobIDs: [Int] { (jobs + (publishing.map { [$0] } ?? [])).compactMap(\.job) }

    /// Returns the name of a step's job, by which it is recognized.
    func jobName(_ step: String) -> String { "\(id).\(Self.plain(step))" }

    /// Returns a step's id in characters that sbatch does not interpret.
    static func plain(_ step: String) -> String {
        String(step.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) ? $0 : "_" })
    }
}

/// The folder with the submissions, each in its own folder.
package struct SubmissionFolder: Sendable {
    package let root: FilePath

    /// The largest file that is read, in bytes.
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

    /// Returns all readable submissions, the newest first.
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

    /// Returns the submission with an id, or the last one of each pipeline of a file.
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
    /// The absolute path without `..`, because other machines start in other folders.
    var fromRoot: FilePath {
        (isAbsolute ? self : FilePath(FileManager.default.currentDirectoryPath).pushing(self)).lexicallyNormalized()
    }
}
