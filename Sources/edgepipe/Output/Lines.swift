import BinaryIO

extension [String] {
    /// The texts, each on its own line: no text from a file can forge one.
    var asLines: String { map(\.visible).joined(separator: "\n") }
}
