import BinaryIO
import Foundation
import GGUF
import Registry
import Synchronization
import Work

/// Tells of builds that nobody checked when they were published whether an engine can load them, from their headers.
enum LoadableBuilds {
    /// What was found out, by digest: what is true of bytes is true of them in every registry, and a report asks many times.
    private static let known = Mutex<[SHA256Digest: String?]>([:])
    private static var threads: Int { min(8, ProcessInfo.processInfo.activeProcessorCount) }

    /// Why no engine can load these builds, by digest, as sentences with what to do.
    static func problems(of builds: [BuildRecord], in registry: ModelRegistry) throws -> [SHA256Digest: String] {
        let found = try builds.concurrentMap(threads: threads) { ($0.digest, try problem(of: $0, in: registry)) }
        return found.reduce(into: [:]) { problems, item in problems[item.0] = item.1 }
    }

    /// Nil where nothing is known against the build, or its bytes are not there to be asked: that is told elsewhere.
    static func problem(of build: BuildRecord, in registry: ModelRegistry) throws -> String? {
        if let answer = known.withLock({ $0[build.digest] }) { return answer }
        let answer: String?
        do {
            answer = try registry.header(of: build).loadingProblem
        } catch let error as GGUFError {
            answer = error.problem.explanation
        } catch is RegistryError {
            return nil
        } catch is FileError {
            return nil
        }
        known.withLock { $0[build.digest] = .some(answer) }
        return answer
    }
}
