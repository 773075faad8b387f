import BinaryIO
import GGUF
import Registry
import Tensors

/// The difference between two versions of a model. The field names are a contract with other programs.
public struct VersionDifference: Encodable, Sendable {
    /// A build that only one of the versions has.
    public struct Build: Encodable, Sendable {
        public var type: String
        public var sha256: SHA256Digest
        public var fileBytes: Int
    }

    /// A build that both versions have, with different bytes.
    public struct Change: Encodable, Sendable {
        public var type: String
        public var oldSha256: SHA256Digest
        public var newSha256: SHA256Digest
        public var oldFileBytes: Int
        public var newFileBytes: Int
        /// The numbers measured for both builds under equal conditions.
        public var quality: [Figure]
        /// Metrics measured for both builds, but not comparably: on other texts or in other ways.
        public var incomparable: [String]
        public var devices: [Device]
        /// Tensors whose type changed; nil if a file's header cannot be read.
        public var tensorTypes: [TensorTypes]?
    }

    /// One metric of both builds.
    public struct Figure: Encodable, Sendable {
        public var metric: String
        public var unit: String
        public var old: Double
        public var new: Double
        /// One standard error of the old value, as is the next one of the new value.
        public var oldStandardError: Double?
        public var newStandardError: Double?
        /// Whether the difference is more than twice its standard error; nil if the error is not known.
        public var isBeyondError: Bool?
    }

    /// The memory and speed of both builds on a device, as estimated when they were published.
    public struct Device: Encodable, Sendable {
        public var device: String
        public var context: Int
        public var kvType: String
        public var oldVerdict: String
        public var newVerdict: String
        public var oldPeakMemoryBytes: Int
        public var newPeakMemoryBytes: Int
        public var oldDecodeTokensPerSecond: Double
        public var newDecodeTokensPerSecond: Double
    }

    /// Tensors that changed from one type to another.
    public struct TensorTypes: Encodable, Sendable {
        public var from: String
        public var to: String
        public var tensors: [String]
    }

    /// The old version as `model@version`, as is `new`.
    public var old: String
    public var new: String
    public var added: [Build]
    public var removed: [Build]
    /// The changed builds by size, the largest first.
    public var changed: [Change]
    /// Types whose bytes are the same in both versions.
    public var unchanged: [String]
}

extension RegistrySession {
    /// Compares two versions of one model.
    /// - Parameters:
    ///   - old: `model`, `model@version` or `model@channel`.
    ///   - new: `model`, `model@version` or `model@channel`.
    /// - Throws: `RegistryError.notFound`; `AnswersError.badRequest` for builds, and for versions of different models.
    public func difference(from old: String, to new: String) throws -> VersionDifference {
        let (first, second) = (try VersionChoice(old, in: self), try VersionChoice(new, in: self))
        for (name, choice) in [(old, first), (new, second)] where choice.named != nil {
            throw AnswersError.badRequest("'\(name)' is one build. Name two versions, such as phi3@1.0.0 phi3@1.1.0.")
        }
        guard first.name.model == second.name.model else {
            throw AnswersError.badRequest(
                "\(first.name.model) and \(second.name.model) are different models. Name two versions of one; "
                    + "\(command: "compare") compares models."
            )
        }
        let before = Dictionary(uniqueKeysWithValues: first.builds.map { ($0.name.type, $0) })
        let after = Dictionary(uniqueKeysWithValues: second.builds.map { ($0.name.type, $0) })
        let both = second.builds.compactMap { build in before[build.name.type].map { (old: $0, new: build) } }
            .sorted { ($1.new.fileBytes, $0.new.name.type) < ($0.new.fileBytes, $1.new.name.type) }
        return VersionDifference(
            old: "\(first.name.model)@\(first.name.version)",
            new: "\(second.name.model)@\(second.name.version)",
            added: second.builds.filter { before[$0.name.type] == nil }.map(VersionDifference.Build.init),
            removed: first.builds.filter { after[$0.name.type] == nil }.map(VersionDifference.Build.init),
            changed: try both.filter { $0.old.digest != $0.new.digest }.map { try change(from: $0.old, to: $0.new) },
            unchanged: both.filter { $0.old.digest == $0.new.digest }.map(\.new.name.type)
        )
    }

    private func change(from old: BuildRecord, to new: BuildRecord) throws -> VersionDifference.Change {
        let (before, after) = (try registry.details(of: old), try registry.details(of: new))
        let quality = VersionDifference.Figure.figures(before.measurements, after.measurements)
        let shared = Set(before.measurements.map(\.metric)).intersection(after.measurements.map(\.metric))
        return VersionDifference.Change(
            type: new.name.type,
            oldSha256: old.digest,
            newSha256: new.digest,
            oldFileBytes: old.fileBytes,
            newFileBytes: new.fileBytes,
            quality: quality,
            incomparable: shared.subtracting(quality.map(\.metric)).sorted(),
            devices: VersionDifference.Device.devices(before.fits, after.fits),
            tensorTypes: try tensorTypes(from: old, to: new)
        )
    }

    private func tensorTypes(from old: BuildRecord, to new: BuildRecord) throws -> [VersionDifference.TensorTypes]? {
        guard let before = try? registry.header(of: old), let after = try? registry.header(of: new) else { return nil }
        let types = Dictionary(before.tensors.map { ($0.name, $0.type.name) }) { first, _ in first }
        var moved: [[String]: [String]] = [:]
        for tensor in after.tensors {
            guard let type = types[tensor.name], type != tensor.type.name else { continue }
            moved[[type, tensor.type.name], default: []].append(tensor.name)
        }
        return moved.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { types, tensors in
            VersionDifference.TensorTypes(from: types[0], to: types[1], tensors: tensors)
        }
    }
}

extension VersionDifference.Build {
    fileprivate init(_ record: BuildRecord) {
        self.init(type: record.name.type, sha256: record.digest, fileBytes: record.fileBytes)
    }
}

extension VersionDifference.Figure {
    /// Everything that a number depends on, except for the bytes.
    private struct Conditions: Hashable {
        let metric: String
        let method: String
        let text: SHA256Digest?
        let context: Int?
        let chunks: Int?
        let others: [String: String]

        init(_ record: MeasurementRecord) {
            (metric, method, text) = (record.metric, record.method, record.textDigest)
            (context, chunks, others) = (record.context, record.chunks, record.conditions)
        }
    }

    /// Returns the latest numbers measured for both builds under equal conditions, one for each metric.
    fileprivate static func figures(_ old: [MeasurementRecord], _ new: [MeasurementRecord]) -> [Self] {
        let before = Dictionary(old.map { (Conditions($0), $0) }) { $1 }
        var known: Set<String> = []
        return new.reversed().compactMap { record -> Self? in
            guard let other = before[Conditions(record)], known.insert(record.metric).inserted else { return nil }
            return Self(other, record)
        }.sorted { $0.metric < $1.metric }
    }

    private init(_ old: MeasurementRecord, _ new: MeasurementRecord) {
        (metric, unit, self.old, self.new) = (new.metric, new.unit, old.value, new.value)
        (oldStandardError, newStandardError) = (old.standardError, new.standardError)
        // Errors on one text are correlated, so the true error of the difference is smaller than this one.
        if let first = old.standardError, let second = new.standardError {
            isBeyondError = abs(new.value - old.value) > 2 * (first * first + second * second).squareRoot()
        } else {
            isBeyondError = old.value == new.value ? false : nil
        }
    }
}

extension VersionDifference.Device {
    fileprivate static func devices(_ old: [FitRecord], _ new: [FitRecord]) -> [Self] {
        new.compactMap { fit in
            let other = old.first { ($0.device, $0.context, $0.kvType) == (fit.device, fit.context, fit.kvType) }
            return other.map { other in
                Self(
                    device: fit.device,
                    context: fit.context,
                    kvType: fit.kvType,
                    oldVerdict: other.verdict,
                    newVerdict: fit.verdict,
                    oldPeakMemoryBytes: other.peakMemoryMid,
                    newPeakMemoryBytes: fit.peakMemoryMid,
                    oldDecodeTokensPerSecond: other.decodeTokensPerSecond,
                    newDecodeTokensPerSecond: fit.decodeTokensPerSecond
                )
            }
        }
    }
}
