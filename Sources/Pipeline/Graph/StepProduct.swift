import BinaryIO
import Foundation
import SystemPackage

/// What a node leaves to those after it: files, and facts in a form that its kind of step reads.
package struct StepProduct: Codable, Sendable {
    /// A finished file.
    package struct File: Codable, Sendable, Equatable {
        package fileprivate(set) var path: FilePath
        package let byteCount: Int
        package let digest: SHA256Digest
        /// When it was finished, in nanoseconds since 1970: an unchanged file need not be read to be trusted.
        private let modified: Int

        /// Describes a finished file; reads all of it.
        /// - Throws: `FileError`.
        init(_ path: FilePath) throws {
            digest = try SHA256Digest(ofFile: path)
            guard let status = FileStatus(path) else { throw FileError("open", path, errno: .noSuchFileOrDirectory) }
            (self.path, byteCount, modified) = (path, status.byteCount, status.modified)
        }

        /// Whether the file is still what it was. One that was touched since is read again.
        var isIntact: Bool {
            guard let status = FileStatus(path), status.byteCount == byteCount else { return false }
            return status.modified == modified || (try? SHA256Digest(ofFile: path)) == digest
        }
    }

    /// Names of what was made, for reports.
    package let outputs: [String]?
    package private(set) var files: [File]
    /// JSON.
    private let facts: String

    /// - Parameters:
    ///   - files: finished ones, which are read for their digests.
    ///   - outputs: what reports call the product; its files where nothing is said.
    /// - Throws: `FileError`.
    package init(files: [FilePath] = [], facts: some Encodable, outputs: [String]? = nil) throws {
        self.files = try files.map(File.init)
        self.outputs = outputs
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        self.facts = String(decoding: try encoder.encode(facts), as: UTF8.self)
    }

    /// The facts, as the kind that wrote them reads them.
    /// - Throws: `DecodingError`.
    package func facts<Facts: Decodable>(_ type: Facts.Type = Facts.self) throws -> Facts {
        try JSONDecoder().decode(type, from: Data(facts.utf8))
    }

    /// Names of what was made.
    package var names: [String] { outputs ?? files.map { $0.path.string } }

    /// What another node may depend on: the bytes of the files, or the facts where there are none.
    package var digest: SHA256Digest {
        guard !files.isEmpty else { return SHA256Digest(of: facts.utf8) }
        return SHA256Digest(of: files.map { "\($0.digest)\n" }.joined().utf8)
    }

    /// Whether what the product speaks of is still there.
    var isIntact: Bool { files.allSatisfy { $0.isIntact } }

    /// The same product with its files under other paths.
    func mapFiles(_ transform: (FilePath) -> FilePath) -> StepProduct {
        var product = self
        for index in files.indices { product.files[index].path = transform(files[index].path) }
        return product
    }
}
