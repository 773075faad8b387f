import Answers
import Distribution
import Foundation
import Registry
import Work

extension Operations {
    /// Makes the delta between two builds, and stores it beside their registry, which offers it to clients that have
    /// the older build.
    /// - Parameters:
    ///   - old: `model[@version][:type]`, as is `new`.
    ///   - threads: the number of compressing threads; nil for all processors.
    /// - Throws: `StepsError.badRequest` for a remote registry, and if the delta would save less than 40 %;
    ///   `RegistryError`, `FileError`, and any error of `progress`.
    public static func keepDelta(
        from old: String,
        to new: String,
        in place: RegistryPlace,
        threads: Int?,
        progress: @escaping WorkProgress
    ) throws -> DeltaShelf.Entry {
        try place.changing { session in
            let builds = try [old, new].map { try session.registry.resolve(BuildReference($0)) }
            let kept = try DeltaShelf(beside: session.path).delta(
                from: builds[0],
                to: builds[1],
                in: session.registry,
                threads: threads ?? ProcessInfo.processInfo.activeProcessorCount,
                progress: progress
            )
            guard let kept else {
                throw StepsError.badRequest(
                    "a delta from \(builds[0].name) to \(builds[1].name) would be no shorter than 0.6 of the file. Send the file itself."
                )
            }
            return kept
        }
    }
}
