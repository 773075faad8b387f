import BinaryIO

extension [String] {
    /// Each on a line of its own: no text of a file forges one.
    var asLines: String { map(\.visible).joined(separator: "\n") }
}
