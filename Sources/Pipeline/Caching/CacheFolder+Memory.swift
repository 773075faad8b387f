import BinaryIO
import Foundation
import SystemPackage

/// What a folder remembers in addition to products: it saves work, and decides nothing.
extension CacheFolder {
    /// The number of speeds of one kind of step that `speeds/<kind>-<version>` keeps: in work per second, the latest
    /// first.
    private static let mostSpeeds = 32
    private static let speedsLimit = 1 << 16

    func speeds(of kind: String, version: Int) -> [Double] {
        guard let bytes = try? readFile(path(ofSpeeds: kind, version), limit: Self.speedsLimit),
            let speeds = try? JSONDecoder().decode([Double].self, from: Data(bytes))
        else { return [] }
        return speeds.filter { $0.isFinite && $0 > 0 }
    }

    /// Records a speed. Of two concurrent calls, one may be lost.
    func note(speed: Double, of kind: String, version: Int) {
        let speeds = ([speed] + speeds(of: kind, version: version)).prefix(Self.mostSpeeds)
        guard let bytes = try? JSONEncoder().encode(Array(speeds)) else { return }
        try? write(Array(bytes), to: path(ofSpeeds: kind, version), isDurable: false)
    }

    private func path(ofSpeeds kind: String, _ version: Int) -> FilePath {
        root.appending("speeds").appending("\(kind)-\(version)")
    }

    /// Returns the digest of an external file, if the file has not changed since the digest was recorded.
    func digest(of path: FilePath, _ status: FileStatus) -> SHA256Digest? {
        let note = self.path(ofInput: path, status)
        guard let bytes = try? readFile(note, limit: 100) else { return nil }
        return SHA256Digest(hex: String(decoding: bytes, as: UTF8.self))
    }

    func note(_ digest: SHA256Digest, of path: FilePath, _ status: FileStatus) {
        try? write(Array("\(digest)".utf8), to: self.path(ofInput: path, status), isDurable: false)
    }

    /// Returns the path of the note on an external file, whose path is made absolute because other runs start in other
    /// folders.
    private func path(ofInput path: FilePath, _ status: FileStatus) -> FilePath {
        let whole = path.isAbsolute ? path : FilePath(FileManager.default.currentDirectoryPath).pushing(path)
        let text = "\(whole.lexicallyNormalized())\n\(status.byteCount)\n\(status.modified)"
        return root.appending("inputs").appending("\(SHA256Digest(of: text.utf8))")
    }
}
