import BinaryIO
import Foundation
import Registry
import SystemPackage

/// Results of finished steps, kept in the registry under the digest of everything that decided them.
struct StepCache {
    /// nil where there is no registry yet.
    let registry: ModelRegistry?
    /// False for plans, which write nothing.
    let isWritable: Bool
    /// Where steps leave their files. Records name files relative to it, so that a registry may be moved.
    let workFolder: FilePath

    /// What a step with this key made before, if that is still there.
    func product(for key: StepKey) throws -> StepProduct? {
        guard let record = try registry?.stepRecord(for: key.digest) else { return nil }
        let product = try? JSONDecoder().decode(StepProduct.self, from: Data(record.outputs.utf8))
        guard let product = product?.mapFiles({ workFolder.pushing($0) }), product.isIntact else { return nil }
        return product
    }

    func store(_ product: StepProduct, for key: StepKey, seconds: Double) throws {
        let product = product.mapFiles { path in
            var relative = path
            return relative.removePrefix(workFolder) ? relative : path
        }
        try put(try JSONEncoder().encode(product), key.digest, kind: key.kind.rawValue, version: key.version, seconds)
    }

    /// The digest of a file, from memory where the file has not changed since.
    func digest(of path: FilePath) throws -> SHA256Digest {
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
