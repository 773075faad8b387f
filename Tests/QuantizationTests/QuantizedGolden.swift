import BinaryIO
import Foundation
import Quantization
import SystemPackage
import TestSupport

/// What llama-quantize made of the tiny model; see Tests/Goldens.
struct QuantizedGolden: Decodable {
    let file_sha256: String
    let file_bytes: Int
    /// Type and SHA-256 of each tensor's data.
    let tensors: [String: [String]]

    static func plain() throws -> [String: QuantizedGolden] { try all("plain") }

    static func withMatrix() throws -> [String: QuantizedGolden] { try all("imatrix") }

    private static func all(_ kind: String) throws -> [String: QuantizedGolden] {
        let bytes = try readFile(Goldens.tinyPhi3.appending("quantized.json"), limit: 1 << 24)
        let all = try JSONDecoder().decode([String: [String: QuantizedGolden]].self, from: Data(bytes))
        return all.compactMapValues { $0[kind] }
    }

    /// The matrix of the goldens under the name it had there, which became part of the files.
    static func matrix() throws -> ImportanceMatrix {
        try ImportanceMatrix(path: Goldens.tinyPhi3.appending("imatrix.gguf")).named("imatrix.gguf")
    }
}
