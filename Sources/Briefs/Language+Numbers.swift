import BinaryIO

/// Numbers in the notation of a language.
extension Language {
    /// Converts a number in English notation: `1.5` is `1,5` in Russian.
    package func decimal(_ text: String) -> String { self == .russian ? text.replacing(".", with: ",") : text }

    /// A size with one decimal: `1.2 GB`, or `1,2 ГБ`.
    package func size(_ bytes: Int) -> String {
        let text = decimalSize(bytes)
        guard self == .russian else { return text }
        let parts = text.split(separator: " ").map(String.init)
        let units = ["TB": "ТБ", "GB": "ГБ", "MB": "МБ", "kB": "кБ", "B": "Б"]
        return decimal(parts[0]) + " " + (units[parts.last ?? ""] ?? "Б")
    }
}
