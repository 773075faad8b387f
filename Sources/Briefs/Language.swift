/// The languages of briefs.
public enum Language: String, Sendable, CaseIterable {
    case english = "en"
    case russian = "ru"

    /// Returns the text in this language; the source has every sentence in all languages, side by side.
    package func say(_ english: String, _ russian: String) -> String { self == .english ? english : russian }
}
