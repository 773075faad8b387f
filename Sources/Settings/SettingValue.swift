import Yams

/// A setting's value that is not from a file.
public enum SettingValue: Sendable {
    case text(String)
    case number(Int)
    case decimal(Double)
    case flag(Bool)
    case list([String])

    /// The value as a YAML node; texts are quoted, so that none is read as null.
    var node: Node {
        switch self {
        case .text(let text): Node(text, .implicit, .singleQuoted)
        case .number(let number): Node("\(number)")
        case .decimal(let number): Node("\(number)")
        case .flag(let flag): Node("\(flag)")
        case .list(let texts): Node(texts.map { Node($0, .implicit, .singleQuoted) })
        }
    }
}
