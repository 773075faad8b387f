/// The kind of file that a failed download or clone left in place of the real one, recognized by its first bytes.
public enum ForeignContent: Equatable, Sendable {
    case lfsPointer
    case webPage

    /// - Returns: nil if the bytes may be the real file.
    public init?(_ bytes: some Collection<UInt8>) {
        if bytes.starts(with: "version https://git-lfs".utf8) {
            self = .lfsPointer
            return
        }
        let text = String(decoding: bytes.prefix(256), as: UTF8.self).lowercased().drop(while: \.isWhitespace)
        guard text.hasPrefix("<!doctype html") || text.hasPrefix("<html") else { return nil }
        self = .webPage
    }

    /// What the file is and what to do about it.
    /// - Parameter file: the name of the file in the message.
    public func explanation(of file: String) -> String {
        switch self {
        case .lfsPointer:
            "\(file) is a Git LFS pointer in place of the file itself. Run `git lfs pull` in the folder it was cloned to, "
                + "or download the model again."
        case .webPage:
            "\(file) is a web page in place of the file itself. Download it again, from the address that has /resolve/ where "
                + "the page's has /blob/; a model behind a licence needs a token."
        }
    }
}
