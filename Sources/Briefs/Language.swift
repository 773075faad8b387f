/// The languages in which briefs are written.
public enum Language: String, Sendable, CaseIterable {
    case english = "en"
    case russian = "ru"

    /// Every sentence stands in the source in all languages, side by side.
    package func say(_ english: String, _ russian: String) -> String { self == .english ? english : russian }
}
