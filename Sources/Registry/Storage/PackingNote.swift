import BinaryIO
import Foundation
import SystemPackage

/// The contents of `packing.json` beside the objects: how much compression must save of a part for the part to be
/// stored compressed.
struct PackingNote: Codable, Equatable, Sendable {
    /// The saving, as a fraction of the part from 0 to 1.
    let smallestGain: Double

    static let name = "packing.json"
    /// The largest note, in bytes; a longer one is rejected.
    private static let longest = 1 << 10

    init(smallestGain: Double) { self.smallestGain = smallestGain }

    /// - Returns: nil if there is no note.
    /// - Throws: `RegistryError` if the note cannot be read.
    init?(in folder: FilePath) throws {
        let path = folder.appending(Self.name)
        guard ObjectStore.isAnything(path) else { return nil }
        guard let size = ObjectStore.size(of: path), size <= Self.longest,
            let data = FileManager.default.contents(atPath: path.string),
            let note = try? JSONDecoder().decode(Self.self, from: data), (0...1).contains(note.smallestGain)
        else {
            throw RegistryError.invalidValue(
                field: path.string,
                detail:
                    "it should say which parts are compressed, and cannot be read. Remove it, or write it again with "
                    + "\(command: "registry storage", "compress-from PERCENT")."
            )
        }
        self = note
    }

    func write(in folder: FilePath) throws {
        try makeFolder(folder)
        try writeFile(try CanonicalJSON.encode(self).utf8, to: folder.appending(Self.name), isOfRegistry: true)
    }
}
