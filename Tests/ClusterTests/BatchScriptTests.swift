import BinaryIO
import Cluster
import Foundation
import Pipeline
import Steps
import SystemPackage
import TestSupport
import Testing

/// Whatever stands in a pipeline file or an option, a script passes it on as it is.
@Suite struct BatchScriptTests {
    private let hostile = [
        "it's", "$(touch owned)", "`touch owned`", "a\nb", "\"", "\\", "*", "-n", "", " ; touch owned ;", "é%a",
    ]

    /// Runs a script as a task, and gives the arguments that its program got.
    private func arguments(of script: BatchScript, _ scratch: ScratchFolder, task: Int = 0) throws -> [String] {
        let path = try scratch.write(script.text, to: "script.sh")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = [path.string]
        process.currentDirectoryURL = URL(fileURLWithPath: scratch.path.string)
        process.environment = ["SLURM_ARRAY_TASK_ID": "\(task)", "SLURM_CPUS_PER_TASK": "3", "PATH": "/bin:/usr/bin"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return ["status \(process.terminationStatus)"] }
        return String(decoding: data, as: UTF8.self).components(separatedBy: "\u{0}").dropLast()
    }

    private func request(_ scratch: ScratchFolder, _ word: String) throws -> SubmitRequest {
        let program = try scratch.write("#!/bin/bash\nprintf '%s\\0' \"$@\"\n", to: "the 'program' $(touch owned)")
        chmod(program.string, 0o755)
        var options = RunOptions(registry: FilePath("/registry/\(word)"))
        options.cache.place = .folder(FilePath("/cache/\(word)"))
        let file = FilePath("/pipelines/x\(word)")
        var request = SubmitRequest(file, ["a=\(word)", word], options, cache: "unused", program: program)
        (request.partition, request.cpus, request.timeLimit) = ("gpu", 3, "1:00:00")
        return request
    }

    private func job(_ nodes: [String], numbered first: Int = 0) -> JobPlan.Job {
        let others = (0..<first).map { "other \($0)" }
        let all = (others + nodes).map { name in
            PipelineTasks.Node(
                name: name,
                step: others.contains(name) ? "other" : "s",
                kind: "s",
                build: name,
                key: SHA256Digest(of: name.utf8),
                inputs: [],
                isDue: true,
                publishes: false,
                forecast: Forecast(peakMemoryBytes: 1)
            )
        }
        return JobPlan(all, longest: 100).jobs.last { $0.step == "s" } ?? JobPlan(all, longest: 100).jobs[0]
    }

    @Test func wordsArriveAsTheyAre() throws {
        for word in hostile {
            let scratch = try ScratchFolder()
            let node = "s[\(word)]"
            let request = try request(scratch, word)
            let script = BatchScript(job([node], numbered: 4), named: "id.s", memory: 100, request)
            let common = [
                "exec-step", FilePath("/pipelines/x\(word)").lexicallyNormalized().string, "--set", "a=\(word)",
                "--set", word, "--cache",
                FilePath("/cache/\(word)").lexicallyNormalized().string,
            ]
            #expect(
                try arguments(of: script, scratch, task: 4)
                    == common + ["--threads", "3", "--step", node, "--key", "\(SHA256Digest(of: node.utf8))"],
                "\(word)"
            )
            #expect(try arguments(of: script, scratch, task: 5) == ["status 64"])
            let publishing = BatchScript(publishing: "id.publish", memory: 100, request)
            #expect(
                try arguments(of: publishing, scratch) == common + [
                    "--publish", "--registry", FilePath("/registry/\(word)").lexicallyNormalized().string,
                ]
            )
            #expect(FileStatus(scratch.appending("owned")) == nil, "\(word)")
        }
    }

    @Test func tasksObeyTheLockAndFindDigestsWhereTheSubmissionSays() throws {
        let scratch = try ScratchFolder()
        var request = try request(scratch, "word")
        request.isLocked = true
        let inputs = FilePath("/it's/shared")
        let script = BatchScript(job(["s[a]"]), named: "id.s", memory: 100, inputs: inputs, request)
        #expect(try arguments(of: script, scratch).contains("--locked"))
        let publishing = BatchScript(publishing: "id.publish", memory: 100, inputs: inputs, request)
        let words = try arguments(of: publishing, scratch)
        #expect(words.contains("--locked"))
        let place = try #require(words.firstIndex(of: "--inputs"))
        #expect(words[place + 1] == inputs.string)
    }

    /// A server holds no scripts.
    @Test func scriptsLieInTheCacheOrBesideThePipelineFile() throws {
        let file = FilePath("/pipelines/a.yaml")
        func folder(_ chosen: FilePath?, _ cache: String, of file: FilePath? = file) throws -> String {
            try SubmitRequest.folder(chosen, cache: CacheOptions.Place(cache), of: file).root.string
        }
        #expect(try folder(nil, "/cache") == "/cache/submissions")
        #expect(try folder(nil, "http://host:8080") == "/pipelines/edgepipe-submissions")
        #expect(
            try folder(nil, "http://host:8080", of: nil)
                == "\(FileManager.default.currentDirectoryPath)/edgepipe-submissions"
        )
        for cache in ["/cache", "https://host"] { #expect(try folder(FilePath("/x"), cache) == "/x") }
        #expect(throws: ClusterError.self) { try SubmitRequest.folder(nil, cache: nil, of: file) }
        let error = try #require(throws: ClusterError.self) {
            try Submissions(folder: nil, cache: .server("http://host"), of: "/no/such/a.yaml")
        }
        #expect("\(error)".contains("there is no /no/such/edgepipe-submissions"), "\(error)")
    }

    /// Nothing of a pipeline file stands in the lines that sbatch reads.
    @Test func linesForSbatchHoldNamesAndNumbers() throws {
        let scratch = try ScratchFolder()
        let job = job(["a", "b", "#SBATCH --uid=root", "x\n#SBATCH --uid=root"], numbered: 2)
        let script = BatchScript(job, named: "id.s", memory: 100, try request(scratch, "\n#SBATCH --uid=root\n"))
        // sbatch stops reading its own lines at the first command.
        let lines = script.text.split(separator: "\n").prefix { $0.hasPrefix("#") }.dropFirst()
        #expect(
            lines == [
                "#SBATCH --job-name=id.s", "#SBATCH --ntasks=1", "#SBATCH --cpus-per-task=3", "#SBATCH --mem=100M",
                "#SBATCH --requeue", "#SBATCH --open-mode=append", "#SBATCH --kill-on-invalid-dep=yes",
                "#SBATCH --array=2-5", "#SBATCH --partition=gpu", "#SBATCH --time=1:00:00",
            ]
        )
    }
}
