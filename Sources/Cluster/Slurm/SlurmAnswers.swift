/// The used part of the output of `sinfo --json` and `squeue --json`. Slurm wrote plain numbers and words until version
/// 23, and objects and lists since.
package enum SlurmAnswers {
    package struct Machines: Decodable {
        package let nodes: [Machine]
    }

    package struct Machine: Decodable {
        package let name: String
        /// The memory in MiB.
        package let real_memory: Number
        package let cpus: Number
        package let partitions: [String]
    }

    package struct Queue: Decodable {
        package let jobs: [Job]
    }

    package struct Job: Decodable {
        package let job_id: Number
        package let array_job_id: Number?
        package let array_task_id: Number?
        /// The numbers of waiting tasks: `0-3,7%2`.
        package let array_task_string: String?
        package let job_state: Words
        package let name: String
        package let exit_code: ExitCode?
        package let state_reason: String?

        /// The array's id, or the job's own.
        package var array: Int? {
            if let array = array_job_id?.value, array > 0 { return array }
            return job_id.value
        }

        /// The numbers of the entry's tasks.
        package var tasks: [Int] {
            if let text = array_task_string, !text.isEmpty { return Self.numbers(text) }
            return [array_task_id?.value ?? 0]
        }

        /// Parses numbers. Slurm shortens a long list with dots, which replace the rest.
        package static func numbers(_ text: String) -> [Int] {
            text.prefix { $0 != "%" }.split(separator: ",").flatMap { part -> [Int] in
                let ends = part.split(separator: "-").compactMap { Int($0) }
                guard let low = ends.first, let high = ends.last, low <= high, high - low < 1 << 20 else { return [] }
                return Array(low...high)
            }
        }
    }

    /// A number, plain or as `{"set": true, "number": 4}`.
    package struct Number: Decodable {
        package let value: Int?

        private struct Wrapped: Decodable {
            let set: Bool?
            let number: Int?
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                value = nil
            } else if let number = try? container.decode(Int.self) {
                value = number
            } else {
                let wrapped = try container.decode(Wrapped.self)
                value = wrapped.set == false ? nil : wrapped.number
            }
        }
    }

    /// A word, or a list of words.
    package struct Words: Decodable {
        package let words: [String]

        package init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            words = try (try? [container.decode(String.self)]) ?? container.decode([String].self)
        }
    }

    /// An exit code as a plain number, as `wait` returns it, or as its parts.
    package struct ExitCode: Decodable {
        /// The exit status of the program.
        package let value: Int?

        private struct Wrapped: Decodable {
            let return_code: Number?
        }

        package init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Int.self) {
                value = number >> 8 & 0xff
            } else {
                value = try container.decode(Wrapped.self).return_code?.value
            }
        }
    }
}
