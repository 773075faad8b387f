/// What lies in a file's place when a download or a clone went wrong, told by its first bytes.
public enum ForeignContent: Equatable, Sendable {
    case lfsPointer
    case webPage

    /// - Returns: nil for what may be the file itself.
    public init?(_ bytes: some Collection<UInt8>) {
        if bytes.starts(with: "version https://git-lfs".utf8) {
            self = .lfsPointer
            return
        }
        let text = String(decoding: bytes.prefix(256), as: UTF8.self).lowercased().drop(while: \.isWhitespace)
        guard text.hasPrefix("<!doctype html") || text.hasPrefix("<html") else { return nil }
        self = .webPage
    }

    /// What it is and what to do about it.
    /// - Parameter file: how a message calls the file.
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
