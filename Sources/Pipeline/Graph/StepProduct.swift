import BinaryIO
import Foundation
import SystemPackage

/// The output of a node for later ones: files, and facts in a form that its kind of step reads.
package struct StepProduct: Sendable {
    /// A finished file.
    package struct File: Sendable, Equatable {
        /// The path from which steps read it. A cached product's file is only there once it is needed.
        package let path: FilePath
        package let byteCount: Int
        package let digest: SHA256Digest

        package init(path: FilePath, byteCount: Int, digest: SHA256Digest) {
            (self.path, self.byteCount, self.digest) = (path, byteCount, digest)
        }

        /// Describes a finished file; reads all of it.
        /// - Throws: `FileError`.
        init(_ path: FilePath) throws {
            digest = try SHA256Digest(ofFile: path)
            guard let status = FileStatus(path) else { throw FileError("open", path, errno: .noSuchFileOrDirectory) }
            (self.path, byteCount) = (path, status.byteCount)
        }

        /// The file's name in the product's folder.
        var name: String { path.lastComponent?.string ?? "" }
        /// The file identified by its bytes.
        var cached: CachedFile { CachedFile(digest: digest, byteCount: byteCount) }
    }

    /// The names of the outputs, for reports.
    package let outputs: [String]?
    package let files: [File]
    /// The facts as JSON.
    let facts: String

    /// - Parameters:
    ///   - files: finished files, which are hashed.
    ///   - outputs: the names of the product in reports; nil for its files.
    /// - Throws: `FileError`.
    package init(files: [FilePath] = [], facts: some Encodable, outputs: [String]? = nil) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        self.init(
            files: try files.map(File.init),
            facts: String(decoding: try encoder.encode(facts), as: UTF8.self),
            outputs: outputs
        )
    }

    init(files: [File], facts: String, outputs: [String]?) {
        (self.files, self.facts, self.outputs) = (files, facts, outputs)
    }

    /// Decodes the facts as the kind that wrote them reads them.
    /// - Throws: `DecodingError`.
    package func facts<Facts: Decodable>(_ type: Facts.Type = Facts.self) throws -> Facts {
        try JSONDecoder().decode(type, from: Data(facts.utf8))
    }

    /// Returns the product with its files under the same names in another folder.
    func named(in folder: FilePath) -> StepProduct {
        let files = files.map { File(path: folder.appending($0.name), byteCount: $0.byteCount, digest: $0.digest) }
        return StepProduct(files: files, facts: facts, outputs: outputs)
    }

    /// The names of the outputs.
    package var names: [String] { outputs ?? files.map { $0.path.string } }

    /// What another node may depend on: the bytes of the files, or the facts if there are none.
    package var digest: SHA256Digest {
        guard !files.isEmpty else { return SHA256Digest(of: facts.utf8) }
        return SHA256Digest(of: files.map { "\($0.digest)\n" }.joined().utf8)
    }
}
