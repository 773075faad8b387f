import BinaryIO
import Foundation
import SystemPackage

extension TokenFile {
    private static let secondsOfDay = 86_400.0
    private static let days = 1...3650

    /// Makes a token and adds it to a file, which is created if it does not exist.
    /// - Parameters:
    ///   - model: a name in which `*` matches any text.
    ///   - allow: actions separated by commas.
    ///   - expires: a number of days followed by `d`; nil for never.
    /// - Returns: the token's id, and the token.
    /// - Throws: `ServerStartError`, `FileError`.
    public static func adding(
        model: String,
        allow: String,
        expires: String?,
        to path: FilePath
    ) throws -> (id: String, token: String) {
        guard !model.isEmpty, NameGrammar.accepts("a" + model.replacing("*", with: "")) else {
            throw ServerStartError(
                "\(setting: "model") '\(model.visible)' names no model. Use \(NameGrammar.rule), and * for anything."
            )
        }
        let actions = try allow.split(separator: ",").map { name in
            guard let action = AccessToken.Action(rawValue: String(name)) else {
                let advice = Spelling.advice(for: String(name), among: AccessToken.Action.allCases.map(\.rawValue))
                throw ServerStartError("\(setting: "allow") '\(String(name).visible)' is not known. \(advice)")
            }
            return action
        }
        guard !actions.isEmpty else { throw ServerStartError("\(setting: "allow") takes pull, push, or both.") }
        let ends = try expires.map { text in
            guard text.hasSuffix("d"), let count = Int(text.dropLast()), days.contains(count) else {
                throw ServerStartError("\(setting: "expires") takes 1d to 3650d.")
            }
            return Date(timeIntervalSince1970: (Date().timeIntervalSince1970 + Double(count) * secondsOfDay).rounded())
        }
        var file = FileStatus(path) == nil ? TokenFile() : try TokenFile(path)
        let (grant, token) = AccessToken.make(model: model, allow: actions, expires: ends)
        file.tokens.append(grant)
        try file.write(to: path)
        return (grant.id, token)
    }
}
