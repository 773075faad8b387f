import Foundation
import Pipeline
import SystemPackage

/// The text of a script for sbatch. Values from a pipeline file or an option are quoted; the lines that sbatch itself
/// reads only contain numbers and names of letters and digits.
package struct BatchScript {
    package let text: String

    /// Creates the script of an array of tasks.
    /// - Parameters:
    ///   - memory: the memory of a task, in MiB.
    ///   - inputs: the folder with digests of input files; nil for the cache.
    package init(
        _ job: JobPlan.Job,
        named name: String,
        memory: Int,
        inputs: FilePath? = nil,
        _ request: SubmitRequest
    ) {
        let cases = job.tasks.map { task in
            "    \(task.number)) task=(\(["--step", task.node, "--key", "\(task.key)"].asShellWords)) ;;"
        }
        text =
            Self.head(name, ["--array=\(job.numbers)"], memory: memory, cpus: request.cpus, request) + """
                case "$SLURM_ARRAY_TASK_ID" in
                \(cases.joined(separator: "\n"))
                    *) echo "there is no task $SLURM_ARRAY_TASK_ID" >&2; exit 64 ;;
                esac
                exec \(Self.command(request, inputs)) --threads "${SLURM_CPUS_PER_TASK:-1}" "${task[@]}"

                """
    }

    /// Creates the script of the job that publishes.
    /// - Parameters:
    ///   - memory: the memory in MiB.
    ///   - inputs: the folder with digests of input files; nil for the cache.
    package init(publishing name: String, memory: Int, inputs: FilePath? = nil, _ request: SubmitRequest) {
        let host = request.publishingHost.map { ["--nodelist=\($0)"] } ?? []
        text =
            Self.head(name, host, memory: memory, cpus: 1, request) + """
                exec \(Self.command(request, inputs)) --publish \(["--registry", request.options.registry.fromRoot.string].asShellWords)

                """
    }

    private static func head(_ name: String, _ lines: [String], memory: Int, cpus: Int, _ request: SubmitRequest)
        -> String
    {
        let options =
            [
                "--job-name=\(name)", "--ntasks=1", "--cpus-per-task=\(cpus)", "--mem=\(memory)M", "--requeue",
                "--open-mode=append", "--kill-on-invalid-dep=yes",
            ] + lines + (request.partition.map { ["--partition=\($0)"] } ?? [])
            + (request.timeLimit.map { ["--time=\($0)"] } ?? [])
        return """
            #!/bin/bash
            \(options.map { "#SBATCH \($0)" }.joined(separator: "\n"))
            set -eu

            """
    }

    private static func command(_ request: SubmitRequest, _ inputs: FilePath?) -> String {
        let overrides =
            request.overrides.flatMap { ["--set", $0] } + (request.model.map { ["--model", $0] } ?? [])
            + request.types.flatMap { ["--type", $0] }
        return
            ([request.program.fromRoot.string, "exec-step", request.file.fromRoot.string] + overrides + [
                "--cache", request.cachePlace,
            ] + (inputs.map { ["--inputs", $0.string] } ?? []) + (request.isLocked ? ["--locked"] : []))
            .asShellWords
    }
}
