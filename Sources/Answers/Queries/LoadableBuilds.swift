import BinaryIO
import Foundation
import GGUF
import Inference
import ObjectStorage
import Registry
import Work

/// Checks from their headers whether an engine can load builds that were not checked when they were published.
extension RegistrySession {
    private static var threads: Int { min(8, ProcessInfo.processInfo.activeProcessorCount) }

    /// Returns why no engine can load these builds, by digest, as sentences with what to do.
    func loadingProblems(of builds: [BuildRecord]) throws -> [SHA256Digest: String] {
        let found = try builds.concurrentMap(threads: Self.threads) { ($0.digest, try loadingProblem(of: $0)) }
        return found.reduce(into: [:]) { problems, item in problems[item.0] = item.1 }
    }

    /// Returns nil if no problem with the build is known, or if its bytes are missing, which is reported elsewhere.
    func loadingProblem(of build: BuildRecord) throws -> String? {
        if let answer = loadingProblems[build.digest] { return answer }
        let answer: String?
        do {
            answer = try registry.header(of: build).loadingProblem
        } catch let error as GGUFError {
            answer = error.problem.explanation
        } catch is RegistryError {
            return nil
        } catch is FileError {
            return nil
        } catch let error as ObjectStorageError {
            guard case .unreachable = error else { throw error }
            return nil
        }
        loadingProblems.keep(answer, for: build.digest)
        return answer
    }
}
