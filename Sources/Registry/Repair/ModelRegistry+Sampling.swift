import BinaryIO
import GRDB
import SystemPackage

/// The share of the parts that a verification reads. The same seed chooses the same parts.
public struct VerificationSample: Codable, Hashable, Sendable {
    /// The share, in percent: above 0, up to 100.
    public var percent: Double
    /// The seed that chose the parts; the same seed chooses the same ones again.
    public var seed: UInt64
    /// The number of parts, and of objects stored as one file, that were read.
    public var checked = 0

    /// - Throws: `RegistryError.invalidValue`.
    public init(percent: Double, seed: UInt64 = .random(in: 0 ... .max)) throws(RegistryError) {
        guard percent > 0, percent <= 100 else {
            throw .invalidValue(
                field: "sample",
                detail: "\(percent) % is not a share. Give more than 0 and at most 100."
            )
        }
        (self.percent, self.seed) = (percent, seed)
    }

    /// Whether the sample includes the bytes of this digest. Only the seed and the digest decide, so every part has the
    /// same chance.
    func contains(_ digest: SHA256Digest) -> Bool {
        let word = digest.description.utf8.prefix(16).reduce(UInt64(0)) { value, byte in
            value << 4 | UInt64(byte < 58 ? byte - 48 : byte - 87)
        }
        // Digests are uniform already; SplitMix64's last step mixes in the seed.
        var mixed = word ^ seed &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return Double((mixed ^ mixed >> 31) >> 11) / Double(UInt64(1) << 53) < percent / 100
    }
}

extension ModelRegistry {
    /// Runs the checks of `verify` that read no data, then reads and hashes a random share of the parts.
    public func verify(
        sample: VerificationSample,
        progress: (Int, Int) throws -> Void = { _, _ in }
    ) throws -> VerificationReport {
        var report = try verify(readData: false)
        var sample = sample
        guard store.absence == nil else {
            report.sample = sample
            return report
        }
        // Rows that cannot be read have been reported as damage already.
        let (objects, packs) = try look { database in
            let sql = try Rows.objectColumns(database) + " WHERE " + Rows.isNeeded(database) + " ORDER BY digest"
            return (
                try Row.fetchAll(database, sql: sql).compactMap { try? Rows.object($0) },
                try Rows.readablePacks(database)
            )
        }
        let files = objects.filter { $0.encoding != .parts && sample.contains($0.digest) }
        let total = files.count + packs.count
        let known = Set(report.damages.flatMap(\.builds))
        func note(_ error: any Error, _ objects: Set<SHA256Digest>) throws {
            guard error is RegistryError || error is FileError else { throw error }
            let builds = try look { database in
                try objects.flatMap { digest in
                    try Row.fetchAll(
                        database,
                        sql: Rows.offeredBuilds(database) + " AND build.digest = ?",
                        arguments: [digest.description]
                    ).compactMap { try? Rows.build($0).name }
                }
            }
            // Damage that the size check has found is reported once.
            guard !known.isSuperset(of: builds) else { return }
            report.damages.append(.init(kind: .object, builds: builds, detail: "\(error)"))
        }
        for (index, object) in files.enumerated() {
            do { try store.read(object) { report.readBytes += $0.count } } catch { try note(error, [object.digest]) }
            sample.checked += 1
            try progress(index + 1, total)
        }
        let buffers = (0..<2).map { _ in
            UnsafeMutableRawBufferPointer.allocate(byteCount: PartCut.longestAccepted, alignment: 64)
        }
        defer { for buffer in buffers { buffer.deallocate() } }
        let decoder = try PartDecoder()
        for (index, pack) in packs.enumerated() {
            let parts = try look { try Rows.readableParts(in: pack.name, $0) }.filter { sample.contains($0.digest) }
            for part in parts {
                do {
                    report.readBytes += try store.decode(part, of: part.digest, decoder, buffers).count
                } catch {
                    try note(error, Set(look { try Rows.places(of: part.digest, $0) }.map(\.object)))
                }
                sample.checked += 1
            }
            try progress(files.count + index + 1, total)
        }
        report.sample = sample
        return report
    }
}
