import Yams

/// A setting's value that stands in no file.
public enum SettingValue: Sendable {
    case text(String)
    case number(Int)
    case decimal(Double)
    case flag(Bool)
    case list([String])

    /// The value as a file would have it; texts stand in quotes, so that none is taken for null.
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
