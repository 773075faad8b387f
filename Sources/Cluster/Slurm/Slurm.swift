import Foundation
import Pipeline
import SystemPackage

/// Slurm, through its own programs.
struct Slurm {
    private let environment: [String: String]

    /// The environment variables of the submission that tasks need. The Hub's token is not included, because models are
    /// downloaded before.
    private static let carried = [
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "SLURM_CONF", "LD_LIBRARY_PATH", "XDG_CACHE_HOME",
        "HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "EDGEPIPE_DEVICES", "EDGEPIPE_KERNELS", "SSL_CERT_FILE",
    ]

    /// The environment variables that a task needs to store its product on a server: the network settings, and the one
    /// token without which nothing can be stored.
    private static let carriedForServer = [
        CacheServer.tokenVariable, "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy",
        "all_proxy", "no_proxy",
    ]

    /// - Parameters:
    ///   - more: further variables that a pipeline file uses.
    ///   - isForServer: whether tasks use a cache server.
    init(
        carrying more: [String: String] = [:],
        forServer isForServer: Bool = false,
        _ environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        let names = Set(Self.carried + (isForServer ? Self.carriedForServer : []))
        self.environment = environment.filter { names.contains($0.key) }.merging(more) { own, _ in own }
    }

    private func run(_ name: String, _ arguments: [String]) throws -> [UInt8] {
        try ClusterProgram(name: name, environment: environment).run(arguments)
    }

    private func ask<Answer: Decodable>(_ name: String, _ arguments: [String]) throws -> Answer {
        let bytes = try run(name, arguments)
        do {
            return try JSONDecoder().decode(Answer.self, from: Data(bytes))
        } catch {
            throw ClusterError.badAnswer(name)
        }
    }

    /// - Throws: `ClusterError`, as all that follows.
    func machines() throws -> [SlurmAnswers.Machine] {
        let answer: SlurmAnswers.Machines = try ask("sinfo", ["--json"])
        return answer.nodes
    }

    func queue() throws -> [SlurmAnswers.Job] {
        let answer: SlurmAnswers.Queue = try ask("squeue", ["--states=all", "--json"])
        return answer.jobs
    }

    /// Returns the most tasks of an array.
    func longestArray() throws -> Int {
        let text = String(decoding: try run("scontrol", ["show", "config"]), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("MaxArraySize") }
        guard let number = line?.split(separator: "=").last.flatMap({ Int($0.trimmingCharacters(in: .whitespaces)) }),
            number > 0
        else { throw ClusterError.badAnswer("scontrol") }
        return number
    }

    /// - Parameters:
    ///   - isHeld: whether it waits for `release`.
    ///   - log: a path in which `%a` is replaced by a task's number.
    /// - Returns: the job's id.
    func submit(_ script: FilePath, after dependencies: [String], isHeld: Bool, log: String) throws -> Int {
        var arguments = ["--parsable", "--export=ALL", "--output=\(log)"]
        if !dependencies.isEmpty { arguments.append("--dependency=\(dependencies.joined(separator: ","))") }
        if isHeld { arguments.append("--hold") }
        let text = String(decoding: try run("sbatch", arguments + [script.string]), as: UTF8.self)
        // The id, and after a semicolon the cluster's name.
        guard let id = text.split(whereSeparator: { ";\n".contains($0) }).first.flatMap({ Int($0) }), id > 0 else {
            throw ClusterError.badAnswer("sbatch")
        }
        return id
    }

    func release(_ jobs: [Int]) throws {
        guard !jobs.isEmpty else { return }
        _ = try run("scontrol", ["release", jobs.map { "\($0)" }.joined(separator: ",")])
    }

    func cancel(_ jobs: [Int]) throws {
        guard !jobs.isEmpty else { return }
        _ = try run("scancel", jobs.map { "\($0)" })
    }
}
