import Foundation
import GGUF

extension ModelProfile {
    /// What a registry keeps of a shape; nil where the text is none.
    public init?(stored text: String) {
        guard let profile = try? JSONDecoder().decode(ModelProfile.self, from: Data(text.utf8)) else { return nil }
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
