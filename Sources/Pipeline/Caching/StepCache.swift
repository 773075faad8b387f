import BinaryIO
import Foundation
import Registry
import SystemPackage

/// Products of finished nodes, kept in the registry under the digest of everything that decided them.
package struct StepCache: Sendable {
    /// nil where there is no registry yet.
    package let registry: ModelRegistry?
    /// False for plans, which write nothing.
    let isWritable: Bool
    /// Where steps leave their files. Records name files relative to it, so that a registry may be moved.
    let workFolder: FilePath

    /// What a record holds.
    private struct Entry: Codable {
        let product: StepProduct
        /// How much was done, in the unit of the kind's forecast.
        let work: Double?
    }

    /// - Parameters:
    ///   - registry: nil where there is none yet.
    ///   - isWritable: false for plans, which write nothing.
    package init(registry: ModelRegistry?, _ options: RunOptions, isWritable: Bool) {
        (self.registry, self.isWritable, workFolder) = (registry, isWritable, options.workFolder)
    }

    /// What was made before under this key, if that is still there.
    func product(for key: SHA256Digest) throws -> StepProduct? {
        guard let record = try registry?.stepRecord(for: key) else { return nil }
        let entry = try? JSONDecoder().decode(Entry.self, from: Data(record.outputs.utf8))
        guard let product = entry?.product.mapFiles({ workFolder.pushing($0) }), product.isIntact else { return nil }
        return product
    }

    /// Remembers a product under a key; the same key again replaces what was remembered.
    /// - Parameter work: how much was done in `seconds`; nil where nothing was.
    func store(_ product: StepProduct, under digest: SHA256Digest, of key: StepKey, seconds: Double, work: Double?)
        throws
    {
        let product = product.mapFiles { path in
            var relative = path
            return relative.removePrefix(workFolder) ? relative : path
        }
        let entry = try JSONEncoder().encode(Entry(product: product, work: work))
        try put(entry, digest, kind: key.kind, version: key.version, seconds)
    }

    /// How fast steps of a kind were, in work a second, the latest first. Steps that ended within a tenth of a second tell
    /// nothing.
    func speeds(of kind: String, version: Int) throws -> [Double] {
        let records = try registry?.stepRecords(ofKind: kind, implementation: "\(version)", limit: 32) ?? []
        return records.compactMap { record in
            guard record.seconds > 0.1,
                let entry = try? JSONDecoder().decode(Entry.self, from: Data(record.outputs.utf8)),
                let work = entry.work, work > 0
            else { return nil }
            return work / record.seconds
        }
    }

    /// The digest of a file, from memory where the file has not changed since.
    /// - Throws: `FileError`.
    package func digest(of path: FilePath) throws -> SHA256Digest {
        guard let status = FileStatus(path) else { throw FileError("open", path, errno: .noSuchFileOrDirectory) }
        let key = SHA256Digest(of: "file\n\(path)\n\(status.byteCount)\n\(status.modified)".utf8)
        if let record = try registry?.stepRecord(for: key),
            let digest = try? JSONDecoder().decode(SHA256Digest.self, from: Data(record.outputs.utf8))
        {
            return digest
        }
        let digest = try SHA256Digest(ofFile: path)
        try put(try JSONEncoder().encode(digest), key, kind: "digest", version: 1, 0)
        return digest
    }

    private func put(
        _ outputs: Data,
        _ key: SHA256Digest,
        kind: String,
        version: Int,
        _ seconds: Double
    ) throws {
        guard isWritable else { return }
        try registry?.record(
            StepRecord(
                key: key,
                stepKind: kind,
                implementationVersion: "\(version)",
                outputs: String(decoding: outputs, as: UTF8.self),
                seconds: seconds,
                finishedAt: Date()
            )
        )
    }
}
