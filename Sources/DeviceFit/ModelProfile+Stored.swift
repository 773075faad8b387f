import Architectures
import BinaryIO
import Foundation
import GGUF

extension ModelProfile {
    /// Reads a profile that a registry stores; nil if the text is not a profile.
    ///
    /// A query may read a hundred profiles, so the fields are read without Foundation's decoder, which takes several
    /// times as long.
    public init?(stored text: String) {
        guard let document = try? JSONValue(parsing: Array(text.utf8)), let profile = try? Self(StoredFields(document))
        else { return nil }
        self = profile
    }

    /// The JSON that a registry stores; equal profiles have equal JSON, so that it is stored once.
    public var stored: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    /// Reads the profile of a file and marks it as loadable by engines; the caller must have checked that.
    /// - Parameter quantType: the name of the file's quantization: "Q4_K_M".
    /// - Throws: as `init(_:quantType:)`.
    public init(checked file: GGUFFile, quantType: String) throws {
        try self.init(file, quantType: quantType)
        loads = true
    }
}
