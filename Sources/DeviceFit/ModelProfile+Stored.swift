import Architectures
import BinaryIO
import Foundation
import GGUF

extension ModelProfile {
    /// What a registry keeps of a shape; nil where the text is none.
    ///
    /// A query may read a hundred of them, so that the fields are taken from the document without Foundation's decoder, which takes
    /// several times as long.
    public init?(stored text: String) {
        guard let document = try? JSONValue(parsing: Array(text.utf8)), let profile = try? Self(StoredFields(document))
        else { return nil }
        self = profile
    }

    /// JSON that a registry keeps; the same for equal profiles, so that it keeps them once.
    public var stored: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }

    /// The profile of a file that engines can load, as it notes; the caller has made sure of that.
    /// - Parameter quantType: how the file's quantization is called: "Q4_K_M".
    /// - Throws: as `init(_:quantType:)`.
    public init(checked file: GGUFFile, quantType: String) throws {
        try self.init(file, quantType: quantType)
        loads = true
    }
}
